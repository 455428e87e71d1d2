//! What the operator decides about the cache of renders.

use std::time::Duration;

/// How much of renders is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderCacheSettings {
    /// Bytes of results that are kept in memory. Default 128 MiB.
    pub bytes: usize,
    /// Bytes of results that are kept on disk, in the data directory; zero keeps none there. Default 512 MiB.
    pub disk_bytes: u64,
    /// How long a result answers equal requests; zero keeps none. Default 24 h.
    pub ttl: Duration,
}

impl Default for RenderCacheSettings {
    fn default() -> Self {
        Self { bytes: 128 << 20, disk_bytes: 512 << 20, ttl: Duration::from_secs(24 * 3600) }
    }
}
