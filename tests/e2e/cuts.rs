//! A connection that is cut at any point: after resuming, nothing is lost, nothing arrives twice, and nothing was
//! executed twice.

use std::collections::{BTreeMap, HashMap};

use capture_core::browser::simulated::Simulated;
use capture_tests::{Channel, SimulatedServer};
use capture_ws::{codec::Codec, limits::ChannelLimits};
use serde_json::{Value, json};

const ACTIONS: usize = 12;

/// Where the connection is cut.
#[derive(Debug, Clone, Copy)]
enum Cut {
    /// After this many frames were sent and none was read.
    Sent(usize),
    /// After everything was sent and this many frames were read.
    Read(usize),
}

/// The state of a client across its connections.
#[derive(Debug, Default)]
struct Memory {
    epoch: Option<Value>,
    events: BTreeMap<u64, Value>,
    answers: HashMap<usize, Value>,
}

impl Memory {
    fn since(&self) -> Option<Value> {
        let epoch = self.epoch.clone()?;
        Some(json!({"epoch": epoch, "seq": self.events.keys().last().copied().unwrap_or(0)}))
    }

    fn keep(&mut self, event: &Value) {
        let seq = event["seq"].as_u64().unwrap();
        if let Some(known) = self.events.insert(seq, event.clone()) {
            assert_eq!(&known, event, "a seq means one event");
        }
    }

    /// Takes a frame. Ids of actions are their numbers; the id of the subscription follows them.
    fn take(&mut self, frame: &Value) {
        if frame["type"] == "event" {
            return self.keep(frame);
        }
        assert_eq!(frame["type"], "success", "{frame}");
        let id = usize::try_from(frame["id"].as_u64().unwrap()).unwrap();
        if id < ACTIONS {
            assert!(self.answers.insert(id, frame["result"].clone()).is_none(), "one answer for each request");
        } else {
            let result = &frame["result"];
            assert_eq!(result["recovered"], true, "{result}");
            self.epoch = Some(result["epoch"].clone());
            result["events"].as_array().unwrap().iter().for_each(|event| self.keep(event));
        }
    }
}

fn action(number: usize) -> Value {
    match number % 4 {
        0 => json!({"type": "goto", "payload": {"url": format!("http://a.test/{number}")}}),
        1 => json!({"type": "title"}),
        2 => json!({"type": "fill", "payload": {"selector": "#a", "value": number.to_string()}}),
        _ => json!({"type": "batch", "payload": {"actions": [{"type": "url"}, {"type": "title"}]}}),
    }
}

/// The frames a client has to send: the subscription, and every action without an answer.
fn frames(session: &str, memory: &Memory) -> Vec<Value> {
    let mut params = json!({});
    if let Some(since) = memory.since() {
        params["since"] = since;
    }
    let subscribe = json!({"id": ACTIONS, "method": "session.subscribe", "sessionId": session, "params": params});
    let open = (0..ACTIONS).filter(|number| !memory.answers.contains_key(number));
    let act = |number: usize| {
        json!({"id": number, "method": "session.act", "sessionId": session, "key": format!("k{number}"),
            "params": action(number)})
    };
    std::iter::once(subscribe).chain(open.map(act)).collect()
}

async fn send(channel: &mut Channel, frames: &[Value]) {
    for frame in frames {
        channel.send_frame(frame).await;
    }
}

/// Plays the scenario with a cut. Returns how many frames the server sends in total, if there is no cut.
async fn play(server: &SimulatedServer, codec: Codec, cut: Option<Cut>) -> usize {
    let session = server.client().create(&json!({})).await;
    let mut memory = Memory::default();
    let all = frames(&session, &memory);
    let mut first = server.channel(codec).await;
    match cut {
        Some(Cut::Sent(count)) => send(&mut first, &all[..count]).await,
        Some(Cut::Read(count)) => {
            // Eight actions may wait and one runs, so the others are sent once there is room.
            send(&mut first, &all[..9]).await;
            for number in 0..count {
                if number == 12 {
                    send(&mut first, &all[9..]).await;
                }
                memory.take(&first.next_frame().await.unwrap());
            }
        }
        None => {}
    }
    if cut.is_some() {
        first.drop_connection();
    }
    let mut read = 0;
    let mut channel = server.channel(codec).await;
    // In order and few at a time, as a client does that respects the limits.
    let open = frames(&session, &memory);
    for chunk in open.chunks(5) {
        send(&mut channel, chunk).await;
        let wanted = |memory: &Memory| {
            let answered = |frame: &Value| match frame["id"].as_u64().map(|id| usize::try_from(id).unwrap()) {
                Some(ACTIONS) => memory.epoch.is_some(),
                Some(id) => memory.answers.contains_key(&id),
                None => true,
            };
            chunk.iter().all(answered)
        };
        while !wanted(&memory) {
            memory.take(&channel.next_frame().await.unwrap());
            read += 1;
        }
    }
    check(server, &session, &memory).await;
    server.client().close(&session).await.expect(200);
    read
}

async fn check(server: &SimulatedServer, session: &str, memory: &Memory) {
    assert_eq!(memory.answers.len(), ACTIONS, "no answer is lost");
    let seqs: Vec<u64> = memory.events.keys().copied().collect();
    let first = seqs.first().copied().unwrap_or(1);
    assert_eq!(seqs, (first..first + seqs.len() as u64).collect::<Vec<_>>(), "no hole");
    let mut ids: Vec<&str> = memory
        .events
        .values()
        .filter(|event| event["method"] == "action.started")
        .map(|event| event["params"]["actionId"].as_str().unwrap())
        .collect();
    let told = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told, "nothing begins twice");
    let view = server.client().session(session).await;
    let breakdown = &view["session"]["actionBreakdown"];
    let alone: u64 =
        ["goto", "title", "fill", "batch"].iter().map(|kind| breakdown[kind]["total"].as_u64().unwrap()).sum();
    // Three actions of each kind, and a title in each of the three batches.
    assert_eq!(alone, ACTIONS as u64 + 3, "nothing ran twice: {breakdown}");
}

#[tokio::test]
async fn a_cut_anywhere_loses_nothing_and_doubles_nothing() {
    let server = SimulatedServer::start(Simulated::default(), ChannelLimits::default()).await;
    for codec in Codec::ALL {
        let frames = play(&server, codec, None).await;
        assert!(frames >= 40, "{frames} frames");
        for count in 0..=9 {
            play(&server, codec, Some(Cut::Sent(count))).await;
        }
        for count in 0..frames {
            play(&server, codec, Some(Cut::Read(count))).await;
        }
    }
    server.stop().await;
}
