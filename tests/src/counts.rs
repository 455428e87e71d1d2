//! A page that reports every change to the site before it goes on. The effects of actions are therefore known even if
//! the browser or the answers are lost.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    extract::{Path, State},
    response::Html,
    routing::{get, post},
};
use parking_lot::Mutex;

/// Number of effects, by name.
#[derive(Debug, Default)]
pub struct Counts(Mutex<HashMap<String, u64>>);

impl Counts {
    /// The number of effects under this name.
    pub fn of(&self, name: &str) -> u64 {
        self.0.lock().get(name).copied().unwrap_or(0)
    }
}

/// A field `#field` that counts under the text filled in, and a button `#button` that counts under the page's name. The
/// page's requests are synchronous, so an action that took effect has been counted.
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

/// `GET /PAGE` serves the page of this name; `POST /NAME` counts.
pub(crate) fn routes(counts: Arc<Counts>) -> Router {
    let count = |State(counts): State<Arc<Counts>>, Path(name): Path<String>| async move {
        *counts.0.lock().entry(name).or_default() += 1;
    };
    Router::new().route("/{name}", get(|| async { Html(PAGE) })).route("/{name}", post(count)).with_state(counts)
}
