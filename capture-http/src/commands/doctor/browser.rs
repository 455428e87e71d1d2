//! Checks that there is a browser, and that it opens a page.

use std::time::Duration;

use capture_core::{
    Caller, Engine, Executed, Sessions,
    action::{self, ActionResult},
    browser::chromium::{Chromium, ChromiumConfig, find_executable},
    session::SessionOptions,
};
use serde_json::json;
use tokio::process::Command;

use super::{Finding, ask};
use crate::{config::Config, failure::Failure, terminal};

/// How long the browser may take to start and open a page.
const START_TIMEOUT: Duration = Duration::from_mins(1);
const USER: &str = "doctor";
const TITLE: &str = "well";

/// Finds the browser and its version.
pub(super) async fn found(config: &Config) -> Finding {
    let install = "install chromium-headless-shell, or name one with --browser-executable";
    let Some(executable) = config.browser.executable.clone().or_else(find_executable) else {
        return Finding::problem("no Chromium found", install);
    };
    let path = executable.display();
    match ask(Command::new(&executable).arg("--version")).await {
        Ok(version) => Finding::Fine(format!("browser: {path}, {version}")),
        Err(error) => Finding::problem(format!("browser: {path} does not tell its version: {error}"), install),
    }
}

/// Starts a real browser as the server would, and opens one page.
pub(super) async fn starts(config: &Config) -> Finding {
    let sandbox = if config.browser.sandbox { "with its sandbox" } else { "WITHOUT its sandbox, as asked" };
    let mend = "if it is the sandbox, allow user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0 or \
                kernel.unprivileged_userns_clone=1, in a container its seccomp profile";
    match trouble(config, SessionOptions::with_ttl(START_TIMEOUT)).await {
        None => Finding::Fine(format!("browser starts {sandbox} and opens a page")),
        Some(trouble) => Finding::problem(format!("browser does not start {sandbox}: {trouble}"), mend),
    }
}

/// Checks the browser of sessions with `bypassBotDetection`, if one is configured.
pub(super) async fn second(config: &Config) -> Option<Finding> {
    config.browser.bypass.as_ref()?;
    let options = SessionOptions { bypass_bot_detection: true, ..SessionOptions::with_ttl(START_TIMEOUT) };
    let mend = "try what --bypass-browser-executable or --bypass-browser-url names by hand";
    Some(match trouble(config, options).await {
        None => Finding::Fine("second browser opens a page".to_owned()),
        Some(trouble) => Finding::problem(format!("second browser does not open a page: {trouble}"), mend),
    })
}

/// The reason why a session with these options cannot open a page, if there is one.
async fn trouble(config: &Config, options: SessionOptions) -> Option<String> {
    match tokio::time::timeout(START_TIMEOUT, open_page(&config.browser, options)).await {
        Ok(Ok(title)) if title == TITLE => None,
        Ok(Ok(title)) => Some(format!("a page has the title {title:?} instead of {TITLE:?}")),
        Ok(Err(Failure::Browser(fault))) => Some(terminal::sentence(&fault)),
        Ok(Err(failure)) => Some(terminal::sentence(&failure)),
        Err(_elapsed) => Some(format!("nothing happened for {} s", START_TIMEOUT.as_secs())),
    }
}

async fn open_page(browser: &ChromiumConfig, options: SessionOptions) -> Result<String, Failure> {
    let chromium = Chromium::start(ChromiumConfig { warm_pages: 1, ..browser.clone() }).await?;
    let user = USER.parse().map_err(|error: capture_core::account::InvalidUserId| Failure::Usage(error.to_string()))?;
    let caller = Caller::user(user);
    let engine = Engine::builder().backend(chromium).open_to(caller.user.clone()).build().await?;
    let title = read_title(&engine, caller, options).await;
    engine.shutdown(Duration::ZERO).await;
    Ok(title?)
}

async fn read_title(engine: &Engine, caller: Caller, options: SessionOptions) -> Result<String, capture_core::Error> {
    let session = engine.create(caller.clone(), options, None).await?.session.id;
    let page = format!("data:text/html,<title>{TITLE}</title>");
    let goto = action::parse(&json!({"type": "goto", "payload": {"url": page}}))?;
    engine.execute(caller.clone(), session, goto, None).await?;
    let title = action::parse(&json!({"type": "title"}))?;
    let title = match engine.execute(caller.clone(), session, title, None).await? {
        Executed::Reply(reply) => match &reply.outcome.result {
            ActionResult::Title { title } => title.clone(),
            _ => String::new(),
        },
        Executed::Dropped(_) => String::new(),
    };
    engine.close(caller, session).await?;
    Ok(title)
}
