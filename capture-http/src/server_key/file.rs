//! The file of the server key: readable by its owner only, complete or absent, and replaced as a whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown},
    path::{Path, PathBuf},
};

use capture_core::account::ServerKey;

use super::error::KeyError;
use crate::{config::Config, data_dir};

/// The file of the key, which may not exist.
#[derive(Debug)]
pub(crate) struct KeyFile(PathBuf);

impl KeyFile {
    /// The file that is named by the settings, or else the one of the data directory.
    pub(crate) fn of(config: &Config) -> Self {
        Self(config.server_key_file.clone().unwrap_or_else(|| data_dir::server_key(&config.data_dir)))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a generation that is not in place yet.
    pub(super) fn next(&self) -> Self {
        let mut name = self.0.clone().into_os_string();
        name.push(".next");
        Self(name.into())
    }

    /// Reads the key; `None` if there is no file.
    pub(super) fn read(&self) -> Result<Option<ServerKey>, KeyError> {
        match fs::read_to_string(&self.0) {
            Ok(text) => {
                let key = ServerKey::parse(&text);
                key.map(Some).map_err(|source| KeyError::Malformed { path: self.0.clone(), source })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read")(error)),
        }
    }

    /// Whether other users of the machine may read it.
    pub(super) fn is_open_to_others(&self) -> bool {
        fs::metadata(&self.0).is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
    }

    /// Writes the key to the file that does not exist yet. If another process makes it meanwhile, its key is returned.
    pub(super) fn create(&self, key: &ServerKey) -> Result<ServerKey, KeyError> {
        let mut name = self.0.clone().into_os_string();
        name.push(format!(".{}", uuid::Uuid::new_v4()));
        let whole = Self(name.into());
        // A link, unlike a new name, never takes the place of another file.
        let linked = whole.write(key, None).and_then(|()| fs::hard_link(&whole.0, &self.0));
        let removed = whole.remove();
        match linked {
            Ok(()) => {
                removed?;
                self.keep_name().map(|()| key.clone()).map_err(self.failed("make"))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                self.read()?.ok_or_else(|| self.failed("make")(error))
            }
            Err(error) => Err(self.failed("make")(error)),
        }
    }

    /// Writes a new file with the owner of `like`.
    pub(super) fn write_like(&self, key: &ServerKey, like: &Self) -> Result<(), KeyError> {
        let owner = fs::metadata(&like.0).ok().map(|it| (it.uid(), it.gid()));
        self.write(key, owner).map_err(self.failed("write"))
    }

    /// Takes the place of another file.
    pub(super) fn take_place_of(&self, other: &Self) -> io::Result<()> {
        fs::rename(&self.0, &other.0)?;
        other.keep_name()
    }

    /// Removes the file.
    pub(super) fn remove(&self) -> Result<(), KeyError> {
        fs::remove_file(&self.0).map_err(self.failed("remove"))
    }

    fn write(&self, key: &ServerKey, owner: Option<(u32, u32)>) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0)?;
        if let Some((uid, gid)) = owner.filter(|_| rustix::process::geteuid().is_root()) {
            fchown(&file, Some(uid), Some(gid))?; // root rotates the key of a server that is not root
        }
        file.write_all(key.reveal().as_bytes())?;
        file.sync_all()
    }

    /// Makes the name of the file survive a power cut, as a ledger that knows its key does.
    fn keep_name(&self) -> io::Result<()> {
        let folder = self.0.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> KeyError {
        let path = self.0.clone();
        move |source| KeyError::Io { what, path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl KeyFile {
        /// Puts another key in its place.
        pub(in super::super) fn replace(&self, key: &ServerKey) -> io::Result<()> {
            fs::write(&self.0, key.reveal())
        }
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_file_is_its_owners_and_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = KeyFile(dir.path().join("server.key"));
        assert_eq!(file.read().unwrap(), None);
        let key = ServerKey::generate().unwrap();
        assert_eq!(file.create(&key).unwrap(), key);
        assert_eq!(file.create(&ServerKey::generate().unwrap()).unwrap(), key, "the first one stays");
        assert_eq!((mode(file.path()), file.read().unwrap()), (0o600, Some(key.clone())));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left");
        assert!(!file.is_open_to_others());
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file.is_open_to_others());

        let (next, rotated) = (file.next(), key.rotated().unwrap());
        next.write_like(&rotated, &file).unwrap();
        assert!(next.write_like(&rotated, &file).is_err(), "one rotation at a time");
        next.take_place_of(&file).unwrap();
        assert_eq!((mode(file.path()), file.read().unwrap(), next.read().unwrap()), (0o600, Some(rotated), None));
    }

    #[test]
    fn a_broken_file_is_refused_without_showing_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = KeyFile(dir.path().join("server.key"));
        for text in ["", "hunter2", "1:hunter2"] {
            fs::write(file.path(), text).unwrap();
            let error = file.read().unwrap_err();
            let shown = format!("{} {error:?}", crate::terminal::sentence(&error));
            assert!(matches!(error, KeyError::Malformed { .. }) && !shown.contains("hunter2"), "{shown}");
        }
    }
}
