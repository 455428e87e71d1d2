//! The state of one connection, and whether it has exceeded a deadline. Pure: every moment is passed in.

use tokio::time::{Duration, Instant};

/// Deadline for the first byte of a new connection, and from the first byte of a head to its last.
pub(super) const HEAD: Duration = Duration::from_secs(10);
/// How long a kept-alive connection may be idle. It is longer than the 60 s of common proxies, which would otherwise
/// send requests into connections that are being closed.
pub(super) const IDLE: Duration = Duration::from_secs(75);
/// The window in which a client must take [`PROGRESS_BYTES`] of what waits for it; otherwise its connection is closed.
pub(super) const PROGRESS: Duration = Duration::from_secs(30);
/// Bytes per [`PROGRESS`], about 2 KiB/s.
const PROGRESS_BYTES: u64 = 64 << 10;
/// A client that takes nothing for this long is stalled: its connection is closed as soon as the waiting reply is
/// outdated.
pub(super) const STALLED: Duration = Duration::from_secs(2);

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Meter {
    phase: Phase,
    /// The progress of writing, while the socket does not take all bytes.
    writing: Option<Writing>,
    /// Bytes of replies that the socket has not taken.
    unread: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing has arrived yet.
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
    /// When the present window began; `written` counts its bytes.
    window: Instant,
    written: u64,
    /// When bytes were last written.
    moved: Instant,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// No request, or no complete head, arrived in time.
    Head,
    /// No request arrived for [`IDLE`].
    Idle,
    /// The client does not read.
    Unread,
}

impl Meter {
    pub(super) fn new(now: Instant) -> Self {
        Self { phase: Phase::Fresh(now), writing: None, unread: 0 }
    }

    /// Records that bytes arrived.
    pub(super) fn read(&mut self, now: Instant) {
        if matches!(self.phase, Phase::Fresh(_) | Phase::Idle(_)) {
            self.phase = Phase::Head(now);
        }
    }

    /// Records that a head is complete.
    pub(super) fn asked(&mut self) {
        self.phase = Phase::Asked;
    }

    /// Records that `bytes` bytes of a reply are on their way.
    pub(super) fn handed(&mut self, bytes: u64) {
        self.unread += bytes;
    }

    /// Records that all of a reply is on its way.
    pub(super) fn replied(&mut self, now: Instant) {
        self.phase = Phase::Idle(now);
    }

    /// Records that the socket took bytes.
    pub(super) fn wrote(&mut self, bytes: u64, now: Instant) {
        self.unread = self.unread.saturating_sub(bytes); // includes the bytes of heads, which `handed` does not count
        if let Some(writing) = &mut self.writing {
            writing.written += bytes;
            writing.moved = now;
        }
        if let Phase::Idle(since) = &mut self.phase {
            *since = now;
        }
    }

    /// Records that the socket takes no bytes now.
    pub(super) fn blocked(&mut self, now: Instant) {
        self.writing.get_or_insert(Writing { window: now, written: 0, moved: now });
    }

    /// Records that the socket has taken everything.
    pub(super) fn drained(&mut self) {
        self.writing = None;
    }

    /// Bytes of replies that the client has not taken.
    pub(super) fn unread(&self) -> u64 {
        self.unread
    }

    /// Whether the client has taken nothing of the waiting bytes for [`STALLED`].
    pub(super) fn is_stalled(&self, now: Instant) -> bool {
        self.writing.is_some_and(|writing| now - writing.moved >= STALLED)
    }

    /// Since when the connection is unused; such connections are closed first where there is no room. `None` while a
    /// request is being answered or its reply is being read.
    pub(super) fn unused_since(&self, now: Instant) -> Option<Instant> {
        match (self.writing, self.phase) {
            (Some(writing), _) => self.is_stalled(now).then_some(writing.moved),
            (None, Phase::Fresh(since) | Phase::Head(since) | Phase::Idle(since)) => Some(since),
            (None, Phase::Asked) => None,
        }
    }

    /// Why the connection is to be closed now, if it is.
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
