//! Which web pages may open `WebSocket`s here: the server's own, and those of origins that the operator names.

use axum::http::{HeaderMap, Uri, header};
use capture_core::{Error, ErrorCode};
use url::Url;

use crate::app::App;

/// Refuses pages of other sites, which must not act for the user whose browser shows them.
pub(crate) fn check_origin(app: &App, headers: &HeaderMap, uri: &Uri) -> Result<(), Error> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) }; // only browsers send an origin
    let settings = app.settings();
    let known = origin.to_str().ok().and_then(|text| Url::parse(text).ok()).filter(|_| origins.next().is_none());
    let allowed = known.is_some_and(|origin| {
        let same = |url: &Url| url.origin() == origin.origin();
        is_own(&origin, headers, uri)
            || settings.public_url.as_ref().is_some_and(same)
            || settings.stream_origins.iter().any(same)
    });
    if allowed {
        return Ok(());
    }
    Err(Error::new(ErrorCode::Forbidden, "pages of this origin may not connect")
        .with_reason("origin_not_allowed")
        .with_hint("have the operator add it to stream-origins"))
}

/// Whether the origin is the host that the request was sent to.
fn is_own(origin: &Url, headers: &HeaderMap, uri: &Uri) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or_else(|| uri.host()) else { return false };
    // The scheme is the one between the client and a proxy, so only host and port can be compared.
    let own = Url::parse(&format!("{}://{host}/", origin.scheme()));
    own.is_ok_and(|own| own.host() == origin.host() && own.port_or_known_default() == origin.port_or_known_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_that_was_asked_is_its_own_origin() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
        let own = |origin: &str| is_own(&Url::parse(origin).unwrap(), &headers, &Uri::from_static("/v1/stream"));
        assert!(own("http://127.0.0.1:8080"));
        for other in ["http://127.0.0.1:8081", "http://127.0.0.1", "http://localhost:8080", "http://evil.test:8080"] {
            assert!(!own(other), "{other}");
        }
    }
}
