//! Places that cannot be taken back once given. A user may hold as many as are free.
//!
//! A single user gets half of them, two users get a third each, and as many stay free for the next user (dynamic
//! thresholds, Choudhury and Hahne 1998). Among waiting users, the one with the fewest places is served first. A user
//! without any place therefore waits only while all are taken, and then gets the first one that is released.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::oneshot;

/// The places. Cloning is cheap; all clones share one state.
#[derive(Debug, Clone)]
pub struct Places<U: Clone + Ord + Hash> {
    inner: Arc<Mutex<Inner<U>>>,
}

#[derive(Debug)]
struct Inner<U> {
    free: usize,
    taken: HashMap<U, usize>,
    waiting: HashMap<U, VecDeque<oneshot::Sender<()>>>,
    /// Waiting users, ordered by the number of places they hold.
    order: BTreeSet<(usize, U)>,
}

/// One place held by a user, released when dropped.
#[derive(Debug)]
pub struct Place<U: Clone + Ord + Hash> {
    places: Places<U>,
    user: U,
}

impl<U: Clone + Ord + Hash> Places<U> {
    /// Creates this many places.
    pub fn new(places: usize) -> Self {
        let inner = Inner { free: places, taken: HashMap::new(), waiting: HashMap::new(), order: BTreeSet::new() };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Takes a place at once; `None` if the user holds as many as are free, or already waits for one.
    pub fn try_take(&self, user: &U) -> Option<Place<U>> {
        let mut inner = self.inner.lock();
        let may = !inner.waiting.contains_key(user) && inner.may_take(user);
        may.then(|| inner.take(user)).map(|()| self.place(user))
    }

    /// Waits until the user may have a place, and takes it.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future leaves the queue, and a place already given to it goes to the next in the
    /// queue.
    pub async fn take(&self, user: &U) -> Place<U> {
        loop {
            let given = {
                let mut inner = self.inner.lock();
                if !inner.waiting.contains_key(user) && inner.may_take(user) {
                    inner.take(user);
                    return self.place(user);
                }
                let (give, given) = oneshot::channel();
                inner.wait(user, give);
                given
            };
            // The place is counted as taken before this task is woken. If the task is gone by then, the sender gives it
            // to another.
            let place = Given { places: self, user, given };
            if let Some(place) = place.wait().await {
                return place;
            }
        }
    }

    /// Number of free places.
    pub fn free(&self) -> usize {
        self.inner.lock().free
    }

    fn place(&self, user: &U) -> Place<U> {
        Place { places: self.clone(), user: user.clone() }
    }
}

/// A position in the queue. If it is dropped after its place was given, the place is released.
struct Given<'a, U: Clone + Ord + Hash> {
    places: &'a Places<U>,
    user: &'a U,
    given: oneshot::Receiver<()>,
}

impl<U: Clone + Ord + Hash> Given<'_, U> {
    async fn wait(mut self) -> Option<Place<U>> {
        let given = (&mut self.given).await.is_ok();
        given.then(|| self.places.place(self.user))
    }
}

impl<U: Clone + Ord + Hash> Drop for Given<'_, U> {
    fn drop(&mut self) {
        // Closing the channel settles the race: either the place was sent before, or the sender sees a closed channel.
        self.given.close();
        if self.given.try_recv().is_ok() {
            drop(self.places.place(self.user));
        }
    }
}

impl<U: Clone + Ord + Hash> Drop for Place<U> {
    fn drop(&mut self) {
        self.places.inner.lock().give_back(&self.user);
    }
}

impl<U: Clone + Ord + Hash> Inner<U> {
    fn has(&self, user: &U) -> usize {
        self.taken.get(user).copied().unwrap_or_default()
    }

    fn may_take(&self, user: &U) -> bool {
        self.has(user) < self.free
    }

    fn take(&mut self, user: &U) {
        self.free -= 1;
        self.set(user, self.has(user) + 1);
    }

    fn give_back(&mut self, user: &U) {
        self.free += 1;
        self.set(user, self.has(user).saturating_sub(1));
        self.serve();
    }

    /// Gives free places to waiting users, those with the fewest places first.
    fn serve(&mut self) {
        while let Some((has, user)) = self.order.first().cloned()
            && has < self.free
        {
            let Some(give) = self.next(&user) else { break };
            self.take(&user);
            if give.send(()).is_err() {
                self.free += 1; // it left the queue meanwhile
                self.set(&user, has);
            }
        }
    }

    fn wait(&mut self, user: &U, give: oneshot::Sender<()>) {
        let queue = self.waiting.entry(user.clone()).or_default();
        queue.retain(|other| !other.is_closed());
        queue.push_back(give);
        self.order.insert((self.has(user), user.clone()));
    }

    /// The first waiting request of a user.
    fn next(&mut self, user: &U) -> Option<oneshot::Sender<()>> {
        let queue = self.waiting.get_mut(user)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(user);
            self.order.remove(&(self.has(user), user.clone()));
        }
        next
    }

    /// Updates the number of places a user holds.
    fn set(&mut self, user: &U, has: usize) {
        let before = self.has(user);
        if self.order.remove(&(before, user.clone())) {
            self.order.insert((has, user.clone()));
        }
        match has {
            0 => drop(self.taken.remove(user)),
            _ => drop(self.taken.insert(user.clone(), has)),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use proptest::prelude::*;

    use super::*;

    fn fill(places: &Places<&'static str>, user: &'static str) -> Vec<Place<&'static str>> {
        std::iter::from_fn(|| places.try_take(&user)).collect()
    }

    #[test]
    fn some_are_always_left_for_the_next() {
        let places = Places::new(120);
        let ann = fill(&places, "ann");
        assert_eq!(ann.len(), 60);
        let bob = fill(&places, "bob");
        assert_eq!((bob.len(), places.free()), (30, 30));
        drop(ann);
        assert_eq!(fill(&places, "bob").len() + bob.len(), 60);
    }

    #[tokio::test]
    async fn whoever_has_fewest_is_served_first() {
        let places = Places::new(2);
        let first = places.take(&"ann").await;
        let mut second = Box::pin(places.take(&"ann"));
        assert!((&mut second).now_or_never().is_none(), "one of one free");
        let mut third = Box::pin(places.take(&"ann"));
        assert!((&mut third).now_or_never().is_none());
        let bobs = places.take(&"bob").await;
        let mut carls = Box::pin(places.take(&"carl"));
        assert!((&mut carls).now_or_never().is_none());
        drop(bobs);
        assert!((&mut carls).now_or_never().is_some(), "before ann, who has one");
        drop(first);
        assert!((&mut second).now_or_never().is_some(), "in the order they came");
        assert!((&mut third).now_or_never().is_some());
    }

    #[tokio::test]
    async fn whoever_leaves_the_queue_keeps_nobody_out() {
        let places = Places::new(2);
        let first = places.take(&"ann").await;
        let mut left = Box::pin(places.take(&"ann"));
        assert!((&mut left).now_or_never().is_none());
        let mut told = Box::pin(places.take(&"ann"));
        assert!((&mut told).now_or_never().is_none());
        drop(left);
        drop(first);
        drop(told); // it had already been given the place
        assert_eq!(places.free(), 2);
        let inner = places.inner.lock();
        assert!(inner.taken.is_empty() && inner.waiting.is_empty() && inner.order.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_a_newcomer_finds_a_place(steps in proptest::collection::vec((0..3_u8, 0..3_u8, 0..9_usize), 1..200)) {
            let places = Places::new(30);
            let mut taken: Vec<Place<u8>> = Vec::new();
            let mut waiting: Vec<std::pin::Pin<Box<dyn Future<Output = Place<u8>>>>> = Vec::new();
            for (user, step, index) in steps {
                match step {
                    0 => {
                        let places = places.clone();
                        waiting.push(Box::pin(async move { places.take(&user).await }));
                    }
                    1 if index < taken.len() => drop(taken.swap_remove(index)),
                    2 if index < waiting.len() => drop(waiting.swap_remove(index)),
                    _ => {}
                }
                waiting.retain_mut(|one| match one.now_or_never() {
                    Some(place) => { taken.push(place); false }
                    None => true,
                });
                let inner = places.inner.lock();
                prop_assert_eq!(inner.free + taken.len(), 30);
                for user in 0..3_u8 {
                    prop_assert_eq!(inner.has(&user), taken.iter().filter(|place| place.user == user).count());
                }
                prop_assert!(inner.may_take(&99), "three users leave one of thirty for a fourth");
                prop_assert!(inner.order.iter().all(|(has, user)| inner.has(user) == *has && !inner.may_take(user)
                    || inner.waiting[user].iter().all(oneshot::Sender::is_closed)));
            }
            drop((taken, waiting));
            prop_assert_eq!(places.free(), 30);
        }
    }
}
