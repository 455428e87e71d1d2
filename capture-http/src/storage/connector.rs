//! The connections to a bucket: the server's own client, with the certificates that it has compiled in.

use std::time::Duration;

use axum::body::Body;
use futures::{FutureExt, TryFutureExt, future::BoxFuture};
use hyper::Request;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
};
use tokio::time::timeout;
use url::Url;

use crate::outgoing::{self, NoAnswer};

/// How long a request and its answer may take, the result under way included.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Connects with the server's own client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connector;

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

impl HttpService for Connector {
    fn call<'own, 'whole>(&'own self, request: HttpRequest) -> BoxFuture<'whole, Result<HttpResponse, HttpError>>
    where
        'own: 'whole,
        Self: 'whole,
    {
        async {
            let asked = timeout(TIMEOUT, ask(request)).await;
            asked.unwrap_or_else(|elapsed| Err(HttpError::new(HttpErrorKind::Timeout, elapsed)))
        }
        .boxed()
    }
}

async fn ask(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
    let request = Request::from_parts(parts, Body::new(body));
    let stream = outgoing::connect(&url).map_err(|error| HttpError::new(HttpErrorKind::Connect, error)).await?;
    let answer = outgoing::exchange(stream, &url, request).await.map_err(|error| {
        let kind = match error {
            NoAnswer::Broken => HttpErrorKind::Decode,
            NoAnswer::Io(_) | NoAnswer::Http(_) => HttpErrorKind::Interrupted,
        };
        HttpError::new(kind, error)
    })?;
    Ok(answer.map(Into::into))
}
