//! Batches: signed bodies, results as files, a notification, restarts, and everything that is refused.

use std::time::Duration;

use capture_tests::{Client, Reply, Server, Site, server::Folder, until};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    Stage, header,
    listener::{Listener, hex, signature},
};

/// Asks for a batch, signed with the user's secret.
async fn ask(user: &Client, name: &str, kind: &str, body: &Value) -> Reply {
    let text = body.to_string();
    let signature = hex(&signature(user, text.as_bytes()));
    let headers = [("content-type", "application/json"), ("x-req-signature", &signature)];
    let anyone = user.without_token();
    anyone.send(reqwest::Method::POST, &format!("/batch-{kind}/{name}"), &headers, Some(text.into_bytes())).await
}

async fn accepted(user: &Client, name: &str, kind: &str, body: &Value) -> String {
    let reply = ask(user, name, kind, body).await.expect(202);
    assert_eq!((&reply["success"], &reply["count"]), (&json!(true), &json!(body["data"].as_array().unwrap().len())));
    reply.text("batchId").to_owned()
}

async fn state(user: &Client, id: &str) -> Value {
    user.get(&format!("/v1/batches/{id}")).await.expect(200)["batch"].clone()
}

/// Waits until a batch is done, and its notification too if it has one.
async fn settled(user: &Client, id: &str) -> Value {
    let mut batch = Value::Null;
    until("the batch is done", Duration::from_secs(30), async || {
        batch = state(user, id).await;
        let is_told = !matches!(batch["notification"]["state"].as_str(), Some("waiting" | "pending"));
        batch["state"] == "completed" && is_told
    })
    .await;
    batch
}

#[tokio::test]
async fn a_batch_is_carried_out_and_its_user_is_told() {
    let (stage, listener) = (Stage::start().await, Listener::start("127.0.0.1", &[]).await);
    let url = stage.site.url("/tall.html");
    let body = json!({
        "data": [
            {"url": url, "options": {"vw": 300, "vh": 200, "file_name": "shots/first"}},
            {"url": url, "options": {"vw": 200, "vh": 100, "format": "webp", "t": [1], "s3Redirect": true}},
            {"url": "http://127.0.0.1:2/"},
        ],
        "notification_uri": listener.url("/done?token=1"),
    });
    let id = accepted(&stage.ann, "ann", "image", &body).await;
    let batch = settled(&stage.ann, &id).await;
    assert_eq!((&batch["type"], &batch["count"], &batch["done"]), (&json!("image"), &json!(3), &json!(3)));
    assert_eq!(batch["notification"], json!({"state": "delivered", "attempts": 1}));
    let results = batch["results"].as_array().unwrap();
    let successes: Vec<_> = results.iter().map(|result| result["success"].as_bool().unwrap()).collect();
    assert_eq!(successes, [true, true, false]);
    assert_eq!((&results[2]["code"], &results[2]["url"]), (&json!("action_failed"), &json!("http://127.0.0.1:2/")));
    assert!(results[1]["warnings"][0].as_str().unwrap().contains("s3Redirect is ignored"), "{batch}");
    assert_eq!(stage.credits().await, "98");

    let told = listener.next().await;
    assert_eq!(
        (told.path.as_str(), told.headers["content-type"].to_str().unwrap()),
        ("/done?token=1", "application/json")
    );
    assert_eq!(told.headers["x-req-signature"].to_str().unwrap(), hex(&signature(&stage.ann, &told.body)));
    let body: Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!((&body["batchId"], &body["type"]), (&json!(id), &json!("image")));
    assert_eq!((&body["completedAt"], &body["results"]), (&batch["completedAt"], &batch["results"]));

    let file = results[0]["file"].as_str().unwrap();
    assert!(file.starts_with("screenshots/20") && file.ends_with("/shots/first.png"), "{file}");
    let kept = std::fs::read(stage.server.folder().data().join("renders/u-ann").join(file)).unwrap();
    let fetched = stage.ann.get(results[0]["fileUrl"].as_str().unwrap()).await.expect(200);
    assert!(kept.starts_with(b"\x89PNG") && fetched.bytes == kept);
    assert_eq!(header(&fetched, "content-type"), "image/png");
    assert_eq!(header(&fetched, "content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(header(&fetched, "x-content-type-options"), "nosniff");
    let bob = stage.server.user("bob").await;
    for path in [format!("/v1/batches/{id}"), format!("/v1/batches/{id}/files/0")] {
        bob.get(&path).await.expect_error(404, "session_not_found");
    }
    for path in ["files/2", "files/3", "files/x"] {
        stage.ann.get(&format!("/v1/batches/{id}/{path}")).await.expect_error(404, "session_not_found");
    }
    stage.server.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_batch_is_told_before_it_is_accepted() {
    let stage = Stage::start().await;
    let url = stage.site.url("/tall.html");
    let good = json!({"data": [{"url": url}]});
    let text = good.to_string();
    for (signature, body) in [
        (hex(&signature(&stage.ann, b"other")), &text),
        ("no".to_owned(), &text),
        (hex(&signature(&stage.ann, text.as_bytes())), &format!("{text} ")),
    ] {
        let headers = [("content-type", "application/json"), ("x-req-signature", signature.as_str())];
        let body = Some(body.clone().into_bytes());
        stage
            .ann
            .send(reqwest::Method::POST, "/batch-image/ann", &headers, body)
            .await
            .expect_error(401, "unauthorized");
    }
    ask(&stage.ann, "nobody", "image", &good).await.expect_error(401, "unauthorized");
    for (kind, data, index, names) in [
        ("image", json!([{"url": url}, {"url": "ftp://a.test/"}]), 1, "data[1]: url must be"),
        ("image", json!([{"url": url, "options": {"full": "maybe"}}]), 0, "data[0]: full must be"),
        ("pdf", json!([{"url": url}, {"url": url}, {"url": url, "options": {"format": "A9"}}]), 2, "data[2]: format"),
        ("image", json!([{"url": url, "options": {"fileName": "../../other"}}]), 0, "data[0]: fileName must"),
        ("pdf", json!([{"url": url, "options": {"file_name": "/etc/passwd"}}]), 0, "data[0]: fileName must"),
        ("image", json!([{"url": url, "options": {"httpAuth": "?"}}]), 0, "data[0]: httpAuth must be base64url"),
    ] {
        let refused = ask(&stage.ann, "ann", kind, &json!({"data": data})).await.expect_error(400, "invalid_request");
        assert!(refused.text("error").starts_with(names) && refused["index"] == index, "{}", refused.body);
    }
    ask(&stage.ann, "ann", "image", &json!({"data": []})).await.expect_error(400, "invalid_request");
    assert!(!stage.server.folder().data().join("batches").exists(), "nothing was accepted");

    let held = json!({"data": [{"url": stage.site.url("/gates/held")}]});
    for _ in 0..3 {
        accepted(&stage.ann, "ann", "image", &held).await;
    }
    let full = ask(&stage.ann, "ann", "pdf", &good).await.expect_error(429, "session_limit");
    assert_eq!(full.text("reason"), "batch_limit");
    stage.site.gates().open("held");
    stage.server.stop().await;
}

#[tokio::test]
async fn a_batch_goes_on_after_a_kill_and_bills_nothing_twice() {
    let stage = Stage::start().await;
    let gate = stage.site.url("/gates/late");
    let body = json!({"data": [
        {"url": stage.site.url("/tall.html")},
        {"url": gate, "options": {"httpAuth": "YW5uOnNlY3JldA"}},
        {"url": stage.site.url("/form.html")},
    ]});
    let id = accepted(&stage.ann, "ann", "pdf", &body).await;
    stage.site.gates().arrival("late").await;
    until("two jobs are done", Duration::from_secs(20), async || state(&stage.ann, &id).await["done"] == 2).await;
    let Stage { server, site, ann } = stage;
    let server = server.restart_after_kill().await;
    let ann = server.client(ann.token());
    site.gates().open("late");
    let batch = settled(&ann, &id).await;
    assert!(batch["results"].as_array().unwrap().iter().all(|result| result["success"] == true), "{batch}");
    assert_eq!(server.folder().account("ann", "credits").await, "97");
    assert_eq!(server.folder().account("ann", "held").await, "0");
    let written = std::fs::read_to_string(server.folder().data().join(format!("batches/{id}.json"))).unwrap();
    assert!(!written.contains("YW5uOnNlY3JldA"), "credentials are forgotten with their job");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_ends_the_jobs_under_way() {
    let stage = Stage::start().await;
    let slow = |number: u64| json!({"url": stage.site.url(&format!("/slow/{}", 600 + number))});
    let body = json!({"data": (0..6).map(slow).collect::<Vec<_>>()});
    let id = accepted(&stage.ann, "ann", "image", &body).await;
    until("a job is done", Duration::from_secs(20), async || state(&stage.ann, &id).await["done"] != 0).await;
    let Stage { mut server, site: _site, ann } = stage;
    assert!(server.terminate().await.success());
    let server = Server::start_in(server.into_folder(), &[]).await;
    let ann = server.client(ann.token());
    let batch = settled(&ann, &id).await;
    assert!(batch["results"].as_array().unwrap().iter().all(|result| result["success"] == true), "{batch}");
    assert_eq!(server.folder().account("ann", "credits").await, "94");
    server.stop().await;
}

#[tokio::test]
async fn a_notification_is_tried_again_also_after_a_restart() {
    let (stage, listener) = (Stage::start().await, Listener::start("127.0.0.1", &[503, 302]).await);
    let body = json!({"data": [{"url": stage.site.url("/form.html")}], "notification_uri": listener.url("/")});
    let id = accepted(&stage.ann, "ann", "image", &body).await;
    let first = listener.next().await;
    until("the answer is noted", Duration::from_secs(5), async || {
        state(&stage.ann, &id).await["notification"]["attempts"] == 1
    })
    .await;
    let told = state(&stage.ann, &id).await["notification"].clone();
    assert_eq!((&told["state"], told["nextAttemptAt"].is_string()), (&json!("pending"), true));
    assert!(told["lastError"].as_str().unwrap().contains("503"), "{told}");
    let Stage { server, ann, .. } = stage;
    let server = server.restart_after_kill().await;
    let ann = server.client(ann.token());
    let second = listener.next().await;
    assert_eq!((second.path.as_str(), &second.body), ("/", &first.body));
    until("the redirect is noted", Duration::from_secs(5), async || {
        state(&ann, &id).await["notification"]["attempts"] == 2
    })
    .await;
    let told = state(&ann, &id).await["notification"].clone();
    assert!(told["lastError"].as_str().unwrap().contains("redirects are not followed"), "{told}");
    server.stop().await;
}

#[tokio::test]
async fn a_denied_address_is_never_connected_to() {
    let listener = Listener::start("127.0.0.2", &[]).await;
    let site = Site::start().await;
    let denying = ["--egress-private", "--egress-deny", "127.0.0.2"];
    let server = Server::start_in(Folder::new(), &denying).await;
    let ann = server.user("ann").await;
    let page = site.url("/form.html");
    for denied in [listener.url("/"), server.base().to_owned(), "http://169.254.169.254/".to_owned()] {
        let body = json!({"data": [{"url": page}], "notification_uri": denied});
        let refused = ask(&ann, "ann", "image", &body).await.expect_error(400, "invalid_request");
        assert_eq!(refused.text("reason"), "blocked_by_egress_policy");
    }
    let server = Server::start_in(server.kill().await, &[]).await;
    let ann = server.client(ann.token());
    let body = json!({"data": [{"url": site.url("/gates/closed")}], "notification_uri": listener.url("/")});
    let id = accepted(&ann, "ann", "image", &body).await;
    let server = Server::start_in(server.kill().await, &denying).await;
    let ann = server.client(ann.token());
    site.gates().open("closed");
    let batch = settled(&ann, &id).await;
    assert_eq!((&batch["notification"]["state"], &batch["notification"]["attempts"]), (&json!("failed"), &json!(1)));
    assert_eq!(listener.connections(), 0);
    server.stop().await;
}

#[tokio::test]
async fn no_id_and_no_name_leads_out_of_the_folder_of_its_user() {
    let stage = Stage::start().await;
    let dots = stage.server.user("..").await;
    let job =
        |name: &str| json!({"url": stage.site.url("/form.html"), "options": {"fileName": name, "vw": 50, "vh": 50}});
    let body = json!({"data": [job("...."), job("a b/%2e%2e/c"), job("..;")]});
    // Clients resolve such a path before they send it; this one does not.
    let text = body.to_string();
    let signed = hex(&signature(&dots, text.as_bytes()));
    let request = format!(
        "POST /batch-image/.. HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nx-req-signature: {signed}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{text}",
        stage.server.address(),
        text.len(),
    );
    let mut stream = TcpStream::connect(stage.server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    let at = reply.find("batch_").unwrap_or_else(|| panic!("{reply}"));
    let id = reply.get(at..at + "batch_".len() + 36).unwrap();
    let batch = settled(&dots, id).await;
    assert!(batch["results"].as_array().unwrap().iter().all(|result| result["success"] == true), "{batch}");
    let renders = stage.server.folder().data().join("renders");
    let mut folders: Vec<_> =
        std::fs::read_dir(&renders).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, ["u-..", "writing"]);
    stage.server.stop().await;
}
