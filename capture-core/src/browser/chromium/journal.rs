//! What the pages of a session wrote to their consoles, and what went wrong in them: two rings, newest kept.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::Value;

use super::{
    cdp::{Event, LoggedKind},
    page::ChromiumPage,
    spilled::Spilled,
};
use crate::{
    action::{
        ActionResult, Console, ConsoleLevel, ConsoleMessage, ConsoleResult, Errors, ErrorsResult, KEPT_ENTRIES,
        PageError,
    },
    clock::{Clock, Timestamp},
    session::{Said, Teller},
};

/// Characters kept of a message, and of a stack.
const MAX_TEXT: usize = 4_096;

/// Both rings of a session.
#[derive(Debug, Default)]
pub(super) struct Journal {
    messages: Ring<ConsoleMessage>,
    errors: Ring<PageError>,
    pub(super) spilled: Arc<Spilled>,
    teller: Teller,
}

/// Whether an event goes into the journal.
pub(super) fn is_logged(event: &Event) -> bool {
    [CONSOLE, EXCEPTION].contains(&&*event.method)
}

const CONSOLE: &str = "Runtime.consoleAPICalled";
const EXCEPTION: &str = "Runtime.exceptionThrown";

/// The newest entries, and how many fell out.
#[derive(Debug)]
struct Ring<T> {
    entries: VecDeque<T>,
    dropped: u64,
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), dropped: 0 }
    }
}

impl<T: Clone> Ring<T> {
    fn push(&mut self, entry: T) {
        if self.entries.len() >= KEPT_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(entry);
    }

    /// The newest entries that are wanted, oldest first.
    fn newest(&self, limit: u32, wanted: impl Fn(&T) -> bool) -> Vec<T> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found: Vec<T> = self.entries.iter().rev().filter(|entry| wanted(entry)).take(limit).cloned().collect();
        found.reverse();
        found
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsoleCalled {
    #[serde(rename = "type")]
    kind: String,
    args: Vec<Remote>,
    timestamp: f64,
    stack_trace: Option<StackTrace>,
}

/// A value of the page, as far as it can be read without asking for it.
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
    subtype: Option<String>,
    overflow: bool,
    properties: Vec<Property>,
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
struct Thrown {
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

impl Journal {
    /// An empty one that also tells what it takes.
    pub(super) fn telling(teller: Teller) -> Self {
        Self { teller, ..Self::default() }
    }

    /// Takes an event; others than of the console and of exceptions are not for it.
    pub(super) fn on_event(&mut self, event: &Event) {
        match &*event.method {
            CONSOLE => {
                if let Some(called) = event.decode::<ConsoleCalled>() {
                    self.write(called.into());
                }
            }
            EXCEPTION => {
                if let Some(thrown) = event.decode::<Thrown>() {
                    self.fail(thrown.into());
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, message: ConsoleMessage) {
        self.teller.tell(|| Said::Console(message.clone()));
        self.messages.push(message);
    }

    fn fail(&mut self, error: PageError) {
        self.teller.tell(|| Said::Error(error.clone()));
        self.errors.push(error);
    }

    /// The page wrote so fast that it was not listened to for a while.
    pub(super) fn muted(&mut self) {
        self.spilled.mute(true);
        self.write(ConsoleMessage {
            level: ConsoleLevel::Warning,
            text: "Capture: this page logs so fast that a second of its messages and errors is left out here"
                .to_owned(),
            timestamp: Clock::start().now(),
            url: String::new(),
            line: 0,
        });
    }

    /// A document that did not load, and why where that is known. Told twice, by the page and by whoever went there, it is
    /// one error.
    pub(super) fn document_failed(&mut self, url: &str, why: Option<&str>) {
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let message = format!("the document at {} did not load{why}", cut(url));
        if let Some(last) = self.errors.entries.back_mut().filter(|last| last.line == 0 && last.url == cut(url)) {
            if !why.is_empty() {
                last.message = message;
            }
            return;
        }
        self.fail(PageError {
            message,
            stack: String::new(),
            url: cut(url),
            line: 0,
            column: 0,
            timestamp: Clock::start().now(),
        });
    }
}

impl ChromiumPage {
    pub(super) fn console(&self, console: Console) -> ActionResult {
        let mut journal = self.journal.lock();
        let wanted = |message: &ConsoleMessage| console.level.is_none_or(|level| level == message.level);
        let messages = journal.messages.newest(console.limit, wanted);
        let dropped = journal.messages.dropped + journal.spilled.counted(LoggedKind::Message);
        if console.clear {
            journal.messages.clear();
            journal.spilled.forget(LoggedKind::Message);
        }
        ActionResult::Console(ConsoleResult { messages, dropped })
    }

    pub(super) fn errors(&self, errors: Errors) -> ActionResult {
        let mut journal = self.journal.lock();
        let found = journal.errors.newest(errors.limit, |_| true);
        let dropped = journal.errors.dropped + journal.spilled.counted(LoggedKind::Error);
        if errors.clear {
            journal.errors.clear();
            journal.spilled.forget(LoggedKind::Error);
        }
        ActionResult::Errors(ErrorsResult { errors: found, dropped })
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
        // The description of an error holds its stack; the message is its first line.
        let first = what.lines().next().unwrap_or_default();
        let message = if first.is_empty() { details.text } else { format!("{}: {first}", details.text) };
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
            (_, Some(preview)) if preview.subtype.as_deref() != Some("error") => preview.text(),
            _ => self.unserializable_value.clone().or_else(|| self.description.clone()).unwrap_or_default(),
        }
    }
}

impl Preview {
    /// `{a: 1, b: "x", …}` or `[1, 2]`.
    fn text(&self) -> String {
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

/// The arguments as the console shows them: `%s` and its kin filled in, the rest joined by spaces.
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

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The protocol counts lines and columns from 0, people from 1.
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
        for (values, shown) in [
            (
                json!([text("one"), {"value": 2}, {"subtype": "null", "value": null}, {"type": "undefined"}]),
                "one 2 null undefined",
            ),
            (json!([text("%s of %d%% %c!"), text("half"), {"value": 50}, text("color: red")]), "half of 50% !"),
            (json!([{"description": "Object", "preview": preview}]), "{a: 1, b: \"x\", …}"),
            (json!([{"unserializableValue": "-0"}]), "-0"),
            (json!([]), ""),
        ] {
            assert_eq!(sentence(&args(values)), shown);
        }
    }

    #[test]
    fn rings_keep_the_newest() {
        let mut ring = Ring::default();
        for number in 0..KEPT_ENTRIES + 3 {
            ring.push(number);
        }
        assert_eq!((ring.dropped, ring.newest(2, |_| true)), (3, vec![KEPT_ENTRIES + 1, KEPT_ENTRIES + 2]));
    }
}
