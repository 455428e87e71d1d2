//! Who is at the other end of a channel, and how that client reaches the rest of the server.

use std::{fmt, net::IpAddr, sync::Arc};

use capture_core::{
    Error,
    account::{Grant, Mode},
    session::SessionView,
};
use futures::future::BoxFuture;

/// Addresses for the CDP clients of sessions, as the client of one channel reaches this server.
pub trait ConnectUrls: Send + Sync + fmt::Debug {
    /// An address made now; none for a session that has ended or that was not created with `cdp`.
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
    /// What it authenticated with; none for a client that will present a ticket.
    pub grant: Option<Grant>,
    /// Where it comes from.
    pub peer: IpAddr,
    /// Addresses for its CDP clients.
    pub connect_urls: Arc<dyn ConnectUrls>,
}

/// The address for a client with this grant. Those that may only look get none: over CDP everything can be done.
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
