//! Refuses the consent dialogues of a page with the script and the rules of autoconsent, in all of its frames.
//!
//! The script clicks as a visitor would who does not consent; where that is not possible it hides what is only a
//! notice. This module owns when it is done. It must not know what is made of the page.

mod frame;
mod progress;

use std::collections::HashSet;

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant, interval, sleep_until},
};

use self::progress::{Message, Progress};
use super::page::{chromium_page::ChromiumPage, document::World};
use crate::render::CONSENT;

/// How often frames are looked for that were added meanwhile.
const NEW_FRAMES: Duration = Duration::from_millis(200);
/// Most frames in which the script runs: the main one, and the first of the others.
const MAX_FRAMES: usize = 12;
/// Messages of all frames that wait to be heard; the scripts wait for room.
const WAITING: usize = 64;

impl ChromiumPage {
    /// Refuses the consent dialogue of the page, if it has one. Returns a warning if one stays.
    pub(crate) async fn refuse_consent(&self, deadline: Instant) -> Option<String> {
        let deadline = deadline.min(Instant::now() + CONSENT);
        let (tell, mut told) = mpsc::channel::<Message>(WAITING);
        let mut progress = Progress::begin(Instant::now());
        let (mut frames, mut begun) = (FuturesUnordered::new(), HashSet::new());
        let mut look = interval(NEW_FRAMES);
        loop {
            tokio::select! {
                () = sleep_until(progress.until().min(deadline)) => return progress.warning(),
                Some(message) = told.recv() => progress.hear(&message, Instant::now()),
                _ = look.tick() => {
                    for world in self.unbegun(&mut begun) {
                        frames.push(frame::run(world, tell.clone(), deadline));
                    }
                }
                Some(()) = frames.next() => {
                    if frames.is_empty() && !progress.has_begun() {
                        return progress.warning();
                    }
                }
            }
        }
    }

    /// The documents in which the script does not run yet.
    fn unbegun(&self, begun: &mut HashSet<String>) -> Vec<World> {
        let tabs = self.tabs.borrow();
        let worlds = tabs.world().into_iter().chain(tabs.other_worlds());
        begun.retain(|unique| tabs.know(unique));
        let mut new = Vec::new();
        for world in worlds {
            if begun.len() < MAX_FRAMES && begun.insert(world.context.unique.clone()) {
                new.push(world);
            }
        }
        new
    }
}
