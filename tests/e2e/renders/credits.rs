//! What renders cost, and how many run at a time.

use std::time::Duration;

use capture_tests::{processes::signal, until};
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use rustix::process::Signal;
use serde_json::json;

use super::Stage;

#[tokio::test]
async fn a_render_is_charged_once_and_nothing_is_held_afterwards() {
    let stage = Stage::start_with(&["--render-credits", "3"]).await;
    stage.render("metadata", "/tall.html", &json!({})).await.expect(200);
    assert_eq!(stage.credits().await, "97");
    assert_eq!(stage.server.folder().account("ann", "held").await, "0");
    assert_eq!(stage.server.folder().account("ann", "renders").await, "1, 3 credits");
    let poor = stage.server.user_with("poor", &["--credits", "2"]).await;
    let body = json!({"url": stage.site.url("/tall.html")});
    let refused = poor.post("/v1/render/image", &body).await.expect_error(403, "forbidden");
    assert_eq!((refused.text("reason"), &refused["neededCredits"]), ("insufficient_credits", &json!(3)));
    stage.server.stop().await;
}

#[tokio::test]
async fn failures_are_free_five_times_a_minute() {
    let stage = Stage::start_with(&["--render-cache-seconds", "0"]).await;
    for number in 0..7 {
        let body = json!({"url": "http://127.0.0.1:2/", "timestamp": number});
        let failed = stage.ann.post("/v1/render/image", &body).await.expect_error(400, "action_failed");
        assert_eq!(failed["billedCredits"].as_u64(), (number >= 5).then_some(1), "{number}");
    }
    assert_eq!(stage.credits().await, "98");
    stage.server.stop().await;
}

#[tokio::test]
async fn more_renders_than_a_user_may_have_wait_for_their_turn() {
    let stage = Stage::start_with(&["--max-renders-per-user", "2"]).await;
    let parameters: Vec<_> = (0..6).map(|number| json!({"timestamp": number})).collect();
    let renders = parameters.iter().map(|parameters| stage.render("content", "/slow/300", parameters));
    for reply in join_all(renders).await {
        reply.expect(200);
    }
    assert_eq!(stage.credits().await, "94");
    stage.server.stop().await;
}

#[tokio::test]
async fn a_hundred_renders_of_a_user_wait_and_further_ones_are_refused_at_once() {
    let stage = Stage::start_with(&["--max-renders-per-user", "1"]).await;
    let bodies: Vec<_> = (0..104).map(|number| json!({"url": stage.site.url("/never"), "timestamp": number})).collect();
    let mut replies: FuturesUnordered<_> =
        bodies.iter().map(|body| stage.ann.post("/v1/render/content", body)).collect();
    for _ in 0..3 {
        let refused = replies.next().await.unwrap().expect_error(429, "session_limit");
        assert_eq!(refused.text("reason"), "render_limit", "{}", refused.body);
        assert!(refused.text("error").contains("100 more wait"), "it did not wait itself: {}", refused.body);
    }
    let bob = stage.server.user("bob").await;
    let body = json!({"url": stage.site.url("/tall.html")});
    bob.post("/v1/render/content", &body).await.expect(200);
    drop(replies);
    drop(stage);
}

#[tokio::test]
async fn a_server_that_stops_finishes_the_renders_under_way() {
    let stage = Stage::start().await;
    let body = json!({"url": stage.site.url("/slow/5000")});
    let render = stage.ann.post("/v1/render/content", &body);
    let stop = async {
        until("it is held", Duration::from_secs(10), async || {
            stage.server.folder().account("ann", "held").await == "1"
        })
        .await;
        signal(stage.server.pid(), Signal::TERM);
    };
    let (reply, ()) = tokio::join!(render, stop);
    reply.expect(200);
    assert_eq!(stage.credits().await, "99");
    stage.server.stop().await;
}

#[tokio::test]
async fn a_killed_server_charges_nothing_for_a_render_under_way() {
    let stage = Stage::start().await;
    let url = stage.site.url("/never");
    let body = json!({"url": url});
    let asked = stage.ann.post("/v1/render/image", &body);
    let held = until("it is held", Duration::from_secs(10), async || {
        stage.server.folder().account("ann", "held").await == "1"
    });
    tokio::select! {
        _ = asked => panic!("the page never answers"),
        () = held => {}
    }
    let server = stage.server.restart_after_kill().await;
    assert_eq!(server.folder().account("ann", "held").await, "0");
    assert_eq!(server.folder().account("ann", "credits").await, "100");
    server.stop().await;
}
