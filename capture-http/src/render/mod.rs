//! The one-shot endpoints: a document in, a picture, PDF, text or metadata out.
//!
//! Data flows one way: parameters are read from a query or a JSON body ([`params`]), parsed to a request of the engine
//! ([`parse`]), answered from the cache or rendered ([`answer`]), and written as a reply ([`reply`]). This folder owns
//! the names of parameters, the cache and the headers; it must not know how a page makes a result.

mod answer;
mod cache;
mod lengths;
mod params;
mod parse;
mod reply;
mod routes;

pub(crate) use self::{
    cache::RenderCache,
    routes::{render, signed_routes},
};
