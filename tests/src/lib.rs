//! What the stories in `e2e/` are told with: the real server as a process, clients by role, a site of fixture pages, and
//! looks at what is left behind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test where it stands"
)]
#![expect(clippy::missing_panics_doc, reason = "every function here may fail its test")]

pub mod client;
pub mod contract;
pub mod expected;
pub mod processes;
pub mod server;
pub mod site;
pub mod until;

pub use self::{
    client::{Client, Reply},
    server::Server,
    site::Site,
    until::until,
};
