//! Every number of the contract, with its unit and default, in one place.
//!
//! Where the numbers come from (file, flag, environment) is not known here.

use std::time::Duration;

/// Numbers an operator may change; the defaults are the public contract's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest time to live, counted from the start, renewals included. Default 900 s; larger requests are capped.
    pub max_ttl: Duration,
    /// Time to live of a session that names none. Default 300 s.
    pub default_ttl: Duration,
    /// Active sessions of a user who has no number of their own. Default 5.
    pub sessions_per_user: u32,
    /// Live sessions of this engine, all users together; above it a create is `busy`. Default 50.
    pub max_sessions: usize,
    /// Actions waiting behind the running one, per session; above it an action is `busy`. Default 8.
    pub queued_actions: usize,
    /// How long a final session can still be read. Default 24 h.
    pub final_retention: Duration,
    /// How long a create may wait for a browser page. Default 15 s.
    pub open_timeout: Duration,
    /// How long closing a page may take before it is left to the browser's retirement. Default 2 s.
    pub close_timeout: Duration,
    /// Between two proofs of life written to the ledger. Default 2 s.
    pub heartbeat: Duration,
    /// Events kept per session for replay. Default 512.
    pub log_events: usize,
    /// Bytes of events kept per session for replay. Default 512 KiB.
    pub log_bytes: usize,
    /// Bytes of results kept per session for idempotency keys; oldest out first. Default 4 MiB.
    pub replay_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_ttl: Duration::from_secs(900),
            default_ttl: Duration::from_secs(300),
            sessions_per_user: 5,
            max_sessions: 50,
            queued_actions: 8,
            final_retention: Duration::from_secs(24 * 3600),
            open_timeout: Duration::from_secs(15),
            close_timeout: Duration::from_secs(2),
            heartbeat: Duration::from_secs(2),
            log_events: 512,
            log_bytes: 512 * 1024,
            replay_bytes: 4 * 1024 * 1024,
        }
    }
}

/// Element actions without `timeoutMs` (contract).
pub const ELEMENT_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Navigations without `timeoutMs` (contract).
pub const NAVIGATION_TIMEOUT: Duration = Duration::from_millis(15_000);
/// Actions that neither wait for an element nor navigate: reading, moving the mouse, a picture.
pub const READ_TIMEOUT: Duration = Duration::from_millis(10_000);
/// Above this `timeoutMs` is clamped (contract).
pub const MAX_ACTION_TIMEOUT: Duration = Duration::from_millis(30_000);
/// `wait_for_timeout` is clamped to this (contract).
pub const MAX_WAIT: Duration = Duration::from_millis(2_500);
/// Largest reply to an action, a batch's steps together, as JSON with pictures in base64.
pub const MAX_REPLY_BYTES: usize = 64 << 20;
/// Steps of a batch (contract).
pub const MAX_BATCH_STEPS: usize = 25;
/// All steps of a batch together; below the shortest idle limit of common load balancers (60 s).
pub const BATCH_TIMEOUT: Duration = Duration::from_secs(55);
/// Longest side of a viewport (contract).
pub const MAX_VIEWPORT_SIDE: u32 = 5_000;
/// Largest device scale factor a request may name (contract).
pub const MAX_SCALE: f64 = 3.0;
/// Longest side of a picture: larger textures come out blank in Chromium (2^14).
pub const MAX_PICTURE_SIDE: u32 = 16_384;
/// Pixels of a picture: the browser takes up to twenty bytes for each while it paints, encodes and sends it. A page of
/// 2048 pixels at scale 2 fits at full length.
pub const MAX_PICTURE_PIXELS: u32 = 1 << 26;
/// Elements a `query` returns at most (contract).
pub const MAX_QUERY_LIMIT: u32 = 500;
/// Elements a `query` returns when it names no limit.
pub const DEFAULT_QUERY_LIMIT: u32 = 100;
/// Length of a selector; longer ones are refused rather than parsed by the page.
pub const MAX_SELECTOR_CHARS: usize = 8_192;
/// Length of an address; Chromium itself stops at 2 MB, proxies far below.
pub const MAX_URL_CHARS: usize = 65_536;
/// Length of one idempotency key (contract).
pub const MAX_KEY_CHARS: usize = 64;
