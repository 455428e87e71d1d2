//! Golden frames of events: the serialised types, filled with fixed values.

use bytes::Bytes;
use capture_core::{
    action::{ActionType, ConsoleLevel, ConsoleMessage, PageError},
    actor::NumberedFrame,
    browser::ViewFrame,
    clock::Timestamp,
    event::{
        ActionFinished, ActionStarted, ActionStep, ConsoleEntry, ConsoleLine, Epoch, Event, EventFrame, EventKind,
        PageCrashed, PageDialog, PageDownload, PageNavigated, PageNewTab, SessionClosed, SessionRenewed,
    },
    session::CloseReason,
};
use capture_ws::frame::{Countdown, LineParams, ViewParams};
use serde_json::json;

use super::{Golden, NOW, lifecycle, session_id};

pub(super) fn all() -> Vec<Golden> {
    [actions(), pages(), sessions(), passing()].into_iter().flatten().collect()
}

pub(super) fn epoch() -> Epoch {
    serde_json::from_value(json!("e_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68")).unwrap()
}

fn logged(seq: u64, kind: EventKind) -> Golden {
    let event = Event::new(seq, kind);
    Golden::of(&format!("event.{}", event.kind.method()), &EventFrame::logged(session_id(), &epoch(), &event))
}

fn actions() -> Vec<Golden> {
    let action_id = || "a_5f0c6a4e9d1b4f6c8a3e2d7b9c1f0a68".into();
    let step = json!({"index": 0, "type": "title", "success": true, "durationMs": 3, "title": "Shop"});
    let finished = ActionFinished {
        action_id: action_id(),
        kind: ActionType::Batch,
        success: true,
        duration_ms: 412,
        result: json!({"bytes": 81_234}),
    };
    vec![
        logged(
            45,
            EventKind::ActionStarted(ActionStarted {
                action_id: action_id(),
                kind: ActionType::Batch,
                by: Some("c_0a68".into()),
            }),
        ),
        logged(46, EventKind::ActionStep(ActionStep { action_id: action_id(), index: 0, step })),
        logged(49, EventKind::ActionFinished(finished)),
    ]
}

fn pages() -> Vec<Golden> {
    let url = || "https://shop.example/größe?n=1#top".to_owned();
    let dialog = PageDialog { kind: "confirm".to_owned(), message: "Leave?\n".to_owned(), accepted: false };
    let download = PageDownload { url: url(), suggested_filename: "Rechnung.pdf".to_owned() };
    vec![
        logged(50, EventKind::PageNavigated(PageNavigated { url: url() })),
        logged(51, EventKind::PageDialog(dialog)),
        logged(52, EventKind::PageNewTab(PageNewTab { url: url() })),
        logged(53, EventKind::PageDownload(download)),
        logged(u64::from(u32::MAX) + 1, EventKind::PageCrashed(PageCrashed { root: true })),
    ]
}

fn sessions() -> Vec<Golden> {
    let closed = lifecycle().settle(CloseReason::BrowserCrashed, NOW);
    vec![
        logged(54, EventKind::SessionRenewed(SessionRenewed { expires_at: Timestamp(1_763_000_660_500) })),
        logged(55, EventKind::SessionClosed(SessionClosed { session: Box::new(closed) })),
    ]
}

/// Events that are not part of the log.
fn passing() -> Vec<Golden> {
    let id = session_id();
    let countdown = Countdown { remaining_ms: 9_999, expires_in_seconds: 10, expires_at: Timestamp(1_763_000_070_499) };
    let url = || "https://shop.example/app.js".to_owned();
    let console = ConsoleEntry::Console(ConsoleMessage {
        level: ConsoleLevel::Warning,
        text: "careful \u{0} 1".to_owned(),
        timestamp: NOW,
        url: url(),
        line: 7,
    });
    let error = ConsoleEntry::Error(PageError {
        message: "TypeError: x is undefined".to_owned(),
        stack: "at buy (app.js:7:9)".to_owned(),
        url: url(),
        line: 7,
        column: 9,
        timestamp: NOW,
    });
    // The first bytes of a JPEG, and enough bytes to need a length of more than one byte.
    let picture = Bytes::from([&[0xff, 0xd8, 0xff, 0xe0][..], &[0x5a; 300]].concat());
    let shown =
        NumberedFrame { number: 3, at: NOW, frame: ViewFrame { body: picture, width: 640, height: 400, scale: 0.5 } };
    vec![
        Golden::of("event.session.countdown", &countdown.frame(id)),
        Golden::of("event.page.console", &LineParams::frame(id, &ConsoleLine { entry: console, dropped: 0 })),
        Golden::of("event.page.error", &LineParams::frame(id, &ConsoleLine { entry: error, dropped: 12 })),
        Golden::of("event.view.frame", &ViewParams::frame(id, &shown, 2)),
    ]
}
