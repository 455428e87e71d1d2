//! Results on disk, which outlive the process and the memory cache. What cannot be read is as if it were not there.

use std::sync::Arc;

use capture_core::{clock::Timestamp, render::Rendered};
use serde::{Deserialize, Serialize};

use super::made::{CacheKey, Made};
use crate::storage::{File, FilePath, Found, Storage};

/// The version of the format. Files of another one are not read.
const FORMAT: u32 = 1;

/// A file of the cache.
#[derive(Serialize)]
struct Written<'a>(u32, i64, &'a Rendered);

#[derive(Deserialize)]
struct Read(u32, i64, Rendered);

/// Reads and writes results.
#[derive(Debug, Clone)]
pub(crate) struct DiskCache(Arc<dyn Storage>);

impl DiskCache {
    /// A cache in this storage, which bounds what it keeps.
    pub(crate) fn new(files: Arc<dyn Storage>) -> Self {
        Self(files)
    }

    /// The result of a request.
    pub(super) async fn read(&self, key: &CacheKey) -> Option<Made> {
        let Ok(Found::Bytes(bytes)) = self.0.find(&file(key)).await else { return None };
        let Read(format, at, rendered) = rmp_serde::from_slice(&bytes).ok()?;
        let made = Made { is_from_disk: true, ..Made::new(rendered, Timestamp(at)) };
        (format == FORMAT).then_some(made)
    }

    /// Keeps a result.
    pub(super) async fn write(&self, key: &CacheKey, made: &Made) {
        let written = rmp_serde::to_vec(&Written(FORMAT, made.at.0, &made.rendered));
        let Ok(bytes) = written.inspect_err(|error| tracing::warn!(%error, "a result cannot be written")) else {
            return;
        };
        if let Err(error) = self.0.put(&file(key), bytes.into()).await {
            tracing::warn!(%error, "a result is not kept on disk");
        }
    }
}

fn file(key: &CacheKey) -> File {
    File { path: FilePath::of_result(key.user(), &key.hash()), acl: None }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use capture_core::render::{RenderBody, Rendering};

    use super::*;
    use crate::{
        render::{Kind, Params},
        storage::Stores,
    };

    #[tokio::test]
    async fn results_outlive_the_process_and_other_formats_are_not_read() {
        let temp = tempfile::tempdir().unwrap();
        let open = || DiskCache::new(Stores::results(temp.path().join("results"), 1 << 20));
        let key = CacheKey::of(&"ann".parse().unwrap(), Kind::Pdf, &Params::default(), "");
        let body = RenderBody::Pdf(Bytes::from_static(b"%PDF"));
        let rendering = Rendering {
            body,
            url: "http://a.test/".to_owned(),
            page_status: Some(404),
            clamped: true,
            warnings: vec![],
        };
        let rendered = Rendered { rendering, billed_credits: 1, duration_ms: 5 };
        let made = Made::new(rendered, Timestamp(1_750_000_000_007));
        assert!(open().read(&key).await.is_none());
        open().write(&key, &made).await;
        let read = open().read(&key).await.unwrap();
        assert_eq!((read.at, &read.rendered, read.is_from_disk), (made.at, &made.rendered, true));
        for bad in [b"".to_vec(), b"nonsense".to_vec(), rmp_serde::to_vec(&Written(2, 0, &made.rendered)).unwrap()] {
            DiskCache(Stores::results(temp.path().join("results"), 1 << 20))
                .0
                .put(&file(&key), bad.into())
                .await
                .unwrap();
            assert!(open().read(&key).await.is_none());
        }
    }
}
