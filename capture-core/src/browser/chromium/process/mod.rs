//! A browser as a process: its program, arguments, folder, user id, memory and sandbox, and the connection to a browser
//! elsewhere.
//!
//! This module must not know pages or contexts.

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
