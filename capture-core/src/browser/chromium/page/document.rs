//! One document of a page, in which our scripts run in an isolated world, within a time limit.
//!
//! This module must not know tabs; `tabs.rs` knows which documents there are.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Duration, Instant};

use super::frames::ScriptContext;
use crate::{
    browser::{
        BrowserError,
        chromium::{
            cdp::{CdpError, CdpSession, Pending, brief, commands},
            scripts,
        },
    },
    error::RunOutcome,
};

/// Time that a page gets, beyond the deadline it was told, to answer with what it last saw.
pub(crate) const ANSWER_GRACE: Duration = Duration::from_millis(250);

/// The scripts that are correct however late they run: they change nothing, or only end the watching of input. They are
/// called with a constant expression, so that the page parses it once.
const ANY_TIME_SCRIPTS: [&str; 7] = ["page", "content", "query", "framesOfReading", "offset", "snapshot", "verdict"];
/// Completes the message about a page that did not answer.
pub(crate) const BUSY: &str = ": a script keeps it busy";
/// The times of a call that is never too late.
const ANY_TIME: &str = "[0,0]";

/// A document of a tab in which scripts can be run.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) session: CdpSession,
    /// The frame that shows the document.
    pub(crate) frame: String,
    pub(crate) context: ScriptContext,
}

/// Why a script returned nothing.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The document was replaced or closed.
    Gone,
    /// The document did not answer in time.
    Late,
    /// The world exists without our scripts. This happens in Chromium 156 when a page moves into a process that showed
    /// one of its frames before.
    Unprepared,
    /// Any other error.
    Failed(BrowserError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated<T> {
    result: Remote<T>,
    exception_details: Option<Thrown>,
}

#[derive(Deserialize)]
struct Remote<T> {
    value: Option<ScriptAnswer<T>>,
}

/// The result of a script, and the time of the document's clock then.
#[derive(Deserialize)]
struct ScriptAnswer<T> {
    value: Option<T>,
    now: f64,
}

#[derive(Deserialize)]
struct Thrown {
    text: String,
    exception: Option<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    description: Option<String>,
}

impl World {
    /// Calls one of our scripts with one argument; it returns a value or a promise. If the page is too busy to answer,
    /// the script that keeps it busy is terminated.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let answer = self.ask(function, argument, deadline).await;
        if matches!(answer, Err(NoAnswer::Late)) {
            drop(self.session.send(&commands::terminate()));
            // Termination affects the running script or else the next one, which is then this empty one.
            drop(self.session.send(&commands::evaluate("0".to_owned(), &self.context.unique)));
        }
        answer
    }

    /// Calls a script without terminating anything in a page that is too busy.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        self.peek(function, argument, deadline, deadline).await
    }

    /// Calls a script with less time for the script than for the input of the action, which has until the deadline.
    pub(crate) async fn peek<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        patience: Instant,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let argument = serde_json::to_string(argument).map_err(|error| protocol(error.to_string()))?;
        let times = match function {
            timeless if ANY_TIME_SCRIPTS.contains(&timeless) => ANY_TIME.to_owned(),
            _ => self.times(patience, deadline).await?,
        };
        self.run(function, format!("capture.run('{function}',{times},{argument})"), patience).await
    }

    /// Calls a script of an extension, which is evaluated first.
    #[cfg(feature = "render")]
    pub(crate) async fn extended<T: DeserializeOwned>(
        &self,
        extension: &str,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let argument = serde_json::to_string(argument).map_err(|error| protocol(error.to_string()))?;
        let times = self.times(deadline, deadline).await?;
        let extension = extension.trim_end().trim_end_matches(';');
        let call = format!("capture.extend({extension});capture.run('{function}',{times},{argument})");
        self.run(function, call, deadline).await
    }

    /// Calls a script that is correct however late it runs.
    pub(crate) async fn ask_any_time<T: DeserializeOwned>(
        &self,
        function: &str,
        patience: Instant,
    ) -> Result<T, NoAnswer> {
        self.run(function, format!("capture.run('{function}',{ANY_TIME})"), patience).await
    }

    async fn run<T: DeserializeOwned>(&self, function: &str, call: String, patience: Instant) -> Result<T, NoAnswer> {
        let evaluate = commands::evaluate(call, &self.context.unique);
        let answered = self.answer(function, self.session.send(&evaluate), patience).await;
        if !matches!(answered, Err(NoAnswer::Unprepared)) {
            return answered;
        }
        self.prepare();
        self.answer(function, self.session.send(&evaluate), patience).await
    }

    /// Calls a script without awaiting its answer.
    pub(crate) fn tell(&self, function: &str) {
        let call = format!("capture.run('{function}',{ANY_TIME})");
        drop(self.session.send(&commands::evaluate(call, &self.context.unique)));
    }

    /// The times of a call, as `run` in `scripts/late.js` takes them. A document whose clock is not known yet is asked
    /// for it first; if it answers too late, the call has not begun.
    async fn times(&self, patience: Instant, deadline: Instant) -> Result<String, NoAnswer> {
        let more = deadline.saturating_duration_since(patience).as_secs_f64() * 1_000.0;
        if self.context.clock.at(patience).is_none() {
            let _: bool = self.ask_any_time("clock", patience).await?;
        }
        let due = self.context.clock.at(patience).unwrap_or_default();
        Ok(format!("[{due:.3},{more:.3}]"))
    }

    /// Gives the document our scripts. Later commands find them, since commands are carried out in order.
    fn prepare(&self) {
        drop(self.session.send(&commands::evaluate(scripts::BUNDLE.to_owned(), &self.context.unique)));
    }

    /// Calls one of our scripts with an element of this document before its argument.
    pub(crate) async fn ask_of<T: DeserializeOwned>(
        &self,
        element: &str,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let argument = serde_json::to_value(argument).map_err(|error| protocol(error.to_string()))?;
        let times = self.times(deadline, deadline).await?;
        let code = format!("function (argument) {{ return capture.run('{function}',{times},this,argument); }}");
        let call = commands::call_on(element, code, argument);
        let answered = self.answer(function, self.session.send(&call), deadline).await;
        if !matches!(answered, Err(NoAnswer::Unprepared)) {
            return answered;
        }
        self.prepare();
        self.answer(function, self.session.send(&call), deadline).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        function: &str,
        asked: Pending,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let ScriptAnswer { value, now } = answer(function, asked, deadline).await?;
        self.context.clock.heard(now);
        value.ok_or_else(|| protocol(format!("{function} brought nothing")))
    }
}

async fn answer<T: DeserializeOwned>(
    function: &str,
    asked: Pending,
    deadline: Instant,
) -> Result<ScriptAnswer<T>, NoAnswer> {
    match tokio::time::timeout_at(deadline + ANSWER_GRACE, asked.decode::<Evaluated<T>>()).await {
        Err(_elapsed) => Err(NoAnswer::Late),
        Ok(Ok(Evaluated { exception_details: Some(thrown), .. })) => Err(match thrown.into_message() {
            message if is_unprepared(&message) => NoAnswer::Unprepared,
            message => protocol(message),
        }),
        Ok(Ok(Evaluated { result: Remote { value: Some(value) }, .. })) => Ok(value),
        Ok(Ok(_)) => Err(protocol(format!("{function} brought nothing"))),
        Ok(Err(error)) if is_gone(&error) => Err(NoAnswer::Gone),
        Ok(Err(error)) => Err(NoAnswer::Failed(error.into())),
    }
}

/// Reason of the error when the document of an action is gone.
pub(crate) const DOCUMENT_GONE: &str = "frame_gone";

impl From<NoAnswer> for BrowserError {
    fn from(none: NoAnswer) -> Self {
        match none {
            NoAnswer::Failed(error) => error,
            NoAnswer::Late => Self::TimedOut {
                message: format!("the page did not answer in time{BUSY}"),
                details: serde_json::Map::new(),
                outcome: RunOutcome::Unknown,
            },
            NoAnswer::Unprepared => Self::Protocol("a document without our scripts".to_owned()),
            NoAnswer::Gone => Self::failed_for(DOCUMENT_GONE, "the document this action worked on went away"),
        }
    }
}

fn protocol(message: String) -> NoAnswer {
    NoAnswer::Failed(BrowserError::Protocol(message))
}

/// Whether our scripts are missing: the name is unknown, or refers to a frame or form to which the page gave it.
fn is_unprepared(message: &str) -> bool {
    message.contains("capture is not defined") || message.contains("capture.run is not a function")
}

/// Whether the error is one of those by which Chromium reports that a document is gone.
fn is_gone(error: &CdpError) -> bool {
    const TELLING: [&str; 10] = [
        "Internal error", // the evaluation was in a tab that is being closed
        "uniqueContextId not found",
        "Cannot find context",
        "Execution context was destroyed",
        "Inspected target navigated or closed",
        "Promise was collected",
        "Session with given id not found",
        "Not attached to an active page",
        "Could not find object with given id",
        "Cannot find context with specified id",
    ];
    matches!(error, CdpError::Refused { message, .. } if TELLING.iter().any(|telling| message.contains(telling)))
}

impl Thrown {
    fn into_message(self) -> String {
        brief(&self.exception.and_then(|exception| exception.description).unwrap_or(self.text))
    }
}
