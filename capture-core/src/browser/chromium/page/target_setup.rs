//! The commands that set up every tab and every frame with a process of its own before its first script runs, each in
//! one write.
//!
//! This module must not know what a tab is for.

use super::{clipboard, emulation::Emulation, frames::WORLD, shape::Shape, tab::REPORT};
use crate::{
    action::Viewport,
    browser::chromium::{
        cdp::{CdpSession, commands},
        instance::browser::Browser,
        scripts,
    },
};

/// Opens a blank tab. Its events report when it exists.
pub(crate) fn open_tab(browser: &Browser, context: &str) {
    let Viewport { width, height, .. } = Viewport::default();
    drop(browser.session().send(&commands::create_page(context, width, height)));
}

/// Prepares a paused tab and lets it run, without waiting; the tab's events report when it is ready.
///
/// The first tab of a context was created with its size; tabs that a page opens get theirs here.
pub(crate) fn prepare(tab: &CdpSession, shape: Option<Shape>, emulation: &Emulation, shares_clipboard: bool) {
    enable(tab);
    drop(tab.send(&commands::enable_lifecycle()));
    drop(tab.send(&commands::add_binding(REPORT, WORLD)));
    // Makes every page behave as if it had the focus.
    drop(tab.send(&commands::emulate_focus()));
    if let Some(shape) = shape {
        drop(shape.size(tab));
    }
    begin(tab, shape.unwrap_or_default(), emulation, shares_clipboard);
}

/// Disables a page's console events.
pub(crate) fn mute(target: &CdpSession) {
    drop(target.send(&commands::disable_runtime()));
}

/// Enables console events again, upon which the browser reports again which documents there are. It has lost the tab's
/// binding, and must not report what was logged meanwhile.
pub(crate) fn unmute(target: &CdpSession) {
    drop(target.send(&commands::forget_logged()));
    drop(target.send(&commands::add_binding(REPORT, WORLD)));
    clipboard::listen(target);
    drop(target.send(&commands::enable_runtime()));
}

/// Requests our scripts again for a page's documents, including the present one. When a client's session ends, the
/// browser stops running them in documents without scripts of their own.
pub(crate) fn hear_again(target: &CdpSession) {
    mute(target);
    unmute(target);
    drop(target.send(&commands::touch()));
}

/// Sets up a paused frame that has a process of its own, and lets it run.
pub(crate) fn prepare_frame(frame: &CdpSession, shape: Shape, emulation: &Emulation, shares_clipboard: bool) {
    enable(frame);
    begin(frame, shape, emulation, shares_clipboard);
}

fn enable(target: &CdpSession) {
    drop(target.send(&commands::enable_inspector()));
    drop(target.send(&commands::enable_page()));
}

fn begin(target: &CdpSession, shape: Shape, emulation: &Emulation, shares_clipboard: bool) {
    drop(target.send(&commands::add_script(scripts::BUNDLE, WORLD)));
    if shares_clipboard {
        clipboard::separate(target);
    }
    drop(target.send(&commands::enable_runtime()));
    drop(target.send(&commands::attach_to_frames()));
    if shape.is_device() {
        drop(shape.device(target));
    }
    emulation.apply(target);
    drop(target.send(&commands::run()));
}
