//! Chromium processes as the kernel sees them.

use std::{collections::HashSet, fs, path::Path};

use rustix::process::{Pid, Signal, kill_process};

/// All descendants of this process; zombies are not counted.
pub fn descendants(root: u32) -> HashSet<u32> {
    let parents: Vec<(u32, u32)> = all().filter_map(|pid| Some((pid, parent(pid)?))).collect();
    let mut found = HashSet::new();
    let mut unseen = vec![root];
    while let Some(next) = unseen.pop() {
        for (pid, _) in parents.iter().filter(|(_, parent)| *parent == next) {
            if found.insert(*pid) {
                unseen.push(*pid);
            }
        }
    }
    found
}

/// Browsers below this process: those that were started with a debugging pipe.
pub fn browsers(root: u32) -> Vec<u32> {
    let is_browser = |pid: &u32| has(*pid, "--remote-debugging-pipe") && !has(*pid, "--type=");
    descendants(root).into_iter().filter(is_browser).collect()
}

/// Renderer processes below this process.
pub fn renderers(root: u32) -> Vec<u32> {
    running(root, "--type=renderer")
}

/// Processes below this process that have `part` in their command line.
pub fn running(root: u32, part: &str) -> Vec<u32> {
    descendants(root).into_iter().filter(|pid| has(*pid, part)).collect()
}

fn has(pid: u32, part: &str) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.windows(part.len()).any(|window| window == part.as_bytes())
}

/// Whether a process runs.
pub fn is_alive(pid: u32) -> bool {
    parent(pid).is_some()
}

/// The user id a process runs under; 0 when it is gone.
pub fn uid(pid: u32) -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(format!("/proc/{pid}")).map_or(0, |about| about.uid())
}

/// Kills a process with SIGKILL, as the kernel does when memory is short.
pub fn kill(pid: u32) {
    signal(pid, Signal::KILL);
}

/// Sends a signal.
pub fn signal(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), signal); // the process may be gone already
}

/// Names of the entries of a folder; empty when the folder is gone.
pub fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn all() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    (fields.next()? != "Z").then_some(())?;
    fields.next()?.parse().ok()
}

/// Memory of the processes below this one that they would free by ending, in bytes: private memory, and memory shared
/// among them.
pub fn resident(root: u32) -> u64 {
    descendants(root).into_iter().map(proportional).sum()
}

/// Memory of one process in bytes, with shared memory counted in proportion (PSS).
pub fn proportional(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Private memory of one process in bytes: its program, which other processes may share, is not counted.
pub fn own_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// The peak memory of a process since [`forget_peak`], in bytes.
pub fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Resets the peak memory of a process.
pub fn forget_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}

/// Bytes of all files below a folder.
pub fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.flatten().map(of).sum()
}

/// Open descriptors of a process.
pub fn descriptors(pid: u32) -> usize {
    entries(Path::new(&format!("/proc/{pid}/fd"))).len()
}

/// Threads of a process.
pub fn threads(pid: u32) -> usize {
    entries(Path::new(&format!("/proc/{pid}/task"))).len()
}
