//! Applies the settings of a render to a page that shows nothing yet.

use super::animation::fitting_scale;
use crate::{
    action::{Viewport, ViewportChange},
    browser::{
        BrowserError,
        chromium::page::{blocking, chromium_page::ChromiumPage, emulation::Emulation, http_auth::HttpAuth},
    },
    render::{RenderOutput, RenderRequest, RenderSource},
};

impl ChromiumPage {
    /// Applies the settings. Commands are carried out in order, so only those that can be refused are awaited.
    pub(super) async fn apply_settings(&self, request: &RenderRequest) -> Result<(), BrowserError> {
        let settings = &request.settings;
        if let Some(change) = settings.viewport {
            self.resize(change).await?;
        }
        if matches!(request.output, RenderOutput::Animation(_)) {
            self.shrink_to_frame().await?;
        }
        let tab = self.active()?;
        let block_lists = self.browser.block_lists.clone().filter(|_| settings.block_ads);
        let emulation = Emulation::of(settings).stopping_requests(block_lists.is_some());
        emulation.apply(&tab);
        let auth = match (&request.source, &settings.credentials) {
            (RenderSource::Url(url), Some(credentials)) => Some(HttpAuth::new(url, credentials.clone())),
            _ => None,
        };
        if auth.is_some() {
            blocking::stop_requests(&tab, true);
        }
        self.tabs.send_modify(|tabs| {
            tabs.emulation = emulation;
            tabs.block_lists = block_lists;
            tabs.http_auth = auth;
        });
        Ok(())
    }

    /// Has a large viewport paint with fewer pixels, so that the frames of an animation need no scaling.
    async fn shrink_to_frame(&self) -> Result<(), BrowserError> {
        let Viewport { width, height, scale } = self.tabs.borrow().shape.viewport;
        let fitting = fitting_scale(width, height);
        if scale > fitting {
            self.resize(ViewportChange::Scale(fitting)).await?;
        }
        Ok(())
    }
}
