//! Pictures of the page.

use base64::{display::Base64Display, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use super::{Selector, payload::Payload};
use crate::error::Error;

/// The encoding of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum PictureFormat {
    #[default]
    Png,
    Jpeg,
    Webp,
}

impl PictureFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Webp];

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    /// The wire form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }
}

/// A part of the page in CSS pixels, from the top left corner of the document.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Clip {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// The `screenshot` action.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Screenshot {
    /// Whether to picture the whole page instead of the viewport.
    pub full_page: bool,
    /// Only this element.
    pub selector: Option<Selector>,
    /// Only this part.
    pub clip: Option<Clip>,
    /// Whether the background is transparent instead of white where the page paints nothing.
    pub omit_background: bool,
    /// The encoding.
    pub format: PictureFormat,
    /// Quality from 1 to 100, for jpeg and webp.
    pub quality: Option<u32>,
}

impl Screenshot {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let formats = PictureFormat::ALL.map(|format| (format.as_str(), format));
        let screenshot = Self {
            full_page: payload.boolean("fullPage")?.unwrap_or(false),
            selector: Selector::parse(payload, "selector")?,
            clip: parse_clip(payload)?,
            omit_background: payload.boolean("omitBackground")?.unwrap_or(false),
            format: payload.one_of("type", &formats)?.unwrap_or_default(),
            quality: payload.integer("quality", 1, 100)?,
        };
        let parts = [screenshot.full_page, screenshot.selector.is_some(), screenshot.clip.is_some()];
        if parts.iter().filter(|part| **part).count() > 1 {
            return Err(payload.refuse("clip", "cannot be combined: name one of fullPage, selector, clip"));
        }
        if screenshot.quality.is_some() && screenshot.format == PictureFormat::Png {
            return Err(payload.refuse("quality", "needs type jpeg or webp"));
        }
        Ok(screenshot)
    }
}

fn parse_clip(payload: Payload<'_>) -> Result<Option<Clip>, Error> {
    let Some(fields) = payload.object("clip")? else { return Ok(None) };
    let clip = Payload::new(fields, "payload.clip");
    let side = |field| match clip.number(field)? {
        Some(value) if (-1e6..=1e6).contains(&value) => Ok(value),
        Some(_) => Err(clip.refuse(field, "must lie between -1000000 and 1000000")),
        None => Err(clip.refuse(field, "is required")),
    };
    let clip = Clip { x: side("x")?, y: side("y")?, width: side("width")?, height: side("height")? };
    if clip.width <= 0.0 || clip.height <= 0.0 {
        return Err(payload.refuse("clip", "must have a width and a height above 0"));
    }
    Ok(Some(clip))
}

/// An encoded picture. It is written as base64 in text encodings and as bytes in binary ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The encoding.
    pub format: PictureFormat,
    /// The encoded bytes.
    pub body: Bytes,
    /// Width in device pixels.
    pub width: u32,
    /// Height in device pixels.
    pub height: u32,
    /// Whether a full page was cut at 16384 pixels.
    pub clamped: bool,
}

impl Picture {
    /// Approximate bytes of its JSON.
    pub(crate) fn json_bytes(&self) -> usize {
        self.body.len().div_ceil(3) * 4 + 100
    }

    /// Attaches a value to the picture's bytes, which is dropped with the last copy of them.
    pub(crate) fn holding(&mut self, held: impl Send + 'static) {
        struct Holding<T>(Bytes, T);
        impl<T> AsRef<[u8]> for Holding<T> {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        self.body = Bytes::from_owner(Holding(std::mem::take(&mut self.body), held));
    }
}

impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(4 + usize::from(self.clamped)))?;
        fields.serialize_entry("contentType", self.format.content_type())?;
        fields.serialize_entry(&BodyName, &Body(&self.body))?;
        fields.serialize_entry("width", &self.width)?;
        fields.serialize_entry("height", &self.height)?;
        if self.clamped {
            fields.serialize_entry("clamped", &true)?;
        }
        fields.end()
    }
}

/// The name of the field with the bytes. It checks the encoding itself, because a picture that is flattened into its
/// reply sees every encoding as text.
struct BodyName;

impl Serialize for BodyName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = if serializer.is_human_readable() { "bodyBase64" } else { "body" };
        serializer.serialize_str(name)
    }
}

/// Base64 in text encodings; bytes, and not an array of numbers, in others.
struct Body<'a>(&'a [u8]);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&Base64Display::new(self.0, &STANDARD)) // this makes no second copy of the picture
        } else {
            serializer.serialize_bytes(self.0)
        }
    }
}
