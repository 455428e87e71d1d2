//! Random HTML documents: what a converter of pages must read in bounded time and size, whatever it is made of.

use std::fmt::Write as _;

use crate::dice::Dice;

const TAGS: [&str; 40] = [
    "p",
    "div",
    "span",
    "table",
    "tr",
    "td",
    "th",
    "thead",
    "tbody",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "pre",
    "code",
    "blockquote",
    "h1",
    "h3",
    "a",
    "b",
    "i",
    "sup",
    "img",
    "br",
    "hr",
    "svg",
    "math",
    "select",
    "option",
    "textarea",
    "input",
    "button",
    "details",
    "summary",
    "template",
    "iframe",
    "object",
    "x-own",
];
const ATTRIBUTES: [&str; 16] = [
    "hidden",
    "style='display:none'",
    "style='display:contents'",
    "style='float:left;position:absolute'",
    "colspan=18446744073709551615",
    "rowspan=65534",
    "href='javascript:alert(1)'",
    "href='//[bad'",
    "src=data:,",
    "srcset='a 1x, b 2x'",
    "aria-hidden=true",
    "role=table",
    "dir=rtl",
    "lang=xx",
    "contenteditable",
    "name=getAttribute",
];
const TEXTS: [&str; 12] =
    ["word", "|", "```", "\\", "<", "&amp;", "&#0;", "\u{202e}", "\u{200b}", "\u{ad}", "漢字かな", "* [x](y) #"];

/// A document of about this many pieces.
pub fn document(dice: &mut Dice, pieces: usize) -> String {
    let mut html = String::from("<!doctype html><title>Random</title><body>");
    let mut open = Vec::new();
    for _ in 0..pieces {
        match dice.throw(8) {
            0..4 => open_tag(dice, &mut html, &mut open),
            4 => html.extend(open.pop().map(|tag| format!("</{tag}>"))),
            // Closed in the wrong order.
            5 if dice.one_in(4) => write!(html, "</{}>", dice.one(&TAGS)).unwrap_or_default(),
            6 if dice.one_in(200) => html.push_str(&dice.one(&TEXTS).repeat(20_000)),
            _ => html.push_str(dice.one(&TEXTS)),
        }
    }
    html
}

fn open_tag(dice: &mut Dice, html: &mut String, open: &mut Vec<&'static str>) {
    let tag = dice.one(&TAGS);
    html.push('<');
    html.push_str(tag);
    for _ in 0..dice.throw(3) {
        html.push(' ');
        html.push_str(dice.one(&ATTRIBUTES));
    }
    html.push('>');
    open.push(tag);
}
