//! The plan of `capture run`: turns its arguments into valid actions before any browser starts.

use std::{io::Read, path::Path};

use capture_core::{Error, action, action::Action};
use serde_json::{Value, json};

use super::args::RunArgs;
use crate::{failure::Failure, terminal};

/// The name of an actions file that stands for stdin.
const STDIN: &str = "-";

/// The requested actions, all of them valid.
pub(super) fn read(args: &RunArgs) -> Result<Vec<Action>, Failure> {
    let requests = match (&args.url, &args.actions) {
        (Some(url), _) => glance(url),
        (None, Some(path)) => list(&text_of(path)?)?,
        (None, None) => Vec::new(), // clap requires one of them
    };
    if requests.is_empty() {
        return Err(Failure::Usage("there are no actions to run".to_owned()));
    }
    let parse = |(index, request)| {
        let named = |error: Error| Failure::Usage(format!("action {}: {}", index + 1, terminal::sentence(&error)));
        action::parse(request).map_err(named)
    };
    requests.iter().enumerate().map(parse).collect()
}

/// The actions for one address: open it, take a picture, read the text.
fn glance(url: &str) -> Vec<Value> {
    vec![
        json!({"type": "goto", "payload": {"url": url}}),
        json!({"type": "screenshot"}),
        json!({"type": "content", "payload": {"format": "text"}}),
    ]
}

fn text_of(path: &Path) -> Result<String, Failure> {
    if path == Path::new(STDIN) {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(Failure::io("read actions from stdin"))?;
        return Ok(text);
    }
    std::fs::read_to_string(path).map_err(Failure::io(format!("read actions from {}", path.display())))
}

fn list(text: &str) -> Result<Vec<Value>, Failure> {
    const SHAPE: &str = "actions must be a JSON array of {type, payload}, or {\"actions\": […]}";
    let value: Value = serde_json::from_str(text).map_err(|error| Failure::Usage(format!("{SHAPE}: {error}")))?;
    let list = match value {
        Value::Object(mut fields) if fields.len() == 1 => fields.remove("actions"),
        other => Some(other),
    };
    match list {
        Some(Value::Array(actions)) => Ok(actions),
        _ => Err(Failure::Usage(SHAPE.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Vec<Action>, String> {
        let file = std::env::temp_dir().join(format!("capture-plan-{}-{}", std::process::id(), text.len()));
        std::fs::write(&file, text).unwrap();
        let args = RunArgs { url: None, actions: Some(file.clone()), out: ".".into() };
        let plan = read(&args).map_err(|failure| failure.to_string());
        std::fs::remove_file(file).unwrap();
        plan
    }

    #[test]
    fn an_address_is_opened_pictured_and_read() {
        let args = RunArgs { url: Some("a.test".to_owned()), actions: None, out: ".".into() };
        let kinds: Vec<_> = read(&args).unwrap().iter().map(|action| action.action_type().to_string()).collect();
        assert_eq!(kinds, ["goto", "screenshot", "content"]);
    }

    #[test]
    fn both_shapes_of_a_file_are_read() {
        assert_eq!(plan(r#"[{"type": "title"}]"#).unwrap().len(), 1);
        assert_eq!(plan(r#"{"actions": [{"type": "title"}, {"type": "url"}]}"#).unwrap().len(), 2);
    }

    #[test]
    fn everything_is_judged_before_anything_runs() {
        for (text, sentence) in [
            ("", "actions must be a JSON array"),
            ("{}", "actions must be a JSON array"),
            (r#"{"actions": [], "more": 1}"#, "actions must be a JSON array"),
            ("[]", "there are no actions to run"),
            (r#"[{"type": "title"}, {"type": "goto"}]"#, "action 2: payload.url"),
        ] {
            let refusal = plan(text).unwrap_err();
            assert!(refusal.contains(sentence), "{text}: {refusal}");
        }
    }
}
