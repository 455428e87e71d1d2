//! Counters of a session's attempted actions. This module is pure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action_type::ActionType;

/// Attempts of one action type; `total = success + error` while none is running.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// Attempts that have ended.
    pub total: u64,
    /// Attempts that succeeded.
    pub success: u64,
    /// Attempts that ended in an error or were interrupted by the end of the session.
    pub error: u64,
}

/// Attempts by type, and the attempts that are still running.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    counts: BTreeMap<ActionType, Count>,
    running: Vec<ActionType>,
}

impl Usage {
    /// Begins an attempt. It is counted when it ends.
    pub fn begin(&mut self, action: ActionType) {
        self.running.push(action);
    }

    /// Ends the newest attempt of this type.
    pub fn end(&mut self, action: ActionType, success: bool) {
        if let Some(at) = self.running.iter().rposition(|running| *running == action) {
            self.running.remove(at);
        }
        let count = self.counts.entry(action).or_default();
        count.total += 1;
        if success { count.success += 1 } else { count.error += 1 }
    }

    /// Ends every running attempt as an error, because the session has ended.
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

    /// The sum of the counters of all types.
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
