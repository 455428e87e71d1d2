//! The commands of the program other than `serve`, one file or folder per command.

mod account_view;
mod amounts;
pub(crate) mod doctor;
pub(crate) mod forward;
pub(crate) mod key;
pub(crate) mod run;
pub(crate) mod user;
