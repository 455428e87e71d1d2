//! What every tab and every frame with a process of its own is told before its first script runs, each in one write.
//!
//! Knows nothing of what a tab is for.

use super::{clipboard, frames::WORLD, shape::Shape, tab::REPORT};
use crate::{
    action::Viewport,
    browser::chromium::{
        cdp::{CdpSession, commands},
        instance::browser::Browser,
        scripts,
    },
};

/// Opens a blank tab; its events tell when it is there.
pub(crate) fn open_tab(browser: &Browser, context: &str) {
    let Viewport { width, height, .. } = Viewport::default();
    drop(browser.session().send(&commands::create_page(context, width, height)));
}

/// Prepares a paused tab and lets it run. Nothing waits: the tab's events tell when it is ready.
///
/// The first tab of a context was made in its size; tabs a page opens are given theirs.
pub(crate) fn prepare(tab: &CdpSession, shape: Option<Shape>, shares_clipboard: bool) {
    enable(tab);
    drop(tab.send(&commands::enable_lifecycle()));
    drop(tab.send(&commands::add_binding(REPORT, WORLD)));
    // Every page behaves as if it were looked at.
    drop(tab.send(&commands::emulate_focus()));
    if let Some(shape) = shape {
        drop(shape.size(tab));
    }
    begin(tab, shape.unwrap_or_default(), shares_clipboard);
}

/// Stops what a page logs.
pub(crate) fn mute(target: &CdpSession) {
    drop(target.send(&commands::disable_runtime()));
}

/// Listens again; the browser tells again which documents are there. It has forgotten a tab's binding, and must not
/// tell what was logged meanwhile.
pub(crate) fn unmute(target: &CdpSession) {
    drop(target.send(&commands::forget_logged()));
    drop(target.send(&commands::add_binding(REPORT, WORLD)));
    clipboard::listen(target);
    drop(target.send(&commands::enable_runtime()));
}

/// Asks anew for our scripts in a page's documents, in the present one too. Where a client's session ends, the browser runs none any
/// more in documents that have none of their own.
pub(crate) fn hear_again(target: &CdpSession) {
    mute(target);
    unmute(target);
    drop(target.send(&commands::touch()));
}

/// Sets up a paused frame that has a process of its own, and lets it run.
pub(crate) fn prepare_frame(frame: &CdpSession, shape: Shape, shares_clipboard: bool) {
    enable(frame);
    begin(frame, shape, shares_clipboard);
}

fn enable(target: &CdpSession) {
    drop(target.send(&commands::enable_inspector()));
    drop(target.send(&commands::enable_page()));
}

fn begin(target: &CdpSession, shape: Shape, shares_clipboard: bool) {
    drop(target.send(&commands::add_script(scripts::BUNDLE, WORLD)));
    if shares_clipboard {
        clipboard::separate(target);
    }
    drop(target.send(&commands::enable_runtime()));
    drop(target.send(&commands::attach_to_frames()));
    if shape.is_device() {
        drop(shape.device(target));
    }
    drop(target.send(&commands::run()));
}
