//! The places of all connections: the limits on their number and on that of one address, and which connection is closed
//! first where there is no room.
//!
//! Knows nothing of sockets.

use std::{collections::HashMap, sync::Arc};

use capture_core::account::UserId;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

use super::meter::Meter;
use crate::client_address::Source;

/// Interval between two checks of a connection's deadlines.
pub(super) const LOOK: Duration = Duration::from_secs(1);
/// Most open connections. At this number an unused one is closed for the next, which otherwise waits in the system's
/// backlog.
pub(super) const MAX_CONNECTIONS: usize = 1024;
/// Most connections of one address, or of one IPv6 network of 64 bits: half of all, so that no address can take them
/// all.
pub(super) const MAX_OF_ADDRESS: usize = 512;
/// Most bytes of replies that clients have not taken, over all connections. Above it the largest connection of the
/// largest holder is closed.
pub(super) const MAX_UNREAD: u64 = 256 << 20;

/// All places of a listener.
#[derive(Debug, Default)]
pub(super) struct Places {
    state: Mutex<State>,
    /// Notified when a place is returned.
    freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    taken: HashMap<u64, Arc<Place>>,
    unread: u64,
}

/// The place of one connection.
pub(crate) struct Place {
    /// Absent for a trusted proxy, whose connections carry many clients.
    source: Option<Source>,
    pub(super) meter: Mutex<Meter>,
    occupant: Mutex<Occupant>,
    /// Notified when the connection has to close at once.
    pub(super) gives_way: Notify,
}

/// The user of the connection's requests, and the check of its current reply.
#[derive(Default)]
struct Occupant {
    user: Option<UserId>,
    outdated: Option<Outdated>,
}

/// Whether the reply that a client is reading is outdated.
pub(crate) type Outdated = Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// Holds a place until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    places: Arc<Places>,
    number: u64,
    pub(super) place: Arc<Place>,
}

/// The answer to a connection that requests a place.
#[derive(Debug)]
pub(super) enum Admission {
    Admitted(Held),
    /// Its address has reached its limit, and all of its connections are in use.
    TooMany,
}

/// The holder of connections and unread bytes: a user, or an address for connections without an authenticated user.
#[derive(PartialEq, Eq, Hash)]
enum Holder {
    User(UserId),
    Address(Option<Source>),
}

impl Places {
    /// Completes when there is a free place, or one that can be freed.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(super) async fn room(&self) {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state.lock();
                if state.taken.len() < MAX_CONNECTIONS || state.release(None) {
                    return;
                }
            }
            // The timeout covers connections that become unused, which does not notify.
            let _ = tokio::time::timeout(LOOK, freed).await;
        }
    }

    /// A place for a connection from this source; `None` is a trusted proxy.
    pub(super) fn admit(self: &Arc<Self>, source: Option<Source>) -> Admission {
        let mut state = self.state.lock();
        if source.is_some() {
            let of_source = state.taken.values().filter(|place| place.source == source).count();
            if of_source >= MAX_OF_ADDRESS && !state.release(source) {
                return Admission::TooMany;
            }
        }
        let place = Arc::new(Place {
            source,
            meter: Mutex::new(Meter::new(Instant::now())),
            occupant: Mutex::default(),
            gives_way: Notify::new(),
        });
        let number = state.next;
        state.next += 1;
        state.taken.insert(number, Arc::clone(&place));
        Admission::Admitted(Held { places: Arc::clone(self), number, place })
    }

    /// Counts bytes of a reply that is on its way. When all connections together exceed [`MAX_UNREAD`], the holder with
    /// the most unread bytes loses its largest connection.
    pub(super) fn handed(&self, place: &Place, bytes: u64) {
        let mut state = self.state.lock();
        place.meter.lock().handed(bytes);
        state.unread += bytes;
        if state.unread > MAX_UNREAD {
            // The estimate is recounted: it includes connections that left, and the bytes of heads are subtracted
            // without being added.
            state.unread = state.taken.values().map(|place| place.meter.lock().unread()).sum();
        }
        if state.unread > MAX_UNREAD {
            state.shed();
        }
    }
}

impl State {
    /// Closes the connection that has been unused for longest, of the holder with the most connections: a user, or an
    /// address for connections without an authenticated user. Users behind one address therefore do not lose theirs to
    /// strangers or to each other.
    fn release(&mut self, source: Option<Source>) -> bool {
        let now = Instant::now();
        let mut counts: HashMap<Holder, usize> = HashMap::new();
        for place in self.taken.values() {
            *counts.entry(place.holder()).or_default() += 1;
        }
        let candidates = self.taken.iter().filter(|(_, place)| source.is_none() || place.source == source);
        let unused =
            candidates.filter_map(|(number, place)| Some((*number, place, place.meter.lock().unused_since(now)?)));
        let worst = unused.max_by_key(|(_, place, since)| {
            (counts.get(&place.holder()).copied().unwrap_or_default(), now.duration_since(*since))
        });
        let number = worst.map(|(number, ..)| number);
        number.is_some_and(|number| self.close(number))
    }

    /// Tells a connection to close; its place is free from now on.
    fn close(&mut self, number: u64) -> bool {
        let Some(place) = self.leave(number) else { return false };
        place.gives_way.notify_one();
        true
    }

    fn leave(&mut self, number: u64) -> Option<Arc<Place>> {
        let place = self.taken.remove(&number)?;
        self.unread = self.unread.saturating_sub(place.meter.lock().unread());
        Some(place)
    }

    /// Closes the largest connection of the holder with the most unread bytes.
    fn shed(&mut self) {
        let mut held: HashMap<Holder, (u64, u64, u64)> = HashMap::new();
        for (number, place) in &self.taken {
            let unread = place.meter.lock().unread();
            let (all, largest, of) = held.entry(place.holder()).or_default();
            *all += unread;
            if unread >= *largest {
                (*largest, *of) = (unread, *number);
            }
        }
        if let Some((unread, _, number)) = held.into_values().max_by_key(|(all, ..)| *all) {
            tracing::warn!(
                unread,
                "too many bytes wait for clients that do not read; the largest connection is closed"
            );
            self.close(number);
        }
    }
}

impl Place {
    /// Records that the requests of this connection are this user's.
    pub(crate) fn belongs_to(&self, user: &UserId) {
        let mut occupant = self.occupant.lock();
        if occupant.user.as_ref() != Some(user) {
            occupant.user = Some(user.clone());
        }
    }

    /// Sets the check that tells whether the current reply is outdated.
    pub(crate) fn reads(&self, outdated: Outdated) {
        self.occupant.lock().outdated = Some(outdated);
    }

    /// Removes that check, because the next request is about something else.
    pub(super) fn forget(&self) {
        self.occupant.lock().outdated = None;
    }

    /// Whether the current reply is outdated; false where this is unknown.
    pub(super) async fn is_outdated(&self) -> bool {
        let outdated = self.occupant.lock().outdated.clone();
        match outdated {
            Some(outdated) => outdated().await,
            None => false,
        }
    }

    fn holder(&self) -> Holder {
        self.occupant.lock().user.clone().map_or(Holder::Address(self.source), Holder::User)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("source", &self.source).field("meter", &self.meter).finish_non_exhaustive()
    }
}

impl Held {
    pub(super) fn places(&self) -> &Arc<Places> {
        &self.places
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.places.state.lock().leave(self.number);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Duration;

    use super::*;

    fn address(last: u8) -> Source {
        Source::of([10, 0, 0, last].into())
    }

    fn admit(places: &Arc<Places>, source: impl Into<Option<Source>>) -> Held {
        let source = source.into();
        match places.admit(source) {
            Admission::Admitted(held) => held,
            Admission::TooMany => panic!("{source:?} has too many"),
        }
    }

    fn is_told_to_close(held: &Held) -> bool {
        use futures::FutureExt;
        held.place.gives_way.notified().now_or_never().is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_uses_all_it_may_have_gets_no_more_and_others_do() {
        let places = Arc::new(Places::default());
        let held: Vec<Held> = (0..MAX_OF_ADDRESS).map(|_| admit(&places, address(1))).collect();
        for held in &held {
            held.place.meter.lock().asked();
        }
        assert!(matches!(places.admit(Some(address(1))), Admission::TooMany));
        let other = admit(&places, address(2));
        held[7].place.meter.lock().replied(Instant::now());
        let next = admit(&places, address(1));
        next.place.meter.lock().asked();
        assert!(is_told_to_close(&held[7]) && !is_told_to_close(&held[8]) && !is_told_to_close(&other));
        assert!(matches!(places.admit(Some(address(1))), Admission::TooMany), "the one that gave way gives way once");
        let proxied: Vec<Held> = (0..=MAX_OF_ADDRESS).map(|_| admit(&places, None::<Source>)).collect();
        assert_eq!(proxied.len(), MAX_OF_ADDRESS + 1, "a trusted proxy is not one client");
    }

    #[tokio::test(start_paused = true)]
    async fn where_there_is_no_room_the_address_with_most_gives_up_what_it_does_not_use() {
        let places = Arc::new(Places::default());
        let one = admit(&places, address(1));
        let many: Vec<Held> = (0..MAX_OF_ADDRESS).map(|_| admit(&places, address(2))).collect();
        let others: Vec<Held> = (0..MAX_CONNECTIONS - MAX_OF_ADDRESS - 1).map(|_| admit(&places, address(3))).collect();
        for held in &others {
            held.place.meter.lock().asked();
        }
        for held in many.iter().skip(1) {
            held.place.meter.lock().asked();
        }
        places.room().await;
        assert!(is_told_to_close(&many[0]) && !is_told_to_close(&one));
        tokio::time::advance(Duration::from_secs(1)).await;
        let _new = admit(&places, address(4));
        places.room().await;
        assert!(is_told_to_close(&one), "the only one left that is not in use, but the new one");
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_unread_bytes_cost_whoever_has_most_of_them_his_largest() {
        let places = Arc::new(Places::default());
        let (ann, bob): (UserId, UserId) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let held: Vec<Held> = (0..4).map(|_| admit(&places, address(1))).collect();
        let fifth = MAX_UNREAD / 5;
        for (held, (user, bytes)) in held.iter().zip([(&ann, fifth), (&ann, fifth + 5), (&bob, fifth * 2)]) {
            held.place.belongs_to(user);
            places.handed(&held.place, bytes);
        }
        assert_eq!(held.iter().map(is_told_to_close).collect::<Vec<_>>(), [false; 4]);
        held[3].place.belongs_to(&ann);
        places.handed(&held[3].place, fifth);
        assert_eq!(held.iter().map(is_told_to_close).collect::<Vec<_>>(), [false, true, false, false]);
        assert!(places.state.lock().unread <= MAX_UNREAD);
    }
}
