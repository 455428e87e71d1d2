//! The tools of the stories in `e2e/`: the real server as a process, clients by role, a site of fixture pages, and
//! checks of what a server leaves behind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test where it stands"
)]
#![expect(clippy::missing_panics_doc, reason = "every function here may fail its test")]

mod adverts;
pub mod balancer;
pub mod channel;
pub mod client;
pub mod contract;
pub mod counts;
pub mod dice;
pub mod elsewhere;
pub mod expected;
pub mod forwarder;
pub mod gallery;
pub mod gates;
pub mod html;
pub mod invented;
pub mod likeness;
pub mod pdf;
pub mod port;
pub mod processes;
pub mod proxy;
pub mod raw;
pub mod redis;
pub mod remote;
pub mod reply;
mod rotation;
pub mod server;
pub mod simulated;
pub mod site;
mod trap;
pub mod until;
pub mod wall_clock;
pub mod witness;
pub mod wrapper;

pub use self::{
    channel::{Channel, Connect},
    client::{Client, Reply},
    dice::Dice,
    forwarder::Forwarder,
    proxy::Proxy,
    raw::RawSocket,
    redis::Redis,
    remote::RemoteBrowser,
    rotation::tried_today,
    server::Server,
    simulated::SimulatedServer,
    site::Site,
    until::until,
    wall_clock::WallClock,
    wrapper::Wrapper,
};

/// What replaces the single process of every server in the tests. Stories must not notice the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Clients connect to an instance without a browser, and another instance has the browser.
    ThroughAnother,
    /// Clients connect to three instances in turn, through nginx.
    Balanced,
}

impl Shape {
    fn browsers(self) -> usize {
        match self {
            Self::ThroughAnother => 1,
            Self::Balanced => 3,
        }
    }
}

/// The shape that `CAPTURE_SHAPE` selects.
pub fn shape() -> Option<Shape> {
    match std::env::var_os("CAPTURE_SHAPE")?.to_str() {
        Some("through-another") => Some(Shape::ThroughAnother),
        Some("balanced") => Some(Shape::Balanced),
        _ => None,
    }
}

/// Whether this is a long run (`make soak`, `make faults`) and not the short version of `make test`.
pub fn long() -> bool {
    std::env::var_os("CAPTURE_LONG").is_some()
}
