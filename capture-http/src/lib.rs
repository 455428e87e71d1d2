//! The HTTP edge of Capture: REST in front of `capture-core`, and the program that wires them.
//!
//! ```text
//! connection ─► server ─► router ─► auth ─► extract ─► dyn Sessions
//!                            ▲                              │
//!                          reply / error ◄──────────────────┘
//! ```
//!
//! A handler extracts its arguments, calls one operation of [`Sessions`](capture_core::Sessions), and replies. [`App`]
//! is the only place that sees the concrete engine; [`router()`] lists the paths of the API; [`server::serve`] serves a
//! listener.

mod actions;
mod app;
mod auth;
mod batch;
mod cdp;
pub mod client_address;
mod demo;
mod describe;
mod devices;
mod disk;
mod drain_body;
mod error;
mod extract;
mod health;
mod hex;
mod host_guard;
mod identify;
mod ip_ranges;
mod origin;
mod outgoing;
mod panics;
mod presets;
mod render;
mod render_cache_settings;
mod reply;
mod request_id;
mod router;
pub mod server;
mod sessions;
mod signed;
mod storage;
mod stream;
#[cfg(test)]
mod tests;
mod throttle;

pub use self::{
    app::{App, EdgeSettings},
    batch::resume_batches,
    disk::Folders,
    presets::{InvalidPresets, Presets},
    render_cache_settings::RenderCacheSettings,
    router::router,
    storage::{BucketSettings, StorageSettings},
};
