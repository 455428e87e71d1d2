//! The client of a channel, and how it reaches the rest of the server.
//!
//! Knows nothing of HTTP: the addresses come from the edge through a trait.

use std::{fmt, net::IpAddr, sync::Arc};

use capture_core::{
    Error,
    account::{Grant, Mode},
    session::SessionView,
};
use futures::future::BoxFuture;

/// Makes addresses for the CDP clients of sessions, as the client of one channel reaches this server.
pub trait ConnectUrls: Send + Sync + fmt::Debug {
    /// Makes an address now. `None` for a session that has ended or that was not created with `cdp`.
    ///
    /// # Errors
    /// `unavailable` while the key that signs addresses cannot be read.
    fn connect_url<'a>(
        &'a self,
        grant: &'a Grant,
        session: &'a SessionView,
    ) -> BoxFuture<'a, Result<Option<String>, Error>>;
}

/// The client of a channel, as its upgrade found it.
#[derive(Debug)]
pub struct Client {
    /// What the client authenticated with; `None` for a client that will present a ticket.
    pub grant: Option<Grant>,
    /// The client's address.
    pub peer: IpAddr,
    /// Makes the addresses for its CDP clients.
    pub connect_urls: Arc<dyn ConnectUrls>,
}

/// The address for a client with this grant. Grants that only observe get `None`, because CDP permits every action.
pub(crate) async fn connect_url(
    urls: &dyn ConnectUrls,
    grant: &Grant,
    session: &SessionView,
) -> Result<Option<String>, Error> {
    match grant.scope.mode {
        Mode::Drive => urls.connect_url(grant, session).await,
        Mode::Observe => Ok(None),
    }
}
