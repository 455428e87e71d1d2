//! End-to-end stories in one binary: the real server as a process, real Chromium, real SQLite, real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed step fails the test where it stands"
)]

mod accname;
mod attacks;
mod bad_input;
mod behaviours;
mod billing;
mod boundaries;
mod bounds_table;
mod bypass;
mod cdp;
mod channel;
mod claims;
mod cli;
mod clicks;
mod clients;
mod cluster;
mod cluster_faults;
mod codecs;
mod connect_expiry;
mod connect_urls;
mod content;
mod crashes;
mod cuts;
mod demo;
mod discovery;
mod documents;
mod edge;
mod edge_bounds;
mod failover;
mod fairness;
mod faults;
mod fields;
mod forward;
mod frames;
mod frameworks;
mod golden;
mod hardening;
mod hostile;
mod idempotency;
mod isolation;
mod keys;
mod late;
mod lifecycle;
mod load;
mod navigation;
mod neighbours;
mod neighbours_bytes;
mod pages;
mod picture_site;
mod pictures;
mod proxy;
mod raw_frames;
mod readme;
mod renders;
mod sdk;
mod shared;
mod soak;
mod steps;
mod tabs;
mod waits;
mod watchers;
