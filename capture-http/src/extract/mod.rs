//! From a request to values a verb can take; whatever is wrong with it becomes an error of ours, in our shape.

mod accept;
mod body;
mod json;
mod target;

pub(crate) use self::{accept::names_type, body::Posted, target::Target};
