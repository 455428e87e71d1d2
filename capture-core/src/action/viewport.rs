//! Sizes of the page and the devices that stand for them.

use std::sync::LazyLock;

use serde::Deserialize;

use super::payload::{Payload, clip};
use crate::{
    error::Error,
    limits::{MAX_SCALE, MAX_VIEWPORT_SIDE},
};

/// Device pixels per CSS pixel.
pub type DeviceScale = f64;

/// A device profile; facts from vendors and from Playwright's list (see NOTICE).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Names it in `emulateDevice`.
    pub key: String,
    /// For people.
    pub name: String,
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Device pixels per CSS pixel.
    pub device_scale_factor: DeviceScale,
    /// Whether the page's viewport meta tag counts.
    pub is_mobile: bool,
    /// Whether it has a touch screen.
    pub has_touch: bool,
    /// The user agent it sends; absent: the browser's own.
    #[serde(default)]
    pub user_agent: Option<String>,
}

/// All device profiles, by key.
pub fn devices() -> &'static [Device] {
    static DEVICES: LazyLock<Vec<Device>> =
        LazyLock::new(|| serde_json::from_str(include_str!("devices.json")).expect("a test reads this file"));
    &DEVICES
}

/// A size of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// In CSS pixels, 1 to 5000.
    pub width: u32,
    /// In CSS pixels, 1 to 5000.
    pub height: u32,
    /// Device pixels per CSS pixel, above 0, at most 3 unless a device says more.
    pub scale: DeviceScale,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1440, height: 900, scale: 1.0 }
    }
}

/// A change of the page's size that came with an action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ViewportChange {
    /// Be this device.
    Device(&'static Device),
    /// Be a desktop of this size.
    Size(Viewport),
    /// Keep the size, change the scale.
    Scale(DeviceScale),
}

impl ViewportChange {
    /// Reads the viewport group of a payload.
    pub(super) fn parse(payload: Payload<'_>) -> Result<Option<Self>, Error> {
        let device = parse_device(payload)?;
        let scale = parse_scale(payload, "deviceScaleFactor")?.or(parse_scale(payload, "scaleFactor")?);
        let size = parse_viewport(payload)?.or(parse_sides(payload)?);
        Ok(match (device, size, scale) {
            (Some(device), _, _) => Some(Self::Device(device)),
            (None, Some((width, height, own)), scale) => {
                Some(Self::Size(Viewport { width, height, scale: own.or(scale).unwrap_or(1.0) }))
            }
            (None, None, Some(scale)) => Some(Self::Scale(scale)),
            (None, None, None) => None,
        })
    }
}

fn parse_device(payload: Payload<'_>) -> Result<Option<&'static Device>, Error> {
    let Some(key) = payload.text("emulateDevice")? else { return Ok(None) };
    let found = devices().iter().find(|device| device.key == key);
    found.map(Some).ok_or_else(|| {
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

type Size = (u32, u32, Option<DeviceScale>);

fn parse_viewport(payload: Payload<'_>) -> Result<Option<Size>, Error> {
    let Some(fields) = payload.object("viewport")? else { return Ok(None) };
    if let Some(other) = fields.keys().find(|key| !["width", "height", "deviceScaleFactor"].contains(&key.as_str())) {
        let accepted = "accepted are width, height, deviceScaleFactor";
        return Err(payload.refuse("viewport", format_args!("has an unknown field {:?}; {accepted}", clip(other))));
    }
    let viewport = Payload::new(fields, "payload.viewport");
    let side =
        |field| viewport.integer(field, 1, MAX_VIEWPORT_SIDE)?.ok_or_else(|| viewport.refuse(field, "is required"));
    Ok(Some((side("width")?, side("height")?, parse_scale(viewport, "deviceScaleFactor")?)))
}

fn parse_sides(payload: Payload<'_>) -> Result<Option<Size>, Error> {
    match (payload.integer("vw", 1, MAX_VIEWPORT_SIDE)?, payload.integer("vh", 1, MAX_VIEWPORT_SIDE)?) {
        (Some(width), Some(height)) => Ok(Some((width, height, None))),
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
