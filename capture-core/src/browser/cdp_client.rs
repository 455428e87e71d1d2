//! A client of the DevTools protocol, from the outside: texts in, texts out.

use std::fmt;

use futures::{future::BoxFuture, stream::BoxStream};

/// One CDP client's way into a page's browser. Dropping it ends what the client began there; the page stays.
pub struct CdpClient {
    /// Takes its commands.
    pub commands: Box<dyn CdpCommands>,
    /// Replies and events for it, in their order. Ends with the page, or when the client reads too slowly.
    pub frames: BoxStream<'static, String>,
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

    /// Why the frames ended.
    fn ended(&self) -> CdpEnd;
}

/// Why a client's connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdpEnd {
    /// The client said `Browser.close`.
    #[error("closed by the client")]
    Closed,
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
