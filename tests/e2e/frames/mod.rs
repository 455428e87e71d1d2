//! The golden files of `wire/frames`: a frame of every kind, as JSON and as MessagePack.
//!
//! They are named like the messages in `/asyncapi.json`, with `-variant` for further examples of one kind.
//! `GOLDEN=write` writes them again.

mod answers;
mod document;
mod events;
mod requests;

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use capture_core::{
    Limits,
    action::ActionType,
    clock::Timestamp,
    session::{Lifecycle, SessionId, SessionOptions, SessionView},
};
use capture_tests::{channel, elsewhere};
use capture_ws::{
    asyncapi,
    codec::Codec,
    frame::{Command, Request},
};
use serde::Serialize;
use serde_json::Value;

use crate::golden;

/// Bytes per line of a `.hex` file.
const ON_A_LINE: usize = 16;
/// The moment at which the answers are written.
const NOW: Timestamp = Timestamp(1_763_000_060_500);

/// A frame in both encodings.
#[derive(Debug, PartialEq)]
struct Golden {
    name: String,
    text: Bytes,
    packed: Bytes,
}

impl Golden {
    fn of(name: &str, frame: &impl Serialize) -> Self {
        let encode = |codec: Codec| codec.encode(frame).unwrap();
        Self { name: name.to_owned(), text: encode(Codec::Json), packed: encode(Codec::MessagePack) }
    }

    /// The frame in its files; empty where there are none.
    fn kept(name: &str) -> Self {
        let read = |extension: &str| fs::read_to_string(path(name, extension)).unwrap_or_default();
        let text = read("json").trim_end().to_owned().into();
        Self { name: name.to_owned(), text, packed: bytes(&read("hex")) }
    }

    fn write(&self) {
        fs::write(path(&self.name, "json"), [&self.text[..], b"\n"].concat()).unwrap();
        fs::write(path(&self.name, "hex"), hex(&self.packed)).unwrap();
    }

    fn value(&self) -> Value {
        serde_json::from_slice(&self.text).unwrap()
    }

    /// The name of its message in `/asyncapi.json`.
    fn message(&self) -> &str {
        self.name.split('-').next().unwrap()
    }
}

fn path(name: &str, extension: &str) -> PathBuf {
    folder().join(format!("{name}.{extension}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/frames")
}

/// A hex dump: the bytes as numbers, and beside them the readable characters.
fn hex(bytes: &[u8]) -> String {
    let mut lines = String::new();
    for chunk in bytes.chunks(ON_A_LINE) {
        let numbers: String = chunk.iter().fold(String::new(), |mut line, byte| {
            write!(line, "{byte:02x} ").unwrap();
            line
        });
        let shown = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
        let text: String = chunk.iter().map(shown).collect();
        writeln!(lines, "{numbers:48}|{text}|").unwrap();
    }
    lines
}

fn bytes(hex: &str) -> Bytes {
    let numbers = hex.lines().flat_map(|line| line.split('|').next().unwrap().split_whitespace());
    numbers.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn all() -> Vec<Golden> {
    [requests::all(), answers::all(), events::all()].into_iter().flatten().collect()
}

/// The id of the session that the frames are about.
fn session_id() -> SessionId {
    "sess_567d78d2-d16f-434d-91f8-377a07161783".parse().unwrap()
}

fn lifecycle() -> Lifecycle {
    let options = SessionOptions::with_ttl(std::time::Duration::from_secs(300));
    let mut life = Lifecycle::start(session_id(), options, Timestamp(1_763_000_000_000), Timestamp(1_763_000_000_120));
    for (kind, success) in [(ActionType::Goto, true), (ActionType::Click, false)] {
        life.usage.begin(kind);
        life.usage.end(kind, success);
    }
    life
}

fn session() -> SessionView {
    lifecycle().view()
}

#[test]
fn every_kind_of_frame_is_the_golden_one_in_both_codecs() {
    let mut different = Vec::new();
    for frame in all() {
        if Golden::kept(&frame.name) != frame {
            if golden::writes() { frame.write() } else { different.push(frame.name) }
        }
    }
    assert!(different.is_empty(), "write them with GOLDEN=write and look at the difference: {different:?}");
}

#[test]
fn the_files_are_one_of_every_message_that_machines_are_told_of() {
    let names = |files: Vec<String>| files.into_iter().collect::<BTreeSet<_>>();
    let known =
        names(all().iter().flat_map(|frame| ["json", "hex"].map(|end| format!("{}.{end}", frame.name))).collect());
    assert_eq!(names(capture_tests::processes::entries(&folder())), known, "no file is left over");
    let frames = all();
    let document = asyncapi::document();
    let described = document["components"]["messages"].as_object().unwrap();
    let shown: BTreeSet<&str> = frames.iter().map(Golden::message).collect();
    assert_eq!(shown, described.keys().map(String::as_str).collect());
    for frame in &frames {
        channel::check(frame.message(), &frame.value());
    }
}

#[test]
fn requests_in_the_files_are_understood_alike_in_both_codecs() {
    for name in requests::all().into_iter().map(|request| request.name) {
        let kept = Golden::kept(&name);
        let [packed, text] = [(Codec::MessagePack, kept.packed), (Codec::Json, kept.text)].map(|(codec, bytes)| {
            let value = codec.decode(&codec.message(bytes), 64).unwrap();
            Command::parse(&Request::read(value).unwrap(), &Limits::default()).unwrap()
        });
        assert_eq!(format!("{packed:?}"), format!("{text:?}"), "{name}");
    }
}

#[tokio::test]
async fn the_packed_files_are_the_text_files_as_a_library_in_javascript_has_them() {
    let kept: Vec<Golden> = all().iter().map(|frame| Golden::kept(&frame.name)).collect();
    let packed: Vec<Bytes> = kept.iter().map(|frame| frame.packed.clone()).collect();
    let decoded = elsewhere::decoded(&packed).await;
    assert_eq!(decoded.len(), kept.len());
    for (frame, decoded) in kept.iter().zip(decoded) {
        assert_eq!(frame.value(), decoded, "{}", frame.name);
        assert_eq!(frame.value(), channel::value(&frame.packed), "{}", frame.name);
    }
}
