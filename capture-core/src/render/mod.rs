//! A render: one document in, one result out, and the page is gone.
//!
//! This module owns what can be asked for and what comes back, as data. It must not know sessions, credits or browsers;
//! `engine/rendering.rs` carries a render out, and a backend's page does the work. Parameters of HTTP requests are
//! parsed elsewhere.

mod animation;
mod content;
mod image;
mod metadata;
mod pdf;
mod request;
mod result;
mod settings;

#[cfg(feature = "render")]
pub(crate) use self::request::CONSENT;
pub use self::{
    animation::{Animation, MAX_ANIMATION, MAX_FRAME_PIXELS},
    content::RenderedContent,
    image::{Image, ImagePart, Resize},
    metadata::Metadata,
    pdf::{Inches, Margins, Paper, PaperSize, Pdf},
    request::{MAX_DELAY, MAX_RENDER_TIME, RenderOutput, RenderRequest, RenderSource, Waits},
    result::{RenderBody, Rendered, Rendering},
    settings::{Credentials, PageSettings},
};
