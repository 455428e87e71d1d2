//! Bounds the size of the reply to an action, and the server memory that pictures of unsent replies may take.

use std::sync::Arc;

use crate::{
    account::UserId,
    action::{Action, ActionKind, EncodedOutcome, Outcome},
    error::{Error, ErrorCode, RunOutcome},
    limits::MAX_REPLY_BYTES,
    shares::Pool,
};

/// Reason of the error for a reply that is larger than the maximum.
const TOO_LARGE: &str = "answer_too_large";
/// Reason of the error when too many bytes of replies have not been read.
const UNREAD: &str = "replies_unread";

/// Accounts for the pictures of one user until they are sent.
#[derive(Debug, Clone)]
pub(super) struct Replies {
    pub(super) pool: Arc<Pool>,
    pub(super) user: UserId,
}

impl Replies {
    /// Refuses an action that would return a picture while its user has more unread bytes than allowed.
    pub(super) fn before(&self, action: &Action) -> Result<(), Error> {
        let brings_one = action.screenshot || matches!(action.kind, ActionKind::Screenshot(_));
        if brings_one && self.pool.hold(&self.user, 1).is_none() {
            Err(unread(RunOutcome::NotExecuted))
        } else {
            Ok(())
        }
    }

    /// Reserves memory for the pictures of an outcome whose reply already has `taken` bytes. Without room the pictures
    /// are dropped and an error is returned, although the action was performed.
    pub(super) fn after(&self, mut outcome: Outcome, taken: usize) -> Result<EncodedOutcome, Error> {
        if outcome.picture_bytes() == 0 {
            let encoded = EncodedOutcome::from(outcome);
            let bytes = encoded.json_bytes();
            return if taken + bytes > MAX_REPLY_BYTES { Err(too_large(bytes, taken)) } else { Ok(encoded) };
        }
        let bytes = outcome.json_bytes();
        if taken + bytes > MAX_REPLY_BYTES {
            return Err(too_large(bytes, taken));
        }
        for picture in outcome.pictures_mut() {
            let held = self.pool.hold(&self.user, picture.body.len()).ok_or_else(|| unread(RunOutcome::Executed))?;
            picture.holding(held);
        }
        Ok(outcome.into())
    }
}

fn too_large(bytes: usize, taken: usize) -> Error {
    let most = MAX_REPLY_BYTES >> 20;
    let message = match taken {
        0 => format!("the action was performed, but its reply has {bytes} bytes: a reply has at most {most} MiB"),
        _ => format!(
            "the action was performed, but its reply has {bytes} bytes, those before it {taken}: at most {most} MiB fit"
        ),
    };
    Error::new(ErrorCode::ActionFailed, message)
        .with_reason(TOO_LARGE)
        .with_outcome(RunOutcome::Executed)
        .with_hint("ask for less at once: a part of the page, a smaller scale, JPEG or WebP, fewer steps with pictures")
}

fn unread(outcome: RunOutcome) -> Error {
    Error::new(ErrorCode::Busy, "too many bytes of pictures have not been read, by this user or by all users together")
        .with_reason(UNREAD)
        .with_outcome(outcome)
        .with_retry_after(std::time::Duration::from_secs(1))
        .with_hint("read the replies of earlier actions first; close connections that are not read from")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::action::{ActionResult, Picture, PictureFormat, parse};

    fn picture(bytes: usize) -> Outcome {
        let body = Bytes::from(vec![7; bytes]);
        let picture = Picture { format: PictureFormat::Png, body, width: 1, height: 1, clamped: false };
        ActionResult::Screenshot(picture).into()
    }

    fn replies(most: usize) -> Replies {
        Replies { pool: Pool::new(most, most), user: "ann".parse().unwrap() }
    }

    #[test]
    fn a_reply_is_measured_as_it_will_be_written() {
        let mut text: Outcome = ActionResult::Title { title: "\u{1}é".repeat(1_000) }.into();
        for (outcome, slack) in [(picture(3_000), 100), (text.clone(), 10)] {
            let written = serde_json::to_vec(&outcome).unwrap().len();
            let told = outcome.json_bytes();
            assert!(told.abs_diff(written) <= slack, "{told} bytes are told of {written}");
        }
        let Outcome { result: ActionResult::Screenshot(attached), .. } = picture(3_000) else { panic!("a picture") };
        text.screenshot = Some(attached);
        let (told, written) = (text.json_bytes(), serde_json::to_vec(&text).unwrap().len());
        assert!(told.abs_diff(written) <= 100, "{told} bytes are told of {written}");
    }

    #[test]
    fn what_would_make_a_reply_too_large_was_done_and_is_not_in_it() {
        let replies = replies(usize::MAX >> 1);
        let half = MAX_REPLY_BYTES / 8 * 3;
        let first = replies.after(picture(half), 0).unwrap();
        let taken = first.json_bytes();
        let error = replies.after(picture(half), taken).unwrap_err();
        assert_eq!((error.code(), error.reason()), (ErrorCode::ActionFailed, Some("answer_too_large")));
        assert_eq!(error.outcome(), RunOutcome::Executed);
        assert!(replies.after(picture(MAX_REPLY_BYTES), 0).is_err());
        assert_eq!(replies.pool.bytes(), half, "only what is in a reply is held");
    }

    #[test]
    fn pictures_are_held_until_the_last_copy_of_their_bytes_is_gone() {
        let replies = replies(1_000);
        let screenshot = parse(&json!({"type": "screenshot"})).unwrap();
        let title = parse(&json!({"type": "title", "payload": {"screenshot": true}}));
        let outcome = replies.after(picture(1_000), 0).unwrap();
        let ActionResult::Screenshot(kept) = &outcome.result else { panic!("a picture") };
        let copy = kept.body.slice(1..2);
        drop(outcome);
        assert_eq!(replies.pool.bytes(), 1_000);
        let refused = replies.before(&screenshot).unwrap_err();
        assert_eq!((refused.code(), refused.reason()), (ErrorCode::Busy, Some("replies_unread")));
        assert_eq!(refused.outcome(), RunOutcome::NotExecuted);
        assert!(title.is_ok_and(|title| replies.before(&title).is_err()));
        assert!(replies.before(&parse(&json!({"type": "title"})).unwrap()).is_ok(), "what brings none goes on");
        assert_eq!(replies.after(picture(500), 0).unwrap_err().outcome(), RunOutcome::Executed);
        drop(copy);
        assert_eq!(replies.pool.bytes(), 0);
        assert!(replies.before(&screenshot).is_ok());
    }
}
