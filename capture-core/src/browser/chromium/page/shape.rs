//! The viewport size of a session's tabs and the device they emulate, and the commands that set them.
//!
//! This module must not know tabs.

use crate::{
    action::{Device, Viewport, ViewportChange},
    browser::chromium::cdp::{CdpSession, Pending, commands},
};

/// The emulated device and size of all tabs of a session, including later ones.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Shape {
    pub(crate) viewport: Viewport,
    device: Option<&'static Device>,
}

impl Shape {
    /// Applies a change. A change of scale keeps the device; an explicit size means a desktop.
    pub(crate) fn changed(self, change: ViewportChange) -> Self {
        match change {
            ViewportChange::Device(device) => {
                let Device { width, height, device_scale_factor: scale, .. } = *device;
                Self { viewport: Viewport { width, height, scale }, device: Some(device) }
            }
            ViewportChange::Size(viewport) => Self { viewport, device: None },
            ViewportChange::Scale(scale) => Self { viewport: Viewport { scale, ..self.viewport }, ..self },
        }
    }

    /// The same with another height of the window.
    pub(crate) fn with_height(self, height: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture is not that high")]
        let height = height.max(1.0) as u32;
        Self { viewport: Viewport { height, ..self.viewport }, ..self }
    }

    /// Whether a window of this size is the one that the session set, and not one that a client set.
    pub(crate) fn is_window(self, width: u32, height: u32) -> bool {
        width == self.viewport.width && height == self.viewport.height
    }

    /// Sets the size of a tab.
    pub(crate) fn size(self, tab: &CdpSession) -> Pending {
        let Viewport { width, height, scale } = self.viewport;
        let mobile = self.device.is_some_and(|device| device.is_mobile);
        tab.send(&commands::set_metrics(width, height, scale, mobile))
    }

    /// Sets the touch screen and user agent of the device for a tab, or for a frame with a process of its own.
    pub(crate) fn device(self, tab: &CdpSession) -> [Pending; 2] {
        let touch = self.device.is_some_and(|device| device.has_touch);
        let agent = self.device.and_then(|device| device.user_agent.as_deref()).unwrap_or_default();
        [tab.send(&commands::set_touch(touch)), tab.send(&commands::set_user_agent(agent))]
    }

    pub(crate) fn is_device(self) -> bool {
        self.device.is_some()
    }
}
