//! Checks the host name by which a request reached this server.
//!
//! A web page of another site whose DNS answer was switched to our address (DNS rebinding) sends that name as `Host`.
//! On a server that is only meant for this machine such a request is refused before anything else looks at it.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, Uri, header,
        uri::{Authority, Scheme},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use capture_core::{Error, ErrorCode};
use url::Url;

use crate::{app::App, error::Refusal};

/// The layer: passes on requests whose host is ours.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let settings = app.settings();
    if settings.local_only && !names_us(request.headers(), request.uri(), settings.public_url.as_ref()) {
        let error = Error::new(ErrorCode::Forbidden, "this server does not answer to that Host")
            .with_reason("host_not_allowed")
            .with_hint("use localhost or an IP address, or have the operator set the server's public URL");
        return Refusal::from(error).into_response();
    }
    next.run(request).await
}

fn names_us(headers: &HeaderMap, uri: &Uri, public: Option<&Url>) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = Authority::try_from(host.as_bytes()) else { return false };
    // An absolute request target contains the host a second time.
    let target_is_ours = uri.authority().is_none_or(|target| is_ours(target, public));
    let is_web = uri.scheme().is_none_or(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
    is_ours(&host, public) && target_is_ours && is_web
}

fn is_ours(authority: &Authority, public: Option<&Url>) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host().trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok()
        || is_ipv6_literal(host)
        || public.and_then(Url::host_str).is_some_and(|public| public.eq_ignore_ascii_case(host))
}

fn is_ipv6_literal(host: &str) -> bool {
    let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    inside.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_names_are_answered() {
        let public = Url::parse("https://Capture.example.org/base").unwrap();
        let of = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            names_us(&headers, &Uri::from_static("/v1/sessions"), Some(&public))
        };
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.",
            "127.0.0.1",
            "10.0.0.7:80",
            "[::1]:8080",
            "capture.example.org",
        ] {
            assert!(of(host), "{host}");
        }
        for host in
            ["", "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "u@localhost", "localhost/", "::1", "[x]"]
        {
            assert!(!of(host), "{host}");
        }
    }

    #[test]
    fn no_host_two_hosts_or_a_foreign_target_are_refused() {
        let mut headers = HeaderMap::new();
        assert!(!names_us(&headers, &Uri::from_static("/"), None));
        headers.insert(header::HOST, "localhost".parse().unwrap());
        assert!(!names_us(&headers, &Uri::from_static("http://evil.test/"), None));
        assert!(names_us(&headers, &Uri::from_static("http://localhost/"), None));
        headers.append(header::HOST, "localhost".parse().unwrap());
        assert!(!names_us(&headers, &Uri::from_static("/"), None));
    }
}
