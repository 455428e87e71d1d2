//! A client's frame on the channel, in either codec: understood, refused, or it closes the connection; never a panic.
#![no_main]

use capture_core::Limits;
use capture_ws::{
    codec::Codec,
    frame::{Command, Request},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let codec = if first % 2 == 0 { Codec::Json } else { Codec::MessagePack };
    let message = match std::str::from_utf8(bytes) {
        // Not UTF-8 never gets this far: the socket closes 1007.
        Err(_) if codec == Codec::Json => return,
        _ => codec.message(bytes.to_vec().into()),
    };
    let Ok(value) = codec.decode(&message, 64) else { return };
    for other in Codec::ALL {
        let encoded = other.encode(&value).expect("what was read can be written");
        let again = other.decode(&other.message(encoded), 64).expect("and read again");
        assert_eq!(again, value);
    }
    let Ok(request) = Request::read(value) else { return };
    if let Err(error) = Command::parse(&request, &Limits::default()) {
        assert!(!error.message().is_empty());
    }
});
