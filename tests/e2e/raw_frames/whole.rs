//! Valid frames in unusual pieces, and requests in an unusual order.

use capture_tests::raw::{NOT_LAST, PING, PONG, frame};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::json;

use super::{LAST, Stage, answered_id, request};

#[tokio::test]
async fn a_frame_that_comes_byte_by_byte_and_in_fragments_is_a_frame() {
    let stage = Stage::set(ChannelLimits::default()).await;
    for codec in Codec::ALL {
        let mut socket = stage.socket(codec).await;
        let whole = request(codec, &json!({"id": 1, "method": "connection.ping"}));
        for byte in &whole {
            assert!(socket.sender.send(&[*byte]).await);
            tokio::task::yield_now().await;
        }
        assert_eq!(answered_id(codec, &socket.receiver.next().await.unwrap().payload), 1);
        let payload = codec.encode(&json!({"id": 2, "method": "connection.ping"})).unwrap();
        let first = whole[0] ^ NOT_LAST;
        let mut pieces = payload.chunks(1);
        let mut bytes = frame(first, pieces.next().unwrap());
        bytes.extend(pieces.flat_map(|piece| [frame(0, piece), frame(PING, b"between")].concat()));
        bytes.extend(frame(LAST, b""));
        assert!(socket.sender.send(&bytes).await);
        let answer = loop {
            let received = socket.receiver.next().await.unwrap();
            if received.first != PONG {
                break received.payload;
            }
            assert_eq!(received.payload, b"between");
        };
        assert_eq!(answered_id(codec, &answer), 2);
    }
    stage.end().await;
}

#[tokio::test]
async fn an_id_that_is_in_flight_twice_closes_in_both_codecs() {
    let mut stage = Stage::set(ChannelLimits::default()).await;
    let session = stage.server.client().create(&json!({})).await;
    for codec in Codec::ALL {
        let act = json!({"id": 1, "method": "session.act", "sessionId": session, "key": "k",
            "params": {"type": "wait_for_timeout", "payload": {"timeoutMs": 1000}}});
        let socket = stage.socket(codec).await;
        let twice = [request(codec, &act), request(codec, &json!({"id": 1, "method": "connection.ping"}))].concat();
        assert_eq!(stage.during(socket.closed_by(&twice)).await, Some(4509), "{codec:?}");
    }
    stage.end().await;
}
