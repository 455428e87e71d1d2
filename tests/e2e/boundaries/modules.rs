//! Which module may use which, and that neither modules nor files form cycles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::sources::Sources;

/// The architecture: each module, and the modules it may use; modules of its own crate are named without the crate. A
/// module may only use modules above it in the table, so that there can be no cycle.
///
/// A module is a folder with everything in it that has no row of its own, or a file that stands beside folders. Types
/// that a folder re-exports count as used where they are declared.
const MODULES: &[(&str, &str)] = &[
    ("core/clock", ""),
    ("core/strict", ""),
    ("core/fair", ""),
    ("core/tasks", ""),
    ("core/tls", ""),
    ("core/limits", ""),
    ("core/billing", ""),
    ("core/action_type", ""),
    ("core/egress", "fair tasks tls"),
    ("core/session", "clock limits billing action_type egress"),
    ("core/error", "session"),
    ("core/ledger_error", "error"),
    ("core/account", "clock fair session error ledger_error"),
    ("core/shares", "account"),
    ("core/action", "clock limits action_type error"),
    ("core/render", "limits action"),
    ("core/imaging", "action"),
    ("core/reply", "clock session error action"),
    ("core/call", "session account"),
    ("core/event", "clock action_type session action"),
    ("core/block_lists", ""),
    ("core/browser", "egress session error account shares action render event"),
    ("core/browser/simulated", "limits egress session error account action render event browser"),
    ("core/browser/chromium/config", "block_lists egress"),
    ("core/browser/chromium/scripts", ""),
    ("core/browser/chromium/cdp", "tasks browser"),
    ("core/browser/chromium/error", "error browser browser/chromium/cdp"),
    ("core/browser/chromium/console", "clock action event browser/chromium/cdp"),
    ("core/browser/chromium/process", "clock tasks tls egress imaging browser browser/chromium/config"),
    (
        "core/browser/chromium/instance",
        "block_lists tasks limits egress imaging shares browser browser/chromium/config browser/chromium/cdp browser/chromium/console \
         browser/chromium/process",
    ),
    ("core/browser/chromium/bridge", "strict shares browser browser/chromium/cdp browser/chromium/instance"),
    (
        "core/browser/chromium/page",
        "block_lists clock tasks error action render event browser browser/chromium/scripts browser/chromium/cdp \
         browser/chromium/console browser/chromium/instance",
    ),
    (
        "core/browser/chromium/actions",
        "limits egress error account action render browser browser/chromium/cdp browser/chromium/instance \
         browser/chromium/bridge browser/chromium/page",
    ),
    (
        "core/browser/chromium/pool",
        "tasks egress account action render browser browser/chromium/config browser/chromium/process \
         browser/chromium/instance browser/chromium/page",
    ),
    ("core/browser/chromium/consent", "render browser/chromium/scripts browser/chromium/cdp browser/chromium/page"),
    (
        "core/browser/chromium/render",
        "action imaging render browser browser/chromium/scripts browser/chromium/cdp browser/chromium/page",
    ),
    (
        "core/browser/chromium",
        "clock tasks egress imaging session browser browser/chromium/process browser/chromium/pool",
    ),
    ("core/browser/chromium/fuzzing", "clock event browser/chromium/cdp browser/chromium/console"),
    ("core/fuzzing", ""),
    ("core/ledger", "clock session error ledger_error account"),
    ("core/ledger/sqlite", "clock action_type session ledger_error account ledger"),
    ("core/ledger/redis", "clock session error ledger_error account ledger"),
    ("core/actor", "clock tasks limits session error account shares action reply call event browser ledger"),
    ("core/sessions", "session error action render reply call event browser actor"),
    (
        "core/engine",
        "clock fair tasks limits billing egress session error ledger_error account action render reply call event browser \
         browser/simulated ledger actor sessions",
    ),
    (
        "core/cluster",
        "fair tasks session error account action render reply call event ledger/redis actor sessions engine",
    ),
    ("core/cluster/redis", "tasks ledger/redis cluster"),
    ("ws/close", ""),
    ("ws/client", "core/session core/error core/account"),
    ("ws/limits", ""),
    ("ws/codec", "core/strict core/event close"),
    ("ws/countdown", ""),
    (
        "ws/frame",
        "core/clock core/limits core/session core/error core/account core/action core/call core/event core/browser \
         core/actor limits",
    ),
    ("ws/outbox", "core/clock core/session core/shares core/actor close limits"),
    ("ws/rate_limiter", ""),
    ("ws/connection_limits", "core/fair core/account close limits"),
    ("ws/large", ""),
    ("ws/watched", "core/shares large"),
    ("ws/splice", ""),
    ("ws/cdp", "core/browser large watched"),
    ("ws/shared", "core/clock core/tasks core/limits core/account core/shares core/sessions limits connection_limits"),
    (
        "ws/connection",
        "core/clock core/session core/error core/account core/reply core/call core/event core/actor core/sessions \
         close client limits codec countdown frame outbox rate_limiter shared",
    ),
    ("ws/channels", "core/browser client codec watched splice cdp shared connection"),
    ("ws/asyncapi", "core/action_type core/action core/event codec frame"),
    ("http/request_id", ""),
    ("http/disk", ""),
    ("http/hex", ""),
    ("http/render_cache_settings", ""),
    ("http/presets", ""),
    ("http/render/params", "core/error presets"),
    ("http/render/lengths", "core/render core/error render/params"),
    ("http/render/parse", "core/error core/limits core/action core/render render/params render/lengths"),
    ("http/client_address", "core/egress"),
    ("http/throttle", "client_address"),
    ("http/server", "core/tasks core/account client_address"),
    ("http/outgoing", "core/tls"),
    ("http/storage", "core/clock core/account outgoing"),
    ("http/render/made", "core/clock core/error core/account core/render hex storage render/params render/parse"),
    ("http/render/disk_cache", "core/clock core/render storage render/made"),
    ("http/render/cache", "core/clock core/fair core/tasks core/error core/account render/made render/disk_cache"),
    ("http/batch/schedule", ""),
    ("http/batch/record", "core/clock core/account batch/schedule"),
    ("http/batch/files", "batch/record"),
    ("http/batch/registry", "core/clock core/tasks core/error core/account batch/record batch/files"),
    (
        "http/app",
        "core/clock core/limits core/egress core/error core/account core/sessions core/engine core/cluster ws/limits \
         ws/shared ws/channels disk render_cache_settings presets render/disk_cache render/cache storage batch/registry client_address throttle",
    ),
    ("http/identify", "client_address app"),
    ("http/error", "core/error request_id app"),
    ("http/auth", "core/error core/account core/call client_address server app error"),
    ("http/signed", "hex core/error core/account client_address server app error auth"),
    ("http/origin", "core/error app"),
    ("http/extract", "core/strict core/session core/error core/account core/call server app error auth"),
    ("http/reply", "core/clock core/session core/error core/action core/reply core/sessions app error"),
    (
        "http/render",
        "core/clock core/error core/account core/call core/render storage app error auth extract signed render/params \
         render/parse render/made render/cache",
    ),
    (
        "http/batch",
        "core/egress core/error core/account core/call outgoing storage app client_address server error auth extract \
         signed reply render render/params render/parse batch/record",
    ),
    ("http/actions", "core/error core/action core/reply app error extract reply"),
    ("http/bearer", "core/account"),
    (
        "http/config",
        "core/limits core/egress core/browser/chromium/config ws/limits render_cache_settings presets storage client_address",
    ),
    ("http/data_dir", ""),
    ("http/server_key", "core/ledger_error core/account config data_dir"),
    (
        "http/failure",
        "core/error core/ledger_error core/account core/browser core/cluster/redis config data_dir server_key",
    ),
    (
        "http/ledger",
        "core/account core/ledger core/ledger/sqlite core/ledger/redis core/engine core/cluster/redis config data_dir \
         failure",
    ),
    (
        "http/cdp",
        "core/clock core/session core/error core/account core/call core/browser core/sessions ws/client ws/cdp \
         client_address app error auth origin reply",
    ),
    (
        "http/stream",
        "core/session core/error core/account ws/client ws/codec client_address app error auth origin extract reply \
         cdp",
    ),
    ("http/signals", ""),
    ("http/terminal", ""),
    (
        "http/commands",
        "core/tasks core/tls core/session core/error core/account core/action core/reply core/call \
         core/browser/chromium/config core/browser/chromium/process core/browser/chromium core/sessions core/engine \
         ws/splice client_address server bearer config data_dir server_key failure ledger signals \
         terminal",
    ),
    ("http/cli", "config commands"),
    ("http/demo", "app error reply"),
    ("http/describe", "ws/asyncapi"),
    ("http/devices", "core/action error reply"),
    ("http/health", "app"),
    ("http/ip_ranges", "app error reply"),
    ("http/host_guard", "core/error app error"),
    ("http/drain_body", ""),
    ("http/main", ""),
    ("http/panics", "core/error error"),
    ("http/sessions", "core/session core/error app error auth extract reply cdp"),
    (
        "http/router",
        "request_id app identify error actions cdp stream demo describe devices health ip_ranges host_guard drain_body panics \
         sessions render batch",
    ),
    (
        "http/serve",
        "core/block_lists core/egress core/account core/browser core/browser/chromium/config core/browser/chromium core/engine \
         core/cluster disk server app batch bearer config data_dir server_key failure ledger signals terminal router",
    ),
    ("http/telemetry", "config"),
];

/// The row of a file: the longest path that it is or lies in. The root of a crate only declares modules.
fn row(file: &str) -> Option<&'static str> {
    let is_in = |row: &&str| file.strip_prefix(*row).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    MODULES.iter().map(|(row, _)| *row).filter(is_in).max_by_key(|row| row.len())
}

/// The modules that the table permits a module to use, with full names.
fn allowed(row: &str) -> BTreeSet<String> {
    let (_, names) = MODULES.iter().find(|(known, _)| *known == row).unwrap();
    let own = row.split('/').next().unwrap();
    let whole = |name: &str| match name.split('/').next() {
        Some("core" | "ws" | "http") => name.to_owned(),
        _ => format!("{own}/{name}"),
    };
    names.split_whitespace().map(whole).collect()
}

/// The dependencies between modules, each with the files that cause it.
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
            assert!(place(&to) < place(row), "{row} uses {to}, which has to stand above it");
        }
    }
}

/// The shortest cycle through a file.
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
    let circles: Vec<_> = arrows.keys().filter_map(|file| circle(file, &arrows)).map(|way| way.join(" → ")).collect();
    assert!(circles.is_empty(), "circles of files:\n{}", circles.join("\n"));
}
