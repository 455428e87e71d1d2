//! One tab as its events tell it: where it is, how far it has loaded, whether it is on its way elsewhere. Pure.

use serde::Deserialize;

use super::frames::Frames;
use crate::{
    action::WaitUntil,
    browser::chromium::cdp::{CdpSession, Event, SessionKey},
};

/// The function our scripts report with; only their world has it.
pub(crate) const REPORT: &str = "captureReport";
/// The address of a document that nothing was loaded into.
pub(crate) const BLANK: &str = "about:blank";
/// Documents remembered per tab, to tell that a navigation came and was replaced by the next.
const REMEMBERED: usize = 16;
/// A document that leads on by itself does so once or twice, not so often.
const OVERRUN: usize = 5;

/// Whether a tab is leaving its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It stays.
    No,
    /// The page asked to go.
    Requested,
    /// The browser is on its way.
    Started,
}

/// A tab of a session.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) key: SessionKey,
    pub(crate) session: CdpSession,
    /// The target's id, which is also its main frame's.
    pub(crate) target: String,
    /// The target of the tab that opened it.
    pub(crate) opener: Option<String>,
    /// An action did something to it.
    pub(crate) acted_on: bool,
    pub(crate) url: String,
    pub(crate) frames: Frames,
    /// Loaders of the documents it has shown, newest last.
    loaders: Vec<String>,
    stage: Option<WaitUntil>,
    /// What the present document reported of itself when its markup had been read.
    pub(crate) facts: Option<PageFacts>,
    pub(crate) leaving: Leaving,
    /// Documents committed so far.
    pub(crate) commits: u64,
    /// Documents and addresses within one that came so far.
    pub(crate) moves: u64,
    /// The present document stands for one that did not load.
    pub(crate) is_error_page: bool,
    /// Times it was asked to leave its document so far.
    pub(crate) departures: u64,
}

/// What an event of a tab means to the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing to tell.
    None,
    /// Its address is another, or its document is.
    Navigated,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Framed {
    frame_id: String,
    #[serde(default)]
    loader_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    navigation_type: String,
    #[serde(default)]
    disposition: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Navigated {
    frame: Frame,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    parent_id: Option<String>,
    loader_id: String,
    url: String,
    #[serde(default)]
    url_fragment: String,
    unreachable_url: Option<String>,
}

#[derive(Deserialize)]
struct Report {
    name: String,
    payload: String,
}

/// What a document tells of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PageFacts {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) status: Option<u16>,
    /// What its clock shows.
    now: f64,
}

impl Tab {
    pub(crate) fn new(key: SessionKey, session: CdpSession, target: String) -> Self {
        Self {
            frames: Frames::new(target.clone(), key.clone(), session.clone()),
            key,
            session,
            target,
            opener: None,
            acted_on: false,
            url: BLANK.to_owned(),
            loaders: Vec::new(),
            stage: None,
            facts: None,
            leaving: Leaving::No,
            commits: 0,
            moves: 0,
            is_error_page: false,
            departures: 0,
        }
    }

    /// Whether the present document has loaded so far.
    pub(crate) fn is_at(&self, until: WaitUntil) -> bool {
        self.stage.is_some_and(|stage| stage >= until)
    }

    /// Whether the document of this loader has come, or one after it, and has loaded so far.
    pub(crate) fn has_loaded(&self, loader: &str, until: WaitUntil) -> bool {
        self.loaders.iter().any(|known| known == loader) && self.is_at(until)
    }

    /// Whether so many documents have come after that of this loader that it is not the one being shown on its way: the
    /// page before it took the tab back.
    pub(crate) fn is_overrun(&self, loader: &str) -> bool {
        let place = self.loaders.iter().position(|known| known == loader);
        place.is_some_and(|place| self.loaders.len() - place > OVERRUN)
    }

    /// Takes an event of this tab.
    pub(crate) fn on_event(&mut self, event: &Event) -> Change {
        match &*event.method {
            "Page.frameNavigated" => return self.on_navigated(event),
            "Page.navigatedWithinDocument" => {
                if let Some(framed) = self.of_main_frame(event) {
                    let changed = self.url != framed.url;
                    self.url = framed.url;
                    self.moves += 1;
                    return if changed { Change::Navigated } else { Change::None };
                }
            }
            "Page.lifecycleEvent" => self.on_lifecycle(event),
            "Page.frameRequestedNavigation"
                if self.of_main_frame(event).is_some_and(|framed| framed.disposition == "currentTab") =>
            {
                self.departures += 1;
                self.leaving = self.leaving.max(Leaving::Requested);
            }
            "Page.frameStartedNavigating"
                if self.of_main_frame(event).is_some_and(|framed| leaves_document(&framed.navigation_type)) =>
            {
                self.departures += 1;
                self.leaving = Leaving::Started;
            }
            "Page.frameClearedScheduledNavigation"
                if self.leaving == Leaving::Requested && self.of_main_frame(event).is_some() =>
            {
                self.leaving = Leaving::No;
            }
            "Page.frameStoppedLoading" if self.of_main_frame(event).is_some() => {
                self.leaving = Leaving::No;
            }
            "Runtime.bindingCalled" => self.on_report(event),
            _ => self.frames.on_event(event),
        }
        Change::None
    }

    fn of_main_frame(&self, event: &Event) -> Option<Framed> {
        event.decode::<Framed>().filter(|framed| framed.frame_id == self.target)
    }

    fn on_navigated(&mut self, event: &Event) -> Change {
        let Some(Navigated { frame }) = event.decode() else { return Change::None };
        if frame.parent_id.is_some() {
            return Change::None;
        }
        self.is_error_page = frame.unreachable_url.is_some();
        self.url = frame.unreachable_url.unwrap_or(frame.url + &frame.url_fragment);
        self.frames.renew();
        if self.loaders.len() >= REMEMBERED {
            self.loaders.remove(0);
        }
        self.loaders.push(frame.loader_id);
        self.stage = Some(WaitUntil::Commit);
        self.facts = None;
        self.leaving = Leaving::No;
        self.commits += 1;
        self.moves += 1;
        Change::Navigated
    }

    fn on_lifecycle(&mut self, event: &Event) {
        let stage = |name: &str| match name {
            "DOMContentLoaded" => Some(WaitUntil::DomContentLoaded),
            "load" => Some(WaitUntil::Load),
            _ => None,
        };
        let Some(framed) = self.of_main_frame(event) else { return };
        if self.loaders.last().is_none_or(|loader| *loader == framed.loader_id) {
            self.stage = self.stage.max(stage(&framed.name));
        }
    }

    /// A report of the main frame: child frames have worlds of their own, which do not report.
    fn on_report(&mut self, event: &Event) {
        let report = event.decode::<Report>().filter(|report| report.name == REPORT);
        let Some(facts) = report.and_then(|report| serde_json::from_str::<PageFacts>(&report.payload).ok()) else {
            return;
        };
        if let Some(context) = self.frames.main().and_then(|frame| frame.context.as_ref()) {
            context.clock.heard(facts.now);
        }
        self.facts = Some(facts);
    }
}

impl Leaving {
    fn max(self, other: Self) -> Self {
        if self == Self::Started { self } else { other }
    }
}

/// Moves within a document are reported as done at once.
fn leaves_document(navigation_type: &str) -> bool {
    !matches!(navigation_type, "sameDocument" | "historySameDocument")
}
