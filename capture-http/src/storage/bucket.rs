//! Files in a bucket that speaks S3.
//!
//! An object has an ACL only if one was asked for, because buckets refuse ACLs unless their owner has enabled them. The
//! client signs its default headers, so that there is a client per ACL.

use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use hyper::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use object_store::{
    Attribute, Attributes, ClientOptions, ObjectStore, PutOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::{Path, PathPart},
    signer::Signer,
};

use super::{Acl, BucketSettings, File, Found, Storage, StorageError, connector::Connector};

/// How long an address of a private object can be used (public API: at most 1 h).
const ADDRESS_LIFE: Duration = Duration::from_secs(3600);
/// How often a request is tried again, and for how long.
const MAX_RETRIES: usize = 2;
const RETRYING: Duration = Duration::from_secs(20);
const ACL: HeaderName = HeaderName::from_static("x-amz-acl");

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    prefix: String,
    usual: AmazonS3,
    /// Clients that store with an ACL.
    with_acl: Vec<(Acl, AmazonS3)>,
}

impl Bucket {
    /// Describes a bucket; nothing is asked yet.
    pub(super) fn open(settings: &BucketSettings) -> Result<Self, StorageError> {
        let with = |acl: Acl| Ok::<_, StorageError>((acl, client(settings, Some(acl))?));
        let acls = Acl::ALL.into_iter().filter(|_| settings.allows_acl);
        Ok(Self {
            prefix: settings.prefix.clone(),
            usual: client(settings, None)?,
            with_acl: acls.map(with).collect::<Result<_, _>>()?,
        })
    }

    fn key(&self, file: &File) -> Path {
        let prefix = self.prefix.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned);
        prefix.chain(file.path.segments()).map(PathPart::from).collect()
    }

    fn client(&self, acl: Option<Acl>) -> &AmazonS3 {
        self.with_acl.iter().find(|(of, _)| Some(*of) == acl).map_or(&self.usual, |(_, client)| client)
    }
}

fn client(settings: &BucketSettings, acl: Option<Acl>) -> Result<AmazonS3, StorageError> {
    let acl = acl.map(|acl| (ACL, HeaderValue::from_static(acl.as_str())));
    let retry = RetryConfig { max_retries: MAX_RETRIES, retry_timeout: RETRYING, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&settings.name)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key)
        .with_secret_access_key(&settings.secret_key)
        .with_client_options(ClientOptions::new().with_default_headers(HeaderMap::from_iter(acl)))
        .with_http_connector(Connector)
        .with_retry(retry);
    if let Some(endpoint) = &settings.endpoint {
        let address = endpoint.as_str().trim_end_matches('/');
        builder = builder.with_endpoint(address).with_allow_http(endpoint.scheme() == "http");
    }
    Ok(builder.build()?)
}

impl Storage for Bucket {
    fn put<'a>(&'a self, file: &'a File, body: Bytes) -> BoxFuture<'a, Result<(), StorageError>> {
        async move {
            let mut attributes = Attributes::new();
            attributes.insert(Attribute::ContentType, file.path.media_type().into());
            let options = PutOptions { attributes, ..PutOptions::default() };
            self.client(file.acl).put_opts(&self.key(file), body.into(), options).await?;
            Ok(())
        }
        .boxed()
    }

    fn find<'a>(&'a self, file: &'a File) -> BoxFuture<'a, Result<Found, StorageError>> {
        async move {
            let mut address = self.usual.signed_url(Method::GET, &self.key(file), ADDRESS_LIFE).await?;
            if file.acl.is_some_and(Acl::is_public) {
                address.set_query(None);
            }
            Ok(Found::At(address))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use capture_core::clock::Timestamp;

    use super::*;
    use crate::storage::FilePath;

    fn bucket(allows_acl: bool) -> Bucket {
        Bucket::open(&BucketSettings {
            name: "pictures".to_owned(),
            prefix: "of/capture".to_owned(),
            endpoint: Some("http://127.0.0.1:9".parse().unwrap()),
            region: "us-east-1".to_owned(),
            access_key: "id".to_owned(),
            secret_key: "secret".to_owned(),
            allows_acl,
        })
        .unwrap()
    }

    fn file(name: &str, acl: Option<Acl>) -> File {
        let path = FilePath::new(&"..".parse().unwrap(), Timestamp(0), Some(&name.parse().unwrap()), "", "png");
        File { path, acl }
    }

    #[test]
    fn keys_begin_with_the_prefix_and_the_user() {
        let key = bucket(false).key(&file("a/b?c#d%2e", None)).to_string();
        assert_eq!(key, "of/capture/u-../screenshots/1970/01/01/a/b%3Fc%23d%252e.png");
    }

    #[tokio::test]
    async fn addresses_of_private_objects_are_signed_and_end() {
        let bucket = bucket(true);
        for (acl, is_signed) in [
            (None, true),
            (Some(Acl::Private), true),
            (Some(Acl::AuthenticatedRead), true),
            (Some(Acl::PublicRead), false),
        ] {
            let Found::At(address) = bucket.find(&file("a", acl)).await.unwrap() else { panic!("an address") };
            assert_eq!(address.path(), "/pictures/of/capture/u-../screenshots/1970/01/01/a.png");
            assert_eq!(address.as_str().contains("X-Amz-Expires=3600"), is_signed, "{address}");
            assert!(!address.as_str().contains("secret"));
        }
    }
}
