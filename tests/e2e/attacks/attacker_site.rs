//! The site that sessions may reach, on 127.0.0.2. It serves the attacking pages and what they need.

use std::{collections::HashMap, convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{any, get},
};
use futures::stream;
use parking_lot::Mutex;
use reqwest::Url;
use serde::Deserialize;
use tokio::{net::TcpListener, task::JoinSet};

/// The title of the page that always exists.
pub(crate) const TITLE: &str = "Common ground";
const CHUNK: usize = 64 << 10;

/// The site, which is served until dropped.
#[derive(Debug)]
pub(crate) struct AttackerSite {
    address: SocketAddr,
    pages: Pages,
    _held: TcpListener,
    _serving: JoinSet<()>,
}

type Pages = Arc<Mutex<HashMap<String, (HeaderMap, String)>>>;

impl AttackerSite {
    /// Starts serving.
    pub(crate) async fn start() -> Self {
        // The port is also held on 127.0.0.1, so that the service does not get its number: the guard refuses the
        // service's ports on every address.
        let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::bind(("127.0.0.2", held.local_addr().unwrap().port())).await.unwrap();
        let (address, pages) = (listener.local_addr().unwrap(), Pages::default());
        let routes = routes().with_state(Arc::clone(&pages));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, pages, _held: held, _serving: serving }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the page that always exists.
    pub(crate) fn common(&self) -> String {
        format!("http://{}/common", self.address)
    }

    /// Serves a page from now on, and returns its address.
    pub(crate) fn serve(&self, name: &str, headers: &[(String, String)], markup: &str) -> String {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        self.pages.lock().insert(name.to_owned(), (headers.collect(), markup.to_owned()));
        format!("http://{}/row/{name}", self.address)
    }

    /// The address that redirects to this place.
    pub(crate) fn redirect(&self, status: u16, place: &str) -> String {
        let base = format!("http://{}/to", self.address);
        Url::parse_with_params(&base, [("status", status.to_string().as_str()), ("place", place)]).unwrap().into()
    }
}

fn routes() -> Router<Pages> {
    Router::new()
        .route("/common", get(async || Html(format!("<title>{TITLE}</title>"))))
        .route("/row/{name}", any(page))
        .route("/to", any(redirect))
        .route("/hop/{left}", any(hop))
        .route("/as", any(typed))
        .route("/stamp", get(async || ([(header::CACHE_CONTROL, "max-age=999")], "kept")))
        .route("/password", get(password))
        .route("/silent", any(std::future::pending::<String>))
        .route("/endless", get(async || flow(vec![b'x'; CHUNK], Duration::ZERO)))
        .route("/drip", get(async || flow(b"x".to_vec(), Duration::from_millis(200))))
        .route("/file", get(file))
}

async fn page(State(pages): State<Pages>, Path(name): Path<String>) -> Response {
    let page = pages.lock().get(&name).cloned();
    let Some((headers, markup)) = page else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = Html(markup).into_response();
    response.headers_mut().extend(headers);
    response
}

#[derive(Debug, Deserialize)]
struct To {
    status: u16,
    place: String,
}

/// An open redirect.
async fn redirect(Query(to): Query<To>) -> impl IntoResponse {
    let location = HeaderValue::from_bytes(to.place.as_bytes()).unwrap();
    let open = HeaderValue::from_static("*");
    let headers = [(header::LOCATION, location), (header::ACCESS_CONTROL_ALLOW_ORIGIN, open)];
    (StatusCode::from_u16(to.status).unwrap(), headers)
}

/// Redirects `left` times within the site, and then to the place.
async fn hop(Path(left): Path<u32>, Query(place): Query<HashMap<String, String>>) -> impl IntoResponse {
    let place = &place["place"];
    let next = if left == 0 { place.clone() } else { format!("/hop/{}?place={place}", left - 1) };
    (StatusCode::FOUND, [(header::LOCATION, next)])
}

#[derive(Debug, Deserialize)]
struct Typed {
    r#type: String,
    body: String,
}

/// Answers with the requested body and media type.
async fn typed(Query(typed): Query<Typed>) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, typed.r#type),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (HeaderName::from_static("service-worker-allowed"), "/".to_owned()),
    ];
    (headers, typed.body)
}

/// A body without an end.
fn flow(piece: Vec<u8>, pause: Duration) -> impl IntoResponse + use<> {
    let pieces = stream::unfold(piece, move |piece| async move {
        tokio::time::sleep(pause).await;
        Some((Ok::<_, Infallible>(piece.clone()), piece))
    });
    ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(pieces))
}

async fn file() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"../../escape.bin\""),
    ];
    (headers, flow(vec![0; CHUNK], Duration::ZERO))
}

async fn password(headers: HeaderMap) -> impl IntoResponse {
    let known = headers.contains_key(header::AUTHORIZATION);
    let status = if known { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    (status, [(header::WWW_AUTHENTICATE, "Basic realm=\"ground\"")])
}
