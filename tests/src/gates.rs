//! Requests that the site holds until the test answers them, so that a test can act while they are under way, however
//! busy the machine is.

use std::{collections::HashSet, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    response::Html,
    routing::get,
};
use tokio::sync::watch;

use crate::until;

/// How long a request may take to arrive.
const ARRIVES: Duration = Duration::from_secs(20);

/// Gates by name. Each is closed until the test opens it.
#[derive(Debug)]
pub struct Gates {
    arrived: watch::Sender<HashSet<String>>,
    open: watch::Sender<HashSet<String>>,
}

impl Default for Gates {
    fn default() -> Self {
        Self { arrived: watch::Sender::new(HashSet::new()), open: watch::Sender::new(HashSet::new()) }
    }
}

impl Gates {
    /// Waits until a request has arrived at this gate.
    pub async fn arrival(&self, name: &str) {
        until(&format!("a request for the gate {name}"), ARRIVES, async || self.arrived.borrow().contains(name)).await;
    }

    /// Answers the requests at this gate, and all later ones.
    pub fn open(&self, name: &str) {
        self.open.send_modify(|open| open.extend([name.to_owned()]));
    }
}

/// `GET /NAME` is answered with a page once the gate is open.
pub(crate) fn routes(gates: Arc<Gates>) -> Router {
    let hold = |State(gates): State<Arc<Gates>>, Path(name): Path<String>| async move {
        gates.arrived.send_modify(|arrived| arrived.extend([name.clone()]));
        let mut open = gates.open.subscribe();
        let held = open.wait_for(|open| open.contains(&name)).await;
        held.map(drop).expect("the gates live as long as their site");
        Html("<title>Behind the gate</title>")
    };
    Router::new().route("/{name}", get(hold)).with_state(gates)
}
