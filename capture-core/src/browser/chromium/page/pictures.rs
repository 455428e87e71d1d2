//! What the browser tells of pictures of the screencast: how many, and the newest.
//!
//! Knows nothing of who looks at them.

use std::sync::Arc;

use tokio::sync::watch;

use crate::browser::chromium::cdp::Event;

/// The event that tells of a picture.
pub(crate) const FRAME: &str = "Page.screencastFrame";

/// What the browser told of pictures, kept by the event loop.
pub(crate) type Pictures = Arc<watch::Sender<PicturesSeen>>;

/// Pictures told of so far, and the newest, as it was told.
#[derive(Debug, Default)]
pub(crate) struct PicturesSeen {
    pub(crate) count: u64,
    pub(crate) newest: Option<Event>,
}

impl PicturesSeen {
    pub(crate) fn tell(&mut self, event: &Event) {
        self.count += 1;
        self.newest = Some(event.clone());
    }
}
