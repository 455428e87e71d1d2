//! The secrets of an account as the fields of its hash in Redis.
//!
//! `secrets` has the hashes, in the order in which they were added. `derived` has what derives some of them, as
//! `HASH:ID:GENERATION` each. It is a field of its own because an instance of an earlier version reads `secrets`, and
//! carries out changes of it, without knowing derivations. What it leaves in `derived` of a secret that it revoked has
//! no meaning.

use crate::account::{Derivation, SecretHash, SecretId, StoredSecret};

/// The fields of an account's secrets as names and values; `derived` is left out if there is nothing to derive.
pub(super) fn fields(secrets: &[StoredSecret]) -> Vec<(&'static str, String)> {
    let hashes = secrets.iter().map(|secret| hex(&secret.hash.0) + ",").collect();
    let derived: String =
        secrets.iter().filter_map(|it| Some(format!("{}:{},", hex(&it.hash.0), derivation(it)?))).collect();
    let derived = (!derived.is_empty()).then_some(("derived", derived));
    [Some(("secrets", hashes)), derived].into_iter().flatten().collect()
}

/// What derives a secret, as it stands after its hash in `derived`.
pub(super) fn derivation(secret: &StoredSecret) -> Option<String> {
    let Derivation { id, generation } = secret.derivation?;
    Some(format!("{}:{generation}", hex(&id.0)))
}

/// Reads both fields; `None` if one of them is malformed.
pub(super) fn read(hashes: &str, derived: &str) -> Option<Vec<StoredSecret>> {
    let derivations = derived.split_terminator(',').map(read_derivation).collect::<Option<Vec<_>>>()?;
    let secret = |hash: &str| {
        let hash = SecretHash(unhex(hash)?);
        let derivation = derivations.iter().find(|(of, _)| *of == hash).map(|(_, derivation)| *derivation);
        Some(StoredSecret { hash, derivation })
    };
    hashes.split_terminator(',').map(secret).collect()
}

fn read_derivation(text: &str) -> Option<(SecretHash, Derivation)> {
    let (hash, derivation) = text.split_once(':')?;
    let (id, generation) = derivation.split_once(':')?;
    Some((SecretHash(unhex(hash)?), Derivation { id: SecretId(unhex(id)?), generation: generation.parse().ok()? }))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

pub(super) fn unhex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    (text.len() == BYTES * 2).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        account::{Account, AccountChange, Accounts, ServerKey, UserId},
        ledger::redis::{InstanceId, RedisLedger, Script, fake::FakeRedis, store::arguments},
    };

    /// A script of the version before secrets were derived, after the common part that it needs.
    fn earlier(code: &'static str) -> Script {
        Script { what: "do as an earlier version", code }
    }

    const ADDED_EARLIER: &str = "
        local key = ARGV[1] .. ':user:' .. ARGV[2]
        redis.call('SADD', ARGV[1] .. ':users', ARGV[2])
        redis.call('HSET', key, unpack(ARGV, 3))
        return {'ok'}";
    const CHANGED_EARLIER: &str = "
        local key, what, value = ARGV[1] .. ':user:' .. ARGV[2], ARGV[3], ARGV[4]
        local function secrets() return redis.call('HGET', key, 'secrets') or '' end
        if what == 'add_secret' then
          redis.call('HSET', key, 'secrets', secrets() .. value .. ',')
        else
          local at, to = string.find(secrets(), value .. ',', 1, true)
          redis.call('HSET', key, 'secrets', string.sub(secrets(), 1, at - 1) .. string.sub(secrets(), to + 1))
        end
        return redis.call('HGETALL', key)";

    fn ann() -> UserId {
        "ann".parse().unwrap()
    }

    async fn secrets_of_ann(ledger: &RedisLedger) -> Vec<StoredSecret> {
        ledger.account(&ann()).await.unwrap().unwrap().secrets
    }

    #[tokio::test]
    async fn accounts_of_an_earlier_version_are_read_and_changed_by_both() {
        let redis = FakeRedis::new();
        let ledger = RedisLedger::new(Arc::clone(&redis) as Arc<_>, InstanceId::new());
        let [first, second, third] = [1, 2, 3].map(|byte| StoredSecret::from(SecretHash([byte; 32])));
        let text = |stored: &StoredSecret| hex(&stored.hash.0);
        let hashes = format!("{},{},", text(&first), text(&second));
        let fields = arguments!["ann", "enabled", 1, "secrets", hashes, "credits", 95, "held", 7, "max_sessions", 3];
        redis.run_now(earlier(ADDED_EARLIER), &fields).unwrap();
        let expected = Account {
            credits: Some(95),
            held: 7,
            max_sessions: Some(3),
            secrets: vec![first, second],
            ..Account::new(ann(), first)
        };
        assert_eq!(ledger.accounts().await.unwrap(), [expected]);

        let key = ServerKey::generate().unwrap();
        let [one, two] = [(); 2].map(|()| key.new_secret(&ann()).unwrap().1);
        for secret in [one, two] {
            ledger.change(ann(), AccountChange::AddSecret(secret)).await.unwrap();
        }
        // An instance of the earlier version goes on changing the account.
        for (what, secret) in [("add_secret", &third), ("revoke_secret", &one), ("revoke_secret", &second)] {
            let arguments = arguments!["ann", what, text(secret)];
            redis.run_now(earlier(CHANGED_EARLIER), &arguments).unwrap();
        }
        assert_eq!(secrets_of_ann(&ledger).await, [first, two, third]);
        ledger.change(ann(), AccountChange::RevokeSecret(two.hash)).await.unwrap();
        ledger.change(ann(), AccountChange::AddSecret(one)).await.unwrap();
        assert_eq!(secrets_of_ann(&ledger).await, [first, third, one]);
        let account = ledger.account(&ann()).await.unwrap().unwrap();
        assert_eq!((account.credits, account.held), (Some(95), 7), "nothing else has changed");
    }

    #[test]
    fn malformed_fields_are_none_and_not_a_user_without_secrets() {
        let hash = "ab".repeat(32);
        let derived = format!("{hash}:{}:7,", "cd".repeat(16));
        let secrets = read(&format!("{hash},"), &derived).unwrap();
        assert_eq!(fields(&secrets), [("secrets", format!("{hash},")), ("derived", derived.clone())]);
        assert_eq!(read("", &derived), Some(Vec::new()), "the rest of a revoked secret");
        for (hashes, derived) in [("ab,", ""), ("zz", ""), ("", "ab:cd:1,"), ("", &*derived.replace(":7", ":0"))] {
            assert_eq!(read(hashes, derived), None, "{hashes} {derived}");
        }
    }
}
