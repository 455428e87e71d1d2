//! Tests of parsing: every field ends in the right place, and every bound is enforced.
#![expect(clippy::needless_pass_by_value, reason = "payloads are written where they are used")]

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Action, ActionKind, ActionType, Choice, ConsoleLevel, Diagnostics, Distance, DragPath, Edge, Effects,
    ElementResult, ElementState, Modifier, MouseButton, PictureFormat, Point, Press, QueryField, Scrolled, Stretch,
    Target, Tells, WaitUntil, parse, payload::clip,
};
use crate::limits;

fn parsed(kind: &str, payload: Value) -> Action {
    parse(&json!({"type": kind, "payload": payload})).unwrap_or_else(|error| panic!("{kind}: {error}"))
}

fn refused(kind: &str, payload: Value) -> String {
    parse(&json!({"type": kind, "payload": payload})).unwrap_err().message().to_owned()
}

#[test]
fn every_type_has_its_deadline() {
    let point = json!({"x": 1, "y": 2, "selector": "a", "text": "t", "value": "v", "key": "a", "url": "a.test",
        "path": [{"x": 1, "y": 2}, {"x": 3, "y": 4}], "actions": [{"type": "title"}], "timeoutMs": 1234});
    for (kind, name) in ActionType::ALL {
        let mut payload = point.clone();
        if kind == ActionType::Scroll {
            payload["x"] = Value::Null;
            payload["y"] = Value::Null;
        }
        let asked = parsed(name, payload.clone()).timeout();
        payload.as_object_mut().unwrap().remove("timeoutMs");
        let silent = (kind != ActionType::WaitForTimeout).then(|| parsed(name, payload).timeout());
        let own = Duration::from_millis(1234);
        let (wanted, default) = match kind {
            ActionType::Goto | ActionType::Back | ActionType::Forward | ActionType::Reload => {
                (own, Some(limits::NAVIGATION_TIMEOUT))
            }
            ActionType::WaitForTimeout => (own + limits::READ_TIMEOUT, None),
            ActionType::Batch => (limits::BATCH_TIMEOUT, Some(limits::BATCH_TIMEOUT)),
            ActionType::Title
            | ActionType::Url
            | ActionType::Screenshot
            | ActionType::MoveMouse
            | ActionType::CursorPosition
            | ActionType::Snapshot
            | ActionType::Console
            | ActionType::Errors
            | ActionType::Content
            | ActionType::Query => (limits::READ_TIMEOUT, Some(limits::READ_TIMEOUT)),
            _ => (own, Some(limits::ELEMENT_TIMEOUT)),
        };
        assert_eq!((asked, silent), (wanted, default), "{kind}");
    }
}

#[test]
fn typing_takes_its_delays_into_account() {
    let timeout = |chars: usize, delay: u64| {
        let request = json!({"type": "type_text", "payload": {"text": "a".repeat(chars), "delayMs": delay}});
        parse(&request).map(|action| action.timeout().as_millis())
    };
    assert_eq!(timeout(10, 100).unwrap(), 6_000);
    assert_eq!(timeout(30, 1_000).unwrap(), 30_000, "thirty seconds are not too many");
    assert!(timeout(31, 1_000).unwrap_err().message().contains("take 31 s"));
}

#[test]
fn words_are_those_of_the_wire() {
    for (until, word) in
        [(WaitUntil::Commit, "commit"), (WaitUntil::DomContentLoaded, "domcontentloaded"), (WaitUntil::Load, "load")]
    {
        assert_eq!(until.as_str(), word);
        let ActionKind::Back(travel) = parsed("back", json!({"waitUntil": word})).kind else { panic!("{word}") };
        assert_eq!(travel.wait_until, until);
    }
    for (format, word) in [(PictureFormat::Png, "png"), (PictureFormat::Jpeg, "jpeg"), (PictureFormat::Webp, "webp")] {
        assert_eq!((format.as_str(), format.content_type()), (word, &*format!("image/{word}")));
        let ActionKind::Screenshot(picture) = parsed("screenshot", json!({"type": word})).kind else {
            panic!("{word}")
        };
        assert_eq!(picture.format, format);
    }
    for state in [ElementState::Attached, ElementState::Visible, ElementState::Hidden, ElementState::Detached] {
        let payload = json!({"selector": "a", "state": state.as_str()});
        let ActionKind::WaitForSelector(wait) = parsed("wait_for_selector", payload).kind else { panic!("{state:?}") };
        assert_eq!((wait.state, json!(state)), (state, json!(state.as_str())));
    }
    for (kind, name) in ActionType::ALL {
        assert_eq!((kind.as_str(), kind.to_string().as_str()), (name, name));
    }
}

#[test]
fn clicks_say_what_with_what_and_where() {
    let payload = json!({"selector": "a", "x": 9, "y": 9, "position": {"x": 1, "y": 2}, "button": "right",
        "clickCount": 3, "modifiers": ["Alt", "Control", "Meta", "Shift"], "force": true});
    let ActionKind::Click(click) = parsed("click", payload).kind else { panic!("a click") };
    let Target::Element { selector, position } = click.target else { panic!("the selector wins") };
    assert_eq!((selector.as_str(), position), ("a", Some(Point { x: 1.0, y: 2.0 })));
    assert_eq!((click.button, click.count, click.force), (MouseButton::Right, 3, true));
    assert_eq!(click.modifiers, [Modifier::Alt, Modifier::Control, Modifier::Meta, Modifier::Shift]);
    let ActionKind::Click(click) = parsed("click", json!({"x": 3, "y": 4, "button": "middle"})).kind else {
        panic!("a click")
    };
    assert_eq!((click.target, click.button), (Target::At(Point { x: 3.0, y: 4.0 }), MouseButton::Middle));
    assert_eq!((click.count, click.force), (1, false));
}

#[test]
fn ways_of_a_drag() {
    let points = [Point { x: 1.0, y: 2.0 }, Point { x: 3.0, y: 4.0 }];
    for payload in [json!({"from": points[0], "to": points[1]}), json!({"path": points}), json!({"points": points})] {
        let ActionKind::DragMouse(drag) = parsed("drag_mouse", payload).kind else { panic!("a drag") };
        assert_eq!((drag.path, drag.steps), (DragPath::Points(points.to_vec()), 5));
    }
    let ActionKind::DragMouse(drag) = parsed("drag_mouse", json!({"fromSelector": "a", "toSelector": "b"})).kind else {
        panic!("a drag")
    };
    assert!(matches!(drag.path, DragPath::Elements(from, to) if from.as_str() == "a" && to.as_str() == "b"));
}

#[test]
fn choices_and_fields() {
    let choice = |payload: Value| match parsed("select", payload).kind {
        ActionKind::Select(select) => select.choice,
        _ => panic!("a select"),
    };
    let with = |field: &str, value: Value| json!({"selector": "a", field: value});
    assert_eq!(choice(with("value", json!(7))), Choice::Value(vec!["7".to_owned()]));
    assert_eq!(
        choice(with("values", json!(["a", 1, true]))),
        Choice::Value(vec!["a".into(), "1".into(), "true".into()])
    );
    assert_eq!(choice(with("label", json!("L"))), Choice::Label(["L".to_owned()]));
    assert_eq!(choice(with("index", json!(0))), Choice::Index([0]));
    let fields = |payload: Value| match parsed("query", payload).kind {
        ActionKind::Query(query) => query.fields,
        _ => panic!("a query"),
    };
    assert_eq!(fields(with("fields", json!([]))), [QueryField::Text]);
    assert_eq!(fields(with("fields", json!(["id", "tag", "id"]))), [QueryField::Id, QueryField::Tag]);
    let ActionKind::Console(console) = parsed("console", json!({"level": "warn", "limit": 5000, "clear": true})).kind
    else {
        panic!("the console")
    };
    assert_eq!((console.level, console.limit, console.clear), (Some(ConsoleLevel::Warning), 1_000, true));
}

#[test]
fn ways_of_scrolling() {
    let scrolled = |payload: Value| match parsed("scroll", payload).kind {
        ActionKind::Scroll(scroll) => scroll.what,
        _ => panic!("a scroll"),
    };
    let by = |dx: f64, dy: f64| Stretch::By(Distance { dx, dy });
    assert_eq!(scrolled(json!({})), Scrolled::Page(by(0.0, 500.0)));
    assert_eq!(scrolled(json!({"direction": "up", "amount": 7})), Scrolled::Page(by(0.0, -7.0)));
    assert_eq!(scrolled(json!({"direction": "left"})), Scrolled::Page(by(-500.0, 0.0)));
    assert_eq!(scrolled(json!({"direction": "right"})), Scrolled::Page(by(500.0, 0.0)));
    assert_eq!(scrolled(json!({"to": "bottom"})), Scrolled::Page(Stretch::To(Edge::Bottom)));
    assert_eq!(
        scrolled(json!({"x": 1, "y": 2})),
        Scrolled::Wheel(Point { x: 1.0, y: 2.0 }, Distance { dx: 0.0, dy: 500.0 })
    );
    let sideways = json!({"x": 1, "y": 2, "direction": "left", "amount": 3});
    assert_eq!(scrolled(sideways), Scrolled::Wheel(Point { x: 1.0, y: 2.0 }, Distance { dx: -3.0, dy: 0.0 }));
    assert!(matches!(scrolled(json!({"selector": "a"})), Scrolled::IntoView(_)));
    assert!(matches!(scrolled(json!({"selector": "a", "to": "top"})), Scrolled::Element(_, Stretch::To(Edge::Top))));
    assert!(refused("scroll", json!({"selector": "a", "x": 1, "y": 2})).contains("payload.x"));
    assert!(refused("scroll", json!({"x": 1, "y": 2, "to": "top"})).contains("payload.to"));
    assert!(refused("scroll", json!({"to": "top", "direction": "up"})).contains("payload.to"));
}

#[test]
fn bounds_are_inclusive() {
    for (kind, payload) in [
        ("batch", json!({"actions": vec![json!({"type": "title"}); 25]})),
        ("drag_mouse", json!({"path": vec![json!({"x": 1, "y": 2}); 100]})),
        ("query", json!({"selector": "a".repeat(8_192), "attributes": vec!["a"; 50], "limit": 500})),
        ("goto", json!({"url": format!("http://a.test/{}", "x".repeat(65_536 - 14)), "vw": 5000, "vh": 5000})),
        (
            "screenshot",
            json!({"scaleFactor": 3, "type": "jpeg", "quality": 100, "clip": {"x": -1e6, "y": 1e6, "width": 1e6, "height": 0.1}}),
        ),
        ("scroll", json!({"amount": 1e6})),
        ("move_mouse", json!({"x": 0, "y": 0, "steps": 100})),
    ] {
        parsed(kind, payload);
    }
    for (kind, payload, named) in [
        ("batch", json!({"actions": vec![json!({"type": "title"}); 26]}), "1 to 25"),
        ("goto", json!({"url": format!("http://a.test/{}", "x".repeat(65_536 - 13))}), "65536"),
        ("goto", json!({"url": "http://"}), "payload.url"),
        ("screenshot", json!({"clip": {"x": 0, "y": 0, "width": 1, "height": 0}}), "payload.clip"),
        ("screenshot", json!({"clip": {"x": 1e7, "y": 0, "width": 1, "height": 1}}), "payload.clip.x"),
        ("screenshot", json!({"fullPage": true, "clip": {"x": 0, "y": 0, "width": 1, "height": 1}}), "payload.clip"),
        ("screenshot", json!({"quality": 50, "type": "png"}), "payload.quality"),
    ] {
        assert!(refused(kind, payload).contains(named), "{kind} {named}");
    }
    let keys = |payload: Value| matches!(parsed("press", payload).kind, ActionKind::Press(Press { chord, .. }) if chord.modifiers == [Modifier::Alt, Modifier::Meta]);
    assert!(keys(json!({"key": "Alt+Meta+x"})));
    assert_eq!((clip(&"x".repeat(80)), clip(&"x".repeat(81))), ("x".repeat(80), format!("{}…", "x".repeat(80))));
}

#[test]
fn a_picture_or_a_size_belongs_to_the_action() {
    assert!(parsed("title", json!({"screenshot": true})).screenshot);
    assert!(!parsed("screenshot", json!({"screenshot": true})).screenshot, "it is one itself");
    let sized = |kind: &str, payload: Value| parsed(kind, payload).viewport.is_some();
    assert!(
        sized("goto", json!({"url": "a.test", "vw": 1, "vh": 1})) && sized("screenshot", json!({"scaleFactor": 1}))
    );
    assert!(sized("title", json!({"screenshot": true, "emulateDevice": "pixel_8"})));
    assert!(!sized("title", json!({"vw": 1, "vh": 1})), "only with a picture");
}

#[test]
fn replies_tell_of_the_page_what_their_type_tells() {
    let told = |tells: Tells, navigated: bool| {
        let mut effects = Effects::default();
        effects.told(tells, navigated, "u".to_owned());
        (effects.navigated, effects.url.is_some())
    };
    assert_eq!((told(Tells::Nothing, true), told(Tells::Nothing, false)), ((None, false), (None, false)));
    assert_eq!((told(Tells::Navigation, true), told(Tells::Navigation, false)), ((Some(true), false), (None, false)));
    assert_eq!(told(Tells::NavigationAndUrl, true), (Some(true), true));
    assert_eq!(told(Tells::NavigationAndUrl, false), (None, true));
    assert_eq!((told(Tells::Travel, true), told(Tells::Travel, false)), ((Some(true), true), (Some(false), true)));
}

#[test]
fn an_element_is_told_with_what_was_seen_of_it() {
    let seen: Diagnostics = serde_json::from_value(json!({"matched": true, "matchCount": 2, "visible": true})).unwrap();
    let told = json!(ElementResult::of(seen));
    assert_eq!(told, json!({"matched": true, "matchCount": 2, "visible": true}));
}
