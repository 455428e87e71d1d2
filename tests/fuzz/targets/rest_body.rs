//! Any bytes as the body of a create or an action: a documented status, the JSON shape, and a session that goes on.
#![no_main]

use std::{cell::RefCell, sync::Arc};

use axum::{Router, body::Body, http::Request};
use capture_core::{
    Engine,
    account::{Account, Accounts, Secret},
    browser::simulated::Simulated,
    ledger::MemoryLedger,
};
use capture_http::{App, EdgeSettings, router};
use http_body_util::BodyExt;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tower::ServiceExt;

const ALLOWED: [u16; 11] = [200, 201, 400, 401, 403, 404, 409, 429, 500, 503, 504];

struct World {
    runtime: tokio::runtime::Runtime,
    router: Router,
    session: String,
    _engine: Engine,
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

async fn ask(router: &Router, path: &str, body: Vec<u8>) -> (u16, Value) {
    let request = Request::post(path)
        .header("authorization", "Bearer YW5uOmFubi1zZWNyZXQ=")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).expect("replies are JSON"))
}

fn world() -> World {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (engine, router, session) = runtime.block_on(async {
        let ledger = Arc::new(MemoryLedger::new());
        ledger.add(Account::new("ann".parse().unwrap(), Secret::chosen("ann-secret").hash())).await.unwrap();
        let engine = Engine::builder().backend(Simulated::default()).ledger(Arc::clone(&ledger)).build().await.unwrap();
        let app = App::new(&engine, ledger as Arc<dyn Accounts>, None, EdgeSettings::default()).unwrap();
        let router = router(Arc::new(app));
        let (status, created) = ask(&router, "/v1/sessions", b"{\"maxTtlSeconds\":900}".to_vec()).await;
        assert_eq!(status, 201);
        let session = created["session"]["id"].as_str().unwrap().to_owned();
        (engine, router, session)
    });
    World { runtime, router, session, _engine: engine }
}

fuzz_target!(|data: &[u8]| {
    WORLD.with_borrow_mut(|slot| {
        let Some((first, body)) = data.split_first() else { return };
        let World { runtime, router, session, .. } = slot.get_or_insert_with(world);
        let create = first % 8 == 0;
        let path = if create { "/v1/sessions".to_owned() } else { format!("/v1/sessions/{session}/actions") };
        let mut ended = false;
        runtime.block_on(async {
            let (status, reply) = ask(router, &path, body.to_vec()).await;
            assert!(ALLOWED.contains(&status) && status != 500, "{status} {reply}");
            let success = reply["success"].as_bool().expect("success stands in every reply");
            assert_eq!(success, status < 400);
            if !success {
                assert!(reply["error"].is_string() && reply["code"].is_string(), "{reply}");
            } else if create {
                let id = reply["session"]["id"].as_str().unwrap();
                let close = Request::delete(format!("/v1/sessions/{id}"))
                    .header("authorization", "Bearer YW5uOmFubi1zZWNyZXQ=")
                    .body(Body::empty())
                    .unwrap();
                assert!(router.clone().oneshot(close).await.unwrap().status().is_success());
            }
            // Time is virtual: it runs out where the session is asked to wait.
            ended = status == 409;
        });
        if ended {
            *slot = None;
        }
    });
});
