//! The options of a session, parsed once and capped to the limits.

use std::{num::NonZeroU32, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::Limits;

/// How long a `connectUrl` can be used, unless the create sets another time.
pub const CONNECT_LIFE: Duration = Duration::from_secs(5 * 60);

/// The error for an option that cannot be accepted. The message names the field and the accepted values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidOption(String);

impl InvalidOption {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Options of a session, as they are shown back. A value of this type is valid under the limits it was parsed with.
///
/// ```json
/// {"maxTtlSeconds":300,"proxy":false,"bypassBotDetection":false,"cdp":false}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionOptions {
    /// Time to live in seconds.
    pub max_ttl_seconds: u64,
    /// Route the page through the user's configured proxy.
    pub proxy: bool,
    /// Run in the operator's separately configured browser.
    pub bypass_bot_detection: bool,
    /// Run in a dedicated browser that CDP clients may connect to.
    pub cdp: bool,
    /// How long each `connectUrl` can be used, in seconds; absent unless the create set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_ttl_seconds: Option<NonZeroU32>,
}

impl SessionOptions {
    /// Parses a create request; an absent body counts as `{}`.
    ///
    /// # Errors
    /// [`InvalidOption`] that names the field: it is unknown, has the wrong type, is below 1, or belongs to a
    /// combination that cannot be served.
    pub fn parse(request: &Map<String, Value>, limits: &Limits) -> Result<Self, InvalidOption> {
        const FIELDS: &str = "maxTtlSeconds, proxy, bypassBotDetection, cdp, connectTtlSeconds";
        let mut options = Self { max_ttl_seconds: limits.default_ttl.as_secs(), ..Self::with_ttl(limits.default_ttl) };
        for (field, value) in request {
            match field.as_str() {
                "maxTtlSeconds" => options.max_ttl_seconds = parse_ttl(value)?.min(limits.max_ttl.as_secs()),
                "proxy" => options.proxy = parse_bool(field, value)?,
                "bypassBotDetection" => options.bypass_bot_detection = parse_bool(field, value)?,
                "cdp" => options.cdp = parse_bool(field, value)?,
                "connectTtlSeconds" => {
                    // No session lives longer than `max_ttl`, however often it is renewed.
                    let seconds = parse_seconds(field, value)?.min(limits.max_ttl.as_secs());
                    options.connect_ttl_seconds = u32::try_from(seconds).ok().and_then(NonZeroU32::new);
                }
                _ => return Err(InvalidOption::new(format!("unknown field {field:?}; accepted are {FIELDS}"))),
            }
        }
        if options.cdp && options.bypass_bot_detection {
            return Err(InvalidOption::new("cdp cannot be combined with bypassBotDetection"));
        }
        if options.connect_ttl_seconds.is_some() && !options.cdp {
            return Err(InvalidOption::new("connectTtlSeconds is for sessions with cdp: true"));
        }
        Ok(options)
    }

    /// Default options with this time to live.
    pub fn with_ttl(ttl: Duration) -> Self {
        Self {
            max_ttl_seconds: ttl.as_secs().max(1),
            proxy: false,
            bypass_bot_detection: false,
            cdp: false,
            connect_ttl_seconds: None,
        }
    }

    /// How long a `connectUrl` can be used.
    pub fn connect_life(&self) -> Duration {
        self.connect_ttl_seconds.map_or(CONNECT_LIFE, |seconds| Duration::from_secs(seconds.get().into()))
    }

    /// The time to live.
    pub fn max_ttl(&self) -> Duration {
        Duration::from_secs(self.max_ttl_seconds)
    }
}

/// Parses a `maxTtlSeconds` value: an integer of at least 1.
///
/// # Errors
/// [`InvalidOption`] that names the field and the accepted values.
pub fn parse_ttl(value: &Value) -> Result<u64, InvalidOption> {
    parse_seconds("maxTtlSeconds", value)
}

fn parse_seconds(field: &str, value: &Value) -> Result<u64, InvalidOption> {
    let whole = value.as_u64().or_else(|| whole_float(value));
    match whole {
        Some(seconds) if seconds >= 1 => Ok(seconds),
        _ => Err(InvalidOption::new(format!("{field} must be an integer of at least 1"))),
    }
}

/// Accepts a float without a fraction, such as `300.0`, which many JSON writers produce for integers.
fn whole_float(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range, checked here")]
    (number.fract() == 0.0 && (1.0..1e15).contains(&number)).then_some(number as u64)
}

fn parse_bool(field: &str, value: &Value) -> Result<bool, InvalidOption> {
    value.as_bool().ok_or_else(|| InvalidOption::new(format!("{field} must be true or false")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(request: &Value) -> Result<SessionOptions, InvalidOption> {
        SessionOptions::parse(request.as_object().unwrap(), &Limits::default())
    }

    #[test]
    fn defaults_caps_and_flags() {
        assert_eq!(parse(&json!({})).unwrap().max_ttl_seconds, 300);
        assert_eq!(parse(&json!({"maxTtlSeconds": 100_000})).unwrap().max_ttl_seconds, 900);
        assert_eq!(parse(&json!({"maxTtlSeconds": 60.0})).unwrap().max_ttl_seconds, 60);
        assert!(parse(&json!({"cdp": true, "proxy": true})).unwrap().cdp);
        for (asked, told) in [(20, 20), (100_000, 900)] {
            let options = parse(&json!({"cdp": true, "maxTtlSeconds": 30, "connectTtlSeconds": asked})).unwrap();
            assert_eq!(options.connect_life(), Duration::from_secs(told));
        }
        assert_eq!(parse(&json!({"cdp": true})).unwrap().connect_life(), CONNECT_LIFE);
    }

    #[test]
    fn refusals_name_the_field() {
        for (request, named) in [
            (json!({"maxTtlSeconds": 0}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": "60"}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": 1.5}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": null}), "maxTtlSeconds"),
            (json!({"proxy": 1}), "proxy"),
            (json!({"cdp": true, "connectTtlSeconds": 0}), "connectTtlSeconds must be"),
            (json!({"connectTtlSeconds": 60}), "connectTtlSeconds is for sessions with cdp"),
            (json!({"stealth": true}), "stealth"),
            (json!({"cdp": true, "bypassBotDetection": true}), "cdp cannot be combined with bypassBotDetection"),
        ] {
            let error = parse(&request).unwrap_err();
            assert!(error.to_string().contains(named), "{request}: {error}");
        }
    }
}
