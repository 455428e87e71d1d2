//! Reads the rest of a body when the answer was ready before the end of the body.
//!
//! A client that is still writing when the connection closes receives a reset instead of the answer. The rest is
//! therefore read and discarded, up to a number of bytes and for a limited time. Knows nothing of what bodies mean.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Error,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;

/// Contract: most bytes that are read of a body that was not used.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Contract: longest time that this reading takes.
const MAX_TIME: Duration = Duration::from_secs(2);

/// The layer: returns the answer once the body, or enough of it, has been read.
pub(crate) async fn read(request: Request, next: Next) -> Response {
    let (back, mut left) = oneshot::channel();
    // A client that sends `Expect` waits for `100 Continue` before it sends its body, and reading is what triggers
    // that.
    let waits = request.headers().contains_key(header::EXPECT);
    let request = request.map(|body| Body::new(Watched { body, begun: !waits, back: Some(back) }));
    let response = next.run(request).await;
    if let Ok(body) = left.try_recv() {
        // After the deadline the answer is sent regardless.
        let _ = tokio::time::timeout(MAX_TIME, throw_away(body)).await;
    }
    response
}

async fn throw_away(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_BYTES {
            return;
        }
    }
}

/// A body that is returned to the layer when it is dropped before its end.
struct Watched {
    body: Body,
    /// Whether the client sends the body without waiting, or has been asked to send it.
    begun: bool,
    back: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.begun = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let Some(back) = self.back.take() else { return };
        if self.begun && !self.body.is_end_stream() {
            // The receiver is gone if the client left, and then no answer is due.
            let _ = back.send(std::mem::take(&mut self.body));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use axum::{Router, middleware::from_fn, routing::post};
    use futures::{StreamExt, stream};
    use tower::ServiceExt;

    use super::*;

    /// A body of this many MiB that counts the MiB taken, and stops for ever after `stall`.
    fn body(mebibytes: usize, stall: bool) -> (Body, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let chunks = stream::iter(0..mebibytes).map(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::convert::Infallible>(Bytes::from(vec![0; 1024 * 1024]))
        });
        let end = if stall { stream::pending().left_stream() } else { stream::empty().right_stream() };
        (Body::from_stream(chunks.chain(end)), taken)
    }

    async fn post_unread(body: Body, expect: bool) {
        let mut request = Request::post("/").body(body).unwrap();
        if expect {
            request.headers_mut().insert(header::EXPECT, "100-continue".parse().unwrap());
        }
        let router = Router::new().route("/", post(async || "early")).layer(from_fn(read));
        assert_eq!(router.oneshot(request).await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn the_rest_is_read_up_to_the_bound() {
        for (mebibytes, expected) in [(2, 2), (20, 9)] {
            let (body, taken) = body(mebibytes, false);
            post_unread(body, false).await;
            assert_eq!(taken.load(Ordering::Relaxed), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_left_after_a_while() {
        let began = tokio::time::Instant::now();
        post_unread(body(1, true).0, false).await;
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn a_client_that_waits_to_be_asked_is_not_asked() {
        let (body, taken) = body(2, false);
        post_unread(body, true).await;
        assert_eq!(taken.load(Ordering::Relaxed), 0);
    }
}
