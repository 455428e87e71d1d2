//! An outcome with its JSON, which is written once: for its size, for the log and for a reply in JSON.

use std::ops::Deref;

use serde::{Serialize, Serializer};

use super::Outcome;

/// An outcome that does not change any more.
#[derive(Debug, Clone)]
pub struct EncodedOutcome {
    outcome: Outcome,
    /// An object; absent where there are pictures, which are encoded only for a client that wants them in JSON, and for
    /// a session of another instance.
    json: Option<Box<str>>,
}

impl EncodedOutcome {
    /// One that is encoded when a reply is written: it is neither measured nor logged here.
    #[cfg(feature = "redis")]
    pub(crate) fn later(outcome: Outcome) -> Self {
        Self { outcome, json: None }
    }

    /// Its JSON, an object; `None` where it is encoded only when it is written.
    pub fn json(&self) -> Option<&str> {
        self.json.as_deref()
    }

    /// Bytes of its JSON, about: pictures are not encoded just to be measured.
    pub(crate) fn json_bytes(&self) -> usize {
        self.json.as_ref().map_or_else(|| self.outcome.json_bytes(), |json| json.len())
    }

    /// Bytes that keeping it takes, about.
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
