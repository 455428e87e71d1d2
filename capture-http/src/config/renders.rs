//! The settings of renders: their cache, presets, storage, and the addresses that pages come from.

use std::time::Duration;

use capture_core::egress::Network;
use capture_http::{BucketSettings, Presets, RenderCacheSettings, StorageSettings};

use super::{ConfigError, DAY, parse_public_url, values::Values};

pub(super) fn render_cache(values: &Values<'_>) -> Result<RenderCacheSettings, ConfigError> {
    Ok(RenderCacheSettings {
        bytes: values.number::<usize>("render-cache-mib", 0..=1_048_576)? << 20,
        disk_bytes: values.number::<u64>("render-cache-disk-mib", 0..=1_048_576)? << 20,
        ttl: Duration::from_secs(values.number("render-cache-seconds", 0..=7 * DAY)?),
    })
}

pub(super) fn presets(values: &Values<'_>) -> Result<Presets, ConfigError> {
    let accepted = "a readable TOML file with one table of texts, numbers and booleans for each preset";
    let read = |path: &str| {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        text.parse::<Presets>().map_err(|error| error.to_string())
    };
    values.explained("presets", accepted, read).map(Option::unwrap_or_default)
}

pub(super) fn ip_ranges(values: &Values<'_>) -> Result<Vec<String>, ConfigError> {
    let parse = |text: &str| {
        let one = |network: &str| network.parse::<Network>().ok().map(|_valid| network.to_owned());
        text.split(',').map(|network| one(network.trim())).collect()
    };
    values.optional("ip-ranges", "addresses and networks such as 203.0.113.0/24", parse).map(Option::unwrap_or_default)
}

pub(super) fn storage(values: &Values<'_>) -> Result<StorageSettings, ConfigError> {
    Ok(StorageSettings {
        bucket: bucket(values)?,
        bytes: values.number::<u64>("render-files-mib", 1..=1_048_576)? << 20,
        bytes_of_user: values.number::<u64>("render-files-of-user-mib", 1..=1_048_576)? << 20,
    })
}

/// The bucket; its key is required with it.
fn bucket(values: &Values<'_>) -> Result<Option<BucketSettings>, ConfigError> {
    let endpoint = values.optional("storage-endpoint", "an http or https address", parse_public_url)?;
    let plain = |text: &str| {
        let of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"/+=_.-".contains(&byte);
        (!text.is_empty() && text.bytes().all(of_key)).then(|| text.to_owned())
    };
    let word = |name, accepted| values.optional(name, accepted, plain);
    let region = values.required("storage-region", "the name of a region such as us-east-1", plain)?;
    let (access, secret) = (word("storage-access-key", "an access key")?, word("storage-secret-key", "a secret key")?);
    let allows_acl = values.switch("storage-acl")?;
    let Some((name, prefix)) = values.optional("storage-url", "a bucket such as s3://bucket/prefix", parse_bucket)?
    else {
        return Ok(None);
    };
    Ok(Some(BucketSettings {
        name,
        prefix,
        endpoint,
        region,
        access_key: access.ok_or(ConfigError::Missing("storage-access-key"))?,
        secret_key: secret.ok_or(ConfigError::Missing("storage-secret-key"))?,
        allows_acl,
    }))
}

/// The name of a bucket and the prefix of its keys.
fn parse_bucket(text: &str) -> Option<(String, String)> {
    let (name, prefix) = text.strip_prefix("s3://")?.split_once('/').unwrap_or((text.strip_prefix("s3://")?, ""));
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    let prefix = prefix.trim_matches('/');
    let is_fit = |segment: &str| !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control);
    let is_valid = (3..=63).contains(&name.len())
        && name.bytes().all(of_name)
        && (prefix.is_empty() || prefix.split('/').all(is_fit));
    is_valid.then(|| (name.to_owned(), prefix.to_owned()))
}
