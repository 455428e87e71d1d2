//! A client of the DevTools protocol, from the outside: texts in, texts out.
//!
//! Knows no browser and no transport.

use std::{fmt, sync::Arc};

use futures::{future::BoxFuture, stream::BoxStream};

use super::BrowserError;
use crate::shares::Share;

/// One CDP client's way into a page's browser. Dropping it ends what the client began there; the page stays.
pub struct CdpClient {
    /// Takes its commands.
    pub commands: Box<dyn CdpCommands>,
    /// Replies and events for it, in their order. Ends with the page, or when the client reads too slowly.
    pub frames: BoxStream<'static, String>,
    /// What it holds of the server's memory; absent where nobody counts.
    pub shares: Option<CdpShares>,
}

/// Bytes that wait on a client's behalf.
#[derive(Debug)]
pub struct CdpShares {
    /// Of a command that has not come to its end.
    pub incoming: Arc<Share>,
    /// Of frames the client has not taken. Added to as they are told; whoever writes them subtracts.
    pub outgoing: Arc<Share>,
}

impl CdpClient {
    /// Counts what waits on its behalf from now on.
    pub(crate) fn counted(mut self, incoming: Share, outgoing: Share) -> Self {
        let outgoing = Arc::new(outgoing);
        self.commands.count(Arc::clone(&outgoing));
        self.shares = Some(CdpShares { incoming: Arc::new(incoming), outgoing });
        self
    }
}

/// Takes the commands of one client.
pub trait CdpCommands: Send + Sync + fmt::Debug {
    /// Takes one command, a JSON text. What is refused is answered among the frames. Waits while the browser has no room.
    ///
    /// # Errors
    /// Why this connection is over.
    ///
    /// # Cancel safety
    /// Dropped while it waits, the command is not sent.
    fn send<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<(), CdpEnd>>;

    /// From now on a command without a session is for this page, and what comes of the page names none: what a client
    /// hears that connected to the page instead of the browser. Its connection ends with the page.
    ///
    /// # Errors
    /// There is no such target (`no_such_target`), or the browser is gone.
    ///
    /// # Cancel safety
    /// When dropped, the client hears nothing of its root any more: drop the client too.
    fn speak_with<'a>(&'a self, target: &'a str) -> BoxFuture<'a, Result<(), BrowserError>>;

    /// Adds what waits for the client to this share from now on.
    fn count(&self, waiting: Arc<Share>);

    /// Whether nothing more is taken or told.
    fn is_over(&self) -> bool;

    /// Why the frames ended.
    fn ended(&self) -> CdpEnd;
}

/// Why a client's connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdpEnd {
    /// The client said `Browser.close`.
    #[error("closed by the client")]
    Closed,
    /// The page it was connected to is gone.
    #[error("the page was closed")]
    PageClosed,
    /// The session is over, or its browser is gone.
    #[error("the session is over")]
    SessionOver,
    /// The client reads more slowly than its events come.
    #[error("the client reads too slowly")]
    TooSlow,
    /// The client sent something that is no command.
    #[error("{0}")]
    Unreadable(String),
}

impl fmt::Debug for CdpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdpClient").field("commands", &self.commands).finish_non_exhaustive()
    }
}
