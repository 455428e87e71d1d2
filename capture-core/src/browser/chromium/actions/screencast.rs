//! Pictures of the active tab as it changes.
//!
//! The browser sends two pictures and then none until they are acknowledged; each must be acknowledged once. If the
//! page stops changing meanwhile, its last state would never be sent. The screencast is therefore restarted when
//! pictures may have been left out and none follows.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{StreamExt, stream::BoxStream};
use serde::Deserialize;
use tokio::{sync::watch, time::Duration};

use crate::browser::{
    Screencast, ViewFrame,
    chromium::{
        cdp::{CdpSession, SessionKey, commands},
        page::{chromium_page::ChromiumPage, pictures::PicturesSeen, tabs::Tabs},
    },
};

/// Number of pictures that the browser sends without an acknowledgement.
const AHEAD: u64 = 2;
/// A page that changes sends its next picture sooner than this.
const STANDS_STILL: Duration = Duration::from_millis(150);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    data: String,
    metadata: Metadata,
    /// The number with which it is acknowledged, which is equal for all pictures of one screencast.
    session_id: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    /// Width in CSS pixels of what is shown.
    device_width: f64,
}

/// A running screencast of the active tab.
struct Running {
    settings: Screencast,
    tabs: watch::Receiver<Tabs>,
    told: watch::Receiver<PicturesSeen>,
    of: Option<(SessionKey, CdpSession)>,
    /// The number with which pictures of this screencast are acknowledged, once one has arrived.
    number: Option<i64>,
    /// Number of pictures that had arrived at the last acknowledgement.
    acknowledged: u64,
    /// Whether pictures may have been left out since the last one that was taken.
    may_be_stale: bool,
}

pub(crate) fn run(page: &ChromiumPage, settings: Screencast) -> BoxStream<'static, ViewFrame> {
    let (tabs, told) = (page.tabs.subscribe(), page.pictures.subscribe());
    let running = Running { settings, tabs, told, of: None, number: None, acknowledged: 0, may_be_stale: false };
    futures::stream::unfold(running, async |mut running| running.next().await.map(|frame| (frame, running))).boxed()
}

impl Running {
    async fn next(&mut self) -> Option<ViewFrame> {
        loop {
            self.go_on()?;
            let of = self.of.as_ref().map(|(key, _)| key.clone());
            let mut tabs = self.tabs.clone();
            tokio::select! {
                told = self.told.changed() => {
                    told.ok()?;
                    if let Some(frame) = self.take() {
                        return Some(frame);
                    }
                }
                _ = tabs.wait_for(|tabs| tabs.lost.is_some() || tabs.active().map(|tab| &tab.key) != of.as_ref()) => {}
                () = tokio::time::sleep(STANDS_STILL), if self.may_be_stale => self.stop(),
            }
        }
    }

    /// Requests the next picture of the active tab; `None` when there is no tab any more.
    fn go_on(&mut self) -> Option<()> {
        let active = {
            let tabs = self.tabs.borrow();
            let active = tabs.active().filter(|_| tabs.lost.is_none())?;
            (active.key.clone(), active.session.clone())
        };
        if self.of.as_ref().is_none_or(|(key, _)| *key != active.0) {
            self.stop();
            self.told.mark_unchanged();
            self.acknowledged = self.told.borrow().count;
            drop(active.1.send(&commands::start_screencast(self.settings)));
            self.of = Some(active);
        } else {
            self.acknowledge(&active.1);
        }
        Some(())
    }

    fn acknowledge(&mut self, session: &CdpSession) {
        let Some(number) = self.number else { return };
        let count = self.told.borrow().count;
        let open = count - self.acknowledged;
        for _ in 0..open {
            drop(session.send(&commands::acknowledge_screencast(number)));
        }
        self.may_be_stale |= open >= AHEAD;
        self.acknowledged = count;
    }

    /// The picture that arrived, if it belongs to the watched tab.
    fn take(&mut self) -> Option<ViewFrame> {
        let (count, event) = {
            let told = self.told.borrow_and_update();
            (told.count, told.newest.clone()?)
        };
        let (key, _) = self.of.as_ref()?;
        if event.session != *key {
            return None;
        }
        let Frame { data, metadata, session_id } = event.decode()?;
        self.number = Some(session_id);
        if count > self.acknowledged {
            self.may_be_stale = false;
        }
        picture(&data, &metadata)
    }

    fn stop(&mut self) {
        if let Some((_, session)) = self.of.take() {
            drop(session.send(&commands::stop_screencast()));
        }
        (self.number, self.may_be_stale) = (None, false);
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
