//! Tries rows, each in a session or page of its own, and judges the results.

use std::time::Duration;

use capture_tests::tried_today;
use futures::StreamExt;
use serde_json::json;
use tokio::time::Instant;

use super::{
    Way,
    arena::Arena,
    attacker_site::TITLE,
    canary::{Canary, SONG},
    row::{Answer, Attempt, Row},
};

/// Rows that are tried concurrently.
const AT_ONCE: usize = 3;
/// Number of parts that the rows of long tests are divided into; `make test` tries one part.
const PARTS: usize = 8;
/// Number of parts that the rows of quick tests are divided into; `make test` tries one part.
const QUICK_PARTS: usize = 2;
/// How long after the end of a page its effects may still arrive.
pub(super) const LINGERS: Duration = Duration::from_millis(300);
/// How long an attack may take to reach a canary without a guard.
const REACHES: Duration = Duration::from_secs(15);
/// Texts that must not be read: the canary's answer, a line of a file, and the mark of a script that found something.
const LOOT: [&str; 3] = [SONG, "root:x:0", "LOOT"];

/// Today's part of the rows of quick tests, or every row in a long run.
pub(super) fn quick(rows: &'static [Row]) -> Vec<Row> {
    tried_today(rows.to_vec(), QUICK_PARTS, |row| row.id)
}

/// Today's part of the rows of long tests, or every row in a long run.
pub(super) fn long(rows: &'static [Row]) -> Vec<Row> {
    tried_today(rows.to_vec(), PARTS, |row| row.id)
}

/// A row that was tried, with the canary it must not reach.
struct Tried {
    row: Row,
    canary: Canary,
    came: Result<(), String>,
}

/// Tries the rows; none may have an effect.
pub(super) async fn withstand(mut rows: Vec<Row>, way: Way) {
    let arena = Arena::guarded().await;
    if way == Way::Script {
        // The other attempts open a page in any case.
        rows.retain(|row| matches!(row.attempt, Attempt::Addresses(..) | Attempt::Redirects(..)));
    }
    let tried = try_all(&arena, rows, way).await;
    tokio::time::sleep(Duration::from_secs(1)).await; // lets late connections arrive
    let mut failed = Vec::new();
    for Tried { row, canary, came } in &tried {
        failed.extend(came.as_ref().err().map(|why| format!("{} ({}): {why}", row.id, row.title)));
        let seen = canary.seen();
        failed.extend((!seen.is_empty()).then(|| format!("{} ({}): reached {seen:?}", row.id, row.title)));
    }
    assert!(failed.is_empty(), "{} of {} by {way:?}\n{}", failed.len(), tried.len(), failed.join("\n"));
    arena.stop().await;
}

/// Tries the rows without a guard; those declared to reach their canary must reach it.
pub(super) async fn show_that_they_are_real(rows: Vec<Row>) {
    let arena = Arena::open().await;
    let all = rows.into_iter().map(async |row| {
        let canary = Canary::start().await;
        let trial = Trial { arena: &arena, canary: &canary, row };
        match row.attempt {
            Attempt::Commands(_) => drop(trial.by_cdp().await),
            _ => trial.let_through().await,
        }
        (row, canary.seen())
    });
    let tried: Vec<_> = futures::stream::iter(all).buffer_unordered(AT_ONCE).collect().await;
    let idle = tried.iter().filter(|(row, seen)| row.reaches && seen.is_empty());
    let idle: Vec<_> = idle.map(|(row, _)| format!("{} ({})", row.id, row.title)).collect();
    assert!(idle.is_empty(), "these reach nothing even so: {idle:#?}");
    arena.stop().await;
}

async fn try_all(arena: &Arena, rows: Vec<Row>, way: Way) -> Vec<Tried> {
    let all = rows.into_iter().map(async |row| {
        let canary = Canary::start().await;
        let trial = Trial { arena, canary: &canary, row };
        let mut came = trial.by(way).await;
        if let (Ok(()), Err(why)) = (&came, arena.look_at_bystander().await) {
            came = Err(why);
        }
        Tried { row, canary, came }
    });
    futures::stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}

/// One row that is being tried.
pub(super) struct Trial<'a> {
    pub(super) arena: &'a Arena,
    pub(super) canary: &'a Canary,
    pub(super) row: Row,
}

impl Trial<'_> {
    async fn by(&self, way: Way) -> Result<(), String> {
        match way {
            Way::Cdp => self.by_cdp().await,
            Way::Goto | Way::Script => {
                let id = self.arena.attacker.create(&json!({"maxTtlSeconds": 240})).await;
                let came = self.in_session(&id, way).await;
                let closed = self.arena.attacker.close(&id).await;
                came?;
                expect(closed.status == 200, || format!("not closed: {}", closed.body))
            }
        }
    }

    /// Runs the row without any requirement, until its canary is reached.
    async fn let_through(&self) {
        let id = self.arena.attacker.create(&json!({"maxTtlSeconds": 240})).await;
        match self.addresses() {
            Some((addresses, _)) => {
                for address in addresses {
                    self.arena.attacker.act(&id, "goto", json!({"url": address, "timeoutMs": 3000})).await;
                }
            }
            None => drop(self.live_through(&id).await),
        }
        let end = Instant::now() + REACHES;
        while self.row.reaches && self.canary.seen().is_empty() && Instant::now() < end {
            tokio::time::sleep(LINGERS).await;
        }
        self.arena.attacker.close(&id).await;
        tokio::time::sleep(LINGERS).await;
    }

    async fn in_session(&self, id: &str, way: Way) -> Result<(), String> {
        match (way, self.addresses()) {
            (Way::Goto, Some((addresses, answer))) => {
                for address in addresses {
                    self.refused(id, &address, answer).await?;
                }
            }
            _ => self.live_through(id).await?,
        }
        let act = async |kind, payload| self.arena.attacker.act(id, kind, payload).await;
        let shown = act("query", json!({"selector": "body, pre", "limit": 50})).await;
        no_loot(&shown.body.to_string())?;
        let next = act("goto", json!({"url": self.arena.site.common()})).await;
        expect(next["title"] == TITLE, || format!("not usable afterwards: {}", next.body))
    }

    /// The addresses of the row, if it consists of addresses.
    pub(super) fn addresses(&self) -> Option<(Vec<String>, Answer)> {
        match self.row.attempt {
            Attempt::Addresses(urls, answer) => Some((urls.iter().map(|url| self.fill(url)).collect(), answer)),
            Attempt::Redirects(statuses, places, answer) => {
                let redirect = |status: &u16, place: &&str| self.arena.site.redirect(*status, &self.fill(place));
                let all = statuses.iter().flat_map(|status| places.iter().map(move |place| redirect(status, place)));
                Some((all.collect(), answer))
            }
            _ => None,
        }
    }

    pub(super) fn fill(&self, text: &str) -> String {
        self.arena.fill(text, self.canary)
    }

    /// Checks that `goto` refuses as required.
    async fn refused(&self, id: &str, address: &str, answer: Answer) -> Result<(), String> {
        let reply = self.arena.attacker.act(id, "goto", json!({"url": address, "timeoutMs": 8000})).await;
        let (code, reason) = (&reply["code"], &reply["reason"]);
        let right = match answer {
            Answer::Blocked => code == "action_failed" && reason == "blocked_by_egress_policy",
            Answer::Refused => code == "invalid_request",
            Answer::Failed => code == "action_failed" || code == "invalid_request",
        };
        expect(right && reply.status == 400, || format!("{address:?} was answered {}", reply.body))
    }

    /// Opens the page, clicks its button, and waits for its script.
    async fn live_through(&self, id: &str) -> Result<(), String> {
        let (address, markup) = self.page();
        let act = async |kind, payload| self.arena.attacker.act(id, kind, payload).await;
        let opened = act("goto", json!({"url": address, "waitUntil": "load", "timeoutMs": 5000})).await;
        let known = opened.status == 200 || opened["code"] == "action_failed" || opened["code"] == "action_timeout";
        expect(known, || format!("opening was answered {}", opened.body))?;
        if markup.contains("id=go") {
            act("click", json!({"selector": "#go", "timeoutMs": 2000})).await;
        }
        if markup.contains("'done'") {
            act("wait_for_selector", json!({"selector": "#done", "state": "attached", "timeoutMs": 3000})).await;
        }
        tokio::time::sleep(LINGERS).await;
        Ok(())
    }

    /// Serves the page of the row from now on. Returns its address and its markup.
    pub(super) fn page(&self) -> (String, String) {
        let (headers, markup) = match self.row.attempt {
            Attempt::Page(headers, markup) => (headers, self.fill(markup)),
            Attempt::Script(script) => (&[][..], self.fill(&scripted(script))),
            Attempt::Addresses(..) | Attempt::Redirects(..) => {
                let addresses = self.addresses().map(|(addresses, _)| addresses);
                let each = format!("const all = {};", json!(addresses));
                let visits = "for (const at of all) await visit(at); await sleep(300); location = all[0];";
                (&[][..], self.fill(&scripted(&(each + visits))))
            }
            _ => panic!("{} has no page", self.row.id),
        };
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), self.fill(value))).collect();
        (self.arena.site.serve(self.row.id, &headers, &markup), markup)
    }
}

/// A page that runs this script and shows when it is done.
pub(super) fn scripted(script: &str) -> String {
    // The escape keeps the script from ending its element.
    let (prelude, script) = (include_str!("prelude.js"), script.replace('<', "\\u003c"));
    format!(
        "<!doctype html><meta charset=utf-8><title>Attack</title><body><p id=log></p><script type=module>\
         {prelude}\ntry {{ {script} }} catch (error) {{ see(error) }}\nadd('i', {{ id: 'done' }});</script>"
    )
}

pub(super) fn expect(right: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(why()) }
}

pub(super) fn no_loot(shown: &str) -> Result<(), String> {
    expect(!LOOT.iter().any(|loot| shown.contains(loot)), || format!("read: {shown}"))
}
