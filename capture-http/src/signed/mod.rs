//! Requests that are signed with a secret of the user instead of carrying it.
//!
//! An address that stands in a page has the user id and a hash of its query in its path ([`SignedQuery`]). A body has
//! its signature in a header ([`authenticate_body`]), and so have the bodies that the server sends to users
//! ([`sign_body`]). Decides only who the caller is. Neither secrets nor queries are ever logged: a query may have
//! credentials of a page.

mod body;
mod parameters;
mod query;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    body::{SIGNATURE, authenticate_body, sign_body},
    query::SignedQuery,
};
