//! Translates paths: those that a tool requests become those of the server, and addresses in answers become those of
//! this port.
//!
//! Knows nothing of connections.

use axum::http::Method;
use capture_core::session::SessionId;
use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, parse};

/// What a tool requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// An HTTP answer of `/json`, at this path and query of the server.
    Answer(String),
    /// A WebSocket at this path and query of the server.
    Socket(String),
    /// A path that exists for this other method only.
    WrongMethod(&'static str),
    /// A path that does not exist.
    Nothing,
}

/// Translates a request of a tool into one about a session.
pub(super) fn asked(method: &Method, path: &str, query: &str, session: SessionId) -> Asked {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let given = format!("sessionId={session}");
    let found = match *parts.as_slice() {
        ["json"] => Asked::Answer(format!("/json/list?{given}")),
        ["json", what @ ("list" | "version" | "protocol")] => Asked::Answer(format!("/json/{what}?{given}")),
        ["json", "new"] => Asked::Answer(format!("/json/new?{given}&{}", opened(query))),
        ["json", what @ ("activate" | "close"), id] if is_id(id) => Asked::Answer(format!("/json/{what}/{id}?{given}")),
        ["devtools", "browser"] => Asked::Socket(format!("/devtools/browser/{session}?{given}")),
        ["devtools", what @ ("browser" | "page"), id] if is_id(id) => {
            Asked::Socket(format!("/devtools/{what}/{id}?{given}"))
        }
        _ => Asked::Nothing,
    };
    let wanted = if matches!(*parts.as_slice(), ["json", "new"]) { Method::PUT } else { Method::GET };
    match found {
        Asked::Answer(_) | Asked::Socket(_) if *method != wanted => {
            Asked::WrongMethod(if wanted == Method::PUT { "PUT" } else { "GET" })
        }
        found => found,
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The query of `/json/new` is just the address to open, escaped or not.
fn opened(query: &str) -> String {
    // It is parsed as a key without a value: percent-encoding is undone, and `=` and `&` of an unescaped address stay.
    let plain = query.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let url = parse(plain.as_bytes()).next().map(|(key, _)| key.into_owned()).unwrap_or_default();
    Serializer::new(String::new()).append_pair("url", &url).finish()
}

/// Replaces the server's addresses in an answer by addresses of this port, which the tool reached as `host`.
pub(super) fn localise(answer: &mut Value, host: &str, session: SessionId) {
    if let Value::Array(described) = answer {
        return described.iter_mut().for_each(|each| localise(each, host, session));
    }
    let path = match answer["id"].as_str() {
        Some(id) => format!("page/{id}"),
        None => format!("browser/{session}"),
    };
    if answer["webSocketDebuggerUrl"].is_string() {
        answer["webSocketDebuggerUrl"] = json!(format!("ws://{host}/devtools/{path}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "sess_00000000-0000-4000-8000-000000000000";

    #[test]
    fn tools_reach_what_a_browser_has_and_nothing_else() {
        let of = |method: Method, path: &str, query: &str| asked(&method, path, query, ID.parse().unwrap());
        let get = |path: &str| of(Method::GET, path, "token=x");
        for (path, there) in [
            ("/json", "/json/list"),
            ("/json/", "/json/list"),
            ("/json/version/", "/json/version"),
            ("/json/close/0A", "/json/close/0A"),
        ] {
            assert_eq!(get(path), Asked::Answer(format!("{there}?sessionId={ID}")), "{path}");
        }
        for path in ["/devtools/browser", "/devtools/browser/", &format!("/devtools/browser/{ID}")] {
            assert_eq!(get(path), Asked::Socket(format!("/devtools/browser/{ID}?sessionId={ID}")), "{path}");
        }
        assert_eq!(get("/devtools/page/0A"), Asked::Socket(format!("/devtools/page/0A?sessionId={ID}")));
        for path in ["/", "/v1/sessions", "/cdp", "/json/x", "/json/close/a%2fb", "/devtools/page/..", "/demo/config"] {
            assert_eq!(get(path), Asked::Nothing, "{path}");
        }
        assert_eq!(get("/json/new"), Asked::WrongMethod("PUT"));
        assert_eq!(of(Method::POST, "/json/list", ""), Asked::WrongMethod("GET"));
    }

    #[test]
    fn the_query_of_a_new_page_is_its_address() {
        for (query, url) in [
            ("", ""),
            ("about:blank", "about%3Ablank"),
            ("http://a.test/?x=1&y=+", "http%3A%2F%2Fa.test%2F%3Fx%3D1%26y%3D%2B"),
            ("http%3A%2F%2Fa.test%2F%3Fx%3D1%26y", "http%3A%2F%2Fa.test%2F%3Fx%3D1%26y"),
        ] {
            assert_eq!(opened(query), format!("url={url}"));
        }
    }

    #[test]
    fn addresses_lose_the_server_and_the_token() {
        let far = "wss://far.test/base/devtools/page/0A?token=v1.secret";
        let mut answer =
            json!([{"id": "0A", "webSocketDebuggerUrl": far}, {"Browser": "x", "webSocketDebuggerUrl": far}]);
        localise(&mut answer, "127.0.0.1:9222", ID.parse().unwrap());
        assert_eq!(answer[0]["webSocketDebuggerUrl"], "ws://127.0.0.1:9222/devtools/page/0A");
        assert_eq!(answer[1]["webSocketDebuggerUrl"], format!("ws://127.0.0.1:9222/devtools/browser/{ID}"));
    }
}
