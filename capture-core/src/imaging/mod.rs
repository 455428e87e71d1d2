//! Work on the pixels of pictures that a browser made: scaling, and joining pictures to an animated GIF.
//!
//! This module must not know pages. Its functions take as long as they have pixels, so they are called on threads for
//! blocking work; [`Room`] bounds the pixels that are decoded at the same time.

mod animation;
mod room;
mod scale;

pub(crate) use self::{
    animation::{AnimationEncoder, EncodedAnimation},
    room::{MAX_PIXELS, Room},
    scale::{Wanted, scale},
};

/// Why a picture could not be worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImagingError {
    /// The browser's picture cannot be read, or the result cannot be written.
    #[error("the picture cannot be converted: {0}")]
    Codec(#[from] image::ImageError),
    /// A frame cannot be written.
    #[error("the frame cannot be written: {0}")]
    Frame(#[from] gif::EncodingError),
    /// The sizes do not fit together.
    #[error("the picture cannot be scaled: {0}")]
    Scale(String),
}
