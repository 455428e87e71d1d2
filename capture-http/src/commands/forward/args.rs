//! The arguments of `capture forward`.

use capture_core::session::SessionId;
use clap::Args;

/// Arguments of `forward`.
#[derive(Debug, Args)]
pub(crate) struct ForwardArgs {
    /// The session, created with "cdp": true
    pub(crate) session: SessionId,
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}
