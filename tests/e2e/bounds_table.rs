//! Compares docs/limits.md with the code: every number in its tables is that of the code, and no limit of the code is
//! missing in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The value of a constant, as far as a limit needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Number(f64),
    Millis(f64),
}

impl Value {
    /// The spellings of the value that a document may use: `1024`, `1,024`, `64 KiB`, `2.5 s`.
    fn spellings(self) -> Vec<String> {
        match self {
            Self::Number(number) => {
                let mut all = vec![number.to_string(), grouped(number)];
                for (unit, bytes) in [("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0)] {
                    if number >= bytes && number % bytes == 0.0 {
                        all.push(format!("{} {unit}", grouped(number / bytes)));
                    }
                }
                all
            }
            Self::Millis(millis) => {
                vec![format!("{} ms", grouped(millis)), format!("{} s", grouped(millis / 1000.0))]
            }
        }
    }
}

/// The number with commas between thousands.
fn grouped(number: f64) -> String {
    let text = number.to_string();
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    rest.map_or(grouped.clone(), |rest| format!("{grouped}.{rest}"))
}

/// Evaluates numbers, `*`, `-`, `<<`, parentheses, and `Duration::from_…` of these.
fn evaluate(expression: &str) -> Option<Value> {
    let expression = expression.trim();
    for (function, millis) in [("from_millis", 1.0), ("from_secs", 1000.0), ("from_mins", 60_000.0)] {
        let inner = expression.strip_prefix("Duration::").and_then(|rest| rest.strip_prefix(function));
        if let Some(inner) = inner.and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.strip_suffix(')')) {
            return number(inner).map(|number| Value::Millis(number * millis));
        }
    }
    number(expression).map(Value::Number)
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some((left, right)) = text.rsplit_once(" - ") {
        return Some(number(left)? - number(right)?);
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return number(inner);
    }
    if let Some((left, right)) = text.rsplit_once("<<") {
        return Some(number(left)? * number(right)?.exp2());
    }
    if let Some((left, right)) = text.rsplit_once('*') {
        return Some(number(left)? * number(right)?);
    }
    text.replace('_', "").parse().ok()
}

/// The constant `NAME`, or the field `name` of a struct's `Default`.
fn constant(source: &str, name: &str) -> Option<Value> {
    let is_constant = name.chars().all(|letter| !letter.is_lowercase());
    let mut lines = source.lines().map(str::trim);
    let expression = if is_constant {
        let declared = format!("const {name}: ");
        let line = lines.find(|line| line.contains(&declared))?;
        line.split_once(" = ")?.1.split_once(';')?.0
    } else {
        let assigned = format!("{name}: ");
        lines
            .filter_map(|line| line.strip_prefix(&assigned)?.strip_suffix(','))
            .find(|text| evaluate(text).is_some())?
    };
    evaluate(expression)
}

/// The default of a setting.
fn setting(name: &str) -> Option<Value> {
    let settings = fs::read_to_string(root().join("capture-http/src/config/settings.rs")).unwrap();
    let row = settings.lines().find(|line| line.contains(&format!("(\"{name}\"")))?;
    evaluate(row.split_once(".or(\"")?.1.split_once('"')?.0)
}

/// A row that names the constant of its limit.
struct Row {
    line: usize,
    bound: String,
    named: Vec<String>,
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn limits() -> String {
    fs::read_to_string(root().join("docs/limits.md")).unwrap()
}

fn rows(text: &str) -> Vec<Row> {
    let rows = text.lines().enumerate().filter(|(_, line)| line.starts_with("| "));
    rows.map(|(index, line)| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [what, bound, per, policy, constant] = cells[..] else { panic!("line {}: five cells", index + 1) };
        for cell in [what, bound, per, policy, constant] {
            assert!(!cell.is_empty(), "line {}: an empty cell", index + 1);
        }
        Row { line: index + 1, bound: bound.to_owned(), named: quoted(constant) }
    })
    .collect()
}

/// Whether the words occur in the text, and not within a longer number or word.
fn stands_in(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let part = |letter: char| letter.is_alphanumeric() || letter == ',' || letter == '.';
        let (before, after) = (text.get(..at), text.get(at + words.len()..));
        !before.unwrap_or_default().ends_with(part) && !after.unwrap_or_default().starts_with(part)
    })
}

#[test]
fn every_row_tells_the_number_of_the_code() {
    let mut held = 0;
    let mut wrong = Vec::new();
    for row in rows(&limits()) {
        for name in &row.named {
            let value = match (name.strip_prefix("--"), name.rsplit_once(':')) {
                (Some(name), _) => setting(name),
                (None, Some((path, name))) => {
                    fs::read_to_string(root().join(path)).ok().and_then(|source| constant(&source, name))
                }
                (None, None) => None,
            };
            match value {
                None => wrong.push(format!("line {}: no number is found at {name}", row.line)),
                Some(value) if !value.spellings().iter().any(|words| stands_in(&row.bound, words)) => {
                    wrong.push(format!("line {}: {name} is {:?}, not {}", row.line, value.spellings(), row.bound));
                }
                Some(_) => held += 1,
            }
        }
    }
    assert!(wrong.is_empty(), "docs/limits.md:\n{}", wrong.join("\n"));
    assert!(held > 80, "the tables were not read: {held} rows");
}

fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            // These folders are not part of a server: only tests, simulations and examples use them.
            if !["tests", "simulation", "simulated", "fake"].contains(&&*name) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") && name != "tests.rs" {
            let shown = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            found.insert(shown, fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_bound_of_the_code_has_a_row() {
    let mut files = BTreeMap::new();
    for name in ["capture-core/src", "capture-ws/src", "capture-http/src"] {
        sources(&root().join(name), &mut files);
    }
    let told = quoted(limits().split_once("-->").unwrap().1);
    let mut seen = 0;
    let mut missing = Vec::new();
    for (path, source) in &files {
        let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in code.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            let Some((_, declared)) = line.split_once("const ") else { continue };
            let Some((name, kind)) = declared.split_once(": ") else { continue };
            let is_bound = kind.starts_with("usize =") || (name.starts_with("MAX_") && !kind.starts_with('&'));
            if is_bound
                && name.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_')
            {
                seen += 1;
                let named = format!("{path}:{name}");
                if !told.contains(&named) {
                    missing.push(named);
                }
            }
        }
    }
    assert!(missing.is_empty(), "docs/limits.md has no row for\n{}", missing.join("\n"));
    assert!(seen > 60, "the sources were not read: {seen} constants");
}

#[test]
fn numbers_are_read_as_people_write_them() {
    let read = |text: &str| evaluate(text).map(Value::spellings);
    assert!(read("64 * 1024").unwrap().contains(&"64 KiB".to_owned()));
    assert!(read("(1 << 53) - 1").unwrap().contains(&"9,007,199,254,740,991".to_owned()));
    assert!(read("Duration::from_millis(2_500)").unwrap().contains(&"2.5 s".to_owned()));
    assert_eq!(read("OTHER"), None);
    assert!(stands_in("128, of them 16", "16") && stands_in("5 s each", "5 s"));
    assert!(!stands_in("1,024", "024") && !stands_in("10,000", "10") && !stands_in("100", "10"));
}
