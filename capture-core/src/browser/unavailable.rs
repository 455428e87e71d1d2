//! Why no browser, or no page in one, is available.
//!
//! This module must not know who requested the page.

use std::{error::Error, io, sync::Arc, time::Duration};

use super::lost::LostReason;

/// A cause that is reported to several callers.
pub type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why no browser, or no page in one, is available. Cloning is cheap, because all callers that wait for one start get a
/// copy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unavailable {
    /// The backend cannot render, or was built without the feature `render`.
    #[error("this build cannot render")]
    Renders,
    /// The program is not installed.
    #[error("Chromium is not installed")]
    NotInstalled,
    /// The system refused something that a browser needs.
    #[error("no {what}")]
    System {
        /// What was refused.
        what: &'static str,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The program could not be run.
    #[error("{program} could not be started")]
    Spawn {
        /// The program.
        program: String,
        /// The cause.
        source: Arc<io::Error>,
    },
    /// The browser was started and did not answer in time.
    #[error("Chromium did not answer within {} s; its last words: {last_words}", within.as_secs())]
    Silent {
        /// The time it was given.
        within: Duration,
        /// The last lines of its log.
        last_words: String,
    },
    /// The browser was started, and then ended or refused the first command.
    #[error("Chromium did not answer ({cause}); its last words: {last_words}")]
    NotStarted {
        /// What arrived instead of the answer.
        cause: SharedCause,
        /// The last lines of its log.
        last_words: String,
    },
    /// A browser elsewhere cannot be reached.
    #[error("the browser at {endpoint} cannot be reached")]
    Unreachable {
        /// Its address, without secrets.
        endpoint: String,
        /// The cause.
        source: SharedCause,
    },
    /// The browser refused something that a new page or a new client needs.
    #[error("{0}")]
    Refused(SharedCause),
    /// Something did not happen in time; the text says what.
    #[error("{0}")]
    Late(&'static str),
    /// The browser or the page was lost before it was used.
    #[error(transparent)]
    Lost(#[from] LostReason),
    /// A page crashed while it was opened.
    #[error("a new page crashed")]
    PageCrashed,
    /// No browser has started yet.
    #[error("no browser has started yet")]
    NoneYet,
    /// The server is shutting down.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// A reason of another kind of backend.
    #[error("{0}")]
    Other(String),
}

impl Unavailable {
    /// Makes an error for something that the system refused.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source: Arc::new(source) }
    }

    /// An error for a command of a new page that the browser refused.
    pub(crate) fn refused(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Refused(Arc::new(cause))
    }

    /// The error and its causes in one sentence.
    pub fn sentence(&self) -> String {
        sentence(self)
    }
}

/// An error and all of its causes in one sentence.
pub(super) fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_tells_every_cause_once() {
        let refused = || io::Error::other("the disk is full");
        let folder = Unavailable::system("folder for a browser")(refused());
        assert_eq!(folder.sentence(), "no folder for a browser: the disk is full");
        assert_eq!(Unavailable::refused(refused()).sentence(), "the disk is full");
        assert_eq!(Unavailable::from(LostReason::BrowserHangs).sentence(), "the browser hangs");
    }
}
