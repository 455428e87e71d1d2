//! Estimates which pages are responsible for a browser's memory, from observations of its processes. This module
//! measures and ends nothing itself.
//!
//! A renderer is responsible for its own memory. Memory that the browser and its helper processes hold for pages
//! (blobs, caches, files in memory, pictures) is charged to the renderers that were busy while it grew, since causing
//! it takes work.

use std::collections::HashMap;

use crate::browser::chromium::process::memory::Member;

/// Maximum number of sessions that are ended one after the other before the browser is ended.
const MOST_ENDED: u32 = 3;
/// A renderer is ended only if it has at least this fraction of the browser's memory. If all have little, none is
/// responsible.
const LEAST_PART: u64 = 16;
/// Growth in bytes between two observations that leaves no time to wait for the effect of an end.
const RUNAWAY: u64 = 256 << 20;

/// What is known about one browser from its observations.
#[derive(Debug, Default)]
pub(crate) struct Charges {
    renderers: HashMap<u32, Renderer>,
    /// Memory of processes that run no pages.
    helpers: u64,
    total: u64,
    /// Growth since the previous observation.
    grown: u64,
    seen: bool,
    ended: u32,
    /// Whether a renderer was ended at the last observation.
    waits: bool,
}

#[derive(Debug, Default)]
struct Renderer {
    bytes: u64,
    ticks: u64,
    /// Estimated memory that the helpers hold for this renderer.
    caused: u64,
}

/// What to do with a browser that uses too much memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sentence {
    /// Wait until a renderer that was ended has released its memory.
    Wait,
    /// End this renderer, which holds or caused this many bytes.
    End { pid: u32, bytes: u64 },
    /// End the browser, because no page is responsible or ending pages did not help.
    EndBrowser,
}

impl Charges {
    /// Records an observation of a browser's processes.
    pub(crate) fn look(&mut self, members: &[Member]) {
        let helpers: u64 = members.iter().filter(|member| !member.is_renderer).map(|member| member.bytes).sum();
        let total: u64 = members.iter().map(|member| member.bytes).sum();
        let before = std::mem::take(&mut self.renderers);
        let mut worked = HashMap::new();
        for member in members.iter().filter(|member| member.is_renderer) {
            let known = before.get(&member.pid);
            worked.insert(member.pid, member.ticks - known.map_or(0, |known| known.ticks.min(member.ticks)));
            let caused = known.map_or(0, |known| known.caused);
            self.renderers.insert(member.pid, Renderer { bytes: member.bytes, ticks: member.ticks, caused });
        }
        if self.seen {
            self.charge(&worked, helpers);
        }
        self.grown = if self.seen { total.saturating_sub(self.total) } else { 0 };
        (self.helpers, self.total, self.seen) = (helpers, total, true);
    }

    /// Distributes the change of the helpers' memory.
    fn charge(&mut self, worked: &HashMap<u32, u64>, helpers: u64) {
        let all: u64 = worked.values().sum();
        let more = helpers.saturating_sub(self.helpers);
        for (pid, renderer) in &mut self.renderers {
            if helpers < self.helpers {
                renderer.caused = part(renderer.caused, helpers, self.helpers);
            } else if all > 0 {
                renderer.caused += part(more, worked.get(pid).copied().unwrap_or(0), all);
            }
        }
    }

    /// Records that the browser is within its bound.
    pub(crate) fn acquit(&mut self) {
        (self.ended, self.waits) = (0, false);
    }

    /// Decides about a browser that is above its bound.
    pub(crate) fn judge(&mut self) -> Sentence {
        if self.waits && self.grown < RUNAWAY {
            self.waits = false;
            return Sentence::Wait;
        }
        let blamed = self.renderers.iter().map(|(pid, renderer)| (renderer.bytes + renderer.caused, *pid)).max();
        match blamed {
            Some((bytes, pid)) if self.ended < MOST_ENDED && bytes >= self.total / LEAST_PART => {
                self.ended += 1;
                self.waits = true;
                Sentence::End { pid, bytes }
            }
            _ => Sentence::EndBrowser,
        }
    }
}

/// `of` × `some` / `all`, without overflow.
fn part(of: u64, some: u64, all: u64) -> u64 {
    let part = u128::from(of) * u128::from(some) / u128::from(all.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// The browser (pid 1) and its pages, each with MiB and ticks of work.
    fn members(browser: u64, pages: &[(u32, u64, u64)]) -> Vec<Member> {
        let page = |&(pid, mib, ticks): &(u32, u64, u64)| Member { pid, bytes: mib * MIB, ticks, is_renderer: true };
        let browser = Member { pid: 1, bytes: browser * MIB, ticks: 1_000, is_renderer: false };
        std::iter::once(browser).chain(pages.iter().map(page)).collect()
    }

    fn end(pid: u32, mib: u64) -> Sentence {
        Sentence::End { pid, bytes: mib * MIB }
    }

    #[test]
    fn what_the_browser_holds_is_charged_to_who_worked_while_it_grew() {
        let mut charges = Charges::default();
        charges.look(&members(100, &[(2, 200, 500), (3, 50, 10)]));
        charges.look(&members(500, &[(2, 200, 500), (3, 60, 90)]));
        charges.look(&members(900, &[(2, 200, 510), (3, 60, 180)]));
        assert_eq!(charges.judge(), end(3, 60 + 400 + 360), "not the largest page, which was idle");
    }

    #[test]
    fn what_a_page_holds_itself_counts_as_well() {
        let mut charges = Charges::default();
        charges.look(&members(100, &[(2, 50, 10), (3, 50, 10)]));
        charges.look(&members(150, &[(2, 900, 20), (3, 50, 60)]));
        assert!(matches!(charges.judge(), Sentence::End { pid: 2, .. }));
    }

    #[test]
    fn memory_that_was_given_back_is_charged_to_nobody() {
        let mut charges = Charges::default();
        charges.look(&members(100, &[(2, 300, 0), (3, 50, 0)]));
        charges.look(&members(1_100, &[(2, 300, 0), (3, 50, 50)]));
        charges.look(&members(110, &[(2, 300, 0), (3, 50, 50)]));
        assert_eq!(charges.judge(), end(2, 300));
    }

    #[test]
    fn an_end_is_waited_for_and_after_some_the_browser_ends() {
        let mut charges = Charges::default();
        let crowd: Vec<(u32, u64, u64)> = (2..9).map(|pid| (pid, 200 + u64::from(pid), 0)).collect();
        let mut look = |gone: usize| {
            charges.look(&members(100, crowd.get(..crowd.len() - gone).unwrap()));
            charges.judge()
        };
        let sentences: Vec<Sentence> = [0, 1, 1, 2, 2, 3, 3].into_iter().map(&mut look).collect();
        let expected = [end(8, 208), Sentence::Wait, end(7, 207), Sentence::Wait, end(6, 206), Sentence::Wait];
        assert_eq!(sentences, [&expected[..], &[Sentence::EndBrowser]].concat());
        charges.acquit();
        assert_eq!(charges.judge(), end(5, 205));
    }

    #[test]
    fn a_browser_that_grows_on_is_not_waited_for() {
        let mut charges = Charges::default();
        charges.look(&members(100, &[(2, 300, 0), (3, 250, 0)]));
        assert_eq!(charges.judge(), end(2, 300));
        charges.look(&members(100, &[(3, 900, 0)]));
        assert_eq!(charges.judge(), end(3, 900));
    }

    #[test]
    fn where_nobody_is_to_blame_the_browser_ends() {
        let mut charges = Charges::default();
        charges.look(&members(4_000, &[(2, 30, 0), (3, 40, 0)]));
        assert_eq!(charges.judge(), Sentence::EndBrowser);
        assert_eq!(Charges::default().judge(), Sentence::EndBrowser);
    }
}
