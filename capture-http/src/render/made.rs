//! A result, and what identifies the requests that it answers.

use std::sync::Arc;

use capture_core::{Error, account::UserId, clock::Timestamp, render::Rendered};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::{params::Params, parse::Kind};
use crate::{hex::to_hex, storage::File};

/// Identifies equal requests of one user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    pub(super) user: UserId,
    digest: [u8; 32],
}

impl CacheKey {
    /// The key of a request: user, kind, and the decoded parameters in the order of their names, without `fresh`.
    /// `format` is what `bestFormat` came to.
    pub(super) fn of(user: &UserId, kind: Kind, params: &Params, format: &str) -> Self {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update(text.len().to_be_bytes());
            hash.update(text);
        };
        part(&format!("{kind:?}"));
        part(format);
        for (name, value) in params.sorted().filter(|(name, _)| *name != "fresh") {
            part(name);
            part(if params.is_plain_text(name) { "text" } else { "encoded" });
            part(value);
        }
        Self { user: user.clone(), digest: hash.finalize().into() }
    }

    /// Whose request it is.
    pub(super) fn user(&self) -> &UserId {
        &self.user
    }

    /// The entity tag of a result that was made at this time.
    pub(super) fn etag(&self, made: Timestamp) -> String {
        format!("\"{}-{:x}\"", self.hash(), made.0)
    }

    /// A name for what the request results in.
    pub(super) fn hash(&self) -> String {
        to_hex(&self.digest[..12])
    }
}

/// A result with the time at which it was made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) rendered: Arc<Rendered>,
    pub(crate) at: Timestamp,
    /// The file once it is stored.
    pub(super) file: Arc<OnceCell<File>>,
    /// Why it was not stored at once.
    pub(super) not_stored: Option<Arc<Error>>,
    /// An earlier process made it, or it had left memory.
    pub(super) is_from_disk: bool,
}

impl Made {
    /// A result that is not stored yet.
    pub(super) fn new(rendered: Rendered, at: Timestamp) -> Self {
        Self { rendered: Arc::new(rendered), at, file: Arc::default(), not_stored: None, is_from_disk: false }
    }
}
