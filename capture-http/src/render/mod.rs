//! The one-shot endpoints: a document in, a picture, PDF, text or metadata out.
//!
//! Data flows one way: parameters are read from a query or a JSON body ([`params`]), parsed to a request of the engine
//! ([`parse`], [`prepare`]), answered from the cache or rendered ([`answer`]), stored as a file where the operator has
//! a bucket ([`store`]), and written as a reply ([`reply`]). This folder owns the names of parameters, the cache and
//! the headers; it must not know how a page makes a result.

mod answer;
mod cache;
mod disk_cache;
mod lengths;
mod made;
mod params;
mod parse;
mod prepare;
mod reply;
mod routes;
mod store;
mod work;

pub(crate) use self::{
    answer::answer,
    cache::RenderCache,
    disk_cache::DiskCache,
    params::Params,
    parse::Kind,
    prepare::{Prepared, prepare},
    reply::safety_headers,
    routes::{render, signed_routes},
    store::{not_read, store},
};
