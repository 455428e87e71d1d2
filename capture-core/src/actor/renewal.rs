//! Renews the deadline of a session. One request is handled at a time, and it is granted once the ledger holds its
//! credits.

use std::sync::Arc;

use futures::FutureExt;
use tokio::{sync::oneshot, time::Duration};

use super::task::{Actor, Renewing};
use crate::{
    error::{Error, ErrorCode},
    event::{EventKind, SessionRenewed},
    ledger::ExtendError,
    session::SessionView,
};

impl Actor {
    pub(super) fn renew(&mut self, ttl: Duration, reply: oneshot::Sender<Result<SessionView, Error>>) {
        let granted = self.lifecycle.renewal(self.services.clock.now(), ttl, self.services.limits.max_ttl);
        let refusal = match granted {
            Ok(_) if self.renewing.is_some() => {
                Error::new(ErrorCode::Busy, "another renewal of this session is under way")
            }
            Ok(expires_at) => {
                let ledger = Arc::clone(&self.services.ledger);
                let (id, hold) = (self.publish.borrow().id, self.lifecycle.hold_until(expires_at));
                let extended = async move { ledger.extend(id, expires_at, hold).await }.boxed();
                self.renewing = Some(Renewing { expires_at, reply, extended });
                return;
            }
            Err(beyond) => Error::invalid(format!("maxTtlSeconds is too long: {beyond}"))
                .with_detail("longestSeconds", beyond.longest_seconds),
        };
        let _ = reply.send(Err(refusal.with_session(self.view()))); // fails when the caller has left
    }

    pub(super) fn extended(&mut self, result: Result<(), ExtendError>) {
        let Some(renewing) = self.renewing.take() else { return };
        let answer = match result {
            Ok(()) => {
                self.lifecycle.renew(renewing.expires_at);
                let renewed = SessionRenewed { expires_at: renewing.expires_at };
                self.log.append(EventKind::SessionRenewed(renewed));
                Ok(self.publish_view())
            }
            Err(refused) => Err(Error::from(refused).with_session(self.view())),
        };
        let _ = renewing.reply.send(answer); // fails when the caller has left
    }
}
