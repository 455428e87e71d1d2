//! Work on pixels on threads for blocking work: waits for its room, and for its result.

use tokio::{
    sync::OwnedSemaphorePermit,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use crate::{
    browser::BrowserError,
    imaging::{ImagingError, MAX_PIXELS, Room},
};

pub(super) fn pixels_of(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

/// Fails if a picture of this size could never be made of another one.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), BrowserError> {
    if pixels_of(width, height) < u64::from(MAX_PIXELS) { Ok(()) } else { Err(too_large(pixels_of(width, height))) }
}

/// Waits for room for this many decoded pixels: those of the pictures that are read and of those that are made.
pub(super) async fn imaging_room(
    room: &Room,
    pixels: u64,
    deadline: Instant,
) -> Result<OwnedSemaphorePermit, BrowserError> {
    let began = Instant::now();
    match timeout_at(deadline, room.take(pixels)).await {
        Ok(taken) => taken.ok_or_else(|| too_large(pixels)),
        Err(_elapsed) => {
            let waited = began.elapsed().as_secs();
            Err(BrowserError::congested(format!("pictures of other renders left no room within {waited} s")))
        }
    }
}

/// Waits for work that has its room.
pub(super) async fn encoded<T>(
    work: JoinHandle<Result<T, ImagingError>>,
    deadline: Instant,
) -> Result<T, BrowserError> {
    let began = Instant::now();
    let Ok(ended) = timeout_at(deadline, work).await else {
        let waited = began.elapsed().as_secs();
        return Err(BrowserError::congested(format!("the picture was not encoded within {waited} s")));
    };
    let unusable = |error: &dyn std::fmt::Display| BrowserError::Protocol(error.to_string());
    ended.map_err(|panicked| unusable(&panicked))?.map_err(|error| unusable(&error))
}

fn too_large(pixels: u64) -> BrowserError {
    let message = format!(
        "{pixels} pixels are too many to be scaled, counting the picture of the page and the result; at most \
         {MAX_PIXELS} are: take less of the page, or ask for a smaller result"
    );
    BrowserError::failed_for("picture_too_large", message)
}
