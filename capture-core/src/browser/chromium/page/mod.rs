//! The page of a session: its tabs with their frames and documents, and the handling of the browser's events about
//! them.

#[cfg(feature = "render")]
pub(super) mod blocking;
pub(super) mod chromium_page;
pub(super) mod clipboard;
pub(super) mod closed_roots;
pub(super) mod dialogs;
pub(super) mod document;
pub(super) mod emulation;
pub(super) mod frame_geometry;
pub(super) mod frames;
#[cfg(feature = "render")]
pub(super) mod http_auth;
pub(super) mod internals;
pub(super) mod locate;
pub(super) mod open;
pub(super) mod page_clock;
pub(super) mod pictures;
pub(super) mod refs;
pub(super) mod reports;
pub(super) mod shape;
pub(super) mod tab;
pub(super) mod tabs;
pub(super) mod target_events;
pub(super) mod target_setup;
pub(super) mod targets;
pub(super) mod world;
