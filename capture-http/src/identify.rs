//! The layer that records the address a request comes from, for everything that counts by address.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use crate::{
    app::App,
    client_address::{Peer, Source},
};

/// The layer: records the [`Source`] of a request, from the [`Peer`] of its connection.
pub(crate) async fn identify(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if let Some(Peer(peer)) = request.extensions().get().copied() {
        let client = app.settings().trusted_proxies.client(peer, request.headers());
        request.extensions_mut().insert(Source::of(client));
    }
    next.run(request).await
}
