//! How far the refusal of a page's consent dialogue has come, by what the frames report. This module is pure.

use serde::Deserialize;
use tokio::time::{Duration, Instant};

use crate::render::CONSENT;

/// How long a dialogue is looked for once the script runs. Providers that load late need about a second.
const LOOKING: Duration = Duration::from_millis(1_500);
/// How long the dialogue of a provider that was found may take to show.
const SHOWING: Duration = Duration::from_millis(5_500); // the script itself looks for 5 s
/// How long a dialogue that shows may take to be refused.
const REFUSING: Duration = Duration::from_secs(6);
/// How long a refused dialogue may take to disappear, and another frame to finish what one has begun.
const CLOSING: Duration = Duration::from_millis(500);

/// A message of the script in one frame.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(super) enum Message {
    /// The script runs. Not one of its own messages.
    #[serde(skip_deserializing)]
    Begun,
    /// An expression is to be evaluated in the page's own world.
    Eval { id: String, code: String },
    /// A provider was found.
    CmpDetected { cmp: String },
    /// Its dialogue shows.
    PopupFound { cmp: String },
    /// The attempt to refuse has ended. One frame of several may succeed without the dialogue being gone.
    OptOutResult { cmp: String, result: bool },
    /// The dialogue is refused.
    AutoconsentDone { cmp: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    Starting,
    Looking,
    Found,
    Open { cmp: String },
    Closing,
    Failed { cmp: String },
}

/// The state of a page.
#[derive(Debug)]
pub(super) struct Progress {
    stage: Stage,
    until: Instant,
}

impl Progress {
    pub(super) fn begin(now: Instant) -> Self {
        Self { stage: Stage::Starting, until: now + CONSENT }
    }

    /// Takes note of a message.
    pub(super) fn hear(&mut self, message: &Message, now: Instant) {
        let (stage, time) = match (message, &self.stage) {
            (Message::Begun, Stage::Starting) => (Stage::Looking, LOOKING),
            (Message::AutoconsentDone { .. }, _) => (Stage::Closing, CLOSING),
            (Message::PopupFound { cmp }, Stage::Looking | Stage::Found | Stage::Failed { .. }) => {
                (Stage::Open { cmp: cmp.clone() }, REFUSING)
            }
            (Message::OptOutResult { result: false, cmp }, Stage::Open { .. }) => {
                (Stage::Failed { cmp: cmp.clone() }, CLOSING)
            }
            (Message::CmpDetected { .. }, Stage::Looking) => (Stage::Found, SHOWING),
            _ => return,
        };
        (self.stage, self.until) = (stage, now + time);
    }

    /// Whether the script runs in a frame.
    pub(super) fn has_begun(&self) -> bool {
        self.stage != Stage::Starting
    }

    /// When there is nothing more to wait for.
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// What a user should know about the result.
    pub(super) fn warning(self) -> Option<String> {
        match self.stage {
            Stage::Starting => Some("blockCookieBanners: the page was too busy to be looked at".to_owned()),
            Stage::Looking | Stage::Found | Stage::Closing => None,
            Stage::Open { cmp } | Stage::Failed { cmp } => {
                Some(format!("blockCookieBanners: the consent dialogue ({cmp}) could not be refused"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        serde_json::from_str(text).unwrap()
    }

    fn heard(texts: &[&str]) -> (Duration, Option<String>) {
        let now = Instant::now();
        let mut progress = Progress::begin(now);
        assert_eq!((progress.until() - now, progress.has_begun()), (CONSENT, false));
        progress.hear(&Message::Begun, now);
        for text in texts {
            progress.hear(&message(text), now);
        }
        (progress.until() - now, progress.warning())
    }

    const DETECTED: &str = r#"{"type":"cmpDetected","cmp":"Onetrust","url":"http://a.test"}"#;
    const FOUND: &str = r#"{"type":"popupFound","cmp":"Onetrust","url":"http://a.test"}"#;
    const REFUSED: &str = r#"{"type":"optOutResult","cmp":"Onetrust","result":true,"scheduleSelfTest":false}"#;
    const FAILED: &str = r#"{"type":"optOutResult","cmp":"Onetrust","result":false,"scheduleSelfTest":false}"#;
    const DONE: &str = r#"{"type":"autoconsentDone","cmp":"Onetrust","isCosmetic":false,"duration":1}"#;

    #[test]
    fn each_stage_has_its_time() {
        assert_eq!(heard(&[]), (LOOKING, None));
        assert_eq!(heard(&[DETECTED]), (SHOWING, None));
        assert_eq!(heard(&[DETECTED, FOUND]).0, REFUSING);
        assert_eq!(heard(&[DETECTED, FOUND, REFUSED, DONE]), (CLOSING, None));
        assert_eq!(heard(&[DETECTED, FOUND, DONE, FOUND, FAILED]), (CLOSING, None), "what is done stays done");
    }

    #[test]
    fn a_dialogue_that_stays_is_told() {
        let warning = "blockCookieBanners: the consent dialogue (Onetrust) could not be refused";
        assert_eq!(heard(&[DETECTED, FOUND]).1.as_deref(), Some(warning));
        assert_eq!(heard(&[DETECTED, FOUND, FAILED]), (CLOSING, Some(warning.to_owned())));
        assert_eq!(heard(&[DETECTED, FOUND, REFUSED]).1.as_deref(), Some(warning), "another frame has to finish it");
    }
}
