//! The architecture as tests: which crate, which module and which file may use which, and where a library stays.

mod crates;
mod libraries;
mod modules;
mod sources;
mod tokens;
