//! The outcome of an action, and its encoded form. The JSON is made once, and serves to measure it, for the log and for
//! the reply.

use std::{borrow::Cow, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{
    ActionType, BackResult, CheckResult, ConsoleResult, ContentResult, DragResult, Effects, ElementResult,
    ErrorsResult, GotoResult, Picture, Point, PressResult, QueryResult, ScrollResult, SelectResult, SnapshotResult,
    WaitedResult,
};

/// The outcome of an action: its own result, its effects, and the requested picture.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The fields of the action's own result.
    #[serde(flatten)]
    pub result: ActionResult,
    /// What else happened to the page.
    #[serde(flatten)]
    pub effects: Effects,
    /// The picture for `screenshot:true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screenshot: Option<Picture>,
}

impl From<ActionResult> for Outcome {
    fn from(result: ActionResult) -> Self {
        Self { result, effects: Effects::default(), screenshot: None }
    }
}

impl Outcome {
    /// Approximate bytes of its JSON. Pictures are not encoded for this.
    pub(crate) fn json_bytes(&self) -> usize {
        let attached = self.screenshot.as_ref().map_or(0, Picture::json_bytes);
        let own = match &self.result {
            ActionResult::Screenshot(picture) => picture.json_bytes(),
            ActionResult::Batch(batch) => batch.results.iter().map(StepResult::json_bytes).sum(),
            other => count(other),
        };
        attached + own + count(&self.effects)
    }

    /// The pictures of the outcome itself, without those of batch steps.
    pub(crate) fn pictures_mut(&mut self) -> impl Iterator<Item = &mut Picture> {
        let own = match &mut self.result {
            ActionResult::Screenshot(picture) => Some(picture),
            _ => None,
        };
        own.into_iter().chain(&mut self.screenshot)
    }

    /// Bytes of its pictures, including those of batch steps.
    pub(crate) fn picture_bytes(&self) -> usize {
        let attached = self.screenshot.as_ref().map_or(0, |picture| picture.body.len());
        let own = match &self.result {
            ActionResult::Screenshot(picture) => picture.body.len(),
            ActionResult::Batch(batch) => {
                batch.results.iter().flat_map(|step| &step.result).map(|step| step.picture_bytes()).sum()
            }
            _ => 0,
        };
        attached + own
    }
}

/// Bytes of a value's JSON, counted without storing it.
fn count(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    let _ = serde_json::to_writer(&mut count, value); // counting cannot fail
    count.0
}

/// The fields of each action's own result.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant's type documents itself")]
pub enum ActionResult {
    Goto(GotoResult),
    /// The action has no fields of its own beside its effects.
    Done {},
    Title {
        title: String,
    },
    Url {
        url: String,
    },
    Screenshot(Picture),
    Element(Box<ElementResult>),
    Waited(WaitedResult),
    Mouse(Point),
    Drag(DragResult),
    Back(BackResult),
    Select(SelectResult),
    Check(CheckResult),
    Press(PressResult),
    Scroll(ScrollResult),
    Snapshot(SnapshotResult),
    Console(ConsoleResult),
    Errors(ErrorsResult),
    Content(ContentResult),
    Query(QueryResult),
    Batch(BatchResult),
    /// A result made on another instance, as encoded fields.
    #[cfg(feature = "redis")]
    Relayed(super::RelayedFields),
}

impl From<ElementResult> for ActionResult {
    fn from(result: ElementResult) -> Self {
        Self::Element(Box::new(result))
    }
}

/// An outcome that does not change any more.
#[derive(Debug, Clone)]
pub struct EncodedOutcome {
    outcome: Outcome,
    /// The JSON, an object. Absent for outcomes with pictures, which are encoded only for clients that want JSON, and
    /// for sessions of another instance.
    json: Option<Box<str>>,
}

impl EncodedOutcome {
    /// An outcome that is encoded when the reply is written, and neither measured nor logged here.
    #[cfg(feature = "redis")]
    pub(crate) fn later(outcome: Outcome) -> Self {
        Self { outcome, json: None }
    }

    /// The JSON, an object; `None` if it is encoded only when it is written.
    pub fn json(&self) -> Option<&str> {
        self.json.as_deref()
    }

    /// Approximate bytes of its JSON. Pictures are not encoded for this.
    pub(crate) fn json_bytes(&self) -> usize {
        self.json.as_ref().map_or_else(|| self.outcome.json_bytes(), |json| json.len())
    }

    /// Approximate memory of the outcome in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.json.as_ref().map_or_else(|| self.outcome.json_bytes(), |json| 2 * json.len())
    }
}

impl From<Outcome> for EncodedOutcome {
    fn from(outcome: Outcome) -> Self {
        let json = if outcome.picture_bytes() == 0 { serde_json::to_string(&outcome).ok() } else { None };
        Self { outcome, json: json.map(String::into_boxed_str) }
    }
}

impl Deref for EncodedOutcome {
    type Target = Outcome;

    fn deref(&self) -> &Outcome {
        &self.outcome
    }
}

impl Serialize for EncodedOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.outcome.serialize(serializer)
    }
}

/// The result of one step.
#[derive(Debug, Clone)]
pub struct StepResult {
    /// Index of the step, from 0.
    pub index: usize,
    /// Type of the action.
    pub kind: ActionType,
    /// Run time in milliseconds.
    pub duration_ms: u64,
    /// The outcome, or the fields of the error.
    pub result: Result<EncodedOutcome, Map<String, Value>>,
}

impl StepResult {
    /// Approximate bytes of its JSON.
    pub(crate) fn json_bytes(&self) -> usize {
        /// Approximate bytes of index, type, success and duration.
        const FIELDS: usize = 80;
        FIELDS + self.result.as_ref().map_or_else(count, EncodedOutcome::json_bytes)
    }
}

impl Serialize for StepResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a, T> {
            index: usize,
            #[serde(rename = "type")]
            kind: ActionType,
            success: bool,
            #[serde(rename = "durationMs")]
            duration_ms: u64,
            #[serde(flatten)]
            rest: &'a T,
        }
        let Self { index, kind, duration_ms, result } = self;
        let (index, kind, duration_ms) = (*index, *kind, *duration_ms);
        match result {
            Ok(rest) => Flat { index, kind, success: true, duration_ms, rest }.serialize(serializer),
            Err(rest) => Flat { index, kind, success: false, duration_ms, rest }.serialize(serializer),
        }
    }
}

impl JsonSchema for StepResult {
    fn schema_name() -> Cow<'static, str> {
        "StepResult".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "required": ["index", "type", "success", "durationMs"],
            "properties": {
                "index": {"type": "integer", "minimum": 0},
                "type": generator.subschema_for::<ActionType>(),
                "success": {"type": "boolean"},
                "durationMs": {"type": "integer", "minimum": 0},
            },
        })
    }
}

/// The result of `batch`.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct BatchResult {
    /// One per attempted step, with the fields of its action's reply or of its error.
    pub results: Vec<StepResult>,
    /// Steps that ended well.
    pub completed: usize,
    /// The first step that failed.
    pub failed_index: Option<usize>,
}

impl Serialize for BatchResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("results", &self.results)?;
        map.serialize_entry("completed", &self.completed)?;
        map.serialize_entry("failedIndex", &self.failed_index)?; // one of the four fields that may be null
        map.end()
    }
}
