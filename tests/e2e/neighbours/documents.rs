//! Documents that are expensive to lay out, to read, to search or to paint.

use super::attack::{Ask, Attack, page};

const MARKDOWN: Ask = ("content", r#"{"format": "markdown"}"#);
const TEXT: Ask = ("content", r#"{"format": "text"}"#);
const HTML: Ask = ("content", r#"{"format": "html"}"#);
const TREE: Ask = ("snapshot", r#"{"maxChars": 1000000}"#);
const ELEMENTS: Ask =
    ("query", r#"{"selector": "body *", "limit": 500, "fields": ["text", "html", "bbox", "visible", "role"]}"#);
const PICTURE: Ask = ("screenshot", r#"{"fullPage": true}"#);
const LARGE_PICTURE: Ask = ("screenshot", r#"{"viewport": {"width": 3700, "height": 3700}, "deviceScaleFactor": 3}"#);

const READ: &[Ask] = &[MARKDOWN, TEXT, HTML];
const SNAPSHOT: &[Ask] = &[TREE, ELEMENTS];
const ALL: &[Ask] = &[TREE, ELEMENTS, MARKDOWN, TEXT];
const SHOT: &[Ask] = &[PICTURE];
const LARGE_SHOT: &[Ask] = &[LARGE_PICTURE];

pub(super) const ATTACKS: &[Attack] = &[
    page(
        "a table with a cell of a megabyte",
        "document.body.innerHTML = '<table><tr><td>' + 'x'.repeat(1e6) + '<td>y</tr>' + '<tr><td>a<td>b</tr>'.repeat(3000) + '</table>'",
        READ,
    ),
    page(
        "a table of ten thousand columns",
        "document.body.innerHTML = '<table>' + ('<tr>' + '<td>x'.repeat(10000)).repeat(20) + '</table>'",
        READ,
    ),
    page(
        "cells that span everything",
        "document.body.innerHTML = '<table><tr><td colspan=18446744073709551615 rowspan=65534>x</td><td colspan=1000>y</td></tr></table>'",
        READ,
    ),
    page(
        "lists in lists in quotes",
        "document.body.innerHTML = '<ul><li><blockquote>'.repeat(3000) + 'x'.repeat(1e5)",
        READ,
    ),
    page(
        "elements sixty thousand deep",
        "let at = document.body; for (let i = 0; i < 60000; i++) { const e = document.createElement('div'); at.append(e); at = e } at.textContent = 'x'",
        ALL,
    ),
    page("three hundred thousand elements", "document.body.innerHTML = '<a href=x>x</a><i>y</i>'.repeat(150000)", ALL),
    page("a text of fifty megabytes", "document.body.innerHTML = '<p>' + 'word '.repeat(1e7)", READ),
    page("a title of fifty megabytes", "document.title = 'x'.repeat(5e7)", &[("title", "{}"), TREE, MARKDOWN]),
    page(
        "an address of two megabytes",
        "history.replaceState(0, '', '?' + 'x'.repeat(2e6))",
        &[("url", "{}"), TREE, ("title", "{}")],
    ),
    page(
        "attributes of megabytes",
        "for (let i = 0; i < 20; i++) add('p', { id: 'x'.repeat(1e6), className: 'y'.repeat(1e6) }).setAttribute('aria-label', noise(2e6))",
        &[
            (
                "query",
                r#"{"selector": "p", "limit": 500, "fields": ["html", "id", "className", "ariaLabel"], "attributes": ["id", "class", "aria-label"]}"#,
            ),
            TREE,
        ],
    ),
    page(
        "ten thousand frames",
        "document.body.innerHTML = '<iframe srcdoc=x width=9 height=9></iframe>'.repeat(10000)",
        SNAPSHOT,
    ),
    page(
        "frames in frames",
        "const f = (w, n) => { if (n) for (let i = 0; i < 3; i++) { const e = w.document.createElement('iframe'); w.document.body.append(e); f(e.contentWindow, n - 1) } }; f(window, 6)",
        SNAPSHOT,
    ),
    page(
        "selectors that explode",
        "for (let i = 0; i < 3000; i++) add('div', { innerHTML: '<i><b><u>x</u></b></i>', className: 'a b c' })",
        &[
            (
                "query",
                r#"{"selector": "*:has(* ~ * * ~ *):not(:has(x ~ y)) *:has(~ * *) :nth-last-child(3n of :has(*))"}"#,
            ),
            (
                "wait_for_selector",
                r#"{"selector": "div:has(i b u):has(~ div ~ div:has(~ div:has(q)))", "timeoutMs": 2000}"#,
            ),
        ],
    ),
    page(
        "options without number",
        "document.body.innerHTML = '<form><select id=s>' + '<option>x</option>'.repeat(100000) + '</select></form>'",
        &[("select", r##"{"selector": "#s", "label": "nothing", "timeoutMs": 2000}"##), TREE, ELEMENTS, MARKDOWN],
    ),
    page(
        "names that clobber a form",
        "document.body.innerHTML = '<form id=f>' + ['getAttribute', 'matches', 'checkVisibility', 'getBoundingClientRect', 'attributes', 'localName', 'parentElement', 'parentNode', 'assignedSlot', 'nodeType', 'shadowRoot', 'childNodes', 'children', 'id', 'tagName', 'ownerDocument', 'firstChild', 'textContent', 'isConnected', 'contains', 'closest', 'name', 'length'].map((n) => `<input name=${n}>`).join('') + '</form>'",
        &[
            TREE,
            ELEMENTS,
            MARKDOWN,
            ("query", r#"{"selector": "form", "fields": ["id", "text", "html", "visible", "bbox", "role"]}"#),
            ("click", r#"{"selector": "form", "timeoutMs": 500}"#),
        ],
    ),
    page(
        "shadow trees by the thousand",
        "for (let i = 0; i < 20000; i++) add('div').attachShadow({ mode: 'open' }).innerHTML = '<slot></slot><button>x</button>'",
        SNAPSHOT,
    ),
    page(
        "styles that double",
        "let css = ':root { --a0: x x;'; for (let i = 1; i < 40; i++) css += `--a${i}: var(--a${i - 1}) var(--a${i - 1});`; add('style', { textContent: css + '} p::before { content: var(--a39) }' }); add('p')",
        SNAPSHOT,
    ),
    page(
        "twenty thousand rules for each element",
        "add('style', { textContent: Array.from({ length: 20000 }, (_, i) => `div:nth-child(${i}n+1 of :has(b)) ~ div b { color: red }`).join('') }); for (let i = 0; i < 2000; i++) add('div', { innerHTML: '<b>x</b>' }); again(() => { document.body.className = Math.random() })",
        SNAPSHOT,
    ),
    page(
        "fonts by the thousand",
        "const make = (i) => document.fonts.add(new FontFace('f' + i, 'url(/silent?' + i + ')')); for (let i = 0; i < 5000; i++) { make(i); add('span', { textContent: 'x' }).style.fontFamily = 'f' + i } document.fonts.forEach((f) => f.load().catch(() => {}))",
        SHOT,
    ),
    page(
        "SVG filters",
        "document.body.innerHTML = '<svg width=3000 height=3000><filter id=f>' + '<feTurbulence baseFrequency=.5 numOctaves=10 /><feMorphology radius=50 /><feGaussianBlur stdDeviation=90 />'.repeat(20) + '</filter><rect width=3000 height=3000 filter=\"url(#f)\" /></svg>'; again(() => { document.querySelector('rect').setAttribute('x', Math.random()) })",
        SHOT,
    ),
    page(
        "SVG that uses itself",
        "let svg = '<g id=u0><rect width=1 height=1 /></g>'; for (let i = 1; i < 9; i++) svg += `<g id=u${i}>` + `<use href=\"#u${i - 1}\" />`.repeat(9) + '</g>'; document.body.innerHTML = `<svg>${svg}</svg>`",
        &[TREE, PICTURE],
    ),
    page(
        "animations by the ten thousand",
        "document.body.innerHTML = '<style>i { display: inline-block; animation: a 1s infinite } @keyframes a { to { transform: rotate(1turn) } }</style>' + '<i>x</i>'.repeat(10000)",
        SHOT,
    ),
    page(
        "shadows and blurs",
        "document.body.innerHTML = '<p style=\"box-shadow: 0 0 400px 400px red; filter: blur(100px); backdrop-filter: blur(99px)\">x</p>'.repeat(500); again(() => { document.body.style.opacity = Math.random() })",
        SHOT,
    ),
    page(
        "a page of a million pixels",
        "document.body.innerHTML = '<div style=\"height: 1000000px; width: 16000px; background: linear-gradient(red, blue)\"></div>'",
        SHOT,
    ),
    page("a picture of noise", "paintNoise(3700, 3700)", LARGE_SHOT),
    page(
        "four pictures of noise in a batch",
        "paintNoise(3700, 3700)",
        &[(
            "batch",
            r#"{"actions": [{"type": "screenshot", "payload": {"viewport": {"width": 3700, "height": 3700}, "deviceScaleFactor": 2}}, {"type": "screenshot", "payload": {}}, {"type": "screenshot", "payload": {}}, {"type": "screenshot", "payload": {}}], "continueOnError": true}"#,
        )],
    ),
    page("noise as a full page", "paintNoise(4000, 16000)", SHOT),
    page(
        "mathematics without end",
        "document.body.innerHTML = '<math>' + '<msqrt><mfrac><mi>x</mi>'.repeat(400) + '</math>'; again(() => { document.body.style.width = 100 + Math.random() * 900 + 'px' })",
        ALL,
    ),
    page(
        "a field of half a megabyte",
        "add('textarea', { id: 'f' }); add('p', { id: 'e', contentEditable: true }).textContent = noise(1e6)",
        &[
            ("fill", r##"{"selector": "#e", "value": "x", "timeoutMs": 2000}"##),
            ("type_text", r##"{"selector": "#f", "text": "hello", "timeoutMs": 2000}"##),
            TREE,
        ],
    ),
];
