//! Ways to share a bounded resource among users, so that no user can take all of it.
//!
//! [`Pool`] is for what can be taken back (keys, tickets, logs, idle channels): when it is full, the user with the
//! largest part loses their oldest item. [`Places`] is for what cannot be taken back (threads, running requests): a
//! user may hold as many as are free, so that some always stay free. Both work for any number of users without a limit
//! that has to be configured for each user. [`Window`] bounds how often each user may do something.

mod places;
mod pool;
mod window;

pub use self::{
    places::{Place, Places},
    pool::{Held, Pool},
    window::Window,
};
