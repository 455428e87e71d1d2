//! What fuzz targets reach of the inside; only there when they are built.

pub use crate::browser::chromium::fuzzing::messages;
