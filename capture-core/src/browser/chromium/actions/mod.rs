//! Performs actions on pages, with one file per family, named as in [`crate::action`].

pub(super) mod console;
pub(super) mod content;
pub(super) mod drag;
pub(super) mod edit;
pub(super) mod form;
pub(super) mod goto;
mod higher_window;
pub(super) mod input;
pub(super) mod keyboard;
pub(super) mod navigate;
pub(super) mod paste;
pub(super) mod perform;
pub(super) mod pointer;
pub(super) mod read;
pub(super) mod screencast;
pub(super) mod screenshot;
pub(super) mod scroll;
pub(super) mod snapshot;
pub(super) mod viewport;
pub(super) mod wait;
