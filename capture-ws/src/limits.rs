//! Every limit of the channel, with its unit and default.
//!
//! Holds numbers only; the code that enforces a limit is elsewhere.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

/// Limits that an operator may change; the defaults are those of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelLimits {
    /// Largest frame of a client, in bytes. Default 1 MiB.
    pub client_frame_bytes: usize,
    /// Largest frame of a client before it has sent hello, in bytes. Default 4 KiB.
    pub hello_frame_bytes: usize,
    /// Largest frame of the server, in bytes. Default 16 MiB.
    pub server_frame_bytes: usize,
    /// Levels of arrays and objects in a frame. Default 64.
    pub depth: usize,
    /// Requests of a connection that wait for their answer. Default 32.
    pub in_flight: usize,
    /// Sessions a connection may follow, and sessions it may view. Default 64 each.
    pub subscriptions: usize,
    /// Open connections of one user. Default 20.
    pub connections_per_user: usize,
    /// Open connections of all users. Default 20,000.
    pub connections: usize,
    /// Open connections of one address that have not sent hello. Default 20.
    pub strangers_per_address: usize,
    /// Requests per second, counting pings and requests that run no action. Default 120.
    pub requests_per_second: u32,
    /// Requests that may be sent at once before the rate applies. Default 240.
    pub request_burst: u32,
    /// How long a client may take to send hello. Default 10 s.
    pub hello_timeout: Duration,
    /// Longest silence of the server. Default 20 s.
    pub idle: Duration,
    /// Longest silence of a client. Default 45 s.
    pub silence: Duration,
    /// Bytes that may wait behind the frame being written. Default 1 MiB.
    pub queue_bytes: usize,
    /// Frames that may wait behind the frame being written. Default 1024.
    pub queue_frames: usize,
    /// How long one write may take. Default 10 s.
    pub write_timeout: Duration,
    /// Interval between two checks of whether the credential is still valid. Default 60 s.
    pub recheck: Duration,
}

impl Default for ChannelLimits {
    fn default() -> Self {
        Self {
            client_frame_bytes: 1 << 20,
            hello_frame_bytes: 4 << 10,
            server_frame_bytes: 16 << 20,
            depth: 64,
            in_flight: 32,
            subscriptions: 64,
            connections_per_user: 20,
            connections: 20_000,
            strangers_per_address: 20,
            requests_per_second: 120,
            request_burst: 240,
            hello_timeout: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            silence: Duration::from_secs(45),
            queue_bytes: 1 << 20,
            queue_frames: 1024,
            write_timeout: Duration::from_secs(10),
            recheck: Duration::from_secs(60),
        }
    }
}

/// The limits that a client receives in the answer to hello.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToldLimits {
    max_client_frame_bytes: usize,
    max_server_frame_bytes: usize,
    max_depth: usize,
    max_in_flight: usize,
    max_subscriptions: usize,
    max_connections_per_user: usize,
    requests_per_second: u32,
    request_burst: u32,
    max_queued_actions: usize,
    queue_bytes: usize,
    queue_frames: usize,
    max_silence_ms: u64,
}

impl ChannelLimits {
    /// The limits as a client receives them.
    pub fn told(&self, queued_actions: usize) -> ToldLimits {
        ToldLimits {
            max_client_frame_bytes: self.client_frame_bytes,
            max_server_frame_bytes: self.server_frame_bytes,
            max_depth: self.depth,
            max_in_flight: self.in_flight,
            max_subscriptions: self.subscriptions,
            max_connections_per_user: self.connections_per_user,
            requests_per_second: self.requests_per_second,
            request_burst: self.request_burst,
            max_queued_actions: queued_actions,
            queue_bytes: self.queue_bytes,
            queue_frames: self.queue_frames,
            max_silence_ms: millis(self.silence),
        }
    }
}

/// The duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
