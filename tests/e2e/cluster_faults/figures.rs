//! The figures of one cell of the matrix.

use std::time::Duration;

use super::{
    Cell,
    traces::{Told, Traces},
};

/// Sums over the rounds of a cell.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Times from the end of each fault until everything worked again.
    pub(super) healed: Vec<Duration>,
    answers: usize,
    slowest: Duration,
    executed: usize,
    not_executed: usize,
    unknown: usize,
    bills: usize,
    difference: u64,
}

impl Figures {
    pub(super) fn add(&mut self, traces: &Traces, bills: usize, difference: u64) {
        for action in traces.actions.lock().iter() {
            match action.told {
                Told::Executed => self.executed += 1,
                Told::NotExecuted => self.not_executed += 1,
                Told::Unknown => self.unknown += 1,
            }
        }
        self.answers += *traces.answers.lock();
        self.slowest = self.slowest.max(traces.slowest.lock().0);
        self.bills += bills;
        self.difference += difference;
    }

    pub(super) fn line(&self, (trouble, load): Cell, wrongs: usize) -> String {
        let mut healed = self.healed.clone();
        healed.sort_unstable();
        let at = |share: usize| {
            healed.get((healed.len().saturating_sub(1)) * share / 100).map_or(0.0, Duration::as_secs_f64)
        };
        format!(
            "{:<30} {:<7} rounds {:>2} answers {:>6} slowest {:>5.2} s; done {:>6} not {:>6} unknown {:>4}; healed p50 {:>5.2} max {:>5.2} s; \
             bills {:>5} difference {} wrong {wrongs}",
            format!("{trouble:?}"),
            format!("{load:?}"),
            healed.len(),
            self.answers,
            self.slowest.as_secs_f64(),
            self.executed,
            self.not_executed,
            self.unknown,
            at(50),
            at(100),
            self.bills,
            self.difference,
        )
    }
}
