//! The refs that snapshots have issued, and the documents they belong to.
//!
//! This module must not know elements.

use std::ops::Range;

/// The issued refs. A number is never used twice in a session, and belongs to one document.
#[derive(Debug)]
pub(crate) struct Refs {
    next: u32,
    places: Vec<(Range<u32>, String)>,
}

impl Default for Refs {
    fn default() -> Self {
        Self { next: 1, places: Vec::new() }
    }
}

impl Refs {
    /// The number of the next ref.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// Records that the document of this world issued the refs up to `next`. Refs of documents that are gone are
    /// forgotten.
    pub(crate) fn give_out(&mut self, next: u32, world: &str, is_known: impl Fn(&str) -> bool) {
        self.places.retain(|(_, unique)| is_known(unique));
        self.places.push((self.next..next, world.to_owned()));
        self.next = next;
    }

    /// The world of the document that issued this ref.
    pub(crate) fn world(&self, number: u32) -> Option<&str> {
        self.places.iter().find(|(range, _)| range.contains(&number)).map(|(_, unique)| unique.as_str())
    }
}
