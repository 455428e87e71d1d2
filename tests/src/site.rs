//! A site of fixture pages on loopback. Some of its paths are slow, broken, or never finish.

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect},
    routing::get,
};
use tokio::net::TcpListener;

use crate::{
    adverts,
    counts::{self, Counts},
    gallery,
    gates::{self, Gates},
    invented, trap,
    witness::{self, Witnesses},
};

/// A running site, which ends with the test.
#[derive(Debug)]
pub struct Site {
    base: String,
    witnesses: Arc<Witnesses>,
    counts: Arc<Counts>,
    gates: Arc<Gates>,
}

impl Site {
    /// Starts serving `fixtures/*.html` and the special paths below.
    #[expect(clippy::disallowed_methods, reason = "the site ends with its test's runtime")]
    pub async fn start() -> Self {
        // The site listens on every address, because pages on 127.0.0.2 belong to another site than those on 127.0.0.1
        // and localhost.
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let base = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let (witnesses, counts) = (Arc::new(Witnesses::default()), Arc::new(Counts::default()));
        let gates = Arc::new(Gates::default());
        let routes = routes()
            .nest("/witness", witness::routes(Arc::clone(&witnesses)))
            .nest("/counted", counts::routes(Arc::clone(&counts)))
            .nest("/gates", gates::routes(Arc::clone(&gates)));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { base, witnesses, counts, gates }
    }

    /// The pages that judge the claims of replies.
    pub fn witnesses(&self) -> &Witnesses {
        &self.witnesses
    }

    /// Effects on pages below `/counted/`.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Requests below `/gates/`, which wait until the test answers them.
    pub fn gates(&self) -> &Gates {
        &self.gates
    }

    /// The address of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A page of this folder with its placeholders filled in.
    pub fn filled(&self, folder: &str, page: &str) -> String {
        fill(&self.base, folder, page)
    }

    /// The address of a fixture.
    pub fn page(&self, name: &str) -> String {
        self.url(&format!("/{name}.html"))
    }
}

fn routes() -> Router {
    Router::new()
        .route("/status/{status}", get(status))
        .route("/empty/{status}", get(|Path(status): Path<u16>| async move { StatusCode::from_u16(status).unwrap() }))
        .route("/slow/{millis}", get(slow))
        .route("/never", get(never))
        .route("/hanging-image", get(async || Html("<title>Hanging</title><img src=/never><p id=log>here</p>")))
        .route("/redirect", get(async || Redirect::temporary("/form.html")))
        .route("/download", get(download))
        .route("/agent", get(agent))
        .route("/login", get(login))
        .route("/service-worker", get(async || Html(SERVED_BY_A_WORKER)))
        .route("/service-worker.js", get(service_worker))
        .route("/behaviours/{family}/{page}", get(described))
        .route("/hostile/{family}/{page}", get(described))
        .route("/invented/{seed}", get(invented_page))
        .nest("/trap", trap::routes())
        .merge(adverts::routes())
        .merge(gallery::routes())
        .route("/frameworks/{script}", get(framework))
        .route("/wire/{page}", get(golden))
        .route("/{fixture}", get(fixture))
}

/// Requires credentials and accepts any.
async fn login(headers: HeaderMap) -> impl IntoResponse {
    match headers.get(header::AUTHORIZATION) {
        Some(_) => StatusCode::OK.into_response(),
        None => (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=site")]).into_response(),
    }
}

/// Serves the pages of the golden files.
async fn golden(Path(name): Path<String>) -> impl IntoResponse {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wire");
    Html(tokio::fs::read_to_string(folder.join(name)).await.unwrap_or_default())
}

async fn fixture(Path(name): Path<String>) -> impl IntoResponse {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    match tokio::fs::read_to_string(folder.join(&name)).await {
        Ok(page) => Html(page).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, Html(format!("<title>No {name}</title>"))).into_response(),
    }
}

/// Fills in the origin of the page, and the origin of another site with equal files: `localhost` is another site than
/// `127.0.0.1`.
fn fill(here: &str, folder: &str, page: &str) -> String {
    page.replace("{{here}}", here)
        .replace("{{other}}", &here.replace("127.0.0.1", "localhost"))
        .replace("{{folder}}", folder)
}

/// The media type of a file that is not a page.
fn plain_type(name: &str) -> Option<&'static str> {
    let types = [
        ("js", "text/javascript"),
        ("xml", "application/xml"),
        ("svg", "image/svg+xml"),
        ("json", "application/json"),
        ("txt", "text/plain; charset=utf-8"),
    ];
    let ending = name.rsplit_once('.')?.1;
    types.iter().find(|(known, _)| *known == ending).map(|(_, of)| *of)
}

async fn described(uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let (folder, name) = uri.path().rsplit_once('/').unwrap_or_default();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder.trim_start_matches('/')).join(name);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let here = format!("http://{}", host.replace("localhost", "127.0.0.1"));
    match tokio::fs::read_to_string(path).await {
        Ok(text) if plain_type(name).is_some() => {
            ([(header::CONTENT_TYPE, plain_type(name).unwrap_or_default())], text).into_response()
        }
        // Hostile pages are served without a witness.
        Ok(page) if folder.starts_with("/hostile") => Html(fill(&here, folder, &page)).into_response(),
        Ok(page) => Html(witnessed(&fill(&here, folder, &page))).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, Html(format!("<title>No {name}</title>"))).into_response(),
    }
}

/// A page with its witness, which runs before the page's own scripts.
fn witnessed(page: &str) -> String {
    let script = format!("<script>{}</script>", witness::SCRIPT);
    match page.split_at_checked(15) {
        Some((start, rest)) if start.eq_ignore_ascii_case("<!doctype html>") => format!("{start}{script}{rest}"),
        _ => script + page,
    }
}

async fn invented_page(Path(seed): Path<u64>) -> Html<String> {
    Html(witnessed(&invented::Invented::new(seed).page))
}

/// The folder cargo builds into: `target`, unless it is configured otherwise. Tests run in its `debug/deps`.
pub fn target_folder() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(3).expect("tests run below the target folder").to_owned()
}

/// The folder that `e2e/frameworks.rs` builds into.
pub fn frameworks_folder() -> PathBuf {
    target_folder().join("frameworks")
}

async fn framework(Path(name): Path<String>) -> impl IntoResponse {
    let script = tokio::fs::read(frameworks_folder().join("built").join(name)).await.unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/javascript")], script)
}

async fn status(Path(status): Path<u16>) -> impl IntoResponse {
    (StatusCode::from_u16(status).unwrap(), Html(format!("<title>Status {status}</title>")))
}

async fn slow(Path(millis): Path<u64>) -> impl IntoResponse {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Html(format!("<title>Slow {millis}</title>"))
}

async fn never() -> String {
    std::future::pending().await
}

async fn download() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"report.bin\""),
    ];
    (headers, "bytes")
}

/// A page whose service worker answers in place of the site from the second request on.
const SERVED_BY_A_WORKER: &str = "<title>Registering</title><script>\
    navigator.serviceWorker.register('/service-worker.js').then(() => navigator.serviceWorker.ready)\
    .then(() => document.title = 'Ready')</script>";

async fn service_worker() -> impl IntoResponse {
    let script = "self.answer = 42; self.onactivate = (event) => event.waitUntil(clients.claim());\
                  self.onfetch = (event) => { if (event.request.url.endsWith('/from-the-worker'))\
                  event.respondWith(new Response('by the worker')); };";
    ([(header::CONTENT_TYPE, "text/javascript")], script)
}

async fn agent(headers: HeaderMap) -> String {
    headers.get(header::USER_AGENT).map(|value| value.to_str().unwrap_or_default().to_owned()).unwrap_or_default()
}
