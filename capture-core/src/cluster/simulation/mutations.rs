//! Mutations: defects response in on purpose, to show that the worlds would find them. Those of scripts replace a line of
//! Lua; the others change what an instance is given (its lease, the messages that reach it), so that no product file
//! knows of them.

use std::cell::Cell;

/// A mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutation {
    /// A dead instance's sessions are billed to their deadline, not to its last proof of life.
    BillPastTheProof,
    /// A session that is final is settled again.
    SettleTwice,
    /// Nobody counts a user's sessions.
    NoLimit,
    /// A slot is not given back.
    KeepSlots,
    /// A hold is not given back.
    KeepHolds,
    /// An instance that was judged dead is not told.
    SkipTheFence,
    /// An instance that cannot prove its life goes on.
    IgnoreTheLease,
    /// Something begins after its client was told that there was no answer.
    BeginLate,
    /// A question that comes twice is carried out twice.
    CarryOutTwice,
    /// A hole in a log is passed over.
    IgnoreHoles,
    /// A session that Redis misses is denied.
    DenyTheMissed,
}

impl Mutation {
    pub(super) const ALL: [Self; 11] = [
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
    ];

    /// A world that found it; looked at first, because the search takes long.
    pub(super) fn known_seed(self) -> u64 {
        match self {
            Self::NoLimit | Self::KeepSlots | Self::KeepHolds | Self::CarryOutTwice => 0,
            Self::BillPastTheProof | Self::IgnoreHoles => 1,
            Self::SettleTwice | Self::BeginLate => 2,
            Self::IgnoreTheLease => 11,
            Self::SkipTheFence => 14,
            Self::DenyTheMissed => 63,
        }
    }

    /// For mutations of a script: what stands there, and what the mutation makes of it.
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
            Self::IgnoreTheLease | Self::BeginLate | Self::CarryOutTwice | Self::IgnoreHoles => return None,
        })
    }
}

thread_local! {
    static ACTIVE: Cell<Option<Mutation>> = const { Cell::new(None) };
}

/// Whether this mutation is active. Worlds have one thread each.
pub(super) fn is_active(mutation: Mutation) -> bool {
    ACTIVE.get() == Some(mutation)
}

pub(super) fn activate(mutation: Option<Mutation>) {
    ACTIVE.set(mutation);
}

pub(super) fn present() -> Option<Mutation> {
    ACTIVE.get()
}
