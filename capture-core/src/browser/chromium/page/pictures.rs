//! The browser's screencast pictures: their number, and the newest one.
//!
//! This module must not know who watches.

use std::sync::Arc;

use tokio::sync::watch;

use crate::browser::chromium::cdp::Event;

/// The event that contains a picture.
pub(crate) const FRAME: &str = "Page.screencastFrame";

/// The pictures received so far, published by the event loop.
pub(crate) type Pictures = Arc<watch::Sender<PicturesSeen>>;

/// The number of pictures received, and the newest one as received.
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
