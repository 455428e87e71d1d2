//! Compares a JSON value with the part of it that is expected.

use serde_json::{Map, Value};

/// The differences, each with its path. Objects may have more fields than expected; arrays may not have more elements.
pub fn differences(seen: &Value, wanted: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", Some(seen), wanted, &mut found);
    found
}

fn compare(place: &str, seen: Option<&Value>, wanted: &Value, found: &mut Vec<String>) {
    let shown: String = seen.map_or_else(|| "nothing".to_owned(), |seen| seen.to_string().chars().take(200).collect());
    let here = if place.is_empty() { "it" } else { place };
    let mut differ = |how: String| found.push(format!("{here} is {shown}, {how}"));
    match (seen, wanted) {
        (_, Value::Object(fields)) if fields.keys().any(|name| name.starts_with('$')) => {
            if let Err(how) = is_as(seen, fields) {
                differ(how);
            }
        }
        (Some(Value::Object(seen)), Value::Object(wanted)) => {
            for (name, wanted) in wanted {
                compare(&format!("{place}.{name}"), seen.get(name), wanted, found);
            }
        }
        (Some(Value::Array(seen)), Value::Array(wanted)) if seen.len() == wanted.len() => {
            for (index, (seen, wanted)) in seen.iter().zip(wanted).enumerate() {
                compare(&format!("{place}[{index}]"), Some(seen), wanted, found);
            }
        }
        (Some(Value::Number(seen)), Value::Number(wanted)) if seen.as_f64() == wanted.as_f64() => {}
        (None, Value::Null) => {}
        (Some(seen), wanted) if seen == wanted => {}
        _ => differ(format!("should be {wanted}")),
    }
}

/// Judges by an operator `{"$…": …}`; the error describes what is expected.
fn is_as(seen: Option<&Value>, wanted: &Map<String, Value>) -> Result<(), String> {
    let text = seen.and_then(Value::as_str).unwrap_or_default();
    let there = seen.is_some_and(|seen| !seen.is_null());
    let (fits, how) = if let Some(part) = wanted.get("$contains").and_then(Value::as_str) {
        (text.contains(part), format!("does not contain {part:?}"))
    } else if let Some(pattern) = wanted.get("$matches").and_then(Value::as_str) {
        (matches(text, pattern), format!("does not match {pattern:?}"))
    } else if let Some(near) = wanted.get("$near").and_then(Value::as_f64) {
        let by = wanted.get("by").and_then(Value::as_f64).unwrap_or(1.0);
        let number = seen.and_then(Value::as_f64);
        (number.is_some_and(|number| (number - near).abs() <= by), format!("should be within {by} of {near}"))
    } else if wanted.contains_key("$absent") {
        (!there, "should be absent".to_owned())
    } else if wanted.contains_key("$any") {
        (there, "should be there".to_owned())
    } else {
        (false, format!("cannot be judged by {wanted:?}"))
    };
    if fits { Ok(()) } else { Err(how) }
}

/// Matches a text against a pattern in which `*` stands for any text.
fn matches(text: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    if parts.len() == 1 {
        return rest.is_empty();
    }
    for part in parts.get(1..parts.len() - 1).unwrap_or_default() {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_is_enough_and_what_differs_is_told() {
        let seen = json!({"a": 1, "b": [{"c": "one two"}], "d": 2.4});
        let fits =
            json!({"a": 1.0, "b": [{"c": {"$contains": "two"}}], "d": {"$near": 2, "by": 0.5}, "e": {"$absent": true}});
        assert_eq!(differences(&seen, &fits), Vec::<String>::new());
        let fits_not = json!({"a": 2, "b": [], "d": {"$absent": true}, "e": {"$any": true}});
        assert_eq!(differences(&seen, &fits_not).len(), 4);
        assert!(
            matches("one two three", "one*two*") && matches("ab", "a*b") && !matches("ab", "b*") && !matches("ab", "a")
        );
    }
}
