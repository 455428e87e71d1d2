//! Assigns sessions to browsers, and decides what is made ready ahead of time and which browsers are closed. This
//! module only decides; the tasks beside it start and close browsers.
//!
//! A browser has no owner until a session takes it, and from then on it belongs to that session's user until it is
//! closed.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::entry::{Claim, Entry, Holder, Rules};
use crate::browser::{IsolationKey, chromium::config::Isolation};

/// Maximum number of pages that are opened ahead of time in users' browsers concurrently. A browser that hangs then
/// cannot block all others.
const AHEAD_IN_USERS: usize = 4;

/// Identifies a browser; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BrowserId(u64);

/// What to make ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// A page in this browser.
    Page(BrowserId),
    /// This browser.
    Browser(BrowserId),
}

/// All browsers that run or start.
#[derive(Debug)]
pub(super) struct Assignment {
    rules: Rules,
    browsers: BTreeMap<BrowserId, Entry>,
    next: u64,
    /// Whether the last browser start succeeded.
    proven: bool,
}

impl Assignment {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, browsers: BTreeMap::new(), next: 0, proven: false }
    }

    /// Assigns a session to its user's browser, or else to a spare one, or else to a new one.
    pub(super) fn claim(&mut self, key: &IsolationKey) -> (BrowserId, Claim) {
        let holder = match self.rules.isolation {
            Isolation::Context => Holder::Everyone,
            Isolation::User => Holder::User(key.clone()),
            Isolation::Process => Holder::OneSession,
        };
        let rules = self.rules;
        let fits = self.browsers.iter_mut().filter_map(|(id, entry)| {
            let claim = entry.claim(&holder, &rules)?;
            Some(((entry.holder.is_none(), claim, entry.pages()), *id, entry))
        });
        let best = fits.min_by_key(|(rank, id, _)| (*rank, *id));
        if let Some(((_, claim, _), id, entry)) = best {
            entry.holder = Some(holder);
            entry.sessions += 1;
            entry.idle_since = None;
            match claim {
                Claim::Ready => entry.ready -= 1,
                _ => entry.opened += 1,
            }
            return (id, claim);
        }
        let id = self.begin(Entry { holder: Some(holder), sessions: 1, opened: 1, ..Entry::default() });
        (id, Claim::Start)
    }

    /// What to make ready next, if anything. It counts as begun from now on.
    pub(super) fn ahead(&mut self) -> Option<Ahead> {
        match self.rules.isolation {
            Isolation::Context => self.ahead_for_everyone(),
            Isolation::User => self.ahead_in_spares().or_else(|| self.ahead_in_users()),
            Isolation::Process => self.ahead_in_spares(),
        }
    }

    /// Records that this browser has started.
    pub(super) fn started(&mut self, id: BrowserId) {
        self.proven = true;
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.running = true;
        }
    }

    /// Records that this browser failed to start.
    pub(super) fn did_not_start(&mut self, id: BrowserId) {
        self.proven = false;
        self.browsers.remove(&id);
    }

    /// Records that a page is ready that was begun ahead of time. Returns false if its browser does not need it any
    /// more.
    pub(super) fn page_ready(&mut self, id: BrowserId) -> bool {
        self.page_not_ready(id);
        let Some(entry) = self.browsers.get_mut(&id).filter(|entry| !entry.retiring) else { return false };
        entry.ready += 1;
        true
    }

    /// Records that opening a page ahead of time failed.
    pub(super) fn page_not_ready(&mut self, id: BrowserId) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.opening -= 1;
        }
    }

    /// Records that a session has ended.
    pub(super) fn released(&mut self, id: BrowserId, now: Instant) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.sessions -= 1;
            entry.idle_since = (entry.sessions == 0).then_some(now);
        }
    }

    /// Makes the browser take no further sessions.
    pub(super) fn retire(&mut self, id: BrowserId) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.retiring = true;
            entry.ready = 0;
        }
    }

    /// Removes a browser that is gone.
    pub(super) fn lost(&mut self, id: BrowserId) {
        self.browsers.remove(&id);
    }

    /// Removes the browsers that must be closed, and returns them.
    pub(super) fn take_done(&mut self, now: Instant) -> Vec<BrowserId> {
        let rules = self.rules;
        let done = self.browsers.extract_if(.., |_, entry| entry.is_done(&rules, now)).map(|(id, _)| id).collect();
        [done, self.take_idle(rules.idle_browsers)].concat()
    }

    /// Removes those browsers that wait for their users' next sessions, except for the `but` most recent ones, and
    /// returns them.
    pub(super) fn take_idle(&mut self, but: usize) -> Vec<BrowserId> {
        let mut idle: Vec<_> = self.idle().map(|(id, until)| (until, id)).collect();
        idle.sort_unstable();
        idle.truncate(idle.len().saturating_sub(but));
        for (_, id) in &idle {
            self.lost(*id);
        }
        idle.into_iter().map(|(_, id)| id).collect()
    }

    /// The time at which the first browser that waits for its user's next session must be closed.
    pub(super) fn next_done(&self) -> Option<Instant> {
        self.idle().map(|(_, until)| until).min()
    }

    fn idle(&self) -> impl Iterator<Item = (BrowserId, Instant)> {
        self.browsers.iter().filter_map(|(id, entry)| Some((*id, entry.idle_until(&self.rules)?)))
    }

    /// Shared browsers that are used up and hold only pages that are ready, and those without a page while another
    /// browser accepts sessions.
    pub(super) fn superfluous(&self) -> Vec<BrowserId> {
        let shared = || {
            self.browsers
                .iter()
                .filter(|(_, entry)| entry.running && entry.holder == Some(Holder::Everyone) && !entry.retiring)
        };
        let is_used_up = |entry: &Entry| entry.opened >= self.rules.life;
        let used_up = shared().filter(|(_, entry)| is_used_up(entry) && entry.pages() == entry.ready);
        let serving = shared().filter(|(_, entry)| !is_used_up(entry)).count();
        let idle = shared().filter(|(_, entry)| !is_used_up(entry) && entry.pages() == 0);
        used_up.map(|(id, _)| *id).chain(idle.map(|(id, _)| *id).take(serving.saturating_sub(1))).collect()
    }

    /// Number of pages that are ready.
    pub(super) fn ready_pages(&self) -> usize {
        self.browsers.values().map(|entry| entry.ready).sum()
    }

    /// Whether there is a running browser for a user who has none.
    pub(super) fn has_one_for_anybody(&self) -> bool {
        let takes_anybody = |entry: &Entry| matches!(entry.holder, None | Some(Holder::Everyone));
        self.browsers.values().any(|entry| entry.running && !entry.retiring && takes_anybody(entry))
    }

    /// Whether everything is ready that should be.
    pub(super) fn is_full(&self) -> bool {
        let ready = match self.rules.isolation {
            Isolation::Context => self.ready_pages(),
            _ => self.browsers.values().filter(|entry| entry.is_spare() && entry.ready > 0).count(),
        };
        ready >= self.rules.ready && self.browsers.values().any(|entry| entry.running)
    }

    fn begin(&mut self, entry: Entry) -> BrowserId {
        let id = BrowserId(self.next);
        self.next += 1;
        self.browsers.insert(id, entry);
        id
    }

    fn begin_page(entry: &mut Entry, id: BrowserId) -> Ahead {
        entry.opening += 1;
        entry.opened += 1;
        Ahead::Page(id)
    }

    /// Pages until enough are ready, and a browser if none accepts another page.
    fn ahead_for_everyone(&mut self) -> Option<Ahead> {
        let rules = self.rules;
        let opening: usize = self.browsers.values().map(|entry| entry.opening).sum();
        let enough = self.ready_pages() + opening >= rules.ready;
        let has_one = self.browsers.values().any(|entry| !entry.retiring);
        if (enough || opening >= rules.ahead) && has_one {
            return None;
        }
        let fits = self.browsers.iter_mut().filter(|(_, entry)| entry.takes_pages(&rules));
        match fits.min_by_key(|(_, entry)| (!entry.running, entry.pages())) {
            Some((_, entry)) if !entry.running => None, // its start is awaited
            Some((id, entry)) => Some(Self::begin_page(entry, *id)),
            None => Some(Ahead::Browser(self.begin(Entry { holder: Some(Holder::Everyone), ..Entry::default() }))),
        }
    }

    /// A page in each spare browser, and spare browsers until there are enough. One is started in any case until it is
    /// known whether browsers start.
    fn ahead_in_spares(&mut self) -> Option<Ahead> {
        let wanted = self.rules.ready.max(usize::from(!self.proven));
        let pages = usize::from(self.rules.ready > 0);
        let mut spares = self.browsers.iter_mut().filter(|(_, entry)| entry.is_spare());
        if let Some((id, entry)) = spares.find(|(_, entry)| entry.running && entry.ready + entry.opening < pages) {
            return Some(Self::begin_page(entry, *id));
        }
        let spares = || self.browsers.values().filter(|entry| entry.is_spare());
        let begun = spares().filter(|entry| !entry.running).count();
        let more = spares().count() < wanted && begun < self.rules.ahead;
        more.then(|| Ahead::Browser(self.begin(Entry::default())))
    }

    /// A page in each user's browser, as long as the user may create another session.
    fn ahead_in_users(&mut self) -> Option<Ahead> {
        let rules = self.rules;
        let is_held = |entry: &Entry| matches!(entry.holder, Some(Holder::User(_)));
        let opening: usize = self.browsers.values().filter(|entry| is_held(entry)).map(|entry| entry.opening).sum();
        if rules.ready == 0 || opening >= AHEAD_IN_USERS {
            return None;
        }
        let wants_one = |entry: &Entry| {
            let may_want = (1..rules.ready_below).contains(&entry.sessions);
            is_held(entry) && entry.running && may_want && entry.ready + entry.opening == 0 && entry.takes_pages(&rules)
        };
        let wanting = self.browsers.iter_mut().filter(|(_, entry)| wants_one(entry));
        let (id, entry) = wanting.min_by_key(|(_, entry)| entry.sessions)?;
        Some(Self::begin_page(entry, *id))
    }
}
