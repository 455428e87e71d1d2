//! Golden frames of answers: the serialised types, filled with fixed values.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use capture_core::{
    ActionReply, Error, ErrorCode, Executed, RunOutcome,
    account::{Mode, Scope},
    action::{ActionResult, ActionType, BatchResult, Outcome, Picture, PictureFormat, StepResult},
    clock::Timestamp,
    event::{Event, EventFrame, EventKind, PageNavigated},
    session::CloseReason,
};
use capture_ws::{
    frame::{Cancelled, Empty, Failure, Hello, Pong, SessionResult, SessionsResult, Snapshot, Subscribed, Success},
    limits::ChannelLimits,
};
use serde::Serialize;
use serde_json::json;

use super::{Golden, NOW, events::epoch, lifecycle, session, session_id};

pub(super) fn all() -> Vec<Golden> {
    [connection(), sessions(), actions(), watching(), errors()].into_iter().flatten().collect()
}

fn success(name: &str, id: u64, result: impl Serialize) -> Golden {
    Golden::of(&format!("success.{name}"), &Success::new(id, None, result))
}

fn about(name: &str, id: u64, result: impl Serialize) -> Golden {
    Golden::of(&format!("success.{name}"), &Success::new(id, Some(session_id()), result))
}

fn connection() -> Vec<Golden> {
    let hello = Hello {
        connection_id: "c_0a68".into(),
        server: "capture/0.1.0",
        instance: "i_9c1f".into(),
        max_idle_ms: 20_000,
        server_time: NOW,
        scope: Scope { session_id: Some(session_id()), mode: Mode::Observe },
        limits: ChannelLimits::default().told(8),
    };
    vec![success("connection.hello", 0, hello), success("connection.ping", (1 << 53) - 1, Pong { server_time: NOW })]
}

fn sessions() -> Vec<Golden> {
    let replayed = SessionResult { replayed: true, ..SessionResult::of(session(), None, NOW) };
    let closed = lifecycle().settle(CloseReason::Closed, NOW);
    let mut renewed = lifecycle();
    renewed.renew(NOW.plus(Duration::from_secs(600)));
    let list = SessionsResult { sessions: vec![session().accrued(NOW)], active_session_count: 1 };
    vec![
        about("session.create", 2, SessionResult::of(session(), None, NOW)),
        about("session.create-replayed", 2, replayed),
        about("session.get", 3, SessionResult::of(session(), None, NOW)),
        success("session.list", 4, list),
        about("session.close", 5, SessionResult::of(closed, None, NOW)),
        about("session.renew", 6, SessionResult::of(renewed.view(), None, NOW)),
    ]
}

fn actions() -> Vec<Golden> {
    let title = Outcome::from(ActionResult::Title { title: "Größe \u{1F600} \"\\\u{2028}".to_owned() });
    let body = Bytes::from_static(&[0x89, b'P', b'N', b'G', 0, 0xff]);
    let picture = Picture { format: PictureFormat::Png, body, width: 1_440, height: 900, clamped: true };
    let attached = Outcome { screenshot: Some(picture.clone()), ..Outcome::from(ActionResult::Done {}) };
    let photographed = Outcome::from(ActionResult::Screenshot(picture.clone()));
    let step = StepResult { index: 0, kind: ActionType::Screenshot, duration_ms: 33, result: Ok(photographed.into()) };
    let failed = json!({"code": "action_failed", "message": "no history", "outcome": "executed"});
    let failed = Err(failed.as_object().unwrap().clone());
    let failed = StepResult { index: 1, kind: ActionType::Back, duration_ms: 0, result: failed };
    let batch = ActionResult::Batch(BatchResult { results: vec![step, failed], completed: 1, failed_index: Some(1) });
    let act = |name: &str, executed: &Executed| {
        let seq = match executed {
            Executed::Reply(reply) => Some(reply.seq),
            Executed::Dropped(_) => None,
        };
        let frame = Success::new(7, Some(session_id()), executed.body(NOW)).at(seq);
        Golden::of(&format!("success.session.act{name}"), &frame)
    };
    vec![
        act("", &reply(title)),
        act("-picture", &reply(ActionResult::Screenshot(picture).into())),
        act("-picture-attached", &reply(attached)),
        act("-batch", &reply(batch.into())),
        act("-dropped", &Executed::Dropped(Box::new(session()))),
        about("session.cancel", 8, Cancelled { cancelled: true }),
    ]
}

fn reply(outcome: Outcome) -> Executed {
    Executed::Reply(ActionReply {
        action_id: "a_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68".into(),
        duration_ms: 412,
        outcome: Arc::new(outcome.into()),
        seq: 49,
        replayed: false,
        session: Arc::new(session()),
    })
}

fn watching() -> Vec<Golden> {
    let (epoch, view) = (epoch(), session().accrued(NOW));
    let missed = Event::new(42, EventKind::PageNavigated(PageNavigated { url: "https://shop.example/".to_owned() }));
    let subscribed = Subscribed {
        recovered: true,
        epoch: &epoch,
        seq: 42,
        snapshot: Snapshot { session: &view, url: "https://shop.example/", remaining_ms: 239_620 },
        events: vec![EventFrame::logged(session_id(), &epoch, &missed)],
    };
    vec![
        about("session.subscribe", 10, subscribed),
        about("session.unsubscribe", 11, Empty {}),
        about("view.start", 12, Empty {}),
        about("view.credit", 13, Empty {}),
        about("view.stop", 14, Empty {}),
    ]
}

fn errors() -> Vec<Golden> {
    let busy = Error::new(ErrorCode::Busy, "32 requests of this connection wait already")
        .with_reason("too_many_in_flight")
        .with_retry_after(Duration::from_millis(1_500))
        .with_hint("wait for answers before sending more");
    let late = Error::new(ErrorCode::ActionTimeout, "no element for \"#buy\" within 5000 ms")
        .with_outcome(RunOutcome::NotExecuted)
        .with_detail("diagnostics", json!({"matched": false, "matchCount": 0, "visible": false}))
        .with_session(session())
        .with_seq(50);
    let ended = Error::inactive(lifecycle().settle(CloseReason::Expired, Timestamp(1_763_000_300_200)));
    let error = |name: &str, session, error: &Error| Golden::of(name, &Failure::new(15, session, error, NOW));
    vec![
        error("error", None, &busy),
        error("error-of-an-action", Some(session_id()), &late),
        error("error-of-an-ended-session", Some(session_id()), &ended),
    ]
}
