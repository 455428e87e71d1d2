//! Generated pages: elements of every kind, arranged by a seeded generator, with actions on them.

use serde_json::{Value, json};

use crate::Dice;

/// A page and the actions to run on it.
#[derive(Debug)]
pub struct Invented {
    /// The markup of the page.
    pub page: String,
    /// `(type, payload)` of each action, in order.
    pub actions: Vec<(&'static str, Value)>,
}

const STYLES: [&str; 18] = [
    "",
    "",
    "",
    "",
    "display:none",
    "visibility:hidden",
    "opacity:0",
    "width:0;height:0;padding:0;border:0;overflow:hidden",
    "pointer-events:none",
    "transform:rotate(30deg)",
    "transform:scale(0.4)",
    "transform:translateX(40px) skewX(20deg)",
    "position:fixed;z-index:9",
    "overflow:scroll",
    "animation:drift 2s infinite alternate",
    "display:contents",
    "clip-path:circle(30%)",
    "zoom:1.7",
];
const WORDS: [&str; 8] =
    ["Order", "Sign in", "Straße ✓", "  spaced   out ", "日本語", "x", "A longer sentence to wrap", "…"];

impl Invented {
    /// The page for this seed.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let count = 6 + dice.throw(20);
        let (mut body, mut actions) = (String::new(), Vec::new());
        for number in 0..count {
            let (markup, action) = element(&mut dice, number);
            body += &wrapped(&mut dice, &markup);
            actions.push(action);
        }
        if dice.one_in(3) {
            body +=
                "<div id=cover style='position:fixed;left:0;top:0;width:100%;height:80px;background:#fffc'>cover</div>";
        }
        let wanted = 5 + dice.throw(5);
        while actions.len() > wanted {
            actions.remove(dice.throw(actions.len()));
        }
        actions.push(("query", json!({"selector": dice.one(&["button", "input", "*[id]", ".c", "#e3"]), "fields": ["id", "tag", "visible", "value"]})));
        actions.push(("scroll", json!({"amount": 100 + dice.throw(2000)})));
        actions.extend([("title", json!({})), ("url", json!({})), ("cursor_position", json!({}))]);
        let title = dice.one(&WORDS);
        let direction = if dice.one_in(6) { " dir=rtl" } else { "" };
        let page = format!(
            "<!doctype html><html{direction}><meta charset=utf-8><title>{title} {seed}</title><style>\
             body {{ margin: 0; height: {}px; position: relative }} .a {{ position: absolute }} .s {{ width: 300px; height: 90px; overflow: auto }}\
             @keyframes drift {{ to {{ transform: translateX(80px) }} }}</style><body>{body}",
            400 + dice.throw(3000)
        );
        Self { page, actions }
    }
}

/// Wraps an element in other elements, chosen by the generator.
fn wrapped(dice: &mut Dice, markup: &str) -> String {
    let (left, top) = (dice.throw(1300), dice.throw(1600));
    match dice.throw(6) {
        0 => format!("<p>{markup}</p>"),
        1 => format!(
            "<div class='s'><div style='height:{}px'></div>{markup}<div style='height:400px'></div></div>",
            dice.throw(600)
        ),
        2 => format!("<section style='transform:scale(0.{})'>{markup}</section>", 5 + dice.throw(5)),
        _ => format!("<div class=a style='left:{left}px;top:{top}px'>{markup}</div>"),
    }
}

/// An element, and an action on it.
fn element(dice: &mut Dice, number: usize) -> (String, (&'static str, Value)) {
    let (style, words) = (dice.one(&STYLES), dice.one(&WORDS));
    let state = if dice.one_in(8) { " disabled" } else { "" };
    let about = format!("id=e{number} class=c style='{style}'{state}");
    let selector = json!(format!("#e{number}"));
    let with = |more: Value| {
        let mut payload = json!({"selector": selector, "timeoutMs": 250});
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        payload
    };
    match dice.throw(12) {
        0 | 1 => (
            format!("<button {about}>{words}</button>"),
            ("click", with(json!({"button": dice.one(&["left", "left", "right", "middle"])}))),
        ),
        2 => (format!("<a {about} href='#{number}'>{words}</a>"), ("click", with(json!({})))),
        3 => (format!("<div {about} onclick='this.dataset.n = 1'>{words}</div>"), ("hover", with(json!({})))),
        4 => (format!("<input {about} maxlength={}>", 3 + dice.throw(30)), ("fill", with(json!({"value": words})))),
        5 => (
            format!("<textarea {about}>before</textarea>"),
            ("type", with(json!({"text": words, "clear": dice.one_in(2)}))),
        ),
        6 => (
            format!("<div {about} contenteditable>{words}</div>"),
            ("fill", with(json!({"value": dice.one(&WORDS).trim()}))),
        ),
        7 => {
            let kind = dice.one(&["checkbox", "radio"]);
            let wanted = kind == "radio" || !dice.one_in(3);
            (format!("<input type={kind} {about}>"), ("check", with(json!({"checked": wanted}))))
        }
        8 => (
            format!("<select {about}><option value=a>{words}<option value=b>B<option value=c disabled>C</select>"),
            ("select", with(json!({"value": dice.one(&["a", "b", "c", "d"])}))),
        ),
        9 => (
            format!("<label {about}>{words} <input type=checkbox style='{}'></label>", dice.one(&STYLES)),
            ("check", with(json!({}))),
        ),
        10 => (
            format!("<input {about} type={}>", dice.one(&["number", "date", "email", "search"])),
            ("press", with(json!({"key": dice.one(&["a", "Tab", "Control+A", "ArrowUp"])}))),
        ),
        _ => (
            format!("<span {about} tabindex=0>{words}</span>"),
            ("wait_for_selector", with(json!({"state": dice.one(&["visible", "attached", "hidden"])}))),
        ),
    }
}
