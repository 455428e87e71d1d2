//! The settings of Chromium.
//!
//! This module must not know where the settings come from.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use url::Url;

use crate::egress::EgressPolicy;
#[cfg(feature = "render")]
use {crate::block_lists::BlockLists, std::sync::Arc};

/// Which sessions share a browser process. Each has a context of its own in it, with its own cookies, cache and
/// renderer processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Sessions of all users share browsers.
    Context,
    /// Sessions of one user share browsers. Such a browser serves no other user, before or after; [`Retire::idle`]
    /// determines when it is closed.
    #[default]
    User,
    /// No sessions share browsers.
    Process,
}

/// When a browser accepts no further sessions and is closed once its last one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retire {
    /// Maximum age. Default one hour.
    pub max_age: Duration,
    /// Maximum number of sessions served. Default 500.
    pub max_sessions: u64,
    /// Maximum memory of all its processes in bytes (proportional set size). Default 4 GiB.
    pub max_memory_bytes: u64,
    /// How long the browser of one user waits for the user's next session after the last one has ended; zero closes it
    /// at once. At most as many browsers wait as are kept ready, or as there are cores. Default 10 seconds.
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

/// Limits on what one browser may use; above them it is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Memory of all its processes in bytes that is not backed by files. Above it, a shared browser loses the session
    /// that holds or caused most of it, and is ended if that was not enough; a dedicated browser is ended. Default 6
    /// GiB, which is above the limit for retiring.
    pub memory_bytes: u64,
    /// Disk usage of its files in bytes. Default 1 GiB.
    pub disk_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { memory_bytes: 6 << 30, disk_bytes: 1 << 30 }
    }
}

/// A browser program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Path of the executable.
    pub executable: PathBuf,
    /// Additional arguments, with their dashes.
    pub arguments: Vec<String>,
}

/// The browser of sessions with `bypassBotDetection`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BypassBrowser {
    /// Started on this machine, one for each session, behind the egress guard and in the sandbox like any other
    /// browser.
    Here(Program),
    /// Runs elsewhere. Each session has a connection and a context of its own there. Its network access is controlled
    /// by that browser and not by the egress guard.
    Elsewhere(Endpoint),
}

/// The address of a browser elsewhere: a `ws://` or `wss://` address of the DevTools protocol. The part after the host
/// may be a secret and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// The error for a text that is not such an address.
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
    /// The whole address, including secrets, for connecting only.
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

/// The settings of Chromium. By default the installed Chromium is run with its sandbox.
#[derive(Debug, Clone)]
pub struct ChromiumConfig {
    /// Path of the executable; `None` searches for one.
    pub executable: Option<PathBuf>,
    /// Directory of the browsers' folders; `None` means a folder of this user below the system's temporary directory.
    pub run_root: Option<PathBuf>,
    /// Which sessions share browsers.
    pub isolation: Isolation,
    /// What is kept ready for the next sessions: with [`Isolation::Context`] a number of pages, otherwise a number of
    /// whole browsers with one page each, and with [`Isolation::User`] also one page in each user's browser. Default 2;
    /// 0 means that nothing is kept ready.
    pub warm_pages: usize,
    /// Maximum number of sessions and ready pages of one browser at a time. Default 25; ignored with
    /// [`Isolation::Process`].
    pub max_pages_per_browser: usize,
    /// Usual maximum number of sessions of a user; no page is kept ready for a user who has as many. Default 5.
    pub usual_sessions_per_user: usize,
    /// Whether Chromium's own sandbox is used. Without it a hostile page can access this machine.
    pub sandbox: bool,
    /// The unprivileged uid of shared browsers if the server runs as root. Browsers of one user or session use one of
    /// the 480 uids above it. Ignored if the server does not run as root. Default [`DEFAULT_BROWSER_UID`].
    pub uid: Option<u32>,
    /// Additional arguments, with their dashes.
    pub extra_args: Vec<String>,
    /// The browser of sessions with `bypassBotDetection`; without one such sessions are refused.
    pub bypass: Option<BypassBrowser>,
    /// When browsers are replaced.
    pub retire: Retire,
    /// When browsers are ended.
    pub bounds: Bounds,
    /// The policy for pages' connections. The default allows public addresses.
    pub egress: EgressPolicy,
    /// What pages may not request where advertising is to be blocked; without lists a render that asks for it has a
    /// warning.
    #[cfg(feature = "render")]
    pub block_lists: Option<Arc<BlockLists>>,
    /// Addresses that are always forbidden, whatever the policy says: the server's own listeners and its Redis.
    pub forbidden: Vec<SocketAddr>,
}

/// A uid outside every range that Debian or systemd assigns (both leave 60578 to 61183 unused).
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
            #[cfg(feature = "render")]
            block_lists: None,
            forbidden: Vec::new(),
        }
    }
}

impl ChromiumConfig {
    /// The directory in which the browsers' folders are created.
    pub fn run_root(&self) -> PathBuf {
        let default = || std::env::temp_dir().join(format!("capture-browsers-{}", rustix::process::getuid().as_raw()));
        self.run_root.clone().unwrap_or_else(default)
    }

    /// Maximum number of sessions of one browser at a time.
    pub(super) fn pages_per_browser(&self) -> usize {
        match self.isolation {
            Isolation::Context | Isolation::User => self.max_pages_per_browser.max(1),
            Isolation::Process => 1,
        }
    }

    /// Maximum number of sessions that one browser serves.
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
