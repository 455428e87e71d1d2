//! Invariants of the engine under any order of events: one charge per session, consistent counters, and nothing left
//! over. The tests use simulated pages, paused time and real ledgers.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use serde_json::json;

use super::Engine;
use crate::{
    account::{Account, Accounts, Secret, UserId},
    action::{self, Action},
    browser::simulated::{Simulated, Step},
    call::{ActionName, Caller},
    error::{ErrorCode, RunOutcome},
    event::{EventKind, Since},
    ledger::MemoryLedger,
    limits::Limits,
    reply::Executed,
    session::{CloseReason, Keyed, RequestHash, SessionId, SessionOptions, Status},
    sessions::Sessions,
};

fn ann() -> Caller {
    Caller::user("ann".parse().unwrap())
}

/// A page whose actions behave as the path of their address says: `/fail`, `/hang`, `/die`, `/panic`. Any other path
/// succeeds after half a second.
fn scripted() -> Simulated {
    Simulated::scripted(|action| {
        let action::ActionKind::Goto(goto) = &action.kind else { return Step::Succeed(Duration::from_millis(5)) };
        match goto.url.path() {
            "/fail" => Step::Fail(Duration::from_millis(10), "no".to_owned()),
            "/hang" => Step::Hang,
            "/die" => Step::Die(Duration::from_millis(10)),
            "/panic" => Step::Panic,
            _ => Step::Succeed(Duration::from_millis(500)),
        }
    })
}

fn goto(path: &str) -> Action {
    action::parse(&json!({"type": "goto", "payload": {"url": format!("http://a.test/{path}")}})).unwrap()
}

fn title() -> Action {
    action::parse(&json!({"type": "title"})).unwrap()
}

fn keyed(key: &str) -> Keyed {
    Keyed { key: key.parse().unwrap(), request: RequestHash::of(b"same") }
}

async fn engine_with(browser: Simulated, credits: u64, limits: Limits) -> (Engine, Arc<MemoryLedger>) {
    let ledger = Arc::new(MemoryLedger::new());
    let user: UserId = "ann".parse().unwrap();
    let account = Account { credits: Some(credits), ..Account::new(user, Secret::chosen("s").hash()) };
    ledger.add(account).await.unwrap();
    let engine = Engine::builder().limits(limits).backend(browser).ledger(Arc::clone(&ledger)).build().await.unwrap();
    (engine, ledger)
}

async fn create(engine: &Engine, ttl: u64) -> SessionId {
    engine.create(ann(), SessionOptions::with_ttl(Duration::from_secs(ttl)), None).await.unwrap().session.id
}

async fn account(ledger: &MemoryLedger) -> Account {
    ledger.account(&ann().user).await.unwrap().unwrap()
}

#[derive(Debug, Clone)]
enum Move {
    Act(&'static str),
    Keyed(&'static str),
    Wait(u64),
    Renew(u64),
    Close,
    CloseTwice,
    KillBrowser,
    Cancel,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        prop_oneof![Just("ok"), Just("fail"), Just("hang"), Just("die"), Just("panic")].prop_map(Move::Act),
        prop_oneof![Just("k1"), Just("k2")].prop_map(Move::Keyed),
        (1_u64..40).prop_map(Move::Wait),
        (1_u64..200).prop_map(Move::Renew),
        Just(Move::Close),
        Just(Move::CloseTwice),
        Just(Move::KillBrowser),
        Just(Move::Cancel),
    ];
    proptest::collection::vec(one, 1..12)
}

/// Plays the moves against one session and checks the invariants.
async fn play(moves: Vec<Move>, ttl: u64, shutdown: bool) {
    const CREDITS: u64 = 1_000;
    let browser = scripted();
    let (engine, ledger) = engine_with(browser.clone(), CREDITS, Limits::default()).await;
    let id = create(&engine, ttl).await;
    for each in moves {
        let acting = async |action, key| drop(engine.execute(ann(), id, action, key).await);
        let acted = |action, key| tokio::time::timeout(Duration::from_secs(40), acting(action, key));
        match each {
            Move::Act(path) => drop(acted(goto(path), None).await),
            Move::Keyed(key) => drop(acted(goto("ok"), Some(keyed(key))).await),
            Move::Wait(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            Move::Renew(seconds) => drop(engine.renew(ann(), id, seconds).await),
            Move::Close => drop(engine.close(ann(), id).await),
            Move::CloseTwice => {
                let (one, two) = tokio::join!(engine.close(ann(), id), engine.close(ann(), id));
                assert_eq!(one.unwrap(), two.unwrap(), "two closes bring one end");
            }
            Move::KillBrowser => browser.kill(),
            Move::Cancel => drop(engine.cancel(ann(), id, ActionName::Id("a_unknown".to_owned())).await),
        }
        let view = engine.get(ann(), id).await.unwrap();
        assert_eq!(view.action_count, view.action_success_count + view.action_error_count);
    }
    if shutdown {
        engine.shutdown(Duration::ZERO).await;
    } else {
        tokio::time::sleep(Duration::from_secs(1_000)).await;
    }
    let last = engine.get(ann(), id).await.unwrap();
    assert_ne!(last.status, Status::Active, "it has ended: closed, lost, or at the latest expired");
    let sum: u64 = last.action_breakdown.values().map(|count| count.total).sum();
    assert_eq!(sum, last.action_count);
    let elapsed = last.closed_at.unwrap().since(last.started_at);
    assert!(last.closed_at.unwrap() <= last.expires_at && elapsed <= Duration::from_secs(900));
    assert_eq!(last.billed_credits, Some(crate::billing::credits_for(elapsed)));
    let account = account(&ledger).await;
    assert_eq!(account.credits, Some(CREDITS - last.billed_credits.unwrap()), "charged exactly once");
    assert_eq!((account.held, engine.live_sessions(), browser.open_pages()), (0, 0, 0), "nothing is left");
    engine.shutdown(Duration::ZERO).await;
}

fn user(name: &str) -> Caller {
    Caller::user(name.parse().unwrap())
}

/// An engine with room for many sessions, a user ann with 1,000 credits, and a user mallory with this many.
async fn shared_engine(mallorys_credits: u64) -> Engine {
    let limits = Limits { sessions_per_user: 100, ..Limits::default() };
    let (engine, ledger) = engine_with(Simulated::default(), 1_000, limits).await;
    let account = Account::new("mallory".parse().unwrap(), Secret::chosen("s").hash());
    ledger.add(Account { credits: Some(mallorys_credits), ..account }).await.unwrap();
    engine
}

#[tokio::test(start_paused = true)]
async fn refused_creates_of_one_user_do_not_make_the_retry_of_another_a_second_session() {
    let engine = shared_engine(0).await;
    let options = SessionOptions::with_ttl(Duration::from_secs(60));
    let first = engine.create(ann(), options, Some(keyed("mine"))).await.unwrap().session.id;
    for number in 0..10_100 {
        let refused = engine.create(user("mallory"), options, Some(keyed(&format!("k{number}")))).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Forbidden);
    }
    let again = engine.create(ann(), options, Some(keyed("mine"))).await.unwrap();
    assert_eq!((again.session.id, again.replayed), (first, true));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_may_be_sent_again_under_its_key() {
    let engine = shared_engine(0).await;
    let options = |seconds| SessionOptions::with_ttl(Duration::from_secs(seconds));
    engine.create(user("mallory"), options(60), Some(keyed("k"))).await.unwrap_err();
    let changed = Keyed { key: "k".parse().unwrap(), request: RequestHash::of(b"another") };
    let refused = engine.create(user("mallory"), options(30), Some(changed)).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Forbidden, "it was tried, not compared with what is gone");
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn ended_sessions_of_one_user_do_not_push_out_what_is_known_of_anothers() {
    let engine = shared_engine(100_000).await;
    let options = SessionOptions::with_ttl(Duration::from_secs(60));
    let id = create(&engine, 60).await;
    engine.execute(ann(), id, title(), Some(keyed("k"))).await.unwrap();
    let follow = engine.follow(ann(), id, None).await.unwrap();
    engine.close(ann(), id).await.unwrap();
    for _ in 0..1_100 {
        let other = engine.create(user("mallory"), options, None).await.unwrap().session.id;
        engine.close(user("mallory"), other).await.unwrap();
    }
    let retried = engine.execute(ann(), id, title(), Some(keyed("k"))).await.unwrap_err();
    assert_eq!(retried.outcome(), RunOutcome::Executed, "the key is still known");
    let since = Since { epoch: follow.epoch.clone(), seq: follow.seq };
    assert!(engine.follow(ann(), id, Some(since)).await.unwrap().recovered, "and so is the log");
    engine.shutdown(Duration::ZERO).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn one_charge_whatever_happens(moves in moves(), ttl in 1_u64..120, shutdown: bool) {
        // The script provokes panics; their traces would only clutter the output.
        std::panic::set_hook(Box::new(|_| {}));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(play(moves, ttl, shutdown));
        let _ = std::panic::take_hook();
    }
}

#[tokio::test(start_paused = true)]
async fn expiry_is_exact_and_tells_everyone_who_waits() {
    let (engine, ledger) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&engine, 90).await;
    let mut follow = engine.follow(ann(), id, None).await.unwrap();
    let (running, queued) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(80)).await;
            engine.execute(ann(), id, goto("hang"), None).await
        },
        async {
            tokio::time::sleep(Duration::from_secs(81)).await;
            engine.execute(ann(), id, title(), None).await
        }
    );
    for (ended, outcome) in [(running, RunOutcome::Unknown), (queued, RunOutcome::NotExecuted)] {
        let error = ended.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (ErrorCode::SessionInactive, outcome));
        let session = error.session().unwrap();
        assert_eq!((session.close_reason, session.billed_credits), (Some(CloseReason::Expired), Some(2)));
        assert_eq!(session.closed_at, Some(session.expires_at));
    }
    assert_eq!(account(&ledger).await.credits, Some(8));
    let mut last = None;
    while let Ok(event) = follow.live.recv().await {
        assert_eq!(event.seq, follow.seq + 1, "no hole");
        follow.seq = event.seq;
        last = Some(event);
    }
    assert!(
        matches!(&last.unwrap().kind, EventKind::SessionClosed(closed) if closed.session.billed_credits == Some(2))
    );
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_resumes_where_it_stopped() {
    let (engine, _ledger) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&engine, 60).await;
    engine.execute(ann(), id, goto("ok"), None).await.unwrap();
    let first = engine.follow(ann(), id, None).await.unwrap();
    engine.execute(ann(), id, title(), None).await.unwrap();
    let since = Since { epoch: first.epoch.clone(), seq: first.seq };
    let again = engine.follow(ann(), id, Some(since)).await.unwrap();
    assert!(again.recovered);
    let seqs: Vec<u64> = again.replay.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [first.seq + 1, first.seq + 2], "started and finished");
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_comes_back_late_still_learns_the_end() {
    let (engine, _ledger) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&engine, 60).await;
    let first = engine.follow(ann(), id, None).await.unwrap();
    let since = || Some(Since { epoch: first.epoch.clone(), seq: first.seq });
    engine.execute(ann(), id, title(), None).await.unwrap();
    engine.close(ann(), id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    let mut late = engine.follow(ann(), id, since()).await.unwrap();
    let methods: Vec<&str> = late.replay.iter().map(|event| event.kind.method()).collect();
    assert_eq!(methods, ["action.started", "action.finished", "session.closed"]);
    assert!(late.next().await.is_none() && !late.session.is_active());
    let stranger = Caller::user("bob".parse().unwrap());
    assert_eq!(engine.follow(stranger, id, since()).await.unwrap_err().code(), ErrorCode::SessionNotFound);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(engine.follow(ann(), id, since()).await.unwrap_err().code(), ErrorCode::SessionInactive);
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_waiting_action_is_taken_back_and_its_key_never_runs() {
    let (engine, _ledger) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&engine, 60).await;
    let waiting = async {
        tokio::task::yield_now().await;
        engine.execute(ann(), id, title(), Some(keyed("k1"))).await
    };
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        engine.cancel(ann(), id, ActionName::Key("k1".parse().unwrap())).await.unwrap()
    };
    let (_running, taken_back, cancelled) =
        tokio::join!(engine.execute(ann(), id, goto("ok"), None), waiting, cancelling);
    assert!(cancelled);
    for refused in [taken_back, engine.execute(ann(), id, title(), Some(keyed("k1"))).await] {
        let error = refused.unwrap_err();
        assert_eq!((error.reason(), error.outcome()), (Some("cancelled"), RunOutcome::NotExecuted));
    }
    assert_eq!(engine.get(ann(), id).await.unwrap().action_count, 1);
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ledger_that_do_not_take_the_end() {
    let (engine, ledger) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&engine, 60).await;
    let closing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ledger.lose(id);
        engine.close(ann(), id).await.map(drop)
    };
    let running = async { engine.execute(ann(), id, goto("hang"), None).await.map(drop) };
    let queued = async { engine.execute(ann(), id, title(), None).await.map(drop) };
    let answers = async { tokio::join!(running, queued, closing) };
    let (running, queued, closing) = tokio::time::timeout(Duration::from_secs(12), answers).await.unwrap();
    for (answer, outcome) in
        [(running, RunOutcome::Unknown), (queued, RunOutcome::NotExecuted), (closing, RunOutcome::NotExecuted)]
    {
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.outcome()), (ErrorCode::Unavailable, outcome));
    }
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_cannot_open_pages_costs_nothing_and_recovers() {
    let browser = scripted();
    let (engine, ledger) = engine_with(browser.clone(), 10, Limits::default()).await;
    browser.fail_opens(Some("out of memory"));
    let refused = engine.create(ann(), SessionOptions::with_ttl(Duration::from_secs(60)), None).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    assert!(refused.message().contains("out of memory") && engine.readiness().is_err());
    assert_eq!((account(&ledger).await.credits, account(&ledger).await.held), (Some(10), 0));
    browser.fail_opens(None);
    create(&engine, 60).await;
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_caller_leaves_is_listed_and_billed_like_any_other() {
    let (engine, ledger) = engine_with(scripted().opening_after(Duration::from_secs(2)), 10, Limits::default()).await;
    let options = SessionOptions::with_ttl(Duration::from_secs(60));
    let left = tokio::time::timeout(Duration::from_secs(1), engine.create(ann(), options, None)).await;
    assert!(left.is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(engine.list(ann()).await.unwrap().len(), 1);
    assert_eq!(engine.close_all(ann()).await.unwrap().len(), 1);
    assert_eq!(account(&ledger).await.credits, Some(9));
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test(start_paused = true)]
async fn results_of_keys_are_dropped_before_the_keys() {
    let limits = Limits { replay_bytes: 300, ..Limits::default() };
    let (engine, _ledger) = engine_with(scripted(), 10, limits).await;
    let id = create(&engine, 60).await;
    for key in ["k1", "k2"] {
        engine.execute(ann(), id, title(), Some(keyed(key))).await.unwrap();
    }
    let dropped = engine.execute(ann(), id, title(), Some(keyed("k1"))).await.unwrap();
    assert!(matches!(dropped, Executed::Dropped(_)));
    assert_eq!(engine.get(ann(), id).await.unwrap().action_count, 2);
    engine.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn several_engines_live_in_one_process() {
    let (one, _) = engine_with(scripted(), 10, Limits::default()).await;
    let (two, _) = engine_with(scripted(), 10, Limits::default()).await;
    let id = create(&one, 60).await;
    assert_eq!(two.get(ann(), id).await.unwrap_err().code(), ErrorCode::SessionNotFound);
    one.shutdown(Duration::ZERO).await;
    create(&two, 60).await;
    two.shutdown(Duration::ZERO).await;
}
