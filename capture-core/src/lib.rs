//! Browser sessions as a library: lifecycle, actions, expiry and billing.
//!
//! ```text
//! request ─► dyn Sessions ─► Engine ─► session actor ─► dyn Page ─► Chromium
//! ```
//!
//! An [`Engine`] owns live sessions. Each session is one task that runs its actions one at a time on its own page, ends
//! by itself at its deadline, and is settled in the [`ledger`] exactly once. The crate reads no environment variable
//! and keeps no global state; several engines live in one process.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use capture_core::{Caller, Engine, Sessions, action, browser::simulated::Simulated, session::SessionOptions};
//!
//! let engine = Engine::builder().backend(Simulated::default()).open_to("ann".parse()?).build().await?;
//! let ann = Caller::user("ann".parse()?);
//! let options = SessionOptions::with_ttl(std::time::Duration::from_secs(60));
//! let session = engine.create(ann.clone(), options, None).await?.session;
//! let goto = action::parse(&serde_json::json!({"type": "goto", "payload": {"url": "https://example.com"}}))?;
//! engine.execute(ann.clone(), session.id, goto, None).await?;
//! assert_eq!(engine.close(ann, session.id).await?.billed_credits, Some(1));
//! engine.shutdown(std::time::Duration::ZERO).await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

pub mod account;
pub mod action;
mod action_type;
pub mod actor;
pub mod billing;
#[cfg(feature = "render")]
pub mod block_lists;
pub mod browser;
mod call;
pub mod clock;
#[cfg(feature = "redis")]
pub mod cluster;
pub mod egress;
pub mod engine;
pub mod error;
pub mod event;
pub mod fair;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(feature = "render")]
mod imaging;
pub mod ledger;
mod ledger_error;
pub mod limits;
pub mod render;
pub mod reply;
pub mod session;
pub mod sessions;
pub mod shares;
pub mod strict;
pub mod tasks;
pub mod tls;

pub use self::{
    call::{ActionName, Caller},
    engine::{Engine, EngineBuilder},
    error::{Error, ErrorCode, RunOutcome, SERVER_BUSY},
    limits::Limits,
    reply::{ActionReply, Executed},
    sessions::{Connected, Created, Sessions},
};
