//! One connection to Redis, which is replaced when it is closed or silent, or when its server must not be written to.

use std::{future::Future, time::Duration};

use parking_lot::Mutex;
use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, ServerErrorKind, aio::MultiplexedConnection};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use super::error::CommandError;

/// Timeout of one command, including connecting.
const PATIENCE: Duration = Duration::from_secs(1);
/// After this many unanswered commands in a row the connection is considered dead, whatever TCP reports.
const SILENT: u32 = 2;
/// Pause between two attempts to connect. Commands in between fail at once.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that many commands share.
#[derive(Debug)]
pub(super) struct RedisConnection {
    client: Client,
    state: Mutex<State>,
    connecting: tokio::sync::Mutex<()>,
    dropped: Notify,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that a late failure of an old one does not discard a new one.
    generation: u64,
    silent: u32,
    failed: Option<Instant>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("generation", &self.generation)
            .field("silent", &self.silent)
            .finish_non_exhaustive()
    }
}

impl RedisConnection {
    pub(super) fn new(client: Client) -> Self {
        Self { client, state: Mutex::default(), connecting: tokio::sync::Mutex::default(), dropped: Notify::new() }
    }

    /// Runs a command on the current connection, within the timeout.
    pub(super) async fn run<T, F>(&self, command: impl FnOnce(MultiplexedConnection) -> F) -> Result<T, CommandError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let work = async {
            let (connection, generation) = self.connection().await?;
            Ok::<_, CommandError>((command(connection).await, generation))
        };
        match timeout(PATIENCE, work).await {
            Ok(Ok((Ok(value), _))) => {
                self.state.lock().silent = 0;
                Ok(value)
            }
            Ok(Ok((Err(error), generation))) => {
                if is_of_the_connection(&error) {
                    self.drop_connection(generation);
                }
                Err(CommandError::Failed(error))
            }
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => {
                self.went_silent();
                Err(CommandError::Silent(PATIENCE))
            }
        }
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), CommandError> {
        if let Some(present) = self.present() {
            return Ok(present);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(present) = self.present() {
            return Ok(present);
        }
        if self.state.lock().failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Err(CommandError::Unreachable);
        }
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut state = self.state.lock();
        match connected {
            Ok(connection) => {
                state.connection = Some(connection.clone());
                state.generation += 1;
                (state.silent, state.failed) = (0, None);
                Ok((connection, state.generation))
            }
            Err(error) => {
                state.failed = Some(Instant::now());
                Err(CommandError::NotConnected(error))
            }
        }
    }

    fn present(&self) -> Option<(MultiplexedConnection, u64)> {
        let state = self.state.lock();
        Some((state.connection.clone()?, state.generation))
    }

    fn drop_connection(&self, generation: u64) {
        let mut state = self.state.lock();
        if state.generation == generation && state.connection.take().is_some() {
            tracing::warn!("a connection to redis is replaced");
            self.dropped.notify_one();
        }
    }

    /// Completes when a connection was discarded; the next one may lead to another server.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub(super) async fn dropped(&self) {
        self.dropped.notified().await;
    }

    /// Discards the current connection, because the name now belongs to another server.
    pub(super) fn replace(&self) {
        let generation = self.state.lock().generation;
        self.drop_connection(generation);
    }

    fn went_silent(&self) {
        let mut state = self.state.lock();
        state.silent += 1;
        if state.silent >= SILENT {
            state.silent = 0;
            if state.connection.take().is_some() {
                tracing::warn!("a connection to redis is silent and is replaced");
                self.dropped.notify_one();
            }
        }
    }
}

/// Whether the error may go away with another connection, which may lead to another server of this name.
fn is_of_the_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || matches!(
            error.kind(),
            ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown)
        )
}
