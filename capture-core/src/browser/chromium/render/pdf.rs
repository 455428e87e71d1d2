//! Prints a page as a PDF document.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::PrintToPdfParams;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::{
    browser::{
        BrowserError,
        chromium::{cdp::CdpError, page::chromium_page::ChromiumPage},
    },
    limits::MAX_PICTURE_SIDE,
    render::Pdf,
};

/// How long lazily loaded content may take to appear before the page is printed.
const LAZY: Duration = Duration::from_secs(3);

/// Borrowed, because it may be long.
#[derive(Deserialize)]
struct Printed<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>,
}

impl ChromiumPage {
    pub(crate) async fn print(&self, pdf: &Pdf, deadline: Instant) -> Result<Bytes, BrowserError> {
        self.settle_appearance(false, deadline).await?;
        let lazy = json!({"most": MAX_PICTURE_SIDE, "millis": LAZY.as_millis()});
        let _: serde_json::Value = self.call("extent", &lazy, deadline).await?;
        let printed = tokio::time::timeout_at(deadline, self.active()?.send(&command(pdf))).await;
        let printed = printed
            .map_err(|_elapsed| BrowserError::timed_out("the page was not printed in time"))?
            .map_err(refused)?;
        let unreadable = |error: String| BrowserError::Protocol(format!("not a printed page: {error}"));
        let Printed { data } = serde_json::from_str(printed.get()).map_err(|error| unreadable(error.to_string()))?;
        STANDARD.decode(data.as_bytes()).map(Bytes::from).map_err(|error| unreadable(error.to_string()))
    }
}

fn command(pdf: &Pdf) -> PrintToPdfParams {
    const NOTHING: &str = "<span></span>"; // without a template the browser prints its own header and footer
    let (width, height) = pdf.paper.inches();
    let has_template = pdf.header.is_some() || pdf.footer.is_some();
    let template = |given: &Option<String>| has_template.then(|| given.clone().unwrap_or_else(|| NOTHING.to_owned()));
    PrintToPdfParams {
        landscape: Some(pdf.landscape),
        display_header_footer: Some(has_template),
        print_background: Some(pdf.print_background),
        scale: Some(pdf.scale),
        paper_width: Some(width),
        paper_height: Some(height),
        margin_top: pdf.margins.map(|margins| margins.top),
        margin_right: pdf.margins.map(|margins| margins.right),
        margin_bottom: pdf.margins.map(|margins| margins.bottom),
        margin_left: pdf.margins.map(|margins| margins.left),
        page_ranges: Some(pdf.page_ranges.clone()),
        header_template: template(&pdf.header),
        footer_template: template(&pdf.footer),
        prefer_css_page_size: Some(pdf.prefer_css_page_size),
        generate_tagged_pdf: Some(pdf.tagged || pdf.outline),
        generate_document_outline: Some(pdf.outline),
        ..Default::default()
    }
}

fn refused(error: CdpError) -> BrowserError {
    match error {
        CdpError::TooLarge { bytes, .. } => {
            let message = format!("the document of {} MB is too large: print fewer pages", bytes / 1_000_000);
            BrowserError::failed_for("pdf_too_large", message)
        }
        CdpError::Refused { message, .. } => {
            BrowserError::failed_for("not_printed", format!("the browser did not print the page: {message}"))
        }
        other => other.into(),
    }
}
