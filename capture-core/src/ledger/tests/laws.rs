//! Invariants that must hold after each operation and at the end.
//!
//! Sums are computed from the model's sessions each time, so that no running total of a ledger is trusted.

use super::{
    world::{Session, Stage, USERS, World, all},
    *,
};
use crate::session::CloseReason;

impl World {
    /// Invariants after each operation: the holds add up, and credits decrease by what was charged.
    pub(super) async fn check(&self) {
        let expected: Vec<_> = (0..self.accounts.len()).map(|user| self.expected(user)).collect();
        assert_eq!(all!(self, accounts()).unwrap(), expected);
        for (user, account) in expected.iter().enumerate() {
            assert!(account.credits.is_none_or(|credits| account.held <= credits), "overdraft: {account:?}");
            assert_eq!(all!(self, account(&account.id)).unwrap().as_ref(), Some(account));
            let mut active: Vec<_> = self.sessions_of(user).filter_map(Session::active).collect();
            active.sort_by_key(|view| (view.created_at, view.id));
            assert_eq!(all!(self, list(&account.id)).unwrap(), active);
        }
    }

    /// Ends all sessions, and then again with another reason.
    pub(super) async fn finish(&mut self) {
        for at in 0..self.sessions.len() {
            self.release(at).await;
            self.settle(at, CloseReason::Shutdown).await;
        }
        self.check().await;
        assert!((0..self.accounts.len()).all(|user| self.held(user) == 0));
        for at in 0..self.sessions.len() {
            self.settle(at, CloseReason::InstanceLost).await;
            let Session { asked, stage, .. } = &self.sessions[at];
            let found = all!(self, find(&asked.user, asked.id, START)).unwrap();
            assert_eq!(found.as_ref(), if let Stage::Final(view) = stage { Some(view) } else { None });
        }
        assert!(all!(self, recover()).unwrap().is_empty());
        self.check().await;
    }

    pub(super) fn expected(&self, user: usize) -> Account {
        let credits = self.granted[user].map(|granted| granted.checked_sub(self.charged[user]).unwrap());
        Account { credits, held: self.held(user), ..self.accounts[user].clone() }
    }

    pub(super) fn held(&self, user: usize) -> u64 {
        self.sessions_of(user).filter(|session| session.is_live()).map(|session| session.hold).sum()
    }

    pub(super) fn covers(&self, user: usize, more: u64) -> bool {
        self.expected(user).available().is_none_or(|available| more <= available)
    }

    pub(super) fn sessions_of(&self, user: usize) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(move |session| session.asked.user.as_ref() == USERS[user])
    }

    pub(super) fn user_of(&self, at: usize) -> usize {
        USERS.iter().position(|name| self.sessions[at].asked.user.as_ref() == *name).unwrap()
    }
}
