//! The interface of a DevTools protocol client: JSON texts in both directions.
//!
//! This module must not know any browser or transport.

use std::{fmt, sync::Arc};

use futures::{future::BoxFuture, stream::BoxStream};

use super::BrowserError;
use crate::shares::Share;

/// The connection of one CDP client to a page's browser. Dropping it ends everything the client began there; the page
/// stays.
pub struct CdpClient {
    /// Accepts the client's commands.
    pub commands: Box<dyn CdpCommands>,
    /// Replies and events for the client, in order. The stream ends with the page, or when the client reads too slowly.
    pub frames: BoxStream<'static, String>,
    /// The client's use of the server's memory; `None` if it is not counted.
    pub shares: Option<CdpShares>,
}

/// The bytes that are buffered for a client.
#[derive(Debug)]
pub struct CdpShares {
    /// Bytes of a command that is not finished.
    pub incoming: Arc<Share>,
    /// Bytes of frames that the client has not read. The browser side adds them, and the transport subtracts them once
    /// written.
    pub outgoing: Arc<Share>,
}

impl CdpClient {
    /// Counts the client's buffered bytes in these shares from now on.
    pub(crate) fn counted(mut self, incoming: Share, outgoing: Share) -> Self {
        let outgoing = Arc::new(outgoing);
        self.commands.count(Arc::clone(&outgoing));
        self.shares = Some(CdpShares { incoming: Arc::new(incoming), outgoing });
        self
    }
}

/// Accepts the commands of one client.
pub trait CdpCommands: Send + Sync + fmt::Debug {
    /// Accepts one command, a JSON text. A refused command is answered among the frames. Waits while the browser has no
    /// room.
    ///
    /// # Errors
    /// Why this connection has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: if the future is dropped while it waits, the command is not sent.
    fn send<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<(), CdpEnd>>;

    /// Attaches the connection to a page. From now on a command without a session is for this page, and messages of the
    /// page name no session, as for clients that connect to a page instead of the browser. The connection ends with the
    /// page.
    ///
    /// # Errors
    /// When there is no such target (`no_such_target`), or the browser is gone.
    ///
    /// # Cancel safety
    /// Not cancel safe: when dropped, the client gets no messages of its root session any more and should be dropped
    /// too.
    fn speak_with<'a>(&'a self, target: &'a str) -> BoxFuture<'a, Result<(), BrowserError>>;

    /// Adds the bytes that are buffered for the client to this share from now on.
    fn count(&self, waiting: Arc<Share>);

    /// Whether the connection has ended, so that it neither accepts commands nor sends frames.
    fn is_over(&self) -> bool;

    /// Why the frames ended.
    fn ended(&self) -> CdpEnd;
}

/// Why a client's connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdpEnd {
    /// The client sent `Browser.close`.
    #[error("closed by the client")]
    Closed,
    /// The page it was connected to is gone.
    #[error("the page was closed")]
    PageClosed,
    /// The session ended, or its browser is gone.
    #[error("the session is over")]
    SessionOver,
    /// The client reads more slowly than its events arrive.
    #[error("the client reads too slowly")]
    TooSlow,
    /// The client sent something that is not a command.
    #[error("{0}")]
    Unreadable(String),
}

impl fmt::Debug for CdpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdpClient").field("commands", &self.commands).finish_non_exhaustive()
    }
}
