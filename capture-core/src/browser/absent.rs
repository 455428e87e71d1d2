//! A backend without browsers, for an instance of a cluster that only forwards requests.
//!
//! This module must not know clusters.

use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::{Backend, BrowserError, OpenPage, PageRequest, Unavailable, UnsupportedOption};
use crate::{
    egress::{Upstream, Why},
    session::SessionOptions,
};

/// A backend that opens no pages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent;

impl Backend for Absent {
    fn open(&self, _: PageRequest, _: Instant) -> BoxFuture<'_, Result<OpenPage, BrowserError>> {
        std::future::ready(Err(BrowserError::Busy(0))).boxed()
    }

    fn unsupported(&self, _: SessionOptions) -> Option<UnsupportedOption> {
        None
    }

    fn judge_upstream(&self, _: &Upstream) -> Result<(), Why> {
        Ok(())
    }

    fn health(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        std::future::ready(()).boxed()
    }
}
