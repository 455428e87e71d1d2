//! Files in a folder of the data directory. A file is written under another name and then renamed, so that no reader
//! sees half of one.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;

use super::{
    File, Found, Storage, StorageError,
    quota::{Kept, Quota},
};

/// Where files are written before they are renamed. No user's folder has this name.
const WRITING: &str = "writing";

/// A folder with the files of all users.
#[derive(Debug)]
pub(super) struct Folder {
    disk: Arc<Disk>,
}

#[derive(Debug)]
struct Disk {
    root: PathBuf,
    bytes: u64,
    bytes_of_user: u64,
    /// What is there, counted before the first file is written. Held while files appear and give way, so that no folder
    /// is removed while a file is moved into it.
    quota: Mutex<Option<Quota>>,
}

impl Folder {
    /// The folder at this path, which is made for the first file.
    pub(super) fn new(root: PathBuf, bytes: u64, bytes_of_user: u64) -> Self {
        Self { disk: Arc::new(Disk { root, bytes, bytes_of_user, quota: Mutex::default() }) }
    }
}

impl Storage for Folder {
    fn put<'a>(&'a self, file: &'a File, body: Bytes) -> BoxFuture<'a, Result<(), StorageError>> {
        let (disk, file) = (Arc::clone(&self.disk), file.clone());
        async { on_thread(move || disk.write(&file, &body)).await }.boxed()
    }

    fn find<'a>(&'a self, file: &'a File) -> BoxFuture<'a, Result<Found, StorageError>> {
        let path = self.disk.root.join(relative(file));
        let read = move || match fs::read(path) {
            Ok(bytes) => Ok(Found::Bytes(bytes.into())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(Found::Gone)
            }
            Err(error) => Err(error.into()),
        };
        async { on_thread(read).await }.boxed()
    }
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped).into()))
}

/// The path of a file below the folder of all users.
fn relative(file: &File) -> String {
    file.path.segments().collect::<Vec<_>>().join("/")
}

impl Disk {
    fn write(&self, file: &File, body: &[u8]) -> Result<(), StorageError> {
        let bytes = body.len() as u64;
        let most = self.bytes_of_user.min(self.bytes);
        if bytes > most {
            return Err(StorageError::TooLarge { bytes, most });
        }
        self.counted(|_| ())?;
        let draft = self.root.join(WRITING).join(uuid::Uuid::new_v4().to_string());
        let written = write_new(&draft, body).and_then(|()| self.keep(&draft, file, bytes));
        if written.is_err() {
            let _ = fs::remove_file(&draft); // it may not be there
        }
        written.map_err(|error| match error.kind() {
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                StorageError::NameTaken
            }
            _ => error.into(),
        })
    }

    fn keep(&self, draft: &Path, file: &File, bytes: u64) -> io::Result<()> {
        let relative = relative(file);
        let place = self.root.join(&relative);
        self.counted(|quota| {
            if let Some(folder) = place.parent() {
                make(folder)?;
            }
            fs::rename(draft, &place)?;
            for gone in quota.add(&file.path.folder(), Kept { path: relative, bytes }) {
                self.remove(&gone);
            }
            Ok(())
        })?
    }

    /// Changes what is counted; the first call counts what an earlier process has left.
    fn counted<T>(&self, change: impl FnOnce(&mut Quota) -> T) -> io::Result<T> {
        let quota = &mut *self.quota.lock();
        let counted = match quota.take() {
            Some(counted) => counted,
            None => self.count()?,
        };
        Ok(change(quota.insert(counted)))
    }

    /// Removes a file and the folders that it leaves empty.
    fn remove(&self, relative: &str) {
        let path = self.root.join(relative);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, "a stored file that has to give way cannot be removed");
        }
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                break; // it has other files
            }
        }
    }

    /// Counts the files of an earlier process, oldest first.
    fn count(&self) -> io::Result<Quota> {
        let writing = self.root.join(WRITING);
        if writing.exists() {
            fs::remove_dir_all(&writing)?; // half files of a process that was killed
        }
        make(&writing)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name() != WRITING && entry.file_type()?.is_dir() {
                list(&entry.path(), &mut found)?;
            }
        }
        found.sort();
        let mut quota = Quota::new(self.bytes, self.bytes_of_user);
        for (_, path, bytes) in found {
            let Some(relative) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else { continue };
            let folder = relative.split('/').next().unwrap_or_default();
            for gone in quota.add(folder, Kept { path: relative.to_owned(), bytes }) {
                self.remove(&gone);
            }
        }
        Ok(quota)
    }
}

fn list(folder: &Path, found: &mut Vec<(SystemTime, PathBuf, u64)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), found)?;
        } else if kind.is_file() {
            let about = entry.metadata()?;
            found.push((about.modified()?, entry.path(), about.len()));
        }
    }
    Ok(())
}

/// Makes a folder that only this account may enter.
fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write_new(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(body)
}

#[cfg(test)]
mod tests {
    use capture_core::clock::Timestamp;

    use super::*;
    use crate::storage::FilePath;

    fn file(user: &str, name: &str) -> File {
        let path = FilePath::new(&user.parse().unwrap(), Timestamp(0), Some(&name.parse().unwrap()), "", "png");
        File { path, acl: None }
    }

    async fn content(folder: &Folder, file: &File) -> Option<Bytes> {
        match folder.find(file).await.unwrap() {
            Found::Bytes(bytes) => Some(bytes),
            Found::At(_) | Found::Gone => None,
        }
    }

    #[tokio::test]
    async fn files_are_kept_below_their_user_until_they_give_way() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("renders");
        let open = || Folder::new(root.clone(), 1000, 100);
        let folder = open();
        let (first, second) = (file("..", "a/b"), file("..", "c"));
        folder.put(&first, Bytes::from(vec![1; 60])).await.unwrap();
        assert_eq!(fs::read(root.join("u-../screenshots/1970/01/01/a/b.png")).unwrap(), [1; 60]);
        folder.put(&second, Bytes::from(vec![2; 60])).await.unwrap();
        assert_eq!(content(&folder, &first).await, None);
        assert!(!root.join("u-../screenshots/1970/01/01/a").exists(), "an empty folder goes with its last file");
        assert!(matches!(
            folder.put(&first, Bytes::from(vec![0; 101])).await,
            Err(StorageError::TooLarge { bytes: 101, most: 100 })
        ));
        drop(folder);
        fs::write(root.join(WRITING).join("half"), "x").unwrap();
        let folder = open();
        assert_eq!(content(&folder, &second).await.unwrap(), vec![2; 60]);
        folder.put(&file("..", "d"), Bytes::from(vec![3; 60])).await.unwrap();
        assert_eq!(fs::read_dir(root.join(WRITING)).unwrap().count(), 0);
        assert_eq!(content(&folder, &second).await, None, "what an earlier process stored is counted");
    }

    #[tokio::test]
    async fn a_name_that_is_a_folder_already_is_refused_and_leaves_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder::new(temp.path().to_owned(), 1000, 1000);
        folder.put(&file("ann", "a.png/b"), Bytes::from("x")).await.unwrap();
        assert!(folder.put(&file("ann", "a"), Bytes::from("x")).await.is_err());
        assert_eq!(fs::read_dir(temp.path().join(WRITING)).unwrap().count(), 0);
        assert!(content(&folder, &file("ann", "a.png/b")).await.is_some());
    }
}
