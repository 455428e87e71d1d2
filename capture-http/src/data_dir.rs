//! The data directory: readable by its owner only, and locked by one server at a time.
//!
//! A second server on one directory would settle the active sessions of the first as lost. Commands on users work
//! beside a running server and take no lock. Knows nothing of the contents of the ledger file.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

const LEDGER: &str = "ledger.sqlite";
const LOCK: &str = "lock";
const SERVER_KEY: &str = "server.key";

/// The path of the server key in a data directory.
pub(crate) fn server_key(dir: &Path) -> PathBuf {
    dir.join(SERVER_KEY)
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// Another server is running on the directory.
    #[error("another capture server{} is running on {}: stop it, or choose another --data-dir", by(*.pid), dir.display())]
    Held {
        /// The directory.
        dir: PathBuf,
        /// The process id of the other server, if it is known.
        pid: Option<u32>,
    },
    /// The directory contains files that are not of this program, and other users may access it.
    #[error("{} is open to other users and holds files that are not capture's: choose a directory of its own", .0.display())]
    Shared(PathBuf),
    /// No user was ever added.
    #[error("no ledger in {}: check --data-dir, or add the first user with `capture user add NAME`", .0.display())]
    Empty(PathBuf),
    /// An operation of the operating system failed.
    #[error("cannot use the data directory {}", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// The error of the operating system.
        #[source]
        source: io::Error,
    },
}

fn by(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// A data directory that exists and that other users cannot access.
#[derive(Debug)]
pub(crate) struct DataDir(PathBuf);

/// The lock that a server holds on its directory. The system releases it when the process ends, even if it is killed.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// The folder of a server that keeps nothing. It is removed with the server, unless that is killed.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes a folder that only this user can enter.
    pub(crate) fn create() -> Result<Self, DataDirError> {
        let dir = std::env::temp_dir().join(format!("capture-dev-{}", uuid::Uuid::new_v4()));
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => Ok(Self(dir)),
            Err(source) => Err(DataDirError::Io { dir, source }),
        }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &PathBuf {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a temporary folder cannot be removed");
        }
    }
}

impl DataDir {
    /// Opens the directory, and creates it if it is missing.
    pub(crate) fn create(path: &Path) -> Result<Self, DataDirError> {
        let dir = Self(path.to_owned());
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| dir.failed(source))?;
        dir.close_to_others()?;
        Ok(dir)
    }

    /// Opens the directory of a server that has users already.
    pub(crate) fn existing(path: &Path) -> Result<Self, DataDirError> {
        let dir = Self(path.to_owned());
        if dir.ledger().exists() { Ok(dir) } else { Err(DataDirError::Empty(dir.0)) }
    }

    /// Whether a server could run on this path now; the value tells whether the directory exists. Leaves nothing
    /// behind.
    pub(crate) fn probe(path: &Path) -> Result<bool, DataDirError> {
        let dir = Self(path.to_owned());
        let nearest = path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."));
        // Checking permissions is not enough: root has them all, even on a read-only file system.
        let trial = nearest.join(format!(".capture-doctor-{}", std::process::id()));
        let tried = std::fs::create_dir(&trial).and_then(|()| std::fs::remove_dir(&trial));
        tried.map_err(|source| dir.failed(source))?;
        if nearest != path {
            return Ok(false);
        }
        dir.is_open_to_others()?;
        if let Ok(mut file) = File::open(dir.0.join(LOCK))
            && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
        {
            return Err(DataDirError::Held { pid: read_pid(&mut file), dir: dir.0 });
        }
        Ok(true)
    }

    /// The path of the ledger's file.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join(LEDGER)
    }

    /// Locks the directory for this process.
    pub(crate) fn lock(&self) -> Result<Lock, DataDirError> {
        let failed = |source| self.failed(source);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).clone();
        let mut file = options.open(self.0.join(LOCK)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = read_pid(&mut file);
                return Err(DataDirError::Held { dir: self.0.clone(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(self.failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Lock { _file: file })
    }

    fn close_to_others(&self) -> Result<(), DataDirError> {
        if self.is_open_to_others()? {
            std::fs::set_permissions(&self.0, Permissions::from_mode(0o700)).map_err(|source| self.failed(source))?;
        }
        Ok(())
    }

    /// Whether the directory belongs to others as well. Restricting its permissions would take /tmp or a home away from
    /// them.
    fn is_open_to_others(&self) -> Result<bool, DataDirError> {
        let failed = |source| self.failed(source);
        let mode = self.0.metadata().map_err(failed)?.permissions().mode();
        let for_others = mode & 0o077;
        if for_others == 0 {
            return Ok(false);
        }
        let is_empty = self.0.read_dir().map_err(failed)?.next().is_none();
        if !is_empty && !self.ledger().exists() && !server_key(&self.0).exists() {
            return Err(DataDirError::Shared(self.0.clone()));
        }
        Ok(true)
    }

    fn failed(&self, source: io::Error) -> DataDirError {
        DataDirError::Io { dir: self.0.clone(), source }
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A path below the system's temporary directory that no other test uses.
    fn place(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("capture-data-dir-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_directory_is_held_by_one_server_at_a_time() {
        let path = place("lock");
        let dir = DataDir::create(&path).unwrap();
        let lock = dir.lock().unwrap();
        let refusal = dir.lock().unwrap_err().to_string();
        assert!(refusal.contains(&format!("(pid {}) is running on", std::process::id())), "{refusal}");
        assert!(matches!(DataDir::probe(&path), Err(DataDirError::Held { .. })));
        drop(lock);
        assert!(matches!(DataDir::probe(&path), Ok(true)));
        assert!(matches!(DataDir::probe(&path.join("new/er")), Ok(false)));
        dir.lock().unwrap();
        std::fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn only_its_own_directory_is_closed_to_others() {
        let path = place("mode");
        DataDir::create(&path.join("a/b")).unwrap();
        assert_eq!(mode(&path.join("a/b")), 0o700);
        let open = path.join("open");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
        std::fs::write(open.join("other"), "").unwrap();
        assert!(matches!(DataDir::create(&open), Err(DataDirError::Shared(_))));
        assert!(matches!(DataDir::probe(&open), Err(DataDirError::Shared(_))));
        assert_eq!(mode(&open), 0o755);
        std::fs::remove_file(open.join("other")).unwrap();
        DataDir::create(&open).unwrap();
        assert_eq!(mode(&open), 0o700);
        std::fs::remove_dir_all(path).unwrap();
    }
}
