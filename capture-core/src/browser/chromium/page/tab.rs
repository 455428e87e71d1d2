//! One tab as its events report it: its address, how far it has loaded, and whether it is leaving its document. This
//! module is pure.

use serde::Deserialize;

use super::frames::Frames;
use crate::{
    action::WaitUntil,
    browser::chromium::cdp::{CdpSession, Event, SessionKey},
};

/// The function with which our scripts send reports. It exists only in their world.
pub(crate) const REPORT: &str = "captureReport";
/// The address of an empty document.
pub(crate) const BLANK: &str = "about:blank";
/// Number of documents remembered per tab, to detect that a navigation arrived and was replaced by the next one.
const REMEMBERED: usize = 16;
/// A document that redirects by itself does so once or twice, and not this often.
const OVERRUN: usize = 5;

/// Whether a tab is leaving its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// It is not.
    No,
    /// The page requested a navigation.
    Requested,
    /// The browser has begun the navigation.
    Started,
}

/// A tab of a session.
#[derive(Debug)]
pub(crate) struct Tab {
    pub(crate) key: SessionKey,
    pub(crate) session: CdpSession,
    /// Id of the target, which is also the id of its main frame.
    pub(crate) target: String,
    /// The target of the tab that opened it.
    pub(crate) opener: Option<String>,
    /// Whether an action acted on it.
    pub(crate) acted_on: bool,
    pub(crate) url: String,
    pub(crate) frames: Frames,
    /// Loader ids of the documents that it has shown, newest last.
    loaders: Vec<String>,
    stage: Option<WaitUntil>,
    /// What the present document reported when its markup had been parsed.
    pub(crate) facts: Option<PageFacts>,
    pub(crate) leaving: Leaving,
    /// Number of documents that it has shown.
    pub(crate) commits: u64,
    /// Number of documents, and of addresses within documents, that it has shown.
    pub(crate) moves: u64,
    /// Whether the present document is an error page.
    pub(crate) is_error_page: bool,
    /// Number of times it began to leave its document.
    pub(crate) departures: u64,
}

/// What an event of a tab means for the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing to report.
    None,
    /// Its address or its document has changed.
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

/// What a document reports about itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PageFacts {
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) status: Option<u16>,
    /// The time of its clock.
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

    /// Whether the present document has loaded this far.
    pub(crate) fn is_at(&self, until: WaitUntil) -> bool {
        self.stage.is_some_and(|stage| stage >= until)
    }

    /// Whether the document of this loader, or one after it, has arrived and loaded this far.
    pub(crate) fn has_loaded(&self, loader: &str, until: WaitUntil) -> bool {
        self.loaders.iter().any(|known| known == loader) && self.is_at(until)
    }

    /// Whether so many documents have arrived after the one of this loader that it cannot be redirecting: the old page
    /// has taken the tab back.
    pub(crate) fn is_overrun(&self, loader: &str) -> bool {
        let place = self.loaders.iter().position(|known| known == loader);
        place.is_some_and(|place| self.loaders.len() - place > OVERRUN)
    }

    /// Handles an event of this tab.
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

    /// Handles a report of the main frame. Child frames have worlds of their own, which do not report.
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

/// Whether the navigation leaves the document. Navigations within a document are reported when they are done.
fn leaves_document(navigation_type: &str) -> bool {
    !matches!(navigation_type, "sameDocument" | "historySameDocument")
}
