//! Any bytes as what a browser says on its pipe: split, read and routed without a panic, too large ones skipped,
//! however they arrive.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, stream)) = data.split_first() else { return };
    let whole = capture_core::fuzzing::messages(&mut [stream].into_iter());
    let pieces = capture_core::fuzzing::messages(&mut stream.chunks(usize::from(*first) + 1));
    assert_eq!(whole, pieces, "messages are whole however they arrive");
});
