//! Room for pictures that are decoded at the same time, so that they cannot fill the memory of the server.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of pixels that are decoded at the same time, four bytes each.
pub(crate) const MAX_PIXELS: u32 = 1 << 25;

/// Room for decoded pictures, shared by all work of one kind in a process. Those who wait get it in order.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_PIXELS as usize)))
    }
}

impl Room {
    /// Waits for room; `None` if there is never enough.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future takes nothing.
    pub(crate) async fn take(&self, pixels: u64) -> Option<OwnedSemaphorePermit> {
        let pixels = u32::try_from(pixels).ok().filter(|pixels| *pixels <= MAX_PIXELS)?;
        Arc::clone(&self.0).acquire_many_owned(pixels.max(1)).await.ok()
    }
}
