//! The language of actions: what may be asked of a page, parsed and within bounds, and what comes back.
//!
//! Data only, one file per family; how it is done lives under `browser/`. Whoever holds an [`Action`] holds a valid one.

mod batch;
mod keyboard;
mod kind;
mod navigate;
mod outcome;
mod parse;
mod payload;
mod pointer;
mod read;
mod screenshot;
mod selector;
mod viewport;
mod wait;

use std::time::Duration;

pub use self::{
    batch::{Batch, BatchResult, StepResult},
    keyboard::Fill,
    kind::{ActionType, UnknownActionType},
    navigate::{Goto, GotoResult, WaitUntil},
    outcome::{
        ActionResult, Diagnostics, DialogReport, DownloadReport, Effects, ElementResult, Outcome, Point, Rect,
        TabReport,
    },
    parse::parse,
    pointer::{Click, Modifier, MouseButton, Target},
    read::{Content, ContentFormat, ContentResult, Query, QueryField, QueryResult},
    screenshot::{Clip, Picture, PictureFormat, Screenshot},
    selector::Selector,
    viewport::{Device, DeviceScale, Viewport, ViewportChange, devices},
    wait::{ElementState, WaitForSelector},
};
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
}

/// What to do, one variant per type that is available.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each payload documents itself")]
pub enum Deed {
    Goto(Goto),
    Title,
    Url,
    Screenshot(Screenshot),
    WaitForSelector(WaitForSelector),
    Click(Click),
    Fill(Fill),
    Content(Content),
    Query(Query),
    Batch(Batch),
}

impl Action {
    /// The type's name.
    pub fn kind(&self) -> ActionType {
        match &self.deed {
            Deed::Goto(_) => ActionType::Goto,
            Deed::Title => ActionType::Title,
            Deed::Url => ActionType::Url,
            Deed::Screenshot(_) => ActionType::Screenshot,
            Deed::WaitForSelector(_) => ActionType::WaitForSelector,
            Deed::Click(_) => ActionType::Click,
            Deed::Fill(_) => ActionType::Fill,
            Deed::Content(_) => ActionType::Content,
            Deed::Query(_) => ActionType::Query,
            Deed::Batch(_) => ActionType::Batch,
        }
    }

    /// How long the whole action may take, everything included.
    pub fn timeout(&self) -> Duration {
        match &self.deed {
            Deed::Goto(goto) => goto.timeout,
            Deed::WaitForSelector(wait) => wait.timeout,
            Deed::Click(click) => click.timeout,
            Deed::Fill(fill) => fill.timeout,
            Deed::Title | Deed::Url | Deed::Screenshot(_) | Deed::Content(_) | Deed::Query(_) => limits::READ_TIMEOUT,
            Deed::Batch(_) => limits::BATCH_TIMEOUT,
        }
    }
}
