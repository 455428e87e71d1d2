//! Changes the viewport before an action.
//!
//! How the browser is told is implemented in `page/shape.rs`.

use crate::{
    action::ViewportChange,
    browser::{BrowserError, chromium::page::chromium_page::ChromiumPage},
};

impl ChromiumPage {
    /// Changes the size, which stays for later actions and later tabs.
    pub(crate) async fn resize(&self, change: ViewportChange) -> Result<(), BrowserError> {
        let before = self.tabs.borrow().shape;
        let shape = before.changed(change);
        let tab = self.active()?;
        let mut told = vec![shape.size(&tab)];
        if before.is_device() || shape.is_device() {
            told.extend(shape.device(&tab));
        }
        for told in told {
            told.await?;
        }
        self.tabs.send_modify(|tabs| tabs.shape = shape);
        Ok(())
    }
}
