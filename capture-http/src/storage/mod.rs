//! Where results are stored as files: in a folder of the data directory, or in a bucket that speaks S3.
//!
//! Every name begins with the part of its user ([`FilePath`]), so that no request reaches a file of another user. This
//! folder must not know renders, batches or HTTP requests.

mod acl;
mod bucket;
mod connector;
mod folder;
mod name;
mod quota;
mod settings;

use std::{fmt, io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::future::BoxFuture;
use url::Url;

pub use self::settings::{BucketSettings, StorageSettings};
pub(crate) use self::{
    acl::Acl,
    name::{FileName, FilePath},
};

/// Why a file was not stored or found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    /// The file is larger than everything that its user may store.
    #[error("the result has {bytes} bytes, and the space of a user {most}")]
    TooLarge {
        /// The size of the file.
        bytes: u64,
        /// The space of a user.
        most: u64,
    },
    /// Other files are stored below this name, or below a part of it another file is stored.
    #[error("the name is taken: it leads through a file, or to a folder of files")]
    NameTaken,
    /// An operation of the operating system failed.
    #[error("the file cannot be stored or read: {0}")]
    Io(#[from] io::Error),
    /// The bucket did not take it, or the settings do not describe one.
    #[error("the bucket does not answer as it should: {0}")]
    Bucket(#[from] object_store::Error),
}

/// A file that was looked for.
#[derive(Debug)]
pub(crate) enum Found {
    /// Its content.
    Bytes(Bytes),
    /// An address at which anybody can fetch it for the next hour.
    At(Url),
    /// There is no such file any more.
    Gone,
}

/// Stores files of users.
pub(crate) trait Storage: Send + Sync + fmt::Debug {
    /// Stores a file. One that has the name already is replaced.
    fn put<'a>(&'a self, file: &'a File, body: Bytes) -> BoxFuture<'a, Result<(), StorageError>>;

    /// Looks for a file.
    fn find<'a>(&'a self, file: &'a File) -> BoxFuture<'a, Result<Found, StorageError>>;
}

/// A file to be stored or found.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: FilePath,
    /// Who may read it in a bucket, where that was asked for and is allowed.
    pub(crate) acl: Option<Acl>,
}

/// The storage of a server, and what it can do.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    /// Where files go: the bucket if there is one. Absent on a server that keeps nothing.
    pub(crate) files: Option<Arc<dyn Storage>>,
    /// Whether that is a bucket, so that single renders are stored as well.
    pub(crate) is_bucket: bool,
    /// Whether users may decide who reads their files in the bucket.
    pub(crate) allows_acl: bool,
}

impl Stores {
    /// A folder for the results of the cache, at most this many bytes; a user has at most half of them.
    pub(crate) fn results(folder: PathBuf, bytes: u64) -> Arc<dyn Storage> {
        Arc::new(folder::Folder::new(folder, bytes, bytes / 2))
    }

    /// Opens what the settings describe; `folder` is used without a bucket, and made for the first file.
    ///
    /// # Errors
    /// The settings do not describe a bucket.
    pub(crate) fn open(settings: &StorageSettings, folder: Option<PathBuf>) -> Result<Self, StorageError> {
        if let Some(bucket) = &settings.bucket {
            let files = Arc::new(bucket::Bucket::open(bucket)?);
            return Ok(Self { files: Some(files), is_bucket: true, allows_acl: bucket.allows_acl });
        }
        let new = |folder| Arc::new(folder::Folder::new(folder, settings.bytes, settings.bytes_of_user));
        Ok(Self { files: folder.map(|folder| new(folder) as _), is_bucket: false, allows_acl: false })
    }
}
