//! Pages that request too much of the network, or receive too much from it.

use super::attack::{Ask, Attack, page};

const TITLE: &[Ask] = &[("title", "{}")];

pub(super) const ATTACKS: &[Attack] = &[
    page(
        "WebSockets that never stop",
        "for (let i = 0; i < 8; i++) new WebSocket('ws://{{flood}}/').onmessage = () => {}",
        TITLE,
    ),
    page(
        "WebSockets that are not read",
        "for (let i = 0; i < 100; i++) new WebSocket('ws://{{flood}}/'); for (;;);",
        TITLE,
    ),
    page(
        "frames of a WebSocket, sent without end",
        "for (let i = 0; i < 8; i++) { const s = new WebSocket('ws://{{flood}}/'); s.onopen = () => again(() => s.send(new Uint8Array(1 << 23)), 10) }",
        TITLE,
    ),
    page(
        "a body that inflates without end",
        "for (let i = 0; i < 6; i++) fetch('http://{{flood}}/bomb?' + i).then((r) => r.arrayBuffer()).catch(() => {})",
        TITLE,
    ),
    page(
        "a document that inflates without end",
        "add('iframe', { src: 'http://{{flood}}/bomb' }); await sleep(300); location = 'http://{{flood}}/bomb'",
        &[("title", "{}"), ("content", "{}"), ("snapshot", "{}")],
    ),
    page(
        "streams that inflate in the page",
        "const s = () => new Blob([new Uint8Array(1 << 26)]).stream().pipeThrough(new CompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip')); for (let i = 0; i < 20; i++) new Response(s()).arrayBuffer()",
        TITLE,
    ),
    page(
        "bodies without end, read",
        "for (let i = 0; i < 6; i++) fetch('/endless?' + i).then(async (r) => { const b = r.body.getReader(); for (;;) await b.read() })",
        TITLE,
    ),
    page(
        "bodies without end, not read",
        "window.kept = await Promise.all(Array.from({ length: 6 }, (_, i) => fetch('/endless?' + i)))",
        TITLE,
    ),
    page(
        "two thousand requests that are never answered",
        "for (let i = 0; i < 2000; i++) fetch('/silent?' + i).catch(() => {})",
        TITLE,
    ),
    page(
        "requests without end",
        "const on = () => fetch('/common').then((r) => r.text()).catch(() => {}).finally(on); for (let i = 0; i < 50; i++) on()",
        TITLE,
    ),
    page("event streams", "for (let i = 0; i < 300; i++) new EventSource('/silent?' + i)", TITLE),
    page(
        "names that do not exist",
        "let i = 0; again(() => { for (let n = 0; n < 200; n++) fetch(`http://n${i++}.invalid/`, { mode: 'no-cors' }).catch(() => {}) }, 20)",
        TITLE,
    ),
    page(
        "connections to what is denied",
        "let i = 1; again(() => { for (let n = 0; n < 100; n++) new WebSocket(`ws://127.0.0.1:${1024 + i++ % 60000}/`) }, 20)",
        TITLE,
    ),
    page(
        "redirects without end",
        "const on = () => fetch('/hop/50?place=/common').catch(() => {}).finally(on); for (let i = 0; i < 30; i++) on()",
        TITLE,
    ),
    page(
        "bodies sent without end",
        "again(() => fetch('/common', { method: 'POST', body: new Blob(Array(32).fill(new Uint8Array(4 << 20))) }).catch(() => {}), 50)",
        TITLE,
    ),
    page(
        "peers by the hundred",
        "for (let i = 0; i < 200; i++) { const p = new RTCPeerConnection({ iceServers: [{ urls: 'turn:127.0.0.1:9?transport=tcp', username: 'a', credential: 'b' }] }); p.createDataChannel('x'); p.setLocalDescription() }",
        TITLE,
    ),
    page(
        "a service worker that asks for everything again",
        "await navigator.serviceWorker.register(as('text/javascript', `onactivate = (e) => e.waitUntil(clients.claim()); onfetch = (e) => e.respondWith(Promise.all(Array.from({ length: 20 }, (_, i) => fetch('/silent?' + i))).then((r) => r[0]))`), { scope: '/' }); await sleep(300); again(() => fetch('/' + Math.random()).catch(() => {}), 5)",
        TITLE,
    ),
    page(
        "beacons and pings without end",
        "again(() => { for (let i = 0; i < 50; i++) navigator.sendBeacon('/silent', noise(6e4)) })",
        TITLE,
    ),
];
