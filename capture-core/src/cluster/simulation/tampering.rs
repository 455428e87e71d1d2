//! Mutations of messages: the messages to an instance are changed so that it behaves as if one of its checks were
//! missing.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use rmpv::Value;

use super::mutations::{Mutation, is_active};
use crate::{
    cluster::message::{Item, Message},
    ledger::redis::InstanceId,
};

/// What one instance has received so far.
#[derive(Debug, Default)]
pub(super) struct Tampering {
    asked: HashSet<(InstanceId, u64)>,
    repeated: u64,
    /// `seq` of the newest event of each feed.
    events: HashMap<u64, u64>,
}

impl Tampering {
    /// The message as it is delivered to the instance.
    pub(super) fn change(&mut self, bytes: Bytes) -> Bytes {
        let active = [Mutation::BeginLate, Mutation::CarryOutTwice, Mutation::IgnoreHoles].map(is_active);
        if active == [false; 3] {
            return bytes;
        }
        match Message::decode(&bytes) {
            Some(Message::Ask(mut ask)) => {
                if is_active(Mutation::BeginLate) {
                    ask.until = i64::MAX;
                }
                if is_active(Mutation::CarryOutTwice) && !self.asked.insert((ask.from.clone(), ask.number)) {
                    self.repeated += 1;
                    ask.number = u64::MAX - self.repeated;
                }
                Message::Ask(ask).encode()
            }
            Some(Message::Feed(feed, items)) if is_active(Mutation::IgnoreHoles) => {
                let items = items.into_iter().filter_map(|item| self.without_hole(feed, item)).collect();
                Message::Feed(feed, items).encode()
            }
            _ => bytes,
        }
    }

    /// Renumbers the events of a feed so that there is no gap, and hides the position of its log.
    fn without_hole(&mut self, feed: u64, item: Item) -> Option<Item> {
        match item {
            Item::Event(frame) => {
                let mut frame = rmpv::decode::read_value(&mut frame.as_ref()).unwrap();
                let Value::Map(fields) = &mut frame else { panic!("a frame is a map") };
                let (_, seq) = fields.iter_mut().find(|(name, _)| name.as_str() == Some("seq")).unwrap();
                let told = seq.as_u64().unwrap();
                let newest = self.events.get(&feed).map_or(told, |newest| told.min(newest + 1));
                self.events.insert(feed, newest);
                *seq = newest.into();
                let mut bytes = Vec::new();
                rmpv::encode::write_value(&mut bytes, &frame).unwrap();
                Some(Item::Event(bytes.into()))
            }
            Item::Position(_) => None,
            other => Some(other),
        }
    }
}
