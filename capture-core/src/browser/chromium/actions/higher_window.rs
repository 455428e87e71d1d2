//! The window made higher for a picture, for pages in which an element scrolls in place of the document.
//!
//! The browser can picture what is beyond the window, but not what an element hides. An element that fills the window
//! grows with it, so for the moment of the picture the window is made as high as everything. The script keeps the page
//! from hearing `resize`.

use tokio::time::Instant;

use crate::browser::{
    BrowserError,
    chromium::{
        cdp::CdpSession,
        page::{chromium_page::ChromiumPage, shape::Shape},
    },
};

/// The window while it is higher. When this is dropped it gets its size back, also if the action is cancelled.
pub(super) struct HigherWindow {
    tab: CdpSession,
    shape: Shape,
}

impl Drop for HigherWindow {
    fn drop(&mut self) {
        drop(self.shape.size(&self.tab));
    }
}

impl ChromiumPage {
    /// Gives the window this height; `None` if what scrolls in the page does not grow with it.
    pub(super) async fn heighten(&self, height: f64, deadline: Instant) -> Result<Option<HigherWindow>, BrowserError> {
        if !self.call::<bool>("beforeHigher", &(), deadline).await? {
            return Ok(None);
        }
        let window = HigherWindow { tab: self.active()?, shape: self.tabs.borrow().shape };
        window.shape.with_height(height).size(&window.tab).await?;
        if self.call::<bool>("isHigher", &(), deadline).await? {
            return Ok(Some(window));
        }
        drop(window);
        self.after_picture().await;
        Ok(None)
    }
}
