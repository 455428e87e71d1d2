//! Mutations: deliberate defects, which show that the simulated worlds would find them. Mutations of scripts replace a
//! line of Lua. The others change what an instance is given (its lease, the messages that reach it), so that product
//! code need not know them.

use std::cell::Cell;

/// A mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// A dead instance's sessions are billed up to their deadline instead of its last heartbeat.
    BillPastTheProof,
    /// A final session is settled again.
    SettleTwice,
    /// The limit of sessions of a user is not checked.
    NoLimit,
    /// A slot is not released.
    KeepSlots,
    /// A hold is not released.
    KeepHolds,
    /// An instance that was declared dead does not learn of it.
    SkipTheFence,
    /// An instance whose heartbeats fail continues.
    IgnoreTheLease,
    /// An action begins after its client was answered that there was no response.
    BeginLate,
    /// A question that arrives twice is carried out twice.
    CarryOutTwice,
    /// A gap in a log is ignored.
    IgnoreHoles,
    /// A session that Redis has lost is reported as not found.
    DenyTheMissed,
    /// The reservation of a render stays after it was charged.
    KeepCharged,
}

impl Mutation {
    pub(super) const ALL: [Self; 12] = [
        Self::BillPastTheProof,
        Self::SettleTwice,
        Self::NoLimit,
        Self::KeepSlots,
        Self::KeepHolds,
        Self::SkipTheFence,
        Self::IgnoreTheLease,
        Self::BeginLate,
        Self::CarryOutTwice,
        Self::IgnoreHoles,
        Self::DenyTheMissed,
        Self::KeepCharged,
    ];

    /// A seed whose world is known to find the mutation. It is tried first, because the search takes long.
    pub(super) fn known_seed(self) -> u64 {
        match self {
            Self::NoLimit | Self::KeepSlots | Self::KeepHolds | Self::CarryOutTwice => 0,
            Self::BillPastTheProof => 1,
            Self::KeepCharged => 24,
            Self::IgnoreHoles => 26,
            Self::SettleTwice | Self::BeginLate => 2,
            Self::IgnoreTheLease => 11,
            Self::SkipTheFence => 14,
            Self::DenyTheMissed => 63,
        }
    }

    /// For mutations of a script: the text to replace, and its replacement.
    pub(super) fn in_scripts(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::BillPastTheProof => {
                ("local heartbeat = whole(redis.call('HGET', instance_key(dead), 'beat'))", "local heartbeat = 9e15")
            }
            Self::SettleTwice => ("if it[1] == 'final' then return record(sid) end\nif not it[1]", "if not it[1]"),
            Self::NoLimit => ("if #slots >= most then", "if false then"),
            Self::KeepSlots => ("redis.call('ZREM', slots_key(user), sid)\n  redis.call('SREM'", "redis.call('SREM'"),
            Self::KeepHolds => {
                ("math.max(0, whole(redis.call('HGET', key, 'held')) - hold)", "whole(redis.call('HGET', key, 'held'))")
            }
            Self::SkipTheFence => ("redis.call('INCR', LIVES)", "'1'"),
            Self::DenyTheMissed => ("and may_be_missed(ARGV[3]) then", "and false then"),
            Self::KeepCharged => ("drop(sid, user, it[4], whole(it[5]))\npay(user, credits)", "pay(user, credits)"),
            Self::IgnoreTheLease | Self::BeginLate | Self::CarryOutTwice | Self::IgnoreHoles => return None,
        })
    }
}

thread_local! {
    static ACTIVE: Cell<Option<Mutation>> = const { Cell::new(None) };
}

/// Whether this mutation is active. Each world runs on one thread.
pub(super) fn is_active(mutation: Mutation) -> bool {
    ACTIVE.get() == Some(mutation)
}

pub(super) fn activate(mutation: Option<Mutation>) {
    ACTIVE.set(mutation);
}

pub(super) fn present() -> Option<Mutation> {
    ACTIVE.get()
}
