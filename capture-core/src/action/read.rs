//! Actions that read the page: `content` and `query`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Selector, payload::Payload};
use crate::{error::Error, limits};

/// How `content` is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ContentFormat {
    /// Readable text. The default.
    #[default]
    Text,
    /// Readable Markdown.
    Markdown,
    /// The raw page.
    Html,
}

/// The `content` action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// The requested format.
    pub format: ContentFormat,
}

impl Content {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let formats =
            [("text", ContentFormat::Text), ("markdown", ContentFormat::Markdown), ("html", ContentFormat::Html)];
        Ok(Self { format: payload.one_of("format", &formats)?.unwrap_or_default() })
    }
}

/// The result of `content`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContentResult {
    /// How it is given.
    pub format: ContentFormat,
    /// The text, Markdown or HTML.
    pub content: String,
    /// The page's address.
    pub url: String,
    /// The page's title.
    pub title: String,
    /// Whether there was more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// Whether the page hides itself: it was read as it would show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// A field `query` can read of each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum QueryField {
    Text,
    Html,
    Href,
    Src,
    Alt,
    Title,
    Value,
    Name,
    Id,
    ClassName,
    Tag,
    Role,
    AriaLabel,
    Visible,
    Bbox,
}

impl QueryField {
    const ALL: [(&'static str, Self); 15] = [
        ("text", Self::Text),
        ("html", Self::Html),
        ("href", Self::Href),
        ("src", Self::Src),
        ("alt", Self::Alt),
        ("title", Self::Title),
        ("value", Self::Value),
        ("name", Self::Name),
        ("id", Self::Id),
        ("className", Self::ClassName),
        ("tag", Self::Tag),
        ("role", Self::Role),
        ("ariaLabel", Self::AriaLabel),
        ("visible", Self::Visible),
        ("bbox", Self::Bbox),
    ];
}

/// `query`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// Which elements.
    pub selector: Selector,
    /// What to read of each. Default: text.
    pub fields: Vec<QueryField>,
    /// Raw attributes to read of each.
    pub attributes: Vec<String>,
    /// At most so many elements, 1 to 500.
    pub limit: u32,
    /// Leave out what is not visible.
    pub visible_only: bool,
}

impl Query {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self {
            selector: Selector::required(payload)?,
            fields: parse_fields(payload)?,
            attributes: parse_attributes(payload)?,
            limit: payload.clamped("limit", 1, limits::MAX_QUERY_LIMIT)?.unwrap_or(limits::DEFAULT_QUERY_LIMIT),
            visible_only: payload.boolean("visibleOnly")?.unwrap_or(false),
        })
    }
}

fn parse_fields(payload: Payload<'_>) -> Result<Vec<QueryField>, Error> {
    let Some(names) = payload.array("fields")? else { return Ok(vec![QueryField::Text]) };
    let mut fields = Vec::new();
    for name in names {
        let known = QueryField::ALL.iter().find(|(word, _)| name.as_str() == Some(word));
        let Some((_, field)) = known else {
            let words: Vec<_> = QueryField::ALL.iter().map(|(word, _)| *word).collect();
            return Err(payload.refuse("fields", format_args!("may hold {}", words.join(", "))));
        };
        if !fields.contains(field) {
            fields.push(*field);
        }
    }
    Ok(if fields.is_empty() { vec![QueryField::Text] } else { fields })
}

fn parse_attributes(payload: Payload<'_>) -> Result<Vec<String>, Error> {
    const MOST: usize = 50;
    let Some(names) = payload.array("attributes")? else { return Ok(Vec::new()) };
    let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    match names {
        Some(names) if names.len() <= MOST => Ok(names),
        _ => Err(payload.refuse("attributes", format_args!("must be an array of at most {MOST} names"))),
    }
}

/// The result of `query`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueryResult {
    /// As asked: selector, fields, attributes, limit.
    pub selector: Selector,
    /// As asked.
    pub fields: Vec<QueryField>,
    /// As asked.
    pub attributes: Vec<String>,
    /// As used.
    pub limit: u32,
    /// All matches, also those beyond the limit.
    pub count: u64,
    /// One object per element, with the fields asked for and `attributes` where some were asked for.
    pub elements: Vec<Map<String, Value>>,
}
