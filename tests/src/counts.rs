//! A page whose every change is counted by the site before the page goes on: what was done to it is known, whatever becomes of the
//! browser and of the answers.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    response::Html,
    routing::{get, post},
};
use parking_lot::Mutex;

/// How often what was done, by name.
#[derive(Debug, Default)]
pub struct Counts(Mutex<HashMap<String, u64>>);

impl Counts {
    /// How often this was done.
    pub fn of(&self, name: &str) -> u64 {
        self.0.lock().get(name).copied().unwrap_or(0)
    }
}

/// A field `#field` that counts under what was filled in, and a button `#button` that counts under the page's name. The requests
/// are synchronous: an action that was done has been counted.
const PAGE: &str = "<!doctype html><title>Counted</title>
<input id=field> <button id=button>Count</button>
<script>
  const count = (name) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/counted/' + name, false);
    request.send();
  };
  document.getElementById('field').addEventListener('input', (event) => count(event.target.value));
  document.getElementById('button').addEventListener('click', () => count(location.pathname.split('/').pop()));
</script>";

/// `GET /PAGE` is the page of this name; `POST /NAME` counts.
pub(crate) fn routes(counts: Arc<Counts>) -> Router {
    let count = |State(counts): State<Arc<Counts>>, Path(name): Path<String>| async move {
        *counts.0.lock().entry(name).or_default() += 1;
    };
    Router::new().route("/{name}", get(|| async { Html(PAGE) })).route("/{name}", post(count)).with_state(counts)
}
