//! Applies the settings of a render to a page that shows nothing yet.

use crate::{
    browser::{
        BrowserError,
        chromium::page::{chromium_page::ChromiumPage, emulation::Emulation, http_auth::HttpAuth},
    },
    render::{RenderRequest, RenderSource},
};

impl ChromiumPage {
    /// Applies the settings. Commands are carried out in order, so only those that can be refused are awaited.
    pub(super) async fn apply_settings(&self, request: &RenderRequest) -> Result<(), BrowserError> {
        let settings = &request.settings;
        if let Some(change) = settings.viewport {
            self.resize(change).await?;
        }
        let tab = self.active()?;
        let emulation = Emulation::of(settings);
        emulation.apply(&tab);
        let auth = match (&request.source, &settings.credentials) {
            (RenderSource::Url(url), Some(credentials)) => Some(HttpAuth::new(url, credentials.clone())),
            _ => None,
        };
        if auth.is_some() {
            HttpAuth::enable(&tab);
        }
        self.tabs.send_modify(|tabs| {
            tabs.emulation = emulation;
            tabs.http_auth = auth;
        });
        Ok(())
    }
}
