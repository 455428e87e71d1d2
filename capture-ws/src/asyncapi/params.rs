//! The parameters of requests. Requests are parsed field by field, so that a refusal can name its field; these types
//! exist for their schemas.

use capture_core::event::Since;
use schemars::JsonSchema;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct HelloParams {
    /// A ticket from `POST /v1/stream/tickets`.
    ticket: Option<String>,
    /// The client's name and version, for the server's log.
    client: Option<Client>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Client {
    name: String,
    version: String,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct CreateParams {
    #[schemars(range(min = 1))]
    max_ttl_seconds: Option<u64>,
    proxy: Option<bool>,
    bypass_bot_detection: Option<bool>,
    cdp: Option<bool>,
    #[schemars(range(min = 1))]
    connect_ttl_seconds: Option<u64>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct RenewParams {
    /// Seconds from now.
    #[schemars(range(min = 1))]
    max_ttl_seconds: u64,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct CancelParams {
    /// The key the action was sent with.
    key: Option<String>,
    /// The id of the action, as its `action.started` event named it; an alternative to `key`.
    action_id: Option<String>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct SubscribeParams {
    /// The kinds of events to send besides those in the log.
    events: Option<Vec<Events>>,
    #[schemars(range(min = 1000, max = 60000))]
    countdown_ms: Option<u32>,
    /// Where an earlier subscription stopped.
    since: Option<Since>,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Events {
    Countdown,
    Console,
    Errors,
    Action,
    Page,
    Lifecycle,
}

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct ViewStartParams {
    #[schemars(range(min = 1, max = 15))]
    max_fps: Option<u32>,
    #[schemars(range(min = 1, max = 80))]
    quality: Option<u32>,
    #[schemars(range(min = 16, max = 1920))]
    max_width: Option<u32>,
    #[schemars(range(min = 16, max = 1920))]
    max_height: Option<u32>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct CreditParams {
    #[schemars(range(min = 1, max = 10))]
    count: Option<u32>,
}
