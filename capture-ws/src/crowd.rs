//! Who is connected: counted in all, by user, and by address for those nobody knows yet.

use std::{collections::HashMap, hash::Hash, net::IpAddr, sync::Arc};

use capture_core::account::UserId;
use parking_lot::Mutex;

use crate::{close::CloseCode, limits::ChannelLimits};

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    users: HashMap<UserId, usize>,
    strangers: HashMap<IpAddr, usize>,
}

/// A place in the crowd, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    of: Of,
}

#[derive(Debug)]
enum Of {
    Address(IpAddr),
    User(UserId),
}

impl Crowd {
    /// A place for someone who has not said hello.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, limits: &ChannelLimits) -> Result<Place, CloseCode> {
        let mut counts = self.counts.lock();
        if counts.all >= limits.connections {
            return Err(CloseCode::Overloaded);
        }
        let strangers = counts.strangers.entry(address).or_default();
        if *strangers >= limits.strangers_per_address {
            return Err(CloseCode::TooManyAttempts);
        }
        *strangers += 1;
        counts.all += 1;
        Ok(Place { crowd: Arc::clone(self), of: Of::Address(address) })
    }

    /// How many are connected.
    pub(crate) fn count(&self) -> usize {
        self.counts.lock().all
    }
}

impl Place {
    /// The same place once it is known whose it is.
    pub(crate) fn known_as(&mut self, user: &UserId, limits: &ChannelLimits) -> Result<(), CloseCode> {
        let mut counts = self.crowd.counts.lock();
        let connections = counts.users.entry(user.clone()).or_default();
        if *connections >= limits.connections_per_user {
            return Err(CloseCode::TooManyConnections);
        }
        *connections += 1;
        if let Of::Address(address) = std::mem::replace(&mut self.of, Of::User(user.clone())) {
            leave(&mut counts.strangers, &address);
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts.lock();
        counts.all -= 1;
        match &self.of {
            Of::Address(address) => leave(&mut counts.strangers, address),
            Of::User(user) => leave(&mut counts.users, user),
        }
    }
}

fn leave<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let limits = ChannelLimits {
            connections: 3,
            connections_per_user: 1,
            strangers_per_address: 2,
            ..ChannelLimits::default()
        };
        let crowd = Arc::new(Crowd::default());
        let (here, there) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let ann: UserId = "ann".parse().unwrap();
        let mut first = crowd.admit(here, &limits).unwrap();
        let mut second = crowd.admit(here, &limits).unwrap();
        assert_eq!(crowd.admit(here, &limits).unwrap_err(), CloseCode::TooManyAttempts);
        assert!(first.known_as(&ann, &limits).is_ok());
        assert_eq!(second.known_as(&ann, &limits).unwrap_err(), CloseCode::TooManyConnections);
        let _third = crowd.admit(here, &limits).unwrap();
        assert_eq!(crowd.admit(there, &limits).unwrap_err(), CloseCode::Overloaded);
        drop(first);
        assert!(second.known_as(&ann, &limits).is_ok());
        drop(second);
        assert_eq!((crowd.count(), crowd.counts.lock().users.len()), (1, 0));
    }
}
