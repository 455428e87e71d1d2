//! The fingerprints of the server key, in one hash by generation. All instances must have that key.

use futures::{FutureExt, future::BoxFuture};

use super::{
    RedisLedger,
    secrets::{hex, unhex},
    store::{Answer, Script, arguments, malformed, run, script},
};
use crate::{
    account::{ClaimError, KeyFingerprint, KeyFingerprints, judge},
    ledger_error::LedgerError,
};

const FINGERPRINTS: Script = script!("read the fingerprints of the server key", "key");
const CLAIM: Script = script!("write the fingerprints of the server key", "claim_key");
const FORGET: Script = script!("forget the fingerprints of the server key", "forget_key");

impl KeyFingerprints for RedisLedger {
    fn fingerprints(&self) -> BoxFuture<'_, Result<Vec<KeyFingerprint>, LedgerError>> {
        async move {
            let told = run(&*self.store, FINGERPRINTS, Vec::new()).await?;
            read(&told).ok_or_else(|| malformed(FINGERPRINTS))
        }
        .boxed()
    }

    fn claim_key(&self, key: Vec<KeyFingerprint>) -> BoxFuture<'_, Result<(), ClaimError>> {
        async move {
            let arguments = key.iter().flat_map(|it| arguments![it.generation, hex(&it.mac)]).collect();
            let told = run(&*self.store, CLAIM, arguments).await?;
            // The script writes only if this rule lets it.
            judge(&read(&told).ok_or_else(|| malformed(CLAIM))?, &key)
        }
        .boxed()
    }

    fn forget_fingerprints(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        async move { run(&*self.store, FORGET, Vec::new()).await.map(drop) }.boxed()
    }
}

fn read(told: &[Answer]) -> Option<Vec<KeyFingerprint>> {
    let fingerprint = |pair: &[Answer]| match pair {
        [generation, mac] => {
            Some(KeyFingerprint { generation: generation.text()?.parse().ok()?, mac: unhex(mac.text()?)? })
        }
        _ => None,
    };
    let mut known = told.chunks(2).map(fingerprint).collect::<Option<Vec<_>>>()?;
    known.sort_by_key(|it| it.generation);
    Some(known)
}
