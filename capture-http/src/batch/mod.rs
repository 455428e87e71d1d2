//! Batches: many renders that are asked for at once, carried out in the background, and told when they are done.
//!
//! ```text
//! routes ─► parse ─► registry ─► files
//!              runner ─┘ └─► render ─► storage
//!                 └─► notify ─► the user's server
//! ```
//!
//! A batch belongs to the instance that has accepted it, and survives its restart: [`record`] is what is written down,
//! [`registry`] keeps it, [`runner`] carries it out. This folder must not know what a parameter means, or how a page
//! makes a result.

mod files;
mod notify;
mod parse;
mod record;
mod registry;
mod routes;
mod runner;
mod schedule;
mod view;

pub use self::runner::resume_batches;
pub(crate) use self::{
    registry::Batches,
    routes::{file, get, image, pdf},
};
