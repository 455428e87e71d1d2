//! Navigation actions.

use std::{net::IpAddr, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::payload::{Payload, clip};
use crate::{error::Error, limits};

/// How far a page must have loaded before a navigation is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitUntil {
    /// The new document has arrived.
    Commit,
    /// Its markup has been parsed. This is the default.
    DomContentLoaded,
    /// Its resources have been loaded as well.
    Load,
}

impl WaitUntil {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let words = [("load", Self::Load), ("domcontentloaded", Self::DomContentLoaded), ("commit", Self::Commit)];
        Ok(payload.one_of("waitUntil", &words)?.unwrap_or(Self::DomContentLoaded))
    }

    /// The wire form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::DomContentLoaded => "domcontentloaded",
            Self::Load => "load",
        }
    }
}

/// The `goto` action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goto {
    /// The address: http, https, data or about:blank.
    pub url: Url,
    /// How far the page must have loaded.
    pub wait_until: WaitUntil,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

/// The `back`, `forward` and `reload` actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Travel {
    /// How far the page must have loaded.
    pub wait_until: WaitUntil,
    /// Timeout of the whole action.
    pub timeout: Duration,
}

/// The result of `back`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BackResult {
    /// Where to go on from a tab that has nothing to go back to, but was opened by another tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Travel {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        Ok(Self { wait_until: WaitUntil::parse(payload)?, timeout: payload.timeout(limits::NAVIGATION_TIMEOUT)? })
    }
}

/// The result of `goto`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GotoResult {
    /// Where the page ended up.
    pub url: String,
    /// The HTTP status of the document, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The document's title.
    pub title: String,
}

impl Goto {
    pub(super) fn parse(payload: Payload<'_>) -> Result<Self, Error> {
        let text = payload.required_text(&["url"])?;
        Ok(Self {
            url: parse_address(&text).map_err(|why| payload.refuse("url", why))?,
            wait_until: WaitUntil::parse(payload)?,
            timeout: payload.timeout(limits::NAVIGATION_TIMEOUT)?,
        })
    }
}

/// Why a text is not an address that can be opened; follows the name of the field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum InvalidAddress {
    #[error("must not be empty")]
    Empty,
    #[error("must be at most {} characters", limits::MAX_URL_CHARS)]
    TooLong,
    #[error("is not an address: {0}")]
    Malformed(#[from] url::ParseError),
    #[error("has no host")]
    NoHost,
    #[error("of this kind cannot be opened: of about: only about:blank is accepted")]
    About,
    #[error("cannot be opened: {0:?} is not one of http, https, data, about:blank")]
    Scheme(String),
}

/// Parses an address as people type it. Without a scheme it gets `https://`, or `http://` for localhost and IP
/// addresses.
fn parse_address(text: &str) -> Result<Url, InvalidAddress> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.is_empty() {
        return Err(InvalidAddress::Empty);
    }
    if text.len() > limits::MAX_URL_CHARS {
        return Err(InvalidAddress::TooLong);
    }
    let url = if has_scheme(text) {
        Url::parse(text)?
    } else {
        let url = Url::parse(&format!("https://{text}"))?;
        if is_local(&url) { Url::parse(&format!("http://{text}")).unwrap_or(url) } else { url }
    };
    check(&url).map(|()| url)
}

/// Whether the text has a scheme; `localhost:3000` and `example.com:8443/x` do not.
fn has_scheme(text: &str) -> bool {
    let lower = text.get(..32).unwrap_or(text).to_ascii_lowercase();
    if lower.starts_with("data:") || lower.starts_with("about:") {
        return true;
    }
    // Texts such as `javascript:…` and `file:/etc` have a scheme as well, and are refused because of it.
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
    is_scheme && (rest.starts_with("//") || (!is_port && !scheme.contains('.') && scheme != "localhost"))
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.ends_with(".localhost") || bare.parse::<IpAddr>().is_ok()
}

fn check(url: &Url) -> Result<(), InvalidAddress> {
    match url.scheme() {
        "http" | "https" if url.host_str().is_none_or(str::is_empty) => Err(InvalidAddress::NoHost),
        "http" | "https" | "data" => Ok(()),
        "about" if url.path() == "blank" => Ok(()),
        "about" => Err(InvalidAddress::About),
        scheme => Err(InvalidAddress::Scheme(clip(scheme))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_type_them() {
        for (typed, address) in [
            ("example.com", "https://example.com/"),
            ("example.com:8443/x", "https://example.com:8443/x"),
            ("localhost:3000", "http://localhost:3000/"),
            ("127.0.0.1:80/a?b", "http://127.0.0.1/a?b"),
            ("[::1]:8080", "http://[::1]:8080/"),
            ("HTTPS://Example.COM", "https://example.com/"),
            (" http://a.test/ ", "http://a.test/"),
            ("about:blank", "about:blank"),
            ("data:text/html,<p>", "data:text/html,<p>"),
        ] {
            assert_eq!(parse_address(typed).map(String::from).as_deref(), Ok(address), "{typed}");
        }
    }

    #[test]
    fn what_is_a_scheme() {
        for (typed, has) in [
            ("http://a", true),
            ("data:x", true),
            ("ABOUT:blank", true),
            ("mailto:a", true),
            ("javascript:a()", true),
            ("localhost:abc", false),
            ("localhost:80", false),
            ("a.b:c", false),
            ("x:9", false),
            ("1a://x", false),
            ("1a:b", false),
            ("a b://c", false),
            ("a_b:c", false),
            ("plain", false),
        ] {
            assert_eq!(has_scheme(typed), has, "{typed}");
        }
        for (host, local) in
            [("localhost", true), ("a.localhost", true), ("[::1]", true), ("10.0.0.1", true), ("a.test", false)]
        {
            assert_eq!(is_local(&Url::parse(&format!("http://{host}/")).unwrap()), local, "{host}");
        }
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        for typed in [
            "file:///etc/passwd",
            "FILE:/etc/passwd",
            "javascript:alert(1)",
            "chrome://settings",
            "view-source:http://a.test",
            "about:version",
            "blob:http://a.test/1",
            "mailto:a@b.test",
            "ftp://a.test",
            "",
            "http://",
            "//",
        ] {
            assert!(parse_address(typed).is_err(), "{typed}: {:?}", parse_address(typed));
        }
    }
}
