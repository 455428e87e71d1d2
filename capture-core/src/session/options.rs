//! What a session is asked for, parsed once and capped.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{error::Error, limits::Limits};

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
    /// A browser of its own that CDP clients may connect to.
    pub cdp: bool,
}

impl SessionOptions {
    /// Reads a create request; an absent body is the same as `{}`.
    ///
    /// # Errors
    /// `invalid_request` naming the field: unknown, of the wrong type, below 1, or a combination that cannot be served.
    pub fn parse(request: &Map<String, Value>, limits: &Limits) -> Result<Self, Error> {
        const FIELDS: &str = "maxTtlSeconds, proxy, bypassBotDetection, cdp";
        let mut options = Self { max_ttl_seconds: limits.default_ttl.as_secs(), ..Self::with_ttl(limits.default_ttl) };
        for (field, value) in request {
            match field.as_str() {
                "maxTtlSeconds" => options.max_ttl_seconds = parse_ttl(value)?.min(limits.max_ttl.as_secs()),
                "proxy" => options.proxy = parse_bool(field, value)?,
                "bypassBotDetection" => options.bypass_bot_detection = parse_bool(field, value)?,
                "cdp" => options.cdp = parse_bool(field, value)?,
                _ => return Err(Error::invalid(format!("unknown field {field:?}; accepted are {FIELDS}"))),
            }
        }
        if options.cdp && options.bypass_bot_detection {
            return Err(Error::invalid("cdp cannot be combined with bypassBotDetection"));
        }
        Ok(options)
    }

    /// Plain options with this time to live.
    pub fn with_ttl(ttl: Duration) -> Self {
        Self { max_ttl_seconds: ttl.as_secs().max(1), proxy: false, bypass_bot_detection: false, cdp: false }
    }

    /// The time to live.
    pub fn max_ttl(&self) -> Duration {
        Duration::from_secs(self.max_ttl_seconds)
    }
}

/// Reads a `maxTtlSeconds` value: an integer of at least 1.
///
/// # Errors
/// `invalid_request` naming the field and what it accepts.
pub fn parse_ttl(value: &Value) -> Result<u64, Error> {
    let whole = value.as_u64().or_else(|| whole_float(value));
    match whole {
        Some(seconds) if seconds >= 1 => Ok(seconds),
        _ => Err(Error::invalid("maxTtlSeconds must be an integer of at least 1")),
    }
}

/// `300.0` is an integer to most JSON writers.
fn whole_float(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range, checked here")]
    (number.fract() == 0.0 && (1.0..1e15).contains(&number)).then_some(number as u64)
}

fn parse_bool(field: &str, value: &Value) -> Result<bool, Error> {
    value.as_bool().ok_or_else(|| Error::invalid(format!("{field} must be true or false")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(request: &Value) -> Result<SessionOptions, Error> {
        SessionOptions::parse(request.as_object().unwrap(), &Limits::default())
    }

    #[test]
    fn defaults_caps_and_flags() {
        assert_eq!(parse(&json!({})).unwrap().max_ttl_seconds, 300);
        assert_eq!(parse(&json!({"maxTtlSeconds": 100_000})).unwrap().max_ttl_seconds, 900);
        assert_eq!(parse(&json!({"maxTtlSeconds": 60.0})).unwrap().max_ttl_seconds, 60);
        assert!(parse(&json!({"cdp": true, "proxy": true})).unwrap().cdp);
    }

    #[test]
    fn refusals_name_the_field() {
        for (request, named) in [
            (json!({"maxTtlSeconds": 0}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": "60"}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": 1.5}), "maxTtlSeconds"),
            (json!({"maxTtlSeconds": null}), "maxTtlSeconds"),
            (json!({"proxy": 1}), "proxy"),
            (json!({"stealth": true}), "stealth"),
            (json!({"cdp": true, "bypassBotDetection": true}), "cdp cannot be combined with bypassBotDetection"),
        ] {
            let error = parse(&request).unwrap_err();
            assert!(error.message().contains(named), "{request}: {error}");
        }
    }
}
