//! Converts values between Redis and Lua by the rules of Redis.

use mlua::{Lua, Value};

use super::super::Answer;

/// The bytes of an argument, as Redis takes it.
pub(super) fn word(value: Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Integer(whole) => whole.to_string().into_bytes(),
        // Redis writes numbers with 17 digits. The scripts only use whole numbers below 2^53.
        Value::Number(number) => format!("{number}").into_bytes(),
        other => panic!("a script handed {other:?} to redis"),
    }
}

pub(super) fn to_lua(lua: &Lua, answer: Answer) -> mlua::Result<Value> {
    Ok(match answer {
        Answer::Nil => Value::Boolean(false),
        #[expect(clippy::cast_precision_loss, reason = "Lua has no other numbers; ours are below 2^53")]
        Answer::Whole(whole) => Value::Number(whole as f64),
        Answer::Bytes(bytes) => Value::String(lua.create_string(bytes)?),
        Answer::List(items) => {
            let table = lua.create_table()?;
            for item in items {
                table.push(to_lua(lua, item)?)?;
            }
            Value::Table(table)
        }
    })
}

pub(super) fn from_lua(value: Value) -> Answer {
    match value {
        Value::Boolean(false) | Value::Nil => Answer::Nil,
        Value::Boolean(true) => Answer::Whole(1),
        Value::Integer(whole) => Answer::Whole(whole),
        #[expect(clippy::cast_possible_truncation, reason = "Redis cuts them off too")]
        Value::Number(number) => Answer::Whole(number as i64),
        Value::String(text) => Answer::Bytes(text.as_bytes().to_vec()),
        Value::Table(table) => {
            // As in Redis, a list ends at its first nil.
            let items = (1..).map_while(|at| table.raw_get::<Value>(at).ok().filter(|item| !item.is_nil()));
            Answer::List(items.map(from_lua).collect())
        }
        other => panic!("a script answered {other:?}"),
    }
}
