//! The state of a simulated page, and the effect of each action on it.
//!
//! This module must not know time or sessions.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    action::{
        ActionKind, ActionResult, CheckResult, Choice, ConsoleResult, ContentResult, Diagnostics, DragPath, DragResult,
        ElementResult, ErrorsResult, GotoResult, Picture, PictureFormat, Point, PressResult, QueryResult, ScrollResult,
        Scrolled, Select, SelectResult, SnapshotResult, Stretch, Target, WaitedResult,
    },
    browser::ViewFrame,
};

/// The smallest valid PNG: one transparent pixel.
const PIXEL: &[u8] = include_bytes!("pixel.png");
/// One white pixel as a JPEG.
const DOT: &[u8] = include_bytes!("dot.jpg");
/// The position of every element.
const SOMEWHERE: Point = Point { x: 0.0, y: 0.0 };

/// A page of addresses and fields. Every selector matches one element, which accepts any value.
#[derive(Debug)]
pub(super) struct SimulatedState {
    history: Vec<String>,
    place: usize,
    pub(super) url: String,
    fields: BTreeMap<String, String>,
    checked: BTreeSet<String>,
    focus: String,
    mouse: Point,
    scrolled: Point,
}

impl Default for SimulatedState {
    fn default() -> Self {
        let url = "about:blank".to_owned();
        Self {
            history: vec![url.clone()],
            place: 0,
            url,
            fields: BTreeMap::new(),
            checked: BTreeSet::new(),
            focus: String::new(),
            mouse: SOMEWHERE,
            scrolled: SOMEWHERE,
        }
    }
}

impl SimulatedState {
    /// The result of a successful action.
    pub(super) fn succeed(&mut self, kind: &ActionKind) -> ActionResult {
        match kind {
            ActionKind::Goto(goto) => self.goto(goto.url.to_string()),
            ActionKind::Back(_) => self.go_to(self.place.checked_sub(1)),
            ActionKind::Forward(_) => self.go_to(self.place.checked_add(1)),
            ActionKind::Reload(_) => self.go_to(Some(self.place)),
            ActionKind::WaitForSelector(_) => element().into(),
            ActionKind::WaitForTimeout(wait) => {
                let waited_ms = u64::try_from(wait.pause.as_millis()).unwrap_or(u64::MAX);
                ActionResult::Waited(WaitedResult { waited_ms })
            }
            ActionKind::Click(click) => {
                let (result, point) = self.point_at(&click.target);
                ElementResult { clicked_point: Some(point), ..result }.into()
            }
            ActionKind::Hover(hover) => {
                let (result, point) = self.point_at(&hover.target);
                ElementResult { hovered_point: Some(point), ..result }.into()
            }
            ActionKind::MoveMouse(movement) => {
                self.mouse = movement.to;
                ActionResult::Mouse(self.mouse)
            }
            ActionKind::DragMouse(drag) => self.drag(&drag.path),
            ActionKind::CursorPosition => ActionResult::Mouse(self.mouse),
            ActionKind::Type(typed) => {
                typed.selector.as_str().clone_into(&mut self.focus);
                if typed.clear {
                    self.fields.remove(&self.focus);
                }
                self.type_in(&typed.typing.text);
                element().into()
            }
            ActionKind::TypeText(typed) => {
                self.type_in(&typed.typing.text);
                ActionResult::Done {}
            }
            ActionKind::Fill(fill) => {
                self.fields.insert(fill.selector.as_str().to_owned(), fill.value.clone());
                ElementResult { value: Some(fill.value.clone()), ..element() }.into()
            }
            ActionKind::Select(select) => self.select(select),
            ActionKind::Check(check) => {
                let name = check.selector.as_str().to_owned();
                let _changed = if check.checked { self.checked.insert(name) } else { self.checked.remove(&name) };
                ActionResult::Check(CheckResult { checked: check.checked })
            }
            ActionKind::Press(press) => {
                if press.chord.modifiers.is_empty() && press.chord.key.chars().count() == 1 {
                    self.type_in(&press.chord.key.clone());
                }
                ActionResult::Press(PressResult { key: press.chord.name.clone() })
            }
            ActionKind::Scroll(scroll) => self.scroll(&scroll.what),
            reading => self.read(reading),
        }
    }

    /// Performs an action that changes nothing.
    fn read(&self, kind: &ActionKind) -> ActionResult {
        match kind {
            ActionKind::Title => ActionResult::Title { title: self.title() },
            ActionKind::Url => ActionResult::Url { url: self.url.clone() },
            ActionKind::Screenshot(_) => ActionResult::Screenshot(pixel()),
            ActionKind::Snapshot(_) => ActionResult::Snapshot(SnapshotResult {
                snapshot: format!("- text: simulated page at {}", self.url),
                refs: BTreeMap::new(),
                url: self.url.clone(),
                title: self.title(),
                truncated: false,
            }),
            ActionKind::Console(_) => ActionResult::Console(ConsoleResult { messages: Vec::new(), dropped: 0 }),
            ActionKind::Errors(_) => ActionResult::Errors(ErrorsResult { errors: Vec::new(), dropped: 0 }),
            ActionKind::Content(content) => ActionResult::Content(ContentResult {
                format: content.format,
                content: format!("simulated page at {}", self.url),
                url: self.url.clone(),
                title: self.title(),
                truncated: false,
                hidden: false,
            }),
            ActionKind::Query(query) => ActionResult::Query(QueryResult {
                selector: query.selector.clone(),
                fields: query.fields.clone(),
                attributes: query.attributes.clone(),
                limit: query.limit,
                count: 0,
                elements: Vec::new(),
            }),
            // Sessions split batches before a page gets them; all other actions were handled above.
            _ => ActionResult::Done {},
        }
    }

    fn title(&self) -> String {
        format!("Simulated {}", self.url)
    }

    fn goto(&mut self, url: String) -> ActionResult {
        self.history.truncate(self.place + 1);
        self.history.push(url);
        self.go_to(Some(self.place + 1));
        ActionResult::Goto(GotoResult { url: self.url.clone(), status: Some(200), title: self.title() })
    }

    /// Goes to an entry of the history. Nothing happens if there is no such entry.
    fn go_to(&mut self, place: Option<usize>) -> ActionResult {
        if let Some((place, url)) = place.and_then(|place| Some((place, self.history.get(place)?.clone()))) {
            (self.place, self.url) = (place, url);
            self.fields.clear();
            self.checked.clear();
        }
        ActionResult::Done {}
    }

    fn point_at(&mut self, target: &Target) -> (ElementResult, Point) {
        match target {
            Target::At(point) => {
                self.mouse = *point;
                (ElementResult::default(), *point)
            }
            Target::Element { selector, .. } => {
                selector.as_str().clone_into(&mut self.focus);
                self.mouse = SOMEWHERE;
                (element(), SOMEWHERE)
            }
        }
    }

    fn drag(&mut self, path: &DragPath) -> ActionResult {
        let (from, to, points) = match path {
            DragPath::Points(points) => {
                let end = |point: Option<&Point>| point.copied().unwrap_or(SOMEWHERE);
                (end(points.first()), end(points.last()), points.len())
            }
            DragPath::Elements(..) => (SOMEWHERE, SOMEWHERE, 2),
        };
        self.mouse = to;
        ActionResult::Drag(DragResult { from, to, points })
    }

    fn type_in(&mut self, text: &str) {
        self.fields.entry(self.focus.clone()).or_default().push_str(text);
    }

    fn select(&mut self, select: &Select) -> ActionResult {
        let selected = match &select.choice {
            Choice::Value(values) => values.clone(),
            Choice::Label([label]) => vec![label.clone()],
            Choice::Index([index]) => vec![index.to_string()],
        };
        self.fields.insert(select.selector.as_str().to_owned(), selected.join(","));
        ActionResult::Select(SelectResult { selected })
    }

    fn scroll(&mut self, what: &Scrolled) -> ActionResult {
        let by = match what {
            Scrolled::Page(Stretch::By(by)) | Scrolled::Wheel(_, by) => (by.dx, by.dy),
            Scrolled::Page(Stretch::To(_)) | Scrolled::Element(..) | Scrolled::IntoView(_) => (0.0, 0.0),
        };
        self.scrolled = Point { x: (self.scrolled.x + by.0).max(0.0), y: (self.scrolled.y + by.1).max(0.0) };
        ActionResult::Scroll(ScrollResult { scroll_x: self.scrolled.x, scroll_y: self.scrolled.y, at_end: false })
    }
}

fn element() -> ElementResult {
    ElementResult::of(Diagnostics {
        matched: true,
        match_count: 1,
        visible: true,
        enabled: Some(true),
        element_text: Some(String::new()),
        tag_name: Some("div".to_owned()),
        attributes: Some(BTreeMap::new()),
        bounding_box: None,
        covered_by: None,
    })
}

pub(super) fn view_frame() -> ViewFrame {
    ViewFrame { body: Bytes::from_static(DOT), width: 1, height: 1, scale: 1.0 }
}

pub(super) fn pixel() -> Picture {
    Picture { format: PictureFormat::Png, body: Bytes::from_static(PIXEL), width: 1, height: 1, clamped: false }
}
