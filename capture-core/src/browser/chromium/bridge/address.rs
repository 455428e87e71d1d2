//! The addresses to which a client may navigate a page.
//!
//! This module must not know commands.

use url::Url;

/// Why an address is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadAddress {
    /// The text is not an address that a browser can open.
    Invalid,
    /// The scheme leads out of the web: files, the browser's own pages, scripts.
    Scheme(String),
}

/// Accepts http, https, data, about:blank and blobs of pages. Returns the normalised address to send, without control
/// characters, backslashes or mixed case, so that the browser's parser, which is a different one, reads what was
/// checked.
pub(super) fn openable(text: &str) -> Result<String, BadAddress> {
    let url = Url::parse(text).map_err(|_no_address| BadAddress::Invalid)?;
    let may = match url.scheme() {
        "http" | "https" | "data" => true,
        "about" => url.path() == "blank",
        "blob" => ["http://", "https://", "null/"].iter().any(|origin| url.path().starts_with(origin)),
        _ => false,
    };
    if may { Ok(url.into()) } else { Err(scheme(&url)) }
}

/// Accepts only http and https, for resources that are fetched and not shown.
pub(super) fn web(text: &str) -> Result<String, BadAddress> {
    let url = Url::parse(text).map_err(|_no_address| BadAddress::Invalid)?;
    if matches!(url.scheme(), "http" | "https") { Ok(url.into()) } else { Err(scheme(&url)) }
}

fn scheme(url: &Url) -> BadAddress {
    BadAddress::Scheme(url.scheme().chars().take(32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_on_is_what_was_judged() {
        for (text, sent) in [
            ("http://a.test/", "http://a.test/"),
            (" \t\u{1}HTTPS://A.test\\x\n", "https://a.test/x"),
            ("ht\ntp://a.test", "http://a.test/"),
            ("http:a.test", "http://a.test/"),
            ("http://user:pass@a.test:80/", "http://user:pass@a.test/"),
            ("http://0x7f.1/", "http://127.0.0.1/"),
            ("DATA:text/html,<p>ä", "data:text/html,<p>%C3%A4"),
            ("about:blank", "about:blank"),
            ("About:blank#x", "about:blank#x"),
            ("blob:https://a.test/1-2", "blob:https://a.test/1-2"),
            ("blob:null/1-2", "blob:null/1-2"),
        ] {
            assert_eq!(openable(text).as_deref(), Ok(sent), "{text:?}");
        }
    }

    #[test]
    fn everything_outside_the_web_is_refused_by_its_scheme() {
        for text in [
            "file:///etc/passwd",
            "FILE:/etc/passwd",
            "file:\\\\localhost\\etc",
            "\u{0} \u{1f}file:///etc",
            "f\ti\nl\re:///etc",
            "view-source:file:///etc",
            "view-source:http://a.test",
            "filesystem:http://a.test/temporary/x",
            "blob:file:///1-2",
            "blob:chrome://version/1",
            "blob:blob:http://a.test/1",
            "chrome://settings",
            "chrome:settings",
            "Chrome://crash",
            "chrome-untrusted://x",
            "chrome-extension://x/y",
            "chrome-search://x",
            "devtools://devtools/bundled/inspector.html",
            "about:version",
            "about:BLANK",
            "about:srcdoc",
            "about:",
            "about:blank/x",
            "javascript:alert(1)",
            "jAvAsCrIpT:alert(1)",
            "ftp://a.test",
            "ws://a.test",
            "isolated-app://x",
            "intent:x",
            "mailto:a@a.test",
            "externalfile:x",
            "content://x",
            "cid:x",
            "urn:uuid:x",
        ] {
            assert!(matches!(openable(text), Err(BadAddress::Scheme(_))), "{text:?}: {:?}", openable(text));
        }
        for text in
            ["", " ", "/etc/passwd", "\\\\localhost\\etc", "//a.test", "a.test", "http://", "http:///", "f%69le:///x"]
        {
            assert_eq!(openable(text), Err(BadAddress::Invalid), "{text:?}");
        }
        for text in ["data:,x", "about:blank", "blob:http://a.test/1", "file:///x"] {
            assert!(matches!(web(text), Err(BadAddress::Scheme(_))), "{text:?}");
        }
        assert_eq!(web("HTTP://a.test").as_deref(), Ok("http://a.test/"));
    }
}
