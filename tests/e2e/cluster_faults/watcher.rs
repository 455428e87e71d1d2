//! A follower of a session through all faults: no event is missed unless that is reported, none arrives twice, and the
//! end is reported.

use std::{sync::Arc, time::Duration};

use capture_tests::{Channel, Connect};
use capture_ws::codec::Codec;
use serde_json::{Value, json};

use super::load::Scene;

/// Pause before reconnecting.
const AGAIN: Duration = Duration::from_millis(200);

/// The position of a follower: the epoch of the log, and the last sequence number.
struct Position {
    epoch: String,
    seq: u64,
}

/// Follows until the session's end.
pub(super) async fn watch(scene: Arc<Scene>, session: usize) {
    let id = &scene.sessions[session];
    let mut at: Option<Position> = None;
    loop {
        if follow(&scene, id, &mut at).await {
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Follows on one connection. Returns whether the end was reported.
async fn follow(scene: &Scene, id: &str, at: &mut Option<Position>) -> bool {
    let (address, client) = (scene.front.address(), scene.front.client());
    let codec = Codec::MessagePack;
    let connect = Connect { address: &address, token: client.token(), protocols: codec.subprotocol(), origin: None };
    let Some((socket, codec)) = connect.open_if_there().await else { return false };
    let mut channel = Channel::over(socket, codec);
    let mut params = json!({});
    if let Some(at) = at {
        params = json!({"since": {"epoch": at.epoch, "seq": at.seq}});
    }
    let number = channel.send("session.subscribe", id, "", params).await;
    let Some(answer) = channel.try_answer(number).await else { return false };
    if answer["type"] != "success" {
        let error = &answer["error"];
        if error["code"] == "session_not_found" {
            scene.traces.wrong(format!("a session that was followed is not found: {answer}"));
        }
        return ["session_inactive", "session_lost", "session_not_found"].iter().any(|code| error["code"] == *code);
    }
    if begin(scene, &answer["result"], at) {
        return true;
    }
    loop {
        while let Some(event) = channel.events.pop_front() {
            if take(scene, &event, at) {
                return true;
            }
        }
        if !channel.take().await {
            return false;
        }
    }
}

/// Takes the start of a subscription. Returns whether the session has ended.
fn begin(scene: &Scene, result: &Value, at: &mut Option<Position>) -> bool {
    if at.is_some() && result["recovered"] == true {
        return result["events"].as_array().unwrap().iter().any(|event| take(scene, event, at));
    }
    let (epoch, seq) = (result["epoch"].as_str().unwrap(), result["seq"].as_u64().unwrap());
    *at = Some(Position { epoch: epoch.to_owned(), seq });
    result["snapshot"]["session"]["status"] != "active"
}

/// Takes an event. Returns whether it is the last.
fn take(scene: &Scene, event: &Value, at: &mut Option<Position>) -> bool {
    let (Some(at), Some(seq)) = (at, event["seq"].as_u64()) else { return false };
    if event["epoch"].as_str().is_some_and(|epoch| epoch != at.epoch) {
        scene.traces.wrong(format!("an event of another log than was followed: {event}"));
    }
    if seq > at.seq + 1 {
        scene.traces.wrong(format!("the events from {} to {} were missed without a report", at.seq + 1, seq - 1));
    }
    at.seq = at.seq.max(seq);
    event["method"] == "session.closed"
}
