//! The reasons that clients get for failed connections. Chromium reports every connection that the guard refuses as one
//! proxy failure. The guard knows the reason for each target, and this module translates it into Chromium's terms.
//!
//! This module must not know clients.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::{Duration, Instant};
use url::Url;

use crate::{
    browser::chromium::cdp::Event,
    egress::{EgressPort, Failure},
};

/// Chromium's error for every connection that the guard refuses.
const THROUGH_THE_GUARD: &str = "net::ERR_SOCKS_CONNECTION_FAILED";
/// Maximum number of requests whose targets are remembered. The oldest is forgotten first, and its failure is then
/// reported as Chromium does.
const MAX_REQUESTS: usize = 256;
/// Longest request id that is remembered; Chromium's ids have 32 characters.
const MAX_ID: usize = 64;
/// Maximum age of a failure's reason. Chromium gives up a connection after 30 s.
const FRESH: Duration = Duration::from_secs(60);

/// Host and port.
type Target = (String, u16);

/// What is known about the requests of a browser's pages.
#[derive(Debug, Default)]
pub(crate) struct FailureReasons {
    guard: Option<Arc<EgressPort>>,
    /// Requests, the newest last.
    requests: VecDeque<(String, Target)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    /// Address of a WebSocket.
    #[serde(borrow)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    request: Option<Asked<'a>>,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failed<'a> {
    #[serde(borrow)]
    request_id: Option<Cow<'a, str>>,
    /// The address in a log entry.
    #[serde(borrow)]
    entry: Option<Asked<'a>>,
}

impl FailureReasons {
    /// Sets the guard through which the pages' connections go.
    pub(crate) fn ask(&mut self, guard: Option<Arc<EgressPort>>) {
        self.guard = guard;
    }

    /// Remembers the target of a request. If the event reports a failed request, returns it with the actual reason.
    pub(crate) fn take(&mut self, event: &Event) -> Option<Box<RawValue>> {
        match &*event.method {
            "Network.requestWillBeSent" | "Network.webSocketCreated" => {
                self.note(&event.params);
                None
            }
            "Network.loadingFailed" | "Network.webSocketFrameError" | "Log.entryAdded" => {
                if !event.params.get().contains(THROUGH_THE_GUARD) {
                    return None;
                }
                let Failed { request_id, entry } = event.decode()?;
                let target = match entry {
                    Some(Asked { url }) => target(&url)?,
                    None => self.target_of(&request_id?)?,
                };
                reworded(&event.params, self.newest(&target)?)
            }
            _ => None,
        }
    }

    /// The result of a navigation to this address, with the actual reason if the guard refused the connection.
    pub(crate) fn navigated(&self, url: &str, result: &RawValue) -> Option<Box<RawValue>> {
        if !result.get().contains(THROUGH_THE_GUARD) {
            return None;
        }
        // The target of a redirect is not in the address, so only a denial can be found for it.
        let denied = || Some(Failure::Blocked(self.guard.as_ref()?.last_blocked(since())?.why));
        reworded(result, self.newest(&target(url)?).or_else(denied)?)
    }

    fn note(&mut self, params: &RawValue) {
        let Ok(Sent { request_id, url, request }) = serde_json::from_str(params.get()) else { return };
        let url = request.map(|request| request.url).or(url);
        let Some(target) = url.and_then(|url| target(&url)).filter(|_| request_id.len() <= MAX_ID) else { return };
        // Several clients get events of one request, and a redirect changes its target.
        self.requests.retain(|(id, _)| *id != request_id);
        if self.requests.len() >= MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back((request_id.into_owned(), target));
    }

    fn target_of(&self, request: &str) -> Option<Target> {
        self.requests.iter().rev().find(|(id, _)| id == request).map(|(_, target)| target.clone())
    }

    /// The newest failure of a target. The guard records it before it refuses, so it is the one that Chromium reports.
    fn newest(&self, (host, port): &Target) -> Option<Failure> {
        self.guard.as_ref()?.failure(host, *port, since())
    }
}

fn since() -> Instant {
    let now = Instant::now();
    now.checked_sub(FRESH).unwrap_or(now)
}

/// The text with the actual reason in it. Text that a page wrote into a log entry is replaced as well.
fn reworded(told: &RawValue, failure: Failure) -> Option<Box<RawValue>> {
    RawValue::from_string(told.get().replace(THROUGH_THE_GUARD, plain(failure))).ok()
}

/// The error that Chromium would report without a guard. A denial by the policy is reported like a request blocked by
/// an extension.
fn plain(failure: Failure) -> &'static str {
    match failure {
        Failure::Blocked(_) => "net::ERR_BLOCKED_BY_CLIENT",
        other => other.chromium_error(),
    }
}

fn target(url: &str) -> Option<Target> {
    let url = Url::parse(url).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::browser::chromium::cdp::SessionKey;

    fn sent(id: &str, url: &str) -> Event {
        let params = json!({ "requestId": id, "request": { "url": url, "headers": {} } });
        let params = serde_json::value::to_raw_value(&params).unwrap();
        Event::new(SessionKey::from("s"), "Network.requestWillBeSent", Some(&params))
    }

    #[test]
    fn a_request_is_known_by_its_newest_address_and_the_oldest_is_forgotten() {
        let mut reasons = FailureReasons::default();
        assert!(reasons.take(&sent("1", "https://a.test/x")).is_none());
        reasons.take(&sent("1", "http://b.test:81/"));
        assert_eq!(reasons.target_of("1"), Some(("b.test".to_owned(), 81)));
        for at in 0..MAX_REQUESTS {
            reasons.take(&sent(&format!("r{at}"), "http://[::1]/"));
        }
        assert_eq!((reasons.requests.len(), reasons.target_of("1")), (MAX_REQUESTS, None));
        reasons.take(&sent(&"x".repeat(MAX_ID + 1), "http://c.test/"));
        reasons.take(&sent("data", "data:,x"));
        assert_eq!(reasons.target_of("data"), None);
    }

    #[test]
    fn what_the_policy_denies_is_told_as_blocked_and_the_rest_as_it_is_without_a_guard() {
        assert_eq!(plain(Failure::Blocked(crate::egress::Why::Metadata)), "net::ERR_BLOCKED_BY_CLIENT");
        assert_eq!(plain(Failure::Refused), "net::ERR_CONNECTION_REFUSED");
        assert_eq!(plain(Failure::NameNotResolved), "net::ERR_NAME_NOT_RESOLVED");
    }
}
