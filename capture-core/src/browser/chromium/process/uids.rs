//! User ids for browsers: one for each browser that belongs to a user or a session, so that code that breaks out of a
//! browser cannot access another's memory and files.
//!
//! The servers of a host coordinate by locked files. The kernel releases the locks with the server, however it ends.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use rustix::process::getuid;

use super::run_root::{self, RunRoot};
use crate::browser::chromium::config::{ChromiumConfig, DEFAULT_BROWSER_UID};

/// Number of uids for dedicated browsers, counted from the one after the shared browsers' uid. Debian and systemd
/// assign none of them.
const UIDS: u32 = 480;
/// The folder of the locks of all servers of a host. Only root may write there, and only root can use several uids.
const LOCKS: &str = "/run/capture-browser-uids";

/// The uids of this server's browsers; none if the server does not run as root.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uids {
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
struct Inner {
    shared: u32,
    locks: PathBuf,
    /// Where the next search for a free uid begins, so that the one that was freed last is reused last.
    next: AtomicU32,
}

/// A uid in use.
#[derive(Debug)]
pub(crate) struct Uid {
    number: u32,
    _lock: Option<File>,
}

impl Uid {
    pub(crate) fn number(&self) -> u32 {
        self.number
    }
}

impl Uids {
    pub(crate) fn new(config: &ChromiumConfig, root: &RunRoot) -> Self {
        if !getuid().is_root() {
            return Self::default();
        }
        let shared = config.uid.unwrap_or(DEFAULT_BROWSER_UID);
        let locks = lock_folder(Path::new(LOCKS)).unwrap_or_else(|error| {
            tracing::warn!(
                folder = LOCKS,
                %error,
                "servers of this host that use other run roots may choose the same uids for their browsers"
            );
            root.path().join("uids")
        });
        Self { inner: Some(Arc::new(Inner { shared, locks, next: AtomicU32::new(std::process::id()) })) }
    }

    /// The uid of the browsers that all users share.
    pub(crate) fn shared(&self) -> Option<Uid> {
        let inner = self.inner.as_ref()?;
        Some(Uid { number: inner.shared, _lock: None })
    }

    /// A uid that no other browser of this host has. If all are taken it is the shared browsers' uid.
    pub(crate) async fn own(&self) -> Option<Uid> {
        let inner = Arc::clone(self.inner.as_ref()?);
        let found = tokio::task::spawn_blocking(move || inner.free(&uids_with_processes())).await.ok().flatten();
        if found.is_none() {
            tracing::warn!("no uid is free for a browser of its own; it runs under the one of shared browsers");
        }
        found.or_else(|| self.shared())
    }
}

impl Inner {
    /// A uid that is not locked and has no processes. The processes of a server that was killed may outlive its locks
    /// for a moment.
    fn free(&self, running: &HashSet<u32>) -> Option<Uid> {
        lock_folder(&self.locks).ok()?; // the folder may have been removed
        (0..UIDS).find_map(|_| {
            let number = self.shared.checked_add(1 + self.next.fetch_add(1, Ordering::Relaxed) % UIDS)?;
            if running.contains(&number) {
                return None;
            }
            let lock = File::options().create(true).append(true).open(self.locks.join(number.to_string())).ok()?;
            lock.try_lock().ok()?;
            Some(Uid { number, _lock: Some(lock) })
        })
    }
}

fn lock_folder(path: &Path) -> io::Result<PathBuf> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => run_root::check_owner(path)?,
        made => made?,
    }
    Ok(path.to_owned())
}

/// The uids that have processes. Takes some milliseconds.
fn uids_with_processes() -> HashSet<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|entry| entry.metadata().ok().map(|about| about.uid())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: u32 = 4_000_000_000;

    fn server(locks: &Path) -> Inner {
        Inner { shared: SHARED, locks: locks.to_owned(), next: AtomicU32::new(0) }
    }

    #[test]
    fn no_two_browsers_of_a_host_have_the_same_uid_while_they_run() {
        let temp = tempfile::tempdir().unwrap();
        let (one, other) = (server(&temp.path().join("uids")), server(&temp.path().join("uids")));
        let free = |server: &Inner| server.free(&HashSet::new());
        let mut taken: Vec<Uid> = (0..UIDS / 2).flat_map(|_| [free(&one).unwrap(), free(&other).unwrap()]).collect();
        let numbers: HashSet<u32> = taken.iter().map(Uid::number).collect();
        assert_eq!(numbers, (SHARED + 1..=SHARED + UIDS).collect());
        assert!(free(&one).is_none() && free(&other).is_none(), "all are taken");
        let freed = taken.swap_remove(7).number;
        assert_eq!(free(&other).unwrap().number, freed, "one that was freed can be had again");
    }

    #[test]
    fn a_uid_that_still_has_processes_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let found = server(&temp.path().join("uids")).free(&HashSet::from([SHARED + 1, SHARED + 2])).unwrap();
        assert_eq!(found.number, SHARED + 3);
        assert!(uids_with_processes().contains(&getuid().as_raw()), "our own is found");
    }
}
