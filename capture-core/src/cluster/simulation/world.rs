//! One world from one seed: three instances, clients that use sessions through any of them, and faults. After a calm
//! period the invariants are checked.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    faults::Loss,
    history::{Broken, ClientOutcome, History},
    judge::judge,
    mutations::{Mutation, is_active},
    network::{Dice, Link, Network},
};
use crate::{
    account::{Account, Accounts, SecretHash, UserId},
    action::{self, ActionKind},
    actor::Follow,
    browser::simulated::{Simulated, Step},
    call::Caller,
    cluster::Cluster,
    engine::Engine,
    error::{Error, ErrorCode, RunOutcome},
    event::EventKind,
    ledger::redis::{InstanceId, LeaseTimes, RedisLedger},
    limits::Limits,
    render::{PageSettings, RenderOutput, RenderRequest, RenderSource, Waits},
    reply::Executed,
    session::{Keyed, RequestHash, SessionId, SessionOptions},
    sessions::Sessions,
    tasks::Tasks,
};

/// How long faults and clients continue.
pub(super) const STORM: Duration = Duration::from_secs(120);
/// Maximum duration of a request; longer than any deadline in the product.
const ANSWERED: Duration = Duration::from_secs(60);
/// After the faults, everything must be settled within this time.
const CALM: Duration = Duration::from_secs(60);
/// Maximum number of sessions of a user.
const MOST: u32 = 3;
/// The host of documents that are rendered; others are opened by sessions.
const RENDERED: &str = "render.test";
pub(super) const USERS: [&str; 2] = ["ann", "bob"];

/// Signals once, to all waiting tasks, that something is over.
#[derive(Clone, Default)]
pub(super) struct Death(Arc<tokio::sync::watch::Sender<bool>>);

impl Death {
    pub(super) fn happen(&self) {
        self.0.send_replace(true);
    }

    fn has_happened(&self) -> bool {
        *self.0.borrow()
    }

    async fn happened(&self) {
        let _ = self.0.subscribe().wait_for(|over| *over).await; // cannot fail: the sender is in self
    }
}

pub(super) struct Node {
    engine: Engine,
    cluster: Cluster,
    pub(super) link: Arc<Link>,
    pub(super) alive: bool,
    pub(super) dead: Death,
}

/// Access to the cluster through one instance, as long as it lives.
#[derive(Clone)]
struct Door {
    cluster: Cluster,
    dead: Death,
}

pub(super) struct World {
    pub(super) network: Arc<Network>,
    pub(super) nodes: Mutex<Vec<Node>>,
    pub(super) history: Mutex<History>,
    pub(super) began: Instant,
    pub(super) loses: Loss,
    watchers: Tasks,
}

impl World {
    async fn new(seed: u64) -> Arc<Self> {
        let mut dice = Dice::new(seed);
        let losses = [0, 0, 50, 12][usize::try_from(dice.throw(4)).unwrap()];
        let loses = match dice.throw(10) {
            0 => Loss::Everything,
            1 => Loss::LastMoments,
            _ => Loss::Nothing,
        };
        let world = Arc::new(Self {
            network: Network::new(seed, losses),
            nodes: Mutex::default(),
            history: Mutex::default(),
            began: Instant::now(),
            loses,
            watchers: Tasks::default(),
        });
        for _ in 0..3 {
            world.start_node().await;
        }
        let ledger = RedisLedger::new(Arc::clone(&world.network.redis) as Arc<_>, InstanceId::new());
        for name in USERS {
            let account = Account::new(name.parse().unwrap(), SecretHash::of(name));
            ledger.add(Account { credits: Some(10_000), ..account }).await.unwrap();
        }
        world
    }

    pub(super) async fn start_node(self: &Arc<Self>) {
        let me = InstanceId::new();
        let link = Link::new(&self.network, me.clone());
        let ledger = Arc::new(RedisLedger::new(Arc::clone(&link) as Arc<_>, me).leased(lease()));
        let weak = Arc::downgrade(self);
        let pages = Simulated::scripted(move |action| {
            if let (Some(world), ActionKind::Goto(goto)) = (weak.upgrade(), &action.kind) {
                let label = goto.url.path().trim_start_matches('/').to_owned();
                let slow = label.len() as u64 * 131 % 900;
                if goto.url.host_str() == Some(RENDERED) {
                    return Step::Succeed(Duration::from_millis(slow * 5));
                }
                world.history.lock().runs.entry(label).or_default().push(Instant::now());
                return Step::Succeed(Duration::from_millis(slow));
            }
            Step::Succeed(Duration::from_millis(1))
        });
        let limits = Limits { sessions_per_user: MOST, ..Limits::default() };
        let engine = Engine::builder().limits(limits).backend(pages).ledger(Arc::clone(&ledger)).build().await;
        let Ok(engine) = engine else { return }; // Redis is unavailable, so the instance does not start
        let cluster = Cluster::join(engine.clone(), ledger, Arc::clone(&link) as Arc<_>);
        self.nodes.lock().push(Node { engine, cluster, link, alive: true, dead: Death::default() });
    }

    pub(super) fn note(&self, what: impl std::fmt::Display) {
        let at = self.began.elapsed().as_millis();
        self.history.lock().trace.push(format!("{at} {what}"));
    }

    fn broken(&self, what: String) {
        self.note(format!("BROKEN {what}"));
        self.history.lock().broken.push(what);
    }

    /// A random living instance.
    fn any(&self, dice: &mut Dice) -> Door {
        let nodes = self.nodes.lock();
        let alive: Vec<_> = nodes.iter().filter(|node| node.alive).collect();
        let chosen = usize::try_from(dice.throw(alive.len() as u64)).unwrap();
        Door { cluster: alive[chosen].cluster.clone(), dead: alive[chosen].dead.clone() }
    }

    /// Creates sessions, uses them through any instance and closes some.
    async fn client(self: Arc<Self>, number: u64, mut dice: Dice) {
        let user: UserId = USERS[usize::try_from(number % 2).unwrap()].parse().unwrap();
        let mut count = 0_u64;
        while self.began.elapsed() < STORM {
            let caller = Caller::user(user.clone());
            let door = self.any(&mut dice);
            let options = SessionOptions::with_ttl(Duration::from_secs(20 + dice.throw(100)));
            let created = self.bounded("create", &door, door.cluster.create(caller.clone(), options, None)).await;
            let Some(Ok(created)) = created else {
                tokio::time::sleep(Duration::from_millis(300 + dice.throw(2_000))).await;
                continue;
            };
            let id = created.session.id;
            self.history.lock().sessions.push((id, Instant::now()));
            self.note(format!("client {number} opened a session"));
            if dice.one_in(2) {
                let watcher = Arc::clone(&self);
                let (caller, door) = (caller.clone(), self.any(&mut dice));
                self.watchers.spawn(async move { watcher.watch(door, caller, id).await });
            }
            let home = self.any(&mut dice);
            for _ in 0..dice.throw(20) {
                count += 1;
                if !self.act(&mut dice, &caller, (id, &home), format!("c{number}n{count}")).await {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(dice.throw(1_500))).await;
            }
            if !dice.one_in(4) {
                let door = self.any(&mut dice);
                let closed = self.bounded("close", &door, door.cluster.close(caller, id)).await;
                self.note(format!("client {number} closed: {}", matches!(closed, Some(Ok(_)))));
            }
        }
    }

    /// Renders through any instance.
    async fn render(self: Arc<Self>, mut dice: Dice) {
        while self.began.elapsed() < STORM {
            let user: UserId = USERS[usize::try_from(dice.throw(2)).unwrap()].parse().unwrap();
            let url = format!("https://{RENDERED}/{}", "x".repeat(1 + usize::try_from(dice.throw(6)).unwrap()));
            let request = RenderRequest {
                source: RenderSource::Url(url.parse().unwrap()),
                output: RenderOutput::Metadata,
                settings: PageSettings::default(),
                waits: Waits::default(),
                proxy: false,
                bypass_bot_detection: false,
            };
            let door = self.any(&mut dice);
            self.history.lock().renders.asked += 1;
            let made = self.bounded("render", &door, door.cluster.render(Caller::user(user), request)).await;
            let billed = made.and_then(Result::ok).map(|rendered| rendered.billed_credits);
            self.note(format!("a render was answered: {billed:?}"));
            self.history.lock().renders.answered(billed);
            tokio::time::sleep(Duration::from_millis(dice.throw(900))).await;
        }
    }

    /// Sends one action with a key, again through other instances while its outcome is unknown. Returns false when the
    /// session is over.
    async fn act(&self, dice: &mut Dice, caller: &Caller, (id, home): (SessionId, &Door), label: String) -> bool {
        let request = serde_json::json!({"type": "goto", "payload": {"url": format!("https://page.test/{label}")}});
        let action = action::parse(&request).unwrap();
        let keyed = Keyed { key: label.parse().unwrap(), request: RequestHash::of(label.as_bytes()) };
        let mut doubt = false;
        self.history.lock().of.insert(label.clone(), id);
        // Without a key the action is sent only once, whatever its outcome.
        let keyed = (!dice.one_in(3)).then_some(keyed);
        for attempt in 0..if keyed.is_some() { 3 } else { 1 } {
            // Some clients stay with their instance, others use any.
            let stays = label.len().is_multiple_of(2) && !home.dead.has_happened();
            let door = if stays { home.clone() } else { self.any(dice) };
            let sent = door.cluster.execute(caller.clone(), id, action.clone(), keyed.clone());
            let Some(answer) = self.bounded("execute", &door, sent).await else {
                self.history.lock().told.remove(&label); // the connection was cut before an answer
                return false;
            };
            let (mut outcome, over) = match &answer {
                Ok(Executed::Reply(_) | Executed::Dropped(_)) => (RunOutcome::Executed, false),
                Err(error) => (error.outcome(), error.session().is_some_and(|view| !view.is_active())),
            };
            self.note(format!("{label} {attempt}: {}", word(&answer)));
            if matches!(&answer, Err(error) if error.code() == ErrorCode::SessionNotFound) && self.is_held(id) {
                self.broken(format!("{label}: its session was denied"));
            }
            doubt |= outcome == RunOutcome::Unknown;
            if doubt && outcome == RunOutcome::NotExecuted {
                outcome = RunOutcome::Unknown; // this attempt did not run, but an earlier one may have
            }
            self.history.lock().told.insert(label.clone(), ClientOutcome { outcome, at: Instant::now() });
            if outcome == RunOutcome::Executed || over {
                return !over;
            }
            tokio::time::sleep(Duration::from_millis(dice.throw(1_000))).await;
        }
        true
    }

    /// Whether the session is live on an instance whose heartbeats succeed.
    fn is_held(&self, id: SessionId) -> bool {
        let nodes = self.nodes.lock();
        nodes.iter().any(|node| node.alive && node.cluster.ledger().is_alive() && node.engine.holds(id))
    }

    /// Follows a session to its end: there must be no gap, unless the follower is told of it.
    async fn watch(&self, door: Door, caller: Caller, id: SessionId) {
        let following = door.cluster.follow(caller, id, None);
        let Some(Ok(mut follow)) = self.bounded("follow", &door, following).await else { return };
        self.history.lock().following += 1;
        let mut seq = follow.seq;
        let mut ended = !follow.session.is_active();
        let next = async |follow: &mut Follow| {
            tokio::select! {
                event = follow.next() => event,
                () = door.dead.happened() => None,
            }
        };
        while let Some(event) = next(&mut follow).await {
            if event.seq != seq + 1 {
                self.broken(format!("a follower got event {} after {seq}", event.seq));
            }
            seq = event.seq;
            if ended {
                self.broken("a follower got an event after the last".to_owned());
            }
            ended |= matches!(event.kind, EventKind::SessionClosed(_));
        }
        self.history.lock().following -= 1;
    }

    /// Checks that a request is answered in time, unless its instance is gone.
    async fn bounded<T>(&self, what: &str, door: &Door, asked: impl Future<Output = T>) -> Option<T> {
        let answer = tokio::select! {
            biased;
            () = door.dead.happened() => return None,
            answer = tokio::time::timeout(ANSWERED, asked) => answer.ok(),
        };
        if answer.is_none() {
            self.broken(format!("{what} was not answered within {} s", ANSWERED.as_secs()));
        }
        answer
    }

    /// While there are faults, checks that no user has more sessions than allowed, except for one lease after Redis
    /// lost the ends of some sessions.
    async fn count(self: Arc<Self>) {
        while self.began.elapsed() < STORM {
            tokio::time::sleep(Duration::from_millis(700)).await;
            for name in USERS {
                let slots = self.network.redis.card(&format!("capture:slots:{name}"));
                let excused =
                    self.history.lock().lost.is_some_and(|lost| lost.until.elapsed() < LeaseTimes::default().lasts);
                if slots > MOST as usize && !excused {
                    self.broken(format!("{name} has {slots} of {MOST} sessions"));
                }
            }
        }
    }
}

fn word(answer: &Result<Executed, Error>) -> String {
    match answer {
        Ok(Executed::Reply(reply)) if reply.replayed => "again".to_owned(),
        Ok(_) => "ran".to_owned(),
        Err(error) => format!("{} {:?} {:?}", error.code(), error.reason(), error.outcome()),
    }
}

/// Runs one world; returns the violated invariants and the trace.
pub(super) fn live(seed: u64) -> (Vec<Broken>, Vec<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let world = runtime.block_on(async {
        let world = World::new(seed).await;
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(Arc::clone(&world).bring_faults(Dice::new(seed ^ 0xF00D)));
        tasks.spawn(Arc::clone(&world).count());
        for number in 0..5 {
            tasks.spawn(Arc::clone(&world).client(number, Dice::new(seed ^ (number << 32) ^ 0xC0DE)));
        }
        if has_renders(seed) {
            tasks.spawn(Arc::clone(&world).render(Dice::new(seed ^ 0x9E4D)));
        }
        tasks.join_all().await;
        // The remaining sessions end by their deadline. Then everything is closed, and nothing may be left one lease
        // later.
        tokio::time::sleep(Duration::from_secs(125)).await;
        let engines: Vec<_> =
            world.nodes.lock().iter().filter(|node| node.alive).map(|node| node.engine.clone()).collect();
        let live: usize = engines.iter().map(Engine::live_sessions).sum();
        if live > 0 {
            world.broken(format!("{live} sessions outlive their time"));
        }
        tokio::time::sleep(CALM).await;
        let broken = judge(&world.network.redis, &world.history.lock());
        for what in broken {
            world.broken(what);
        }
        world
    });
    let history = std::mem::take(&mut *world.history.lock());
    (history.broken, history.trace)
}

/// Whether somebody renders in this world. The seeds by which the mutations are known have none.
fn has_renders(seed: u64) -> bool {
    seed % 7 == 3
}

/// The default lease; with the mutation, an instance whose heartbeats fail continues.
fn lease() -> LeaseTimes {
    let usual = LeaseTimes::default();
    if is_active(Mutation::IgnoreTheLease) { LeaseTimes { allows_actions: Duration::MAX, ..usual } } else { usual }
}
