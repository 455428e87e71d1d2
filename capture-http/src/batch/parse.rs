//! Parses the body of a batch. What the options of a job mean is judged elsewhere.

use capture_core::{
    Error,
    egress::{BLOCKED_REASON, Guard},
};
use serde_json::{Map, Value};
use url::Url;

use super::record::Job;
use crate::outgoing;

/// Most jobs of a batch (public API).
const MAX_JOBS: usize = 100;
/// Longest address of a notification, in bytes.
const MAX_URI: usize = 2048;

/// The jobs of a body, and the address that is told when they are done.
///
/// # Errors
/// `invalid_request` that names the field, and the job by its index.
pub(super) fn asked(body: &Value) -> Result<(Vec<Job>, Option<Url>), Error> {
    let fields = body.as_object().ok_or_else(|| Error::invalid("the body must be a JSON object"))?;
    let data = fields.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| Error::invalid("data is required: a list of {\"url\": …, \"options\": …}"))?;
    if !(1..=MAX_JOBS).contains(&data.len()) {
        return Err(Error::invalid(format!("data must have 1 to {MAX_JOBS} jobs, not {}", data.len())));
    }
    let jobs = data.iter().enumerate().map(|(index, entry)| job(entry).map_err(|error| at(index, &error)));
    Ok((jobs.collect::<Result<_, _>>()?, uri(fields)?))
}

/// An error of a job, with the job that it is about.
pub(super) fn at(index: usize, error: &Error) -> Error {
    let told = Error::new(error.code(), format!("data[{index}]: {}", error.message())).with_detail("index", index);
    if error.hint().is_empty() { told } else { told.with_hint(error.hint().to_owned()) }
}

fn job(entry: &Value) -> Result<Job, Error> {
    let fields = entry.as_object().ok_or_else(|| Error::invalid("a job must be an object with url and options"))?;
    let url = fields.get("url").and_then(Value::as_str).filter(|url| !url.is_empty());
    let url = url.ok_or_else(|| Error::invalid("url is required, as a text"))?;
    let options = match fields.get("options") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(options)) => options.clone(),
        // PHP writes an object without fields as an empty array.
        Some(Value::Array(items)) if items.is_empty() => Map::new(),
        Some(_) => return Err(Error::invalid("options must be an object")),
    };
    Ok(Job { url: url.to_owned(), options, result: None })
}

fn uri(fields: &Map<String, Value>) -> Result<Option<Url>, Error> {
    let refused = || {
        Error::invalid(format!(
            "notification_uri must be an http or https address of at most {MAX_URI} bytes, without credentials"
        ))
    };
    let text = match fields.get("notification_uri") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) if text.len() <= MAX_URI => text,
        Some(_) => return Err(refused()),
    };
    let is_fit = |url: &Url| {
        let is_bare = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && outgoing::target(url).is_some() && is_bare
    };
    Url::parse(text).ok().filter(is_fit).map(Some).ok_or_else(refused)
}

/// Refuses an address that is known to be denied. What its name resolves to is judged when it is connected to.
pub(super) fn judge(uri: Option<&Url>, guard: &Guard) -> Result<(), Error> {
    let Some((host, port)) = uri.and_then(outgoing::target) else { return Ok(()) };
    guard.judge_target(host, port).map_err(|why| {
        Error::invalid(format!("notification_uri is refused by the egress policy: {why}")).with_reason(BLOCKED_REASON)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use capture_core::egress::{EgressPolicy, System};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_has_jobs_and_maybe_an_address() {
        let (jobs, uri) = asked(&json!({"data": [{"url": "a"}, {"url": "b", "options": []}], "x": 1})).unwrap();
        assert_eq!((jobs.len(), uri), (2, None));
        let body = json!({"data": [{"url": "a", "options": {"full": true}}], "notification_uri": "https://b.test/?c"});
        let (jobs, uri) = asked(&body).unwrap();
        assert_eq!((&jobs[0].options["full"], uri.unwrap().as_str()), (&json!(true), "https://b.test/?c"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let many = json!({"data": vec![json!({"url": "a"}); 101]});
        let good = json!([{"url": "a"}]);
        for (body, names) in [
            (json!([]), "object"),
            (json!({}), "data is required"),
            (json!({"data": {}}), "data is required"),
            (json!({"data": []}), "1 to 100 jobs, not 0"),
            (many, "not 101"),
            (json!({"data": [{"url": "a"}, 5]}), "data[1]: a job"),
            (json!({"data": [{"url": "a"}, {"url": 5}]}), "data[1]: url"),
            (json!({"data": [{"url": "a", "options": "full"}]}), "data[0]: options"),
            (json!({"data": good, "notification_uri": 5}), "notification_uri"),
            (json!({"data": good, "notification_uri": "b.test"}), "notification_uri"),
            (json!({"data": good, "notification_uri": "ftp://b.test/"}), "notification_uri"),
            (json!({"data": good, "notification_uri": "http://u:p@b.test/"}), "notification_uri"),
            (
                json!({"data": good, "notification_uri": format!("http://b.test/{}", "x".repeat(2048))}),
                "notification_uri",
            ),
        ] {
            let error = asked(&body).unwrap_err();
            assert!(error.message().contains(names), "{names}: {error}");
        }
    }

    #[tokio::test]
    async fn addresses_that_are_known_to_be_denied_are_refused() {
        let guard = Guard::new(EgressPolicy::default(), Arc::new(System::default()));
        for denied in
            ["http://127.0.0.1/", "http://10.0.0.1:8080/", "http://localhost/", "http://[::1]/", "http://2130706433/"]
        {
            let error = judge(Some(&denied.parse().unwrap()), &guard).unwrap_err();
            assert_eq!(error.reason(), Some(BLOCKED_REASON), "{denied}");
        }
        for allowed in ["http://8.8.8.8/", "https://example.com/"] {
            assert!(judge(Some(&allowed.parse().unwrap()), &guard).is_ok(), "{allowed}");
        }
    }
}
