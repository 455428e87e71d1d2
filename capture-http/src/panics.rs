//! A panic in a handler is a defect of the server: it is answered and logged, and the connection stays open.

use std::{any::Any, panic::AssertUnwindSafe};

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use capture_core::Error;
use futures::FutureExt;

use crate::error::Refusal;

/// The layer: answers a panic of the layers below with `internal`.
pub(crate) async fn contain(request: Request, next: Next) -> Response {
    // Unwind safe: the request's own state is dropped, and what requests share is behind locks that cannot be poisoned.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            Refusal::from(Error::internal(format!("a handler panicked: {}", message(&*panic)))).into_response()
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_panic_is_found() {
        for (panic, expected) in
            [(Box::new("a") as Box<dyn Any + Send>, "a"), (Box::new("b".to_owned()), "b"), (Box::new(1), "no message")]
        {
            assert_eq!(message(&*panic), expected);
        }
    }
}
