//! Chromium's discovery over HTTP: `/json/…`. The addresses in the answers carry the token of the requesting client.
//!
//! All answers but the description of the protocol come from the session's own browser, under the rules that apply to
//! its CDP clients. Knows nothing of how commands are filtered.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use capture_core::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Addresses, Presented,
    talk::{self, Talk},
    target,
    token::{self, Opening},
};
use crate::{app::App, client_address::Source, error::Refusal, origin::check_origin, reply};

/// Commands and events by domain, in Chromium's format; written by `scripts/protocol.mjs`.
const PROTOCOL: &str = include_str!("protocol.json");

/// Every path of discovery below `at`, with and without a slash at its end, because clients use both.
pub(crate) fn routes(at: &str) -> Router<Arc<App>> {
    let mut routes = Router::new();
    for end in ["", "/"] {
        routes = routes
            .route(&format!("{at}/json{end}"), get(list))
            .route(&format!("{at}/json/list{end}"), get(list))
            .route(&format!("{at}/json/version{end}"), get(version))
            .route(&format!("{at}/json/protocol{end}"), get(protocol))
            .route(&format!("{at}/json/new{end}"), put(new));
    }
    routes
        .route(&format!("{at}/json/activate/{{target_id}}"), get(activate))
        .route(&format!("{at}/json/close/{{target_id}}"), get(close))
}

/// An authenticated request, with what is needed to answer in addresses that its client can use.
struct Asking {
    opening: Opening,
    source: Option<Source>,
    addresses: Addresses,
}

impl Asking {
    async fn judge(app: &Arc<App>, presented: Presented, request: Request) -> Result<Self, Refusal> {
        let (mut parts, _body) = request.into_parts();
        check_origin(app, &parts.headers, &parts.uri)?;
        let source = parts.extensions.get::<Source>().copied();
        let opening = token::opened(app, presented, &mut parts).await?;
        Ok(Self { opening, source, addresses: Addresses::new(app, &parts.headers) })
    }

    async fn talk<T>(&self, app: &Arc<App>, talk: impl AsyncFnOnce(&mut Talk) -> Result<T, Error>) -> Result<T, Error> {
        talk::with(app, &self.opening, self.source, talk).await
    }

    /// Sends a command about a target, and answers in Chromium's words.
    async fn tell(&self, app: &Arc<App>, method: &str, id: String, done: &'static str) -> Result<Response, Refusal> {
        let id = target(id)?;
        self.talk(app, async |talk| talk.ask(method, json!({ "targetId": id })).await).await?;
        Ok(done.into_response())
    }

    /// The address for connecting, with the token of this request, so that the address expires with that token.
    fn address(&self, target: Option<&str>) -> Result<String, Error> {
        let address = self.addresses.to(target, &self.opening.token);
        address.ok_or_else(|| Error::invalid("the Host header is missing or unreadable"))
    }

    fn described(&self, target: &Target) -> Result<Value, Error> {
        Ok(json!({
            "description": "",
            "id": target.target_id,
            "title": target.title,
            "type": target.kind,
            "url": target.url,
            "webSocketDebuggerUrl": self.address(Some(&target.target_id))?,
        }))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    protocol_version: String,
    product: String,
    revision: String,
    user_agent: String,
    js_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    target_infos: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    target_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    target_info: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    target_id: String,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    url: String,
}

fn read<T: for<'de> Deserialize<'de>>(result: Value) -> Result<T, Error> {
    serde_json::from_value(result).map_err(Error::internal)
}

/// `GET /json/version`
async fn version(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let asking = Asking::judge(&app, presented, request).await?;
    let told = asking.talk(&app, async |talk| talk.ask("Browser.getVersion", json!({})).await).await?;
    let told: Version = read(told)?;
    let web_kit = told.user_agent.split_once("AppleWebKit/").and_then(|(_, rest)| rest.split(' ').next());
    reply::ok(&json!({
        "Browser": told.product,
        "Protocol-Version": told.protocol_version,
        "User-Agent": told.user_agent,
        "V8-Version": told.js_version,
        "WebKit-Version": format!("{} ({})", web_kit.unwrap_or("537.36"), told.revision),
        "webSocketDebuggerUrl": asking.address(None)?,
    }))
}

/// `GET /json` and `GET /json/list`
async fn list(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let asking = Asking::judge(&app, presented, request).await?;
    let told = asking.talk(&app, async |talk| talk.ask("Target.getTargets", json!({})).await).await?;
    let targets: Targets = read(told)?;
    let described: Result<Vec<_>, Error> = targets.target_infos.iter().map(|target| asking.described(target)).collect();
    reply::ok(&described?)
}

/// `GET /json/protocol`
async fn protocol(
    State(app): State<Arc<App>>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    Asking::judge(&app, presented, request).await?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], Bytes::from_static(PROTOCOL.as_bytes())).into_response())
}

/// `PUT /json/new?url=…`: subject to the rules for `Target.createTarget`.
async fn new(
    State(app): State<Arc<App>>,
    Query(mut presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let url = presented.url.take().unwrap_or_default();
    let asking = Asking::judge(&app, presented, request).await?;
    let made = asking.talk(&app, async |talk| {
        let Made { target_id } = read(talk.ask("Target.createTarget", json!({ "url": url })).await?)?;
        talk.ask("Target.getTargetInfo", json!({ "targetId": target_id })).await
    });
    let made: Described = read(made.await?)?;
    reply::ok(&asking.described(&made.target_info)?)
}

/// `GET /json/activate/{target_id}`
async fn activate(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let asking = Asking::judge(&app, presented, request).await?;
    asking.tell(&app, "Target.activateTarget", id, "Target activated").await
}

/// `GET /json/close/{target_id}`
async fn close(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(presented): Query<Presented>,
    request: Request,
) -> Result<Response, Refusal> {
    let asking = Asking::judge(&app, presented, request).await?;
    asking.tell(&app, "Target.closeTarget", id, "Target is closing").await
}
