//! The architecture as tests: which crate, module and file may use which others, and where each library may be used.

mod crates;
mod libraries;
mod modules;
mod sources;
mod tokens;
