//! The size of a page and the device it pretends to be.

use serde_json::{Value, json};

use super::page::ChromiumPage;
use crate::{
    action::{Device, Viewport, ViewportChange},
    browser::Fault,
};

impl ChromiumPage {
    /// Changes the size; it stays for later actions and later tabs.
    pub(super) async fn resize(&self, change: ViewportChange) -> Result<(), Fault> {
        let current = self.tabs.borrow().viewport;
        let (viewport, device) = match change {
            ViewportChange::Device(device) => {
                let Device { width, height, device_scale_factor: scale, .. } = *device;
                (Viewport { width, height, scale }, Some(device))
            }
            ViewportChange::Size(viewport) => (viewport, None),
            ViewportChange::Scale(scale) => (Viewport { scale, ..current }, None),
        };
        let session = self.active()?;
        let mobile = device.is_some_and(|device| device.is_mobile);
        let touch = device.is_some_and(|device| device.has_touch);
        let resized = session.send("Emulation.setDeviceMetricsOverride", &metrics(viewport, mobile));
        let mut touched = None;
        let mut named = None;
        // A plain change of size leaves a device's touch and user agent alone; explicit sizes are a desktop's.
        if !matches!(change, ViewportChange::Scale(_)) {
            let points = json!({"enabled": touch, "maxTouchPoints": 5});
            touched = Some(session.send("Emulation.setTouchEmulationEnabled", &points));
            let agent = device.and_then(|device| device.user_agent.as_deref()).unwrap_or_default();
            named = Some(session.send("Emulation.setUserAgentOverride", &json!({"userAgent": agent})));
        }
        resized.await?;
        for told in [touched, named].into_iter().flatten() {
            told.await?;
        }
        self.tabs.send_modify(|tabs| tabs.viewport = viewport);
        Ok(())
    }
}

/// The command that gives a tab its size.
pub(super) fn metrics(viewport: Viewport, mobile: bool) -> Value {
    let Viewport { width, height, scale } = viewport;
    json!({
        "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile,
        "screenWidth": width, "screenHeight": height,
    })
}
