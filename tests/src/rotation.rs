//! Selects the part of a long list that a short run tries; the part changes every day.

use crate::long;

/// All items in a long run, otherwise one of `parts` parts: another one every day, unless `CAPTURE_PART` names it.
/// Short lists have fewer parts, so that at least one item is tried. The number of skipped items is printed, and
/// repeated by `make test`.
#[expect(clippy::print_stdout, reason = "`make test` repeats what was skipped")]
pub fn tried_today<T>(all: Vec<T>, parts: usize, name: impl Fn(&T) -> &str) -> Vec<T> {
    if long() || all.is_empty() {
        return all;
    }
    let parts = parts.min(all.len());
    let part = part_of_today() % parts;
    let (tried, skipped): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(at, _)| at % parts == part);
    let skipped: Vec<&str> = skipped.iter().map(|(_, one)| name(one)).collect();
    println!("CAPTURE_PART={part} of {parts}: skipped today, and tried by `make long`: {}", skipped.join("; "));
    tried.into_iter().map(|(_, one)| one).collect()
}

fn part_of_today() -> usize {
    let named = std::env::var_os("CAPTURE_PART").and_then(|part| part.to_str()?.parse().ok());
    let days = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() / 86_400);
    named.unwrap_or_else(|| usize::try_from(days).unwrap_or_default())
}
