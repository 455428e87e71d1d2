//! Prints a page as a PDF document.

use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::PrintToPdfParams;
use tokio::time::Instant;

use crate::{
    browser::{
        BrowserError,
        chromium::{
            cdp::{self, CdpError},
            page::chromium_page::ChromiumPage,
        },
    },
    render::Pdf,
};

impl ChromiumPage {
    pub(crate) async fn print(&self, pdf: &Pdf, deadline: Instant) -> Result<Bytes, BrowserError> {
        self.load_whole(deadline).await?;
        self.settle_appearance(false, deadline).await?;
        let began = Instant::now();
        let printed = tokio::time::timeout_at(deadline, self.active()?.send(&command(pdf))).await;
        let printed = printed.map_err(|_elapsed| {
            let waited = began.elapsed().as_secs();
            BrowserError::timed_out(format!("the page was not printed within {waited} s"))
        })?;
        Ok(cdp::captured(&printed.map_err(refused)?, "PDF")?)
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
