//! Which module may use which, and that neither modules nor files go in circles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::sources::Sources;

/// The architecture: a module, and the modules it may use; those of its own crate without the crate's name. What a
/// module may use stands above it, but for [`KNOWN_UPWARD`].
///
/// A module is a folder with everything in it that has no row of its own, or a file that stands beside folders. Types
/// that a folder hands on are used where they are declared.
const MODULES: &[(&str, &str)] = &[
    ("core/clock", ""),
    ("core/strict", ""),
    ("core/fair", ""),
    ("core/tasks", ""),
    ("core/tls", ""),
    ("core/limits", ""),
    ("core/billing", ""),
    ("core/egress", "fair tasks tls"),
    ("core/error", "session"),
    ("core/account", "clock fair error session ledger"),
    ("core/shares", "account"),
    ("core/action", "clock limits error cluster"),
    ("core/session", "clock tasks limits billing egress error account shares action browser ledger sessions cluster"),
    ("core/browser", "egress error account shares action session"),
    ("core/browser/simulated", "egress error account action session browser"),
    ("core/browser/chromium/config", "egress"),
    ("core/browser/chromium/scripts", ""),
    ("core/browser/chromium/cdp", "tasks browser"),
    ("core/browser/chromium/error", "error browser browser/chromium/cdp"),
    ("core/browser/chromium/console", "clock action session browser/chromium/cdp"),
    ("core/browser/chromium/process", "clock tasks tls egress browser browser/chromium/config"),
    (
        "core/browser/chromium/instance",
        "tasks limits egress shares browser browser/chromium/config browser/chromium/cdp browser/chromium/console \
         browser/chromium/process",
    ),
    ("core/browser/chromium/bridge", "strict shares browser browser/chromium/cdp browser/chromium/instance"),
    (
        "core/browser/chromium/page",
        "clock tasks error action session browser browser/chromium/scripts browser/chromium/cdp browser/chromium/console \
         browser/chromium/instance",
    ),
    (
        "core/browser/chromium/actions",
        "limits egress error account action browser browser/chromium/cdp browser/chromium/instance \
         browser/chromium/bridge browser/chromium/page",
    ),
    (
        "core/browser/chromium/pool",
        "tasks egress account action browser browser/chromium/config browser/chromium/process \
         browser/chromium/instance browser/chromium/page",
    ),
    ("core/browser/chromium", "clock tasks egress session browser browser/chromium/process browser/chromium/pool"),
    ("core/browser/chromium/fuzzing", "clock session browser/chromium/cdp browser/chromium/console"),
    ("core/fuzzing", ""),
    ("core/ledger", "clock error account session"),
    ("core/ledger/sqlite", "clock account action session ledger"),
    ("core/ledger/redis", "clock error account session ledger"),
    ("core/sessions", "error account action session browser"),
    ("core/reply", "clock error action sessions"),
    (
        "core/engine",
        "clock fair tasks limits billing egress error account action session browser browser/simulated ledger \
         sessions",
    ),
    ("core/cluster", "fair tasks error account action session ledger/redis sessions engine"),
    ("core/cluster/redis", "tasks ledger/redis cluster"),
    ("ws/close", ""),
    ("ws/client", "core/error core/account core/session"),
    ("ws/limits", ""),
    ("ws/codec", "core/strict core/session close"),
    ("ws/countdown", ""),
    (
        "ws/frame",
        "core/clock core/limits core/error core/account core/action core/session core/browser core/sessions limits",
    ),
    ("ws/outbox", "core/clock core/shares core/session close limits"),
    ("ws/pace", ""),
    ("ws/crowd", "core/fair core/account close limits"),
    ("ws/watched", "core/shares"),
    ("ws/splice", ""),
    ("ws/cdp", "core/browser watched"),
    (
        "ws/channels",
        "core/clock core/tasks core/limits core/account core/shares core/browser core/sessions client limits codec \
         crowd watched splice cdp connection",
    ),
    (
        "ws/connection",
        "core/clock core/error core/account core/session core/sessions close client limits codec countdown frame \
         outbox pace channels",
    ),
    ("ws/asyncapi", "core/action core/session codec frame"),
    ("http/request_id", ""),
    ("http/disk", ""),
    ("http/client_address", "core/egress app"),
    ("http/server", "core/tasks core/account client_address"),
    (
        "http/app",
        "core/clock core/limits core/error core/account core/sessions core/engine core/cluster ws/limits \
         ws/channels disk client_address auth",
    ),
    ("http/error", "core/error request_id app"),
    ("http/auth", "core/error core/account core/sessions client_address server app error"),
    ("http/extract", "core/strict core/error core/account core/session core/sessions server app error auth"),
    ("http/reply", "core/clock core/error core/action core/session core/sessions app error"),
    ("http/actions", "core/error core/action core/sessions app error extract reply"),
    ("http/bearer", "core/account"),
    ("http/config", "core/limits core/egress core/browser/chromium/config ws/limits client_address"),
    ("http/data_dir", ""),
    ("http/failure", "core/error core/account core/browser core/ledger config data_dir"),
    (
        "http/books",
        "core/account core/ledger core/ledger/sqlite core/ledger/redis core/engine core/cluster/redis config \
         data_dir failure",
    ),
    (
        "http/stream",
        "core/error core/account core/session ws/client ws/codec client_address app error auth extract reply cdp",
    ),
    (
        "http/cdp",
        "core/clock core/error core/account core/session core/sessions ws/client ws/cdp client_address app error \
         auth reply stream",
    ),
    ("http/signals", ""),
    ("http/terminal", ""),
    ("http/cli", "config commands"),
    (
        "http/commands",
        "core/error core/account core/action core/session core/browser/chromium/config \
         core/browser/chromium/process core/browser/chromium core/sessions core/engine bearer config data_dir \
         failure books signals terminal cli",
    ),
    ("http/demo", "app error reply"),
    ("http/describe", "ws/asyncapi"),
    ("http/devices", "core/action error reply"),
    ("http/health", "app"),
    ("http/host", "core/error app error"),
    ("http/leftover", ""),
    ("http/main", ""),
    ("http/panics", "core/error error"),
    ("http/sessions", "core/error core/session app error auth extract reply cdp"),
    (
        "http/router",
        "request_id client_address app error actions stream cdp demo describe devices health host leftover panics \
         sessions",
    ),
    (
        "http/serve",
        "core/account core/browser core/browser/chromium/config core/browser/chromium core/engine core/cluster \
         ws/channels disk server app bearer config data_dir failure books signals terminal router",
    ),
    ("http/telemetry", "config"),
];

/// Arrows to a module below, each of which makes a circle: none may come to them.
const KNOWN_UPWARD: &[(&str, &str)] = &[
    ("core/error", "core/session"),
    ("core/account", "core/session"),
    ("core/account", "core/ledger"),
    ("core/action", "core/cluster"),
    ("core/session", "core/browser"),
    ("core/session", "core/ledger"),
    ("core/session", "core/sessions"),
    ("core/session", "core/cluster"),
    ("ws/channels", "ws/connection"),
    ("http/client_address", "http/app"),
    ("http/app", "http/auth"),
    ("http/stream", "http/cdp"),
    ("http/cli", "http/commands"),
];

/// Modules in which files use each other in circles, alone or with those of the others here: none may come to them.
const KNOWN_CIRCLES: &[&str] = &[
    "core/egress",
    "core/account",
    "core/error",
    "core/ledger",
    "core/session",
    "core/action",
    "core/cluster",
    "core/ledger/redis",
    "core/sessions",
    "core/engine",
    "ws/channels",
    "ws/connection",
    "http/app",
    "http/auth",
    "http/client_address",
    "http/server",
    "http/cdp",
    "http/stream",
    "tests/client",
    "tests/contract",
];

/// The row of a file: the longest that it is or lies in. The root of a crate only declares.
fn row(file: &str) -> Option<&'static str> {
    let is_in = |row: &&str| file.strip_prefix(*row).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    MODULES.iter().map(|(row, _)| *row).filter(is_in).max_by_key(|row| row.len())
}

/// What the table lets a module use, in full.
fn allowed(row: &str) -> BTreeSet<String> {
    let (_, names) = MODULES.iter().find(|(known, _)| *known == row).unwrap();
    let own = row.split('/').next().unwrap();
    let whole = |name: &str| match name.split('/').next() {
        Some("core" | "ws" | "http") => name.to_owned(),
        _ => format!("{own}/{name}"),
    };
    names.split_whitespace().map(whole).collect()
}

/// The arrows between modules, each with the files it is from and to.
fn arrows(sources: &Sources) -> BTreeMap<(&'static str, &'static str), Vec<(String, String)>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (file, used) in sources.arrows() {
        for other in used {
            let (Some(from), Some(to)) = (row(file), row(other)) else { continue };
            if from != to {
                let paths = [file, other].map(|file| sources.files[file].path.clone());
                found.entry((from, to)).or_default().push(paths.into());
            }
        }
    }
    found
}

#[test]
fn every_file_is_in_a_module_and_every_module_has_files() {
    let sources = Sources::read();
    let products: Vec<&String> =
        sources.files.keys().filter(|file| file.contains('/') && !file.starts_with("tests/")).collect();
    let homeless: Vec<_> = products.iter().filter(|file| row(file).is_none()).collect();
    assert!(homeless.is_empty(), "without a row in MODULES: {homeless:?}");
    let filled: BTreeSet<_> = products.iter().filter_map(|file| row(file)).collect();
    let empty: Vec<_> = MODULES.iter().filter(|(row, _)| !filled.contains(row)).collect();
    assert!(empty.is_empty(), "rows of MODULES without a file: {empty:?}");
}

#[test]
fn modules_use_each_other_only_as_the_table_says() {
    let sources = Sources::read();
    let mut wrong = Vec::new();
    for ((from, to), files) in arrows(&sources) {
        if !allowed(from).contains(to) {
            wrong.extend(files.iter().map(|(file, other)| format!("{from} must not use {to}: {file} uses {other}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_arrow_that_nothing_uses() {
    let sources = Sources::read();
    let arrows = arrows(&sources);
    for (row, _) in MODULES {
        for to in allowed(row) {
            assert!(arrows.contains_key(&(*row, to.as_str())), "{row} does not use {to} any more: strike it");
        }
    }
}

#[test]
fn modules_use_what_stands_above_them() {
    let place = |name: &str| MODULES.iter().position(|(row, _)| *row == name).expect(name);
    for (row, _) in MODULES {
        for to in allowed(row) {
            let is_known = KNOWN_UPWARD.contains(&(*row, to.as_str()));
            assert_eq!(place(&to) > place(row), is_known, "{row} uses {to}: above it, or else in KNOWN_UPWARD");
        }
    }
}

/// The shortest way from a file back to it.
fn circle<'a>(file: &'a str, arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![file]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in arrows.get(way.last()?).into_iter().flatten() {
            if *next == file {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back([way.as_slice(), &[*next]].concat());
            }
        }
    }
    None
}

#[test]
fn files_do_not_use_each_other_in_circles() {
    let sources = Sources::read();
    let arrows = sources.arrows();
    let is_known = |file: &&str| KNOWN_CIRCLES.contains(&row(file).unwrap_or(file));
    let circles = arrows.keys().filter_map(|file| circle(file, &arrows));
    let new: Vec<_> = circles.filter(|circle| !circle.iter().all(is_known)).map(|way| way.join(" → ")).collect();
    assert!(new.is_empty(), "circles of files:\n{}", new.join("\n"));
    for known in KNOWN_CIRCLES {
        let mut inside = arrows.keys().filter(|file| row(file).unwrap_or(file) == *known);
        assert!(inside.any(|file| circle(file, &arrows).is_some()), "{known} has no circle any more: strike it");
    }
}
