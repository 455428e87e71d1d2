//! The processing of a browser's messages, as far as it works without a browser.

use super::{
    cdp::{Event, events_of},
    console::log::ConsoleLog,
};
use crate::{clock::Clock, event::ConsoleFeed};

/// Splits and parses a stream that arrives in pieces, and keeps its console messages. Returns the numbers of replies,
/// events and messages that were too large.
pub fn messages(pieces: &mut dyn Iterator<Item = &[u8]>) -> [usize; 3] {
    let mut console_log = ConsoleLog::new(ConsoleFeed::default().writer(), Clock::start());
    events_of(pieces, |event: &Event| console_log.on_event(event))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Streams that a browser might send: our own messages with sizes around the bounds, cut and mixed with arbitrary
    /// bytes.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let event = (0..3_000_usize, "[A-Z0-9]{0,40}").prop_map(|(size, session)| {
            let text = "x".repeat(size);
            format!(
                r#"{{"method":"Runtime.consoleAPICalled","params":{{"type":"log","args":[{{"type":"string","value":"{text}"}}],"timestamp":1}},"sessionId":"{session}"}}"#
            )
            .into_bytes()
        });
        let reply = (any::<u64>(), 0..3_000_usize)
            .prop_map(|(id, size)| format!(r#"{{"id":{id},"result":{{"data":"{}"}}}}"#, "y".repeat(size)).into_bytes());
        let anything = prop::collection::vec(any::<u8>(), 0..200);
        let piece = prop_oneof![event, reply, anything];
        prop::collection::vec((piece, any::<bool>()), 0..12).prop_map(|pieces| {
            let ended = |(mut bytes, whole): (Vec<u8>, bool)| {
                bytes.extend(whole.then_some(0));
                bytes
            };
            pieces.into_iter().flat_map(ended).collect()
        })
    }

    proptest! {
        #[test]
        fn a_stream_is_the_same_however_it_arrives(stream in stream(), piece in 1..4_000_usize) {
            let whole = messages(&mut [stream.as_slice()].into_iter());
            prop_assert_eq!(messages(&mut stream.chunks(piece)), whole);
        }
    }
}
