//! Reads the memory of browsers' processes from `/proc`. Every function blocks for some milliseconds.
//!
//! This module must not know bounds.

use std::{
    collections::{HashMap, HashSet},
    fs,
};

/// A process of a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) pid: u32,
    /// Memory that is not backed by a file, in bytes. Shared memory is counted in each process.
    pub(crate) bytes: u64,
    /// CPU time in ticks of the kernel's clock.
    pub(crate) ticks: u64,
    /// Whether it runs pages.
    pub(crate) is_renderer: bool,
}

/// The processes of these browsers, in one pass for all of them.
pub(crate) fn members(leaders: &HashSet<u32>) -> HashMap<u32, Vec<Member>> {
    let mut found: HashMap<u32, Vec<Member>> = HashMap::new();
    for pid in pids() {
        let Some((leader, ticks)) = group_and_ticks(pid).filter(|(leader, _)| leaders.contains(leader)) else {
            continue;
        };
        let member = Member { pid, bytes: resident_bytes(pid), ticks, is_renderer: is_renderer(pid) };
        found.entry(leader).or_default().push(member);
    }
    found
}

/// Memory of a browser with all its children in bytes, including its files in memory, with shared pages divided among
/// the processes. It is exact, and ten times as expensive as [`members`].
pub(crate) fn proportional_bytes(leader: u32) -> u64 {
    pids().filter(|pid| process_group(*pid) == Some(leader)).map(proportional).sum()
}

/// Whether this process runs pages.
fn is_renderer(pid: u32) -> bool {
    // Chromium rewrites its arguments, separated by spaces.
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| matches!(byte, 0 | b' ')).any(|argument| argument == b"--type=renderer")
}

/// Available memory of the machine in bytes; `None` if the system does not report it.
pub(crate) fn available_bytes() -> Option<u64> {
    let about = fs::read_to_string("/proc/meminfo").ok()?;
    Some(kib(&about, "MemAvailable:") * 1024)
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

fn process_group(pid: u32) -> Option<u32> {
    group_and_ticks(pid).map(|(group, _)| group)
}

/// The process group, and the CPU time in user and kernel mode.
fn group_and_ticks(pid: u32) -> Option<(u32, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(2);
    let group = fields.next()?.parse().ok()?;
    let mut ticks = fields.skip(8).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Some((group, ticks.next()? + ticks.next()?))
}

fn resident_bytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    ["RssAnon:", "RssShmem:"].into_iter().map(|name| kib(&status, name)).sum::<u64>() * 1024
}

fn proportional(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    kib(&rollup, "Pss:") * 1024
}

/// The number after a name; 0 if there is none.
fn kib(lines: &str, name: &str) -> u64 {
    let found = lines.lines().find_map(|line| line.strip_prefix(name));
    found.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_group_is_found_with_its_memory() {
        let ours = std::process::id();
        let leader = process_group(ours).unwrap();
        let members = members(&HashSet::from([leader]));
        let found = members[&leader].iter().find(|member| member.pid == ours).unwrap();
        assert!(found.bytes > 100 << 10 && !found.is_renderer, "{found:?}");
        let worked = tokio::time::Instant::now();
        while group_and_ticks(ours).unwrap().1 == found.ticks {
            assert!(worked.elapsed().as_secs() < 30, "work is counted");
        }
        assert!(proportional_bytes(leader) > 100 << 10);
        assert!(available_bytes().unwrap() > 1 << 20);
    }
}
