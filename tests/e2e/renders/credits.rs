//! What renders cost, and how many run at a time.

use std::time::Duration;

use capture_tests::until;
use futures::future::join_all;
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
