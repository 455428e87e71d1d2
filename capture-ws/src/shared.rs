//! What channels need of the rest of the server, and what they have in common.

use std::sync::Arc;

use capture_core::{
    Limits, Sessions,
    account::{Accounts, Tickets},
    clock::Clock,
    shares::Pool,
    tasks::Tasks,
};
use uuid::Uuid;

use crate::{connection_limits::ConnectionLimits, limits::ChannelLimits};

/// Bytes of frames that the channels of one user have not taken: three of the largest frames, and a full queue for each
/// channel.
const WAITING_OF_USER: usize = 64 << 20;
/// Bytes of frames that the channels of all users have not taken.
const WAITING: usize = 512 << 20;

/// What channels need of the rest of the server.
#[derive(Clone)]
pub struct Shared {
    /// The name of this process in a cluster; when absent, a name is generated.
    pub instance: Option<Arc<str>>,
    /// The operations on sessions.
    pub sessions: Arc<dyn Sessions>,
    /// Checks whether a secret is still valid.
    pub accounts: Arc<dyn Accounts>,
    /// Where tickets are redeemed.
    pub tickets: Arc<dyn Tickets>,
    /// The clock of the sessions.
    pub clock: Clock,
    /// The limits of sessions.
    pub session_limits: Limits,
    /// The limits of channels.
    pub limits: ChannelLimits,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What the channels of a process have in common. Clones share it.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) shared: Arc<Shared>,
    pub(crate) instance: Arc<str>,
    pub(crate) connections: Arc<ConnectionLimits>,
    /// The bytes of frames that clients have not taken.
    pub(crate) waiting: Arc<Pool>,
    pub(crate) tasks: Tasks,
}

impl Common {
    pub(crate) fn new(shared: Shared) -> Self {
        let made = || format!("i_{}", Uuid::new_v4().simple()).into();
        let instance = shared.instance.clone().unwrap_or_else(made);
        let connections = Arc::new(ConnectionLimits::new(&shared.limits));
        let waiting = Pool::new(WAITING_OF_USER, WAITING);
        Self { shared: Arc::new(shared), instance, connections, waiting, tasks: Tasks::default() }
    }
}
