//! Arguments of `capture user` that need parsing: changes of credits, and proxies.
//!
//! Knows nothing of accounts.

use std::{fmt, str::FromStr};

use capture_core::account::AccountChange;
use url::Url;

/// `+N`, `=N` or `=unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreditChange {
    /// Adds this many credits.
    Add(u64),
    /// Sets the credits; `None` is unlimited.
    Set(Option<u64>),
}

/// The text is not a change of credits.
#[derive(Debug, thiserror::Error)]
#[error("credits are +N to add, =N to set, or =unlimited")]
pub(crate) struct InvalidCredits;

impl FromStr for CreditChange {
    type Err = InvalidCredits;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A second sign would be parsed as part of the number.
        let number = |digits: &str| digits.parse().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()));
        match (text.strip_prefix('+'), text.strip_prefix('=')) {
            (Some(more), _) => number(more).map(Self::Add),
            (_, Some("unlimited")) => Some(Self::Set(None)),
            (_, Some(all)) => number(all).map(|credits| Self::Set(Some(credits))),
            (None, None) => None,
        }
        .ok_or(InvalidCredits)
    }
}

impl From<CreditChange> for AccountChange {
    fn from(change: CreditChange) -> Self {
        match change {
            CreditChange::Add(more) => Self::AddCredits(more),
            CreditChange::Set(credits) => Self::SetCredits(credits),
        }
    }
}

/// The address of a proxy, or none.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy(Option<String>);

/// The text is not the address of a proxy.
#[derive(Debug, thiserror::Error)]
#[error(
    "a proxy is http://, https:// or socks5:// with host and port, as in socks5://user:password@proxy.example.com:1080, or none"
)]
pub(crate) struct InvalidProxy;

impl Proxy {
    /// The address including its credentials.
    pub(crate) fn address(self) -> Option<String> {
        self.0
    }
}

impl FromStr for Proxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let url = Url::parse(text).ok().filter(is_proxy).ok_or(InvalidProxy)?;
        Ok(Self(Some(url.into())))
    }
}

fn is_proxy(url: &Url) -> bool {
    // The parser drops a port that is the scheme's default, so for http and https the port is always known.
    let reachable = url.host_str().is_some_and(|host| !host.is_empty())
        && url.port_or_known_default().is_some_and(|port| port != 0);
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    matches!(url.scheme(), "http" | "https" | "socks5") && reachable && bare
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Proxy(…)" } else { "Proxy(none)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_added_or_set() {
        for (text, change) in [
            ("+5", Some(CreditChange::Add(5))),
            ("=0", Some(CreditChange::Set(Some(0)))),
            ("=unlimited", Some(CreditChange::Set(None))),
            ("5", None),
            ("-5", None),
            ("++5", None),
            ("=+5", None),
            ("+unlimited", None),
            ("+18446744073709551616", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), change, "{text}");
        }
    }

    #[test]
    fn proxies_have_scheme_host_and_port() {
        for (text, valid) in [
            ("none", true),
            ("http://proxy.test:3128", true),
            ("https://u:p@proxy.test:443/", true),
            ("socks5://[::1]:1080", true),
            ("socks5://proxy.test", false),
            ("socks4://proxy.test:1080", false),
            ("ftp://proxy.test:21", false),
            ("http://:3128", false),
            ("http://proxy.test:3128/path", false),
            ("http://proxy.test:0", false),
            ("proxy.test:3128", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Proxy>().is_ok(), valid, "{text}");
        }
    }
}
