//! Stores results as files.

use capture_core::{Error, ErrorCode, account::UserId, render::RenderBody};

use url::Url;

use super::{
    cache::{CacheKey, Made},
    prepare::Storing,
};
use crate::storage::{File, FilePath, Found, StorageError, Stores};

/// Stores a result, and tells where it is.
///
/// # Errors
/// `unavailable` when the storage does not take it, `action_failed` when it is too large for it.
pub(crate) async fn store(
    stores: &Stores,
    user: &UserId,
    key: &CacheKey,
    made: &Made,
    storing: &Storing,
) -> Result<File, Error> {
    let files =
        stores.files.as_ref().ok_or_else(|| Error::new(ErrorCode::Unavailable, "this server keeps no files"))?;
    let body = &made.rendered.rendering.body;
    let (extension, bytes) = match body {
        RenderBody::Picture { format, bytes, .. } => (format.as_str(), bytes.clone()),
        RenderBody::Pdf(bytes) => ("pdf", bytes.clone()),
        RenderBody::Gif(bytes) => ("gif", bytes.clone()),
        RenderBody::Content(_) | RenderBody::Metadata(_) => {
            return Err(Error::invalid("only pictures and PDFs are stored"));
        }
    };
    let path = FilePath::new(user, made.at, storing.name.as_ref(), &key.hash(), extension);
    let file = File { path, acl: storing.acl };
    match files.put(&file, bytes).await {
        Ok(()) => Ok(file),
        Err(error) => Err(failed(error)),
    }
}

/// The address at which a stored file can be fetched; `None` if the storage has no addresses.
///
/// # Errors
/// `unavailable` when the address cannot be signed.
pub(super) async fn address(stores: &Stores, file: &File) -> Result<Option<Url>, Error> {
    let Some(files) = &stores.files else { return Ok(None) };
    match files.find(file).await.map_err(failed)? {
        Found::At(address) => Ok(Some(address)),
        Found::Bytes(_) | Found::Gone => Ok(None),
    }
}

/// The error for a file that was not stored or not found.
pub(crate) fn failed(error: StorageError) -> Error {
    match error {
        StorageError::TooLarge => Error::new(ErrorCode::ActionFailed, error.to_string()).with_reason("file_too_large"),
        StorageError::Io(_) | StorageError::Bucket(_) => {
            tracing::warn!(%error, "the storage of results fails");
            Error::new(ErrorCode::Unavailable, "the result could not be stored")
                .with_reason("storage_failed")
                .with_source(error)
        }
    }
}
