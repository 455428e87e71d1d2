//! Attacks on the surroundings of sessions, as tables. A row is tried against a server with its default settings, whose
//! guard lets sessions reach one site. A listener of the row's own, on every other address, must count no connection,
//! and another user's session in the attacked browser must stay usable. `docs/attacks.md` lists the rows.

mod addresses;
mod arena;
pub(crate) mod attacker_site;
mod beyond_http;
mod canary;
pub(crate) mod devtools;
mod document;
mod edge;
mod edge_trying;
mod elements;
mod raw_cdp;
mod raw_cdp_files;
mod raw_cdp_sessions;
mod redirects;
mod resources;
mod resources_trying;
mod row;
mod schemes;
mod scripts;
mod tenants;
mod tenants_trying;
mod trying;
mod trying_cdp;
mod unguarded;

use row::Row;

/// How a row is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Through `goto`.
    Goto,
    /// Through the script of an allowed page.
    Script,
    /// Through `connectUrl`.
    Cdp,
}

/// A table and the tests that run it.
#[derive(Debug, Clone, Copy)]
struct Table {
    title: &'static str,
    rows: &'static [Row],
    tests: &'static [&'static str],
}

macro_rules! tables {
    ($($title:literal: $module:ident),* $(,)?) => {
        const TABLES: &[Table] =
            &[$(Table { title: $title, rows: $module::ROWS, tests: $module::TESTS }),*];
    };
}

tables! {
    "Addresses of this machine, its network and its cloud": addresses,
    "Addresses that are no web pages": schemes,
    "Redirects and navigations from an allowed site": redirects,
    "Elements, styles and headers that fetch": elements,
    "Scripts that fetch": scripts,
    "Ways out that are not HTTP": beyond_http,
    "Commands over `connectUrl`: the network and the browser": raw_cdp,
    "Commands over `connectUrl`: other sessions, and the client's own pages": raw_cdp_sessions,
    "Commands over `connectUrl`: files, downloads and frames of the protocol": raw_cdp_files,
    "Requests to the server": edge,
    "From session to session": tenants,
    "More than a session's share": resources,
}

/// The tests of a table. In `make test`, `quick` tests try half of the rows each day, and `long` ones an eighth.
macro_rules! tried {
    ($rows:ident, $($pace:ident $name:ident: $way:expr),* $(,)?) => {
        pub(super) const TESTS: &[&str] = &[$(concat!(module_path!(), "::", stringify!($name))),*];

        $(#[tokio::test]
        async fn $name() {
            super::trying::withstand(super::trying::$pace($rows), $way).await;
        })*
    };
}
use tried;
