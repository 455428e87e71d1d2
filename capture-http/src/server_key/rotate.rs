//! A further generation of the key. The ledger learns of it before the file has it: so no two rotations at once, on
//! machines with copies of the file, both succeed. One that was interrupted is finished by the next.

use capture_core::account::{KeyFingerprints, ServerKey};

use super::{error::KeyError, file::KeyFile};
use crate::config::Config;

/// Adds a generation to the key in the file, and returns the new key.
pub(crate) async fn rotate(config: &Config, ledger: &dyn KeyFingerprints) -> Result<ServerKey, KeyError> {
    let file = KeyFile::of(config);
    let Some(key) = file.read()? else {
        return Err(match ledger.fingerprints().await?.pop() {
            Some(known) => KeyError::Missing { path: file.path().to_owned(), known },
            None => KeyError::Io {
                what: "rotate",
                path: file.path().to_owned(),
                source: std::io::Error::other("it is made by the first start, or with the first secret"),
            },
        });
    };
    let next = file.next();
    let rotated = match waiting(&next, &key) {
        Some(rotated) => rotated,
        None => {
            let rotated = key.rotated()?;
            next.write_like(&rotated, &file)?;
            rotated
        }
    };
    if let Err(refused) = ledger.claim_key(rotated.fingerprints()).await {
        let refused = KeyError::claim(file.path(), refused);
        if !matches!(refused, KeyError::Ledger(_)) {
            next.remove()?;
        }
        return Err(refused);
    }
    next.take_place_of(&file).map_err(|source| KeyError::NotReplaced {
        next: next.path().to_owned(),
        path: file.path().to_owned(),
        source,
    })?;
    Ok(rotated)
}

/// The key that an interrupted rotation has left. What is none, or that of an earlier key, is removed.
fn waiting(next: &KeyFile, key: &ServerKey) -> Option<ServerKey> {
    match next.read() {
        Ok(Some(rotated)) if rotated.follows(key) => Some(rotated),
        Ok(None) => None,
        Ok(Some(_)) | Err(_) => {
            let _ = next.remove(); // where it cannot be removed, the new one cannot be written, and that is reported
            None
        }
    }
}
