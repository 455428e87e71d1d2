//! One browser as the assignment sees it: whose it is, what is ready in it, how a session would get a page in it, and
//! when it is of no more use.

use std::time::Duration;

use tokio::time::Instant;

use crate::browser::{IsolationKey, chromium::config::Isolation};

/// The configured numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) isolation: Isolation,
    /// What is kept ready: a number of pages if all users share browsers, otherwise a number of browsers with one page
    /// each.
    pub(super) ready: usize,
    /// Maximum number of pages of a browser at a time.
    pub(super) room: usize,
    /// Number of pages opened in a browser before it is replaced.
    pub(super) life: u64,
    /// Number of sessions of a user from which no page is kept ready in the user's browser.
    pub(super) ready_below: usize,
    /// Maximum number of things that are made ready concurrently without an owner.
    pub(super) ahead: usize,
    /// How long a user's browser waits for the user's next session after the last one has ended, and how many browsers
    /// may wait.
    pub(super) idle: Duration,
    pub(super) idle_browsers: usize,
}

/// How a session gets its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// It takes a page that is ready.
    Ready,
    /// It opens a page in a running browser.
    Open,
    /// It opens a page once a browser has started whose start has already begun.
    Join,
    /// It opens a page once a browser has started whose start must begin now.
    Start,
}

/// Whose sessions a browser accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    Everyone,
    User(IsolationKey),
    OneSession,
}

#[derive(Debug, Default)]
pub(super) struct Entry {
    /// `None` until a session has taken the browser.
    pub(super) holder: Option<Holder>,
    pub(super) running: bool,
    pub(super) retiring: bool,
    /// Number of sessions it has or is about to have.
    pub(super) sessions: usize,
    /// Since when it has had no session, once it has had one.
    pub(super) idle_since: Option<Instant>,
    /// Number of pages that are ready.
    pub(super) ready: usize,
    /// Number of pages that are being opened ahead of time.
    pub(super) opening: usize,
    /// Number of pages that were opened in it.
    pub(super) opened: u64,
}

impl Entry {
    pub(super) fn pages(&self) -> usize {
        self.sessions + self.ready + self.opening
    }

    pub(super) fn takes_pages(&self, rules: &Rules) -> bool {
        !self.retiring && self.pages() < rules.room && self.opened < rules.life
    }

    pub(super) fn is_spare(&self) -> bool {
        self.holder.is_none() && !self.retiring
    }

    /// How a session of this holder would get a page in this browser; `None` if it cannot.
    pub(super) fn claim(&self, holder: &Holder, rules: &Rules) -> Option<Claim> {
        let may = self.holder.as_ref().is_none_or(|mine| mine == holder && *mine != Holder::OneSession);
        match () {
            () if !may || self.retiring => None,
            () if self.ready > 0 => Some(Claim::Ready),
            () if !self.takes_pages(rules) => None,
            () if self.running => Some(Claim::Open),
            () => Some(Claim::Join),
        }
    }

    /// Until when a user's browser without a session waits for the user's next one.
    pub(super) fn idle_until(&self, rules: &Rules) -> Option<Instant> {
        let is_idle = matches!(self.holder, Some(Holder::User(_))) && self.running && self.sessions == 0;
        let is_of_use = !self.retiring && (self.ready > 0 || self.opened < rules.life);
        self.idle_since.filter(|_| is_idle && is_of_use).map(|since| since + rules.idle)
    }

    /// Whether it must be closed. A starting browser is not closed, so that its process is known first.
    pub(super) fn is_done(&self, rules: &Rules, now: Instant) -> bool {
        let of_no_more_use = match self.holder {
            Some(Holder::User(_)) => self.idle_until(rules).is_none_or(|until| until <= now),
            Some(Holder::OneSession) => true,
            Some(Holder::Everyone) => self.retiring || (self.opened >= rules.life && self.ready + self.opening == 0),
            None => self.retiring,
        };
        self.running && self.sessions == 0 && of_no_more_use
    }
}
