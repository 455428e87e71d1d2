//! Carries a render out: reserves it, opens a page for it, has the page make the result, and charges it once.
//!
//! A render that is cut off by the end of the process leaves a reservation, which recovery releases unbilled.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::{Instant, timeout, timeout_at},
};

use super::{
    Inner,
    admission::NO_ROOM,
    render_queue::{MAX_WAITING, NoTurn},
};
use crate::{
    account::UserId,
    browser::{BrowserError, IsolationKey, LostReason, Page, PageRequest},
    error::{Error, ErrorCode, RunOutcome},
    ledger::{LedgerError, Purpose, Reservation, ReserveError},
    render::{RenderRequest, Rendered, Rendering},
    session::{SessionId, SessionOptions},
};

/// How long a render may wait until another one of the same user has ended.
const QUEUE: Duration = Duration::from_secs(30);
/// Interval at which a render tries again that waits for renders of other instances, which the limit counts too.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// How long the ledger may take to be told of a charge, with pauses between the attempts.
const CHARGING: Duration = Duration::from_secs(10);
const CHARGE_AGAIN: Duration = Duration::from_millis(250);
/// Number of failed renders of a user that are free within this time, although the document caused them.
pub(super) const FREE_FAILURES: usize = 5;
pub(super) const FREE_FAILURES_WITHIN: Duration = Duration::from_secs(60);
/// How long after its deadline a page that does not end by itself is given up.
const OVERDUE: Duration = Duration::from_secs(1);

/// A render that is reserved: what it is charged to.
struct Reserved {
    id: SessionId,
    price: u64,
}

impl Inner {
    /// Carries out a render as a task of its own, so that a caller who leaves cannot leave it half done.
    pub(super) async fn render(self: &Arc<Self>, user: UserId, request: RenderRequest) -> Result<Rendered, Error> {
        let (done, result) = oneshot::channel();
        let inner = Arc::clone(self);
        self.renders.spawn(async move {
            let _ = done.send(inner.render_now(&user, request).await); // fails when the caller has left
        });
        result.await.unwrap_or_else(|_stopped| {
            Err(Error::new(ErrorCode::Unavailable, "the server stopped during the render")
                .with_outcome(RunOutcome::Unknown))
        })
    }

    async fn render_now(self: &Arc<Self>, user: &UserId, mut request: RenderRequest) -> Result<Rendered, Error> {
        let began = Instant::now();
        let _turn = self.render_queue.take(user, began + QUEUE).await.map_err(|why| self.no_turn(why))?;
        let (options, upstream, warning) = self.page_options(user, &mut request).await?;
        if self.places.available_permits() == 0 {
            return Err(self.full());
        }
        let reserved = self.reserve_render(user, options, began + QUEUE).await?;
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(self.give_back(reserved.id, self.full()).await);
        };
        let started = Instant::now();
        let deadline = started + request.time_limit();
        let page_request = PageRequest { key: IsolationKey::new(user.as_ref()), options, upstream };
        let open_until = deadline.min(started + self.services.limits.open_timeout);
        let page = match self.backend.open(page_request, open_until).await {
            Ok(opened) => opened.page,
            Err(error) => return Err(self.give_back(reserved.id, error.into()).await),
        };
        page.belongs_to(user);
        let made = make(&page, Arc::new(request), deadline).await;
        self.close_page(page, place);
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match made {
            Ok(mut rendering) => {
                rendering.warnings.extend(warning);
                let billed_credits = self.charge_render(&reserved).await?;
                Ok(Rendered { rendering, billed_credits, duration_ms })
            }
            Err(error) => Err(self.failed_render(user, &reserved, error).await),
        }
    }

    fn no_turn(&self, why: NoTurn) -> Error {
        let at_once = self.services.limits.renders_per_user;
        render_limit(match why {
            NoTurn::Full => format!("{at_once} renders of this user are under way and {MAX_WAITING} more wait"),
            NoTurn::Late => {
                let within = QUEUE.as_secs();
                format!("{at_once} renders of this user are under way, and this one had no turn within {within} s")
            }
        })
    }

    /// The options of the page, the user's proxy, and a warning if the second browser was asked for and there is none.
    async fn page_options(
        &self,
        user: &UserId,
        request: &mut RenderRequest,
    ) -> Result<(SessionOptions, Option<crate::egress::Upstream>, Option<String>), Error> {
        if self.draining.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorCode::Busy, "the server is shutting down")
                .with_reason(NO_ROOM)
                .with_retry_after(Duration::from_secs(5)));
        }
        let mut options = SessionOptions {
            proxy: request.proxy,
            bypass_bot_detection: request.bypass_bot_detection,
            ..SessionOptions::with_ttl(request.time_limit())
        };
        let mut warning = None;
        if let Some(option) = self.backend.unsupported(options).filter(|_| options.bypass_bot_detection) {
            options.bypass_bot_detection = false;
            warning = Some(format!("bypassBotDetection is ignored: {option}"));
        }
        let upstream = self.check_options(user, options).await?;
        Ok((options, upstream, warning))
    }

    /// Reserves a render. While the user has as many as allowed, waits until one of them has ended.
    async fn reserve_render(
        &self,
        user: &UserId,
        options: SessionOptions,
        give_up: Instant,
    ) -> Result<Reserved, Error> {
        let limits = &self.services.limits;
        let reserved = Reserved { id: SessionId::new(), price: limits.render_credits };
        loop {
            let reservation = Reservation {
                id: reserved.id,
                user: user.clone(),
                purpose: Purpose::Render,
                options,
                created_at: self.services.clock.now(),
                hold: reserved.price,
                limit: limits.renders_per_user,
            };
            match self.services.ledger.reserve(reservation).await {
                Ok(()) => return Ok(reserved),
                Err(ReserveError::Limit { .. }) if Instant::now() + TRY_AGAIN < give_up => {
                    tokio::time::sleep(TRY_AGAIN).await;
                }
                Err(refused) => return Err(render_refused(refused)),
            }
        }
    }

    /// Charges a render. If the ledger does not answer in time, the result is withheld and the reservation released.
    /// The credits stay charged only if the ledger carried out a charge whose answer was lost.
    async fn charge_render(&self, reserved: &Reserved) -> Result<u64, Error> {
        let give_up = Instant::now() + CHARGING;
        loop {
            let error = match timeout_at(give_up, self.services.ledger.charge(reserved.id, reserved.price)).await {
                Ok(Ok(true)) => return Ok(reserved.price),
                Ok(Ok(false)) => return Ok(0), // this instance was declared dead meanwhile, and its reservations released
                Ok(Err(error)) => error,
                Err(_elapsed) => {
                    let why = format!("it did not answer within {} s", CHARGING.as_secs());
                    LedgerError::new("charge a render", why)
                }
            };
            if Instant::now() + CHARGE_AGAIN >= give_up {
                return Err(self.give_back(reserved.id, Error::from(error).with_outcome(RunOutcome::Executed)).await);
            }
            tokio::time::sleep(CHARGE_AGAIN).await;
        }
    }

    /// The error of a render that was not made. What the page caused is free a few times a minute, then charged, so
    /// that a public link cannot keep browsers working for nothing.
    async fn failed_render(&self, user: &UserId, reserved: &Reserved, error: BrowserError) -> Error {
        if !is_caused_by_page(&error) || self.free_failures.lock().admit(user, Instant::now()).is_ok() {
            return self.give_back(reserved.id, told(error)).await;
        }
        match self.charge_render(reserved).await {
            Ok(charged) => told(error).with_detail("billedCredits", charged),
            Err(_not_charged) => told(error),
        }
    }

    /// Closes the page as a task, which keeps the page's place until the page is gone or its browser is retired.
    fn close_page(&self, page: Arc<dyn Page>, place: OwnedSemaphorePermit) {
        let within = self.services.limits.close_timeout;
        self.background.spawn(async move {
            if timeout(within, page.close()).await.is_err() {
                let within_seconds = within.as_secs();
                tracing::warn!(within_seconds, "the page of a render did not close in time; its browser is retired");
            }
            drop(place);
        });
    }
}

async fn make(page: &Arc<dyn Page>, request: Arc<RenderRequest>, deadline: Instant) -> Result<Rendering, BrowserError> {
    let began = Instant::now();
    let late = || BrowserError::TimedOut {
        message: format!("the render did not end within {} s", began.elapsed().as_secs()),
        details: serde_json::Map::new(),
        outcome: RunOutcome::Unknown,
    };
    // A panic ends this render only, and its reservation is released.
    let panicked = |_panic| Err(BrowserError::Protocol("the render panicked; the log has the place".to_owned()));
    tokio::select! {
        biased;
        made = AssertUnwindSafe(Arc::clone(page).render(request, deadline)).catch_unwind() => {
            made.unwrap_or_else(panicked)
        }
        reason = page.lost() => Err(reason.into()),
        () = tokio::time::sleep_until(deadline + OVERDUE) => Err(late()),
    }
}

/// Whether the document is responsible for the error, and not this server.
fn is_caused_by_page(error: &BrowserError) -> bool {
    match error {
        BrowserError::Failed { .. }
        | BrowserError::Invalid(_)
        | BrowserError::TimedOut { .. }
        | BrowserError::TabGone
        | BrowserError::Lost(LostReason::PageCrashed) => true,
        BrowserError::Lost(LostReason::BrowserExited | LostReason::BrowserHangs)
        | BrowserError::Congested { .. }
        | BrowserError::Busy(_)
        | BrowserError::Unavailable(_)
        | BrowserError::Protocol(_) => false,
    }
}

fn told(error: BrowserError) -> Error {
    match error {
        BrowserError::Lost(reason @ LostReason::PageCrashed) => {
            Error::new(ErrorCode::ActionFailed, format!("nothing was rendered: {reason}"))
                .with_reason("page_crashed")
                .with_outcome(RunOutcome::Unknown)
        }
        BrowserError::Lost(reason) => Error::new(ErrorCode::Unavailable, format!("nothing was rendered: {reason}"))
            .with_outcome(RunOutcome::Unknown)
            .with_retry_after(Duration::from_secs(1)),
        other => other.into(),
    }
}

fn render_limit(message: String) -> Error {
    Error::new(ErrorCode::SessionLimit, message)
        .with_reason("render_limit")
        .with_hint("render fewer documents at once, or try again in a moment")
        .with_retry_after(Duration::from_secs(2))
}

fn render_refused(refused: ReserveError) -> Error {
    match refused {
        ReserveError::UnknownUser => Error::new(ErrorCode::Forbidden, "the account does not exist any more"),
        ReserveError::Disabled => Error::new(ErrorCode::Forbidden, "the account is disabled: nothing can be rendered")
            .with_reason("account_disabled"),
        ReserveError::Credits { needed, available } => {
            let message = format!("credits do not cover a render: {needed} are needed and {available} are available");
            Error::new(ErrorCode::Forbidden, message)
                .with_reason("insufficient_credits")
                .with_detail("neededCredits", needed)
                .with_detail("availableCredits", available)
                .with_hint("ask the operator for credits")
        }
        ReserveError::Limit { active, max, .. } => render_limit(format!(
            "{active} of {max} renders of this user are under way, and none ended within {} s",
            QUEUE.as_secs()
        )),
        ReserveError::Ledger(error) => error.into(),
    }
}
