//! Batches: several actions in one request. Their results are in `outcome`, because each step has an outcome of its
//! own.

use serde_json::Value;

use super::{Action, payload::Payload};
use crate::{error::Error, limits::MAX_BATCH_STEPS};

/// The `batch` action. All steps are validated before the first one runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The steps: 1 to 25 actions, none of them a batch.
    pub steps: Vec<Action>,
    /// Whether to continue after a failing step.
    pub continue_on_error: bool,
}

impl Batch {
    /// Parses the payload, each of its actions with `parse_step`.
    pub(super) fn parse(
        payload: Payload<'_>,
        parse_step: impl Fn(&Value) -> Result<Action, Error>,
    ) -> Result<Self, Error> {
        let requests = payload.array("actions")?.ok_or_else(|| payload.refuse("actions", "is required"))?;
        if requests.is_empty() || requests.len() > MAX_BATCH_STEPS {
            return Err(payload.refuse("actions", format_args!("must hold 1 to {MAX_BATCH_STEPS} actions")));
        }
        let mut steps = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let step = parse_step(request).map_err(|error| error.at_step(index))?;
            steps.push(step);
        }
        Ok(Self { steps, continue_on_error: payload.boolean("continueOnError")?.unwrap_or(false) })
    }
}
