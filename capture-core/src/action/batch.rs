//! Several actions in one request.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{Action, ActionType, Outcome, outcome::count, parse, payload::Payload};
use crate::{error::Error, limits::MAX_BATCH_STEPS};

/// `batch`. All steps are valid before the first one runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// 1 to 25 actions, none of them a batch.
    pub steps: Vec<Action>,
    /// Go on after a failing step.
    pub continue_on_error: bool,
}

impl Batch {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let requests = payload.array("actions")?.ok_or_else(|| payload.refuse("actions", "is required"))?;
        if requests.is_empty() || requests.len() > MAX_BATCH_STEPS {
            return Err(payload.refuse("actions", format_args!("must hold 1 to {MAX_BATCH_STEPS} actions")));
        }
        let mut steps = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let step = parse::step(request).map_err(|error| error.at_step(index))?;
            steps.push(step);
        }
        Ok(Self { steps, continue_on_error: payload.boolean("continueOnError")?.unwrap_or(false) })
    }
}

/// How one step ended.
#[derive(Debug, Clone)]
pub struct StepResult {
    /// Its place, from 0.
    pub index: usize,
    /// Its type.
    pub kind: ActionType,
    /// How long it took.
    pub duration_ms: u64,
    /// What it brought, or the fields of its error.
    pub result: Result<Outcome, Map<String, Value>>,
}

impl StepResult {
    /// Bytes of its JSON, about.
    pub(crate) fn json_bytes(&self) -> usize {
        /// Index, type, success and duration.
        const FIELDS: usize = 80;
        FIELDS + self.result.as_ref().map_or_else(count, Outcome::json_bytes)
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

/// What `batch` brings.
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
