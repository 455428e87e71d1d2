//! What CDP clients need on every instance: one shared key for their tokens, and the address of the instance that owns
//! their session.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{FutureExt, future::BoxFuture};

use super::{
    InstanceId, RedisLedger,
    store::{Answer, Script, arguments, malformed, run, script},
};
use crate::{
    account::{ConnectKey, ConnectKeys},
    error::Error,
    ledger_error::LedgerError,
};

const SHARE: Script = script!("share a key", "share");
const ADDRESS: Script = script!("look up an instance", "address");

impl RedisLedger {
    /// The address at which other instances reach this one, if it published one.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn address_of(&self, instance: &InstanceId) -> Result<Option<String>, LedgerError> {
        let told = run(&*self.store, ADDRESS, arguments![instance]).await?;
        Ok(told.first().and_then(Answer::text).filter(|address| !address.is_empty()).map(str::to_owned))
    }
}

impl ConnectKeys for RedisLedger {
    /// The key stored in Redis. If Redis lost it, the first instance that requests it stores its own again.
    fn connect_key(&self) -> BoxFuture<'_, Result<ConnectKey, Error>> {
        async move {
            let ours = self.connect_key.lock().clone();
            let ours = ours.map_or_else(ConnectKey::generate, Ok).map_err(Error::internal)?;
            let told =
                run(&*self.store, SHARE, arguments!["connect-key", URL_SAFE_NO_PAD.encode(ours.reveal())]).await?;
            let shared = told.first().and_then(Answer::text).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            let shared = shared.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| malformed(SHARE))?;
            let key = ConnectKey::from_bytes(shared);
            *self.connect_key.lock() = Some(key.clone());
            Ok(key)
        }
        .boxed()
    }
}
