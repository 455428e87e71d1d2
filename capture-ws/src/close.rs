//! Why a channel closes. The code tells the client whether to come back.

/// A close code of the channel. Codes from 4400 to 4499 mean: reconnect; from 4500 to 4999: do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Done.
    Normal,
    /// A frame that breaks the WebSocket protocol.
    Protocol,
    /// Text where bytes are spoken, or the other way round.
    WrongKind,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A frame beyond the bound.
    TooLarge,
    /// The server restarts; come back after up to 5 s.
    Restarting,
    /// Too much to do; come back after 5 s or more.
    Overloaded,
    /// Nothing was heard of the client for too long.
    Heartbeat,
    /// The client reads too slowly; come back and resume.
    SlowConsumer,
    /// Too many attempts from this address.
    TooManyAttempts,
    /// A frame that cannot be decoded.
    BadFrame,
    /// No credential, or one that does not hold.
    Unauthenticated,
    /// Not allowed from this origin, or beyond the ticket's scope.
    Forbidden,
    /// Nobody said hello in time.
    HelloTimeout,
    /// Two requests in flight with one id.
    DuplicateId,
    /// Too many connections of this user.
    TooManyConnections,
    /// A defect of ours.
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
