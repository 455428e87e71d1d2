//! The browsers' folders, one per browser below a run root. They are recorded, so that a restart can remove what was
//! left.
//!
//! The run root is not in the data directory, because the browsers' uid often cannot enter that.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, Signal, getuid, kill_process_group};
use uuid::Uuid;

/// The directory in which the browsers' folders are created.
#[derive(Debug, Clone)]
pub(crate) struct RunRoot {
    path: PathBuf,
}

/// The folder of one browser, removed with its content when dropped.
#[derive(Debug)]
pub(crate) struct BrowserDir {
    path: PathBuf,
    record: PathBuf,
}

impl RunRoot {
    /// Creates the root, and removes what dead servers left in it, including their browsers.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        match fs::DirBuilder::new().mode(0o711).create(&path) {
            Ok(()) => fs::set_permissions(&path, fs::Permissions::from_mode(0o711))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_owner(&path)?,
            Err(error) => return Err(error),
        }
        let root = Self { path };
        root.sweep()?;
        Ok(root)
    }

    /// Creates a folder with mode 0700 that contains home and temporary folders and is owned by this uid.
    pub(crate) fn browser_dir(&self, uid: Option<u32>) -> io::Result<BrowserDir> {
        // The name is short, because full Chromium has a socket below `tmp`, and a socket's path has at most 107
        // characters.
        let name = Uuid::new_v4().simple().to_string().split_off(20);
        let dir = BrowserDir { path: self.path.join(&name), record: self.path.join(format!("{name}.owner")) };
        fs::write(&dir.record, ownership(None))?;
        for folder in ["", "home", "tmp", "profile"] {
            let folder = dir.path.join(folder);
            fs::DirBuilder::new().mode(0o700).create(&folder)?;
            if let Some(uid) = uid {
                chown(&folder, Some(uid), Some(uid))?;
            }
        }
        Ok(dir)
    }

    /// The path of the run root.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let record = entry?.path();
            if record.extension().is_none_or(|extension| extension != "owner") {
                continue;
            }
            let owners = fs::read_to_string(&record).unwrap_or_default();
            let mut owners = owners.lines().map(Owner::parse);
            if owners.next().flatten().is_some_and(|server| server.is_alive()) {
                continue; // it belongs to another server, or to another engine of this process
            }
            if let Some(browser) = owners.next().flatten().filter(Owner::is_alive) {
                tracing::warn!(pid = browser.pid, "a browser outlived its server; it is killed");
                browser.kill();
            }
            drop(BrowserDir { path: record.with_extension(""), record });
        }
        Ok(())
    }
}

/// Refuses a folder that another user owns, who could replace it.
pub(crate) fn check_owner(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::symlink_metadata(path)?;
    if found.is_dir() && found.uid() == getuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::other(format!("{} belongs to someone else; name another run root", path.display())))
}

impl BrowserDir {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Records the browser, so that a restart can end it if this process cannot.
    pub(crate) fn record(&self, browser: u32) -> io::Result<()> {
        fs::write(&self.record, ownership(Some(browser)))
    }
}

impl Drop for BrowserDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "a browser's folder was not removed");
            return; // the record stays, so that the next start tries again
        }
        let _ = fs::remove_file(&self.record); // fails when it is already gone
    }
}

/// One line per process: ours, then the browser's.
fn ownership(browser: Option<u32>) -> String {
    let line = |pid| format!("{pid} {}\n", start_time(pid).unwrap_or_default());
    line(std::process::id()) + &browser.map(line).unwrap_or_default()
}

/// A process, distinguished by its start time from a later one with its pid.
#[derive(Debug)]
struct Owner {
    pid: u32,
    started: u64,
}

impl Owner {
    fn parse(line: &str) -> Option<Self> {
        let (pid, started) = line.split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, started: started.trim().parse().ok()? })
    }

    fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }

    fn kill(&self) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL); // fails when it is already gone
        }
    }
}

/// The start time of a process, in ticks since boot.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may contain anything, so fields are counted from its closing parenthesis. The start time is field 22.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then_some(())?;
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweep_takes_what_the_dead_left_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("root");
        let root = RunRoot::open(path.clone()).unwrap();
        let ours = root.browser_dir(None).unwrap();
        let dead = root.browser_dir(None).unwrap();
        fs::write(&dead.record, "1 1\n").unwrap(); // pid 1 did not start at tick 1
        fs::write(dead.path().join("profile/file"), "x").unwrap();
        let (dead_path, dead_record) = (dead.path.clone(), dead.record.clone());
        let _left_behind = std::mem::ManuallyDrop::new(dead);
        RunRoot::open(path).unwrap();
        assert!(ours.path().exists() && !dead_path.exists() && !dead_record.exists());
        let gone = ours.path().to_owned();
        drop(ours);
        assert!(!gone.exists());
        assert_eq!(fs::read_dir(&root.path).unwrap().count(), 0);
    }
}
