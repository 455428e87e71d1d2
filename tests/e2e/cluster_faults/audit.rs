//! The verdict after a fault: every bill is recomputed from the observations, and every answer is compared with what
//! took effect.

use std::collections::{BTreeMap, HashMap};

use capture_tests::{Redis, Site};
use serde_json::Value;

use super::{
    stage::{CREDITS, LIMIT},
    traces::{Told, Traces},
    trouble::{Struck, Trouble},
};

/// Tolerance between two readings of one clock, in milliseconds.
const TICK: i64 = 20;
/// Milliseconds of a lost ledger that need not be accounted for: a lease and some heartbeats.
const FORGIVEN: i64 = 14_000;

/// One entry of the stream of bills.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    pub(super) session: String,
    user: String,
    reason: String,
    started: i64,
    ended: i64,
    credits: u64,
}

/// All bills of this user in the ledger.
pub(super) async fn bills(redis: &Redis, user: &str) -> Vec<Bill> {
    let told = redis.ask(&["XRANGE", "capture:billing", "-", "+"]).await;
    let words: Vec<&str> = told.lines().filter(|line| !line.starts_with(['*', '$'])).collect();
    // An entry consists of its id, and of six fields with their values.
    let entries = words.chunks_exact(13).map(|entry| {
        let of = |name: &str| entry[entry.iter().position(|word| *word == name).unwrap() + 1];
        Bill {
            session: of("session").to_owned(),
            user: of("user").to_owned(),
            reason: of("reason").to_owned(),
            started: of("started").parse().unwrap(),
            ended: of("ended").parse().unwrap(),
            credits: of("credits").parse().unwrap(),
        }
    });
    entries.filter(|bill| bill.user == user).collect()
}

/// The data for the verdict of one round.
pub(super) struct Audit<'a> {
    pub(super) trouble: Trouble,
    pub(super) struck: Struck,
    pub(super) traces: &'a Traces,
    pub(super) bills: &'a [Bill],
    /// Credits and holds of the user at the end.
    pub(super) account: (u64, u64),
}

impl Audit<'_> {
    /// Everything that violates a guarantee.
    pub(super) fn judge(&self, site: &Site) -> Vec<String> {
        let mut wrongs = self.traces.wrongs.lock().clone();
        wrongs.extend(self.once());
        wrongs.extend(self.bills.iter().filter_map(price));
        wrongs.extend(self.bills.iter().filter_map(|bill| self.ending(bill)));
        wrongs.extend(self.limit());
        wrongs.extend(self.account());
        wrongs.extend(self.actions(site));
        let (slowest, answer) = &*self.traces.slowest.lock();
        if *slowest > self.trouble.answers_within() {
            wrongs.push(format!("answered after {slowest:?}: {answer}"));
        }
        wrongs
    }

    /// The sum of differences between bills and recomputed bills, in credits.
    pub(super) fn difference(&self) -> u64 {
        self.bills.iter().map(|bill| bill.credits.abs_diff(due(bill))).sum()
    }

    /// Every session that was granted is billed once. Other bills belong to creates whose outcome was reported as
    /// unknown.
    fn once(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        let mut known = HashMap::new();
        for bill in self.bills {
            *known.entry(bill.session.as_str()).or_insert(0) += 1;
        }
        for (session, times) in &known {
            if *times != 1 {
                wrongs.push(format!("{session} was billed {times} times"));
            }
        }
        let opened = self.traces.opened.lock();
        for session in opened.iter().filter(|session| !known.contains_key(session.as_str())) {
            if !(self.trouble.forgets() && self.was_closed_before(session)) {
                wrongs.push(format!("{session} was not billed"));
            }
        }
        let others = known.keys().filter(|session| !opened.iter().any(|known| known == *session)).count();
        if others > *self.traces.doubtful.lock() {
            wrongs.push(format!("{others} bills of sessions that were never granted"));
        }
        wrongs
    }

    /// Whether its end was requested before the ledger was lost, so that its bill was lost as well.
    fn was_closed_before(&self, session: &str) -> bool {
        let closed = self.traces.closed.lock();
        closed.iter().any(|closed| closed.last["id"] == session && closed.between.0 <= self.struck.over)
    }

    /// Checks that a session ended as reported, when that was requested. A session that ended by itself must have ended
    /// as this fault permits.
    fn ending(&self, bill: &Bill) -> Option<String> {
        let closed = self.traces.closed.lock();
        let told: Vec<_> = closed.iter().filter(|closed| closed.last["id"] == bill.session.as_str()).collect();
        for told in &told {
            let last = &told.last;
            let same = last["closeReason"] == bill.reason.as_str()
                && last["billedCredits"] == bill.credits
                && moment(&last["closedAt"]) == bill.ended
                && moment(&last["startedAt"]) == bill.started;
            if !same {
                return Some(format!("it was told as {last}, but billed as {bill:?}"));
            }
        }
        let between = if bill.reason == "closed" {
            let between = |all: (i64, i64), told: (i64, i64)| (all.0.min(told.0), all.1.max(told.1));
            // The session was closed by a request whose answer was lost, so the time of its end is unknown.
            told.iter().map(|told| told.between).reduce(between).filter(|_| told.len() == 1)?
        } else {
            match self.trouble.ending(self.struck) {
                Some(ending) if ending.reason == bill.reason => ending.between,
                _ => return Some(format!("nothing ends so under this fault: {bill:?}")),
            }
        };
        // A session that began after the last heartbeat ends at its start.
        let from = between.0.min(bill.started);
        let fits = from - TICK <= bill.ended && bill.ended <= between.1 + TICK;
        (!fits).then(|| format!("between {between:?} it should have ended: {bill:?}"))
    }

    /// The limit on concurrent sessions holds. After a lost ledger, sessions that began within a lease are not counted.
    fn limit(&self) -> Option<String> {
        let lost = self.trouble.forgets().then_some((self.struck.began, self.struck.over + FORGIVEN));
        let counted =
            self.bills.iter().filter(|bill| lost.is_none_or(|(from, to)| !(from..to).contains(&bill.started)));
        let mut steps = BTreeMap::<i64, i64>::new();
        for bill in counted {
            *steps.entry(bill.started).or_default() += 1;
            *steps.entry(bill.ended).or_default() -= 1;
        }
        let mut active = 0;
        for (at, step) in steps {
            active += step;
            if active > i64::try_from(LIMIT).unwrap() {
                return Some(format!("{active} sessions at {at}, {LIMIT} were allowed"));
            }
        }
        None
    }

    /// Bills and account agree. After a lost ledger, charges that were lost with it may be refunded.
    fn account(&self) -> Option<String> {
        let (credits, held) = self.account;
        let left = CREDITS - self.bills.iter().map(|bill| bill.credits).sum::<u64>();
        let fits = if self.trouble.forgets() {
            (left.saturating_sub(50)..=CREDITS).contains(&credits)
        } else {
            credits == left
        };
        (!fits || held != 0).then(|| format!("{credits} credits and {held} held, but {left} are left by the bills"))
    }

    /// What was answered as executed took effect once, what was answered as not executed did not, and nothing took
    /// effect twice.
    fn actions(&self, site: &Site) -> Vec<String> {
        let mut by_name = HashMap::<&str, (u64, u64)>::new();
        let actions = self.traces.actions.lock();
        for action in actions.iter() {
            let (done, doubtful) = by_name.entry(&action.name).or_default();
            *done += u64::from(action.told == Told::Executed);
            *doubtful += u64::from(action.told == Told::Unknown);
        }
        let wrong = by_name.iter().filter_map(|(name, (done, doubtful))| {
            let counted = site.counts().of(name);
            let fits = (*done..=done + doubtful).contains(&counted);
            (!fits).then(|| format!("{name} was done {counted} times: {done} were told, {doubtful} are doubtful"))
        });
        wrong.collect()
    }
}

fn price(bill: &Bill) -> Option<String> {
    (bill.credits != due(bill)).then(|| format!("{} credits were due for {bill:?}", due(bill)))
}

/// The price of a session from its start and end: a credit for each started minute.
fn due(bill: &Bill) -> u64 {
    u64::try_from(bill.ended - bill.started).unwrap_or(0).div_ceil(60_000).max(1)
}

/// A timestamp in a reply, in milliseconds.
fn moment(told: &Value) -> i64 {
    use capture_core::clock::Timestamp;
    serde_json::from_value::<Timestamp>(told.clone()).unwrap().0
}
