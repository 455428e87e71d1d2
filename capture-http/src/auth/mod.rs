//! Authentication: `Authorization: Bearer base64(userId:secret)` becomes a [`Caller`](capture_core::Caller).
//!
//! Decides only who the caller is; what the caller may do is decided by the engine. Secrets and tokens are never
//! logged.

mod bearer;
mod check;

pub(crate) use self::{
    bearer::from_base64,
    check::{Authenticated, Credentialed, refuse_slowly},
};
