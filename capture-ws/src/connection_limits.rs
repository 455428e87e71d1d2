//! Limits on connections: authenticated ones are counted by user, those that have not sent hello by address.
//!
//! Both pools are shared fairly: when one is full, the address or user with the most connections loses its oldest, so
//! that newcomers are admitted. Silent clients therefore cannot keep others out, and users with many connections cannot
//! keep out a user who has none. Knows nothing of sockets.

use std::{net::IpAddr, sync::Arc};

use capture_core::{
    account::UserId,
    fair::{Held, Pool},
};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{close::CloseCode, limits::ChannelLimits};

/// One unauthenticated connection is allowed for this many connections of users.
const USERS_A_STRANGER: usize = 4;

/// The connections that are counted.
#[derive(Debug)]
pub(crate) struct ConnectionLimits {
    pools: Mutex<Pools>,
}

#[derive(Debug)]
struct Pools {
    users: Pool<UserId, Arc<Notify>>,
    strangers: Pool<IpAddr, Arc<Notify>>,
}

/// A place among the connections, returned when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<ConnectionLimits>,
    of: Of,
    /// Notified when the place is needed for another connection.
    gone: Arc<Notify>,
}

#[derive(Debug)]
enum Of {
    Stranger(IpAddr, Held),
    User(UserId, Held),
}

impl ConnectionLimits {
    pub(crate) fn new(limits: &ChannelLimits) -> Self {
        let users = Pool::new(limits.connections);
        let strangers = Pool::new((limits.connections / USERS_A_STRANGER).max(1));
        Self { pools: Mutex::new(Pools { users, strangers }) }
    }

    /// A place for a connection that has not sent hello; the one that has been silent for longest may be closed for it.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, limits: &ChannelLimits) -> Place {
        let gone = Arc::new(Notify::new());
        let strangers = &mut self.pools.lock().strangers;
        if strangers.count_of(&address) >= limits.strangers_per_address {
            let oldest = strangers.of(&address).next().map(|(held, _)| held);
            if let Some(oldest) = oldest.and_then(|oldest| strangers.remove(&address, oldest)) {
                oldest.notify_one();
            }
        }
        let (held, displaced) = strangers.insert(&address, 1, Arc::clone(&gone));
        for (_, other) in displaced {
            other.notify_one();
        }
        Place { connections: Arc::clone(self), of: Of::Stranger(address, held), gone }
    }

    /// A place for an authenticated user, who is not counted by address.
    pub(crate) fn join(self: &Arc<Self>, user: &UserId, limits: &ChannelLimits) -> Result<Place, CloseCode> {
        let gone = Arc::new(Notify::new());
        let held = self.pools.lock().join(user, limits, &gone)?;
        Ok(Place { connections: Arc::clone(self), of: Of::User(user.clone(), held), gone })
    }

    /// The number of connections.
    pub(crate) fn count(&self) -> usize {
        let pools = self.pools.lock();
        pools.users.weight() + pools.strangers.weight()
    }
}

impl Pools {
    fn join(&mut self, user: &UserId, limits: &ChannelLimits, gone: &Arc<Notify>) -> Result<Held, CloseCode> {
        if self.users.count_of(user) >= limits.connections_per_user {
            return Err(CloseCode::TooManyConnections);
        }
        if self.users.is_full_for(user, 1) {
            return Err(CloseCode::Overloaded);
        }
        let (held, displaced) = self.users.insert(user, 1, Arc::clone(gone));
        for (_, other) in displaced {
            other.notify_one();
        }
        Ok(held)
    }

    fn leave(&mut self, of: &Of) {
        match of {
            Of::Stranger(address, held) => drop(self.strangers.remove(address, *held)),
            Of::User(user, held) => drop(self.users.remove(user, *held)),
        }
    }
}

impl Place {
    /// Moves the place from the address to the user, once the connection has authenticated.
    pub(crate) fn known_as(&mut self, user: &UserId, limits: &ChannelLimits) -> Result<(), CloseCode> {
        let mut pools = self.connections.pools.lock();
        let held = pools.join(user, limits, &self.gone)?;
        pools.leave(&self.of);
        self.of = Of::User(user.clone(), held);
        Ok(())
    }

    /// Completes once the place is needed for another connection.
    pub(crate) async fn given_away(&self) {
        self.gone.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.pools.lock().leave(&self.of);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn limits() -> ChannelLimits {
        ChannelLimits { connections: 4, connections_per_user: 3, strangers_per_address: 2, ..ChannelLimits::default() }
    }

    fn connections() -> Arc<ConnectionLimits> {
        Arc::new(ConnectionLimits::new(&limits()))
    }

    fn is_gone(place: &Place) -> bool {
        place.given_away().now_or_never().is_some()
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let (limits, connections) = (limits(), connections());
        let ann: UserId = "ann".parse().unwrap();
        let mut stranger = connections.admit([127, 0, 0, 1].into(), &limits);
        let places: Vec<_> = (0..2).map(|_| connections.join(&ann, &limits).unwrap()).collect();
        assert!(stranger.known_as(&ann, &limits).is_ok());
        assert_eq!(connections.join(&ann, &limits).unwrap_err(), CloseCode::TooManyConnections);
        assert_eq!(connections.count(), 3);
        drop((stranger, places));
        assert_eq!(connections.count(), 0);
    }

    #[test]
    fn silent_strangers_keep_nobody_out() {
        let limits = ChannelLimits { connections: 40, ..limits() };
        let connections = Arc::new(ConnectionLimits::new(&limits));
        let (here, there) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let silent = [connections.admit(here, &limits), connections.admit(here, &limits)];
        let other = connections.admit(there, &limits);
        let newest = connections.admit(here, &limits);
        assert!(is_gone(&silent[0]), "the one who has been silent for longest");
        assert!(!is_gone(&silent[1]) && !is_gone(&other) && !is_gone(&newest));
        drop(silent);
        assert_eq!(connections.count(), 2, "one that is gone is not given back twice");
    }

    #[test]
    fn an_address_with_many_strangers_gives_way_to_one_with_few() {
        let limits = ChannelLimits { connections: 16, strangers_per_address: 100, ..limits() };
        let connections = Arc::new(ConnectionLimits::new(&limits));
        let many: Vec<_> = (0..4).map(|_| connections.admit([127, 0, 0, 1].into(), &limits)).collect();
        let other = connections.admit([127, 0, 0, 2].into(), &limits);
        assert!(is_gone(&many[0]) && !is_gone(&many[1]) && !is_gone(&other));
    }

    #[test]
    fn users_who_have_most_give_way_to_one_who_has_none() {
        let (limits, connections) = (limits(), connections());
        let [ann, bob]: [UserId; 2] = ["ann", "bob"].map(|name| name.parse().unwrap());
        let anns: Vec<_> = (0..3).map(|_| connections.join(&ann, &limits).unwrap()).collect();
        let bobs: Vec<_> = (0..2).map(|_| connections.join(&bob, &limits).unwrap()).collect();
        assert!(is_gone(&anns[0]) && !is_gone(&anns[1]) && !is_gone(&bobs[0]));
        assert_eq!(connections.join(&ann, &limits).unwrap_err(), CloseCode::Overloaded, "both have two");
        let _stranger = connections.admit([127, 0, 0, 1].into(), &limits);
        assert_eq!(connections.count(), 5, "strangers take no user's place");
    }
}
