//! `title`, `content`, `query`.

use html2text::render::TrivialDecorator;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{page::ChromiumPage, tab::PageFacts};
use crate::{
    action::{ActionResult, Content, ContentFormat, ContentResult, Query, QueryResult},
    browser::Fault,
};

/// Columns text is wrapped at: none, since a reader wraps by itself.
const NO_WRAP: usize = 1_000_000;

#[derive(Debug, Deserialize)]
struct Source {
    url: String,
    title: String,
    html: String,
}

#[derive(Debug, Deserialize)]
struct Rows {
    invalid: Option<String>,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    elements: Vec<Map<String, Value>>,
}

impl ChromiumPage {
    pub(super) async fn title(&self, deadline: Instant) -> Result<ActionResult, Fault> {
        let facts: PageFacts = self.call("page", &(), deadline).await?;
        Ok(ActionResult::Title { title: facts.title })
    }

    pub(super) async fn content(&self, content: Content, deadline: Instant) -> Result<ActionResult, Fault> {
        let format = content.format;
        let source: Source = self.call("content", &json!({"format": format}), deadline).await?;
        let content = match format {
            ContentFormat::Html => source.html,
            // Converting a large page takes a while; it must not hold up other sessions' tasks.
            _ => tokio::task::spawn_blocking(move || convert(format, &source.html))
                .await
                .map_err(|error| Fault::Protocol(error.to_string()))??,
        };
        Ok(ActionResult::Content(ContentResult { format, content, url: source.url, title: source.title }))
    }

    pub(super) async fn query(&self, query: &Query, deadline: Instant) -> Result<ActionResult, Fault> {
        let rows: Rows = self.call("query", query, deadline).await?;
        if let Some(why) = rows.invalid {
            let shown: String = query.selector.as_str().chars().take(120).collect();
            return Err(Fault::Invalid(format!("payload.selector {shown:?} is not valid: {why}")));
        }
        Ok(ActionResult::Query(QueryResult {
            selector: query.selector.clone(),
            fields: query.fields.clone(),
            attributes: query.attributes.clone(),
            limit: query.limit,
            count: rows.count,
            elements: rows.elements,
        }))
    }
}

fn convert(format: ContentFormat, html: &str) -> Result<String, Fault> {
    let converted = match format {
        ContentFormat::Markdown => htmd::convert(html).map_err(|error| error.to_string()),
        ContentFormat::Text | ContentFormat::Html => html2text::config::with_decorator(TrivialDecorator::new())
            .no_table_borders()
            .string_from_read(html.as_bytes(), NO_WRAP)
            .map_err(|error| error.to_string()),
    };
    let text =
        converted.map_err(|error| Fault::failed(format!("the page could not be read as {format:?}: {error}")))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_markdown_keep_what_is_read() {
        let html = "<h1>Title</h1><p>One <b>two</b> <a href=\"https://a.test/\">three</a></p><ul><li>x<li>y</ul>";
        let markdown = convert(ContentFormat::Markdown, html).unwrap();
        assert_eq!(markdown, "# Title\n\nOne **two** [three](https://a.test/)\n\n*   x\n*   y");
        let text = convert(ContentFormat::Text, html).unwrap();
        assert!(text.contains("Title\n\nOne two three"), "{text}");
        assert!(!text.contains("https://") && !text.contains('#'), "{text}");
    }
}
