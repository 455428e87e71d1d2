//! How Chromium is run.
//!
//! Knows nothing of where the settings come from.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use url::Url;

use crate::egress::EgressPolicy;

/// Which sessions share a browser process. Each has a context of its own in it: own cookies, cache and renderer
/// processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Those of all users.
    Context,
    /// Those of one user. His browser serves no other user, before or after; [`Retire::idle`] says when it is closed.
    #[default]
    User,
    /// None.
    Process,
}

/// When a browser takes no further sessions and is closed once its last one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retire {
    /// Age. Default one hour.
    pub max_age: Duration,
    /// Sessions served. Default 500.
    pub max_sessions: u64,
    /// Memory of all its processes (proportional set size). Default 4 GiB.
    pub max_memory_bytes: u64,
    /// How long the browser of one user waits for his next session when his last one has ended; zero: not at all. Not
    /// more of them wait than are kept ready, or than there are cores. Default 10 seconds.
    pub idle: Duration,
}

impl Default for Retire {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(3600),
            max_sessions: 500,
            max_memory_bytes: 4 << 30,
            idle: Duration::from_secs(10),
        }
    }
}

/// What one browser may take of the machine; it ends above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Memory of all its processes that is not a file's. Above it a shared browser loses the session that holds or
    /// caused most of it, and ends if that was not enough; a browser of its own ends. Default 6 GiB: retiring comes
    /// first.
    pub memory_bytes: u64,
    /// What its files take of the disk. Default 1 GiB.
    pub disk_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory_bytes: 6 << 30, disk_bytes: 1 << 30 }
    }
}

/// A browser to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its executable.
    pub executable: PathBuf,
    /// Arguments beyond ours, with their dashes.
    pub arguments: Vec<String>,
}

/// The browser of sessions with `bypassBotDetection`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BypassBrowser {
    /// Started here, one for each session, behind the egress guard and in the sandbox as every other.
    Here(Program),
    /// Runs elsewhere. Each session has a connection and a context of its own there; what its pages reach is that browser's matter,
    /// not the egress guard's.
    Elsewhere(Endpoint),
}

/// Where a browser elsewhere is reached: a `ws://` or `wss://` address of the DevTools protocol. What follows the host may be a
/// secret and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Not such an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a ws:// or wss:// address with a host")]
pub struct InvalidEndpoint;

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).or(Err(InvalidEndpoint))?;
        (matches!(url.scheme(), "ws" | "wss") && url.has_host()).then_some(Self(url)).ok_or(InvalidEndpoint)
    }
}

impl Endpoint {
    /// The whole address, secrets included: for connecting only.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.0.port_or_known_default().unwrap_or_default();
        write!(f, "{}://{}:{port}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// How Chromium is run. The default runs what the machine has, sandboxed.
#[derive(Debug, Clone)]
pub struct ChromiumConfig {
    /// The executable; `None` looks for one.
    pub executable: Option<PathBuf>,
    /// Where the browsers' folders live; `None` is a folder of this user's below the system's temporary one.
    pub run_root: Option<PathBuf>,
    /// Which sessions share browsers.
    pub isolation: Isolation,
    /// Kept ready for the next sessions: pages with [`Isolation::Context`], else whole browsers with a page each, and
    /// with [`Isolation::User`] a page in the browser of each user beside. Default 2; 0 is none of them.
    pub warm_pages: usize,
    /// Sessions and ready pages one browser holds at a time. Default 25; ignored with [`Isolation::Process`].
    pub max_pages_per_browser: usize,
    /// Sessions a user usually has at most: no page is kept ready for one who has as many. Default 5.
    pub usual_sessions_per_user: usize,
    /// Chromium's own sandbox. Turning it off lets a hostile page reach this machine.
    pub sandbox: bool,
    /// The unprivileged uid shared browsers run under when we are root; those of one user or session take one of the
    /// 480 above it. Ignored where we are not root. Default [`DEFAULT_BROWSER_UID`].
    pub uid: Option<u32>,
    /// Further arguments, with their dashes.
    pub extra_args: Vec<String>,
    /// The browser of sessions with `bypassBotDetection`; without one they are refused.
    pub bypass: Option<BypassBrowser>,
    /// When browsers are replaced.
    pub retire: Retire,
    /// When browsers are ended.
    pub bounds: Bounds,
    /// What pages may reach. The default is public addresses.
    pub egress: EgressPolicy,
    /// Addresses no page ever reaches, whatever the policy says: the server's own listeners, its Redis.
    pub forbidden: Vec<SocketAddr>,
}

/// Outside every range that Debian or systemd hands out (60578 to 61183 is unused by both).
pub const DEFAULT_BROWSER_UID: u32 = 60_700;

impl Default for ChromiumConfig {
    fn default() -> Self {
        Self {
            executable: None,
            run_root: None,
            isolation: Isolation::default(),
            warm_pages: 2,
            max_pages_per_browser: 25,
            usual_sessions_per_user: 5,
            sandbox: true,
            uid: None,
            extra_args: Vec::new(),
            bypass: None,
            retire: Retire::default(),
            bounds: Bounds::default(),
            egress: EgressPolicy::default(),
            forbidden: Vec::new(),
        }
    }
}

impl ChromiumConfig {
    /// The folder in which those of the browsers are made.
    pub fn run_root(&self) -> PathBuf {
        let default = || std::env::temp_dir().join(format!("capture-browsers-{}", rustix::process::getuid().as_raw()));
        self.run_root.clone().unwrap_or_else(default)
    }

    /// Sessions one browser holds at a time.
    pub(super) fn pages_per_browser(&self) -> usize {
        match self.isolation {
            Isolation::Context | Isolation::User => self.max_pages_per_browser.max(1),
            Isolation::Process => 1,
        }
    }

    /// Sessions one browser serves in its life.
    pub(super) fn sessions_per_browser(&self) -> u64 {
        match self.isolation {
            Isolation::Context | Isolation::User => self.retire.max_sessions.max(1),
            Isolation::Process => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_websocket_and_shows_no_secret() {
        let endpoint: Endpoint = "wss://user:pass@browsers.example/here?token=secret".parse().unwrap();
        assert_eq!(
            format!("{endpoint} {endpoint:?}"),
            "wss://browsers.example:443 Endpoint(wss://browsers.example:443)"
        );
        for not_one in ["http://a.example", "browsers.example", "ws://", ""] {
            assert_eq!(not_one.parse::<Endpoint>(), Err(InvalidEndpoint), "{not_one}");
        }
    }
}
