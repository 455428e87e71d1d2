//! Frames that break a rule of WebSocket or of the channel, and the close code for each.

use capture_tests::raw::{BINARY, CLOSE, NOT_LAST, PING, TEXT, claim, frame, unmasked};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::json;

use super::{LAST, Stage, ping};

/// Bytes that break the WebSocket protocol, with the close code.
fn broken() -> Vec<(&'static str, Codec, Vec<u8>, u16)> {
    let json = |what, bytes, code| (what, Codec::Json, bytes, code);
    let cut = |payload: &[u8]| [frame(TEXT ^ NOT_LAST, payload), frame(LAST, b"\"}")].concat();
    vec![
        json("no mask", unmasked(TEXT, &ping(1)), 1002),
        json("first reserved bit", frame(TEXT | 0x40, &ping(1)), 1002),
        json("second reserved bit", frame(TEXT | 0x20, &ping(1)), 1002),
        json("third reserved bit", frame(PING | 0x10, b""), 1002),
        json("reserved data", frame(0x83, &ping(1)), 1002),
        json("reserved control", frame(0x8B, b""), 1002),
        json("a ping in fragments", frame(PING ^ NOT_LAST, b"a"), 1002),
        json("a close in fragments", frame(CLOSE ^ NOT_LAST, &1000_u16.to_be_bytes()), 1002),
        json("a long ping", frame(PING, &[b'a'; 126]), 1002),
        json("a continuation of nothing", frame(LAST, &ping(1)), 1002),
        json("a message within another", [frame(TEXT ^ NOT_LAST, b"{"), frame(TEXT, &ping(1))].concat(), 1002),
        json("half a close code", frame(CLOSE, &[3]), 1002),
        json("a close code nobody may send", frame(CLOSE, &1005_u16.to_be_bytes()), 1002),
        json("not UTF-8", frame(TEXT, &[b'{', 0xFF, b'}']), 1007),
        json("a surrogate", frame(TEXT, &[0xED, 0xA0, 0x80]), 1007),
        json("not UTF-8 in fragments", cut(&[b'"', 0xC3, 0x28]), 1007),
        json("a close reason that is not UTF-8", frame(CLOSE, &[3, 0xE8, 0xFF]), 1007),
        json("bytes among text", frame(BINARY, &ping(1)), 1003),
        ("text among bytes", Codec::MessagePack, frame(TEXT, &ping(1)), 1003),
    ]
}

/// Frames that exceed the limit; most of them only announce such a length.
fn large() -> Vec<(&'static str, Codec, Vec<u8>, u16)> {
    let most = ChannelLimits::default().client_frame_bytes as u64;
    let half = vec![b' '; 600 << 10];
    let halves = [frame(TEXT ^ NOT_LAST, &half), frame(LAST, &half)].concat();
    vec![
        ("one byte too many", Codec::Json, frame(TEXT, &vec![b' '; (1 << 20) + 1]), 1009),
        ("one byte too many, claimed", Codec::Json, claim(TEXT, most + 1), 1009),
        ("too large in fragments", Codec::Json, halves, 1009),
        ("more than the server may send", Codec::MessagePack, frame(BINARY, &vec![0xC0; (16 << 20) + 1]), 1009),
        ("2^63 bytes", Codec::MessagePack, claim(BINARY, 1 << 63), 1009),
        ("all the bytes there can be", Codec::Json, claim(TEXT, u64::MAX), 1009),
        ("a ping of 2^62 bytes", Codec::Json, claim(PING, 1 << 62), 1009),
    ]
}

/// Complete messages that are not frames of the channel.
fn undecodable() -> Vec<(&'static str, Codec, Vec<u8>, u16)> {
    let json = |what, payload: &[u8]| (what, Codec::Json, frame(TEXT, payload), 4500);
    let packed = |what, payload: &[u8]| (what, Codec::MessagePack, frame(BINARY, payload), 4500);
    let deep = |open: &[u8]| open.repeat(150_000);
    let trailing = [&ping(1)[..], b"1"].concat();
    let packed_ping = Codec::MessagePack.encode(&json!({"id": 1, "method": "connection.ping"})).unwrap();
    vec![
        json("nothing", b""),
        packed("nothing", b""),
        json("arrays without end", &deep(b"[")),
        json("objects without end", &deep(b"{\"a\":")),
        packed("arrays without end", &deep(&[0x91])),
        packed("maps without end", &deep(&[0x81, 0xA1, b'a'])),
        packed("2^32-1 elements", &[0xDD, 0xFF, 0xFF, 0xFF, 0xFF]),
        packed("2^32-1 entries", &[0xDF, 0xFF, 0xFF, 0xFF, 0xFF]),
        packed("2^32-1 characters", &[0xDB, 0xFF, 0xFF, 0xFF, 0xFF]),
        packed("2^32-1 bytes", &[0xC6, 0xFF, 0xFF, 0xFF, 0xFF]),
        packed("2^32-1 elements within", &[0x81, 0xA2, b'i', b'd', 0xDD, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
        json("more after its end", &trailing),
        packed("more after its end", &[&packed_ping[..], &[0xC0]].concat()),
        json("an id beyond 2^53-1", br#"{"id":9007199254740992,"method":"connection.ping"}"#),
        json("a key twice", br#"{"id":1,"id":1,"method":"connection.ping"}"#),
    ]
}

#[tokio::test]
async fn broken_frames_are_told_what_is_wrong_with_them() {
    let mut stage = Stage::set(ChannelLimits::default()).await;
    for (what, codec, bytes, expected) in [broken(), large(), undecodable()].concat() {
        let socket = stage.socket(codec).await;
        let code = stage.during(socket.closed_by(&bytes)).await;
        assert_eq!(code, Some(expected), "{what}, {codec:?}");
    }
    stage.end().await;
}
