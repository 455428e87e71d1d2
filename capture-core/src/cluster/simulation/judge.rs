//! Checks the invariants after the faults have ended.

use std::collections::{BTreeSet, HashMap};

use super::{
    history::{Broken, History, Renders},
    world::USERS,
};
use crate::{
    error::RunOutcome,
    ledger::redis::fake::{Bill, FakeRedis},
};

type Bills<'a> = HashMap<&'a str, Vec<&'a Bill>>;

/// Every violated invariant. After a loss, Redis may miss what no instance knew either.
pub(super) fn judge(redis: &FakeRedis, history: &History) -> Vec<Broken> {
    let bills = redis.bills();
    let mut of_session = Bills::new();
    for bill in &bills {
        of_session.entry(&bill.session).or_default().push(bill);
    }
    let mut broken: Vec<Broken> = bills.iter().filter(|bill| bill.reason != "render").flat_map(honest).collect();
    broken.extend(billed_once(history, &of_session));
    broken.extend(renders_charged(&bills, history));
    broken.extend(ran_once(history, &of_session));
    broken.extend(told_the_truth(history));
    broken.extend(left_behind(redis, history.lost.is_some()));
    if history.following > 0 {
        broken.push(format!("{} followers wait for ever", history.following));
    }
    broken
}

fn honest(bill: &Bill) -> Vec<Broken> {
    let mut broken = Vec::new();
    let minutes = u64::try_from((bill.ended - bill.started).max(0)).unwrap().div_ceil(60_000).max(1);
    if bill.credits != minutes {
        broken.push(format!("{} credits for {} ms", bill.credits, bill.ended - bill.started));
    }
    if bill.reason == "instance_lost" && bill.ended > bill.started.max(bill.proof) {
        broken.push(format!("billed {} ms past the last proof of life", bill.ended - bill.proof));
    }
    broken
}

fn billed_once(history: &History, bills: &Bills<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (id, heard) in &history.sessions {
        let bills = bills.get(id.to_string().as_str()).map_or(&[][..], Vec::as_slice);
        // A bill that was lost with all other data is written again.
        let twice = bills.iter().zip(bills.iter().skip(1)).any(|(one, next)| one.losses == next.losses);
        let excused = history.lost.is_some_and(|lost| lost.may_include(*heard));
        if twice || bills.is_empty() && !excused {
            broken.push(format!("a session has {} bills", bills.len()));
        }
    }
    broken
}

/// What was answered as charged was charged, each render once, and neither what was answered as free nor what was not
/// asked for.
fn renders_charged(bills: &[Bill], history: &History) -> Vec<Broken> {
    let renders: Vec<&Bill> = bills.iter().filter(|bill| bill.reason == "render").collect();
    let ids: BTreeSet<&str> = renders.iter().map(|bill| bill.session.as_str()).collect();
    let mut broken = Vec::new();
    if ids.len() < renders.len() {
        broken.push("a render was charged twice".to_owned());
    }
    let Renders { asked, charged, free } = history.renders;
    if renders.len() + free > asked || (renders.len() < charged && history.lost.is_none()) {
        let answered = format!("{charged} answered as charged and {free} as free");
        broken.push(format!("{} renders were charged, of {asked} with {answered}", renders.len()));
    }
    broken
}

fn ran_once(history: &History, bills: &Bills<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (label, runs) in &history.runs {
        let id = history.of[label].to_string();
        let billed = bills.get(id.as_str()).and_then(|bills| bills.first());
        if billed.is_some_and(|bill| runs.iter().any(|run| *run > bill.at)) {
            broken.push(format!("{label} began after its session was billed"));
        }
        if runs.len() > 1 {
            broken.push(format!("{label} ran {} times", runs.len()));
        }
    }
    broken
}

fn told_the_truth(history: &History) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (label, told) in &history.told {
        let runs = history.runs.get(label).map_or(&[][..], Vec::as_slice);
        let late = runs.iter().any(|run| *run > told.at);
        broken.extend(match told.outcome {
            RunOutcome::NotExecuted if !runs.is_empty() => Some(format!("{label} ran, and was told not to have")),
            RunOutcome::Executed if runs.is_empty() => Some(format!("{label} was told to have run, and did not")),
            _ if late => Some(format!("{label} began after its client was answered")),
            _ => None,
        });
    }
    broken
}

fn left_behind(redis: &FakeRedis, forgot: bool) -> Vec<Broken> {
    let is_open = |name: &String| {
        let live = ["capture:slots:", "capture:renders:", "capture:owned:"].iter().any(|start| name.starts_with(start));
        live || name.starts_with("capture:session:") && !redis.is_final(name)
    };
    let mut broken: Vec<_> =
        redis.names().iter().filter(|name| is_open(name)).map(|name| format!("{name} is left")).collect();
    for name in USERS {
        let held = redis.field(&format!("capture:user:{name}"), "held");
        if !forgot && held.as_deref().is_some_and(|held| held != "0") {
            broken.push(format!("{name} still has {held:?} held"));
        }
    }
    broken
}
