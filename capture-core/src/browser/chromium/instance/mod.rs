//! One running browser: its connection, its contexts and their proxy ports, the routing of its events, and its CDP
//! clients.
//!
//! This module must not know tabs or actions.

pub(super) mod browser;
pub(super) mod cdp_clients;
pub(super) mod client_queue;
pub(super) mod closing;
pub(super) mod context;
pub(super) mod event_router;
pub(super) mod failure_reasons;
pub(super) mod internal_events;
pub(super) mod picture_room;
pub(super) mod proxy_ports;
