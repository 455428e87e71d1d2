//! What the stories in `e2e/` are told with: the real server as a process, clients by role, a site of fixture pages, and
//! looks at what is left behind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test where it stands"
)]
#![expect(clippy::missing_panics_doc, reason = "every function here may fail its test")]

pub mod channel;
pub mod client;
pub mod contract;
pub mod dice;
pub mod elsewhere;
pub mod expected;
pub mod invented;
pub mod processes;
pub mod raw;
pub mod redis;
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
    raw::RawSocket,
    redis::Redis,
    server::Server,
    simulated::SimulatedServer,
    site::Site,
    until::until,
    wall_clock::WallClock,
    wrapper::Wrapper,
};

/// Whether every server of the tests is to be a cluster whose clients reach only the instance that has no browser: the same
/// stories must then go as before.
pub fn through_another_instance() -> bool {
    std::env::var_os("CAPTURE_THROUGH_ANOTHER").is_some()
}

/// Whether this is a long run (`make soak`, `make faults`), not the short version of `make test`.
pub fn long() -> bool {
    std::env::var_os("CAPTURE_LONG").is_some()
}
