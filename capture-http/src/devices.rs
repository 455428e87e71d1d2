//! The list of device profiles for `emulateDevice`, which is served without authentication, as in the public API.

use axum::response::Response;
use capture_core::action::{self, Device, DeviceScale};
use serde::Serialize;

use crate::{error::Refusal, reply};

#[derive(Serialize)]
struct Devices {
    success: bool,
    count: usize,
    devices: Vec<Profile>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    name: &'static str,
    key: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'static str>,
    viewport: Viewport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Viewport {
    width: u32,
    height: u32,
    device_scale_factor: DeviceScale,
    is_mobile: bool,
    has_touch: bool,
    is_landscape: bool,
}

impl From<&'static Device> for Profile {
    fn from(device: &'static Device) -> Self {
        let Device { width, height, device_scale_factor, is_mobile, has_touch, .. } = *device;
        let is_landscape = width > height;
        Self {
            name: &device.name,
            key: &device.key,
            user_agent: device.user_agent.as_deref(),
            viewport: Viewport { width, height, device_scale_factor, is_mobile, has_touch, is_landscape },
        }
    }
}

/// `GET /screenshot/devices`.
pub(crate) async fn list() -> Result<Response, Refusal> {
    let devices: Vec<_> = action::devices().iter().map(Profile::from).collect();
    reply::ok(&Devices { success: true, count: devices.len(), devices })
}
