//! A fake Redis for tests. It runs the real scripts in a real Lua, on keys in memory and on a clock that tests can
//! move.
//!
//! It implements only what the scripts use of Redis. Other tests check against a real Redis.

mod convert;
mod keys;

use std::{collections::HashMap, sync::Arc};

use futures::{FutureExt, future::BoxFuture};
use mlua::{Lua, MultiValue, Value};
use parking_lot::Mutex;
use tokio::time::{Duration, Instant};

use self::{
    convert::{from_lua, to_lua, word},
    keys::{Keys, text},
};
use super::{Answer, Argument, Script, Store, StoreError};

/// A data set shared by any number of instances.
#[derive(Debug)]
pub(crate) struct FakeRedis {
    lua: Lua,
    compiled: Mutex<HashMap<&'static str, mlua::Function>>,
    /// A text in the scripts, and its replacement.
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
    /// Number of data losses before it was written.
    pub(crate) losses: u32,
    /// Time at which it was written.
    pub(crate) at: Instant,
    /// The owner's last heartbeat at that time.
    pub(crate) proof: i64,
}

impl FakeRedis {
    pub(crate) fn new() -> Arc<Self> {
        Self::sabotaged(None)
    }

    /// A fake whose scripts have this defect.
    pub(crate) fn sabotaged(sabotage: Option<(&'static str, &'static str)>) -> Arc<Self> {
        let (lua, keys) = (Lua::new(), Arc::new(Mutex::new(Keys::new())));
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

    /// Advances the clock.
    pub(crate) fn advance(&self, by: Duration) {
        self.keys.lock().moved += by;
    }

    /// Loses all data, as a restart without persistence does.
    pub(crate) fn clear(&self) {
        let mut keys = self.keys.lock();
        keys.values.clear();
        keys.dies.clear();
        keys.losses += 1;
    }

    /// Remembers the present data. The returned function restores it and loses everything since, as when a replica
    /// takes over.
    pub(crate) fn replica(&self) -> impl FnOnce() + use<> {
        let keys = self.keys.lock();
        let (values, dies, keys) = (keys.values.clone(), keys.dies.clone(), Arc::clone(&self.keys));
        move || {
            let mut keys = keys.lock();
            (keys.values, keys.dies) = (values, dies);
            keys.losses += 1;
        }
    }

    /// Every bill ever written, including those from before a loss of data.
    pub(crate) fn bills(&self) -> Vec<Bill> {
        self.keys.lock().bills.clone()
    }

    /// Number of members of a sorted set.
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

    /// The names of all keys.
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
        let answer: Value = function.call(()).map_err(|error| StoreError::new(error.to_string()))?;
        Ok(from_lua(answer))
    }
}

impl Store for FakeRedis {
    fn run(&self, script: Script, arguments: Vec<Argument>) -> BoxFuture<'_, Result<Answer, StoreError>> {
        async move { self.run_now(script, &arguments) }.boxed()
    }
}
