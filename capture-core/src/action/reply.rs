//! The fields of each action type's reply, for the backends, the documentation and the tests.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::{
    ActionType, BackResult, BatchResult, CheckResult, ConsoleResult, ContentResult, DragResult, Effects, ElementResult,
    ErrorsResult, GotoResult, Picture, Point, PressResult, QueryResult, ScrollResult, SelectResult, SnapshotResult,
    Tells, WaitedResult,
};

/// The one field of `title`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; the result is a variant with this field")]
struct TitleResult {
    /// The page's title.
    title: String,
}

/// The one field of `url`.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used; the result is a variant with this field")]
struct UrlResult {
    /// The page's address.
    url: String,
}

/// An action without a result of its own.
#[derive(JsonSchema)]
struct NoResult {}

impl ActionType {
    /// The JSON schema of the reply fields that only this action has.
    pub fn own_reply_schema(self) -> Value {
        match self {
            Self::Goto => schema::<GotoResult>(),
            Self::Back => schema::<BackResult>(),
            Self::Forward | Self::Reload => schema::<NoResult>(),
            Self::Title => schema::<TitleResult>(),
            Self::Url => schema::<UrlResult>(),
            Self::Screenshot => schema::<Picture>(),
            Self::WaitForSelector | Self::Type => element(&[]),
            Self::Click => element(&["clickedPoint"]),
            Self::Hover => element(&["hoveredPoint"]),
            Self::Fill => element(&["value"]),
            Self::WaitForTimeout => schema::<WaitedResult>(),
            Self::MoveMouse | Self::CursorPosition => schema::<Point>(),
            Self::DragMouse => schema::<DragResult>(),
            Self::TypeText => schema::<NoResult>(),
            Self::Select => schema::<SelectResult>(),
            Self::Check => schema::<CheckResult>(),
            Self::Press => schema::<PressResult>(),
            Self::Scroll => schema::<ScrollResult>(),
            Self::Snapshot => schema::<SnapshotResult>(),
            Self::Console => schema::<ConsoleResult>(),
            Self::Errors => schema::<ErrorsResult>(),
            Self::Content => schema::<ContentResult>(),
            Self::Query => schema::<QueryResult>(),
            Self::Batch => schema::<BatchResult>(),
        }
    }

    /// The JSON schema of the reply fields that describe effects.
    pub fn effects_schema(self) -> Value {
        let told: &[&str] = match self.tells() {
            Tells::Nothing => &[],
            Tells::Navigation => &["navigated"],
            Tells::NavigationAndUrl | Tells::Travel => &["url", "navigated"],
        };
        let mut effects = schema::<Effects>();
        match self {
            Self::Batch => keep(&mut effects, |_| false), // the steps describe them
            _ => keep(&mut effects, |name| !["url", "navigated"].contains(&name) || told.contains(&name)),
        }
        effects
    }
}

/// The schema of an element, with those optional fields that this action has.
fn element(further: &[&str]) -> Value {
    let mut schema = schema::<ElementResult>();
    keep(&mut schema, |name| !["clickedPoint", "hoveredPoint", "value"].contains(&name) || further.contains(&name));
    schema
}

fn keep(schema: &mut Value, wanted: impl Fn(&str) -> bool) {
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        fields.retain(|name, _| wanted(name));
    }
}

/// The schema of a serialised value, with all references inlined.
pub fn schema<T: JsonSchema>() -> Value {
    inlined::<T>(SchemaSettings::draft2020_12().for_serialize())
}

/// The schema of a value that is parsed: fields that may be absent are not required.
pub fn taken_schema<T: JsonSchema>() -> Value {
    inlined::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

fn inlined<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

impl JsonSchema for Picture {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Picture".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let side = generator.subschema_for::<u32>();
        json_schema!({
            "type": "object",
            "required": ["contentType", "bodyBase64", "width", "height"],
            "properties": {
                "contentType": {"enum": ["image/png", "image/jpeg", "image/webp"], "description": "How it is encoded."},
                "bodyBase64": {"type": "string", "description": "The picture, in base64."},
                "width": side.clone(),
                "height": side,
                "clamped": {"const": true, "description": "A full page was cut at 16384 pixels."},
            },
        })
    }
}
