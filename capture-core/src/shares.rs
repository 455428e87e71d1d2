//! A byte budget shared by many clients, with a bound for each user and a bound for all.
//!
//! No client is refused while there is room. Without room, the largest client is closed first: the user's own largest
//! client if that user is above the bound for one user, otherwise the largest client of the user who holds most. A user
//! who fills the budget therefore only loses clients of their own.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::account::UserId;

/// A user who holds less than this fraction (one in so many) of the bound for one user holds little.
const LITTLE: usize = 8;

/// A byte budget that clients share.
#[derive(Debug)]
pub struct Pool {
    most_of_user: usize,
    most: usize,
    all: AtomicUsize,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    by_number: HashMap<u64, Arc<Member>>,
}

/// The bytes of one client.
#[derive(Debug)]
struct Member {
    user: UserId,
    /// All bytes of the client's user, including those of this client.
    of_user: Arc<AtomicUsize>,
    own: AtomicUsize,
    /// Set once the client has been chosen to be closed; its bytes no longer count.
    gave_way: AtomicBool,
    told: Notify,
}

/// The part of the budget that one client holds, released when dropped.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    number: u64,
    member: Arc<Member>,
}

impl Pool {
    /// A budget of `most` bytes in total and `most_of_user` bytes for one user.
    pub fn new(most_of_user: usize, most: usize) -> Arc<Self> {
        Arc::new(Self { most_of_user, most, all: AtomicUsize::new(0), members: Mutex::default() })
    }

    /// An empty share for a client of this user.
    pub fn share(self: &Arc<Self>, user: &UserId) -> Share {
        let mut members = self.members.lock();
        let known = members.by_number.values().find(|member| member.user == *user);
        let member = Arc::new(Member {
            user: user.clone(),
            of_user: known.map_or_else(Arc::default, |member| Arc::clone(&member.of_user)),
            own: AtomicUsize::new(0),
            gave_way: AtomicBool::new(false),
            told: Notify::new(),
        });
        let number = members.next;
        members.next += 1;
        members.by_number.insert(number, Arc::clone(&member));
        Share { pool: Arc::clone(self), number, member }
    }

    /// A share for bytes that exist already; `None` if there is no room for them. A user who holds little is never
    /// refused, so that the bytes of other users cannot prevent small requests.
    pub fn hold(self: &Arc<Self>, user: &UserId, bytes: usize) -> Option<Share> {
        let share = self.share(user);
        let member = &share.member;
        let of_user = member.of_user.load(Ordering::Relaxed) + bytes;
        let fits = of_user <= self.most_of_user && self.bytes() + bytes <= self.most;
        if !fits && of_user > self.most_of_user / LITTLE {
            return None;
        }
        member.own.fetch_add(bytes, Ordering::Relaxed);
        member.of_user.fetch_add(bytes, Ordering::Relaxed);
        self.all.fetch_add(bytes, Ordering::Relaxed);
        Some(share)
    }

    /// Bytes held now.
    pub fn bytes(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    /// Closes the largest clients until the rest fits.
    fn make_room(&self, user: &UserId, of_user: &AtomicUsize) {
        let members = self.members.lock();
        loop {
            let of = if of_user.load(Ordering::Relaxed) > self.most_of_user {
                Some(user)
            } else if self.all.load(Ordering::Relaxed) > self.most {
                let largest = members.by_number.values().max_by_key(|member| member.of_user.load(Ordering::Relaxed));
                largest.map(|member| &member.user)
            } else {
                return;
            };
            let candidates = members.by_number.values().filter(|member| Some(&member.user) == of && member.counts());
            let Some(largest) = candidates.max_by_key(|member| member.own.load(Ordering::Relaxed)) else { return };
            tracing::info!(
                user.id = %largest.user,
                bytes = largest.own.load(Ordering::Relaxed),
                of_user = largest.of_user.load(Ordering::Relaxed),
                of_all = self.all.load(Ordering::Relaxed),
                "a client holds too many bytes and is closed"
            );
            largest.gave_way.store(true, Ordering::Relaxed);
            self.forget(largest);
            largest.told.notify_one();
        }
    }

    /// Stops counting the bytes of a member.
    fn forget(&self, member: &Member) {
        let own = member.own.swap(0, Ordering::Acquire);
        member.of_user.fetch_sub(own, Ordering::Relaxed);
        self.all.fetch_sub(own, Ordering::Relaxed);
    }
}

impl Member {
    fn counts(&self) -> bool {
        !self.gave_way.load(Ordering::Relaxed)
    }
}

impl Share {
    /// Adds bytes to the share.
    pub fn add(&self, bytes: usize) {
        let member = &*self.member;
        if !member.counts() {
            return;
        }
        // The sums come first: what is subtracted concurrently is at most the member's own, and is then part of them.
        let all = self.pool.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let of_user = member.of_user.fetch_add(bytes, Ordering::Relaxed) + bytes;
        member.own.fetch_add(bytes, Ordering::Release);
        if of_user > self.pool.most_of_user || all > self.pool.most {
            self.pool.make_room(&member.user, &member.of_user);
        }
    }

    /// Subtracts bytes from the share.
    pub fn subtract(&self, bytes: usize) {
        let member = &*self.member;
        // The client may have been chosen to be closed at this moment, in which case its bytes are no longer counted.
        let own = member.own.fetch_update(Ordering::Acquire, Ordering::Relaxed, |own| Some(own.saturating_sub(bytes)));
        let bytes = own.unwrap_or_default().min(bytes);
        member.of_user.fetch_sub(bytes, Ordering::Relaxed);
        self.pool.all.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Completes when the client must be closed to make room.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn gives_way(&self) {
        while self.member.counts() {
            self.member.told.notified().await;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.members.lock().by_number.remove(&self.number);
        self.pool.forget(&self.member);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn share(pool: &Arc<Pool>, user: &str) -> Share {
        pool.share(&user.parse().unwrap())
    }

    fn gave_way(share: &Share) -> bool {
        share.gives_way().now_or_never().is_some()
    }

    #[test]
    fn a_user_with_too_many_loses_his_largest_and_nobody_elses() {
        let pool = Pool::new(100, 1_000);
        let (small, large, other) = (share(&pool, "ann"), share(&pool, "ann"), share(&pool, "bob"));
        other.add(100);
        large.add(60);
        small.add(40);
        assert!(![&small, &large, &other].into_iter().any(gave_way));
        small.add(1);
        assert!(gave_way(&large) && !gave_way(&small) && !gave_way(&other));
        assert_eq!(pool.bytes(), 141);
        large.add(1_000);
        large.subtract(500);
        assert_eq!(pool.bytes(), 141, "what gave way counts no longer");
    }

    #[test]
    fn where_all_have_too_many_the_user_with_most_loses_the_largest() {
        let pool = Pool::new(100, 150);
        let shares = [("ann", 50), ("ann", 40), ("bob", 50)].map(|(user, bytes)| {
            let share = share(&pool, user);
            share.add(bytes);
            share
        });
        let late = share(&pool, "eve");
        late.add(11);
        assert!(gave_way(&shares[0]) && !gave_way(&shares[1]) && !gave_way(&shares[2]) && !gave_way(&late));
        drop(shares);
        assert_eq!(pool.bytes(), 11);
        drop(late);
        assert_eq!((pool.bytes(), pool.members.lock().by_number.len()), (0, 0));
    }

    #[test]
    fn what_is_there_is_held_while_there_is_room_and_little_always() {
        let pool = Pool::new(80, 100);
        let (ann, bob): (UserId, UserId) = ("ann".parse().unwrap(), "bob".parse().unwrap());
        let held = pool.hold(&ann, 80).unwrap();
        assert!(pool.hold(&ann, 1).is_none() && pool.hold(&bob, 21).is_none());
        let little = [pool.hold(&bob, 5).unwrap(), pool.hold(&bob, 5).unwrap()];
        assert_eq!(pool.bytes(), 90);
        let more = pool.hold(&bob, 10).unwrap();
        assert!(pool.hold(&"eve".parse().unwrap(), 10).is_some() && pool.hold(&bob, 1).is_none());
        drop(held);
        assert!(pool.hold(&ann, 60).is_some());
        drop((little, more));
        assert_eq!(pool.bytes(), 0);
    }

    #[test]
    fn one_that_is_too_large_alone_goes_alone() {
        let pool = Pool::new(100, 1_000);
        let (one, other) = (share(&pool, "ann"), share(&pool, "bob"));
        other.add(10);
        one.add(101);
        assert!(gave_way(&one) && !gave_way(&other));
        assert_eq!(pool.bytes(), 10);
    }

    #[test]
    fn what_is_added_and_subtracted_at_once_never_falls_below_zero() {
        let pool = Pool::new(1 << 40, 1 << 40);
        let share = Arc::new(share(&pool, "ann"));
        // Half of the threads add, and the others subtract whatever was added so far.
        let work = |share: &Share, number: usize| match number % 2 {
            0 => (0..50_000).for_each(|_| share.add(3)),
            _ => (0..50_000).for_each(|_| share.subtract(3)),
        };
        let start = |number| {
            let share = Arc::clone(&share);
            std::thread::spawn(move || work(&share, number))
        };
        let threads: Vec<_> = (0..4).map(start).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(pool.bytes() <= 300_000, "{}", pool.bytes());
        drop(share);
        assert_eq!(pool.bytes(), 0);
    }
}
