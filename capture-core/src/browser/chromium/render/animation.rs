//! Records an animated GIF of the viewport.

use std::sync::mpsc;

use bytes::Bytes;
use tokio::time::{Duration, Instant, MissedTickBehavior, interval};

use super::pixels::{encoded, imaging_room, pixels_of};
use crate::{
    action::{PictureFormat, Screenshot},
    browser::{BrowserError, chromium::page::chromium_page::ChromiumPage},
    imaging::{AnimationEncoder, EncodedAnimation, ImagingError},
    render::{Animation, MAX_FRAME_PIXELS},
};

/// Time between two pictures. A page that takes longer to paint has fewer.
const PERIOD: Duration = Duration::from_millis(100);
/// Maximum bytes of an animation.
const MAX_BYTES: usize = 32 << 20;
/// Maximum number of pictures that wait to be encoded. Beyond it, pictures are left out.
const WAITING: usize = 8;

/// A picture on its way to the encoder: how long the one before was shown, in hundredths of a second.
type Taken = (Bytes, u16);

impl ChromiumPage {
    pub(super) async fn record(
        &self,
        animation: Animation,
        deadline: Instant,
    ) -> Result<EncodedAnimation, BrowserError> {
        self.settle_appearance(false, deadline).await?;
        let first = self.frame(deadline).await?;
        let (width, height) = frame_size(first.width, first.height);
        // A frame as it was taken, the frame before it, and what changed between them.
        let pixels = pixels_of(first.width, first.height) + 2 * pixels_of(width.into(), height.into());
        let room = imaging_room(&self.browser.recording, pixels, deadline).await?;
        let (pictures, taken) = mpsc::sync_channel::<Taken>(WAITING);
        let encoding = tokio::task::spawn_blocking(move || {
            let _room = room; // it is held until the work is done, even if its caller has left
            encode(width, height, &taken)
        });
        let _ = pictures.try_send((first.body, 0)); // the queue is empty
        let recorded = self.take_frames(&pictures, animation, deadline).await;
        drop(pictures);
        recorded?;
        encoded(encoding, deadline).await
    }

    /// Sends pictures to the encoder, the first of which it has already.
    async fn take_frames(
        &self,
        pictures: &mpsc::SyncSender<Taken>,
        animation: Animation,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let began = Instant::now();
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks.tick().await; // the first tick is at once
        let mut told = began;
        while began.elapsed() < animation.duration {
            ticks.tick().await;
            let now = Instant::now();
            let picture = self.frame(deadline).await?;
            match pictures.try_send((picture.body, hundredths(now - told))) {
                Ok(()) => told = now,
                Err(mpsc::TrySendError::Full(_)) => {} // the encoder is busy, and the picture before is shown longer
                Err(mpsc::TrySendError::Disconnected(_)) => return Ok(()), // the animation is full
            }
        }
        Ok(())
    }

    async fn frame(&self, deadline: Instant) -> Result<crate::action::Picture, BrowserError> {
        self.screenshot(&Screenshot { format: PictureFormat::Png, ..Screenshot::default() }, deadline).await
    }
}

fn encode(width: u16, height: u16, taken: &mpsc::Receiver<Taken>) -> Result<EncodedAnimation, ImagingError> {
    let mut encoder = AnimationEncoder::new(width, height, MAX_BYTES)?;
    let mut is_cut = false;
    while let Ok((png, shown)) = taken.recv() {
        if !encoder.add(&png, shown)? {
            is_cut = true;
            break;
        }
    }
    encoder.finish(hundredths(PERIOD), is_cut)
}

/// The scale at which a viewport of this size has as many pixels as a frame may have.
pub(super) fn fitting_scale(width: u32, height: u32) -> f64 {
    let pixels = f64::from(width) * f64::from(height);
    (f64::from(MAX_FRAME_PIXELS) / pixels.max(1.0)).sqrt()
}

/// The size of a frame: that of the viewport, scaled down to the bound.
fn frame_size(width: u32, height: u32) -> (u16, u16) {
    let factor = fitting_scale(width, height).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded by the number of pixels")]
    let side = |pixels: u32| (f64::from(pixels) * factor).floor().clamp(1.0, f64::from(u16::MAX)) as u16;
    (side(width), side(height))
}

fn hundredths(time: Duration) -> u16 {
    u16::try_from((time.as_millis() + 5) / 10).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_fit_into_the_bound_and_keep_their_shape() {
        assert_eq!(frame_size(1440, 900), (1440, 900));
        assert_eq!(frame_size(2880, 1800), (1440, 900));
        let (width, height) = frame_size(15_000, 15_000);
        assert_eq!(width, height);
        assert!(u32::from(width) * u32::from(height) <= MAX_FRAME_PIXELS);
        assert_eq!(frame_size(1, 1), (1, 1));
    }
}
