//! All configurable and fixed limits, with unit and default.
//!
//! This module must not know where the values come from (file, flag or environment).

use std::time::Duration;

/// The limits that an operator may change. The defaults are documented for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest time to live in total, counted from the start and including renewals. Default 900 s; larger requests are
    /// capped.
    pub max_ttl: Duration,
    /// Time to live of a session whose create does not set one. Default 300 s.
    pub default_ttl: Duration,
    /// Maximum number of active sessions of a user whose account does not set one. Default 5.
    pub sessions_per_user: u32,
    /// Maximum number of live sessions of this engine, of all users; above it a create is `busy`. Default 50.
    pub max_sessions: usize,
    /// Maximum number of renders of a user at a time; further ones wait up to 30 s. Default 5.
    pub renders_per_user: u32,
    /// Credits that a render costs. Default 1.
    pub render_credits: u64,
    /// Maximum number of actions waiting behind the running one, per session; above it an action is `busy`. Default 8.
    pub queued_actions: usize,
    /// How long a final session can still be read. Default 24 h.
    pub final_retention: Duration,
    /// How long a create may wait for a browser page. Default 15 s.
    pub open_timeout: Duration,
    /// How long closing a page may take before it is left to the browser's retirement. Default 2 s.
    pub close_timeout: Duration,
    /// Interval of the heartbeats written to the ledger. Default 2 s.
    pub heartbeat: Duration,
    /// Number of events kept per session for replay. Default 512.
    pub log_events: usize,
    /// Bytes of events kept per session for replay. Default 512 KiB.
    pub log_bytes: usize,
    /// Bytes of results kept per session for idempotency keys; the oldest are dropped first. Default 4 MiB.
    pub replay_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_ttl: Duration::from_secs(900),
            default_ttl: Duration::from_secs(300),
            sessions_per_user: 5,
            max_sessions: 50,
            renders_per_user: 5,
            render_credits: 1,
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

/// Default timeout of actions on an element (contract).
pub const ELEMENT_TIMEOUT: Duration = Duration::from_millis(5_000);
/// Default timeout of navigations (contract).
pub const NAVIGATION_TIMEOUT: Duration = Duration::from_millis(15_000);
/// Default timeout of actions that neither wait for an element nor navigate: reading, mouse movement, pictures.
pub const READ_TIMEOUT: Duration = Duration::from_millis(10_000);
/// Maximum of `timeoutMs`; larger values are clamped to it (contract).
pub const MAX_ACTION_TIMEOUT: Duration = Duration::from_millis(30_000);
/// Maximum of `wait_for_timeout`; larger values are clamped to it (contract).
pub const MAX_WAIT: Duration = Duration::from_millis(2_500);
/// Maximum bytes of the reply to an action or a whole batch, as JSON with pictures in base64.
pub const MAX_REPLY_BYTES: usize = 64 << 20;
/// Maximum number of steps of a batch (contract).
pub const MAX_BATCH_STEPS: usize = 25;
/// Timeout of a whole batch. It is below the shortest idle limit of common load balancers (60 s).
pub const BATCH_TIMEOUT: Duration = Duration::from_secs(55);
/// Longest side of a viewport in CSS pixels (contract).
pub const MAX_VIEWPORT_SIDE: u32 = 5_000;
/// Largest device scale factor a request may name (contract).
pub const MAX_SCALE: f64 = 3.0;
/// Longest side of a picture in pixels. Chromium paints larger textures (above 2^14) blank.
pub const MAX_PICTURE_SIDE: u32 = 16_384;
/// Longest side of a webp in pixels, from its format.
pub const MAX_WEBP_SIDE: u32 = 16_383;
/// Maximum number of pixels of a picture. The browser needs up to twenty bytes per pixel while it paints, encodes and
/// sends the picture. A page of 2048 pixels width at scale 2 fits at full length.
pub const MAX_PICTURE_PIXELS: u32 = 1 << 26;
/// Maximum number of elements a `query` returns (contract).
pub const MAX_QUERY_LIMIT: u32 = 500;
/// Number of elements a `query` returns if it sets no limit.
pub const DEFAULT_QUERY_LIMIT: u32 = 100;
/// Maximum characters of a selector. Longer ones are refused, so that the page does not have to parse them.
pub const MAX_SELECTOR_CHARS: usize = 8_192;
/// Maximum characters of an address. Chromium itself stops at 2 MB, proxies far below that.
pub const MAX_URL_CHARS: usize = 65_536;
/// Maximum characters of an idempotency key (contract).
pub const MAX_KEY_CHARS: usize = 64;
