//! Tests that the tables agree with the parsers.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Field, Need, Shape};
use crate::{
    action::{parse, payload::asked},
    action_type::ActionType,
};

/// A payload that the parser accepts.
fn base(kind: ActionType) -> Map<String, Value> {
    let mut payload = Map::new();
    for field in kind.own_fields().iter().filter(|field| matches!(field.need, Need::Required | Need::Or(_))) {
        payload.insert(field.name.to_owned(), good(field));
    }
    payload
}

fn good(field: &Field) -> Value {
    match (field.name, field.shape) {
        ("key", _) => json!("Enter"),
        ("url", _) => json!("https://a.test/"),
        (_, Shape::Text | Shape::Selector) => json!("a"),
        (_, Shape::Boolean) => json!(true),
        (_, Shape::Integer(least, _) | Shape::Clamped(least, _)) => json!(least),
        (_, Shape::Number(..) | Shape::Scale) => json!(1),
        (_, Shape::Word(words)) => json!(words.last()),
        (_, Shape::Words(words)) => json!(words),
        (_, Shape::Texts(_)) => json!(["a"]),
        (_, Shape::Device) => json!("iphone_15_pro"),
        (_, Shape::Point) => json!({"x": 1, "y": 2}),
        (_, Shape::Points(least, _)) => json!(vec![json!({"x": 1, "y": 2}); least]),
        (_, Shape::Clip) => json!({"x": 1, "y": 2, "width": 3, "height": 4}),
        (_, Shape::Viewport) => json!({"width": 3, "height": 4}),
        (_, Shape::Actions(least, _)) => json!(vec![json!({"type": "title"}); least]),
    }
}

fn bad(shape: Shape) -> Vec<Value> {
    match shape {
        Shape::Text => vec![json!([]), json!({})],
        Shape::Selector => vec![json!([]), json!(""), json!("a".repeat(8193))],
        Shape::Boolean => vec![json!("true"), json!(1)],
        Shape::Integer(least, most) => vec![json!("1"), json!(i64::from(least) - 1), json!(most + 1), json!(1.5)],
        Shape::Clamped(least, _) => vec![json!("1"), json!(i64::from(least) - 1), json!(1.5)],
        Shape::Number(least, most) if most < f64::MAX => vec![json!("1"), json!(least - 1.0), json!(most + 1.0)],
        Shape::Number(..) => vec![json!("1")],
        Shape::Scale => vec![json!("1"), json!(0), json!(3.01)],
        Shape::Word(_) | Shape::Device => vec![json!("bogus"), json!([])],
        Shape::Words(_) => vec![json!(["bogus"]), json!("text")],
        Shape::Texts(usize::MAX) => vec![json!("a"), json!([[]])],
        Shape::Texts(most) => vec![json!("a"), json!([[]]), json!(vec!["a"; most + 1])],
        Shape::Point => vec![json!(1), json!({"x": 1})],
        Shape::Points(least, most) => {
            let points = |count| json!(vec![json!({"x": 1, "y": 2}); count]);
            vec![json!(1), json!([1, 2]), points(least - 1), points(most + 1)]
        }
        Shape::Clip => vec![json!(1), json!({"x": 1, "y": 2, "width": 3})],
        Shape::Viewport => vec![json!(1), json!({"width": 3}), json!({"width": 3, "height": 4, "depth": 5})],
        Shape::Actions(least, most) => {
            let actions = |count| json!(vec![json!({"type": "title"}); count]);
            vec![json!(1), json!(["title"]), actions(least - 1), actions(most + 1), json!([{"type": "batch"}])]
        }
    }
}

/// Fields that come in pairs.
const PAIRS: [(&str, &str); 4] = [("x", "y"), ("vw", "vh"), ("from", "to"), ("fromSelector", "toSelector")];

/// The payloads in which the field is tried: added to the base, alone, and with only the element beside it.
fn ways(kind: ActionType, field: &Field, name: &str, value: &Value) -> Vec<Value> {
    let mut needed = Map::from_iter([("screenshot".to_owned(), json!(kind != ActionType::Screenshot))]);
    if name == "quality" {
        needed.insert("type".to_owned(), json!("jpeg"));
    }
    let pair = PAIRS.iter().find(|(one, other)| [one, other].contains(&&name));
    for other in pair.into_iter().flat_map(|(one, other)| [one, other]) {
        let fields = all_fields(kind);
        needed.extend(
            fields.iter().filter(|field| field.name == *other).map(|field| (field.name.to_owned(), good(field))),
        );
    }
    let mut beside = base(kind);
    for other in names(field) {
        beside.remove(other);
    }
    let element = base(kind).remove_entry("selector").into_iter().collect();
    let way = |mut payload: Map<String, Value>| {
        payload.extend(needed.clone());
        payload.insert(name.to_owned(), value.clone());
        json!({"type": kind, "payload": payload})
    };
    [beside, Map::new(), element].map(way).to_vec()
}

fn names(field: &Field) -> Vec<&'static str> {
    [Some(field.name), field.also].into_iter().flatten().collect()
}

fn all_fields(kind: ActionType) -> Vec<Field> {
    kind.own_fields().iter().copied().chain(kind.common_fields()).collect()
}

#[test]
fn every_field_is_taken_as_its_table_says() {
    for (kind, _) in ActionType::ALL {
        let request = json!({"type": kind, "payload": base(kind)});
        parse(&request).unwrap_or_else(|error| panic!("{request}: {error}"));
        for field in all_fields(kind) {
            for name in names(&field) {
                let taken = ways(kind, &field, name, &good(&field)).iter().any(|request| parse(request).is_ok());
                assert!(taken, "{kind} takes {name}");
                for value in bad(field.shape) {
                    assert!(is_refused(kind, &field, name, &value), "{kind} refuses {name}: {value}");
                }
            }
        }
    }
}

/// Whether one of these payloads is refused with the field's name, or because a step is not an action.
fn is_refused(kind: ActionType, field: &Field, name: &str, value: &Value) -> bool {
    let refusals = ways(kind, field, name, value).into_iter().filter_map(|way| parse(&way).err());
    let told = [name, if name == "actions" { "step 0" } else { name }];
    refusals.into_iter().any(|error| told.iter().any(|told| error.message().contains(told)))
}

#[test]
fn what_is_required_is_missed_and_what_has_a_default_is_not() {
    for (kind, _) in ActionType::ALL {
        for field in all_fields(kind) {
            let mut payload = base(kind);
            payload.remove(field.name);
            let missed = parse(&json!({"type": kind, "payload": payload}));
            match field.need {
                Need::Required | Need::Or(_) => {
                    let error = missed.unwrap_err();
                    assert!(error.message().contains(field.name), "{kind} without {}: {error}", field.name);
                }
                Need::Default(text) => {
                    let mut said = base(kind);
                    said.insert(field.name.to_owned(), serde_json::from_str(text).unwrap());
                    let silent = parse(&json!({"type": kind, "payload": payload})).unwrap();
                    // A scroll with a direction differs from a scroll into view: here the page is scrolled.
                    assert_eq!(
                        parse(&json!({"type": kind, "payload": said})).unwrap(),
                        silent,
                        "{kind} {}",
                        field.name
                    );
                }
                Need::Optional => drop(missed.unwrap()),
            }
        }
    }
}

#[test]
fn no_parser_asks_for_more_than_its_table_has() {
    for (kind, _) in ActionType::ALL {
        let fields = all_fields(kind);
        let told: BTreeSet<String> = fields.iter().flat_map(names).map(str::to_owned).collect();
        asked::forget();
        drop(parse(&json!({"type": kind})));
        drop(parse(&json!({"type": kind, "payload": {"screenshot": true}})));
        for field in &fields {
            for name in names(field) {
                for request in ways(kind, field, name, &good(field)) {
                    drop(parse(&request));
                }
            }
        }
        assert_eq!(asked::names(), told, "{kind}");
    }
}

#[test]
fn the_schemas_judge_as_the_tables_do() {
    for (kind, _) in ActionType::ALL {
        let schema = jsonschema::validator_for(&kind.payload_schema()).unwrap();
        for field in all_fields(kind) {
            for name in names(&field) {
                let mut payload = base(kind);
                payload.insert(name.to_owned(), good(&field));
                assert!(schema.is_valid(&json!(payload)), "{kind} {name}");
                for value in bad(field.shape).into_iter().filter(|value| value[0]["type"] != "batch") {
                    payload.insert(name.to_owned(), value);
                    assert!(!schema.is_valid(&json!(payload)), "{kind} {name}: {payload:?}");
                }
            }
        }
        if let Some(field) = kind.own_fields().iter().find(|field| field.need == Need::Required && field.also.is_none())
        {
            assert!(!schema.is_valid(&json!({})), "{kind} without {}", field.name);
        }
    }
}
