//! Failures of instances and of Redis while sessions run: every request is answered, nothing runs twice, and every
//! session is billed once and never past its last heartbeat.

use std::time::Duration;

use capture_tests::{Channel, Client, Redis, Reply, Server, Site, processes, until};
use capture_ws::codec::Codec;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How soon a dead instance's sessions are settled: a lease of 10 s, one heartbeat before it and one after it.
const SETTLED: Duration = Duration::from_secs(15);
/// How soon everything works again after Redis or the connection to it was away.
const HEALED: Duration = Duration::from_secs(10);

/// An instance that has the browser, and one that clients connect to.
struct Pair {
    redis: Redis,
    owner: Server,
    gateway: Server,
    ann: Client,
    site: Site,
}

impl Pair {
    async fn set() -> Self {
        let redis = Redis::start().await;
        let url = redis.url();
        let owner = Server::start_with(&["--redis-url", &url]).await;
        let gateway = Server::start_with(&["--redis-url", &url, "--max-sessions", "0"]).await;
        let ann = gateway.user_with("ann", &["--redis-url", &url, "--credits", "100"]).await;
        Self { redis, owner, gateway, ann, site: Site::start().await }
    }

    /// Creates a session on a page that counts its clicks.
    async fn session(&self) -> String {
        let id = self.ann.create(&json!({})).await;
        self.ann.act(&id, "goto", json!({"url": self.site.page("form")})).await.expect(200);
        id
    }

    /// Waits until the gateway and the owner work again.
    async fn healed(&self, id: &str) {
        let works = async || {
            self.gateway.client("").get("/readyz").await.status == 200
                && self.owner.client("").get("/readyz").await.status == 200
                && self.ann.act(id, "title", json!({})).await.status == 200
        };
        until("the cluster works again", HEALED, works).await;
    }

    /// All bills that were ever written for a session: reason and credits.
    async fn bills(&self, id: &str) -> Vec<(String, u64)> {
        let words = self.redis.words(&["XRANGE", "capture:billing", "-", "+"]).await;
        let after = |at: usize, name: &str| {
            let found = words[at..].iter().position(|word| *word == name).unwrap();
            words[at + found + 1].clone()
        };
        let of_it = (0..words.len()).filter(|at| words[*at] == "session" && words[*at + 1] == id);
        of_it.map(|at| (after(at, "reason"), after(at, "credits").parse().unwrap())).collect()
    }

    async fn stop(self) {
        self.gateway.stop().await;
        self.owner.stop().await;
        let left = self.redis.ask(&["ZCARD", "capture:instances"]).await;
        assert_eq!(left.trim(), ":0", "instances take their leave");
    }
}

/// Runs `title` under a key.
async fn keyed(client: &Client, id: &str, key: &str) -> Reply {
    let path = format!("/v1/sessions/{id}/actions");
    client.post_with(&path, &[("idempotency-key", key)], &json!({"type": "title"})).await
}

#[tokio::test]
async fn a_killed_owner_is_told_settled_and_billed_once() {
    let pair = Pair::set().await;
    let id = pair.session().await;
    let Pair { redis, owner, gateway, ann, site: _site } = pair;
    let orphans = processes::descendants(owner.pid());
    let waiting = ann.act(&id, "wait_for_selector", json!({"selector": "#never", "timeoutMs": 30000}));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let killed = Instant::now();
        let folder = owner.kill().await;
        // The owner's death is not established yet: the answer says so at once, and the session is shown as last known.
        let early = ann.act(&id, "title", json!({})).await;
        let told = (early.status, early.text("reason"), early.text("outcome"));
        assert_eq!(told, (503, "owner_unreachable", "not_executed"));
        assert_eq!(ann.session(&id).await["session"]["status"], "active");
        (killed, folder)
    };
    let (lost, (killed, _folder)) = tokio::join!(waiting, meanwhile);
    let lost = lost.expect_error(409, "session_lost");
    assert!(killed.elapsed() < SETTLED, "settled after {:?}", killed.elapsed());
    assert_eq!(lost.text("outcome"), "unknown");
    let last = lost["session"].clone();
    assert_eq!((&last["status"], &last["closeReason"]), (&json!("error"), &json!("instance_lost")));
    assert!(last["durationSeconds"].as_u64().unwrap() <= 5, "never past the last proof of life: {last}");
    ann.act(&id, "title", json!({})).await.expect_error(409, "session_lost");
    let closed = ann.close(&id).await.expect(200);
    assert_eq!(closed["session"], last);
    assert!(ann.get("/v1/sessions").await["sessions"].as_array().unwrap().is_empty());
    let gone = async || !orphans.iter().any(|pid| processes::is_alive(*pid));
    until("no browser outlives its server", Duration::from_secs(3), gone).await;
    let account = redis.words(&["HMGET", "capture:user:ann", "credits", "held"]).await;
    assert_eq!(account, ["99", "0"], "charged once, nothing held");
    gateway.stop().await;
}

#[tokio::test]
async fn an_instance_that_ends_still_brings_the_answers_it_waits_for() {
    let pair = Pair::set().await;
    let id = pair.session().await;
    let Pair { redis: _redis, owner, mut gateway, ann, site: _site } = pair;
    let waiting = ann.act(&id, "wait_for_timeout", json!({"timeoutMs": 2000}));
    let (answer, status) = tokio::join!(waiting, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        gateway.terminate().await
    });
    assert!(status.success());
    answer.expect(200);
    owner.client(ann.token()).close(&id).await.expect(200);
    owner.stop().await;
}

#[tokio::test]
async fn blinks_of_redis_and_of_instances_lose_nothing() {
    let pair = Pair::set().await;
    let id = pair.session().await;
    for kind in ["pubsub", "normal"] {
        pair.redis.ask(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"]).await;
        let answer = pair.ann.act(&id, "title", json!({})).await;
        assert!([200, 503].contains(&answer.status), "{kind}: {}", answer.body);
        pair.healed(&id).await;
    }
    pair.redis.pause();
    let began = Instant::now();
    let answer = pair.ann.act(&id, "title", json!({})).await;
    assert!(began.elapsed() < Duration::from_secs(12), "answered after {:?}", began.elapsed());
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("unavailable")), "{}", answer.body);
    pair.redis.go_on();
    pair.healed(&id).await;

    // The owner is stopped for a while. An action that was sent in the meantime runs once, or never.
    processes::signal(pair.owner.pid(), Signal::STOP);
    let (sent, ()) = tokio::join!(keyed(&pair.ann, &id, "while-it-stood"), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        processes::signal(pair.owner.pid(), Signal::CONT);
    });
    assert!([200, 503].contains(&sent.status), "{}", sent.body);
    pair.healed(&id).await;
    let before = pair.ann.session(&id).await["session"]["actionCount"].as_u64().unwrap();
    let again = keyed(&pair.ann, &id, "while-it-stood").await.expect(200);
    let after = pair.ann.session(&id).await["session"]["actionCount"].as_u64().unwrap();
    assert_eq!(after - before, u64::from(again["replayed"] != json!(true)), "{}", again.body);

    let closed = pair.ann.close(&id).await.expect(200);
    assert_eq!(closed["session"]["billedCredits"], 1);
    assert_eq!(pair.bills(&id).await, [("closed".to_owned(), 1)]);
    pair.stop().await;
}

#[tokio::test]
async fn an_owner_that_stood_still_for_longer_than_its_lease_loses_its_sessions() {
    let pair = Pair::set().await;
    let id = pair.session().await;
    // The gateway has been healthy for a lease, and may settle the sessions of others.
    tokio::time::sleep(Duration::from_secs(12)).await;
    processes::signal(pair.owner.pid(), Signal::STOP);
    let settled = async || !pair.bills(&id).await.is_empty();
    until("the session is settled", SETTLED, settled).await;
    let answer = pair.ann.act(&id, "title", json!({})).await;
    answer.expect_error(409, "session_lost");
    processes::signal(pair.owner.pid(), Signal::CONT);
    // The owner's sessions have ended and their pages are closed, and it accepts new sessions.
    let at_owner = pair.owner.client(pair.ann.token());
    let over = async || at_owner.session(&id).await["session"]["status"] == "error";
    until("the owner learns it", HEALED, over).await;
    let next = pair.session().await;
    pair.healed(&next).await;
    pair.ann.close(&next).await.expect(200);
    assert_eq!(pair.bills(&id).await.len(), 1, "billed once");
    pair.stop().await;
}

#[tokio::test]
async fn a_redis_that_forgot_everything_is_told_again() {
    let mut pair = Pair::set().await;
    let id = pair.session().await;
    let before: Value = pair.ann.session(&id).await["session"].clone();
    pair.redis.restart(Duration::from_millis(500)).await;
    let known = async || pair.ann.session(&id).await.status == 200;
    until("the session is brought back with its user", HEALED, known).await;
    let refused = pair.ann.post("/v1/sessions", &json!({})).await;
    assert!([201, 503].contains(&refused.status), "refused for a lease at most: {}", refused.body);
    pair.healed(&id).await;
    let after = pair.ann.session(&id).await["session"].clone();
    for field in ["id", "createdAt", "startedAt", "expiresAt", "options"] {
        assert_eq!(before[field], after[field], "{field}");
    }
    let open = async || pair.ann.post("/v1/sessions", &json!({})).await.status == 201;
    until("sessions can be created again", Duration::from_secs(15), open).await;
    for session in pair.ann.delete("/v1/sessions").await.expect(200)["sessions"].as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        assert_eq!(pair.bills(id).await.len(), 1, "{id} is billed once");
    }
    pair.stop().await;
}

#[tokio::test]
async fn a_redis_that_refuses_to_write_or_forgets_its_scripts_is_waited_for() {
    let pair = Pair::set().await;
    let id = pair.session().await;
    pair.redis.ask(&["SCRIPT", "FLUSH"]).await;
    pair.ann.act(&id, "title", json!({})).await.expect(200);
    let trouble: [(&[&str], &[&str]); 2] = [
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"]),
        (&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]),
    ];
    for (begin, end) in trouble {
        pair.redis.ask(begin).await;
        let refused = pair.ann.post("/v1/sessions", &json!({})).await.expect_error(503, "unavailable");
        assert_eq!(refused.text("outcome"), "not_executed", "{begin:?}");
        // Existing sessions can be driven until their owner has sent no heartbeat for too long.
        pair.ann.act(&id, "title", json!({})).await.expect(200);
        let suspended = async || {
            let answer = pair.ann.act(&id, "title", json!({})).await;
            answer.status == 503 && answer.body["reason"] == "owner_suspended"
        };
        until("the owner begins nothing more", Duration::from_secs(10), suspended).await;
        pair.redis.ask(end).await;
        pair.healed(&id).await;
    }
    let closed = pair.ann.close(&id).await.expect(200);
    assert_eq!(closed["session"]["closeReason"], "closed");
    assert_eq!(pair.bills(&id).await.len(), 1);
    pair.stop().await;
}

#[tokio::test]
async fn an_instance_that_is_restarted_takes_its_sessions_along_and_nobody_elses() {
    let redis = Redis::start_durable().await;
    let url = redis.url();
    let flags = ["--redis-url", &url, "--drain-seconds", "5"];
    let (mut one, other) = (Server::start_with(&flags).await, Server::start_with(&flags).await);
    let ann = other.user_with("ann", &["--redis-url", &url]).await;
    let at_one = one.client(ann.token());
    let (mine, theirs) = (at_one.create(&json!({})).await, ann.create(&json!({})).await);
    let mut watcher = Channel::open(other.address(), ann.token(), Codec::Json).await;
    watcher.request("session.subscribe", &mine, json!({})).await;
    let (status, ()) = tokio::join!(one.terminate(), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The instance drains: its sessions are driven through the other instance, and new sessions are created there.
        ann.done(&mine, "title", json!({})).await;
        let next = ann.create(&json!({})).await;
        ann.close(&next).await.expect(200);
    });
    assert!(status.success());
    let closed = watcher.event("session.closed").await;
    assert_eq!(closed["params"]["session"]["closeReason"], "shutdown");
    let ended = ann.act(&mine, "title", json!({})).await.expect_error(409, "session_inactive");
    assert_eq!(ended["session"], closed["params"]["session"]);
    ann.done(&theirs, "title", json!({})).await;
    ann.close(&theirs).await.expect(200);
    other.stop().await;
}
