//! A bounded store shared by users. When it is full, the user with the largest part loses their oldest item.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
};

/// Identifies an item of a [`Pool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Held(u64);

/// Weighted items of users whose total weight never exceeds the bound.
///
/// A user who holds no more than an equal share of the bound, counted over the users who hold something, never loses an
/// item to another user. Every operation takes time logarithmic in the number of items.
#[derive(Debug)]
pub struct Pool<U, T> {
    bound: usize,
    weight: usize,
    next: u64,
    users: HashMap<U, Share<T>>,
    /// Users by the weight they hold, the largest last.
    by_weight: BTreeSet<(usize, U)>,
}

#[derive(Debug)]
struct Share<T> {
    weight: usize,
    /// Items by age, oldest first.
    items: BTreeMap<Held, (usize, T)>,
}

impl<U: Clone + Ord + Hash, T> Pool<U, T> {
    /// An empty pool with this bound on the total weight.
    pub fn new(bound: usize) -> Self {
        Self { bound, weight: 0, next: 0, users: HashMap::new(), by_weight: BTreeSet::new() }
    }

    /// Adds an item. Returns its key and the items that were removed for it, which is the new item itself if it alone
    /// exceeds the bound.
    ///
    /// If several users hold the largest weight, the one who adds loses an item.
    pub fn insert(&mut self, user: &U, weight: usize, item: T) -> (Held, Vec<(U, T)>) {
        let held = Held(self.next);
        self.next += 1;
        self.users.entry(user.clone()).or_insert_with(Share::new).items.insert(held, (weight, item));
        self.reweigh(user, |before| before + weight);
        let mut gone = Vec::new();
        while self.weight > self.bound {
            let largest = self.largest(user).clone();
            let Some(oldest) = self.users.get(&largest).and_then(|share| share.items.keys().next().copied()) else {
                break;
            };
            gone.extend(self.remove(&largest, oldest).map(|item| (largest, item)));
        }
        (held, gone)
    }

    /// Whether adding an item of this weight would remove an older item of this user, or the item exceeds the bound.
    pub fn is_full_for(&self, user: &U, weight: usize) -> bool {
        let own = self.users.get(user).map_or(0, |share| share.weight) + weight;
        let most = self.by_weight.last().filter(|(_, largest)| largest != user).map_or(0, |(most, _)| *most);
        self.weight + weight > self.bound && own >= most
    }

    /// Removes an item; `None` if it is gone already.
    pub fn remove(&mut self, user: &U, held: Held) -> Option<T> {
        let (weight, item) = self.users.get_mut(user)?.items.remove(&held)?;
        self.reweigh(user, |before| before - weight);
        Some(item)
    }

    /// The item; `None` if it is gone.
    pub fn get(&self, user: &U, held: Held) -> Option<&T> {
        self.users.get(user)?.items.get(&held).map(|(_, item)| item)
    }

    /// Sets a new weight for an item, which must not be larger than the old one.
    pub fn lighten(&mut self, user: &U, held: Held, lighter: usize) {
        let Some((weight, _)) = self.users.get_mut(user).and_then(|share| share.items.get_mut(&held)) else { return };
        let less = weight.saturating_sub(lighter);
        *weight -= less;
        self.reweigh(user, |before| before - less);
    }

    /// The user's items, oldest first.
    pub fn of<'a>(&'a self, user: &U) -> impl DoubleEndedIterator<Item = (Held, &'a T)> + use<'a, U, T> {
        let items = self.users.get(user).into_iter().flat_map(|share| &share.items);
        items.map(|(held, (_, item))| (*held, item))
    }

    /// Removes every item that is over. Only the oldest items of each user are checked, so this is for items that
    /// expire in the order in which they were added.
    pub fn expire(&mut self, is_over: impl Fn(&T) -> bool) -> Vec<T> {
        let users: Vec<U> = self.users.keys().cloned().collect();
        users.iter().flat_map(|user| self.expire_of(user, &is_over)).collect()
    }

    /// Removes the items of one user that are over, with the restriction of [`Pool::expire`].
    pub fn expire_of(&mut self, user: &U, is_over: impl Fn(&T) -> bool) -> Vec<T> {
        let over: Vec<Held> = self.of(user).take_while(|(_, item)| is_over(item)).map(|(held, _)| held).collect();
        over.into_iter().filter_map(|held| self.remove(user, held)).collect()
    }

    /// Number of items of a user.
    pub fn count_of(&self, user: &U) -> usize {
        self.users.get(user).map_or(0, |share| share.items.len())
    }

    /// Total weight of all items.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The user who loses an item: the one with the largest weight, and `adds` if that user is among them.
    fn largest<'a>(&'a self, adds: &'a U) -> &'a U {
        let own = self.users.get(adds).map_or(0, |share| share.weight);
        self.by_weight.last().filter(|(most, _)| *most > own).map_or(adds, |(_, user)| user)
    }

    /// Changes the weight a user holds. A user who holds nothing is removed.
    fn reweigh(&mut self, user: &U, change: impl FnOnce(usize) -> usize) {
        let Some(share) = self.users.get_mut(user) else { return };
        let before = share.weight;
        share.weight = change(before);
        self.weight = self.weight - before + share.weight;
        self.by_weight.remove(&(before, user.clone()));
        if share.items.is_empty() {
            self.users.remove(user);
        } else {
            self.by_weight.insert((share.weight, user.clone()));
        }
    }
}

impl<T> Share<T> {
    fn new() -> Self {
        Self { weight: 0, items: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: usize = 60;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, usize),
        Remove(u8, usize),
        Lighten(u8, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..6_u8, 0..BOUND + 5).prop_map(|(user, weight)| Step::Insert(user, weight)),
            4 => (0..6_u8, 0..4_usize).prop_map(|(user, weight)| Step::Insert(user, weight)),
            1 => (0..6_u8, 0..8_usize).prop_map(|(user, index)| Step::Remove(user, index)),
            1 => (0..6_u8, 0..8_usize).prop_map(|(user, index)| Step::Lighten(user, index)),
        ];
        proptest::collection::vec(step, 1..120)
    }

    /// An item that contains its user and weight, so that tests can check the pool from outside.
    type Item = (u8, usize);

    fn weight_of(pool: &Pool<u8, Item>, user: u8) -> usize {
        pool.users.get(&user).map_or(0, |share| share.weight)
    }

    fn check(pool: &Pool<u8, Item>) {
        let sums =
            (0..6_u8).map(|user| pool.users.get(&user).map_or(0, |share| share.items.values().map(|(w, _)| w).sum()));
        assert_eq!(sums.clone().sum::<usize>(), pool.weight);
        assert!(pool.weight <= BOUND);
        for (user, sum) in (0..6).zip(sums) {
            assert_eq!(sum, weight_of(pool, user));
        }
        assert_eq!(pool.by_weight.len(), pool.users.len());
        assert!(pool.by_weight.iter().all(|(weight, user)| weight_of(pool, *user) == *weight));
    }

    proptest! {
        #[test]
        fn the_bound_holds_and_a_user_within_his_share_loses_nothing_to_others(steps in steps()) {
            let mut pool = Pool::new(BOUND);
            for step in steps {
                match step {
                    Step::Insert(user, weight) => {
                        let before: Vec<usize> = (0..6).map(|user| weight_of(&pool, user)).collect();
                        let others = (0..6).filter(|other| *other != user && pool.users.contains_key(other)).count();
                        let share = BOUND / (others + 1);
                        let would_lose = pool.is_full_for(&user, weight);
                        let (_, gone) = pool.insert(&user, weight, (user, weight));
                        for (loser, (owner, _)) in &gone {
                            prop_assert_eq!(loser, owner);
                            prop_assert!(*loser == user || before[usize::from(*loser)] > share, "{loser} lost, having {before:?}");
                        }
                        if would_lose {
                            prop_assert_eq!(gone.first().map(|(loser, _)| *loser), Some(user));
                        }
                    }
                    Step::Remove(user, index) => {
                        let held = pool.of(&user).nth(index).map(|(held, _)| held);
                        if let Some(held) = held {
                            prop_assert!(pool.remove(&user, held).is_some());
                            prop_assert!(pool.remove(&user, held).is_none());
                        }
                    }
                    Step::Lighten(user, index) => {
                        let held = pool.of(&user).nth(index).map(|(held, _)| held);
                        if let Some(held) = held {
                            pool.lighten(&user, held, 1);
                        }
                    }
                }
                check(&pool);
            }
        }
    }

    #[test]
    fn the_largest_loses_his_oldest() {
        let mut pool = Pool::new(4);
        for item in ["a1", "a2", "a3"] {
            pool.insert(&"ann", 1, item);
        }
        assert_eq!(pool.insert(&"bob", 1, "b1").1, []);
        assert_eq!(pool.insert(&"bob", 1, "b2").1, [("ann", "a1")]);
        assert!(pool.is_full_for(&"bob", 1), "both have two: the one who adds gives way");
        assert_eq!(pool.insert(&"bob", 1, "b3").1, [("bob", "b1")]);
        assert!(!pool.is_full_for(&"carl", 1));
        assert_eq!(pool.insert(&"carl", 1, "c1").1.len(), 1);
    }

    #[test]
    fn what_is_too_heavy_costs_nobody_else_anything() {
        let mut pool = Pool::new(4);
        pool.insert(&"ann", 2, "a1");
        pool.insert(&"bob", 1, "b1");
        assert_eq!(pool.insert(&"bob", 5, "b2").1, [("bob", "b1"), ("bob", "b2")]);
        assert_eq!(pool.weight(), 2);
    }

    #[test]
    fn what_is_over_goes() {
        let mut pool = Pool::new(10);
        for (user, at) in [("ann", 1), ("bob", 2), ("ann", 3), ("bob", 4)] {
            pool.insert(&user, 1, at);
        }
        assert_eq!(pool.expire(|at| *at < 3).len(), 2);
        assert_eq!((pool.weight(), pool.of(&"ann").count(), pool.of(&"bob").count()), (2, 1, 1));
        assert_eq!(pool.expire_of(&"ann", |_| true), [3]);
        assert_eq!((pool.weight(), pool.users.len()), (1, 1));
    }
}
