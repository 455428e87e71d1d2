//! `title`, `content`, `query`.

use std::sync::Arc;

use html2text::render::TrivialDecorator;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::{
    locate::{PEEK, invalid, stale},
    page::ChromiumPage,
    tab::PageFacts,
    world::World,
};
use crate::{
    action::{ActionResult, Content, ContentFormat, ContentResult, Query, QueryResult, Rect},
    browser::Fault,
};

/// Stack of a thread that converts a page, far more than `READABLE_DEPTH` of the script needs.
const STACK: usize = 16 * 1024 * 1024;
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
    stale: bool,
    /// Nothing matches here, but there are frames.
    #[serde(default)]
    elsewhere: bool,
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
            _ => self.converted(format, source.html, deadline).await?,
        };
        Ok(ActionResult::Content(ContentResult { format, content, url: source.url, title: source.title }))
    }

    pub(super) async fn query(&self, query: &Query, deadline: Instant) -> Result<ActionResult, Fault> {
        let rows = self.rows(query, deadline).await?;
        Ok(ActionResult::Query(QueryResult {
            selector: query.selector.clone(),
            fields: query.fields.clone(),
            attributes: query.attributes.clone(),
            limit: query.limit,
            count: rows.count,
            elements: rows.elements,
        }))
    }

    /// The matches of the main frame, or of the first other frame that has any.
    async fn rows(&self, query: &Query, deadline: Instant) -> Result<Rows, Fault> {
        let rows: Rows = match query.selector.reference() {
            None => self.call("query", query, deadline).await?,
            Some(reference) => {
                let world = self.world_of_ref(reference).ok_or_else(|| stale(&query.selector))?;
                let rows: Rows = world.call("query", query, deadline).await?;
                self.placed_rows(rows, &world, deadline).await?
            }
        };
        if let Some(why) = &rows.invalid {
            return Err(invalid(&query.selector, why));
        }
        if rows.stale {
            return Err(stale(&query.selector));
        }
        let others = if rows.elsewhere { self.tabs.borrow().other_worlds() } else { Vec::new() };
        for world in others {
            match world.ask::<Rows>("query", query, deadline.min(Instant::now() + PEEK)).await {
                Ok(found) if found.count > 0 => return self.placed_rows(found, &world, deadline).await,
                _ => {} // nothing, gone, or too busy
            }
        }
        Ok(rows)
    }
}

impl ChromiumPage {
    /// Converting a large page takes a while and must not hold up other sessions' tasks, and the converters recurse: a thread
    /// of its own, with room. Dropping this leaves the thread to its end, and the next one waits for that.
    async fn converted(&self, format: ContentFormat, html: String, deadline: Instant) -> Result<String, Fault> {
        let place = tokio::time::timeout_at(deadline, Arc::clone(&self.converting).acquire_owned()).await;
        let place =
            place.map_err(|_elapsed| Fault::timed_out("an earlier content of this session is still being read"))?;
        let (done, result) = oneshot::channel();
        let convert = move || {
            let _ = done.send(convert(format, &html)); // nobody waits any more
            drop(place);
        };
        let started = std::thread::Builder::new().name("content".to_owned()).stack_size(STACK).spawn(convert);
        started.map_err(|error| Fault::Unavailable(format!("no thread to read the page with: {error}")))?;
        result.await.unwrap_or_else(|_panicked| Err(Fault::failed(format!("the page could not be read as {format:?}"))))
    }

    /// Boxes are told in the coordinates of the page's viewport, whatever frame they are in.
    async fn placed_rows(&self, mut rows: Rows, world: &World, deadline: Instant) -> Result<Rows, Fault> {
        let mut boxes: Vec<&mut Value> = rows.elements.iter_mut().filter_map(|row| row.get_mut("bbox")).collect();
        if !boxes.is_empty() {
            let inset = self.inset(world, deadline).await?;
            for bounds in &mut boxes {
                let inside = Rect::deserialize(&**bounds).map_err(|error| Fault::Protocol(error.to_string()))?;
                **bounds = json!(inset.outside(inside));
            }
        }
        Ok(rows)
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
