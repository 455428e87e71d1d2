//! The size of a session's tabs and the device they pretend to be.

use crate::{
    action::{Device, Viewport, ViewportChange},
    browser::{
        Fault,
        chromium::{
            cdp::{CdpSession, Pending, commands},
            page::chromium_page::ChromiumPage,
        },
    },
};

/// What every tab of a session looks like to its pages, later tabs included.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Shape {
    pub(crate) viewport: Viewport,
    device: Option<&'static Device>,
}

impl Shape {
    /// A change of scale keeps the device; explicit sizes are a desktop's.
    fn changed(self, change: ViewportChange) -> Self {
        match change {
            ViewportChange::Device(device) => {
                let Device { width, height, device_scale_factor: scale, .. } = *device;
                Self { viewport: Viewport { width, height, scale }, device: Some(device) }
            }
            ViewportChange::Size(viewport) => Self { viewport, device: None },
            ViewportChange::Scale(scale) => Self { viewport: Viewport { scale, ..self.viewport }, ..self },
        }
    }

    /// Gives a tab its size.
    pub(crate) fn size(self, tab: &CdpSession) -> Pending {
        let Viewport { width, height, scale } = self.viewport;
        let mobile = self.device.is_some_and(|device| device.is_mobile);
        tab.send(&commands::set_metrics(width, height, scale, mobile))
    }

    /// Gives a tab, or a frame with a process of its own, the device's touch screen and user agent.
    pub(crate) fn device(self, tab: &CdpSession) -> [Pending; 2] {
        let touch = self.device.is_some_and(|device| device.has_touch);
        let agent = self.device.and_then(|device| device.user_agent.as_deref()).unwrap_or_default();
        [tab.send(&commands::set_touch(touch)), tab.send(&commands::set_user_agent(agent))]
    }

    pub(crate) fn is_device(self) -> bool {
        self.device.is_some()
    }
}

impl ChromiumPage {
    /// Changes the size; it stays for later actions and later tabs.
    pub(crate) async fn resize(&self, change: ViewportChange) -> Result<(), Fault> {
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
