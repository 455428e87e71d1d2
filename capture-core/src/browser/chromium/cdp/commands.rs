//! Every command that the server sends, built from chromiumoxide's generated types. Those that inspect objects are in
//! `objects.rs`.
//!
//! This module must not know when they are sent.

use chromiumoxide::cdp::{
    browser_protocol::{
        browser, dom,
        emulation::{
            MediaFeature, SetDefaultBackgroundColorOverrideParams, SetDeviceMetricsOverrideParams,
            SetEmulatedMediaParams, SetFocusEmulationEnabledParams, SetScrollbarsHiddenParams,
            SetTouchEmulationEnabledParams, SetUserAgentOverrideParams,
        },
        input::{self, DispatchMouseEventParams, DispatchMouseEventType, MouseButton},
        inspector,
        page::{self, CaptureScreenshotFormat, CaptureScreenshotParams},
        storage, target,
    },
    js_protocol::runtime,
};
use serde_json::Value;

use crate::browser::Screencast;

/// Attaches us to every page before it runs.
pub(crate) fn attach_to_pages() -> target::SetAutoAttachParams {
    auto_attach(&["page"])
}

fn auto_attach(kinds: &[&str]) -> target::SetAutoAttachParams {
    let wanted = |kind: &&str| target::FilterEntry { exclude: None, r#type: Some((*kind).to_owned()) };
    let rest = target::FilterEntry { exclude: Some(true), r#type: None };
    target::SetAutoAttachParams {
        auto_attach: true,
        wait_for_debugger_on_start: true,
        flatten: Some(true),
        filter: Some(target::TargetFilter::new(kinds.iter().map(wanted).chain([rest]).collect::<Vec<_>>())),
    }
}

/// Serves as a liveness probe.
pub(crate) fn cookies() -> storage::GetCookiesParams {
    storage::GetCookiesParams::default()
}

pub(crate) fn version() -> browser::GetVersionParams {
    browser::GetVersionParams {}
}

/// Closes the browser.
pub(crate) fn close_browser() -> browser::CloseParams {
    browser::CloseParams {}
}

/// Creates a context that is closed with our connection, with a proxy of its own and a list of exceptions.
pub(crate) fn create_context(proxy: Option<(String, &str)>) -> target::CreateBrowserContextParams {
    let (proxy, bypass) = proxy.map(|(proxy, bypass)| (proxy, bypass.to_owned())).unzip();
    target::CreateBrowserContextParams {
        dispose_on_detach: Some(true),
        proxy_server: proxy,
        proxy_bypass_list: bypass,
        ..Default::default()
    }
}

/// Requests the contexts, and which is the default one.
pub(crate) fn contexts() -> target::GetBrowserContextsParams {
    target::GetBrowserContextsParams {}
}

/// Opens a session on the browser itself, for a CDP client.
pub(crate) fn attach_to_browser() -> target::AttachToBrowserTargetParams {
    target::AttachToBrowserTargetParams {}
}

/// Opens a session on a target, for a client that is connected only to it.
pub(crate) fn attach_to_target(target: &str) -> target::AttachToTargetParams {
    let mut attach = target::AttachToTargetParams::new(target.to_owned());
    attach.flatten = Some(true);
    attach
}

pub(crate) fn dispose_context(context: &str) -> target::DisposeBrowserContextParams {
    target::DisposeBrowserContextParams::new(context.to_owned())
}

/// Refuses downloads and enables their events.
pub(crate) fn deny_downloads(context: &str) -> browser::SetDownloadBehaviorParams {
    let mut deny = browser::SetDownloadBehaviorParams::new(browser::SetDownloadBehaviorBehavior::Deny);
    deny.browser_context_id = Some(context.to_owned().into());
    deny.events_enabled = Some(true);
    deny
}

/// Creates a blank page with this size.
pub(crate) fn create_page(context: &str, width: u32, height: u32) -> target::CreateTargetParams {
    let mut create = target::CreateTargetParams::new("about:blank");
    create.browser_context_id = Some(context.to_owned().into());
    create.width = Some(width.into());
    create.height = Some(height.into());
    create
}

pub(crate) fn close_target(target: &str) -> target::CloseTargetParams {
    target::CloseTargetParams::new(target.to_owned())
}

pub(crate) fn detach(session: &str) -> target::DetachFromTargetParams {
    target::DetachFromTargetParams { session_id: Some(session.to_owned().into()) }
}

/// Lets a paused page run.
pub(crate) fn run() -> runtime::RunIfWaitingForDebuggerParams {
    runtime::RunIfWaitingForDebuggerParams {}
}

pub(crate) fn enable_inspector() -> inspector::EnableParams {
    inspector::EnableParams {}
}

pub(crate) fn enable_page() -> page::EnableParams {
    page::EnableParams::default()
}

pub(crate) fn enable_lifecycle() -> page::SetLifecycleEventsEnabledParams {
    page::SetLifecycleEventsEnabledParams::new(true)
}

pub(crate) fn disable_runtime() -> runtime::DisableParams {
    runtime::DisableParams::default()
}

/// Discards console messages that have not been reported.
pub(crate) fn forget_logged() -> runtime::DiscardConsoleEntriesParams {
    runtime::DiscardConsoleEntriesParams {}
}

pub(crate) fn enable_runtime() -> runtime::EnableParams {
    runtime::EnableParams {}
}

/// Gives one world a function that sends reports to us.
pub(crate) fn add_binding(name: &str, world: &str) -> runtime::AddBindingParams {
    runtime::AddBindingParams { execution_context_name: Some(world.to_owned()), ..runtime::AddBindingParams::new(name) }
}

/// Runs a script in an isolated world, in the present document and in every later one before its own scripts.
pub(crate) fn add_script(source: &str, world: &str) -> page::AddScriptToEvaluateOnNewDocumentParams {
    page::AddScriptToEvaluateOnNewDocumentParams {
        world_name: Some(world.to_owned()),
        run_immediately: Some(true),
        ..page::AddScriptToEvaluateOnNewDocumentParams::new(source)
    }
}

/// Makes the page behave as if it had the focus.
pub(crate) fn emulate_focus() -> SetFocusEmulationEnabledParams {
    SetFocusEmulationEnabledParams::new(true)
}

pub(crate) fn set_metrics(width: u32, height: u32, scale: f64, mobile: bool) -> SetDeviceMetricsOverrideParams {
    let mut metrics = SetDeviceMetricsOverrideParams::new(width, height, scale, mobile);
    metrics.screen_width = Some(width.into());
    metrics.screen_height = Some(height.into());
    metrics
}

pub(crate) fn set_touch(enabled: bool) -> SetTouchEmulationEnabledParams {
    SetTouchEmulationEnabledParams { enabled, max_touch_points: Some(5) }
}

/// Sets the user agent; an empty one means the browser's own.
pub(crate) fn set_user_agent(agent: &str) -> SetUserAgentOverrideParams {
    SetUserAgentOverrideParams::new(agent)
}

/// Sets media features that the page can ask for.
pub(crate) fn set_media_features(features: &[(&str, &str)]) -> SetEmulatedMediaParams {
    let features = features.iter().map(|(name, value)| MediaFeature::new(*name, *value)).collect();
    SetEmulatedMediaParams { media: None, features: Some(features) }
}

pub(crate) fn hide_scrollbars() -> SetScrollbarsHiddenParams {
    SetScrollbarsHiddenParams::new(true)
}

pub(crate) fn navigate(url: &str) -> page::NavigateParams {
    page::NavigateParams::new(url)
}

pub(crate) fn stop_loading() -> page::StopLoadingParams {
    page::StopLoadingParams {}
}

pub(crate) fn answer_dialog(accept: bool) -> page::HandleJavaScriptDialogParams {
    page::HandleJavaScriptDialogParams::new(accept)
}

/// Evaluates an expression in one world, awaits a promise, and returns the value.
pub(crate) fn evaluate(expression: String, world: &str) -> runtime::EvaluateParams {
    runtime::EvaluateParams {
        unique_context_id: Some(world.to_owned()),
        await_promise: Some(true),
        return_by_value: Some(true),
        ..runtime::EvaluateParams::new(expression)
    }
}

/// Evaluates nothing in the page's own world. A document without scripts has no worlds yet, and gets ours with that
/// one.
pub(crate) fn touch() -> runtime::EvaluateParams {
    runtime::EvaluateParams::new("0")
}

/// Terminates the script that keeps the page busy.
pub(crate) fn terminate() -> runtime::TerminateExecutionParams {
    runtime::TerminateExecutionParams {}
}

/// The buttons of the mouse in one event.
#[derive(Debug, Clone)]
pub(crate) struct Buttons {
    /// The button that changes, or that is held while the mouse moves.
    pub(crate) button: MouseButton,
    /// The buttons that are pressed, as bits.
    pub(crate) pressed: i64,
    /// Which click of a multiple click it is; 0 for a movement.
    pub(crate) count: u32,
}

impl Buttons {
    /// A movement without a button.
    pub(crate) const NONE: Self = Self { button: MouseButton::None, pressed: 0, count: 0 };
}

/// A movement of the mouse to a point or a change of its buttons there.
pub(crate) fn mouse(
    kind: DispatchMouseEventType,
    (x, y): (f64, f64),
    buttons: Buttons,
    modifiers: i64,
) -> DispatchMouseEventParams {
    let mut event = DispatchMouseEventParams::new(kind, x, y);
    event.button = Some(buttons.button);
    event.buttons = Some(buttons.pressed);
    event.click_count = Some(buttons.count.into());
    event.modifiers = Some(modifiers);
    event
}

/// A picture of the viewport, or of a part of the document. The part may lie `beyond` the viewport, for which the
/// page's window is enlarged.
pub(crate) fn capture(
    format: CaptureScreenshotFormat,
    quality: Option<u32>,
    clip: Option<page::Viewport>,
    beyond: bool,
) -> CaptureScreenshotParams {
    CaptureScreenshotParams {
        format: Some(format),
        quality: quality.map(Into::into),
        capture_beyond_viewport: beyond.then_some(true),
        clip,
        optimize_for_speed: Some(true),
        ..Default::default()
    }
}

/// Sets whether the background is transparent instead of white.
pub(crate) fn set_transparent(transparent: bool) -> SetDefaultBackgroundColorOverrideParams {
    let nothing = dom::Rgba { r: 0, g: 0, b: 0, a: Some(0.0) };
    SetDefaultBackgroundColorOverrideParams { color: transparent.then_some(nothing) }
}

/// The element that shows this frame.
pub(crate) fn frame_owner(frame: &str) -> dom::GetFrameOwnerParams {
    dom::GetFrameOwnerParams::new(frame.to_owned())
}

/// A node as an object of a world, until the object is released or its document is gone.
pub(crate) fn resolve(node: i64, context: i64, group: Option<&str>) -> dom::ResolveNodeParams {
    dom::ResolveNodeParams {
        backend_node_id: Some(dom::BackendNodeId::new(node)),
        execution_context_id: Some(runtime::ExecutionContextId::new(context)),
        object_group: group.map(str::to_owned),
        ..Default::default()
    }
}

/// Calls a function on an object, awaits a promise, and returns the value.
pub(crate) fn call_on(object: &str, function: String, argument: Value) -> runtime::CallFunctionOnParams {
    runtime::CallFunctionOnParams {
        object_id: Some(runtime::RemoteObjectId::new(object)),
        arguments: Some(vec![runtime::CallArgument { value: Some(argument), ..Default::default() }]),
        await_promise: Some(true),
        return_by_value: Some(true),
        ..runtime::CallFunctionOnParams::new(function)
    }
}

/// Attaches us to the frames of a page that have a process of their own. Workers are attached as well, because they
/// would otherwise wait for ever to be run.
pub(crate) fn attach_to_frames() -> target::SetAutoAttachParams {
    auto_attach(&["iframe", "worker"])
}

pub(crate) fn history() -> page::GetNavigationHistoryParams {
    page::GetNavigationHistoryParams {}
}

pub(crate) fn go_to_entry(entry: i64) -> page::NavigateToHistoryEntryParams {
    page::NavigateToHistoryEntryParams::new(entry)
}

pub(crate) fn reload() -> page::ReloadParams {
    page::ReloadParams::default()
}

/// Turns the mouse wheel over a point.
pub(crate) fn wheel((x, y): (f64, f64), (dx, dy): (f64, f64)) -> DispatchMouseEventParams {
    let mut event = DispatchMouseEventParams::new(DispatchMouseEventType::MouseWheel, x, y);
    event.delta_x = Some(dx);
    event.delta_y = Some(dy);
    event
}

/// Sets whether drags that the browser would carry out are reported to us instead.
pub(crate) fn intercept_drags(enabled: bool) -> input::SetInterceptDragsParams {
    input::SetInterceptDragsParams::new(enabled)
}

/// One event of a drag that was reported to us.
pub(crate) fn drag(
    kind: input::DispatchDragEventType,
    (x, y): (f64, f64),
    data: input::DragData,
) -> input::DispatchDragEventParams {
    input::DispatchDragEventParams::new(kind, x, y, data)
}

pub(crate) fn start_screencast(settings: Screencast) -> page::StartScreencastParams {
    page::StartScreencastParams {
        format: Some(page::StartScreencastFormat::Jpeg),
        quality: Some(settings.quality.into()),
        max_width: Some(settings.max_width.into()),
        max_height: Some(settings.max_height.into()),
        every_nth_frame: None,
    }
}

pub(crate) fn acknowledge_screencast(frame: i64) -> page::ScreencastFrameAckParams {
    page::ScreencastFrameAckParams::new(frame)
}

pub(crate) fn stop_screencast() -> page::StopScreencastParams {
    page::StopScreencastParams::default()
}

/// Inserts text for which the keyboard has no key.
pub(crate) fn insert_text(text: String) -> input::InsertTextParams {
    input::InsertTextParams::new(text)
}
