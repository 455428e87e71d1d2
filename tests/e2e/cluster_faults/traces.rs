//! The requests of a round and their answers, as the clients saw them.

use std::time::Duration;

use capture_tests::Reply;
use parking_lot::Mutex;
use serde_json::Value;

/// What an answer reports about a request's execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Told {
    Executed,
    NotExecuted,
    Unknown,
}

/// Something that counts under a name, requested once, or several times under one key.
#[derive(Debug)]
pub(super) struct TracedAction {
    pub(super) name: String,
    pub(super) told: Told,
}

/// A session that a client closed: its end as it was answered, and the moments before and after the request.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) last: Value,
    pub(super) between: (i64, i64),
}

#[derive(Debug, Default)]
pub(super) struct Traces {
    pub(super) actions: Mutex<Vec<TracedAction>>,
    /// Sessions that were granted.
    pub(super) opened: Mutex<Vec<String>>,
    /// Number of creates whose outcome is unknown.
    pub(super) doubtful: Mutex<usize>,
    pub(super) closed: Mutex<Vec<Closed>>,
    /// Observations that violate a guarantee.
    pub(super) wrongs: Mutex<Vec<String>>,
    pub(super) answers: Mutex<usize>,
    pub(super) slowest: Mutex<(Duration, String)>,
}

/// Milliseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "what the servers say is held against it")]
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Told {
    pub(super) fn by(reply: &Result<Reply, reqwest::Error>) -> Self {
        match reply {
            Ok(reply) if reply.status < 300 => Self::Executed,
            Ok(reply) => match reply.body["outcome"].as_str() {
                Some("executed") => Self::Executed,
                Some("unknown") => Self::Unknown,
                _ => Self::NotExecuted,
            },
            Err(error) if error.is_connect() => Self::NotExecuted,
            Err(_) => Self::Unknown,
        }
    }

    /// Combines what is known of a key with a further answer, which may be about its own request only.
    pub(super) fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Executed, _) | (_, Self::Executed) => Self::Executed,
            (Self::NotExecuted, Self::NotExecuted) => Self::NotExecuted,
            _ => Self::Unknown,
        }
    }
}

impl Traces {
    pub(super) fn action(&self, name: String, told: Told) {
        self.actions.lock().push(TracedAction { name, told });
    }

    pub(super) fn wrong(&self, what: String) {
        self.wrongs.lock().push(what);
    }

    /// Records how long an answer took.
    pub(super) fn answered(&self, took: Duration, reply: &Result<Reply, reqwest::Error>) {
        *self.answers.lock() += 1;
        let mut slowest = self.slowest.lock();
        if took > slowest.0 {
            let what = match reply {
                Ok(reply) => format!("{} {}", reply.status, reply.body),
                Err(error) => error.to_string(),
            };
            *slowest = (took, what);
        }
    }

    /// Records the end of a session as an answer reports it.
    pub(super) fn close(&self, last: &Value, between: (i64, i64)) {
        self.closed.lock().push(Closed { last: last.clone(), between });
    }
}
