//! Settles requests that the browser has stopped: blocks what the operator's lists name, and lets the others go on.

use chromiumoxide::cdp::browser_protocol::{
    fetch::{ContinueRequestParams, DisableParams, EnableParams, FailRequestParams},
    network::ErrorReason,
};
use serde::Deserialize;

use crate::{
    block_lists::{BlockLists, Judged},
    browser::chromium::cdp::{CdpSession, Event},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused {
    request_id: String,
    request: Requested,
    frame_id: String,
    resource_type: String,
}

#[derive(Deserialize)]
struct Requested {
    url: String,
}

/// The document of a tab, as far as it decides about requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    /// The tab's main frame.
    pub(crate) frame: &'a str,
    pub(crate) url: &'a str,
}

/// Has the browser stop the requests of a target; with credentials also those for a user name and a password.
pub(crate) fn stop_requests(target: &CdpSession, has_credentials: bool) {
    drop(target.send(&EnableParams { patterns: None, handle_auth_requests: Some(has_credentials) }));
}

/// Lets everything that is stopped go on, unjudged, and stops what is requested from then on.
pub(crate) fn release_requests(target: &CdpSession, has_credentials: bool) {
    drop(target.send(&DisableParams::default()));
    stop_requests(target, has_credentials);
}

/// Blocks a stopped request or lets it go on.
pub(crate) fn settle(event: &Event, session: &CdpSession, lists: Option<&BlockLists>, document: Option<Document<'_>>) {
    let Some(paused) = event.decode::<Paused>() else { return };
    let is_blocked = match (lists, document) {
        (Some(lists), Some(document)) => is_blocked(&paused, lists, document),
        _ => false,
    };
    if is_blocked {
        drop(session.send(&FailRequestParams::new(paused.request_id, ErrorReason::BlockedByClient)));
    } else {
        drop(session.send(&ContinueRequestParams::new(paused.request_id)));
    }
}

/// The document of a tab itself is what was asked for, and never blocked.
fn is_blocked(paused: &Paused, lists: &BlockLists, document: Document<'_>) -> bool {
    let kind = match &*paused.resource_type {
        "Document" if paused.frame_id == document.frame => return false,
        "Document" => "subdocument",
        "Stylesheet" => "stylesheet",
        "Image" => "image",
        "Media" => "media",
        "Font" => "font",
        "Script" => "script",
        "XHR" | "Fetch" | "EventSource" => "xmlhttprequest",
        "Ping" | "CSPViolationReport" => "ping",
        _ => "other",
    };
    lists.block(Judged { url: &paused.request.url, document: document.url, kind })
}
