//! The complete frames in `docs/channel.md`, which are those of the golden files.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use super::{Golden, all};
use crate::golden;

/// The heading before the frames, which reach to the end of the document.
const HEADING: &str = "\n## Complete frames\n";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/channel.md")
}

/// Each method with its request and its answer, then every event and an error. Variants of a kind are omitted.
fn section() -> String {
    let frames: Vec<Golden> = all().into_iter().filter(|frame| !frame.name.contains('-')).collect();
    let mut text = format!("{HEADING}\nAs the server and its clients write them in JSON, of one session.\n");
    for request in frames.iter().filter(|frame| frame.name.starts_with("request.")) {
        let method = request.name.trim_start_matches("request.");
        let answers = frames.iter().filter(|frame| frame.name == format!("success.{method}"));
        show(&mut text, method, [request].into_iter().chain(answers));
    }
    show(&mut text, "Events", frames.iter().filter(|frame| frame.name.starts_with("event.")));
    show(&mut text, "Errors", frames.iter().filter(|frame| frame.name == "error"));
    text
}

fn show<'a>(text: &mut String, title: &str, frames: impl Iterator<Item = &'a Golden>) {
    let title = if title.contains('.') { format!("`{title}`") } else { title.to_owned() };
    write!(text, "\n### {title}\n\n```json\n").unwrap();
    for frame in frames {
        writeln!(text, "{}", String::from_utf8_lossy(&frame.text)).unwrap();
    }
    text.push_str("```\n");
}

#[test]
fn the_document_shows_a_complete_frame_of_every_kind() {
    let (kept, section) = (fs::read_to_string(document()).unwrap(), section());
    let (before, shown) = kept.find(HEADING).map_or((&*kept, ""), |at| kept.split_at(at));
    if golden::writes() {
        fs::write(document(), format!("{before}{section}")).unwrap();
    } else {
        assert_eq!(shown, section, "write it with GOLDEN=write");
    }
}
