//! What an action brings back.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BackResult, BatchResult, CheckResult, ConsoleResult, ContentResult, DragResult, ErrorsResult, GotoResult, Picture,
    PressResult, QueryResult, ScrollResult, SelectResult, SnapshotResult, StepResult, Tells, WaitedResult,
};

/// What an action brought: its own result, what else happened meanwhile, and the picture asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// The action's own fields.
    #[serde(flatten)]
    pub result: ActionResult,
    /// What else happened.
    #[serde(flatten)]
    pub effects: Effects,
    /// The picture of `screenshot:true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub screenshot: Option<Picture>,
}

impl From<ActionResult> for Outcome {
    fn from(result: ActionResult) -> Self {
        Self { result, effects: Effects::default(), screenshot: None }
    }
}

impl Outcome {
    /// Bytes of its JSON, about: pictures are not encoded just to be measured.
    pub(crate) fn json_bytes(&self) -> usize {
        let attached = self.screenshot.as_ref().map_or(0, Picture::json_bytes);
        let own = match &self.result {
            ActionResult::Screenshot(picture) => picture.json_bytes(),
            ActionResult::Batch(batch) => batch.results.iter().map(StepResult::json_bytes).sum(),
            other => count(other),
        };
        attached + own + count(&self.effects)
    }

    /// The pictures of one action.
    pub(crate) fn pictures_mut(&mut self) -> impl Iterator<Item = &mut Picture> {
        let own = match &mut self.result {
            ActionResult::Screenshot(picture) => Some(picture),
            _ => None,
        };
        own.into_iter().chain(&mut self.screenshot)
    }

    /// Bytes of the pictures in it, those of a batch's steps among them.
    pub(crate) fn picture_bytes(&self) -> usize {
        let attached = self.screenshot.as_ref().map_or(0, |picture| picture.body.len());
        let own = match &self.result {
            ActionResult::Screenshot(picture) => picture.body.len(),
            ActionResult::Batch(batch) => {
                batch.results.iter().flat_map(|step| &step.result).map(Self::picture_bytes).sum()
            }
            _ => 0,
        };
        attached + own
    }
}

/// Bytes of the JSON of a value, counted without keeping them.
pub(super) fn count(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    let _ = serde_json::to_writer(&mut count, value); // counting cannot fail
    count.0
}

/// The fields of each action's own result.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant's type documents itself")]
pub enum ActionResult {
    Goto(GotoResult),
    /// Nothing of its own: its effects say it all.
    Done {},
    Title {
        title: String,
    },
    Url {
        url: String,
    },
    Screenshot(Picture),
    Element(Box<ElementResult>),
    Waited(WaitedResult),
    Mouse(Point),
    Drag(DragResult),
    Back(BackResult),
    Select(SelectResult),
    Check(CheckResult),
    Press(PressResult),
    Scroll(ScrollResult),
    Snapshot(SnapshotResult),
    Console(ConsoleResult),
    Errors(ErrorsResult),
    Content(ContentResult),
    Query(QueryResult),
    Batch(BatchResult),
    /// Of a page of another instance: the fields as they were made there.
    #[cfg(feature = "redis")]
    Relayed(crate::cluster::Fields),
}

/// A point in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// A box in CSS pixels of the viewport.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// What a selector action saw of its element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    /// Whether the selector found anything.
    pub matched: bool,
    /// How many elements it found.
    pub match_count: u64,
    /// Whether the one that counts is visible: the first that is, or where none is the first.
    pub visible: bool,
    /// Whether it takes input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its text, white space collapsed, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element_text: Option<String>,
    /// Its tag, lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_name: Option<String>,
    /// Its attributes as they stand in the markup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// Its box in the viewport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounding_box: Option<Rect>,
    /// What would receive a click instead of it, as `div#consent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
}

/// What an action on an element brings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElementResult {
    /// The element; absent for a click at a point.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// Where it was clicked, in the viewport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicked_point: Option<Point>,
    /// Where the mouse is over it, in the viewport.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hovered_point: Option<Point>,
    /// The field's content after `fill`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl ElementResult {
    /// An element and nothing else.
    pub fn of(diagnostics: Diagnostics) -> Self {
        Self { diagnostics: Some(diagnostics), ..Self::default() }
    }
}

impl From<ElementResult> for ActionResult {
    fn from(result: ElementResult) -> Self {
        Self::Element(Box::new(result))
    }
}

/// A dialog the page opened during the action; it was answered at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialogReport {
    /// alert, confirm, prompt or beforeunload.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it said.
    pub message: String,
    /// How it was answered.
    pub accepted: bool,
}

/// A tab the page opened during the action; it is the active page now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TabReport {
    /// Where it goes.
    pub url: String,
}

/// A download the page offered during the action; it was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadReport {
    /// Where it came from.
    pub url: String,
    /// The name it was offered under.
    pub suggested_filename: String,
}

/// What happened to the page while an action ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Effects {
    /// The active page's address afterwards, for pointer, keyboard and navigation actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the address changed; `back`, `forward` and `reload` say so either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigated: Option<bool>,
    /// Dialogs, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogs: Vec<DialogReport>,
    /// The tab that became active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_tab: Option<TabReport>,
    /// The download that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<DownloadReport>,
}

impl Effects {
    /// Fills in where the page is, as far as this action's reply tells it.
    pub(crate) fn told(&mut self, tells: Tells, navigated: bool, url: String) {
        self.navigated = (tells == Tells::Travel || (tells != Tells::Nothing && navigated)).then_some(navigated);
        self.url = matches!(tells, Tells::NavigationAndUrl | Tells::Travel).then_some(url);
    }
}
