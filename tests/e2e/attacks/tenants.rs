//! C: what a session leaves on a site must not be found by another session of its user, nor by another user's session
//! in that browser. The session itself must find it, which shows that the search works.

use super::{
    row::{Row, between},
    tenants_trying,
};

pub(super) const TESTS: &[&str] = &[concat!(module_path!(), "::from_another_session")];

#[tokio::test]
async fn from_another_session() {
    tenants_trying::withstand(ROWS).await;
}

pub(super) const ROWS: &[Row] = &[
    between("C01", "cookies", "document.cookie = 'a=1; max-age=999'", "document.cookie.includes('a=1')"),
    between("C02", "local storage", "localStorage.a = 1", "localStorage.a == 1"),
    between("C03", "databases", "indexedDB.open('a'); await sleep(200)", "(await indexedDB.databases()).length > 0"),
    between(
        "C04",
        "caches of scripts",
        "await (await caches.open('a')).put('/a', new Response('a'))",
        "!!await caches.match('/a')",
    ),
    between(
        "C05",
        "the cache of HTTP",
        "await fetch('/stamp')",
        "await fetch('/stamp', { cache: 'only-if-cached', mode: 'same-origin' }).then((r) => r.ok, () => false)",
    ),
    between(
        "C06",
        "service workers",
        "await navigator.serviceWorker.register(as('text/javascript', ''), { scope: '/' }); await navigator.serviceWorker.ready",
        "(await navigator.serviceWorker.getRegistrations()).length > 0",
    ),
    between(
        "C07",
        "files of the site's own",
        "await (await navigator.storage.getDirectory()).getFileHandle('a', { create: true })",
        "!!await (await navigator.storage.getDirectory()).getFileHandle('a').catch(() => null)",
    ),
    between(
        "C08",
        "broadcasts",
        "window.heard = new BroadcastChannel('a'); heard.onmessage = () => heard.postMessage('here')",
        "await new Promise((yes) => { const c = new BroadcastChannel('a'); c.onmessage = () => yes(true); c.postMessage('?'); setTimeout(yes, 500, false) })",
    ),
    between(
        "C09",
        "shared workers",
        "new SharedWorker(as('text/javascript', 'let n = 0; onconnect = (e) => e.ports[0].postMessage(n++)')); await sleep(400)",
        "await new Promise((yes) => { new SharedWorker(as('text/javascript', 'let n = 0; onconnect = (e) => e.ports[0].postMessage(n++)')).port.onmessage = (e) => yes(e.data > 0) })",
    ),
    between(
        "C10",
        "locks",
        "navigator.locks.request('a', () => new Promise(() => {})); await sleep(100)",
        "await navigator.locks.request('a', { ifAvailable: true }, (lock) => !lock)",
    ),
    between(
        "C11",
        "passwords of HTTP",
        "await new Promise((yes) => { const x = new XMLHttpRequest(); x.open('GET', '/password', true, 'a', 'b'); x.onloadend = yes; x.send() })",
        "(await fetch('/password')).ok",
    ),
    between(
        "C12",
        "buckets of storage",
        "(await navigator.storageBuckets.open('a'))",
        "(await navigator.storageBuckets.keys()).includes('a')",
    ),
];
