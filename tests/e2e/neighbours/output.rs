//! Pages that send the server too much output: console messages and errors.

use super::attack::{Ask, Attack, page};

const READ: &[Ask] = &[("console", r#"{"limit": 1000}"#), ("errors", r#"{"limit": 1000}"#), ("title", "{}")];

pub(super) const ATTACKS: &[Attack] = &[
    page("lines without end", "again(() => { for (let i = 0; i < 50000; i++) console.log('line ' + i) })", READ),
    page(
        "lines of ten kilobytes",
        "again(() => { for (let i = 0; i < 3000; i++) console.warn('x'.repeat(1e4)) })",
        READ,
    ),
    page("a line that grows six-fold", "console.log('\\u0001'.repeat(6e7))", READ),
    page("lines of a hundred megabytes", "again(() => console.log('x'.repeat(1e8)), 20)", READ),
    page("lines of two hundred megabytes", "again(() => console.log('x'.repeat(2e8)), 20)", READ),
    page("lines of noise", "again(() => console.error(noise(3e7)), 20)", READ),
    page(
        "a rejection that grows six-fold",
        "Promise.reject('\\u0001'.repeat(6e7)); Promise.reject(new Error('\\u0001'.repeat(6e7)))",
        READ,
    ),
    page(
        "a thrown value that grows six-fold",
        "setTimeout(() => { throw '\\u0001'.repeat(6e7) }); again(() => { throw new Error('\\u0001'.repeat(5e6)) }, 100)",
        READ,
    ),
    page(
        "errors without end",
        "const deep = (n) => { if (n) deep(n - 1); else throw new Error('e'.repeat(2000)) }; setInterval(() => { for (let i = 0; i < 50; i++) setTimeout(deep, 0, 50) }, 1)",
        READ,
    ),
    page(
        "values with everything in them",
        "const all = {}; for (let i = 0; i < 1e4; i++) all['k'.repeat(1000) + i] = { x: 'v'.repeat(1e4) }; again(() => { console.log(all, window, document, [all, all]); console.table(all); console.dir(all) }, 5)",
        READ,
    ),
    page(
        "arguments by the ten thousand",
        "again(() => console.log(...Array.from({ length: 60000 }, (_, i) => 'argument ' + i)), 5)",
        READ,
    ),
    page(
        "traces and groups without end",
        "again(() => { for (let i = 0; i < 2000; i++) { console.group('g'.repeat(1000)); console.trace(i); console.time('t' + i); console.count('c'.repeat(1000)) } })",
        READ,
    ),
    page(
        "lines of a hundred frames",
        "document.body.innerHTML = '<iframe srcdoc=\"<script>setInterval(() => { for (let i = 0; i < 100; i++) console.log(`f`.repeat(4000)) }, 1)</script>\"></iframe>'.repeat(100)",
        READ,
    ),
    page(
        "lines of fifty workers",
        "for (let i = 0; i < 50; i++) work('setInterval(() => { for (let i = 0; i < 500; i++) console.log(\"w\".repeat(4000)) }, 1)')",
        READ,
    ),
    page(
        "violations without end",
        "add('meta', { httpEquiv: 'Content-Security-Policy', content: \"img-src 'none'\" }); again(() => { for (let i = 0; i < 500; i++) new Image().src = '/' + Math.random() + 'x'.repeat(1e4) })",
        READ,
    ),
];
