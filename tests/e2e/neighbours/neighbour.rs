//! The user who must not be disturbed: a session that requests its title continuously.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use capture_tests::{Channel, Client, Connect, until};
use capture_ws::codec::Codec;
use parking_lot::Mutex;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    caller::{Answer, Caller},
    stage::price,
};

/// Pause between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// A session of this age is replaced, well before it expires.
const IS_OLD: Duration = Duration::from_secs(800);
/// Longer than any request takes.
const ANSWERS: Duration = Duration::from_secs(90);

/// A request for the title that was answered.
#[derive(Debug, Clone)]
struct Asked {
    begun: Instant,
    took: Duration,
    wrong: Option<String>,
}

/// Latencies within a period.
#[derive(Debug)]
pub(super) struct Figures {
    pub(super) count: usize,
    pub(super) median: Duration,
    pub(super) p95: Duration,
    pub(super) longest: Duration,
}

/// A user with a session beside those of the attackers.
#[derive(Debug)]
pub(super) struct Neighbour {
    shared: Arc<Shared>,
    address: String,
    asking: JoinSet<()>,
}

/// The state that the user and the requesting task share.
#[derive(Debug)]
struct Shared {
    caller: Caller,
    url: String,
    title: &'static str,
    asked: Mutex<Vec<Asked>>,
    /// All sessions of the user, the newest last: a session that was lost is replaced, so that each loss is reported
    /// once.
    sessions: Mutex<Vec<String>>,
    /// When the newest session was opened.
    opened: Mutex<Instant>,
}

impl Neighbour {
    /// Opens the session with a page of this title, and begins to send requests.
    pub(super) async fn start(client: &Client, base: &str, url: String, title: &'static str) -> Self {
        let (asked, sessions) = (Mutex::default(), Mutex::default());
        let (caller, opened) = (Caller::like(client, base, Ipv4Addr::LOCALHOST), Mutex::new(Instant::now()));
        let shared = Arc::new(Shared { caller, url, title, asked, sessions, opened });
        shared.open().await.unwrap();
        let mut asking = JoinSet::new();
        asking.spawn(ask(Arc::clone(&shared)));
        Self { shared, address: base.trim_start_matches("http://").to_owned(), asking }
    }

    /// Waits until a request that begins now is answered. Returns the latencies since `start`, or the first wrong
    /// answer.
    pub(super) async fn since(&self, start: Instant) -> Result<Figures, String> {
        let now = Instant::now();
        let answered = async || self.shared.asked.lock().last().is_some_and(|asked| asked.begun >= now);
        until("the neighbour is answered at all", ANSWERS, answered).await;
        let asked = self.shared.asked.lock().clone();
        let since: Vec<_> = asked.into_iter().filter(|asked| asked.begun + asked.took >= start).collect();
        if let Some(wrong) = since.iter().find_map(|asked| asked.wrong.as_ref()) {
            return Err(format!("its title was answered {wrong}"));
        }
        let mut took: Vec<_> = since.iter().map(|asked| asked.took).collect();
        took.sort_unstable();
        let (count, at) = (took.len(), |part: usize| took[(took.len() - 1) * part / 100]);
        Ok(Figures { count, median: at(50), p95: at(95), longest: at(100) })
    }

    /// Checks that the user can do everything else as well: another session with a page, a ticket, a list, a channel.
    pub(super) async fn tries_everything(&self) -> Result<(), String> {
        let (told, caller) =
            (|what: &str, answer: Answer| format!("{what} was answered {}", answer.short()), &self.shared.caller);
        let second = caller.create(&json!({"maxTtlSeconds": 60})).await.map_err(|no| told("its create", no))?;
        self.shared.sessions.lock().insert(0, second.clone());
        let closed = caller.delete(&format!("/v1/sessions/{second}")).await?;
        if (closed.status, &closed.body["session"]["billedCredits"]) != (200, &json!(1)) {
            return Err(told("its close", closed));
        }
        let ticket = caller.post("/v1/stream/tickets", None, &json!({})).await?;
        if ticket.status != 200 {
            return Err(told("its ticket", ticket));
        }
        let listed = caller.get("/v1/sessions").await?;
        if listed.status != 200 {
            return Err(told("its list", listed));
        }
        let mut channel = self.channel().await?;
        let asked = channel.send("session.list", "", "", json!({})).await;
        match channel.try_answer(asked).await {
            Some(answer) if answer["type"] == "success" => Ok(()),
            Some(answer) => Err(format!("its channel was told {answer}")),
            None => Err(format!("its channel was closed {}", channel.close_code().await)),
        }
    }

    async fn channel(&self) -> Result<Channel, String> {
        let (address, token) = (self.address.as_str(), self.shared.caller.token());
        let connect = Connect { address, token, protocols: Codec::Json.subprotocol(), origin: None };
        let opened =
            timeout(ANSWERS, connect.try_open()).await.map_err(|_late| "its channel does not open".to_owned())?;
        let (socket, codec) = opened.map_err(|refused| format!("its channel was refused {}", refused.status()))?;
        Ok(Channel::over(socket, codec))
    }

    /// Closes the session. Returns what all sessions of the user cost.
    pub(super) async fn stop(mut self) -> u64 {
        self.asking.shutdown().await;
        let shared = &self.shared;
        assert_eq!(shared.caller.delete("/v1/sessions").await.unwrap().status, 200);
        let mut spent = 0;
        let sessions = shared.sessions.lock().clone();
        for id in sessions {
            let seen = shared.caller.get(&format!("/v1/sessions/{id}")).await.unwrap();
            let session = &seen.body["session"];
            assert_eq!(session["billedCredits"].as_u64(), Some(price(session)), "{session}");
            spent += price(session);
        }
        spent
    }
}

impl Shared {
    /// Opens a session with the page.
    async fn open(&self) -> Result<(), Answer> {
        let id = self.caller.create(&json!({"maxTtlSeconds": 900})).await?;
        self.sessions.lock().push(id.clone());
        *self.opened.lock() = Instant::now();
        let opened = self.caller.act(&id, "goto", json!({"url": self.url})).await;
        match opened {
            Ok(opened) if opened.status == 200 => Ok(()),
            Ok(opened) => Err(opened),
            Err(why) => Err(Answer { status: 0, body: why.into() }),
        }
    }

    /// What is wrong with the answer to `title`, if anything. A session that was lost or that would expire is replaced.
    async fn ask(&self) -> Option<String> {
        let id = self.sessions.lock().last().cloned().unwrap_or_default();
        let is_old = self.opened.lock().elapsed() > IS_OLD;
        if is_old {
            let _ = self.caller.delete(&format!("/v1/sessions/{id}")).await; // if this fails, the session expires
            return self.open().await.err().map(|no| no.short());
        }
        match self.caller.act(&id, "title", json!({})).await {
            Ok(answer) if answer.status == 200 && answer.body["title"] == self.title => None,
            Ok(answer) if answer.status == 409 => {
                let again = self.open().await.err().map(|no| format!(", then {}", no.short())).unwrap_or_default();
                Some(answer.short() + &again)
            }
            Ok(answer) => Some(answer.short()),
            Err(why) => Some(why),
        }
    }
}

async fn ask(shared: Arc<Shared>) {
    loop {
        let begun = Instant::now();
        let wrong = shared.ask().await;
        shared.asked.lock().push(Asked { begun, took: begun.elapsed(), wrong });
        tokio::time::sleep(PAUSE).await;
    }
}
