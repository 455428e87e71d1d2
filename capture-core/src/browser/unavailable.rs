//! Why no browser, or no page in one, can be had now.
//!
//! Knows nothing of who asked for a page.

use std::{error::Error, io, sync::Arc, time::Duration};

use super::lost::LostReason;

/// A cause that several callers are told.
pub type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why no browser, or no page in one, can be had now. Cloning is cheap: all who waited for the same start are told.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unavailable {
    /// There is no program to run.
    #[error("Chromium is not installed")]
    NotInstalled,
    /// The system refused something that a browser needs.
    #[error("no {what}")]
    System {
        /// What it is.
        what: &'static str,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// Its program could not be run.
    #[error("{program} could not be started")]
    Spawn {
        /// The program.
        program: String,
        /// Why not.
        source: Arc<io::Error>,
    },
    /// It was started, and did not answer for too long.
    #[error("Chromium did not answer within {} s; its last words: {last_words}", within.as_secs())]
    Silent {
        /// How long it was given.
        within: Duration,
        /// The last it wrote to its log.
        last_words: String,
    },
    /// It was started, and ended or refused the first command.
    #[error("Chromium did not answer ({cause}); its last words: {last_words}")]
    NotStarted {
        /// What came instead of the answer.
        cause: SharedCause,
        /// The last it wrote to its log.
        last_words: String,
    },
    /// A browser elsewhere cannot be reached.
    #[error("the browser at {endpoint} cannot be reached")]
    Unreachable {
        /// Where it is, without secrets.
        endpoint: String,
        /// Why not.
        source: SharedCause,
    },
    /// The browser refused what a new page or a new client needs.
    #[error("{0}")]
    Refused(SharedCause),
    /// What stands here did not happen in time.
    #[error("{0}")]
    Late(&'static str),
    /// The browser or the page was lost before it was used.
    #[error(transparent)]
    Lost(#[from] LostReason),
    /// A page crashed as it was opened.
    #[error("a new page crashed")]
    PageCrashed,
    /// No browser has started so far.
    #[error("no browser has started yet")]
    NoneYet,
    /// The server ends.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// Why a backend of another kind has none.
    #[error("{0}")]
    Other(String),
}

impl Unavailable {
    /// The system refused this.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source: Arc::new(source) }
    }

    /// The browser refused a command that a new page needs.
    pub(crate) fn refused(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Refused(Arc::new(cause))
    }

    /// The whole reason in one sentence, with its causes.
    pub fn sentence(&self) -> String {
        sentence(self)
    }
}

/// An error with all of its causes.
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
