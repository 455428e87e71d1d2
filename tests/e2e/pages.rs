//! The pages in `docs/actions`: payloads, replies and examples in them must agree with the types and the golden files.
//!
//! The parts between `<!-- … -->` and `<!-- end -->` are written by `GOLDEN=write`; the rest is written by hand.

use std::path::{Path, PathBuf};

use capture_core::action::{ActionType, Field, Need};
use serde_json::Value;

use crate::golden;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/actions")
}

#[test]
fn every_action_has_a_page_that_says_what_its_types_say() {
    let mut different = Vec::new();
    for (kind, name) in ActionType::ALL {
        let path = folder().join(format!("{name}.md"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name} has a page"));
        let parts = [("payload", payload(kind)), ("reply", reply(kind)), ("example", example(kind))];
        let renewed = parts.iter().fold(page.clone(), |page, (part, text)| renewed(&page, part, text, name));
        assert!(page.starts_with(&format!("# {name}\n\n{}\n", kind.about())), "{name} begins with what it is about");
        if page != renewed && golden::writes() {
            std::fs::write(&path, renewed).unwrap();
        } else if page != renewed {
            different.push(name);
        }
    }
    assert!(different.is_empty(), "write them with GOLDEN=write: {different:?}");
    let pages = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    for page in pages.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "README.md") {
        assert!(page.strip_suffix(".md").is_some_and(|name| name.parse::<ActionType>().is_ok()), "{page}");
    }
}

#[test]
fn the_overview_names_every_action() {
    let overview = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for (kind, name) in ActionType::ALL {
        assert!(overview.contains(&format!("[`{name}`]({name}.md) | {}", kind.about())), "{name}");
    }
}

/// The page after its part of this name was replaced by the current text.
fn renewed(page: &str, part: &str, text: &str, name: &str) -> String {
    let (start, end) = (format!("<!-- {part} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&start).unwrap_or_else(|| panic!("{name} has a part {start}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{part} of {name} ends"));
    format!("{before}{start}{text}{end}{after}")
}

fn payload(kind: ActionType) -> String {
    let rows: String = kind.own_fields().iter().map(row).collect();
    let common: Vec<String> = kind.common_fields().iter().map(|field| format!("`{}`", field.name)).collect();
    let common = format!("[As everywhere](README.md#common-fields): {}.\n", common.join(", "));
    if rows.is_empty() { common } else { format!("| field | takes | default | |\n|---|---|---|---|\n{rows}\n{common}") }
}

fn row(field: &Field) -> String {
    let also = field.also.map(|also| format!(", `{also}`")).unwrap_or_default();
    let default = match field.need {
        Need::Required => "**required**".to_owned(),
        Need::Or(others) => format!("**required**, or {others}"),
        Need::Default(value) => format!("`{value}`"),
        Need::Optional => "–".to_owned(),
    };
    format!("| `{}`{also} | {} | {default} | {} |\n", field.name, field.shape.describe(), field.about)
}

fn reply(kind: ActionType) -> String {
    let (own, effects) = (kind.own_reply_schema(), kind.effects_schema());
    let rows = fields(&own) + &fields(&effects);
    let picture = if kind == ActionType::Screenshot { "" } else { ", and `screenshot` where asked for" };
    format!(
        "| field | | |\n|---|---|---|\n{rows}\n[As everywhere](README.md#every-reply): `success`, `actionId`, `durationMs`, \
         `expiresInSeconds`{picture}.\n"
    )
}

fn fields(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object() else { return String::new() };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let row = |(name, field): (&String, &Value)| {
        let always = required.contains(&name.as_str());
        let about = field["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        let mut shape = shape(field);
        if !always && let Some(bare) = shape.strip_suffix(" or null") {
            shape = bare.to_owned(); // the field is absent and not null
        }
        format!("| `{name}`{} | {shape} | {about} |\n", if always { "" } else { "?" })
    };
    properties.iter().map(row).collect()
}

/// A short description of a schema.
fn shape(schema: &Value) -> String {
    if let Some(choices) = schema["anyOf"].as_array() {
        let choices = choices.iter().filter(|choice| choice["type"] != "null").map(shape);
        return choices.collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema["enum"].as_array().or_else(|| schema["oneOf"].as_array()) {
        let words = words.iter().map(|word| word.get("const").unwrap_or(word)).map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ").replace('"', "");
    }
    if let Some(only) = schema.get("const") {
        return format!("`{only}`");
    }
    let names = |schema: &Value| {
        let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    let or_null = if schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null")) {
        " or null"
    } else {
        ""
    };
    let text = match kind.as_str() {
        Some("array") => format!("array of {}", shape(&schema["items"])),
        Some("object") if schema["properties"].is_object() => format!("`{{{}}}`", names(schema)),
        Some("object") if schema["additionalProperties"].is_object() => {
            format!("object of {}", shape(&schema["additionalProperties"]))
        }
        Some("boolean") => "bool".to_owned(),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    };
    text + or_null
}

fn example(kind: ActionType) -> String {
    let golden = golden::read(kind);
    let block = |value: &Value| format!("```json\n{}\n```\n", serde_json::to_string_pretty(value).unwrap());
    let done = block(&golden["request"]) + "\n200:\n\n" + &block(&golden["reply"]);
    let Some(refused) = golden.get("refused") else { return done };
    let asked = block(&refused["request"]);
    format!("{done}\nRefused:\n\n{asked}\n{}:\n\n{}", refused["status"], block(&refused["reply"]))
}
