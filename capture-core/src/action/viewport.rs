//! Viewports, and the device profiles that set them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::payload::{Payload, clip};
use crate::{
    error::Error,
    limits::{MAX_SCALE, MAX_VIEWPORT_SIDE},
};

/// Device pixels per CSS pixel.
pub type DeviceScale = f64;

/// A device profile, with data from vendors and from Playwright's list (see NOTICE).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// The name in `emulateDevice`.
    pub key: String,
    /// The name for people.
    pub name: String,
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Device pixels per CSS pixel.
    pub device_scale_factor: DeviceScale,
    /// Whether the page's viewport meta tag applies.
    pub is_mobile: bool,
    /// Whether the device has a touch screen.
    pub has_touch: bool,
    /// The user agent; absent means the browser's own.
    #[serde(default)]
    pub user_agent: Option<String>,
}

/// All device profiles, ordered by key.
pub fn devices() -> &'static [Device] {
    static DEVICES: LazyLock<Vec<Device>> =
        LazyLock::new(|| serde_json::from_str(include_str!("devices.json")).expect("a test reads this file"));
    &DEVICES
}

/// The device with this key.
pub fn device(key: &str) -> Option<&'static Device> {
    devices().iter().find(|device| device.key == key)
}

/// A device as its key.
mod by_key {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Device;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
    pub(super) fn serialize<S: Serializer>(device: &&'static Device, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&device.key)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static Device, D::Error> {
        let key = String::deserialize(deserializer)?;
        super::device(&key).ok_or_else(|| D::Error::custom("not a known device"))
    }
}

/// The size of the page's viewport.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Viewport {
    /// Width in CSS pixels, 1 to 5000.
    pub width: u32,
    /// Height in CSS pixels, 1 to 5000.
    pub height: u32,
    /// Device pixels per CSS pixel: above 0, and at most 3 unless a device profile sets more.
    pub scale: DeviceScale,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1440, height: 900, scale: 1.0 }
    }
}

/// A change of the viewport that is part of an action.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum ViewportChange {
    /// Emulate this device.
    #[serde(with = "by_key")]
    Device(&'static Device),
    /// Emulate a desktop with this size.
    Size(Viewport),
    /// Keep the size and change the scale.
    Scale(DeviceScale),
}

impl ViewportChange {
    /// Parses the viewport fields of a payload.
    pub(super) fn parse(payload: Payload<'_>) -> Result<Option<Self>, Error> {
        let device = parse_device(payload)?;
        let scale = parse_scale(payload, "deviceScaleFactor")?.or(parse_scale(payload, "scaleFactor")?);
        let size = parse_viewport(payload)?.or(parse_sides(payload)?);
        Ok(match (device, size, scale) {
            (Some(device), _, _) => Some(Self::Device(device)),
            (None, Some(GivenSize { width, height, scale: own }), scale) => {
                Some(Self::Size(Viewport { width, height, scale: own.or(scale).unwrap_or(1.0) }))
            }
            (None, None, Some(scale)) => Some(Self::Scale(scale)),
            (None, None, None) => None,
        })
    }
}

fn parse_device(payload: Payload<'_>) -> Result<Option<&'static Device>, Error> {
    let Some(key) = payload.text("emulateDevice")? else { return Ok(None) };
    device(&key).map(Some).ok_or_else(|| {
        let known = "is not a known device; GET /screenshot/devices lists the keys";
        payload.refuse("emulateDevice", format_args!("{:?} {known}", clip(&key)))
    })
}

fn parse_scale(payload: Payload<'_>, field: &str) -> Result<Option<DeviceScale>, Error> {
    match payload.number(field)? {
        Some(scale) if scale > 0.0 && scale <= MAX_SCALE => Ok(Some(scale)),
        Some(_) => Err(payload.refuse(field, format_args!("must be above 0 and at most {MAX_SCALE}"))),
        None => Ok(None),
    }
}

/// A size as a payload gives it.
struct GivenSize {
    width: u32,
    height: u32,
    scale: Option<DeviceScale>,
}

fn parse_viewport(payload: Payload<'_>) -> Result<Option<GivenSize>, Error> {
    let Some(fields) = payload.object("viewport")? else { return Ok(None) };
    if let Some(other) = fields.keys().find(|key| !["width", "height", "deviceScaleFactor"].contains(&key.as_str())) {
        let accepted = "accepted are width, height, deviceScaleFactor";
        return Err(payload.refuse("viewport", format_args!("has an unknown field {:?}; {accepted}", clip(other))));
    }
    let viewport = Payload::new(fields, "payload.viewport");
    let side =
        |field| viewport.integer(field, 1, MAX_VIEWPORT_SIDE)?.ok_or_else(|| viewport.refuse(field, "is required"));
    Ok(Some(GivenSize {
        width: side("width")?,
        height: side("height")?,
        scale: parse_scale(viewport, "deviceScaleFactor")?,
    }))
}

fn parse_sides(payload: Payload<'_>) -> Result<Option<GivenSize>, Error> {
    match (payload.integer("vw", 1, MAX_VIEWPORT_SIDE)?, payload.integer("vh", 1, MAX_VIEWPORT_SIDE)?) {
        (Some(width), Some(height)) => Ok(Some(GivenSize { width, height, scale: None })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(payload.refuse("vw", "is required with vh")),
        (Some(_), None) => Err(payload.refuse("vh", "is required with vw")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_list_is_usable() {
        let keys: Vec<_> = devices().iter().map(|device| device.key.as_str()).collect();
        assert!(keys.len() >= 120, "{}", keys.len());
        assert!(keys.is_sorted_by(|a, b| a < b), "keys are sorted and unique");
        for key in ["iphone_15_pro", "pixel_8", "galaxy_s23", "ipad_air", "desktop_hd"] {
            assert!(keys.contains(&key), "{key}");
        }
        for device in devices() {
            assert!(
                (1..=MAX_VIEWPORT_SIDE).contains(&device.width) && (1..=MAX_VIEWPORT_SIDE).contains(&device.height)
            );
            assert!(device.device_scale_factor > 0.0, "{}", device.key);
        }
    }
}
