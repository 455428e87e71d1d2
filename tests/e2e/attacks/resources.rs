//! L: pages that take more than their share, above all of the guard. During and after each attack another user's
//! session in the attacked browser opens pages in time, the session itself can be closed, and the server's memory is
//! freed.

use super::{
    resources_trying,
    row::{Row, html, script},
    trying,
};

pub(super) const TESTS: &[&str] = &[concat!(module_path!(), "::while_a_bystander_works")];

#[tokio::test]
async fn while_a_bystander_works() {
    resources_trying::withstand(trying::long(ROWS)).await;
}

pub(super) const ROWS: &[Row] = &[
    script(
        "L01",
        "ten thousand requests to what is denied",
        "for (let i = 0; i != 10000; i++) fetch(`http://127.0.0.1:${port}/${i}`, { mode: 'no-cors' }).catch(() => {})",
    ),
    script(
        "L02",
        "requests to what is denied, again and again",
        "const again = () => fetch(`http://${canary}/`, { mode: 'no-cors' }).catch(again); for (let i = 0; i != 50; i++) again()",
    ),
    script(
        "L03",
        "WebSockets to what is denied, again and again",
        "const again = () => { new WebSocket(`ws://${canary}/`).onclose = again }; for (let i = 0; i != 50; i++) again()",
    ),
    script(
        "L04",
        "a thousand requests that are never answered",
        "for (let i = 0; i != 1000; i++) fetch(`/silent?${i}`).catch(() => {})",
    ),
    script(
        "L05",
        "a thousand WebSockets that are never answered",
        "for (let i = 0; i != 1000; i++) new WebSocket(`ws://${location.host}/silent?${i}`)",
    ),
    script(
        "L06",
        "a body without end, read",
        "const r = (await fetch('/endless')).body.getReader(); (async () => { for (;;) await r.read() })()",
    ),
    script(
        "L07",
        "bodies without end, not read",
        "window.kept = await Promise.all(Array.from({ length: 6 }, (_, i) => fetch(`/endless?${i}`)))",
    ),
    script(
        "L08",
        "bodies that drip",
        "window.kept = []; for (let i = 0; i != 300; i++) fetch(`/drip?${i}`).then((r) => kept.push(r)).catch(() => {})",
    ),
    script(
        "L09",
        "a body that is sent without end",
        "fetch('/common', { method: 'POST', body: new Blob(Array(64).fill(new Uint8Array(4 << 20))) }).catch(() => {})",
    ),
    script(
        "L10",
        "two thousand names that do not exist",
        "for (let i = 0; i != 2000; i++) fetch(`http://n${i}.invalid/`, { mode: 'no-cors' }).catch(() => {})",
    ),
    script(
        "L11",
        "redirects within the site, without end",
        "const loop = () => fetch('/hop/50?place=/common').catch(() => {}).finally(loop); for (let i = 0; i != 20; i++) loop()",
    ),
    script(
        "L12",
        "ports of the site's address, one after the other",
        "for (let i = 20000; i != 23000; i++) new WebSocket(`ws://${location.hostname}:${i}/`)",
    ),
    script("L13", "two hundred event streams", "for (let i = 0; i != 200; i++) new EventSource(`/silent?${i}`)"),
    script(
        "L14",
        "a hundred peers of WebRTC",
        "for (let i = 0; i != 100; i++) { const p = new RTCPeerConnection({ iceServers: [{ urls: `turn:${canary}?transport=tcp`, username: 'a', credential: 'b' }] }); p.createDataChannel('x'); p.setLocalDescription() }",
    ),
    script(
        "L15",
        "a hundred workers that fetch",
        "for (let i = 0; i != 100; i++) work(`setInterval(() => fetch('/common').catch(() => {}), 20)`)",
    ),
    script(
        "L16",
        "frames of what is denied, without end",
        "setInterval(() => { for (let i = 0; i != 20; i++) add('iframe', { src: `http://${canary}/` }) }, 50)",
    ),
    script(
        "L17",
        "navigations to what is denied, without end",
        "add('iframe', { name: 'f' }); setInterval(() => { frames[0].location = `http://${canary}/?${Math.random()}` }, 1)",
    ),
    script("L18", "downloads without end", "setInterval(() => add('iframe', { src: `/file?${Math.random()}` }), 50)"),
    html(
        "L19",
        "windows of what is denied, when clicked",
        "<button id=go onclick=\"for (let i = 0; i != 100; i++) window.open('http://{{canary}}/?' + i)\">go</button>",
    ),
    html("L20", "dialogs without end", "<button id=go onclick=\"setInterval(() => alert(1), 1)\">go</button>"),
    html(
        "L21",
        "everything a page must ask for, again and again",
        "<button id=go>go</button><script>document.getElementById('go').onclick = () => setInterval(() => { for (const ask of [() => navigator.geolocation.getCurrentPosition(() => {}), () => Notification.requestPermission(), () => navigator.mediaDevices.getUserMedia({ video: true }), () => navigator.clipboard.readText(), () => navigator.requestMIDIAccess({ sysex: true }), () => navigator.usb.requestDevice({ filters: [] }), () => navigator.serial.requestPort(), () => navigator.hid.requestDevice({ filters: [] }), () => navigator.bluetooth.requestDevice({ acceptAllDevices: true })]) try { Promise.resolve(ask()).catch(() => {}) } catch {} }, 10)</script>",
    ),
    script(
        "L22",
        "storage without end",
        "const d = await navigator.storage.getDirectory(); const f = await (await d.getFileHandle('a', { create: true })).createWritable(); (async () => { for (let i = 0; i != 100; i++) await f.write(new Uint8Array(4 << 20)) })().catch(() => {}); const c = await caches.open('a'); for (let i = 0; i != 20; i++) c.put(`/${i}`, new Response(new Uint8Array(4 << 20))).catch(() => {})",
    ),
    script(
        "L23",
        "memory without end",
        "window.kept = []; setInterval(() => { if (kept.length != 100) kept.push(new Uint8Array(8 << 20).fill(1)) }, 20)",
    ),
    script(
        "L24",
        "a service worker that fetches for every fetch",
        "await navigator.serviceWorker.register(as('text/javascript', `onactivate = (e) => e.waitUntil(clients.claim()); onfetch = (e) => e.respondWith(Promise.all(Array.from({ length: 20 }, (_, i) => fetch('/silent?' + i))).then((r) => r[0]))`), { scope: '/' }); await sleep(300); for (let i = 0; i != 20; i++) fetch(`/${i}`).catch(() => {})",
    ),
];
