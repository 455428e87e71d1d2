//! Answers requests for a user name and a password with the credentials that a page was given, for one origin only.
//!
//! To see such requests the browser stops every request of the page, so this is enabled only for pages that have
//! credentials.

use std::collections::BTreeSet;

use chromiumoxide::cdp::browser_protocol::fetch::{
    AuthChallengeResponse, AuthChallengeResponseResponse, ContinueWithAuthParams,
};
use serde::Deserialize;
use url::{Origin, Url};

use crate::{
    browser::chromium::cdp::{CdpSession, Event},
    render::Credentials,
};

/// Maximum number of requests that are remembered as answered.
const MAX_ANSWERED: usize = 1_000;

/// The credentials of a page, and the requests that were answered with them.
#[derive(Debug)]
pub(crate) struct HttpAuth {
    origin: Origin,
    credentials: Credentials,
    answered: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthRequired {
    request_id: String,
    auth_challenge: Challenge,
}

#[derive(Deserialize)]
struct Challenge {
    source: Option<String>,
    origin: String,
}

impl HttpAuth {
    /// Credentials for the origin of this address.
    pub(crate) fn new(url: &Url, credentials: Credentials) -> Self {
        Self { origin: url.origin(), credentials, answered: BTreeSet::new() }
    }

    /// The answer to a request for credentials: those of the page if its own origin asks and has not refused them.
    fn answer(&mut self, asked: &AuthRequired) -> AuthChallengeResponse {
        let challenge = &asked.auth_challenge;
        let is_ours = Url::parse(&challenge.origin).is_ok_and(|url| url.origin() == self.origin);
        let is_server = challenge.source.as_deref() != Some("Proxy");
        let is_first = self.answered.len() < MAX_ANSWERED && self.answered.insert(asked.request_id.clone());
        if !(is_ours && is_server && is_first) {
            return AuthChallengeResponse::new(AuthChallengeResponseResponse::CancelAuth);
        }
        AuthChallengeResponse {
            response: AuthChallengeResponseResponse::ProvideCredentials,
            username: Some(self.credentials.username.clone()),
            password: Some(self.credentials.password.clone()),
        }
    }
}

/// Answers a request for credentials.
pub(crate) fn answer(event: &Event, session: &CdpSession, auth: Option<&mut HttpAuth>) {
    let Some(asked) = event.decode::<AuthRequired>() else { return };
    let cancel = || AuthChallengeResponse::new(AuthChallengeResponseResponse::CancelAuth);
    let response = auth.map_or_else(cancel, |auth| auth.answer(&asked));
    drop(session.send(&ContinueWithAuthParams::new(asked.request_id, response)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(request: &str, source: &str, origin: &str) -> AuthRequired {
        let auth_challenge = Challenge { source: Some(source.to_owned()), origin: origin.to_owned() };
        AuthRequired { request_id: request.to_owned(), auth_challenge }
    }

    #[test]
    fn credentials_go_once_to_their_own_origin_and_to_nothing_else() {
        let credentials = Credentials { username: "ann".to_owned(), password: "word".to_owned() };
        let mut auth = HttpAuth::new(&Url::parse("https://example.com/a?b").unwrap(), credentials);
        let mut provides = |request: &str, source: &str, origin: &str| {
            auth.answer(&asked(request, source, origin)).response == AuthChallengeResponseResponse::ProvideCredentials
        };
        assert!(provides("1", "Server", "https://example.com"));
        assert!(!provides("1", "Server", "https://example.com"), "refused once");
        assert!(provides("2", "Server", "https://example.com:443"));
        assert!(!provides("3", "Proxy", "https://example.com"));
        for origin in ["http://example.com", "https://example.com:8443", "https://www.example.com", "nonsense"] {
            assert!(!provides(origin, "Server", origin), "{origin}");
        }
    }
}
