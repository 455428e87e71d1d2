//! The keys of the fake Redis, and the commands that the scripts use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::time::{Duration, Instant};

use super::{super::Answer, Bill};
use crate::clock::millis;

/// Time of the clock at the start, in milliseconds.
const BEGINNING: i64 = 1_800_000_000_000;

/// The data, and every bill that was ever written.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) bills: Vec<Bill>,
    pub(super) losses: u32,
    pub(super) values: BTreeMap<Vec<u8>, Kept>,
    pub(super) dies: HashMap<Vec<u8>, i64>,
    started: Instant,
    pub(super) moved: Duration,
}

#[derive(Debug, Clone)]
pub(super) enum Kept {
    Text(Vec<u8>),
    Hash(BTreeMap<Vec<u8>, Vec<u8>>),
    Set(BTreeSet<Vec<u8>>),
    Sorted(BTreeMap<Vec<u8>, f64>),
}

pub(super) fn text(word: &[u8]) -> &str {
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
    pub(super) fn new() -> Self {
        Self {
            bills: Vec::new(),
            losses: 0,
            values: BTreeMap::new(),
            dies: HashMap::new(),
            started: Instant::now(),
            moved: Duration::ZERO,
        }
    }

    fn now(&self) -> i64 {
        BEGINNING + millis(self.started.elapsed() + self.moved)
    }

    pub(super) fn hash(&self, key: &[u8]) -> Option<&BTreeMap<Vec<u8>, Vec<u8>>> {
        match self.values.get(key)? {
            Kept::Hash(hash) => Some(hash),
            other => panic!("wrong type of key {}: {other:?}", text(key)),
        }
    }

    pub(super) fn sorted(&self, key: &[u8]) -> Vec<(Vec<u8>, f64)> {
        let Some(Kept::Sorted(members)) = self.values.get(key) else { return Vec::new() };
        let mut members: Vec<_> = members.iter().map(|(member, score)| (member.clone(), *score)).collect();
        members.sort_by(|one, other| one.1.total_cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
        members
    }

    fn expire(&mut self) {
        let now = self.now();
        self.dies.retain(|key, _| self.values.contains_key(key)); // a key that was removed needs no expiry any more
        let dead: Vec<_> = self.dies.iter().filter(|(_, dies)| **dies <= now).map(|(key, _)| key.clone()).collect();
        for key in dead {
            self.values.remove(&key);
            self.dies.remove(&key);
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table of commands, a line or two each")]
    pub(super) fn call(&mut self, words: &[Vec<u8>]) -> Answer {
        self.expire();
        let (command, words) = words.split_first().unwrap();
        let bytes = |found: Option<&Vec<u8>>| found.map_or(Answer::Nil, |bytes| Answer::Bytes(bytes.clone()));
        match (text(command), words) {
            ("TIME", []) => {
                let now = self.now();
                let parts = [now / 1000, now % 1000 * 1000];
                Answer::List(parts.map(|part| Answer::Bytes(part.to_string().into_bytes())).to_vec())
            }
            ("INFO", [_section]) => Answer::Bytes(format!("# Server\r\nrun_id:{:x}\r\n", self.losses).into_bytes()),
            ("EXISTS", keys) => whole(keys.iter().filter(|key| self.values.contains_key(*key)).count()),
            ("DEL", keys) => whole(keys.iter().filter(|key| self.values.remove(*key).is_some()).count()),
            ("PEXPIRE", [key, time]) => {
                let (there, dies) = (self.values.contains_key(key), self.now() + text(time).parse::<i64>().unwrap());
                if there {
                    self.dies.insert(key.clone(), dies);
                }
                Answer::Whole(there.into())
            }
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
                let fields = kept!(self, key, Hash, BTreeMap::new());
                let removed = fields.remove(field).is_some();
                if fields.is_empty() {
                    self.values.remove(key);
                }
                Answer::Whole(removed.into())
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
            ("SISMEMBER", [key, member]) => match self.values.get(key) {
                Some(Kept::Set(members)) => Answer::Whole(members.contains(member).into()),
                _ => Answer::Whole(0),
            },
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
            ("ZCARD", [key]) => whole(self.sorted(key).len()),
            ("ZREMRANGEBYSCORE", [key, least, most]) => {
                let ((least, _), (most, _)) = (bound(least), bound(most));
                let members = kept!(self, key, Sorted, BTreeMap::new());
                let before = members.len();
                members.retain(|_, score| *score < least || *score > most);
                let removed = before - members.len();
                if members.is_empty() {
                    self.values.remove(key);
                }
                whole(removed)
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
                let heartbeat =
                    owner.and_then(|owner| self.hash(format!("capture:instance:{}", text(owner)).as_bytes()));
                let proof = heartbeat.and_then(|hash| text(hash.get(&b"beat"[..])?).parse().ok()).unwrap_or(0);
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
