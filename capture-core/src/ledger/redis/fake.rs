//! A Redis for tests: the real scripts, run by a real Lua, on keys in memory and a clock that tests can move.
//!
//! Owns what the scripts use of Redis and nothing else. Whether Redis itself agrees is asked of a real one elsewhere.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture};
use mlua::{Lua, MultiValue, Value};
use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use super::{Answer, Argument, Script, Store, StoreError};
use crate::clock::millis;

/// Its clock when it starts.
const BEGINNING: i64 = 1_800_000_000_000;

/// A data set that any number of instances share.
#[derive(Debug)]
pub(crate) struct FakeRedis {
    lua: Lua,
    compiled: Mutex<HashMap<&'static str, mlua::Function>>,
    /// A text in the scripts, and what to run in its place.
    sabotage: Option<(&'static str, &'static str)>,
    keys: Arc<Mutex<Keys>>,
}

/// An entry of the billing stream.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    pub(crate) session: String,
    pub(crate) reason: String,
    pub(crate) started: i64,
    pub(crate) ended: i64,
    pub(crate) credits: u64,
    /// How often everything had been lost by then.
    pub(crate) losses: u32,
    /// When it was written.
    pub(crate) at: Instant,
    /// The owner's last proof of life when it was written.
    pub(crate) proof: i64,
}

#[derive(Debug)]
struct Keys {
    bills: Vec<Bill>,
    losses: u32,
    values: BTreeMap<Vec<u8>, Kept>,
    dies: HashMap<Vec<u8>, i64>,
    started: Instant,
    moved: Duration,
}

#[derive(Debug, Clone)]
enum Kept {
    Text(Vec<u8>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Sorted(BTreeMap<Vec<u8>, f64>),
}

impl FakeRedis {
    pub(crate) fn new() -> Arc<Self> {
        Self::sabotaged(None)
    }

    /// One whose scripts have a bug.
    pub(crate) fn sabotaged(sabotage: Option<(&'static str, &'static str)>) -> Arc<Self> {
        let keys = Keys {
            bills: Vec::new(),
            losses: 0,
            values: BTreeMap::new(),
            dies: HashMap::new(),
            started: Instant::now(),
            moved: Duration::ZERO,
        };
        let (lua, keys) = (Lua::new(), Arc::new(Mutex::new(keys)));
        let called = Arc::clone(&keys);
        let call = lua.create_function(move |lua, arguments: MultiValue| {
            let words: Vec<Vec<u8>> = arguments.into_iter().map(word).collect();
            let answer = called.lock().call(&words);
            to_lua(lua, answer)
        });
        let redis = lua.create_table().unwrap();
        redis.set("call", call.unwrap()).unwrap();
        lua.globals().set("redis", redis).unwrap();
        Arc::new(Self { lua, compiled: Mutex::default(), sabotage, keys })
    }

    /// Lets its clock run ahead.
    pub(crate) fn advance(&self, by: Duration) {
        self.keys.lock().moved += by;
    }

    /// Everything is lost, as after a restart without persistence.
    pub(crate) fn clear(&self) {
        let mut keys = self.keys.lock();
        keys.values.clear();
        keys.losses += 1;
        keys.dies.clear();
    }

    /// A way back to what there is now: everything since is lost, as when a replica takes over.
    pub(crate) fn replica(&self) -> impl FnOnce() + use<> {
        let (keys, values) = (Arc::clone(&self.keys), self.keys.lock().values.clone());
        move || keys.lock().values = values
    }

    /// Every bill that was ever written, also before everything was lost.
    pub(crate) fn bills(&self) -> Vec<Bill> {
        self.keys.lock().bills.clone()
    }

    /// Members of a sorted set.
    pub(crate) fn card(&self, key: &str) -> usize {
        self.keys.lock().sorted(key.as_bytes()).len()
    }

    /// A field of a hash.
    pub(crate) fn field(&self, key: &str, field: &str) -> Option<String> {
        let keys = self.keys.lock();
        keys.hash(key.as_bytes())?.get(field.as_bytes()).map(|value| text(value).to_owned())
    }

    /// Whether the session under this key is final.
    pub(crate) fn is_final(&self, key: &str) -> bool {
        self.field(key, "state").as_deref() == Some("final")
    }

    /// Names of all keys.
    pub(crate) fn names(&self) -> Vec<String> {
        self.keys.lock().values.keys().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    pub(crate) fn run_now(&self, script: Script, arguments: &[Argument]) -> Result<Answer, StoreError> {
        let mut compiled = self.compiled.lock();
        let function = compiled
            .entry(script.code)
            .or_insert_with(|| {
                let code = self.sabotage.map_or(script.code.to_owned(), |(good, bad)| script.code.replace(good, bad));
                self.lua.load(code).set_name(script.what).into_function().unwrap()
            })
            .clone();
        let argv = self.lua.create_table().unwrap();
        argv.push("capture").unwrap();
        for argument in arguments {
            argv.push(self.lua.create_string(argument).unwrap()).unwrap();
        }
        self.lua.globals().set("ARGV", argv).unwrap();
        let answer: Value = function.call(()).map_err(|error| StoreError(error.to_string()))?;
        Ok(from_lua(answer))
    }
}

impl Store for FakeRedis {
    fn run(&self, script: Script, arguments: Vec<Argument>) -> BoxFuture<'_, Result<Answer, StoreError>> {
        async move { self.run_now(script, &arguments) }.boxed()
    }
}

/// An argument as Redis takes it.
fn word(value: Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.as_bytes().to_vec(),
        Value::Integer(whole) => whole.to_string().into_bytes(),
        // Redis writes numbers with 17 digits; the scripts use whole ones below 2^53.
        Value::Number(number) => format!("{number}").into_bytes(),
        other => panic!("a script handed {other:?} to redis"),
    }
}

fn to_lua(lua: &Lua, answer: Answer) -> mlua::Result<Value> {
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

fn from_lua(value: Value) -> Answer {
    match value {
        Value::Boolean(false) | Value::Nil => Answer::Nil,
        Value::Boolean(true) => Answer::Whole(1),
        Value::Integer(whole) => Answer::Whole(whole),
        #[expect(clippy::cast_possible_truncation, reason = "Redis cuts them off too")]
        Value::Number(number) => Answer::Whole(number as i64),
        Value::String(text) => Answer::Bytes(text.as_bytes().to_vec()),
        Value::Table(table) => {
            // As Redis: up to the first nil.
            let items = (1..).map_while(|at| table.raw_get::<Value>(at).ok().filter(|item| !item.is_nil()));
            Answer::List(items.map(from_lua).collect())
        }
        other => panic!("a script answered {other:?}"),
    }
}

fn text(word: &[u8]) -> &str {
    std::str::from_utf8(word).unwrap()
}

fn whole(count: usize) -> Answer {
    Answer::Whole(i64::try_from(count).unwrap())
}

fn bound(word: &[u8]) -> (f64, bool) {
    match text(word) {
        "-inf" => (f64::NEG_INFINITY, false),
        "+inf" => (f64::INFINITY, false),
        word => match word.strip_prefix('(') {
            Some(open) => (open.parse().unwrap(), true),
            None => (word.parse().unwrap(), false),
        },
    }
}

macro_rules! kept {
    ($keys:expr, $key:expr, $kind:ident, $default:expr) => {
        match $keys.values.entry($key.clone()).or_insert_with(|| Kept::$kind($default)) {
            Kept::$kind(inner) => inner,
            other => panic!("wrong type of key {}: {other:?}", text($key)),
        }
    };
}

impl Keys {
    fn now(&self) -> i64 {
        BEGINNING + millis(self.started.elapsed() + self.moved)
    }

    fn hash(&self, key: &[u8]) -> Option<&BTreeMap<Vec<u8>, Vec<u8>>> {
        match self.values.get(key)? {
            Kept::Hash(hash) => Some(hash),
            other => panic!("wrong type of key {}: {other:?}", text(key)),
        }
    }

    fn sorted(&self, key: &[u8]) -> Vec<(Vec<u8>, f64)> {
        let Some(Kept::Sorted(members)) = self.values.get(key) else { return Vec::new() };
        let mut members: Vec<_> = members.iter().map(|(member, score)| (member.clone(), *score)).collect();
        members.sort_by(|one, other| one.1.total_cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
        members
    }

    fn expire(&mut self) {
        let now = self.now();
        let dead: Vec<_> = self.dies.iter().filter(|(_, dies)| **dies <= now).map(|(key, _)| key.clone()).collect();
        for key in dead {
            self.values.remove(&key);
            self.dies.remove(&key);
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table of commands, a line or two each")]
    fn call(&mut self, words: &[Vec<u8>]) -> Answer {
        self.expire();
        let (command, words) = words.split_first().unwrap();
        let bytes = |found: Option<&Vec<u8>>| found.map_or(Answer::Nil, |bytes| Answer::Bytes(bytes.clone()));
        match (text(command), words) {
            ("TIME", []) => {
                let now = self.now();
                let parts = [now / 1000, now % 1000 * 1000];
                Answer::List(parts.map(|part| Answer::Bytes(part.to_string().into_bytes())).to_vec())
            }
            ("EXISTS", [key]) => Answer::Whole(self.values.contains_key(key).into()),
            ("DEL", keys) => whole(keys.iter().filter(|key| self.values.remove(*key).is_some()).count()),
            ("PTTL", [key]) => Answer::Whole(self.dies.get(key).map_or(-2, |dies| dies - self.now())),
            ("GET", [key]) => match self.values.get(key) {
                Some(Kept::Text(value)) => Answer::Bytes(value.clone()),
                _ => Answer::Nil,
            },
            ("GETDEL", [key]) => match self.values.remove(key) {
                Some(Kept::Text(value)) => Answer::Bytes(value),
                _ => Answer::Nil,
            },
            ("SET", [key, value, options @ ..]) => self.set(key, value, options),
            ("HGET", [key, field]) => bytes(self.hash(key).and_then(|hash| hash.get(field))),
            ("HMGET", [key, fields @ ..]) => Answer::List(
                fields.iter().map(|field| bytes(self.hash(key).and_then(|hash| hash.get(field)))).collect(),
            ),
            ("HGETALL", [key]) => {
                let fields = self.hash(key).into_iter().flatten();
                Answer::List(fields.flat_map(|(name, value)| [name, value]).cloned().map(Answer::Bytes).collect())
            }
            ("HSET", [key, pairs @ ..]) => {
                let hash = kept!(self, key, Hash, BTreeMap::new());
                for pair in pairs.chunks_exact(2) {
                    hash.insert(pair[0].clone(), pair[1].clone());
                }
                whole(pairs.len() / 2)
            }
            ("INCR", [key]) => {
                let value = kept!(self, key, Text, b"0".to_vec());
                let next = text(value).parse::<i64>().unwrap() + 1;
                *value = next.to_string().into_bytes();
                Answer::Whole(next)
            }
            ("HDEL", [key, field]) => {
                kept!(self, key, Hash, BTreeMap::new()).remove(field);
                Answer::Whole(1)
            }
            ("SADD", [key, member]) => {
                Answer::Whole(kept!(self, key, Set, BTreeSet::new()).insert(member.clone()).into())
            }
            ("SREM", [key, member]) => {
                let members = kept!(self, key, Set, BTreeSet::new());
                let removed = members.remove(member);
                if members.is_empty() {
                    self.values.remove(key);
                }
                Answer::Whole(removed.into())
            }
            ("SCARD", [key]) => match self.values.get(key) {
                Some(Kept::Set(members)) => whole(members.len()),
                _ => Answer::Whole(0),
            },
            ("SMEMBERS", [key]) => match self.values.get(key) {
                Some(Kept::Set(members)) => Answer::List(members.iter().cloned().map(Answer::Bytes).collect()),
                _ => Answer::List(Vec::new()),
            },
            ("ZADD", [key, score, member]) => {
                kept!(self, key, Sorted, BTreeMap::new()).insert(member.clone(), text(score).parse().unwrap());
                Answer::Whole(1)
            }
            ("ZREM", [key, member]) => {
                let members = kept!(self, key, Sorted, BTreeMap::new());
                let removed = members.remove(member).is_some();
                if members.is_empty() {
                    self.values.remove(key);
                }
                Answer::Whole(removed.into())
            }
            ("ZSCORE", [key, member]) => {
                let score = self.sorted(key).into_iter().find(|(other, _)| other == member);
                score.map_or(Answer::Nil, |(_, score)| Answer::Bytes(format!("{score}").into_bytes()))
            }
            ("ZRANGE", [key, ..]) => {
                Answer::List(self.sorted(key).into_iter().map(|(member, _)| Answer::Bytes(member)).collect())
            }
            ("ZRANGEBYSCORE", [key, least, most, limit @ ..]) => {
                let ((least, _), (most, open)) = (bound(least), bound(most));
                let most_items = limit.get(2).map_or(usize::MAX, |count| text(count).parse().unwrap());
                let inside = |score: f64| score >= least && if open { score < most } else { score <= most };
                let members = self.sorted(key).into_iter().filter(|(_, score)| inside(*score)).take(most_items);
                Answer::List(members.map(|(member, _)| Answer::Bytes(member)).collect())
            }
            ("XADD", [key, ..]) => {
                assert!(key.ends_with(b":billing"));
                let field = |name: &[u8]| {
                    let at = words.iter().position(|word| word == name).unwrap();
                    text(&words[at + 1])
                };
                let number = |name: &[u8]| field(name).parse().unwrap();
                let session = field(b"session").to_owned();
                let owner =
                    self.hash(format!("capture:session:{session}").as_bytes()).and_then(|hash| hash.get(&b"owner"[..]));
                let beat = owner.and_then(|owner| self.hash(format!("capture:instance:{}", text(owner)).as_bytes()));
                let proof = beat.and_then(|hash| text(hash.get(&b"beat"[..])?).parse().ok()).unwrap_or(0);
                let credits = field(b"credits").parse().unwrap();
                let reason = field(b"reason").to_owned();
                self.bills.push(Bill {
                    session,
                    reason,
                    started: number(b"started"),
                    ended: number(b"ended"),
                    credits,
                    losses: self.losses,
                    proof,
                    at: Instant::now(),
                });
                Answer::Bytes(b"1-1".to_vec())
            }
            (command, words) => panic!("a script called {command} with {words:?}"),
        }
    }

    fn set(&mut self, key: &Vec<u8>, value: &[u8], options: &[Vec<u8>]) -> Answer {
        let has = |name: &[u8]| options.iter().position(|option| option == name);
        if has(b"NX").is_some() && self.values.contains_key(key) {
            return Answer::Nil;
        }
        self.values.insert(key.clone(), Kept::Text(value.to_vec()));
        self.dies.remove(key);
        if let Some(at) = has(b"PX") {
            let dies = self.now() + text(&options[at + 1]).parse::<i64>().unwrap();
            self.dies.insert(key.clone(), dies);
        }
        Answer::Bytes(b"OK".to_vec())
    }
}
