//! Renders of the simulated browser: a navigation that the script decides on, and a small result of the wanted kind.

use bytes::Bytes;

use super::state::pixel;
use crate::{
    action::{Action, ActionKind, Goto, PictureFormat, Source, WaitUntil},
    limits::NAVIGATION_TIMEOUT,
    render::{Metadata, RenderBody, RenderOutput, RenderRequest, RenderSource, RenderedContent, Rendering},
};

/// The navigation of a render, as the script sees it.
pub(super) fn goto(request: &RenderRequest) -> Action {
    let blank = "about:blank";
    let url = match &request.source {
        RenderSource::Url(url) => Some(url.clone()),
        RenderSource::Html(_) => blank.parse().ok(),
    };
    let kind = match url {
        Some(url) => ActionKind::Goto(Goto { url, wait_until: WaitUntil::Load, timeout: NAVIGATION_TIMEOUT }),
        None => ActionKind::Title,
    };
    Action { kind, screenshot: false, viewport: None, source: Source::default() }
}

/// The result.
pub(super) fn result(request: &RenderRequest, url: String) -> Rendering {
    let body = match &request.output {
        RenderOutput::Image(_) => {
            let picture = pixel();
            let (width, height) = (picture.width, picture.height);
            RenderBody::Picture { format: PictureFormat::Png, width, height, bytes: picture.body }
        }
        RenderOutput::Pdf(_) => RenderBody::Pdf(Bytes::from_static(b"%PDF-1.4\n%%EOF\n")),
        RenderOutput::Animation(_) => RenderBody::Gif(Bytes::from_static(b"GIF89a\x01\0\x01\0\0\0\0;")),
        RenderOutput::Content => RenderBody::Content(RenderedContent {
            html: "<!DOCTYPE html><html></html>".to_owned(),
            text_content: String::new(),
            markdown: String::new(),
            truncated: false,
        }),
        RenderOutput::Metadata => {
            RenderBody::Metadata(Box::new(Metadata { url: Some(url.clone()), ..Metadata::default() }))
        }
    };
    Rendering { body, url, page_status: Some(200), clamped: false, warnings: Vec::new() }
}
