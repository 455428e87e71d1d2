//! What the operator decides about stored results.

use std::fmt;

use url::Url;

/// Where results are stored, and how much of them.
#[derive(Debug, Clone)]
pub struct StorageSettings {
    /// The bucket; without one, files are kept in the data directory.
    pub bucket: Option<BucketSettings>,
    /// Most bytes of files in the data directory. Default 1 GiB.
    pub bytes: u64,
    /// Most bytes of files of a user in the data directory. Default 256 MiB.
    pub bytes_of_user: u64,
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self { bucket: None, bytes: 1 << 30, bytes_of_user: 256 << 20 }
    }
}

/// A bucket that speaks S3.
#[derive(Clone)]
pub struct BucketSettings {
    /// The name of the bucket.
    pub name: String,
    /// What all keys begin with, without slashes at its ends; may be empty.
    pub prefix: String,
    /// The address of the service; `None` means that of AWS in the region.
    pub endpoint: Option<Url>,
    /// The region.
    pub region: String,
    /// The id of the access key.
    pub access_key: String,
    /// The secret of the access key.
    pub secret_key: String,
    /// Whether objects may be stored with an ACL.
    pub allows_acl: bool,
}

impl fmt::Debug for BucketSettings {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketSettings").field("name", &self.name).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
