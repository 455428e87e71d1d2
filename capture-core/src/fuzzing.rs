//! Access to internals for fuzz targets; compiled only for them.

pub use crate::browser::chromium::fuzzing::messages;
