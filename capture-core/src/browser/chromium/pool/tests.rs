//! Tests of the assignment, driven as its tasks do: in any order, with starts and pages that fail.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use proptest::prelude::*;
use tokio::time::Instant;

use super::{
    assignment::{Ahead, Assignment, BrowserId},
    entry::{Claim, Rules},
};
use crate::browser::{IsolationKey, chromium::config::Isolation};

const IDLE: Duration = Duration::from_secs(10);

fn rules(isolation: Isolation) -> Rules {
    let room = if isolation == Isolation::Process { 1 } else { 4 };
    let life = if isolation == Isolation::Process { 1 } else { 9 };
    Rules { isolation, ready: 2, room, life, ready_below: 3, ahead: 2, idle: IDLE, idle_browsers: 2 }
}

fn key(user: u8) -> IsolationKey {
    IsolationKey::new(&user.to_string())
}

/// Lets everything that is begun succeed, until nothing more is begun.
fn make_ready(assignment: &mut Assignment) {
    while let Some(ahead) = assignment.ahead() {
        match ahead {
            Ahead::Browser(id) => assignment.started(id),
            Ahead::Page(id) => assert!(assignment.page_ready(id)),
        }
    }
}

#[test]
fn a_users_first_session_takes_a_ready_browser_and_the_next_ones_a_ready_page_in_it() {
    let mut assignment = Assignment::new(rules(Isolation::User));
    make_ready(&mut assignment);
    assert!(assignment.is_full() && assignment.ready_pages() == 2);
    let (ann, claim) = assignment.claim(&key(0));
    assert_eq!(claim, Claim::Ready);
    assert_eq!(assignment.claim(&key(0)), (ann, Claim::Open), "no page is ready in it yet");
    make_ready(&mut assignment);
    assert_eq!(assignment.claim(&key(0)), (ann, Claim::Ready));
    make_ready(&mut assignment);
    assert_eq!(assignment.ready_pages(), 2, "none for ann, who has all of her sessions");
    let (ben, claim) = assignment.claim(&key(1));
    assert!(ben != ann && claim == Claim::Ready);
}

#[test]
fn sessions_of_one_user_that_come_at_once_join_the_browser_that_starts() {
    let mut assignment = Assignment::new(Rules { ready: 0, ..rules(Isolation::User) });
    let (ann, claim) = assignment.claim(&key(0));
    assert_eq!(claim, Claim::Start);
    for _ in 0..3 {
        assert_eq!(assignment.claim(&key(0)), (ann, Claim::Join));
    }
    let (second, claim) = assignment.claim(&key(0));
    assert!(second != ann && claim == Claim::Start, "a browser has room for four");
    assert_ne!(assignment.claim(&key(1)).0, second, "another user's is another one");
}

#[test]
fn a_browser_is_done_with_its_users_last_session_and_one_that_starts_once_it_has_started() {
    let mut assignment = Assignment::new(rules(Isolation::User));
    make_ready(&mut assignment);
    let (ann, _) = assignment.claim(&key(0));
    let (same, _) = assignment.claim(&key(0));
    assert_eq!(ann, same);
    make_ready(&mut assignment);
    let now = Instant::now();
    assignment.released(ann, now);
    assert_eq!(assignment.take_done(now + IDLE), []);
    assert_eq!(assignment.next_done(), None);
    assignment.released(ann, now);
    assert_eq!(assignment.next_done(), Some(now + IDLE));
    assert_eq!(assignment.take_done(now + IDLE / 2), []);
    assert_eq!(assignment.take_done(now + IDLE), [ann], "with the page that was ready in it");
    let mut assignment = Assignment::new(Rules { ready: 0, ..rules(Isolation::User) });
    let (ben, _) = assignment.claim(&key(1));
    assignment.released(ben, now);
    assert_eq!(assignment.take_done(now + IDLE), [], "its process is not known yet");
    assignment.started(ben);
    assert_eq!(assignment.take_done(now + IDLE), [ben]);
}

#[test]
fn a_users_browser_waits_for_his_next_session_and_the_longest_idle_ones_go_first() {
    let mut assignment = Assignment::new(Rules { ready: 0, ..rules(Isolation::User) });
    let now = Instant::now();
    let browsers: Vec<BrowserId> = (0..4).map(|user| assignment.claim(&key(user)).0).collect();
    for (id, after) in browsers.iter().zip(0..) {
        assignment.started(*id);
        assignment.released(*id, now + Duration::from_millis(after));
    }
    assert_eq!(assignment.claim(&key(1)), (browsers[1], Claim::Open));
    let soon = now + Duration::from_secs(1);
    assert_eq!(assignment.take_done(soon), [browsers[0]], "two others wait, as many as may");
    assignment.retire(browsers[2]);
    assert_eq!(assignment.take_done(soon), [browsers[2]]);
    assert_eq!(assignment.take_idle(0), [browsers[3]]);
    assert_eq!(assignment.take_done(soon + IDLE), [], "the last one has a session");
}

#[test]
fn without_ready_browsers_one_is_started_until_it_is_known_that_they_start() {
    let mut assignment = Assignment::new(Rules { ready: 0, ..rules(Isolation::User) });
    let Some(Ahead::Browser(first)) = assignment.ahead() else { panic!("one is started") };
    assignment.did_not_start(first);
    let Some(Ahead::Browser(second)) = assignment.ahead() else { panic!("and another one") };
    assignment.started(second);
    assert_eq!(assignment.ahead(), None);
    assert_eq!(assignment.claim(&key(0)), (second, Claim::Open));
    assert_eq!(assignment.ahead(), None);
}

#[test]
fn where_all_users_share_the_emptiest_browser_is_taken_and_idle_ones_go() {
    let mut assignment = Assignment::new(rules(Isolation::Context));
    make_ready(&mut assignment);
    let sessions: Vec<BrowserId> = (0..6).map(|user| assignment.claim(&key(user)).0).collect();
    let browsers: HashSet<BrowserId> = sessions.iter().copied().collect();
    assert_eq!(browsers.len(), 2, "each has room for four");
    for id in &browsers {
        assignment.started(*id);
    }
    assert_eq!(assignment.superfluous(), []);
    for id in &sessions {
        assignment.released(*id, Instant::now());
    }
    assert_eq!(assignment.superfluous().len(), 1);
}

/// An operation on the assignment, with numbers that select among what exists.
#[derive(Debug, Clone)]
enum Event {
    Create(u8),
    Close(usize),
    Ahead,
    Started(usize),
    NotStarted(usize),
    PageReady(usize),
    PageFailed(usize),
    Retire(usize),
    Lost(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0_u8..4).prop_map(Event::Create),
        5 => any::<usize>().prop_map(Event::Close),
        6 => Just(Event::Ahead),
        5 => any::<usize>().prop_map(Event::Started),
        1 => any::<usize>().prop_map(Event::NotStarted),
        5 => any::<usize>().prop_map(Event::PageReady),
        1 => any::<usize>().prop_map(Event::PageFailed),
        1 => any::<usize>().prop_map(Event::Retire),
        1 => any::<usize>().prop_map(Event::Lost),
    ]
}

/// What the tasks beside the assignment would know, and which users each browser has had.
#[derive(Debug)]
struct World {
    assignment: Assignment,
    rules: Rules,
    starting: Vec<BrowserId>,
    running: Vec<BrowserId>,
    opening: Vec<BrowserId>,
    sessions: Vec<(u8, BrowserId)>,
    users: BTreeMap<BrowserId, HashSet<u8>>,
    served: HashMap<BrowserId, usize>,
    gone: HashSet<BrowserId>,
    now: Instant,
}

fn pick(list: &[BrowserId], number: usize) -> Option<BrowserId> {
    (!list.is_empty()).then(|| list[number % list.len()])
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            assignment: Assignment::new(rules),
            rules,
            starting: Vec::new(),
            running: Vec::new(),
            opening: Vec::new(),
            sessions: Vec::new(),
            users: BTreeMap::new(),
            served: HashMap::new(),
            gone: HashSet::new(),
            now: Instant::now(),
        }
    }

    fn forget(&mut self, id: BrowserId) {
        self.running.retain(|other| *other != id);
        self.starting.retain(|other| *other != id);
        self.gone.insert(id);
    }

    fn create(&mut self, user: u8) {
        let (id, claim) = self.assignment.claim(&key(user));
        match claim {
            Claim::Start => self.starting.push(id),
            Claim::Join => assert!(self.starting.contains(&id)),
            Claim::Open | Claim::Ready => assert!(self.running.contains(&id)),
        }
        self.sessions.push((user, id));
        self.users.entry(id).or_default().insert(user);
        *self.served.entry(id).or_default() += 1;
        assert!(self.sessions.iter().filter(|(_, other)| *other == id).count() <= self.rules.room);
    }

    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Create(user) => self.create(user),
            Event::Close(number) if !self.sessions.is_empty() => {
                let (_, id) = self.sessions.swap_remove(number % self.sessions.len());
                self.assignment.released(id, self.now);
            }
            Event::Ahead => match self.assignment.ahead() {
                Some(Ahead::Browser(id)) => self.starting.push(id),
                Some(Ahead::Page(id)) => self.opening.push(id),
                None => {}
            },
            Event::Started(number) => {
                if let Some(id) = pick(&self.starting, number) {
                    self.starting.retain(|other| *other != id);
                    self.running.push(id);
                    self.assignment.started(id);
                }
            }
            Event::NotStarted(number) => {
                if let Some(id) = pick(&self.starting, number) {
                    self.forget(id);
                    self.sessions.retain(|(_, other)| *other != id);
                    self.assignment.did_not_start(id);
                }
            }
            Event::PageReady(number) | Event::PageFailed(number) => {
                if let Some(id) = pick(&self.opening, number) {
                    let at = self.opening.iter().position(|other| *other == id).unwrap();
                    self.opening.swap_remove(at);
                    if matches!(event, Event::PageReady(_)) {
                        self.assignment.page_ready(id);
                    } else {
                        self.assignment.page_not_ready(id);
                    }
                }
            }
            Event::Retire(number) => pick(&self.running, number).into_iter().for_each(|id| self.assignment.retire(id)),
            Event::Lost(number) => {
                if let Some(id) = pick(&self.running, number) {
                    self.forget(id);
                    self.assignment.lost(id);
                }
            }
            Event::Close(_) => {}
        }
        self.now += IDLE / 4;
        for id in self.assignment.take_done(self.now) {
            assert!(self.running.contains(&id) && !self.sessions.iter().any(|(_, other)| *other == id));
            self.forget(id);
        }
    }

    /// Invariants after every operation: no browser has had more users than allowed, and none is used once it is gone.
    fn check(&self) {
        for (id, users) in &self.users {
            match self.rules.isolation {
                Isolation::Context => {}
                Isolation::User => assert_eq!(users.len(), 1, "{id:?}"),
                Isolation::Process => assert_eq!(self.served[id], 1, "{id:?}"),
            }
        }
    }

    /// Ends every session and lets everything that was begun succeed. Only what is kept ready may be left.
    fn settle(&mut self) {
        while !self.sessions.is_empty() {
            self.happen(&Event::Close(0));
        }
        for _ in 0..100 {
            for event in [Event::Started(0), Event::Ahead, Event::PageReady(0)] {
                self.happen(&event);
            }
        }
        assert!(self.assignment.is_full(), "{self:?}");
        let spare = self.rules.isolation != Isolation::Context;
        let most = if spare { self.rules.ready } else { usize::MAX };
        assert!(self.running.len() <= most && self.assignment.ready_pages() == self.rules.ready, "{self:?}");
    }
}

proptest! {
    #[test]
    fn whatever_happens_no_browser_sees_two_users_and_the_pool_fills_again(
        isolation in prop_oneof![Just(Isolation::User), Just(Isolation::Process), Just(Isolation::Context)],
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut world = World::new(rules(isolation));
        for event in &events {
            world.happen(event);
            world.check();
        }
        world.settle();
        world.check();
    }
}
