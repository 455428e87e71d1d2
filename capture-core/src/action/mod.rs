//! The language of actions: what can be requested of a page, parsed and within bounds, and what is returned.
//!
//! This module is data only, with one file per family; actions are carried out under `browser/`. Every value of type
//! [`Action`] is valid.

mod batch;
mod effects;
mod element;
mod fields;
mod form;
mod geometry;
mod journal;
mod keyboard;
mod navigate;
mod outcome;
mod parse;
mod payload;
mod pointer;
mod read;
#[cfg(feature = "redis")]
mod relayed;
mod reply;
mod screenshot;
mod scroll;
mod selector;
mod snapshot;
mod tells;
#[cfg(test)]
mod tests;
mod viewport;
mod wait;

use std::{sync::Arc, time::Duration};

use serde_json::Value;

#[cfg(feature = "redis")]
pub use self::relayed::RelayedFields;
pub use self::{
    batch::Batch,
    effects::{DialogReport, DownloadReport, Effects, TabReport},
    element::{Diagnostics, ElementResult},
    fields::{Field, Need, Shape},
    form::{Check, CheckResult, Choice, Fill, Select, SelectResult},
    geometry::{Point, Rect},
    journal::{Console, ConsoleLevel, ConsoleMessage, ConsoleResult, Errors, ErrorsResult, KEPT_ENTRIES, PageError},
    keyboard::{Chord, Press, PressResult, Type, TypeText, Typing},
    navigate::{BackResult, Goto, GotoResult, Travel, WaitUntil},
    outcome::{ActionResult, BatchResult, EncodedOutcome, Outcome, StepResult},
    parse::parse,
    pointer::{Click, DragMouse, DragPath, DragResult, Hover, Modifier, MouseButton, MoveMouse, Target},
    read::{Content, ContentFormat, ContentResult, Query, QueryField, QueryResult},
    reply::{schema, taken_schema},
    screenshot::{Clip, Picture, PictureFormat, Screenshot},
    scroll::{Distance, Edge, Scroll, ScrollResult, Scrolled, Stretch},
    selector::{InvalidSelector, Selector},
    snapshot::{RefReport, Snapshot, SnapshotResult},
    tells::Tells,
    viewport::{Device, DeviceScale, Viewport, ViewportChange, device, devices},
    wait::{ElementState, WaitForSelector, WaitForTimeout, WaitedResult},
};
pub use crate::action_type::{ActionType, UnknownActionType};
use crate::limits;

/// A valid action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What to do.
    pub kind: ActionKind,
    /// Whether to take a picture afterwards and attach it to the reply.
    pub screenshot: bool,
    /// A viewport change made before the action. It lasts until the next change.
    pub viewport: Option<ViewportChange>,
    /// The request it was parsed from.
    pub(crate) source: Source,
}

/// The request an action was parsed from, which can be forwarded to another instance. All sources compare as equal, so
/// that equal actions are equal however they were written.
#[derive(Debug, Clone, Default)]
#[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only a cluster sends it on"))]
pub(crate) struct Source(Arc<Value>);

impl Source {
    fn of(request: &Value) -> Self {
        Self(Arc::new(request.clone()))
    }

    #[cfg(feature = "redis")]
    pub(crate) fn request(&self) -> &Value {
        &self.0
    }
}

impl PartialEq for Source {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What to do, with one variant per type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each payload documents itself")]
pub enum ActionKind {
    Goto(Goto),
    Back(Travel),
    Forward(Travel),
    Reload(Travel),
    Title,
    Url,
    Screenshot(Screenshot),
    WaitForSelector(WaitForSelector),
    WaitForTimeout(WaitForTimeout),
    Click(Click),
    Hover(Hover),
    MoveMouse(MoveMouse),
    DragMouse(DragMouse),
    CursorPosition,
    Type(Type),
    TypeText(TypeText),
    Fill(Fill),
    Select(Select),
    Check(Check),
    Press(Press),
    Scroll(Scroll),
    Snapshot(Snapshot),
    Console(Console),
    Errors(Errors),
    Content(Content),
    Query(Query),
    Batch(Batch),
}

impl Action {
    /// The type of the action.
    pub fn action_type(&self) -> ActionType {
        match &self.kind {
            ActionKind::Goto(_) => ActionType::Goto,
            ActionKind::Back(_) => ActionType::Back,
            ActionKind::Forward(_) => ActionType::Forward,
            ActionKind::Reload(_) => ActionType::Reload,
            ActionKind::Title => ActionType::Title,
            ActionKind::Url => ActionType::Url,
            ActionKind::Screenshot(_) => ActionType::Screenshot,
            ActionKind::WaitForSelector(_) => ActionType::WaitForSelector,
            ActionKind::WaitForTimeout(_) => ActionType::WaitForTimeout,
            ActionKind::Click(_) => ActionType::Click,
            ActionKind::Hover(_) => ActionType::Hover,
            ActionKind::MoveMouse(_) => ActionType::MoveMouse,
            ActionKind::DragMouse(_) => ActionType::DragMouse,
            ActionKind::CursorPosition => ActionType::CursorPosition,
            ActionKind::Type(_) => ActionType::Type,
            ActionKind::TypeText(_) => ActionType::TypeText,
            ActionKind::Fill(_) => ActionType::Fill,
            ActionKind::Select(_) => ActionType::Select,
            ActionKind::Check(_) => ActionType::Check,
            ActionKind::Press(_) => ActionType::Press,
            ActionKind::Scroll(_) => ActionType::Scroll,
            ActionKind::Snapshot(_) => ActionType::Snapshot,
            ActionKind::Console(_) => ActionType::Console,
            ActionKind::Errors(_) => ActionType::Errors,
            ActionKind::Content(_) => ActionType::Content,
            ActionKind::Query(_) => ActionType::Query,
            ActionKind::Batch(_) => ActionType::Batch,
        }
    }

    /// Timeout of the whole action.
    pub fn timeout(&self) -> Duration {
        match &self.kind {
            ActionKind::Goto(goto) => goto.timeout,
            ActionKind::Back(travel) | ActionKind::Forward(travel) | ActionKind::Reload(travel) => travel.timeout,
            ActionKind::WaitForSelector(wait) => wait.timeout,
            ActionKind::WaitForTimeout(wait) => wait.pause + limits::READ_TIMEOUT,
            ActionKind::Click(click) => click.timeout,
            ActionKind::Hover(hover) => hover.timeout,
            ActionKind::DragMouse(drag) => drag.timeout,
            ActionKind::Type(typed) => typed.typing.timeout,
            ActionKind::TypeText(typed) => typed.typing.timeout,
            ActionKind::Fill(fill) => fill.timeout,
            ActionKind::Select(select) => select.timeout,
            ActionKind::Check(check) => check.timeout,
            ActionKind::Press(press) => press.timeout,
            ActionKind::Scroll(scroll) => scroll.timeout,
            ActionKind::Title
            | ActionKind::Url
            | ActionKind::Screenshot(_)
            | ActionKind::MoveMouse(_)
            | ActionKind::CursorPosition
            | ActionKind::Snapshot(_)
            | ActionKind::Console(_)
            | ActionKind::Errors(_)
            | ActionKind::Content(_)
            | ActionKind::Query(_) => limits::READ_TIMEOUT,
            ActionKind::Batch(_) => limits::BATCH_TIMEOUT,
        }
    }
}
