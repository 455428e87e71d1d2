//! The browser context of one session: one of its own in a shared browser, or the default context of a dedicated
//! browser.
//!
//! This module must not know tabs.

use std::sync::Arc;

use chromiumoxide::cdp::browser_protocol::target::CreateBrowserContextParams;
use serde_json::Value;
use tokio::time::Instant;

use super::browser::Browser;
use crate::{
    browser::{
        BrowserError, Unavailable,
        chromium::{
            cdp::{Pending, commands},
            process::{flags, kind::Kind},
        },
    },
    egress::EgressPort,
};

/// A context that closes itself when dropped, so that an aborted open leaves nothing behind.
#[derive(Debug)]
pub(crate) struct BrowserContext {
    pub(crate) browser: Arc<Browser>,
    pub(crate) id: String,
    /// The port through which all network traffic of its pages goes; `None` if its browser is elsewhere.
    pub(crate) egress: Option<Arc<EgressPort>>,
    kind: Kind,
}

impl BrowserContext {
    /// Creates a context with a port of its own.
    pub(crate) async fn create(browser: &Arc<Browser>, deadline: Instant) -> Result<Self, BrowserError> {
        let Ok(egress) = tokio::time::timeout_at(deadline, browser.ports().take()).await else {
            return Err(Unavailable::Late("the browser had no port for a context in time").into());
        };
        let lent = Lent { browser, egress, kept: false };
        let create = commands::create_context(Some((flags::proxy(lent.egress.address()), flags::PROXY_BYPASS)));
        let id = made(browser, &create, deadline).await?;
        Ok(Self { browser: Arc::clone(browser), id, egress: Some(lent.keep()), kind: Kind::Shared })
    }

    /// Creates a context in a browser elsewhere.
    pub(crate) async fn guest(browser: &Arc<Browser>, deadline: Instant) -> Result<Self, BrowserError> {
        let id = made(browser, &commands::create_context(None), deadline).await?;
        Ok(Self { browser: Arc::clone(browser), id, egress: None, kind: Kind::Guest })
    }

    /// The default context of a browser that has no other session.
    pub(crate) async fn whole(browser: &Arc<Browser>, deadline: Instant) -> Result<Self, BrowserError> {
        let contexts = ask(browser, browser.session().send(&commands::contexts()), deadline).await?;
        let context = contexts.get("defaultBrowserContextId").and_then(Value::as_str);
        let id =
            context.ok_or_else(|| BrowserError::Protocol("a browser without a default context".to_owned()))?.to_owned();
        let egress = browser.egress().cloned();
        Ok(Self { browser: Arc::clone(browser), id, egress, kind: Kind::Whole })
    }

    /// Whether the browser belongs to this session alone.
    pub(crate) fn is_whole(&self) -> bool {
        self.kind == Kind::Whole
    }

    /// Closes the context with all its tabs, without asking its pages. The default context is closed with its browser.
    pub(crate) fn dispose(&self) -> Option<Pending> {
        self.browser.event_router().forget(&self.id);
        (!self.is_whole()).then(|| self.browser.session().send(&commands::dispose_context(&self.id)))
    }
}

impl Drop for BrowserContext {
    fn drop(&mut self) {
        // If the context is already closed, the browser's error for the command is ignored.
        if let (Some(closing), Some(egress)) = (self.dispose(), &self.egress) {
            self.browser.give_port_back(Arc::clone(egress), closing);
        }
    }
}

/// A port for a context that is being created, released if that fails. A context that was created nevertheless has no
/// page.
struct Lent<'a> {
    browser: &'a Browser,
    egress: Arc<EgressPort>,
    kept: bool,
}

impl Lent<'_> {
    fn keep(mut self) -> Arc<EgressPort> {
        self.kept = true;
        Arc::clone(&self.egress)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if !self.kept {
            self.browser.ports().give_back(Arc::clone(&self.egress));
        }
    }
}

async fn made(
    browser: &Browser,
    create: &CreateBrowserContextParams,
    deadline: Instant,
) -> Result<String, BrowserError> {
    let created = ask(browser, browser.session().send(create), deadline).await?;
    let context = created.get("browserContextId").and_then(Value::as_str);
    Ok(context.ok_or_else(|| BrowserError::Protocol("a context without an id".to_owned()))?.to_owned())
}

async fn ask(browser: &Browser, reply: Pending, deadline: Instant) -> Result<Value, Unavailable> {
    tokio::select! {
        reply = tokio::time::timeout_at(deadline, reply.decode()) => match reply {
            Ok(reply) => reply.map_err(Unavailable::refused),
            Err(_elapsed) => Err(Unavailable::Late("the browser opened no context in time")),
        },
        reason = browser.lost() => Err(reason.into()),
    }
}
