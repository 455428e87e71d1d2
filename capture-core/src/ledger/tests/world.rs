//! A model of the ledger that runs beside every implementation.
//!
//! Each operation is applied to all ledgers, whose answers must be equal to each other and to the model's. The model is
//! simple: it keeps every session it ever saw, and [`super::laws`] recompute from them what should be held and charged.

use std::{fmt::Debug, time::Duration};

use super::*;
use crate::{
    account::AccountChange,
    action_type::ActionType,
    ledger::UsageUpdate,
    session::{CloseReason, SessionView},
};

/// An operation. Sessions and users are given by number, modulo their count.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Reserve {
        user: usize,
        ttl: u64,
    },
    ReserveRender {
        user: usize,
        price: u64,
    },
    /// Charges a render its price, or less.
    Charge {
        session: usize,
        credits: u64,
    },
    ReserveAgain(usize),
    Activate(usize),
    Release(usize),
    Extend {
        session: usize,
        ttl: u64,
    },
    Act {
        session: usize,
        ends: bool,
    },
    UsageUpdate,
    Settle {
        session: usize,
        reason: CloseReason,
    },
    Recover,
    Reopen,
    Prune,
    Wait(u64),
    Enable {
        user: usize,
        enabled: bool,
    },
    AddCredits {
        user: usize,
        more: u64,
    },
    /// Sets the credits to what is held plus this amount. Lower credits are tested in `promises`.
    SetCredits {
        user: usize,
        spare: Option<u64>,
    },
    SetMaxSessions {
        user: usize,
        max: Option<u32>,
    },
}

/// Only the first two are in the ledger.
pub(super) const USERS: [&str; 3] = ["ada", "bob", "nobody"];

#[derive(Debug)]
pub(super) struct Session {
    pub(super) asked: Reservation,
    pub(super) hold: u64,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    Reserved,
    Active(Lifecycle),
    Final(SessionView),
    /// Released or pruned, or a render that was charged.
    Gone,
}

pub(super) struct World {
    pub(super) shelf: Shelf,
    now: Timestamp,
    last_beat: Option<Timestamp>,
    pub(super) sessions: Vec<Session>,
    /// The expected accounts, except for credits and holds.
    pub(super) accounts: Vec<Account>,
    /// Credits of each account if nothing had been charged.
    pub(super) granted: Vec<Option<u64>>,
    /// Credits charged to each account since `granted` was set.
    pub(super) charged: Vec<u64>,
}

/// Calls every ledger and checks that their answers are equal.
macro_rules! all {
    ($world:expr, $call:ident($($argument:expr),*)) => {{
        let mut answers = Vec::new();
        for ledger in &$world.shelf.ledgers {
            answers.push(ledger.$call($($argument),*).await);
        }
        $crate::ledger::tests::world::same(stringify!($call), answers)
    }};
}
pub(super) use all;

pub(super) fn same<T: Debug>(call: &str, mut answers: Vec<T>) -> T {
    let last = answers.pop().unwrap();
    for other in answers {
        assert_eq!(format!("{other:?}"), format!("{last:?}"), "{call}");
    }
    last
}

impl World {
    pub(super) async fn new() -> Self {
        let accounts = vec![account("ada", Some(30)), account("bob", None)];
        let granted = accounts.iter().map(|account| account.credits).collect();
        let (shelf, charged) = (Shelf::new(), vec![0; accounts.len()]);
        let world = Self { shelf, now: START, last_beat: None, sessions: Vec::new(), accounts, granted, charged };
        for account in &world.accounts {
            all!(world, add(account.clone())).unwrap();
        }
        world
    }

    pub(super) async fn apply(&mut self, op: &Op) {
        match *op {
            Op::Wait(millis) => self.now = self.now.plus(Duration::from_millis(millis)),
            Op::Reserve { user, ttl } => self.reserve(user, asked(USERS[user], ttl, self.now)).await,
            Op::ReserveRender { user, price } => {
                let render = Reservation { purpose: Purpose::Render, hold: price, ..asked(USERS[user], 60, self.now) };
                self.reserve(user, render).await;
            }
            Op::UsageUpdate => self.heartbeat(Vec::new()).await,
            Op::Recover => self.recover().await,
            Op::Reopen => self.shelf.reopen(),
            Op::Prune => self.prune().await,
            Op::Enable { user, enabled: true } => self.change(user, AccountChange::Enable).await,
            Op::Enable { user, enabled: false } => self.change(user, AccountChange::Disable).await,
            Op::AddCredits { user, more } => self.change(user, AccountChange::AddCredits(more)).await,
            Op::SetCredits { user, spare } => {
                let credits = spare.map(|spare| self.held(user) + spare);
                self.change(user, AccountChange::SetCredits(credits)).await;
            }
            Op::SetMaxSessions { user, max } => self.change(user, AccountChange::SetMaxSessions(max)).await,
            Op::ReserveAgain(session)
            | Op::Charge { session, .. }
            | Op::Activate(session)
            | Op::Release(session)
            | Op::Extend { session, .. }
            | Op::Act { session, .. }
            | Op::Settle { session, .. } => {
                if !self.sessions.is_empty() {
                    self.apply_to(session % self.sessions.len(), op).await;
                }
            }
        }
    }

    async fn apply_to(&mut self, at: usize, op: &Op) {
        match *op {
            Op::ReserveAgain(_) => {
                if matches!(self.sessions[at].stage, Stage::Reserved) {
                    all!(self, reserve(self.sessions[at].asked.clone())).unwrap();
                }
            }
            Op::Charge { credits, .. } => self.charge(at, credits).await,
            Op::Activate(_) => self.activate(at).await,
            Op::Release(_) => self.release(at).await,
            Op::Extend { ttl, .. } => self.extend(at, ttl).await,
            Op::Act { ends, .. } => self.act(at, ends).await,
            Op::Settle { reason, .. } => self.settle(at, reason).await,
            _ => unreachable!("not about one session"),
        }
    }

    async fn reserve(&mut self, user: usize, asked: Reservation) {
        let fits = self.accounts.get(user).is_some_and(|account| {
            let competes = |session: &&Session| session.is_live() && session.asked.purpose == asked.purpose;
            let live = self.sessions_of(user).filter(competes).count();
            let own = account.max_sessions.filter(|_| asked.purpose == Purpose::Session);
            let max = own.unwrap_or(asked.limit);
            account.enabled && live < max as usize && self.covers(user, asked.hold)
        });
        assert_eq!(all!(self, reserve(asked.clone())).is_ok(), fits);
        if fits {
            self.sessions.push(Session { hold: asked.hold, asked, stage: Stage::Reserved });
        }
    }

    async fn charge(&mut self, at: usize, credits: u64) {
        let (user, session) = (self.user_of(at), &self.sessions[at]);
        let credits = credits.min(session.hold);
        let is_due = session.is_render() && session.is_live();
        assert_eq!(all!(self, charge(session.asked.id, credits)).unwrap(), is_due);
        if is_due {
            self.sessions[at].stage = Stage::Gone;
            self.charged[user] += credits;
            self.accounts[user].renders.count += 1;
            self.accounts[user].renders.credits += credits;
        }
    }

    async fn activate(&mut self, at: usize) {
        let session = &self.sessions[at];
        let life = started(&session.asked, self.now);
        let answer = all!(self, activate(life.view()));
        let starts = matches!(session.stage, Stage::Reserved) && !session.is_render();
        assert_eq!(answer.is_ok(), starts || matches!(session.stage, Stage::Active(_)));
        if starts {
            self.sessions[at].stage = Stage::Active(life);
        }
    }

    pub(super) async fn release(&mut self, at: usize) {
        all!(self, release(self.sessions[at].asked.id)).unwrap();
        if matches!(self.sessions[at].stage, Stage::Reserved) {
            self.sessions[at].stage = Stage::Gone;
        }
    }

    async fn extend(&mut self, at: usize, ttl: u64) {
        let (now, max) = (self.now, Duration::from_mins(15));
        let Stage::Active(life) = &self.sessions[at].stage else {
            all!(self, extend(self.sessions[at].asked.id, now, 1)).unwrap_err();
            return;
        };
        // A session past its deadline is about to be settled; the engine does not renew it.
        let Ok(until) = life.renewal(now, Duration::from_secs(ttl), max) else {
            return;
        };
        if life.expires_at() < now {
            return;
        }
        let hold = life.hold_until(until);
        let covered = self.covers(self.user_of(at), hold.saturating_sub(self.sessions[at].hold));
        assert_eq!(all!(self, extend(self.sessions[at].asked.id, until, hold)).is_ok(), covered);
        let session = &mut self.sessions[at];
        if let (Stage::Active(life), true) = (&mut session.stage, covered) {
            life.renew(until);
            session.hold = hold;
        }
    }

    /// One attempt, reported by the next heartbeat. An attempt that does not end is reported only by the final view.
    async fn act(&mut self, at: usize, ends: bool) {
        let Session { asked, stage, .. } = &mut self.sessions[at];
        let Stage::Active(life) = stage else { return };
        life.usage.begin(ActionType::Click);
        if ends {
            life.usage.end(ActionType::Click, true);
        }
        let heartbeat = UsageUpdate { id: asked.id, usage: life.usage.clone() };
        self.heartbeat(vec![heartbeat]).await;
    }

    async fn heartbeat(&mut self, changed: Vec<UsageUpdate>) {
        let named = all!(self, heartbeat(self.now, changed.clone())).unwrap();
        let active = self.sessions.iter().enumerate().filter(|(_, session)| matches!(session.stage, Stage::Active(_)));
        let disabled = active.filter(|(at, _)| !self.accounts[self.user_of(*at)].enabled);
        let mut expected: Vec<_> = disabled.map(|(_, session)| session.asked.id).collect();
        expected.sort();
        assert_eq!(named.refused, expected);
        self.last_beat = Some(self.now);
    }

    pub(super) async fn settle(&mut self, at: usize, reason: CloseReason) {
        let Session { asked, stage, .. } = &self.sessions[at];
        let life = if let Stage::Active(life) = stage { life.clone() } else { started(asked, self.now) };
        let last = life.settle(reason, self.now);
        let answer = all!(self, settle(last.clone()));
        match &self.sessions[at].stage {
            Stage::Reserved if self.sessions[at].is_render() => assert!(answer.is_err()),
            Stage::Gone => assert!(answer.is_err()),
            Stage::Final(earlier) => assert_eq!(answer.unwrap(), *earlier),
            Stage::Reserved | Stage::Active(_) => {
                assert_eq!(answer.unwrap(), last);
                self.ended(at, last);
            }
        }
    }

    async fn recover(&mut self) {
        let lost = all!(self, recover()).unwrap();
        let mut expected = Vec::new();
        for at in 0..self.sessions.len() {
            match &self.sessions[at].stage {
                Stage::Reserved => self.sessions[at].stage = Stage::Gone,
                Stage::Active(life) => {
                    let proof = self.last_beat.unwrap_or(START).max(life.view().started_at);
                    // Attempts that were running when the process died are in no ledger.
                    let last = Lifecycle::restore(&life.view()).settle(CloseReason::InstanceLost, proof);
                    expected.push(last.clone());
                    self.ended(at, last);
                }
                Stage::Final(_) | Stage::Gone => {}
            }
        }
        expected.sort_by_key(|view| (view.created_at, view.id));
        assert_eq!(lost, expected);
        self.last_beat = None;
    }

    async fn prune(&mut self) {
        all!(self, prune(self.now)).unwrap();
        for session in &mut self.sessions {
            if matches!(&session.stage, Stage::Final(view) if view.closed_at < Some(self.now)) {
                session.stage = Stage::Gone;
            }
        }
    }

    async fn change(&mut self, user: usize, change: AccountChange) {
        let answer = all!(self, change(super::user(USERS[user]), change.clone()));
        let Some(account) = self.accounts.get_mut(user) else {
            return assert!(answer.is_err());
        };
        match change {
            AccountChange::Enable => account.enabled = true,
            AccountChange::Disable => account.enabled = false,
            AccountChange::SetMaxSessions(max) => account.max_sessions = max,
            AccountChange::AddCredits(more) => self.granted[user] = self.granted[user].map(|granted| granted + more),
            AccountChange::SetCredits(credits) => (self.granted[user], self.charged[user]) = (credits, 0),
            other => unreachable!("{other:?}"),
        }
        assert_eq!(answer.unwrap(), self.expected(user));
    }

    fn ended(&mut self, at: usize, last: SessionView) {
        let user = self.user_of(at);
        self.charged[user] += last.billed_credits.unwrap();
        self.sessions[at].stage = Stage::Final(last);
    }
}

impl Session {
    pub(super) fn is_render(&self) -> bool {
        self.asked.purpose == Purpose::Render
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Reserved | Stage::Active(_))
    }

    pub(super) fn active(&self) -> Option<SessionView> {
        if let Stage::Active(life) = &self.stage { Some(life.view()) } else { None }
    }
}
