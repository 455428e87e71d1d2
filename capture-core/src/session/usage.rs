//! Counters of what a session was asked to do. Pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action_type::ActionType;

/// Attempts of one action type; `total = success + error` once nothing is running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// Attempts that ended.
    pub total: u64,
    /// Of these, ended well.
    pub success: u64,
    /// Of these, ended in an error or were cut off by the end of the session.
    pub error: u64,
}

/// Attempts by type, and those that have begun but not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    counts: BTreeMap<ActionType, Count>,
    running: Vec<ActionType>,
}

impl Usage {
    /// An attempt begins. It counts once it ends.
    pub fn begin(&mut self, action: ActionType) {
        self.running.push(action);
    }

    /// The newest attempt of this type ends.
    pub fn end(&mut self, action: ActionType, success: bool) {
        if let Some(at) = self.running.iter().rposition(|running| *running == action) {
            self.running.remove(at);
        }
        let count = self.counts.entry(action).or_default();
        count.total += 1;
        if success { count.success += 1 } else { count.error += 1 }
    }

    /// Everything still running ends as an error: the session is over.
    pub fn end_all(&mut self) {
        for action in std::mem::take(&mut self.running) {
            let count = self.counts.entry(action).or_default();
            count.total += 1;
            count.error += 1;
        }
    }

    /// The counters by type.
    pub fn breakdown(&self) -> &BTreeMap<ActionType, Count> {
        &self.counts
    }

    /// All types together.
    pub fn sum(&self) -> Count {
        self.counts.values().fold(Count::default(), |sum, count| Count {
            total: sum.total + count.total,
            success: sum.success + count.success,
            error: sum.error + count.error,
        })
    }
}

impl From<BTreeMap<ActionType, Count>> for Usage {
    fn from(counts: BTreeMap<ActionType, Count>) -> Self {
        Self { counts, running: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_cut_off_by_the_end_counts_as_an_error() {
        let mut usage = Usage::default();
        usage.begin(ActionType::Batch);
        usage.begin(ActionType::Click);
        usage.end(ActionType::Click, true);
        usage.begin(ActionType::Goto);
        usage.end_all();
        assert_eq!(usage.sum(), Count { total: 3, success: 1, error: 2 });
        assert_eq!(usage.breakdown()[&ActionType::Batch].error, 1);
    }
}
