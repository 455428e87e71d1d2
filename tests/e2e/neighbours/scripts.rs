//! Pages that do one thing without end: compute, send requests, navigate, open windows, wait.

use super::attack::{Ask, Attack, page};

const TITLE: Ask = ("title", "{}");
const READ: &[Ask] = &[TITLE, ("query", r##"{"selector": "#log"}"##)];
const PRESS: &[Ask] = &[("press", r#"{"key": "a", "timeoutMs": 1000}"#), TITLE];

pub(super) const ATTACKS: &[Attack] = &[
    page("alerts in a loop", "for (;;) alert('x'.repeat(1e5))", READ),
    page("dialogs from a thousand timers", "for (let i = 0; i < 1000; i++) setInterval(() => confirm(i), 1)", READ),
    page("dialogs of megabytes", "again(() => prompt('x'.repeat(2e7), 'y'.repeat(2e7)))", READ),
    page("a task without end", "for (;;);", PRESS),
    page("tasks of seconds", "again(() => { const end = Date.now() + 3000; while (Date.now() < end); })", PRESS),
    page("a hundred thousand timers", "for (let i = 0; i < 1e5; i++) setInterval(() => { log.title = i }, 0)", READ),
    page("promises without end", "const on = () => Promise.resolve().then(on); on()", READ),
    page("messages without end", "onmessage = () => { postMessage(noise(1e5)); postMessage(1) }; postMessage(0)", READ),
    page("five hundred workers that spin", "for (let i = 0; i < 500; i++) work('for (;;);')", READ),
    page(
        "workers that make workers",
        "const code = 'onmessage = (e) => { for (let i = 0; i < 3; i++) { const w = new Worker(URL.createObjectURL(new Blob([e.data]))); w.postMessage(e.data) } }'; work(code).postMessage(code)",
        READ,
    ),
    page("a regular expression that explodes", "again(() => /^(([a-z])+.)+[A-Z]([a-z])+$/.test('a'.repeat(60)))", READ),
    page(
        "layout thrash",
        "for (let i = 0; i < 5000; i++) add('div', { textContent: 'x' }); again(() => { for (const e of document.querySelectorAll('div')) { e.style.width = Math.random() * 100 + 'px'; e.offsetWidth } })",
        READ,
    ),
    page(
        "history without end",
        "again(() => { for (let i = 0; i < 500; i++) history.pushState(i, '', '?' + i) })",
        READ,
    ),
    page(
        "history of megabytes",
        "again(() => history.replaceState('x'.repeat(8e6), '', '?' + 'y'.repeat(1e6)), 5)",
        READ,
    ),
    page(
        "reloads without end",
        "for (let i = 0; i < 10; i++) { const f = add('iframe', { src: '/common' }); f.onload = () => f.contentWindow.location.reload() }",
        &[TITLE, ("url", "{}")],
    ),
    page("addresses without end", "again(() => { location.hash = Math.random() + 'z'.repeat(6e4) }, 1)", READ),
    page(
        "back and forth",
        "for (let i = 0; i < 40; i++) history.pushState(i, ''); again(() => { history.go(-9); history.go(9) })",
        READ,
    ),
    page(
        "a document that writes itself anew",
        "again(() => { document.open(); document.write('<title>Attack</title>' + 'x'.repeat(1e5)); document.close() })",
        READ,
    ),
    page(
        "a document written without end",
        "document.open(); const on = () => { for (let i = 0; i < 100; i++) document.write('<p>more and more and more</p>'.repeat(100)); setTimeout(on) }; on()",
        READ,
    ),
    page(
        "titles without end",
        "again(() => { for (let i = 0; i < 1000; i++) document.title = i + 'x'.repeat(1e5) })",
        READ,
    ),
    page("windows without end", "again(() => open('about:blank#' + Math.random(), '_blank'))", READ),
    page(
        "windows that open windows",
        "const on = (w) => { w.setInterval(() => { const next = w.open(location.href); if (next) on(next) }, 10) }; on(window)",
        READ,
    ),
    page("prints without end", "again(() => print())", READ),
    page(
        "a page that does not want to go",
        "onbeforeunload = (e) => { e.preventDefault(); return 'stay' }; onpagehide = () => { for (;;); }",
        &[("goto", r#"{"url": "data:text/html,gone", "timeoutMs": 1500}"#)],
    ),
    page(
        "downloads without end",
        "again(() => { const a = add('a', { href: URL.createObjectURL(new Blob([noise(1e6)])), download: 'x'.repeat(1e4) }); a.click(); add('iframe', { src: '/file?' + Math.random() }) }, 20)",
        READ,
    ),
    page(
        "permissions without end",
        "again(() => { navigator.geolocation.getCurrentPosition(() => {}); Notification.requestPermission(); navigator.mediaDevices?.getUserMedia({ video: true }).catch(() => {}); navigator.requestMIDIAccess?.({ sysex: true }).catch(() => {}) }, 1)",
        READ,
    ),
    page(
        "full screen and pointer lock without end",
        "again(() => { document.body.requestFullscreen().catch(() => {}); document.body.requestPointerLock(); document.exitFullscreen().catch(() => {}) }, 1)",
        READ,
    ),
    page("a debugger statement in a loop", "again(() => { for (let i = 0; i < 1000; i++) { debugger } })", READ),
    page(
        "performance marks without end",
        "again(() => { for (let i = 0; i < 1e4; i++) performance.mark('m'.repeat(1000) + i) })",
        READ,
    ),
];
