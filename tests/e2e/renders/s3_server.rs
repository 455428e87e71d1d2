//! Results in a bucket of a real S3 server from `PyPI` (moto), which verifies signatures. Runs in `make clients`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use capture_tests::{long, until};
use serde_json::json;
use tokio::process::{Child, Command};

use super::{Stage, bucket::unfollowed, header};

/// What `prepare.py` does before signatures are demanded.
const PREPARATIONS: &str = "4";

/// A running server with a bucket, and the key to it.
struct Bucket {
    _server: Child,
    endpoint: String,
    id: String,
    secret: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("s3")
}

impl Bucket {
    async fn start() -> Self {
        let install = "test -x .venv/bin/python || python3 -m venv .venv; \
                       .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt";
        let installed = Command::new("sh").args(["-c", install]).current_dir(folder()).status();
        assert!(installed.await.unwrap().success(), "moto is installed");
        // The port is free again once the listener is dropped, and another program hardly takes it in that moment.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let server = Command::new(folder().join(".venv/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", PREPARATIONS)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let address = format!("127.0.0.1:{port}");
        let listens = async || tokio::net::TcpStream::connect(&address).await.is_ok();
        until("the S3 server listens", Duration::from_secs(30), listens).await;
        let endpoint = format!("http://{address}");
        let mut prepare = Command::new(folder().join(".venv/bin/python"));
        let prepared = prepare.arg("prepare.py").arg(&endpoint).current_dir(folder()).output().await.unwrap();
        let printed = String::from_utf8(prepared.stdout).unwrap();
        let (id, secret) = printed.trim().split_once(' ').unwrap_or_else(|| panic!("{:?}", prepared.stderr));
        Self { _server: server, endpoint, id: id.to_owned(), secret: secret.to_owned() }
    }

    /// Checks a signed address, and returns the size and the type of the object.
    async fn verify(&self, address: &str) -> (usize, String) {
        let arguments = [&self.endpoint, &self.id, &self.secret, address];
        let mut verify = Command::new(folder().join(".venv/bin/python"));
        let verified = verify.arg("verify.py").args(arguments).current_dir(folder()).output().await.unwrap();
        let printed = String::from_utf8(verified.stdout).unwrap();
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        let (size, media_type) = printed.trim().split_once(' ').unwrap_or_else(|| panic!("{said}"));
        (size.parse().unwrap(), media_type.to_owned())
    }

    async fn stage(&self, secret: &str) -> Stage {
        let flags = [
            ["--storage-url", "s3://pictures/of/capture"],
            ["--storage-endpoint", &self.endpoint],
            ["--storage-access-key", &self.id],
            ["--storage-secret-key", secret],
        ];
        Stage::start_with(&flags.concat()).await
    }
}

#[tokio::test]
async fn a_server_that_verifies_signatures_takes_results_and_gives_them_out() {
    if !long() {
        return println!("SKIPPED: make clients");
    }
    let bucket = Bucket::start().await;
    let good = bucket.stage(&bucket.secret).await;
    let body =
        json!({"url": good.site.url("/form.html"), "vw": 50, "vh": 50, "fileName": "a b/ä%", "s3Redirect": true});
    let reply = unfollowed(&good, &body).await;
    assert_eq!(reply.status(), 302);
    let address = reply.headers()["location"].to_str().unwrap();
    // moto does not take signed addresses, so that another implementation of the signature judges this one.
    let (size, media_type) = bucket.verify(address).await;
    assert!(size > 100 && media_type == "image/png", "{size} {media_type}");
    let made = good.render("pdf", "/form.html", &json!({"format": "A6"})).await.expect(200);
    assert_eq!(header(&made, "x-capture-warning"), "");
    assert!(header(&made, "x-capture-file").starts_with("screenshots/"), "{:?}", made.headers);
    good.server.stop().await;

    let wrong = bucket.stage("another").await;
    let refused = wrong.render("image", "/form.html", &json!({"vw": 51, "vh": 50})).await.expect(200);
    assert!(header(&refused, "x-capture-warning").contains("could not be stored"), "{:?}", refused.headers);
    wrong.server.stop().await;
}
