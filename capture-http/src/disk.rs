//! Checks for free space on the disks that a new session needs.

use std::path::{Path, PathBuf};

/// Least free space of a disk, in bytes. The ledger's log grows by a few MiB between two checkpoints, and a browser
/// profile begins with about five.
const LEAST_BYTES: u64 = 16 << 20;

/// A disk is full.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the disk of {} is full: {} KiB are left, {} are needed", folder.display(), left >> 10, LEAST_BYTES >> 10)]
pub(crate) struct NoRoom {
    folder: PathBuf,
    /// Bytes.
    left: u64,
}

/// The folders that are written to while sessions are created.
#[derive(Debug, Clone, Default)]
pub struct Folders(Vec<PathBuf>);

impl Folders {
    /// The folders to check; one that does not exist is skipped.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(folders.into_iter().collect())
    }

    /// Checks the file system of each folder, which takes microseconds.
    ///
    /// # Errors
    /// Names the first folder whose disk is full.
    pub(crate) fn room(&self) -> Result<(), NoRoom> {
        self.0.iter().try_for_each(|folder| match free(folder) {
            Some(bytes) => judge(folder, bytes),
            None => Ok(()),
        })
    }
}

/// Bytes that this process may still write there. A quota, or space reserved for root, makes this differ from the free
/// bytes of the disk.
fn free(folder: &Path) -> Option<u64> {
    let system = rustix::fs::statvfs(folder).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

fn judge(folder: &Path, left: u64) -> Result<(), NoRoom> {
    if left >= LEAST_BYTES { Ok(()) } else { Err(NoRoom { folder: folder.to_owned(), left }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_named_and_a_missing_folder_is_not_judged() {
        assert_eq!(judge(Path::new("/data"), LEAST_BYTES), Ok(()));
        let told = judge(Path::new("/data"), LEAST_BYTES - 1).unwrap_err();
        assert_eq!(told.to_string(), "the disk of /data is full: 16383 KiB are left, 16384 are needed");
        assert_eq!(Folders::new(["/nowhere/at/all".into()]).room(), Ok(()));
        assert!(free(Path::new("/proc")).is_some());
    }
}
