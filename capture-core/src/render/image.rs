//! Options of a picture.

use serde::{Deserialize, Serialize};

use crate::action::{Clip, PictureFormat, Selector};

/// Options of a picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Image {
    /// What is pictured.
    pub part: ImagePart,
    /// The encoding.
    pub format: PictureFormat,
    /// Quality from 1 to 100, for jpeg and webp.
    pub quality: Option<u32>,
    /// Whether the background is transparent where the page paints nothing. Not for jpeg.
    pub transparent: bool,
    /// The size to which the picture is scaled.
    pub resize: Option<Resize>,
    /// Whether animations are stopped at their end, so that two pictures of one page are alike.
    pub freeze_animations: bool,
}

/// The part of the page that is pictured.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum ImagePart {
    /// The viewport.
    #[default]
    Viewport,
    /// The whole page, up to the bounds of pictures.
    FullPage,
    /// One element.
    Element(Selector),
    /// A part of the viewport, in CSS pixels.
    Clip(Clip),
}

/// The size to which a picture is scaled, in pixels, 1 to 16,384 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resize {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}
