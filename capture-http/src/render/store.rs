//! Stores results as files.

use capture_core::{Error, ErrorCode, account::UserId, render::RenderBody};

use url::Url;

use super::{
    made::{CacheKey, Made},
    work::Storing,
};
use crate::storage::{File, FilePath, Found, StorageError, Stores};

/// Stores a result, and tells where it is.
///
/// # Errors
/// `unavailable` when the storage does not take it, `action_failed` when it is too large for it or its name is taken by
/// a folder.
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
        Err(error) => Err(not_stored(error)),
    }
}

/// The address at which a stored file can be fetched; `None` if the storage has no addresses.
///
/// # Errors
/// `unavailable` when the address cannot be signed.
pub(super) async fn address(stores: &Stores, file: &File) -> Result<Option<Url>, Error> {
    let Some(files) = &stores.files else { return Ok(None) };
    match files.find(file).await.map_err(not_read)? {
        Found::At(address) => Ok(Some(address)),
        Found::Bytes(_) | Found::Gone => Ok(None),
    }
}

/// The error for a result that was not stored.
fn not_stored(error: StorageError) -> Error {
    match error {
        StorageError::TooLarge { .. } => {
            Error::new(ErrorCode::ActionFailed, error.to_string()).with_reason("file_too_large")
        }
        StorageError::NameTaken => Error::new(ErrorCode::ActionFailed, error.to_string()).with_reason("name_taken"),
        StorageError::Io(_) | StorageError::Bucket(_) => failed(error, "the result could not be stored"),
    }
}

/// The error for a stored file that could not be read.
pub(crate) fn not_read(error: StorageError) -> Error {
    failed(error, "the stored file could not be read")
}

fn failed(error: StorageError, message: &'static str) -> Error {
    tracing::warn!(%error, "the storage of results fails");
    Error::new(ErrorCode::Unavailable, message).with_reason("storage_failed").with_source(error)
}
