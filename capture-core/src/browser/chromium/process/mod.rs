//! A browser as a process: its program, arguments, folder, user id, memory and sandbox, and a connection to one elsewhere.
//!
//! Knows no pages and no contexts.

pub(super) mod chromium_process;
pub(super) mod executable;
pub(super) mod flags;
pub(super) mod host;
pub(super) mod kind;
pub(super) mod last_words;
pub(super) mod memory;
pub(super) mod remote;
pub(super) mod run_root;
pub(super) mod runtime;
pub(super) mod sandbox;
pub(super) mod uids;
