//! Every fault under every load, with real processes and a real Redis: every request is answered truthfully, nothing is
//! executed twice, every session is billed once and never past its last heartbeat, and nothing is left behind.
//!
//! Six combinations run always. `make faults` (`CAPTURE_LONG=1`) runs all of them, each `CAPTURE_ROUNDS` times, and
//! prints a line of figures for each.

mod audit;
mod figures;
mod load;
mod stage;
mod tidy;
mod traces;
mod trouble;
mod watcher;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use capture_tests::long;
use futures::future::join_all;
use parking_lot::Mutex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    task::{JoinSet, LocalSet},
    time::{Instant, sleep, timeout},
};

use self::{
    audit::{Audit, bills},
    figures::Figures,
    load::{Load, Scene},
    stage::{MAY_JUDGE, Stage},
    traces::{Traces, now},
    trouble::{Struck, Trouble},
};

/// The combinations of `make test`: each load twice.
const SHORT: [(Trouble, Load); 6] = [
    (Trouble::KillOwner, Load::Steady),
    (Trouble::EmptyRedis, Load::Idle),
    (Trouble::StopOwner(9), Load::Burst),
    (Trouble::FailOver, Load::Burst),
    (Trouble::KillGateway, Load::Steady),
    (Trouble::BlackHole(4), Load::Idle),
];
/// Stages that run concurrently, because a round mostly waits.
const STAGES: usize = 3;
/// Rounds of a cell in the long version.
const ROUNDS: usize = 20;
/// How long the load runs before the fault and after the recovery.
const BEFORE: Duration = Duration::from_millis(1_500);
/// Longest time until everything of a round is settled: a lease and some heartbeats after the last event.
const SETTLED: Duration = Duration::from_secs(25);

/// Interval between two polls.
const AGAIN: Duration = Duration::from_millis(200);

type Cell = (Trouble, Load);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_runs_twice_and_every_session_is_billed_once() {
    let (cells, rounds): (VecDeque<Cell>, usize) =
        if long() { (cells(), number("CAPTURE_ROUNDS").unwrap_or(ROUNDS)) } else { (SHORT.into(), 1) };
    let (cells, failed) = (Mutex::new(cells), Mutex::new(Vec::new()));
    // The players stay on one thread, while clients are spread over the threads.
    let stages = (0..number("CAPTURE_STAGES").unwrap_or(STAGES)).map(|_| async {
        while let Some(cell) = next(&cells) {
            let mut play = JoinSet::new();
            play.spawn_local(play_cell(cell, rounds));
            let wrongs = play.join_next().await.unwrap();
            failed.lock().extend(wrongs.unwrap_or_else(|panic| vec![format!("{cell:?}: {panic}")]));
        }
    });
    LocalSet::new().run_until(join_all(stages)).await;
    let failed = failed.into_inner();
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

fn next(cells: &Mutex<VecDeque<Cell>>) -> Option<Cell> {
    cells.lock().pop_front()
}

/// All cells, or those whose names contain `CAPTURE_CELLS`.
fn cells() -> VecDeque<Cell> {
    let all = trouble::ALL.into_iter().flat_map(|trouble| load::ALL.map(|load| (trouble, load)));
    let wanted = setting("CAPTURE_CELLS").unwrap_or_default();
    all.filter(|cell| wanted.is_empty() || wanted.split(';').any(|part| format!("{cell:?}").contains(part))).collect()
}

#[expect(clippy::disallowed_methods, reason = "how much a long run does")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn number(name: &str) -> Option<usize> {
    setting(name)?.parse().ok()
}

/// Plays all rounds of a cell on a stage of its own. Returns what went wrong.
async fn play_cell(cell: Cell, rounds: usize) -> Vec<String> {
    let mut stage = Stage::set().await;
    if cell.0.wants_a_judge() {
        sleep(MAY_JUDGE).await;
    }
    let (mut figures, mut wrongs) = (Figures::default(), Vec::new());
    for round in 1..=rounds {
        let found = play(&mut stage, cell, &format!("ann-{round}"), &mut figures).await;
        wrongs.extend(found.into_iter().map(|wrong| format!("{cell:?} round {round}: {wrong}")));
    }
    tidy::check(&stage.redis).await;
    stage.leave().await;
    report(&figures.line(cell, wrongs.len()));
    wrongs
}

#[expect(clippy::print_stdout, reason = "the figures of `make faults`")]
fn report(line: &str) {
    println!("{line}");
}

/// Plays one round.
async fn play(stage: &mut Stage, (trouble, load): Cell, user: &str, figures: &mut Figures) -> Vec<String> {
    stage.enter(user).await;
    stage.prepare(trouble).await;
    let scene = open(stage).await;
    let mut clients = load.begin(&scene);
    sleep(BEFORE).await;
    let struck = stage.strike(trouble).await;
    figures.healed.push(heal(stage, &scene, trouble.heals_within()).await);
    sleep(BEFORE).await;
    scene.finish();
    close_all(stage, &scene).await;
    if timeout(SETTLED, async { while clients.join_next().await.is_some_and(|ended| ended.is_ok()) {} }).await.is_err()
    {
        scene.traces.wrong("a client still waits, or a watcher was not told the end".to_owned());
    }
    if !clients.is_empty() {
        scene.traces.wrong("a client broke off".to_owned());
    }
    if !trouble.forgets() {
        settled(stage, &scene, user).await;
    }
    judge(stage, (trouble, struck), (&scene, user), figures).await
}

/// Opens sessions on pages that count.
async fn open(stage: &Stage) -> Arc<Scene> {
    let (ann, traces) = (stage.front.client(), Traces::default());
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let id = ann.create(&json!({})).await;
        ann.goto(&id, &stage.site.url(&format!("/counted/{id}"))).await;
        traces.opened.lock().push(id.clone());
        sessions.push(id);
    }
    Scene::new(Arc::clone(&stage.front), sessions, traces)
}

/// Waits until everything works again. When that takes too long, the last failure is recorded.
async fn heal(stage: &Stage, scene: &Scene, within: Duration) -> Duration {
    let over = Instant::now();
    while let Err(why) = works(stage, scene).await {
        if over.elapsed() > within {
            scene.traces.wrong(format!("not within {within:?} the cluster works again: {why}"));
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    over.elapsed()
}

/// Fails unless both instances are ready, a session answers or has ended, and a session can be created or the limit is
/// reached.
async fn works(stage: &Stage, scene: &Scene) -> Result<(), String> {
    stage.ready().await?;
    let ann = stage.front.client();
    let answer = ann.act(&scene.sessions[0], "title", json!({})).await;
    if !matches!(answer.status, 200 | 409) {
        return Err(format!("title: {}", answer.body));
    }
    let created = ann.post("/v1/sessions", &json!({})).await;
    if let Some(id) = created["session"]["id"].as_str() {
        scene.traces.opened.lock().push(id.to_owned());
        return if scene.close(id).await { Ok(()) } else { Err(format!("{id} could not be closed")) };
    }
    *scene.traces.doubtful.lock() += usize::from(created["outcome"] == "unknown");
    if created.status == 429 { Ok(()) } else { Err(format!("create: {}", created.body)) }
}

/// Closes the open sessions until none is left.
async fn close_all(stage: &Stage, scene: &Scene) {
    let end = Instant::now() + SETTLED;
    while Instant::now() < end {
        let asked = now();
        let closed = scene.send(Method::DELETE, "/v1/sessions", None, Value::Null).await;
        let closed = closed.ok().filter(|reply| reply.status == 200);
        for last in closed.iter().flat_map(|reply| reply["sessions"].as_array().unwrap()) {
            scene.traces.close(last, (asked, now()));
        }
        let listed = stage.front.client().get("/v1/sessions").await;
        if listed.status == 200 && listed["activeSessionCount"] == 0 {
            return;
        }
        sleep(AGAIN).await;
    }
    scene.traces.wrong("sessions are left that cannot be closed".to_owned());
}

/// Waits until every session that was granted is billed.
async fn settled(stage: &Stage, scene: &Scene, user: &str) {
    let end = Instant::now() + SETTLED;
    let opened = scene.traces.opened.lock().clone();
    while Instant::now() < end {
        let billed = bills(&stage.redis, user).await;
        if opened.iter().all(|id| billed.iter().any(|bill| bill.session == *id)) {
            return;
        }
        sleep(AGAIN).await;
    }
}

async fn judge(
    stage: &Stage,
    (trouble, struck): (Trouble, Struck),
    (scene, user): (&Scene, &str),
    figures: &mut Figures,
) -> Vec<String> {
    let bills = bills(&stage.redis, user).await;
    let account = stage.redis.ask(&["HMGET", &format!("capture:user:{user}"), "credits", "held"]).await;
    let mut account = account.lines().filter(|line| !line.starts_with(['*', '$'])).map(|line| line.parse().unwrap());
    let account = (account.next().unwrap(), account.next().unwrap());
    let audit = Audit { trouble, struck, traces: &scene.traces, bills: &bills, account };
    let wrongs = audit.judge(&stage.site);
    figures.add(&scene.traces, bills.len(), audit.difference());
    wrongs
}
