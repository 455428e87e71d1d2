//! The way of a browser's messages, as far as it goes without a browser.

use super::{
    cdp::{Event, events_of},
    journal::Journal,
};

/// Splits and reads a stream that arrives in pieces, and keeps what is written to the console. How many replies and events.
pub fn messages(pieces: &mut dyn Iterator<Item = &[u8]>) -> (usize, usize) {
    let mut journal = Journal::default();
    events_of(pieces, |event: &Event| journal.on_event(event))
}
