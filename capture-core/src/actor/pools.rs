//! Memory pools shared by the sessions of one engine, with a bound for each user and a bound for all users.

use std::sync::Arc;

use crate::shares::Pool;

/// Bytes of unfinished commands of CDP clients, for one user. One command of the largest size, 100 MB, fits.
const CDP_IN_OF_USER: usize = 128 << 20;
/// Bytes of unfinished commands of CDP clients, for all users.
const CDP_IN: usize = 384 << 20;
/// Bytes of frames that CDP clients have not read, for one user: as many as may wait for one client.
const CDP_OUT_OF_USER: usize = 128 << 20;
/// Bytes of frames that CDP clients have not read, for all users.
const CDP_OUT: usize = 384 << 20;
/// Bytes of pictures that were taken and not sent yet, for one user. Two of the largest pictures of a reply fit.
const PICTURES_OF_USER: usize = 96 << 20;
/// Bytes of pictures that were taken and not sent yet, for all users.
const PICTURES: usize = 256 << 20;

/// The memory pools of one engine.
#[derive(Debug)]
pub(crate) struct Pools {
    /// Unfinished commands of CDP clients.
    pub(crate) cdp_in: Arc<Pool>,
    /// Frames that CDP clients have not read.
    pub(crate) cdp_out: Arc<Pool>,
    /// Pictures that were taken and not sent yet.
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
