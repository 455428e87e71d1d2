//! Who asks: `Authorization: Bearer base64(userId:secret)` → [`Caller`](capture_core::Caller).
//!
//! Decides only who a caller is; what he may do is the engine's. No secret and no token is ever logged.

mod bearer;
mod check;

pub(crate) use self::check::{Authenticated, Credentialed};
