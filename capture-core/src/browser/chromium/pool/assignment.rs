//! Which browser each session gets, what is made ready ahead of time, and which browser is done. Decisions only: the
//! tasks beside it start and close browsers.
//!
//! A browser belongs to nobody until a session takes it, and from then on to that session's user until it is closed.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::browser::{IsolationKey, chromium::config::Isolation};

/// Pages that are opened ahead of time in users' browsers at once. Those of a browser that hangs do not stop all
/// others.
const AHEAD_IN_USERS: usize = 4;

/// A browser's name in its life here; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BrowserId(u64);

/// What the settings ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) isolation: Isolation,
    /// Kept ready: pages where all users share browsers, else browsers with a page each.
    pub(super) ready: usize,
    /// Pages of a browser at a time.
    pub(super) room: usize,
    /// Pages opened in a browser in its life.
    pub(super) life: u64,
    /// Sessions of a user from which no page is kept ready in his browser.
    pub(super) ready_below: usize,
    /// Things that are made ready for nobody in particular at once.
    pub(super) ahead: usize,
    /// How long a user's browser waits for his next session when the last one has ended, and how many of them wait.
    pub(super) idle: Duration,
    pub(super) idle_browsers: usize,
}

/// How a session comes to its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// By a page that is ready.
    Ready,
    /// By opening one in a running browser.
    Open,
    /// By opening one once the browser has started, which was begun before.
    Join,
    /// As before, but its start is to be begun now.
    Start,
}

/// What is to be made ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    /// A page in this browser.
    Page(BrowserId),
    /// This browser.
    Browser(BrowserId),
}

/// Whose sessions a browser takes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Everyone,
    User(IsolationKey),
    OneSession,
}

#[derive(Debug, Default)]
struct Entry {
    /// None until a session has taken it.
    holder: Option<Holder>,
    running: bool,
    retiring: bool,
    /// Sessions it has or is about to have.
    sessions: usize,
    /// Since when it has none, once it has had one.
    idle_since: Option<Instant>,
    /// Pages that are ready.
    ready: usize,
    /// Pages that are being opened ahead of time.
    opening: usize,
    /// Pages opened in its life.
    opened: u64,
}

impl Entry {
    fn pages(&self) -> usize {
        self.sessions + self.ready + self.opening
    }

    fn takes_pages(&self, rules: &Rules) -> bool {
        !self.retiring && self.pages() < rules.room && self.opened < rules.life
    }

    fn is_spare(&self) -> bool {
        self.holder.is_none() && !self.retiring
    }

    /// How a session of this holder would come to a page here, if at all.
    fn claim(&self, holder: &Holder, rules: &Rules) -> Option<Claim> {
        let may = self.holder.as_ref().is_none_or(|mine| mine == holder && *mine != Holder::OneSession);
        match () {
            () if !may || self.retiring => None,
            () if self.ready > 0 => Some(Claim::Ready),
            () if !self.takes_pages(rules) => None,
            () if self.running => Some(Claim::Open),
            () => Some(Claim::Join),
        }
    }

    /// Until when a user's browser without a session waits for his next one.
    fn idle_until(&self, rules: &Rules) -> Option<Instant> {
        let is_idle = matches!(self.holder, Some(Holder::User(_))) && self.running && self.sessions == 0;
        let is_of_use = !self.retiring && (self.ready > 0 || self.opened < rules.life);
        self.idle_since.filter(|_| is_idle && is_of_use).map(|since| since + rules.idle)
    }

    /// Whether it is to be closed. One that starts is waited for, so that its process is known.
    fn is_done(&self, rules: &Rules, now: Instant) -> bool {
        let of_no_more_use = match self.holder {
            Some(Holder::User(_)) => self.idle_until(rules).is_none_or(|until| until <= now),
            Some(Holder::OneSession) => true,
            Some(Holder::Everyone) => self.retiring || (self.opened >= rules.life && self.ready + self.opening == 0),
            None => self.retiring,
        };
        self.running && self.sessions == 0 && of_no_more_use
    }
}

/// All browsers that run or start.
#[derive(Debug)]
pub(super) struct Assignment {
    rules: Rules,
    browsers: BTreeMap<BrowserId, Entry>,
    next: u64,
    /// Whether the last browser that was started came up.
    proven: bool,
}

impl Assignment {
    pub(super) fn new(rules: Rules) -> Self {
        Self { rules, browsers: BTreeMap::new(), next: 0, proven: false }
    }

    /// Gives a session a place: in its user's browser, else in a spare one, else in a new one.
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

    /// What is to be made ready next, if anything; it counts as begun from now on.
    pub(super) fn ahead(&mut self) -> Option<Ahead> {
        match self.rules.isolation {
            Isolation::Context => self.ahead_for_everyone(),
            Isolation::User => self.ahead_in_spares().or_else(|| self.ahead_in_users()),
            Isolation::Process => self.ahead_in_spares(),
        }
    }

    /// This browser has started.
    pub(super) fn started(&mut self, id: BrowserId) {
        self.proven = true;
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.running = true;
        }
    }

    /// This browser did not start.
    pub(super) fn did_not_start(&mut self, id: BrowserId) {
        self.proven = false;
        self.browsers.remove(&id);
    }

    /// A page that was begun ahead of time is there, and `true`; `false` where its browser does not need it any more.
    pub(super) fn page_ready(&mut self, id: BrowserId) -> bool {
        self.page_not_ready(id);
        let Some(entry) = self.browsers.get_mut(&id).filter(|entry| !entry.retiring) else { return false };
        entry.ready += 1;
        true
    }

    /// A page that was begun ahead of time will not be there.
    pub(super) fn page_not_ready(&mut self, id: BrowserId) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.opening -= 1;
        }
    }

    /// A session that had a place has ended.
    pub(super) fn released(&mut self, id: BrowserId, now: Instant) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.sessions -= 1;
            entry.idle_since = (entry.sessions == 0).then_some(now);
        }
    }

    /// It takes no further sessions.
    pub(super) fn retire(&mut self, id: BrowserId) {
        if let Some(entry) = self.browsers.get_mut(&id) {
            entry.retiring = true;
            entry.ready = 0;
        }
    }

    /// It is gone.
    pub(super) fn lost(&mut self, id: BrowserId) {
        self.browsers.remove(&id);
    }

    /// Forgets the browsers that are to be closed, and returns them.
    pub(super) fn take_done(&mut self, now: Instant) -> Vec<BrowserId> {
        let rules = self.rules;
        let done = self.browsers.extract_if(.., |_, entry| entry.is_done(&rules, now)).map(|(id, _)| id).collect();
        [done, self.take_idle(rules.idle_browsers)].concat()
    }

    /// Forgets the browsers that wait for their users' next sessions but for so many, and returns them: those that have
    /// waited longest.
    pub(super) fn take_idle(&mut self, but: usize) -> Vec<BrowserId> {
        let mut idle: Vec<_> = self.idle().map(|(id, until)| (until, id)).collect();
        idle.sort_unstable();
        idle.truncate(idle.len().saturating_sub(but));
        for (_, id) in &idle {
            self.lost(*id);
        }
        idle.into_iter().map(|(_, id)| id).collect()
    }

    /// When the first of the browsers that wait for their users' next sessions is done.
    pub(super) fn next_done(&self) -> Option<Instant> {
        self.idle().map(|(_, until)| until).min()
    }

    fn idle(&self) -> impl Iterator<Item = (BrowserId, Instant)> {
        self.browsers.iter().filter_map(|(id, entry)| Some((*id, entry.idle_until(&self.rules)?)))
    }

    /// Shared browsers that are used up and hold nothing but pages that are ready, and those without a page as long as
    /// another one takes sessions.
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

    /// Pages that are ready.
    pub(super) fn ready_pages(&self) -> usize {
        self.browsers.values().map(|entry| entry.ready).sum()
    }

    /// Whether a browser runs that a user without one may come to.
    pub(super) fn has_one_for_anybody(&self) -> bool {
        let takes_anybody = |entry: &Entry| matches!(entry.holder, None | Some(Holder::Everyone));
        self.browsers.values().any(|entry| entry.running && !entry.retiring && takes_anybody(entry))
    }

    /// Whether everything is ready that is to be.
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

    /// Pages until enough are ready, and a browser where none takes another page.
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
            Some((_, entry)) if !entry.running => None, // it is waited for
            Some((id, entry)) => Some(Self::begin_page(entry, *id)),
            None => Some(Ahead::Browser(self.begin(Entry { holder: Some(Holder::Everyone), ..Entry::default() }))),
        }
    }

    /// A page in each spare browser, and spare browsers until there are enough. One is started in any case while it is
    /// not known whether they start.
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

    /// A page in each user's browser, as long as he may want another session.
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
