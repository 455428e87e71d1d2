//! Parses the browser's console messages and exceptions, and converts them to text.
//!
//! This module must not know where they are kept.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    action::{ConsoleLevel, ConsoleMessage, PageError},
    clock::Timestamp,
};

/// Maximum characters kept of a message and of a stack.
const MAX_TEXT: usize = 4_096;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConsoleCalled {
    #[serde(rename = "type")]
    kind: String,
    args: Vec<Remote>,
    timestamp: f64,
    stack_trace: Option<StackTrace>,
}

/// A value of the page, as far as it can be shown without further requests.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remote {
    #[serde(rename = "type", default)]
    kind: String,
    subtype: Option<String>,
    value: Option<Value>,
    unserializable_value: Option<String>,
    description: Option<String>,
    preview: Option<Preview>,
}

#[derive(Deserialize)]
struct Preview {
    #[serde(rename = "type", default)]
    kind: String,
    subtype: Option<String>,
    description: Option<String>,
    overflow: bool,
    #[serde(default)]
    properties: Vec<Property>,
    /// The contents of a map or a set.
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: Option<Preview>,
    value: Preview,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StackTrace {
    call_frames: Vec<CallFrame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallFrame {
    function_name: String,
    url: String,
    line_number: i64,
    column_number: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Thrown {
    timestamp: f64,
    exception_details: Details,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    text: String,
    line_number: i64,
    column_number: i64,
    url: Option<String>,
    stack_trace: Option<StackTrace>,
    exception: Option<Remote>,
}

impl ConsoleCalled {
    /// Whether a console shows the message; it does not show the end of a group.
    pub(crate) fn is_written(&self) -> bool {
        self.kind != "endGroup"
    }
}

impl From<ConsoleCalled> for ConsoleMessage {
    fn from(called: ConsoleCalled) -> Self {
        let level = match called.kind.as_str() {
            "debug" => ConsoleLevel::Debug,
            "info" => ConsoleLevel::Info,
            "warning" => ConsoleLevel::Warning,
            "error" | "assert" => ConsoleLevel::Error,
            _ => ConsoleLevel::Log,
        };
        let top = called.stack_trace.as_ref().and_then(|stack| stack.call_frames.first());
        Self {
            level,
            text: cut(&sentence(&called.args)),
            timestamp: moment(called.timestamp),
            url: top.map(|frame| cut(&frame.url)).unwrap_or_default(),
            line: top.map_or(0, |frame| place(frame.line_number)),
        }
    }
}

impl From<Thrown> for PageError {
    fn from(thrown: Thrown) -> Self {
        let details = thrown.exception_details;
        let what = details.exception.as_ref().map(Remote::text).unwrap_or_default();
        // The description of an error is its message, of one or more lines, and its stack.
        let said: Vec<&str> = what.lines().take_while(|line| !line.starts_with("    at ")).collect();
        let said = said.join("\n");
        let message = if said.is_empty() { details.text } else { format!("{}: {said}", details.text) };
        let top = details.stack_trace.as_ref().and_then(|stack| stack.call_frames.first());
        let url = details.url.or_else(|| top.map(|frame| frame.url.clone())).unwrap_or_default();
        Self {
            message: cut(&message),
            stack: cut(&details.stack_trace.map(|stack| stack.text()).unwrap_or_default()),
            url: cut(&url),
            line: place(details.line_number),
            column: place(details.column_number),
            timestamp: moment(thrown.timestamp),
        }
    }
}

impl StackTrace {
    fn text(&self) -> String {
        let line = |frame: &CallFrame| {
            let name = if frame.function_name.is_empty() { "<anonymous>" } else { &frame.function_name };
            format!("at {name} ({}:{}:{})", frame.url, place(frame.line_number), place(frame.column_number))
        };
        self.call_frames.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Remote {
    fn text(&self) -> String {
        match (&self.value, &self.preview) {
            (None, _) if self.kind == "undefined" => self.kind.clone(),
            (None, _) if self.subtype.as_deref() == Some("null") => "null".to_owned(),
            (Some(Value::String(text)), _) => text.clone(),
            (Some(value), None) => value.to_string(),
            (_, Some(preview)) if !matches!(preview.subtype.as_deref(), Some("error" | "date" | "regexp")) => {
                preview.text()
            }
            _ => self.unserializable_value.clone().or_else(|| self.description.clone()).unwrap_or_default(),
        }
    }
}

impl Preview {
    /// `{a: 1, b: "x", …}`, `[1, 2]`, or `Map(1) {"k" => 1}`.
    fn text(&self) -> String {
        if !self.entries.is_empty() {
            let more = if self.overflow { ", …" } else { "" };
            let inside: Vec<String> = self.entries.iter().map(Entry::text).collect();
            return format!("{} {{{}{more}}}", self.description.as_deref().unwrap_or_default(), inside.join(", "));
        }
        let is_array = self.subtype.as_deref() == Some("array");
        let shown = |property: &Property| {
            let value = property.value.clone().unwrap_or_default();
            let value = if property.kind == "string" { format!("{value:?}") } else { value };
            if is_array { value } else { format!("{}: {value}", property.name) }
        };
        let mut parts: Vec<String> = self.properties.iter().map(shown).collect();
        if self.overflow {
            parts.push("…".to_owned());
        }
        let inside = parts.join(", ");
        if is_array { format!("[{inside}]") } else { format!("{{{inside}}}") }
    }
}

impl Entry {
    fn text(&self) -> String {
        let shown = |part: &Preview| match part.description.as_deref() {
            Some(text) if part.kind == "string" => format!("{text:?}"),
            Some(text) if part.properties.is_empty() && part.entries.is_empty() => text.to_owned(),
            _ => part.text(),
        };
        match &self.key {
            Some(key) => format!("{} => {}", shown(key), shown(&self.value)),
            None => shown(&self.value),
        }
    }
}

/// The arguments as the console shows them, with `%s` and similar placeholders filled in and the rest joined by spaces.
fn sentence(args: &[Remote]) -> String {
    let mut rest = args.iter().map(Remote::text);
    let Some(first) = rest.next() else { return String::new() };
    let is_format = matches!(args.first(), Some(Remote { value: Some(Value::String(_)), .. }));
    let mut text = String::new();
    let mut characters = first.chars().peekable();
    while let Some(character) = characters.next() {
        let directive = if character == '%' && is_format { characters.peek().copied() } else { None };
        match directive {
            Some('s' | 'd' | 'i' | 'f' | 'o' | 'O') if rest.len() > 0 => {
                characters.next();
                text += &rest.next().unwrap_or_default();
            }
            Some('c') if rest.len() > 0 => {
                characters.next();
                rest.next(); // a style
            }
            Some('%') => {
                characters.next();
                text.push('%');
            }
            _ => text.push(character),
        }
    }
    for argument in rest {
        text.push(' ');
        text += &argument;
    }
    text
}

pub(crate) fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Converts a line or column, which the protocol counts from 0, to one counted from 1.
fn place(number: i64) -> u64 {
    u64::try_from(number.saturating_add(1)).unwrap_or(0)
}

fn moment(millis: f64) -> Timestamp {
    Timestamp(0).plus(Duration::try_from_secs_f64(millis / 1e3).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_read_as_the_console_shows_them() {
        let args = |values: Value| serde_json::from_value::<Vec<Remote>>(values).unwrap();
        let text = |value: &str| json!({"type": "string", "value": value});
        let preview = json!({"overflow": true, "properties": [
            {"name": "a", "type": "number", "value": "1"}, {"name": "b", "type": "string", "value": "x"}]});
        let date = json!({"subtype": "date", "description": "Thu Jan 01 1970", "overflow": false, "properties": []});
        let part =
            |kind: &str, text: &str| json!({"type": kind, "description": text, "overflow": false, "properties": []});
        let entries = json!([{"key": part("string", "k"), "value": part("number", "1")}]);
        let map =
            json!({"subtype": "map", "description": "Map(1)", "overflow": false, "properties": [], "entries": entries});
        for (values, shown) in [
            (
                json!([text("one"), {"value": 2}, {"subtype": "null", "value": null}, {"type": "undefined"}]),
                "one 2 null undefined",
            ),
            (json!([text("%s of %d%% %c!"), text("half"), {"value": 50}, text("color: red")]), "half of 50% !"),
            (json!([{"description": "Object", "preview": preview}]), "{a: 1, b: \"x\", …}"),
            (json!([{"unserializableValue": "-0"}]), "-0"),
            (
                json!([{"type": "object", "subtype": "date", "description": "Thu Jan 01 1970", "preview": date}]),
                "Thu Jan 01 1970",
            ),
            (
                json!([{"type": "object", "subtype": "map", "description": "Map(1)", "preview": map}]),
                "Map(1) {\"k\" => 1}",
            ),
            (json!([]), ""),
        ] {
            assert_eq!(sentence(&args(values)), shown);
        }
    }
}
