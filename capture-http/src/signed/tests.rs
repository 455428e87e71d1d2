//! Signatures of addresses and bodies: the vectors of the public API, and what must not be accepted.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose as base64s};
use capture_core::{
    Engine, Error, ErrorCode,
    account::{Account, AccountChange, Accounts, Secret, ServerKey, SigningSecrets, StoredSecret, UserId},
    browser::simulated::Simulated,
    ledger::MemoryLedger,
};
use http_body_util::BodyExt;
use md5::{Digest, Md5};
use serde_json::Value;
use tower::ServiceExt;

use super::{
    SignedQuery,
    body::{SIGNATURE, authenticate_body, sign_body, verify_body},
    parameters::Parameters,
    query::verify,
};
use crate::{App, EdgeSettings, client_address::Source};

const VECTORS: [(&str, &str); 6] = [
    ("url=https%3A%2F%2Fnews.ycombinator.com%2F", "f37d5fb3ee4540a05bf4ffeed6dffa28"),
    ("full=true&delay=3&url=https%3A%2F%2Fcapture.page%2F", "0e944abb6d823d0c8618dc22e508be6d"),
    ("delay=3&url=https%3A%2F%2Fcapture.page%2F", "27e77d8cd67d43e3a490a926c53a4516"),
    ("url=http://www.apple.com/&full=true", "4bdcff9571129685dc65a5eb95496fb8"),
    ("waitFor=.a+b&url=https%3A%2F%2Fexample.com", "13a5add147af0d7fbe82bca7f10c9795"),
    ("waitFor=.a%20b&url=https%3A%2F%2Fexample.com", "2743e8bea84e34426204d659067b7537"),
];
const BODY: &[u8] = br#"{"data":[{"url":"https://example.com"}]}"#;
const SIGNED: &str = "30de5bb035f2b367a8a177fff7cf955e0c0daf124f447e690e2b7f5430ca9701";

/// The user `test` with the chosen secret `test`, the user `old` with a secret that is kept as a hash only, and the
/// user `off`, who is disabled.
async fn users() -> (Arc<MemoryLedger>, SigningSecrets) {
    let ledger = Arc::new(MemoryLedger::new());
    for (name, secret) in [("test", "test"), ("old", "old"), ("off", "test")] {
        ledger.add(Account::new(name.parse().unwrap(), Secret::chosen(secret).hash())).await.unwrap();
    }
    ledger.change("off".parse().unwrap(), AccountChange::Disable).await.unwrap();
    let key = Arc::new(ServerKey::generate().unwrap());
    (ledger, SigningSecrets::new(key).knowing(Secret::chosen("test")))
}

fn md5(secret: &str, query: &str) -> String {
    format!("{:x}", Md5::digest(format!("{secret}{query}")))
}

#[track_caller]
fn assert_invalid(result: Result<UserId, Error>) {
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.message()), (ErrorCode::Unauthorized, "Invalid hash"));
}

#[tokio::test]
async fn the_vectors_are_accepted() {
    let (ledger, signing) = users().await;
    for (query, hash) in VECTORS {
        assert_eq!(verify(&*ledger, &signing, "test", hash, query).await.unwrap().as_ref(), "test", "{query}");
        assert_eq!(hash, md5("test", query));
    }
}

#[tokio::test]
async fn nothing_but_the_bytes_that_were_signed_is_accepted() {
    let (ledger, signing) = users().await;
    let check = async |hash: &str, query: &str| verify(&*ledger, &signing, "test", hash, query).await;
    let (query, hash) = VECTORS[1];
    for at in 0..query.len() {
        let mut changed = query.as_bytes().to_vec();
        changed[at] ^= 1;
        let changed = String::from_utf8(changed).unwrap();
        assert_invalid(check(hash, &changed).await);
    }
    for other in [
        "delay=3&full=true&url=https%3A%2F%2Fcapture.page%2F",
        "full=true&delay=3&url=https://capture.page/",
        "full=true&delay=3&url=https%3a%2f%2fcapture.page%2f",
        "full=true&delay=3&url=https%3A%2F%2Fcapture.page%2F&",
        "?full=true&delay=3&url=https%3A%2F%2Fcapture.page%2F",
        "",
    ] {
        assert_invalid(check(hash, other).await);
    }
    for other in [
        hash.to_uppercase(),
        hash.trim_end_matches('d').to_owned(),
        format!("{hash}0"),
        String::new(),
        md5("test", "full=true&delay=3&url=https://capture.page/"),
        md5("", query),
        md5("other", query),
    ] {
        assert_invalid(check(&other, query).await);
    }
    assert!(check(&md5("test", ""), "").await.is_ok(), "an empty query is signed as one");
}

/// MD5 of `secret + query` can be continued with a text that begins with padding, which has NULs in it.
#[tokio::test]
async fn a_hash_cannot_be_continued() {
    let (ledger, signing) = users().await;
    let query = "url=http://a.test";
    for padding in ["\u{80}\0\0", "%80%00%00", "\u{7f}", "\n", " ", "\t", "ü"] {
        let continued = format!("{query}{padding}&full=true");
        // An attacker who continues a hash has the hash of the raw bytes, and can send an encoded copy of them.
        let raw = md5("test", &format!("{query}\u{80}\0\0&full=true"));
        let refused = verify(&*ledger, &signing, "test", &raw, &continued).await.unwrap_err();
        let expected = if padding.starts_with('%') { ErrorCode::Unauthorized } else { ErrorCode::InvalidRequest };
        assert_eq!(refused.code(), expected, "{padding:?}");
    }
}

#[tokio::test]
async fn a_user_who_cannot_sign_is_answered_like_an_unknown_user() {
    let (ledger, signing) = users().await;
    let (query, hash) = VECTORS[0];
    for (key, hash) in
        [("nobody", hash.to_owned()), ("off", hash.to_owned()), ("old", md5("old", query)), ("no id", hash.to_owned())]
    {
        assert_invalid(verify(&*ledger, &signing, key, &hash, query).await);
    }
    assert_invalid(verify(&*ledger, &SigningSecrets::default(), "test", hash, query).await);
}

#[tokio::test]
async fn every_derived_secret_signs_until_it_is_revoked_also_after_a_rotation() {
    let ledger = MemoryLedger::new();
    let ann: UserId = "ann".parse().unwrap();
    let key = ServerKey::generate().unwrap();
    let (first, stored) = key.new_secret(&ann).unwrap();
    ledger.add(Account::new(ann.clone(), stored)).await.unwrap();
    let rotated = Arc::new(key.rotated().unwrap());
    let (second, newer) = rotated.new_secret(&ann).unwrap();
    ledger.change(ann.clone(), AccountChange::AddSecret(newer)).await.unwrap();
    let signing = SigningSecrets::new(Arc::clone(&rotated));
    let check = async |secret: &Secret, query: &str| {
        verify(&ledger, &signing, "ann", &md5(secret.reveal(), query), query).await
    };
    for secret in [&first, &second] {
        assert!(check(secret, "url=a.test").await.is_ok());
    }
    ledger.change(ann, AccountChange::RevokeSecret(first.hash())).await.unwrap();
    assert_invalid(check(&first, "url=a.test").await);
    assert!(check(&second, "url=a.test").await.is_ok());
}

#[tokio::test]
async fn bodies_are_signed_in_three_spellings() {
    let (ledger, signing) = users().await;
    let bytes = Secret::chosen("test").sign(BODY);
    let check = async |key: &str, value: &str, body: &[u8]| {
        let headers = HeaderMap::from_iter([(SIGNATURE, value.parse().unwrap())]);
        verify_body(&*ledger, &signing, key, &headers, body).await
    };
    for encoded in [SIGNED.to_owned(), base64s::STANDARD.encode(bytes), base64s::URL_SAFE_NO_PAD.encode(bytes)] {
        for value in [encoded.clone(), format!("sha256={encoded}")] {
            assert_eq!(check("test", &value, BODY).await.unwrap().as_ref(), "test", "{value}");
        }
    }
    let mut wrong = BODY.to_vec();
    wrong[3] ^= 1;
    for (key, value, body) in [
        ("test", SIGNED, &wrong[..]),
        ("test", SIGNED, b""),
        ("test", &SIGNED.to_uppercase(), BODY),
        ("test", SIGNED.trim_end_matches("01"), BODY),
        ("test", "", BODY),
        ("test", "sha256=", BODY),
        ("test", &format!("sha1={SIGNED}"), BODY),
        ("old", SIGNED, BODY),
        ("off", SIGNED, BODY),
        ("nobody", SIGNED, BODY),
    ] {
        let error = check(key, value, body).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (ErrorCode::Unauthorized, "Invalid signature"), "{key} {value}");
    }
    let twice = HeaderMap::from_iter([(SIGNATURE, SIGNED.parse().unwrap())]);
    let mut headers = twice.clone();
    headers.append(SIGNATURE, SIGNED.parse().unwrap());
    assert!(verify_body(&*ledger, &signing, "test", &headers, BODY).await.is_err());
    assert!(verify_body(&*ledger, &signing, "test", &HeaderMap::new(), BODY).await.is_err());
}

#[tokio::test]
async fn the_server_signs_with_the_primary_secret() {
    let (ledger, signing) = users().await;
    let test = ledger.account(&"test".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(sign_body(&signing, &test, BODY).as_deref(), Some(SIGNED));
    let old = Account { secrets: vec![StoredSecret::from(Secret::chosen("old").hash())], ..test };
    assert_eq!(sign_body(&signing, &old, BODY), None);
}

fn words(parameters: &Parameters) -> String {
    parameters.iter().flat_map(|(name, value)| [" ", name, ":", value]).collect()
}

async fn shown(signed: SignedQuery) -> String {
    format!("{}{}", signed.user, words(&signed.parameters))
}

/// A server with one signed route.
async fn edge() -> (Router, Engine, Arc<App>) {
    let (ledger, signing) = users().await;
    let engine = Engine::builder().backend(Simulated::default()).ledger(Arc::clone(&ledger)).build().await.unwrap();
    let settings = EdgeSettings { signing, ..EdgeSettings::default() };
    let app = Arc::new(App::new(&engine, ledger as Arc<dyn Accounts>, None, settings).unwrap());
    let layer = axum::middleware::from_fn_with_state(Arc::clone(&app), crate::error::render);
    (Router::new().route("/{key}/{hash}/image", get(shown)).layer(layer).with_state(Arc::clone(&app)), engine, app)
}

async fn ask(router: &Router, address: &str) -> (StatusCode, String) {
    let mut request = Request::builder().uri(address).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Source::of("192.0.2.1".parse().unwrap()));
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_route_gets_the_user_and_the_decoded_parameters() {
    let (router, engine, app) = edge().await;
    for (query, hash) in VECTORS {
        let (status, _) = ask(&router, &format!("/test/{hash}/image?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
    }
    for query in ["a=1+2&b=%2B", "a=1%202&b=x&b=%2B&c="] {
        let address = format!("/test/{}/image?{query}", md5("test", query));
        assert_eq!(ask(&router, &address).await, (StatusCode::OK, "test a:1 2 b:+".to_owned()));
    }
    for query in ["a=ü", "a=\u{80}"] {
        let (status, body) = ask(&router, &format!("/test/{}/image?{query}", md5("test", query))).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let query = "a=%ff";
    let (status, body) = ask(&router, &format!("/test/{}/image?{query}", md5("test", query))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    assert_eq!(ask(&router, &format!("/test/{}/image", md5("test", ""))).await.0, StatusCode::OK);

    // The fourth failure of an address is answered later, and a right hash at once.
    for (key, hash, delay) in [("test", "0", 0), ("nobody", VECTORS[0].1, 0), ("%ff", "0", 0), ("old", "0", 100)] {
        let before = tokio::time::Instant::now();
        let (status, body) = ask(&router, &format!("/{key}/{hash}/image?{}", VECTORS[0].0)).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (status, &body["error"], &body["code"]),
            (StatusCode::UNAUTHORIZED, &"Invalid hash".into(), &"unauthorized".into())
        );
        let waited = before.elapsed();
        assert!(
            waited >= Duration::from_millis(delay) && waited < Duration::from_millis(delay + 50),
            "{key}: {waited:?}"
        );
    }
    assert_eq!(ask(&router, &format!("/test/{}/image?{}", VECTORS[0].1, VECTORS[0].0)).await.0, StatusCode::OK);

    // Bodies count with addresses.
    let source = Source::of("192.0.2.1".parse().unwrap());
    let signed = |value: &str| HeaderMap::from_iter([(SIGNATURE, value.parse().unwrap())]);
    let before = tokio::time::Instant::now();
    assert!(authenticate_body(&app, Some(&source), "test", &signed(SIGNED), BODY).await.is_ok());
    assert!(before.elapsed() < Duration::from_millis(50));
    assert!(authenticate_body(&app, Some(&source), "test", &signed("no"), BODY).await.is_err());
    assert!(before.elapsed() >= Duration::from_millis(200));
    engine.shutdown(Duration::ZERO).await;
}
