//! When a notification that failed is sent again: five times within an hour, with growing pauses.

use std::time::Duration;

const PAUSES: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
];

/// The pause after so many attempts that failed; `None` when there were enough.
pub(super) fn pause_after(attempts: u32) -> Option<Duration> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    PAUSES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_within_an_hour() {
        let pauses: Vec<_> = (1..10).map_while(pause_after).collect();
        assert_eq!(pauses.len(), 5);
        assert!(pauses.is_sorted());
        let tries = Duration::from_secs(10) * 6;
        assert!(pauses.iter().sum::<Duration>() + tries < Duration::from_secs(3600));
        assert_eq!(pause_after(0), None);
    }
}
