//! Addresses for CDP clients: addresses of this server as the requesting client reaches it, each with a token.
//!
//! Owns their layout. Knows nothing of what a token permits.

use std::{fmt, fmt::Write as _, sync::Arc};

use axum::http::{HeaderMap, header, uri::Authority};
use capture_core::{
    Error,
    account::{ConnectKeys, Grant},
    clock::Clock,
    session::SessionView,
};
use capture_ws::ConnectUrls;
use futures::future::{BoxFuture, FutureExt};

use super::path;
use crate::app::App;

/// Makes the addresses for one client.
#[derive(Clone)]
pub(crate) struct Addresses {
    /// `ws://host` or `wss://host/path`; absent for a client that sent no host, where the operator has set no public
    /// URL either.
    base: Option<String>,
    keys: Arc<dyn ConnectKeys>,
    clock: Clock,
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Addresses").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Addresses {
    /// Addresses for the client that sent these headers.
    pub(crate) fn new(app: &App, headers: &HeaderMap) -> Self {
        Self { base: base(app, headers), keys: Arc::clone(app.connect_keys()), clock: app.clock() }
    }

    /// Makes an address for a session's CDP clients now. `None` if the session has ended or was created without `cdp`.
    pub(crate) async fn of(&self, grant: &Grant, view: &SessionView) -> Result<Option<String>, Error> {
        if !view.options.cdp || !view.is_active() || self.base.is_none() {
            return Ok(None);
        }
        let key = self.keys.connect_key().await?;
        let expires = self.clock.now().plus(view.options.connect_life());
        Ok(self.with(&key.mint(view.id, &grant.user, &grant.secret, expires)))
    }

    /// The address of the browser endpoint with this token.
    pub(crate) fn with(&self, token: &str) -> Option<String> {
        self.to(None, token)
    }

    /// The address of one target's endpoint with this token, or of the browser's endpoint where no target is named.
    pub(crate) fn to(&self, target: Option<&str>, token: &str) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}{}?token={token}", path(target)))
    }
}

impl ConnectUrls for Addresses {
    fn connect_url<'a>(
        &'a self,
        grant: &'a Grant,
        session: &'a SessionView,
    ) -> BoxFuture<'a, Result<Option<String>, Error>> {
        self.of(grant, session).boxed()
    }
}

/// `ws://host` or `wss://host/path` of this server, as its clients reach it.
fn base(app: &App, headers: &HeaderMap) -> Option<String> {
    if let Some(public) = &app.settings().public_url {
        let scheme = if public.scheme() == "https" { "wss" } else { "ws" };
        let mut base = format!("{scheme}://{}", public.host_str()?);
        if let Some(port) = public.port() {
            write!(base, ":{port}").ok()?;
        }
        return Some(base + public.path().trim_end_matches('/'));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return None };
    let host = Authority::try_from(host.as_bytes()).ok().filter(|host| !host.as_str().contains('@'))?;
    Some(format!("ws://{host}"))
}
