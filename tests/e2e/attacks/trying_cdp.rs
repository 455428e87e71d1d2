//! Tries rows over `connectUrl`: each over a connection and in a page of its own, all in one session.

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{
    devtools::Devtools,
    row::{Attempt, Command, Said},
    trying::{LINGERS, Trial, expect, no_loot},
};

/// How often a page is checked for the end of its script.
const ASKS: u32 = 30;
/// Marks a command that waits for an event, whose parameters later commands can name.
const EVENT: &str = "event ";
/// What a page shows, as far as its own script can read it.
const SHOWN: &str = "[document, ...[...frames].map((f) => { try { return f.document } catch { return null } })]
    .map((d) => d?.body?.innerText).join()";

/// A connection with a page, and the strings learned from its answers.
struct Driver {
    devtools: Devtools,
    target: String,
    page: String,
    known: HashMap<String, String>,
}

impl Trial<'_> {
    pub(super) async fn by_cdp(&self) -> Result<(), String> {
        let mut devtools = self.arena.connect().await?;
        let (target, page) = devtools.open_page().await?;
        let mut driver = Driver { devtools, target, page, known: HashMap::new() };
        driver.known.insert("target".to_owned(), driver.target.clone());
        driver.known.insert("session".to_owned(), driver.page.clone());
        if self.row.uses_another() {
            driver.known.insert("other-target".to_owned(), self.arena.other_target().await?);
        }
        match self.row.attempt {
            Attempt::Commands(commands) => {
                for command in commands {
                    driver.command(command, self).await.map_err(|why| format!("{}: {why}", command.method))?;
                }
            }
            Attempt::Messages(messages) => return self.send_as_they_are(driver, messages).await,
            Attempt::Addresses(..) | Attempt::Redirects(..) => {
                for address in self.addresses().map(|(addresses, _)| addresses).unwrap_or_default() {
                    driver.navigate(&address).await.map_err(|why| format!("{address:?}: {why}"))?;
                }
            }
            _ => driver.open(self.page().0).await?,
        }
        tokio::time::sleep(LINGERS).await;
        driver.finish(matches!(self.row.attempt, Attempt::Commands(_))).await
    }

    /// Sends raw messages. The connection may not survive some of them; the browser must.
    async fn send_as_they_are(&self, mut driver: Driver, messages: &[&str]) -> Result<(), String> {
        for message in messages {
            driver.devtools.send(Message::text(*message)).await;
        }
        tokio::time::sleep(LINGERS).await;
        drop(driver.devtools);
        driver.devtools = self.arena.connect().await?;
        only_web_pages(&mut driver.devtools).await
    }
}

impl Driver {
    fn fill(&self, text: &str) -> String {
        let fill = |text: String, (name, value): (&String, &String)| text.replace(&format!("{{{{{name}}}}}"), value);
        self.known.iter().fold(text.to_owned(), fill)
    }

    async fn command(&mut self, command: &Command, trial: &Trial<'_>) -> Result<(), String> {
        if let Some(event) = command.method.strip_prefix(EVENT) {
            let params = self.devtools.event(event).await;
            self.learn(&params);
            return Ok(());
        }
        let params = trial.fill(&self.fill(command.params));
        let params: Value = serde_json::from_str(&params).map_err(|error| format!("{error} in {params}"))?;
        let page = command.to_page.then(|| self.page.clone());
        let answer = self.devtools.ask(page.as_deref(), command.method, params).await;
        if command.answer == Said::Whatever && answer.is_err() {
            return Ok(()); // a page that is gone answers nothing; the connection is checked at the end
        }
        let answer = answer?;
        no_loot(&answer.to_string())?;
        let other = self.known.get("other-target").filter(|other| answer["result"].to_string().contains(*other));
        expect(other.is_none(), || format!("shows another session: {answer}"))?;
        self.learn(&answer["result"]);
        let right = match command.answer {
            Said::No => answer["error"].is_object(),
            Said::Yes => answer["result"].is_object(),
            Said::Whatever => true,
        };
        expect(right, || format!("was answered {answer}"))
    }

    /// Remembers the strings of an answer for later commands. A session that was attached becomes the page.
    fn learn(&mut self, result: &Value) {
        let inner = result["result"]["objectId"].as_str().map(|id| ("objectId".to_owned(), id.to_owned()));
        let fields = result.as_object().into_iter().flatten();
        let texts = fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        self.known.extend(texts.chain(inner));
        if let Some(session) = result["sessionId"].as_str() {
            session.clone_into(&mut self.page);
        }
    }

    /// Navigates to an address, which must not be shown.
    async fn navigate(&mut self, address: &str) -> Result<(), String> {
        let answer = self.devtools.ask(Some(&self.page), "Page.navigate", json!({"url": address})).await?;
        let failed = answer["error"].is_object() || !answer["result"]["errorText"].is_null();
        expect(failed, || format!("was answered {answer}"))
    }

    /// Opens a page of the site, clicks its button, and waits for its script.
    async fn open(&mut self, address: String) -> Result<(), String> {
        self.devtools.ask(Some(&self.page), "Page.navigate", json!({"url": address})).await?;
        self.devtools.evaluate(&self.page, "document.getElementById('go')?.click()").await?;
        let done =
            "!document.scripts.length || document.scripts[0].type != 'module' || !!document.getElementById('done')";
        for _ in 0..ASKS {
            match self.devtools.evaluate(&self.page, done).await {
                Ok(Value::Bool(false)) => tokio::time::sleep(Duration::from_millis(100)).await,
                _ => break,
            }
        }
        Ok(())
    }

    /// Checks that nothing was read, that the connection works, and that every page is still a web page.
    async fn finish(mut self, may_be_gone: bool) -> Result<(), String> {
        match self.devtools.evaluate(&self.page, SHOWN).await {
            Ok(shown) => no_loot(&shown.to_string())?,
            Err(_) if may_be_gone => {}
            Err(why) => return Err(why),
        }
        only_web_pages(&mut self.devtools).await?;
        self.devtools.ask(None, "Target.closeTarget", json!({"targetId": self.target})).await.map(drop)
    }
}

/// Checks that the connection answers, and shows no page of a file or of Chromium's own.
async fn only_web_pages(devtools: &mut Devtools) -> Result<(), String> {
    let targets = devtools.ask(None, "Target.getTargets", json!({})).await?;
    let infos = targets["result"]["targetInfos"].as_array().ok_or_else(|| format!("no list of pages: {targets}"))?;
    let shown = infos.iter().filter_map(|info| info["url"].as_str());
    let web = ["http:", "https:", "about:blank", "data:", "blob:", "chrome-error:"];
    let other = shown.into_iter().find(|url| !url.is_empty() && !web.iter().any(|start| url.starts_with(start)));
    expect(other.is_none(), || format!("shows {other:?}"))
}
