//! Requests to stop: SIGTERM and SIGINT, as often as they come.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Both signals; from its making on they no longer kill the process.
#[derive(Debug)]
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    /// Takes the signals over.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Completes at the next signal, or at one that came since the last call.
    ///
    /// # Cancel safety
    /// No signal is lost when dropped.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
