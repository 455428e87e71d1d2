//! Pictures of the active tab as it changes. The browser makes the next one when the one before was taken.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use serde::Deserialize;
use tokio::sync::watch;

use super::{
    cdp::{CdpSession, Event, SessionKey, commands},
    page::ChromiumPage,
    tabs::Tabs,
};
use crate::browser::{Screencast, ViewFrame};

/// The newest picture the browser told of, as it told it.
pub(super) type Pictures = Arc<watch::Sender<Option<Event>>>;

pub(super) const FRAME: &str = "Page.screencastFrame";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    data: String,
    metadata: Metadata,
    /// What it is acknowledged with.
    session_id: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// Of what is shown, in CSS pixels.
    device_width: f64,
}

/// A screencast under way, of whichever tab is active.
struct Running {
    settings: Screencast,
    tabs: watch::Receiver<Tabs>,
    pictures: watch::Receiver<Option<Event>>,
    of: Option<(SessionKey, CdpSession)>,
    taken: Option<i64>,
}

pub(super) fn run(page: &ChromiumPage, settings: Screencast) -> BoxStream<'static, ViewFrame> {
    let (tabs, pictures) = (page.tabs.subscribe(), page.pictures.subscribe());
    let running = Running { settings, tabs, pictures, of: None, taken: None };
    futures::stream::unfold(running, async |mut running| running.next().await.map(|frame| (frame, running))).boxed()
}

impl Running {
    async fn next(&mut self) -> Option<ViewFrame> {
        loop {
            self.go_on()?;
            let of = self.of.as_ref().map(|(key, _)| key.clone());
            let mut tabs = self.tabs.clone();
            tokio::select! {
                told = self.pictures.changed() => {
                    told.ok()?;
                    if let Some(frame) = self.take() {
                        return Some(frame);
                    }
                }
                _ = tabs.wait_for(|tabs| tabs.lost.is_some() || tabs.active().map(|tab| &tab.key) != of.as_ref()) => {}
            }
        }
    }

    /// Asks for the next picture of the active tab; `None` when there is no tab any more.
    fn go_on(&mut self) -> Option<()> {
        let active = {
            let tabs = self.tabs.borrow();
            let active = tabs.active().filter(|_| tabs.lost.is_none())?;
            (active.key.clone(), active.session.clone())
        };
        if self.of.as_ref().is_none_or(|(key, _)| *key != active.0) {
            self.stop();
            self.pictures.mark_unchanged();
            drop(active.1.send(&commands::start_screencast(self.settings)));
            self.of = Some(active);
        } else if let Some(taken) = self.taken.take() {
            drop(active.1.send(&commands::acknowledge_screencast(taken)));
        }
        Some(())
    }

    /// The picture that was told of, if it is one of the tab that is watched.
    fn take(&mut self) -> Option<ViewFrame> {
        let event = self.pictures.borrow_and_update().clone()?;
        let (key, _) = self.of.as_ref()?;
        if event.session != *key {
            return None;
        }
        let Frame { data, metadata, session_id } = event.decode()?;
        self.taken = Some(session_id);
        picture(&data, &metadata)
    }

    fn stop(&mut self) {
        if let Some((_, session)) = self.of.take() {
            drop(session.send(&commands::stop_screencast()));
        }
        self.taken = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn picture(data: &str, metadata: &Metadata) -> Option<ViewFrame> {
    let body = Bytes::from(STANDARD.decode(data).ok()?);
    let size = imagesize::blob_size(&body).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    let scale = if metadata.device_width > 0.0 { f64::from(width) / metadata.device_width } else { 1.0 };
    Some(ViewFrame { body, width, height, scale })
}
