//! Turns requests into the arguments of operations. Whatever is wrong with a request becomes an error in the format of
//! the API.

mod accept;
mod body;
mod json;
mod target;

pub(crate) use self::{
    accept::names_type,
    body::{Posted, parse_signed, read_signed},
    target::Target,
};
