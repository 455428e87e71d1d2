//! The language of actions: what may be asked of a page, parsed and within bounds, and what comes back.
//!
//! Data only, one file per family; how it is done lives under `browser/`. Whoever holds an [`Action`] holds a valid one.

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
    selector::Selector,
    snapshot::{RefReport, Snapshot, SnapshotResult},
    tells::Tells,
    viewport::{Device, DeviceScale, Viewport, ViewportChange, devices},
    wait::{ElementState, WaitForSelector, WaitForTimeout, WaitedResult},
};
pub use crate::action_type::{ActionType, UnknownActionType};
use crate::limits;

/// One valid action.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// What to do.
    pub deed: Deed,
    /// Take a picture afterwards and attach it.
    pub screenshot: bool,
    /// Applied before the action; stays until changed.
    pub viewport: Option<ViewportChange>,
    /// What it was parsed from.
    pub(crate) source: Source,
}

/// The request an action was parsed from, to be sent on to whoever performs it; two actions that do the same are equal
/// however they were asked for.
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

/// What to do, one variant per type.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each payload documents itself")]
pub enum Deed {
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
    /// The type's name.
    pub fn kind(&self) -> ActionType {
        match &self.deed {
            Deed::Goto(_) => ActionType::Goto,
            Deed::Back(_) => ActionType::Back,
            Deed::Forward(_) => ActionType::Forward,
            Deed::Reload(_) => ActionType::Reload,
            Deed::Title => ActionType::Title,
            Deed::Url => ActionType::Url,
            Deed::Screenshot(_) => ActionType::Screenshot,
            Deed::WaitForSelector(_) => ActionType::WaitForSelector,
            Deed::WaitForTimeout(_) => ActionType::WaitForTimeout,
            Deed::Click(_) => ActionType::Click,
            Deed::Hover(_) => ActionType::Hover,
            Deed::MoveMouse(_) => ActionType::MoveMouse,
            Deed::DragMouse(_) => ActionType::DragMouse,
            Deed::CursorPosition => ActionType::CursorPosition,
            Deed::Type(_) => ActionType::Type,
            Deed::TypeText(_) => ActionType::TypeText,
            Deed::Fill(_) => ActionType::Fill,
            Deed::Select(_) => ActionType::Select,
            Deed::Check(_) => ActionType::Check,
            Deed::Press(_) => ActionType::Press,
            Deed::Scroll(_) => ActionType::Scroll,
            Deed::Snapshot(_) => ActionType::Snapshot,
            Deed::Console(_) => ActionType::Console,
            Deed::Errors(_) => ActionType::Errors,
            Deed::Content(_) => ActionType::Content,
            Deed::Query(_) => ActionType::Query,
            Deed::Batch(_) => ActionType::Batch,
        }
    }

    /// How long the whole action may take, everything included.
    pub fn timeout(&self) -> Duration {
        match &self.deed {
            Deed::Goto(goto) => goto.timeout,
            Deed::Back(travel) | Deed::Forward(travel) | Deed::Reload(travel) => travel.timeout,
            Deed::WaitForSelector(wait) => wait.timeout,
            Deed::WaitForTimeout(wait) => wait.pause + limits::READ_TIMEOUT,
            Deed::Click(click) => click.timeout,
            Deed::Hover(hover) => hover.timeout,
            Deed::DragMouse(drag) => drag.timeout,
            Deed::Type(typed) => typed.typing.timeout,
            Deed::TypeText(typed) => typed.typing.timeout,
            Deed::Fill(fill) => fill.timeout,
            Deed::Select(select) => select.timeout,
            Deed::Check(check) => check.timeout,
            Deed::Press(press) => press.timeout,
            Deed::Scroll(scroll) => scroll.timeout,
            Deed::Title
            | Deed::Url
            | Deed::Screenshot(_)
            | Deed::MoveMouse(_)
            | Deed::CursorPosition
            | Deed::Snapshot(_)
            | Deed::Console(_)
            | Deed::Errors(_)
            | Deed::Content(_)
            | Deed::Query(_) => limits::READ_TIMEOUT,
            Deed::Batch(_) => limits::BATCH_TIMEOUT,
        }
    }
}
