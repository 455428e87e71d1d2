//! What running browsers take of the machine, and the end of those that take too much.
//!
//! One look at all of them at a time, off the runtime. Sessions learn of an end as they do of a crash.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};

use super::{
    browser::Browser,
    config::Bounds,
    context::Kind,
    memory::{self, Member},
    pool::Pool,
};

/// Between two looks. A page fills about 1 GiB a second, a disk about as much.
const LOOK: Duration = Duration::from_secs(2);
/// Files and folders of a browser; a look takes no longer than this many. A usual browser has some hundred.
const MAX_FILES: usize = 50_000;

/// Browsers that are looked at.
#[derive(Debug, Default)]
pub(super) struct Watched {
    browsers: Mutex<Vec<Weak<Browser>>>,
}

impl Watched {
    /// Looks at this one as well, until it is gone.
    pub(super) fn add(&self, browser: &Arc<Browser>) {
        self.browsers.lock().push(Arc::downgrade(browser));
    }

    fn alive(&self) -> Vec<Arc<Browser>> {
        let mut browsers = self.browsers.lock();
        browsers.retain(|browser| browser.strong_count() > 0);
        browsers.iter().filter_map(Weak::upgrade).filter(|browser| browser.lost_reason().is_none()).collect()
    }
}

/// Looks at all browsers, again and again, until the pool is shut down.
pub(super) async fn watch(pool: Arc<Pool>) {
    let ground = &pool.ground;
    let mut over = HashSet::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = ground.tasks.stopped() => return,
        }
        let (browsers, bounds) = (ground.watched.alive(), ground.config.bounds);
        let before = std::mem::take(&mut over);
        let looked = tokio::task::spawn_blocking(move || look(&browsers, bounds, &before));
        over = looked.await.unwrap_or_default();
    }
}

/// One look; the pids of browsers of which a page was ended.
fn look(browsers: &[Arc<Browser>], bounds: Bounds, before: &HashSet<u32>) -> HashSet<u32> {
    let leaders = browsers.iter().filter_map(|browser| browser.pid()).collect();
    let mut members = memory::members(&leaders);
    let mut over = HashSet::new();
    for browser in browsers {
        let (Some(pid), Some(folder)) = (browser.pid(), browser.folder()) else { continue }; // it runs elsewhere
        let taken = Taken {
            members: members.remove(&pid).unwrap_or_default(),
            disk_bytes: disk_bytes(folder, bounds.disk_bytes),
        };
        let verdict = judge(&taken, bounds, browser.kind(), before.contains(&pid));
        if matches!(verdict, Verdict::EndFattest) {
            over.insert(pid);
        }
        carry_out(verdict, browser, &taken, bounds);
    }
    over
}

/// What a browser takes.
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
enum Verdict {
    Fine,
    /// Its fattest page ends, and with it one session.
    EndFattest,
    /// It ends, for its memory.
    EndForMemory,
    /// It ends, for its files.
    EndForDisk,
}

/// `again`: a page of it was ended at the last look, which was not enough.
fn judge(taken: &Taken, bounds: Bounds, kind: Kind, again: bool) -> Verdict {
    if taken.disk_bytes > bounds.disk_bytes {
        Verdict::EndForDisk
    } else if taken.memory_bytes() <= bounds.memory_bytes {
        Verdict::Fine
    } else if kind == Kind::Shared && !again {
        Verdict::EndFattest
    } else {
        Verdict::EndForMemory
    }
}

fn carry_out(verdict: Verdict, browser: &Browser, taken: &Taken, bounds: Bounds) {
    let (pid, kind) = (browser.pid(), browser.kind());
    let (memory_mib, disk_mib) = (taken.memory_bytes() >> 20, taken.disk_bytes >> 20);
    match verdict {
        Verdict::Fine => {}
        Verdict::EndFattest => {
            let renderers = taken.members.iter().filter(|member| memory::is_renderer(member.pid));
            let Some(fattest) = renderers.max_by_key(|member| member.bytes) else { return };
            let (bound_mib, renderer, renderer_mib) = (bounds.memory_bytes >> 20, fattest.pid, fattest.bytes >> 20);
            tracing::warn!(
                pid,
                memory_mib,
                bound_mib,
                renderer,
                renderer_mib,
                "a browser takes too much memory; the session of its largest page ends"
            );
            kill(fattest.pid);
        }
        Verdict::EndForMemory => {
            let bound_mib = bounds.memory_bytes >> 20;
            tracing::warn!(pid, ?kind, memory_mib, bound_mib, "a browser takes too much memory and is killed");
            browser.kill();
        }
        Verdict::EndForDisk => {
            let bound_mib = bounds.disk_bytes >> 20;
            tracing::warn!(pid, ?kind, disk_mib, bound_mib, "a browser's files take too much room; it is killed");
            browser.kill();
        }
    }
}

fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL); // gone already
    }
}

/// What the files below a folder take of the disk. Counting stops above the bound; too many files are above it.
fn disk_bytes(folder: &Path, bound: u64) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let (mut bytes, mut files) = (0_u64, 0);
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue }; // gone meanwhile
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else { continue }; // not followed, if it is a link
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
        let members = memory.into_iter().zip(1..).map(|(bytes, pid)| Member { pid, bytes }).collect();
        Taken { members, disk_bytes }
    }

    #[test]
    fn a_shared_browser_loses_a_page_first_and_a_browser_of_its_own_ends_at_once() {
        let cases = [
            (taken([50, 50], 1000), Kind::Shared, false, Verdict::Fine),
            (taken([50, 50], 1000), Kind::Shared, true, Verdict::Fine),
            (taken([50, 51], 0), Kind::Shared, false, Verdict::EndFattest),
            (taken([50, 51], 0), Kind::Shared, true, Verdict::EndForMemory),
            (taken([50, 51], 0), Kind::Whole, false, Verdict::EndForMemory),
            (taken([0, 0], 1001), Kind::Shared, false, Verdict::EndForDisk),
            (taken([50, 51], 1001), Kind::Whole, false, Verdict::EndForDisk),
        ];
        for (taken, kind, again, verdict) in cases {
            assert_eq!(judge(&taken, BOUNDS, kind, again), verdict, "{taken:?} {kind:?} {again}");
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
