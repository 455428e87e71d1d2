//! What the sessions of an engine hold of its memory together, for each user and in all.

use std::sync::Arc;

use crate::shares::Pool;

/// Bytes of commands of CDP clients that have not come to their end, of a user. One of the largest, 100 MB, fits.
const CDP_IN_OF_USER: usize = 128 << 20;
/// The same of all users.
const CDP_IN: usize = 384 << 20;
/// Bytes of frames that CDP clients have not taken, of a user: as many as may wait for one client.
const CDP_OUT_OF_USER: usize = 128 << 20;
/// The same of all users.
const CDP_OUT: usize = 384 << 20;
/// Bytes of pictures that were taken and are not sent off yet, of a user. Two of the largest that fit into a reply.
const PICTURES_OF_USER: usize = 96 << 20;
/// The same of all users.
const PICTURES: usize = 256 << 20;

/// The pools of an engine.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Commands of CDP clients that have not come to their end.
    pub(crate) cdp_in: Arc<Pool>,
    /// Frames that CDP clients have not taken.
    pub(crate) cdp_out: Arc<Pool>,
    /// Pictures that were taken and are not sent off yet.
    pub(crate) pictures: Arc<Pool>,
}

impl Default for Pools {
    fn default() -> Self {
        Self {
            cdp_in: Pool::new(CDP_IN_OF_USER, CDP_IN),
            cdp_out: Pool::new(CDP_OUT_OF_USER, CDP_OUT),
            pictures: Pool::new(PICTURES_OF_USER, PICTURES),
        }
    }
}
