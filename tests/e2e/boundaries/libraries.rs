//! Which modules may name a library.

use super::sources::Sources;

/// A library or a part of one, and the modules or files that may name it.
const PLACES: &[(&str, &[&str])] = &[
    ("redis", &["core/cluster/redis"]),
    ("rusqlite", &["core/ledger/sqlite"]),
    // Sockets: those of pages, the pipe to a browser, and the server's own listeners.
    (
        "tokio::net",
        &[
            "core/egress",
            "core/browser/chromium/process/chromium_process",
            "http/cdp/splice",
            "http/cdp/talk",
            "http/commands/forward/upstream",
            "http/outgoing",
            "http/serve",
            "http/server",
            "http/commands/doctor",
        ],
    ),
    ("tokio_rustls", &["core/egress", "core/tls", "http/commands/forward/upstream", "http/outgoing"]),
    // Buckets are behind a trait.
    ("object_store", &["http/storage"]),
    ("std::os::unix::net", &[]),
    ("command_fds", &["core/browser/chromium/process"]),
    ("landlock", &["core/browser/chromium/process/sandbox"]),
    ("seccompiler", &["core/browser/chromium/process/sandbox"]),
    ("chromiumoxide", &["core/browser/chromium"]),
    // A remote browser is connected over a WebSocket.
    (
        "tokio_tungstenite",
        &["core/browser/chromium/process/remote", "ws", "http/cdp", "http/commands/forward/door", "http/stream"],
    ),
    ("rmp_serde", &["core/cluster", "ws/codec", "http/render/disk_cache"]),
    ("adblock", &["core/block_lists"]),
    ("rmpv", &["core/action/relayed", "core/cluster"]),
    ("axum", &["http"]),
    // MD5 is only good for what the public API signs with it.
    ("md5", &["http/signed"]),
    ("clap", &["http/cli", "http/commands", "http/terminal"]),
    ("toml", &["http/config", "http/presets"]),
    ("std::process::Command", &["core/browser/chromium/process"]),
    ("tokio::process", &["core/browser/chromium/process", "http/commands"]),
];

#[test]
fn each_library_is_named_only_where_it_belongs() {
    let sources = Sources::read();
    let mut wrong = Vec::new();
    for (library, places) in PLACES {
        let library: Vec<&str> = library.split("::").collect();
        let mut used: Vec<&str> = Vec::new();
        for (file, source) in sources.files.iter().filter(|(file, _)| !file.starts_with("tests")) {
            if !source
                .named
                .iter()
                .any(|names| names.iter().zip(&library).filter(|(name, part)| name == part).count() == library.len())
            {
                continue;
            }
            let place = places
                .iter()
                .find(|place| file.strip_prefix(**place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
            match place {
                Some(place) => used.push(place),
                None => wrong.push(format!("{} does not belong in {}", library.join("::"), source.path)),
            }
        }
        let unused = places.iter().filter(|place| !used.contains(place));
        wrong.extend(unused.map(|place| format!("{place} does not name {} any more: strike it", library.join("::"))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
