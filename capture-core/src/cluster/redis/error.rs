//! Why a command to Redis failed.

use std::time::Duration;

use redis::RedisError;

/// Why a command was not carried out, or why that is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The last attempt to connect failed a moment ago.
    #[error("redis cannot be reached")]
    Unreachable,
    /// No connection could be made.
    #[error("redis cannot be reached")]
    NotConnected(#[source] RedisError),
    /// No answer arrived in time.
    #[error("redis did not answer within {} ms", .0.as_millis())]
    Silent(Duration),
    /// Redis, or the connection to it, failed.
    #[error(transparent)]
    Failed(RedisError),
    /// The connection is not used any more.
    #[error("the connection to redis is closed")]
    Closed,
}

/// Why an address is not one of Redis.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRedisUrl {
    /// It is not an address of this form: `redis://[user:password@]host[:port][/db]`.
    #[error("not an address of redis")]
    Malformed(#[source] RedisError),
    /// It names something that this server cannot connect to.
    #[error(transparent)]
    Unsupported(RedisError),
}
