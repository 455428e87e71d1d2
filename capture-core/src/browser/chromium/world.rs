//! Calling our scripts in a page's isolated world.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Duration, Instant};

use super::{
    cdp::{CdpError, CdpSession, commands},
    page::ChromiumPage,
};
use crate::{browser::Fault, error::RunOutcome};

/// What a page gets beyond the deadline it was told, to answer with what it last saw.
const ANSWER_GRACE: Duration = Duration::from_millis(250);

/// A document of a tab, as a place to run scripts in.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) session: CdpSession,
    context: String,
}

/// Why a script brought nothing.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Its document went away meanwhile.
    Gone,
    /// Something else.
    Fault(Fault),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated<T> {
    result: Remote<T>,
    exception_details: Option<Thrown>,
}

#[derive(Deserialize)]
struct Remote<T> {
    value: Option<T>,
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

impl ChromiumPage {
    /// The document of the active tab, once our scripts can run in it.
    pub(super) async fn world(&self, deadline: Instant) -> Result<World, Fault> {
        let mut tabs = self.tabs.subscribe();
        let ready = tabs.wait_for(|tabs| tabs.ready().is_some() || tabs.lost.is_some());
        match tokio::time::timeout_at(deadline, ready).await {
            Ok(Ok(tabs)) => match (tabs.lost, tabs.ready()) {
                (None, Some(tab)) => {
                    Ok(World { session: tab.session.clone(), context: tab.world.clone().unwrap_or_default() })
                }
                (reason, _) => Err(reason.unwrap_or(crate::browser::LostReason::PageCrashed).into()),
            },
            Ok(Err(_closed)) => Err(crate::browser::LostReason::PageCrashed.into()),
            Err(_elapsed) => Err(Fault::timed_out("the page had no document to work with in time")),
        }
    }

    /// Calls one of our scripts in the active tab, again in the next document when one replaces the present one: only for
    /// scripts that change nothing before they answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, Fault> {
        loop {
            let world = self.world(deadline).await?;
            match world.call(function, argument, deadline).await {
                Ok(value) => return Ok(value),
                Err(NoAnswer::Fault(fault)) => return Err(fault),
                Err(NoAnswer::Gone) => self.outdated(&world),
            }
        }
    }

    /// Forgets a world the browser no longer knows, so that the next look waits for its successor.
    pub(super) fn outdated(&self, world: &World) {
        self.tabs.send_modify(|tabs| {
            for tab in &mut tabs.open {
                if tab.world.as_ref() == Some(&world.context) {
                    tab.world = None;
                }
            }
        });
    }
}

impl World {
    /// Calls one of our scripts with one argument; it answers with a value or a promise of one.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, NoAnswer> {
        let argument = serde_json::to_string(argument).map_err(|error| protocol(error.to_string()))?;
        let evaluate = commands::evaluate(format!("capture.{function}({argument})"), &self.context);
        let asked = self.session.send(&evaluate).decode::<Evaluated<T>>();
        let Ok(answer) = tokio::time::timeout_at(deadline + ANSWER_GRACE, asked).await else {
            // Whatever keeps the page busy ends now, so that the next action finds it free.
            drop(self.session.send(&commands::terminate()));
            return Err(NoAnswer::Fault(Fault::TimedOut {
                message: "the page did not answer in time: a script keeps it busy".to_owned(),
                details: serde_json::Map::new(),
                outcome: RunOutcome::Unknown,
            }));
        };
        match answer {
            Ok(Evaluated { exception_details: Some(thrown), .. }) => Err(protocol(thrown.into_message())),
            Ok(Evaluated { result: Remote { value: Some(value) }, .. }) => Ok(value),
            Ok(_) => Err(protocol(format!("{function} brought nothing"))),
            Err(error) if is_gone(&error) => Err(NoAnswer::Gone),
            Err(error) => Err(NoAnswer::Fault(error.into())),
        }
    }
}

fn protocol(message: String) -> NoAnswer {
    NoAnswer::Fault(Fault::Protocol(message))
}

/// The ways Chromium says that a document is no longer there.
fn is_gone(error: &CdpError) -> bool {
    const TELLING: [&str; 5] = [
        "uniqueContextId not found",
        "Cannot find context",
        "Execution context was destroyed",
        "Inspected target navigated or closed",
        "Promise was collected",
    ];
    matches!(error, CdpError::Refused { message, .. } if TELLING.iter().any(|telling| message.contains(telling)))
}

impl Thrown {
    fn into_message(self) -> String {
        self.exception.and_then(|exception| exception.description).unwrap_or(self.text)
    }
}
