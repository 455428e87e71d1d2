//! Results in a bucket: a server of our own that speaks as much of S3 as is used.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use capture_tests::Reply;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{Stage, header};

/// An object that was stored: its headers and its bytes.
type Object = (HeaderMap, Bytes);

/// Stores what is put, without looking at signatures.
#[derive(Debug, Default)]
struct Bucket {
    objects: Mutex<BTreeMap<String, Object>>,
}

#[expect(clippy::disallowed_methods, reason = "the bucket ends with its test's runtime")]
async fn bucket() -> (String, Arc<Bucket>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let bucket = Arc::new(Bucket::default());
    let routes = Router::new().fallback(serve).with_state(Arc::clone(&bucket));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (endpoint, bucket)
}

async fn serve(
    State(bucket): State<Arc<Bucket>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let key = uri.path().to_owned();
    if method == Method::PUT {
        bucket.objects.lock().insert(key, (headers, body));
        return [("etag", "\"1\"")].into_response();
    }
    match bucket.objects.lock().get(&key) {
        Some((headers, body)) => ([("content-type", headers["content-type"].clone())], body.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Bucket {
    /// The only object.
    fn one(&self) -> (String, Object) {
        let objects = self.objects.lock();
        assert_eq!(objects.len(), 1, "{:?}", objects.keys());
        objects.first_key_value().map(|(key, object)| (key.clone(), object.clone())).unwrap()
    }
}

async fn start(endpoint: &str, more: &[&str]) -> Stage {
    let flags = [
        &["--storage-url", "s3://pictures/of/capture", "--storage-endpoint", endpoint][..],
        &["--storage-access-key", "id", "--storage-secret-key", "secret"],
        more,
    ];
    Stage::start_with(&flags.concat()).await
}

/// A render whose redirect is not followed.
pub(super) async fn unfollowed(stage: &Stage, body: &Value) -> reqwest::Response {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}/v1/render/image", stage.server.base());
    http.post(url).bearer_auth(stage.ann.token()).json(body).send().await.unwrap()
}

fn warning(reply: &Reply) -> &str {
    header(reply, "x-capture-warning")
}

#[tokio::test]
async fn results_are_stored_and_replies_lead_to_them() {
    let (endpoint, bucket) = bucket().await;
    let stage = start(&endpoint, &["--storage-acl"]).await;
    let plain = json!({"vw": 50, "vh": 50, "fileName": "a/b"});
    let made = stage.render("image", "/form.html", &plain).await.expect(200);
    let (key, (headers, body)) = bucket.one();
    assert!(key.starts_with("/pictures/of/capture/u-ann/screenshots/20") && key.ends_with("/a/b.png"), "{key}");
    assert!(key.ends_with(header(&made, "x-capture-file")), "{key}");
    assert_eq!((headers["content-type"].to_str().unwrap(), &body[..]), ("image/png", &made.bytes[..]));
    assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=id/"));
    assert!(headers.get("x-amz-acl").is_none());
    bucket.objects.lock().clear();
    stage.render("image", "/form.html", &plain).await.expect(200);
    stage.render("image", "/form.html", &json!({"vw": 51, "vh": 50, "skipUpload": true})).await.expect(200);
    stage.render("content", "/form.html", &json!({})).await.expect(200);
    assert!(bucket.objects.lock().is_empty(), "neither a repeated result nor one that asks not to be is stored");

    let url = stage.site.url("/form.html");
    let body = json!({"url": url, "vw": 52, "vh": 50, "s3Redirect": true, "s3Acl": "bucket-owner-read"});
    let reply = unfollowed(&stage, &body).await;
    assert_eq!(
        (reply.status().as_u16(), reply.headers()["cache-control"].to_str().unwrap()),
        (302, "private, no-store")
    );
    let address = reply.headers()["location"].to_str().unwrap().to_owned();
    assert!(address.starts_with(&format!("{endpoint}/pictures/of/capture/u-ann/")), "{address}");
    assert!(address.contains("X-Amz-Expires=3600"), "{address}");
    let (_, (headers, body)) = bucket.one();
    assert_eq!(headers["x-amz-acl"], "bucket-owner-read");
    let signed = headers["authorization"].to_str().unwrap();
    assert!(signed.contains("x-amz-acl"), "S3 wants it signed: {signed}");
    assert_eq!(reqwest::get(address).await.unwrap().bytes().await.unwrap(), body);
    let odd = stage.render("image", "/form.html", &json!({"vw": 53, "vh": 50, "s3Acl": "everybody"})).await.expect(200);
    assert!(warning(&odd).contains("s3Acl is ignored: it must be one of private"), "{}", warning(&odd));
    stage.server.stop().await;
}

#[tokio::test]
async fn an_acl_is_only_sent_where_the_operator_allows_it() {
    let (endpoint, bucket) = bucket().await;
    let stage = start(&endpoint, &[]).await;
    let public = json!({"vw": 50, "vh": 50, "s3Acl": "public-read"});
    let made = stage.render("image", "/form.html", &public).await.expect(200);
    assert!(warning(&made).contains("s3Acl is ignored: the operator"), "{}", warning(&made));
    assert!(bucket.one().1.0.get("x-amz-acl").is_none());
    stage.server.stop().await;
}

#[tokio::test]
async fn a_bucket_that_is_away_costs_a_warning_and_a_redirect_to_it_an_error() {
    let stage = start("http://127.0.0.1:2", &[]).await;
    let body = json!({"vw": 50, "vh": 50});
    let made = stage.render("image", "/form.html", &body).await.expect(200);
    assert!(warning(&made).contains("could not be stored"), "{}", warning(&made));
    let redirect = json!({"vw": 50, "vh": 50, "s3Redirect": true});
    let failed = stage.render("image", "/form.html", &redirect).await.expect_error(503, "unavailable");
    assert_eq!(failed.text("reason"), "storage_failed");
    stage.server.stop().await;
    let without = Stage::start().await;
    let made =
        without.render("image", "/form.html", &json!({"s3Redirect": true, "s3Acl": "private"})).await.expect(200);
    assert!(warning(&made).contains("s3Redirect is ignored: this server has no bucket"), "{}", warning(&made));
    without.server.stop().await;
}
