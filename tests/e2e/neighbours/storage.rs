//! Pages that store: in their own memory, in that of the browser or the GPU, and on disk.

use super::attack::{Ask, Attack, page};

const TITLE: &[Ask] = &[("title", "{}")];
const LARGE_SHOT: &[Ask] = &[(
    "screenshot",
    r#"{"viewport": {"width": 5000, "height": 5000}, "deviceScaleFactor": 3, "type": "jpeg", "quality": 50}"#,
)];

pub(super) const ATTACKS: &[Attack] = &[
    page(
        "arrays without end",
        "window.kept = []; again(() => kept.push(new Array(4e6).fill(Math.random())), 20)",
        TITLE,
    ),
    page("buffers without end", "window.kept = []; again(() => kept.push(new Uint8Array(3 << 24).fill(1)), 40)", TITLE),
    page("strings without end", "window.kept = []; again(() => kept.push(noise(1 << 23) + Math.random()), 20)", TITLE),
    page(
        "WebAssembly memory",
        "window.kept = []; again(() => { try { const m = new WebAssembly.Memory({ initial: 1, maximum: 65536 }); m.grow(1023); new Uint8Array(m.buffer).fill(1); kept.push(m) } catch {} }, 50)",
        TITLE,
    ),
    page(
        "buffers in workers",
        "for (let i = 0; i < 10; i++) work('const all = []; setInterval(() => all.push(new Uint8Array(1 << 22).fill(1)), 30)')",
        TITLE,
    ),
    page(
        "blobs without end",
        "window.kept = []; again(() => kept.push(URL.createObjectURL(new Blob([new Uint8Array(3 << 24)]))), 40)",
        TITLE,
    ),
    page(
        "a million addresses of blobs",
        "const b = new Blob(['x']); again(() => { for (let i = 0; i < 1000; i++) URL.createObjectURL(b) })",
        TITLE,
    ),
    page(
        "databases without end",
        "const open = indexedDB.open('x'); open.onupgradeneeded = () => open.result.createObjectStore('s', { autoIncrement: true }); open.onsuccess = () => again(() => { const s = open.result.transaction('s', 'readwrite').objectStore('s'); for (let i = 0; i < 4; i++) s.add(crypto.getRandomValues(new Uint8Array(65536))) && s.add(new Blob([new Uint8Array(1 << 22)])) }, 10)",
        TITLE,
    ),
    page("databases by the thousand", "let i = 0; again(() => indexedDB.open('d' + i++), 1)", TITLE),
    page(
        "caches without end",
        "const c = await caches.open('x'); let i = 0; again(() => c.put('/' + i++, new Response(new Uint8Array(1 << 23))).catch(() => {}), 20)",
        TITLE,
    ),
    page(
        "caches by service workers",
        "const code = `onactivate = (e) => e.waitUntil(clients.claim()); setInterval(async () => (await caches.open('y' + Math.random())).put('/x', new Response(new Uint8Array(1 << 22))), 20)`; const at = '/as?type=text/javascript&body=' + encodeURIComponent(code); for (let i = 0; i < 20; i++) navigator.serviceWorker.register(at + '//' + i, { scope: '/row/' + i }).catch(() => {})",
        TITLE,
    ),
    page(
        "files of its own without end",
        "const d = await navigator.storage.getDirectory(); let i = 0; again(async () => { const f = await (await d.getFileHandle('f' + i++, { create: true })).createWritable(); await f.write(new Uint8Array(1 << 23)); await f.close() }, 20)",
        TITLE,
    ),
    page(
        "cookies by the thousand",
        "let i = 0; again(() => { for (let n = 0; n < 100; n++) document.cookie = `c${i++}=${'x'.repeat(4000)};path=/${i}` })",
        TITLE,
    ),
    page(
        "storage of strings without end",
        "again(() => { try { for (let i = 0; ; i++) localStorage[i + Math.random()] = sessionStorage[i] = 'x'.repeat(1e5) } catch { localStorage.clear() } })",
        TITLE,
    ),
    page(
        "the clipboard",
        "again(() => { navigator.clipboard.writeText(noise(1e7)).catch(() => {}); getSelection().selectAllChildren(document.body); document.execCommand('copy') }, 20)",
        TITLE,
    ),
    page(
        "broadcasts without end",
        "const all = Array.from({ length: 100 }, () => new BroadcastChannel('x')); again(() => all[0].postMessage(noise(1e6)))",
        TITLE,
    ),
    page(
        "locks by the hundred thousand",
        "for (let i = 0; i < 1e5; i++) navigator.locks.request('l' + i, () => new Promise(() => {}))",
        TITLE,
    ),
    page(
        "canvases",
        "window.kept = []; again(() => { const c = new OffscreenCanvas(4096, 4096); c.getContext('2d').fillRect(0, 0, 4096, 4096); kept.push(c) }, 40)",
        TITLE,
    ),
    page(
        "bitmaps",
        "const c = new OffscreenCanvas(4096, 4096); c.getContext('2d').fillRect(0, 0, 4096, 4096); window.kept = []; again(async () => kept.push(await createImageBitmap(c)), 40)",
        TITLE,
    ),
    page(
        "WebGL",
        "window.kept = []; again(() => { const c = add('canvas', { width: 4096, height: 4096 }), g = c.getContext('webgl2') || c.getContext('webgl'); if (!g) return; const b = g.createBuffer(); g.bindBuffer(g.ARRAY_BUFFER, b); g.bufferData(g.ARRAY_BUFFER, 1 << 26, g.STATIC_DRAW); const t = g.createTexture(); g.bindTexture(g.TEXTURE_2D, t); g.texImage2D(g.TEXTURE_2D, 0, g.RGBA, 4096, 4096, 0, g.RGBA, g.UNSIGNED_BYTE, null); g.clear(g.COLOR_BUFFER_BIT); kept.push(g, b, t) }, 30)",
        &[("title", "{}"), ("screenshot", "{}")],
    ),
    page(
        "a shader without end",
        "const g = add('canvas', { width: 2000, height: 2000 }).getContext('webgl2'); if (g) { const p = g.createProgram(); for (const [kind, text] of [[g.VERTEX_SHADER, '#version 300 es\\nvoid main() { gl_Position = vec4(gl_VertexID == 1 ? 3 : -1, gl_VertexID == 2 ? 3 : -1, 0, 1); }'], [g.FRAGMENT_SHADER, '#version 300 es\\nprecision highp float; out vec4 o; void main() { float x = gl_FragCoord.x; for (int i = 0; i < 100000000; i++) x = sin(x) * 1.01; o = vec4(x); }']]) { const s = g.createShader(kind); g.shaderSource(s, text); g.compileShader(s); g.attachShader(p, s) } g.linkProgram(p); g.useProgram(p); again(() => { g.drawArrays(g.TRIANGLES, 0, 3); g.readPixels(0, 0, 1, 1, g.RGBA, g.UNSIGNED_BYTE, new Uint8Array(4)) }) }",
        &[("title", "{}"), ("screenshot", "{}")],
    ),
    page(
        "sound of a thousand oscillators",
        "for (let n = 0; n < 8; n++) { const a = new AudioContext(); for (let i = 0; i < 1000; i++) { const o = a.createOscillator(); o.connect(a.destination); o.start() } } new OfflineAudioContext(32, 44100 * 600, 44100).startRendering().catch(() => {})",
        TITLE,
    ),
    page("five large pictures", "document.body.style.background = 'linear-gradient(red, blue)'", LARGE_SHOT),
    page(
        "the rest of this machine's memory, shared",
        "window.kept = []; again(() => { try { kept.push(new Uint8Array(new WebAssembly.Memory({ initial: 512, maximum: 512, shared: true }).buffer).fill(1)) } catch {} }, 40)",
        TITLE,
    ),
];
