//! Watches what running browsers use of the machine, and ends those that use too much.
//!
//! One pass observes all browsers, on a blocking thread. Sessions learn of an end as they do of a crash. This module
//! must not know the pool or users.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};

use super::charges::{Charges, Sentence};
use crate::{
    browser::chromium::{
        config::Bounds,
        instance::browser::Browser,
        process::{
            kind::Kind,
            memory::{self, Member},
        },
    },
    tasks::Tasks,
};

/// Interval of the observations. A page can fill about 1 GiB per second, and a disk about as much.
const LOOK: Duration = Duration::from_secs(2);
/// Maximum number of files and folders of a browser, which also bounds an observation. A typical browser has some
/// hundred.
const MAX_FILES: usize = 50_000;

/// The browsers that are watched.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    browsers: Mutex<Vec<Weak<Browser>>>,
}

impl Watched {
    /// Watches this browser as well, until it is gone.
    pub(crate) fn add(&self, browser: &Arc<Browser>) {
        self.browsers.lock().push(Arc::downgrade(browser));
    }

    fn alive(&self) -> Vec<Arc<Browser>> {
        let mut browsers = self.browsers.lock();
        browsers.retain(|browser| browser.strong_count() > 0);
        browsers.iter().filter_map(Weak::upgrade).filter(|browser| browser.lost_reason().is_none()).collect()
    }
}

/// Observes all watched browsers repeatedly, until the tasks are stopped.
pub(crate) async fn watch(watched: Arc<Watched>, bounds: Bounds, tasks: Tasks) {
    let mut known = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = tasks.stopped() => return,
        }
        let browsers = watched.alive();
        let before = std::mem::take(&mut known);
        let looked = tokio::task::spawn_blocking(move || look(&browsers, bounds, before));
        known = looked.await.unwrap_or_default();
    }
}

/// One observation. Returns what is known of each browser, by its pid.
fn look(browsers: &[Arc<Browser>], bounds: Bounds, mut before: HashMap<u32, Charges>) -> HashMap<u32, Charges> {
    let leaders = browsers.iter().filter_map(|browser| browser.pid()).collect();
    let mut members = memory::members(&leaders);
    let mut known = HashMap::new();
    for browser in browsers {
        let (Some(pid), Some(folder)) = (browser.pid(), browser.folder()) else { continue }; // it runs elsewhere
        let taken = Taken {
            members: members.remove(&pid).unwrap_or_default(),
            disk_bytes: disk_bytes(folder, bounds.disk_bytes),
        };
        let mut charges = before.remove(&pid).unwrap_or_default();
        charges.look(&taken.members);
        let decision = judge(&taken, bounds, browser.kind(), &mut charges);
        known.insert(pid, charges);
        carry_out(decision, browser, &taken, bounds);
    }
    known
}

/// What to do with a browser.
#[derive(Debug)]
struct Taken {
    members: Vec<Member>,
    disk_bytes: u64,
}

impl Taken {
    fn memory_bytes(&self) -> u64 {
        self.members.iter().map(|member| member.bytes).sum()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Fine,
    /// One of its pages is ended, and with it one session, because it holds or caused this many bytes.
    EndPage {
        pid: u32,
        bytes: u64,
    },
    /// The browser is ended because of its memory.
    EndForMemory,
    /// The browser is ended because of its files.
    EndForDisk,
}

fn judge(taken: &Taken, bounds: Bounds, kind: Kind, charges: &mut Charges) -> Decision {
    if taken.disk_bytes > bounds.disk_bytes {
        return Decision::EndForDisk;
    }
    if taken.memory_bytes() <= bounds.memory_bytes {
        charges.acquit();
        return Decision::Fine;
    }
    if kind != Kind::Shared {
        return Decision::EndForMemory;
    }
    match charges.judge() {
        Sentence::Wait => Decision::Fine,
        Sentence::End { pid, bytes } => Decision::EndPage { pid, bytes },
        Sentence::EndBrowser => Decision::EndForMemory,
    }
}

fn carry_out(decision: Decision, browser: &Browser, taken: &Taken, bounds: Bounds) {
    let (pid, kind) = (browser.pid(), browser.kind());
    let (memory_mib, disk_mib) = (taken.memory_bytes() >> 20, taken.disk_bytes >> 20);
    match decision {
        Decision::Fine => {}
        Decision::EndPage { pid: renderer, bytes } => {
            let (bound_mib, charged_mib) = (bounds.memory_bytes >> 20, bytes >> 20);
            tracing::warn!(
                pid,
                memory_mib,
                bound_mib,
                renderer,
                charged_mib,
                "a browser takes too much memory; the session of the page that holds or caused most of it ends"
            );
            kill(renderer);
        }
        Decision::EndForMemory => {
            let bound_mib = bounds.memory_bytes >> 20;
            tracing::warn!(pid, ?kind, memory_mib, bound_mib, "a browser takes too much memory and is killed");
            browser.kill();
        }
        Decision::EndForDisk => {
            let bound_mib = bounds.disk_bytes >> 20;
            tracing::warn!(pid, ?kind, disk_mib, bound_mib, "a browser's files take too much room; it is killed");
            browser.kill();
        }
    }
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL); // fails when it is already gone
    }
}

/// Disk usage in bytes of the files below a folder. Counting stops above the bound; too many files count as above it.
fn disk_bytes(folder: &Path, bound: u64) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let (mut bytes, mut files) = (0_u64, 0);
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue }; // the folder was removed meanwhile
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue }; // symbolic links are not followed
            bytes = bytes.saturating_add(about.blocks() * 512);
            files += 1;
            if bytes > bound || files > MAX_FILES {
                return bytes.max(bound.saturating_add(1));
            }
            if about.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { memory_bytes: 100, disk_bytes: 1000 };

    fn taken(memory: [u64; 2], disk_bytes: u64) -> Taken {
        let member = |(bytes, pid)| Member { pid, bytes, ticks: 0, is_renderer: pid == 2 };
        Taken { members: memory.into_iter().zip(1..).map(member).collect(), disk_bytes }
    }

    #[test]
    fn a_shared_browser_loses_a_page_first_and_a_browser_of_its_own_ends_at_once() {
        let page = Decision::EndPage { pid: 2, bytes: 51 };
        let cases = [
            (taken([50, 50], 1000), Kind::Shared, Decision::Fine),
            (taken([50, 51], 0), Kind::Shared, page),
            (taken([101, 0], 0), Kind::Shared, Decision::EndForMemory),
            (taken([50, 51], 0), Kind::Whole, Decision::EndForMemory),
            (taken([0, 0], 1001), Kind::Shared, Decision::EndForDisk),
            (taken([50, 51], 1001), Kind::Whole, Decision::EndForDisk),
        ];
        for (taken, kind, decision) in cases {
            let mut charges = Charges::default();
            charges.look(&taken.members);
            assert_eq!(judge(&taken, BOUNDS, kind, &mut charges), decision, "{taken:?} {kind:?}");
        }
    }

    #[test]
    fn files_are_counted_as_deep_as_they_lie_and_links_are_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let deep = temp.path().join("a/b/c");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("file"), vec![1; 1 << 20]).unwrap();
        fs::File::create(deep.join("sparse")).unwrap().set_len(1 << 30).unwrap();
        std::os::unix::fs::symlink("/usr", temp.path().join("link")).unwrap();
        let found = disk_bytes(temp.path(), 1 << 40);
        assert!((1 << 20..2 << 20).contains(&found), "{found}");
        for name in ["one", "two", "three", "four"] {
            fs::write(deep.join(name), vec![1; 1 << 20]).unwrap();
        }
        let stopped = disk_bytes(&deep, 4096);
        assert!((4097..2 << 20).contains(&stopped), "it stops above the bound: {stopped}");
        assert_eq!(disk_bytes(&temp.path().join("none"), 1), 0);
    }
}
