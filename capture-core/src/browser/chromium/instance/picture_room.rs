//! Bounds the pictures in progress. The browser needs four bytes per pixel of a large picture, for some of them twice,
//! and encodes and sends it as a whole.
//!
//! This module must not know pictures.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::MAX_PICTURE_PIXELS;

/// Number of pixels counted as one permit.
const UNIT: u32 = 1 << 16;
/// Pictures up to this size need no permit: 16 million pixels, more than a typical page has at full length.
const USUAL: u32 = 16 << 20;
/// Pixels for one browser: two of the largest pictures. They belong to one user, unless users share browsers.
const BROWSER: u32 = 2 * MAX_PICTURE_PIXELS;
/// Pixels for all browsers.
const SERVER: u32 = 4 * MAX_PICTURE_PIXELS;

/// There is one for the process, because the limit protects the machine.
static OF_SERVER: LazyLock<Arc<Semaphore>> = LazyLock::new(|| room(SERVER));

/// The permits of one browser.
#[derive(Debug)]
pub(crate) struct PictureRoom(Arc<Semaphore>);

/// The permits that a picture in progress holds.
#[derive(Debug)]
pub(crate) struct Held {
    _of_browser: OwnedSemaphorePermit,
    _of_server: OwnedSemaphorePermit,
}

impl Default for PictureRoom {
    fn default() -> Self {
        Self(room(BROWSER))
    }
}

impl PictureRoom {
    /// Waits for permits for a picture of this many pixels. The caller must bound the wait.
    pub(crate) async fn take(&self, pixels: u32) -> Option<Held> {
        let units = if pixels <= USUAL { 0 } else { pixels.min(MAX_PICTURE_PIXELS).div_ceil(UNIT) };
        let of_browser = Arc::clone(&self.0).acquire_many_owned(units).await.ok()?;
        let of_server = Arc::clone(&OF_SERVER).acquire_many_owned(units).await.ok()?;
        Some(Held { _of_browser: of_browser, _of_server: of_server })
    }
}

fn room(pixels: u32) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(usize::try_from(pixels / UNIT).unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn two_of_the_largest_at_once_and_small_ones_always() {
        let room = PictureRoom::default();
        let take = |pixels| room.take(pixels).now_or_never().flatten();
        let (one, two) = (take(MAX_PICTURE_PIXELS).unwrap(), take(MAX_PICTURE_PIXELS).unwrap());
        assert!(take(USUAL + 1).is_none(), "the browser's room is taken");
        assert!(take(USUAL).is_some(), "a usual one needs none");
        assert!(PictureRoom::default().take(MAX_PICTURE_PIXELS).now_or_never().flatten().is_some(), "another browser");
        drop(one);
        assert!(take(USUAL + 1).is_some());
        drop(two);
    }
}
