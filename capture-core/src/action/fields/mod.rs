//! The fields of each action's payload as data, for documentation, forms and schemas.
//!
//! The parsers beside this module decide what is accepted; a test compares each table with what its parser reads and
//! refuses.

mod tables;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{ActionType, devices};
use crate::limits::{MAX_SCALE, MAX_SELECTOR_CHARS, MAX_VIEWPORT_SIDE};

/// One field of a payload.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name of the field.
    pub name: &'static str,
    /// An alternative name of the field.
    pub also: Option<&'static str>,
    /// The values it takes.
    pub shape: Shape,
    /// Whether it is required, and its default.
    pub need: Need,
    /// What it means, for people; Markdown.
    pub about: &'static str,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The field is required.
    Required,
    /// Either this field or these others are required.
    Or(&'static str),
    /// The field is optional and has this default, as JSON.
    Default(&'static str),
    /// The field is optional and has no default.
    Optional,
}

/// The values of a field. Fields that take text also take numbers and booleans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Text.
    Text,
    /// A selector or a ref.
    Selector,
    /// True or false.
    Boolean,
    /// An integer within these inclusive bounds.
    Integer(u32, u32),
    /// An integer of at least the first bound; values above the second are clamped to it.
    Clamped(u32, u32),
    /// A number within these inclusive bounds.
    Number(f64, f64),
    /// Device pixels per CSS pixel.
    Scale,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Any number of these words.
    Words(&'static [&'static str]),
    /// A list of at most this many texts.
    Texts(usize),
    /// The key of a device profile.
    Device,
    /// `{x, y}`.
    Point,
    /// A list of `{x, y}` whose length is within these bounds.
    Points(usize, usize),
    /// `{x, y, width, height}`.
    Clip,
    /// `{width, height, deviceScaleFactor?}`.
    Viewport,
    /// A list of `{type, payload}` whose length is within these bounds.
    Actions(usize, usize),
}

impl Shape {
    /// A description for people.
    pub fn describe(self) -> String {
        let words = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        match self {
            Self::Text => "text".to_owned(),
            Self::Selector => "selector".to_owned(),
            Self::Boolean => "bool".to_owned(),
            Self::Integer(least, most) => format!("integer {least}–{most}"),
            Self::Clamped(least, most) => format!("integer ≥ {least}, clamped to {most}"),
            Self::Number(least, most) if least <= f64::MIN && most >= f64::MAX => "number".to_owned(),
            Self::Number(least, most) => format!("number {least}–{most}"),
            Self::Scale => format!("number > 0, ≤ {MAX_SCALE}"),
            Self::Word(accepted) => words(accepted),
            Self::Words(accepted) => format!("array of {}", words(accepted)),
            Self::Texts(most) if most == usize::MAX => "array of text".to_owned(),
            Self::Texts(most) => format!("array of text, at most {most}"),
            Self::Device => "key of a device".to_owned(),
            Self::Point => "`{x, y}`".to_owned(),
            Self::Points(least, most) => format!("array of {least}–{most} `{{x, y}}`"),
            Self::Clip => "`{x, y, width, height}`".to_owned(),
            Self::Viewport => "`{width, height, deviceScaleFactor?}`".to_owned(),
            Self::Actions(least, most) => format!("array of {least}–{most} `{{type, payload}}`"),
        }
    }

    /// The JSON schema.
    fn schema(self) -> Value {
        let number = json!({"type": "number"});
        let side = json!({"type": "integer", "minimum": 1, "maximum": MAX_VIEWPORT_SIDE});
        let point = json!({"type": "object", "required": ["x", "y"], "properties": {"x": number, "y": number}});
        match self {
            Self::Text => json!({"type": ["string", "number", "boolean"]}),
            Self::Selector => {
                json!({"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": MAX_SELECTOR_CHARS})
            }
            Self::Boolean => json!({"type": "boolean"}),
            Self::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Clamped(least, _) => json!({"type": "integer", "minimum": least}),
            Self::Number(least, most) if least <= f64::MIN && most >= f64::MAX => number,
            Self::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
            Self::Scale => json!({"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SCALE}),
            Self::Word(words) => json!({"enum": words}),
            Self::Words(words) => json!({"type": "array", "items": {"enum": words}}),
            Self::Texts(usize::MAX) => json!({"type": "array", "items": Self::Text.schema()}),
            Self::Texts(most) => json!({"type": "array", "items": {"type": "string"}, "maxItems": most}),
            Self::Device => json!({"enum": devices().iter().map(|device| &device.key).collect::<Vec<_>>()}),
            Self::Point => point,
            Self::Points(least, most) => {
                json!({"type": "array", "items": point, "minItems": least, "maxItems": most})
            }
            Self::Clip => json!({"type": "object", "required": ["x", "y", "width", "height"],
                "properties": {"x": number, "y": number, "width": number, "height": number}}),
            Self::Viewport => json!({"type": "object", "required": ["width", "height"], "additionalProperties": false,
                "properties": {"width": side, "height": side, "deviceScaleFactor": Self::Scale.schema()}}),
            Self::Actions(least, most) => json!({"type": "array", "minItems": least, "maxItems": most,
                "items": {"type": "object", "required": ["type"], "additionalProperties": false,
                    "properties": {"type": {"type": "string"}, "payload": {"type": ["object", "null"]}}}}),
        }
    }
}

impl Field {
    const fn new(name: &'static str, shape: Shape, need: Need, about: &'static str) -> Self {
        Self { name, also: None, shape, need, about }
    }

    const fn also(self, also: &'static str) -> Self {
        Self { also: Some(also), ..self }
    }
}

impl ActionType {
    /// What this action does, in one sentence; Markdown.
    pub fn about(self) -> &'static str {
        tables::about(self)
    }

    /// The payload fields that only this action has.
    pub fn own_fields(self) -> &'static [Field] {
        tables::own_fields(self)
    }

    /// The payload fields that this action shares with others.
    pub fn common_fields(self) -> Vec<Field> {
        let picture = (self != Self::Screenshot).then_some(tables::SCREENSHOT);
        picture.into_iter().chain(tables::VIEWPORT).collect()
    }

    /// The JSON schema of the payload. Unknown fields are accepted, and null counts as absent.
    pub fn payload_schema(self) -> Value {
        let fields: Vec<Field> = self.own_fields().iter().copied().chain(self.common_fields()).collect();
        let mut properties = serde_json::Map::new();
        for field in &fields {
            let mut schema = json!({"description": field.about, "anyOf": [field.shape.schema(), {"type": "null"}]});
            if let (Need::Default(text), Some(schema)) = (field.need, schema.as_object_mut()) {
                schema.insert("default".to_owned(), serde_json::from_str(text).unwrap_or(Value::Null));
            }
            for name in [Some(field.name), field.also].into_iter().flatten() {
                properties.insert(name.to_owned(), schema.clone());
            }
        }
        let strictly = fields.iter().filter(|field| field.need == Need::Required && field.also.is_none());
        let required: Vec<&str> = strictly.map(|field| field.name).collect();
        json!({"type": "object", "description": self.about(), "required": required, "properties": properties})
    }
}
