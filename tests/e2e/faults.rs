//! Processes of the browser that are killed or stopped during work: every call is answered, the session reports how it
//! ended, and the server goes on.
//!
//! A short version runs always; `make faults` combines every process, signal and phase (`CAPTURE_LONG=1`).

use std::time::Duration;

use capture_tests::{Client, Reply, Server, Site, Wrapper, long, processes, until};
use rustix::process::Signal;
use serde_json::json;
use tokio::time::Instant;

/// The process that is hit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Victim {
    Page,
    Popup,
    Frame,
    Network,
    Gpu,
    Browser,
}

impl Victim {
    /// Whether a session ends when this process dies; all others are restarted or dispensable.
    fn is_vital(self) -> bool {
        matches!(self, Self::Page | Self::Browser)
    }
}

const VICTIMS: [Victim; 6] =
    [Victim::Page, Victim::Popup, Victim::Frame, Victim::Network, Victim::Gpu, Victim::Browser];

/// The work during the hit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Create,
    Goto,
    Wait,
    Click,
    Type,
    Batch,
    Screenshot,
    Close,
}

const PHASES: [Phase; 8] =
    [Phase::Create, Phase::Goto, Phase::Wait, Phase::Click, Phase::Type, Phase::Batch, Phase::Screenshot, Phase::Close];

/// Statuses that a call may have when its process is hit.
const DOCUMENTED: [u16; 7] = [200, 201, 400, 404, 409, 503, 504];
/// The longest time of a call: its deadline of 3 s (10 s for a picture), detecting that the browser hangs, and an
/// allowance for a busy machine.
const ANSWERED: Duration = Duration::from_secs(25);

struct Stage {
    server: Server,
    site: Site,
    ann: Client,
    _wrapper: Wrapper,
}

impl Stage {
    async fn set() -> Self {
        // With this flag frames have processes of their own, so that one can be hit.
        let wrapper = Wrapper::with_arguments("--site-per-process");
        let executable = wrapper.path().to_string_lossy().into_owned();
        let flags = ["--browser-warm-pages", "1", "--browser-executable", &executable];
        let (server, site) = (Server::start_with(&flags).await, Site::start().await);
        let ann = server.user_with("ann", &["--max-sessions", "20"]).await;
        Self { server, site, ann, _wrapper: wrapper }
    }

    /// Hits the victim during the phase, and judges the consequences.
    async fn play(&self, victim: Victim, signal: Signal, phase: Phase) -> Result<(), String> {
        let id = self.ann.create(&json!({"maxTtlSeconds": 300})).await;
        self.ann.goto(&id, &self.site.page("fault")).await;
        let opened = self.ann.act(&id, "click", json!({"selector": "#popup"})).await;
        if victim != Victim::Popup {
            self.ann.act(&id, "click", json!({"selector": "#leave"})).await;
        }
        if opened.status != 200 || opened["newTab"].is_null() {
            return Err(format!("the popup did not open: {}", opened.body));
        }
        let mut pids = Vec::new();
        until("there is somebody to hit", Duration::from_secs(10), async || {
            pids = self.pids(victim);
            !pids.is_empty()
        })
        .await;
        let hit = async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            for pid in &pids {
                processes::signal(*pid, signal);
            }
        };
        let begun = Instant::now();
        let (answer, ()) = tokio::join!(self.go_on(phase, &id), hit);
        if begun.elapsed() > ANSWERED || !DOCUMENTED.contains(&answer.status) {
            return Err(format!("answered {} after {:?}: {}", answer.status, begun.elapsed(), answer.body));
        }
        self.end(&id, &pids, signal == Signal::KILL && !victim.is_vital()).await
    }

    /// Checks that the session can be closed, or has ended with a reason, and that a new one works.
    async fn end(&self, id: &str, pids: &[u32], survives: bool) -> Result<(), String> {
        let closed = self.ann.close(id).await;
        let ends: &[&str] = if survives { &["closed"] } else { &["closed", "error"] };
        if closed.status != 200 || !ends.contains(&closed["session"]["status"].as_str().unwrap_or("")) {
            return Err(format!("closed with {}", closed.body));
        }
        if closed["session"]["billedCredits"] != 1 {
            return Err(format!("one started minute costs 1: {}", closed.body));
        }
        let recovers = Instant::now() + Duration::from_secs(40);
        loop {
            let created = self.ann.post("/v1/sessions", &json!({})).await;
            if let Some(next) = created["session"]["id"].as_str() {
                let opened = self.ann.act(next, "goto", json!({"url": self.site.page("form")})).await;
                self.ann.close(next).await;
                if opened["title"] == "Form" {
                    break;
                }
            }
            if Instant::now() > recovers {
                return Err(format!("no new session works: {}", created.body));
            }
        }
        for pid in pids {
            processes::signal(*pid, Signal::CONT); // continues processes that were stopped and are no longer needed
        }
        Ok(())
    }

    fn pids(&self, victim: Victim) -> Vec<u32> {
        let root = self.server.pid();
        // Each page is on a site of its own, and therefore in a process of its own. The fixtures use 60, 120 and 240
        // MiB.
        let weighing = |weight: std::ops::Range<u64>| {
            let mut renderers = processes::renderers(root);
            renderers.retain(|pid| weight.contains(&(processes::own_memory(*pid) >> 20)));
            assert!(renderers.len() <= 1, "several processes weigh like the {victim:?}: {renderers:?}");
            renderers
        };
        match victim {
            Victim::Page => weighing(240..u64::MAX),
            Victim::Frame => weighing(120..240),
            Victim::Popup => weighing(60..120),
            Victim::Network => processes::running(root, "network.mojom.NetworkService"),
            Victim::Gpu => processes::running(root, "--type=gpu-process"),
            Victim::Browser => processes::browsers(root),
        }
    }

    async fn go_on(&self, phase: Phase, id: &str) -> Reply {
        let act = |kind, payload| self.ann.act(id, kind, payload);
        match phase {
            Phase::Create => self.ann.post("/v1/sessions", &json!({"maxTtlSeconds": 60})).await,
            Phase::Goto => act("goto", json!({"url": self.site.url("/slow/300"), "timeoutMs": 3000})).await,
            Phase::Wait => act("wait_for_selector", json!({"selector": "#never", "timeoutMs": 3000})).await,
            Phase::Click => act("click", json!({"selector": "#slow", "timeoutMs": 3000})).await,
            Phase::Type => {
                let typing = json!({"selector": "#name", "text": "a long text", "delayMs": 20, "timeoutMs": 3000});
                act("type", typing).await
            }
            Phase::Batch => {
                let step = json!({"type": "wait_for_timeout", "payload": {"timeoutMs": 20}});
                let click = json!({"type": "click", "payload": {"selector": "#plain", "timeoutMs": 3000}});
                act("batch", json!({"actions": [click, step, step, click, step]})).await
            }
            Phase::Screenshot => act("screenshot", json!({"fullPage": true})).await,
            Phase::Close => self.ann.close(id).await,
        }
    }
}

/// All combinations in a long run; otherwise a diagonal of the cube that has each victim, phase and signal several
/// times.
fn plays() -> Vec<(Victim, Signal, Phase)> {
    let signals = [Signal::KILL, Signal::STOP];
    let all = (0..VICTIMS.len() * PHASES.len() * signals.len()).map(|number| {
        let (victim, rest) = (number % VICTIMS.len(), number / VICTIMS.len());
        let (phase, signal) = (rest % PHASES.len(), rest / PHASES.len());
        (
            long() || (victim + phase) % 4 == 0 && (victim + signal) % 2 == 0,
            VICTIMS[victim],
            signals[signal],
            PHASES[phase],
        )
    });
    all.filter(|play| play.0).map(|(_, victim, signal, phase)| (victim, signal, phase)).collect()
}

#[tokio::test]
async fn whatever_is_hit_whoever_waits_is_answered() {
    let stage = Stage::set().await;
    let mut failed = Vec::new();
    for (victim, signal, phase) in plays() {
        if let Err(why) = stage.play(victim, signal, phase).await {
            failed.push(format!("{victim:?} {signal:?} {phase:?}: {why}"));
        }
    }
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
    stage.ann.delete("/v1/sessions").await.expect(200);
    let root = stage.server.pid();
    until("the pool heals", Duration::from_secs(40), async || processes::browsers(root).len() == 1).await;
    stage.server.stop().await;
}

#[tokio::test]
async fn a_browser_that_cannot_start_is_a_503_with_the_cause_until_it_can() {
    let wrapper = Wrapper::with_arguments("");
    let executable = wrapper.path().to_string_lossy().into_owned();
    let flags = ["--browser-executable", &executable];
    let (server, site) = (Server::start_with(&flags).await, Site::start().await);
    let ann = server.user("ann").await;
    wrapper.write("echo 'the disk is full' >&2; exit 1");
    processes::browsers(server.pid()).into_iter().for_each(processes::kill);
    let mut refused = None;
    until("creates are refused", Duration::from_secs(30), async || {
        let reply = ann.post("/v1/sessions", &json!({})).await;
        // The first create may still be given the browser that was killed.
        refused = (reply.status == 503 && reply.text("error").contains("the disk is full")).then_some(reply);
        refused.is_some()
    })
    .await;
    let refused = refused.unwrap().expect_error(503, "unavailable");
    assert_eq!(refused["retryable"], true);
    assert_eq!(ann.get("/readyz").await.status, 503);
    let works = Wrapper::with_arguments("");
    wrapper.write(&format!("exec {} \"$@\"", works.path().display()));
    until("a session works again", Duration::from_secs(40), async || {
        let created = ann.post("/v1/sessions", &json!({})).await;
        let Some(id) = created["session"]["id"].as_str() else { return false };
        ann.goto(id, &site.page("form")).await["title"] == "Form"
    })
    .await;
    server.stop().await;
}
