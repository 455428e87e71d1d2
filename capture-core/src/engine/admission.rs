//! Creates sessions: checks whether the user may have one and whether there is room, and creates at most one per
//! idempotency key.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use super::{
    Inner,
    creates::{Begun, Creating},
};
use crate::{
    account::UserId,
    actor::{self, Opened},
    billing,
    browser::{IsolationKey, PageRequest, UnsupportedOption},
    egress::{BLOCKED_REASON, Upstream},
    error::{Error, ErrorCode},
    ledger::{Purpose, Reservation, ReserveError},
    session::{Keyed, Lifecycle, SessionId, SessionOptions, SessionView},
};

/// Maximum number of concurrent creates, divided among users, so that those of one user cannot keep the ledger and the
/// browsers from other users.
pub(super) const MAX_UNDER_WAY: usize = 64;

/// Reason of the error for a create that another instance may be able to carry out.
pub(crate) const NO_ROOM: &str = "no_room";

impl Inner {
    /// Starts a create as a task of its own, so that a caller who leaves cannot leave it half done. If its key belongs
    /// to an earlier create, joins that one and reports so.
    pub(super) fn begin_create(
        self: &Arc<Self>,
        user: UserId,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> Result<(Creating, bool), Error> {
        let (done, creating) = watch::channel(None);
        let remembered = match keyed.map(|keyed| self.creates.lock().begin(&user, keyed, &creating)) {
            None => None,
            Some(Begun::New(held)) => Some(held),
            Some(Begun::Earlier(earlier)) => return Ok((earlier, true)),
            Some(Begun::Conflict) => {
                return Err(Error::invalid("this Idempotency-Key was used for another create request"));
            }
        };
        let inner = Arc::clone(self);
        self.background.spawn(async move {
            let result = inner.create(&user, options).await.map_err(Arc::new);
            if let (Some(held), Err(_)) = (remembered, &result) {
                inner.creates.lock().forget(&user, held);
            }
            done.send_replace(Some(result));
        });
        Ok((creating, false))
    }

    async fn create(self: &Arc<Self>, user: &UserId, options: SessionOptions) -> Result<SessionView, Error> {
        let limits = &self.services.limits;
        let deadline = Instant::now() + limits.open_timeout;
        let Ok(_turn) = timeout_at(deadline, self.under_way.take(user)).await else { return Err(self.crowded()) };
        if self.draining.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorCode::Busy, "the server is shutting down")
                .with_reason(NO_ROOM)
                .with_hint("create the session on another server, or retry when this one is back")
                .with_retry_after(Duration::from_secs(5)));
        }
        let upstream = self.check_options(user, options).await?;
        if self.places.available_permits() == 0 {
            return Err(self.full());
        }
        let id = SessionId::new();
        let created_at = self.services.clock.now();
        let reservation = Reservation {
            id,
            user: user.clone(),
            purpose: Purpose::Session,
            options,
            created_at,
            hold: billing::hold_for(options.max_ttl()),
            limit: limits.sessions_per_user,
        };
        self.services.ledger.reserve(reservation).await.map_err(|refused| self.refused(refused))?;
        // Places are taken after the reservation, so that a create that the ledger refuses takes no place from users
        // who can pay.
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(self.give_back(id, self.full()).await);
        };
        let request = PageRequest { key: IsolationKey::new(user.as_ref()), options, upstream };
        let page = match self.backend.open(request, deadline).await {
            Ok(page) => page,
            Err(fault) => return Err(self.give_back(id, fault.into()).await),
        };
        page.page.belongs_to(user);
        let lifecycle = Lifecycle::start(id, options, created_at, self.services.clock.now());
        if let Err(error) = self.services.ledger.activate(lifecycle.view()).await {
            page.page.close().await;
            return Err(self.give_back(id, error.into()).await);
        }
        tracing::info!(session.id = %id, user.id = %user, max_ttl_seconds = options.max_ttl_seconds, "session started");
        let inner = Arc::downgrade(self);
        let opened = Opened { user: user.clone(), lifecycle, page, place };
        let handle = actor::start(opened, &self.services, move |handle| {
            let Some(inner) = inner.upgrade() else { return };
            inner.ended.lock().remember(handle);
            inner.live.remove(&handle.id);
        });
        let view = handle.view();
        self.live.insert(id, handle.clone());
        if !handle.view().is_active() {
            self.live.remove(&id); // the session ended before it was registered
        }
        Ok(view)
    }

    /// Checks the options that only this engine can judge. Returns the user's proxy, if the options request it.
    pub(super) async fn check_options(
        &self,
        user: &UserId,
        options: SessionOptions,
    ) -> Result<Option<Upstream>, Error> {
        match self.backend.unsupported(options) {
            Some(option @ UnsupportedOption::Bypass) => {
                return Err(Error::new(ErrorCode::Unavailable, option.to_string()).with_hint("leave the option out"));
            }
            Some(option @ UnsupportedOption::BypassThroughProxy) => {
                return Err(Error::invalid(option.to_string()).with_hint("leave one of them out"));
            }
            None => {}
        }
        if !options.proxy {
            return Ok(None);
        }
        let account = self.accounts.account(user).await?;
        let Some(proxy) = account.and_then(|account| account.proxy) else {
            return Err(Error::invalid("proxy is true, but no proxy is configured for this user")
                .with_hint("leave proxy out, or have the operator set one: capture user proxy NAME URL"));
        };
        let upstream = Upstream::parse(&proxy).map_err(|error| {
            Error::invalid(format!("the proxy configured for this user cannot be used: {error}"))
                .with_hint("have the operator set another: capture user proxy NAME URL")
        })?;
        self.backend.judge_upstream(&upstream).map_err(|why| {
            Error::invalid(format!("the proxy configured for this user may not be used: {why}"))
                .with_reason(BLOCKED_REASON)
                .with_hint("have the operator set another, or allow its address: egress-allow")
        })?;
        Ok(Some(upstream))
    }

    pub(super) fn full(&self) -> Error {
        let most = self.services.limits.max_sessions;
        Error::new(ErrorCode::Busy, format!("no browser capacity: all {most} places for sessions are taken"))
            .with_reason(NO_ROOM)
            .with_hint("close a session, or try again when one has expired")
            .with_retry_after(Duration::from_secs(5))
    }

    pub(super) fn crowded(&self) -> Error {
        let waited = self.services.limits.open_timeout.as_secs();
        Error::new(ErrorCode::Busy, format!("too many sessions are being opened: no turn came within {waited} s"))
            .with_reason("too_many_creates")
            .with_hint("create fewer sessions at once, or try again in a moment")
            .with_retry_after(Duration::from_secs(2))
    }

    /// Releases the reservation of a session whose browser never started; it is not billed.
    pub(super) async fn give_back(&self, id: SessionId, error: Error) -> Error {
        if let Err(error) = self.services.ledger.release(id).await {
            tracing::error!(session.id = %id, %error, "reservation not released; the next start's recovery will");
        }
        error
    }

    fn refused(&self, refused: ReserveError) -> Error {
        match refused {
            ReserveError::UnknownUser => Error::new(ErrorCode::Forbidden, "the account does not exist any more"),
            ReserveError::Disabled => {
                Error::new(ErrorCode::Forbidden, "the account is disabled: sessions cannot be created")
                    .with_reason("account_disabled")
            }
            ReserveError::Credits { needed, available } => credits_error(needed, available),
            ReserveError::Limit { active, max, first_expires_at } => {
                let wait = first_expires_at.map(|at| at.since(self.services.clock.now())).unwrap_or_default();
                let seconds = wait.as_secs() + 1;
                Error::new(ErrorCode::SessionLimit, format!("{active} of {max} sessions are active"))
                    .with_detail("activeSessionCount", active)
                    .with_detail("maxConcurrentSessions", max)
                    .with_retry_after(Duration::from_secs(seconds))
                    .with_hint(format!("close a session, or wait {seconds} s until the first of them expires"))
            }
            ReserveError::Ledger(error) => error.into(),
        }
    }
}

fn credits_error(needed: u64, available: u64) -> Error {
    let covered = billing::seconds_covered(available);
    let hint = match covered {
        0 => "ask the operator for credits".to_owned(),
        _ => format!("ask for at most maxTtlSeconds {covered}, or ask the operator for credits"),
    };
    let message = format!(
        "credits do not cover this session: {needed} are needed and {available} are available, which cover {covered} s"
    );
    Error::new(ErrorCode::Forbidden, message)
        .with_reason("insufficient_credits")
        .with_detail("neededCredits", needed)
        .with_detail("availableCredits", available)
        .with_detail("longestTtlSeconds", covered)
        .with_hint(hint)
}
