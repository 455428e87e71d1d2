//! Options of an animated picture.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest recording (public API: 30 s).
pub const MAX_ANIMATION: Duration = Duration::from_secs(30);
/// Maximum number of pixels of a frame. Larger viewports are scaled down.
pub const MAX_FRAME_PIXELS: u32 = 1440 * 900;

/// Options of an animated GIF of the viewport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Animation {
    /// How long the page is recorded, 1 s to [`MAX_ANIMATION`].
    pub duration: Duration,
}

impl Default for Animation {
    fn default() -> Self {
        Self { duration: Duration::from_secs(5) }
    }
}
