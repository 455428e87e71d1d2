//! What users share, divided: the two ways of sharing a bounded thing so that no user is at the mercy of another.
//!
//! [`Pool`] is for what can be taken back (keys, tickets, logs, idle channels): when it is full, the user who has most
//! of it loses his oldest. [`Places`] is for what cannot (threads, requests under way): a user may have as many as are
//! free, so that some always are. Both hold for any number of users without a number that has to be chosen for each.

mod places;
mod pool;

pub use self::{
    places::{Place, Places},
    pool::{Held, Pool},
};
