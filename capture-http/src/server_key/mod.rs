//! The server key of this server or of this instance of a cluster: its file, and whether it is the ledger's key.
//!
//! The key lies outside of the ledger, of Redis and of their backups, so that none of them gives away a secret that
//! signs. All instances of a cluster need the same key. A key is only made for a ledger that has none yet.
//!
//! | module | contents |
//! |---|---|
//! | [`mod@file`] | the file, and replacing it as a whole |
//! | [`mod@reread`] | the key of a running server, whose file may change |
//! | [`mod@rotate`] | a further generation |
//! | [`mod@error`] | why a key cannot be used, and what to do |

mod error;
mod file;
mod reread;
mod rotate;

use std::sync::Arc;

use capture_core::account::{KeyFingerprints, ServerKey, SigningSecrets};

use self::reread::FileKeys;
pub(crate) use self::{error::KeyError, file::KeyFile, rotate::rotate};
use crate::{config::Config, data_dir::DataDir};

/// The secrets that sign, for a server. With `--dev` and no file named, the key is in memory and the ledger is not
/// asked.
pub(crate) async fn signing(config: &Config, ledger: &dyn KeyFingerprints) -> Result<SigningSecrets, KeyError> {
    if config.dev && config.server_key_file.is_none() {
        return Ok(SigningSecrets::new(Arc::new(ServerKey::generate().map_err(std::io::Error::other)?)));
    }
    let key = open(config, ledger).await?;
    let file = KeyFile::of(config);
    if file.is_open_to_others() {
        tracing::warn!(path = %file.path().display(), "other users of this machine can read the server key: chmod 600");
    }
    Ok(SigningSecrets::new(FileKeys::new(file, key)))
}

/// The key of this ledger. If there is no file and the ledger has no key, one is made.
pub(crate) async fn open(config: &Config, ledger: &dyn KeyFingerprints) -> Result<ServerKey, KeyError> {
    let file = KeyFile::of(config);
    let (key, is_new) = match file.read()? {
        Some(key) => (key, false),
        None => match ledger.fingerprints().await?.pop() {
            Some(known) => return Err(KeyError::Missing { path: file.path().to_owned(), known }),
            None => (create(config, &file)?, true),
        },
    };
    let claimed = ledger.claim_key(key.fingerprints()).await.map_err(|error| KeyError::claim(file.path(), error));
    if is_new && matches!(claimed, Err(KeyError::Foreign { .. } | KeyError::Old { .. })) {
        // Another instance has claimed the ledger meanwhile. Nothing was made with this key.
        file.remove()?;
    }
    claimed?;
    let path = file.path().display();
    match (is_new, &config.redis) {
        (false, _) => {}
        (true, None) => tracing::info!(%path, "a server key was made: keep a copy of it, apart from the ledger"),
        (true, Some(_)) => {
            tracing::warn!(%path, "a server key was made, which every instance of this cluster needs: keep a copy of it");
        }
    }
    Ok(key)
}

/// The key of this machine as it is, to tell which secrets can sign; `None` if it cannot be read here.
pub(crate) fn peek(config: &Config) -> Option<ServerKey> {
    KeyFile::of(config).read().ok().flatten()
}

fn create(config: &Config, file: &KeyFile) -> Result<ServerKey, KeyError> {
    if config.server_key_file.is_none() {
        DataDir::create(&config.data_dir)?;
    }
    file.create(&ServerKey::generate().map_err(std::io::Error::other)?)
}

#[cfg(test)]
mod tests {
    use capture_core::ledger::MemoryLedger;

    use super::*;
    use crate::config::tests::config_in;

    fn refused(error: &KeyError) -> String {
        crate::terminal::sentence(error)
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_only_for_a_ledger_without_one() {
        let dir = tempfile::tempdir().unwrap();
        let (config, ledger) = (config_in(&dir.path().join("new")), MemoryLedger::new());
        let key = open(&config, &ledger).await.unwrap();
        assert_eq!(open(&config, &ledger).await.unwrap(), key);
        assert_eq!(ledger.fingerprints().await.unwrap(), key.fingerprints());

        KeyFile::of(&config).remove().unwrap();
        let lost = refused(&open(&config, &ledger).await.unwrap_err());
        let known = key.fingerprints()[0].to_string();
        assert!(
            lost.contains("does not exist") && lost.contains(&known) && lost.contains("capture key reset"),
            "{lost}"
        );
        assert!(peek(&config).is_none(), "no other key is made");

        ledger.forget_fingerprints().await.unwrap();
        assert_ne!(open(&config, &ledger).await.unwrap(), key);
    }

    #[tokio::test]
    async fn another_ledgers_key_is_refused_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (config, ledger) = (config_in(dir.path()), MemoryLedger::new());
        ledger.claim_key(ServerKey::generate().unwrap().fingerprints()).await.unwrap();
        let foreign = KeyFile::of(&config).create(&ServerKey::generate().unwrap()).unwrap();
        let refusal = refused(&open(&config, &ledger).await.unwrap_err());
        assert!(refusal.contains("is not the key of this ledger") && refusal.contains("copy"), "{refusal}");
        assert_eq!(peek(&config), Some(foreign));
    }

    #[tokio::test]
    async fn a_rotation_reaches_the_file_the_ledger_and_a_running_server() {
        use capture_core::account::{Account, Secret};
        let dir = tempfile::tempdir().unwrap();
        let (config, ledger) = (config_in(dir.path()), MemoryLedger::new());
        let signing = signing(&config, &ledger).await.unwrap();
        let before = peek(&config).unwrap();
        let rotated = rotate(&config, &ledger).await.unwrap();
        assert!(rotated.follows(&before) && peek(&config) == Some(rotated.clone()));
        let user = "ann".parse().unwrap();
        let (secret, stored) = rotated.new_secret(&user).unwrap();
        let account = Account::new(user, stored);
        assert!(signing.is_signed(Some(&account), |tried: &Secret| tried.reveal() == secret.reveal()));

        KeyFile::of(&config).replace(&before).unwrap();
        let old = refused(&open(&config, &ledger).await.unwrap_err());
        assert!(old.contains("older than this ledger") && old.contains("capture key rotate"), "{old}");
    }

    #[tokio::test]
    async fn an_interrupted_rotation_is_finished_by_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let (config, ledger) = (config_in(dir.path()), MemoryLedger::new());
        let first = open(&config, &ledger).await.unwrap();
        let next = first.rotated().unwrap();
        // It was interrupted when the ledger had been told and the file was not replaced yet.
        let waiting = dir.path().join("server.key.next");
        std::fs::write(&waiting, next.reveal()).unwrap();
        ledger.claim_key(next.fingerprints()).await.unwrap();
        assert!(matches!(open(&config, &ledger).await, Err(KeyError::Old { .. })));
        assert_eq!(rotate(&config, &ledger).await.unwrap(), next);
        assert!(open(&config, &ledger).await.unwrap() == next && !waiting.exists());

        // What was left of one that did not get that far is of no use.
        std::fs::write(&waiting, "3:half a k").unwrap();
        assert!(rotate(&config, &ledger).await.unwrap().follows(&next));
        assert!(!waiting.exists());
    }
}
