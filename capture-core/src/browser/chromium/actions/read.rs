//! The `title` and `query` actions.
//!
//! What matches a selector is decided in `scripts/`.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use crate::{
    action::{ActionResult, Query, QueryResult, Rect},
    browser::{
        BrowserError,
        chromium::page::{
            chromium_page::ChromiumPage,
            document::World,
            locate::{PEEK, invalid, stale},
            tab::PageFacts,
        },
    },
};

#[derive(Debug, Deserialize)]
struct Rows {
    invalid: Option<String>,
    #[serde(default)]
    stale: bool,
    /// Nothing matches in this document, but it has frames.
    #[serde(default)]
    elsewhere: bool,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    elements: Vec<Map<String, Value>>,
}

impl ChromiumPage {
    pub(crate) async fn title(&self, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let facts: PageFacts = self.call("page", &(), deadline).await?;
        Ok(ActionResult::Title { title: facts.title })
    }

    pub(crate) async fn query(&self, query: &Query, deadline: Instant) -> Result<ActionResult, BrowserError> {
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
    async fn rows(&self, query: &Query, deadline: Instant) -> Result<Rows, BrowserError> {
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
                _ => {} // the frame has no matches, is gone, or is too busy
            }
        }
        Ok(rows)
    }
}

impl ChromiumPage {
    /// Converts boxes to coordinates of the page's viewport, whatever frame they are in.
    async fn placed_rows(&self, mut rows: Rows, world: &World, deadline: Instant) -> Result<Rows, BrowserError> {
        let mut boxes: Vec<&mut Value> = rows.elements.iter_mut().filter_map(|row| row.get_mut("bbox")).collect();
        if !boxes.is_empty() {
            let geometry = self.geometry(world, deadline).await?;
            for bounds in &mut boxes {
                let inside = Rect::deserialize(&**bounds).map_err(|error| BrowserError::Protocol(error.to_string()))?;
                **bounds = json!(geometry.outside(inside));
            }
        }
        Ok(rows)
    }
}
