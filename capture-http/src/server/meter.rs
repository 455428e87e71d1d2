//! What one connection is doing, and whether it has taken too long for it. Pure: every moment is given.

use tokio::time::{Duration, Instant};

/// Until the first byte of a new connection, and from the first byte of a head to its last.
pub(super) const HEAD: Duration = Duration::from_secs(10);
/// How long a kept-alive connection may be idle: longer than the 60 s for which common proxies keep theirs, or they
/// would send requests into connections that are being closed.
pub(super) const IDLE: Duration = Duration::from_secs(75);
/// In each of these a client takes [`PROGRESS_BYTES`] of what waits for it, or it is closed.
pub(super) const PROGRESS: Duration = Duration::from_secs(30);
/// About 2 KiB a second.
const PROGRESS_BYTES: u64 = 64 << 10;
/// A client that takes nothing for this long is stalled: it is closed once what it was to read is of no use.
pub(super) const STALLED: Duration = Duration::from_secs(2);

/// One connection.
#[derive(Debug)]
pub(super) struct Meter {
    phase: Phase,
    /// Since when, as long as the socket takes no more.
    writing: Option<Writing>,
    /// Bytes of replies that the socket has not taken.
    unread: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was sent yet.
    Fresh(Instant),
    /// A head has begun.
    Head(Instant),
    /// A request is being answered.
    Asked,
    /// A reply has ended.
    Idle(Instant),
}

#[derive(Debug, Clone, Copy)]
struct Writing {
    /// When the present window began, and what was written in it.
    window: Instant,
    written: u64,
    /// When something was written last.
    moved: Instant,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Nothing came, or no head to its end.
    Head,
    /// Nothing was asked for a while.
    Idle,
    /// The client does not read.
    Unread,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self { phase: Phase::Fresh(now), writing: None, unread: 0 }
    }

    /// Bytes came.
    pub(super) fn read(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Fresh(_) | Phase::Idle(_)) {
            self.phase = Phase::Head(now);
        }
    }

    /// A head was complete.
    pub(super) fn asked(&mut self) {
        self.phase = Phase::Asked;
    }

    /// So many bytes of a reply are on their way.
    pub(super) fn handed(&mut self, bytes: u64) {
        self.unread += bytes;
    }

    /// All of a reply is on its way.
    pub(super) fn replied(&mut self, now: Instant) {
        self.phase = Phase::Idle(now);
    }

    /// The socket took bytes.
    pub(super) fn wrote(&mut self, bytes: u64, now: Instant) {
        self.unread = self.unread.saturating_sub(bytes); // heads are among them, and never counted
        if let Some(writing) = &mut self.writing {
            writing.written += bytes;
            writing.moved = now;
        }
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// The socket takes nothing now.
    pub(super) fn blocked(&mut self, now: Instant) {
        self.writing.get_or_insert(Writing { window: now, written: 0, moved: now });
    }

    /// The socket has taken everything.
    pub(super) fn drained(&mut self) {
        self.writing = None;
    }

    /// Bytes of replies that the client has not taken.
    pub(super) fn unread(&self) -> u64 {
        self.unread
    }

    /// Whether nothing was taken of what waits, for so long.
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        self.writing.is_some_and(|writing| now - writing.moved >= STALLED)
    }

    /// Since when nobody waits for it: what gives way first where there is no room. `None` while it works.
    pub(super) fn unused_since(&self, now: Instant) -> Option<Instant> {
        match (self.writing, self.phase) {
            (Some(writing), _) => self.is_stalled(now).then_some(writing.moved),
            (None, Phase::Fresh(since) | Phase::Head(since) | Phase::Idle(since)) => Some(since),
            (None, Phase::Asked) => None,
        }
    }

    /// Whether it is to be closed now.
    pub(super) fn judge(&mut self, now: Instant) -> Option<Overdue> {
        if let Some(writing) = &mut self.writing {
            if now - writing.window < PROGRESS {
                return None;
            }
            let slow = writing.written < PROGRESS_BYTES;
            (writing.window, writing.written) = (now, 0);
            return slow.then_some(Overdue::Unread);
        }
        match self.phase {
            Phase::Fresh(since) | Phase::Head(since) if now - since >= HEAD => Some(Overdue::Head),
            Phase::Idle(since) if now - since >= IDLE => Some(Overdue::Idle),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_head_has_ten_seconds_from_its_first_byte_and_an_idle_connection_75() {
        let begun = Instant::now();
        let mut meter = Meter::new(begun);
        assert_eq!((meter.judge(begun + HEAD - SECOND), meter.judge(begun + HEAD)), (None, Some(Overdue::Head)));
        meter.read(begun + SECOND * 9);
        assert_eq!(meter.judge(begun + SECOND * 18), None);
        meter.read(begun + SECOND * 18);
        assert_eq!(meter.judge(begun + SECOND * 19), Some(Overdue::Head), "further bytes are no further time");
        meter.asked();
        assert_eq!(meter.judge(begun + SECOND * 500), None, "the handler has its own deadlines");
        let replied = begun + SECOND * 500;
        meter.replied(replied);
        assert_eq!((meter.judge(replied + IDLE - SECOND), meter.judge(replied + IDLE)), (None, Some(Overdue::Idle)));
    }

    #[test]
    fn a_client_that_takes_too_little_is_overdue_and_a_slow_one_is_not() {
        let begun = Instant::now();
        for (each, expected) in [(1, Some(Overdue::Unread)), (PROGRESS_BYTES / 30 + 1, None)] {
            let mut meter = Meter::new(begun);
            meter.asked();
            meter.handed(100 << 20);
            meter.replied(begun);
            meter.blocked(begun);
            for at in 0..30 {
                assert_eq!(meter.judge(begun + SECOND * at), None);
                meter.wrote(each, begun + SECOND * at);
                meter.blocked(begun + SECOND * at);
            }
            assert_eq!(meter.judge(begun + PROGRESS), expected, "{each} bytes a second");
            assert_eq!(meter.unread(), (100 << 20) - 30 * each);
        }
    }

    #[test]
    fn only_what_nobody_works_on_can_give_way() {
        let begun = Instant::now();
        let mut meter = Meter::new(begun);
        assert_eq!(meter.unused_since(begun), Some(begun));
        meter.asked();
        assert_eq!(meter.unused_since(begun + HEAD), None);
        meter.blocked(begun);
        assert_eq!((meter.unused_since(begun + SECOND), meter.unused_since(begun + STALLED)), (None, Some(begun)));
        meter.drained();
        assert_eq!(meter.unused_since(begun + STALLED), None);
    }
}
