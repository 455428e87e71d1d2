//! A request for a render, with how it is answered and stored. Data only.

use capture_core::render::RenderRequest;

use super::made::CacheKey;
use crate::storage::{Acl, FileName};

/// A request that is valid, and how it is to be answered.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) key: CacheKey,
    pub(crate) request: RenderRequest,
    pub(super) cache_use: CacheUse,
    /// How the result is stored.
    pub(crate) storing: Storing,
}

impl Work {
    /// The same, for a caller that stores the result.
    pub(crate) fn not_stored(self) -> Self {
        Self { storing: Storing { skip: true, ..self.storing }, ..self }
    }
}

/// How a request may use the cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheUse {
    /// Neither the cache nor a render under way answers.
    pub(super) fresh: bool,
    /// The result may be kept.
    pub(super) keep: bool,
}

impl CacheUse {
    /// Whether every such request renders.
    pub(super) fn always_renders(self) -> bool {
        self.fresh || !self.keep
    }
}

/// How a result is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storing {
    /// The name that was asked for.
    pub(super) name: Option<FileName>,
    /// Who may read it, where the operator allows users to decide that.
    pub(super) acl: Option<Acl>,
    /// The reply leads to the stored object.
    pub(super) redirect: bool,
    /// It is not stored at all.
    pub(super) skip: bool,
}
