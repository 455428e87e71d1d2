//! Why a channel closes. The code tells the client whether to reconnect.

/// A close code of the channel. Codes from 4400 to 4499 mean: reconnect; from 4500 to 4999: do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: the conversation is complete.
    Normal,
    /// 1002: a frame that breaks the WebSocket protocol.
    Protocol,
    /// 1003: a text frame where the codec uses binary frames, or the other way round.
    WrongKind,
    /// 1007: text that is not UTF-8.
    NotUtf8,
    /// 1009: a frame that exceeds its limit.
    TooLarge,
    /// 1012: the server restarts; the client reconnects after up to 5 s.
    Restarting,
    /// 1013: the server is overloaded; the client reconnects after 5 s or more.
    Overloaded,
    /// The client sent nothing, not even a pong, for too long.
    Heartbeat,
    /// The client reads too slowly; it reconnects and resumes.
    SlowConsumer,
    /// Too many attempts from this address.
    TooManyAttempts,
    /// A frame that cannot be decoded.
    BadFrame,
    /// The credential is missing or invalid.
    Unauthenticated,
    /// Not allowed from this origin, or beyond the ticket's scope.
    Forbidden,
    /// No `connection.hello` arrived in time.
    HelloTimeout,
    /// Two requests in flight have the same id.
    DuplicateId,
    /// This user has too many connections.
    TooManyConnections,
    /// 1011: a defect of the server.
    Internal,
}

impl CloseCode {
    /// The code on the wire.
    pub fn as_u16(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::WrongKind => 1003,
            Self::NotUtf8 => 1007,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::Restarting => 1012,
            Self::Overloaded => 1013,
            Self::Heartbeat => 4402,
            Self::SlowConsumer => 4408,
            Self::TooManyAttempts => 4429,
            Self::BadFrame => 4500,
            Self::Unauthenticated => 4501,
            Self::Forbidden => 4503,
            Self::HelloTimeout => 4508,
            Self::DuplicateId => 4509,
            Self::TooManyConnections => 4529,
        }
    }

    /// Whether the client should connect again.
    pub fn asks_to_reconnect(self) -> bool {
        matches!(self.as_u16(), 1012 | 1013 | 4400..=4499)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_tells_whether_to_come_back() {
        for code in [CloseCode::Restarting, CloseCode::Overloaded, CloseCode::Heartbeat, CloseCode::SlowConsumer] {
            assert!(code.asks_to_reconnect(), "{code:?}");
        }
        for code in [CloseCode::Normal, CloseCode::BadFrame, CloseCode::Unauthenticated, CloseCode::DuplicateId] {
            assert!(!code.asks_to_reconnect(), "{code:?}");
        }
    }
}
