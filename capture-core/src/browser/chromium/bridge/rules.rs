//! The commands that are decided by their parameters, and those whose effects the bridge must record.
//!
//! This module must not know sessions or clients.

use serde_json::{Value, json};

use super::{
    address::{BadAddress, openable, web},
    params::{Fields, flag, invalid, list, object, present, required_text, text},
    refusal::Refusal,
    verdict::{Effect, Verdict},
};

/// Decides on parameters without duplicate keys.
pub(super) type Rule = fn(&Fields) -> Result<Verdict, Refusal>;

/// Permissions that give no access to the server's devices, such as cameras, microphones, screens and printers.
const GRANTABLE: &str = "accelerometer ambient-light-sensor automaticFullscreen automatic-fullscreen backgroundFetch \
    background-fetch backgroundSync background-sync clipboardReadWrite clipboard-read clipboard-write \
    clipboardSanitizedWrite clipboard-sanitized-write durableStorage persistent-storage geolocation gyroscope \
    idleDetection idle-detection keyboardLock keyboard-lock localFonts local-fonts localNetwork local-network \
    localNetworkAccess local-network-access loopbackNetwork loopback-network magnetometer notifications paymentHandler \
    payment-handler periodicBackgroundSync periodic-background-sync pointerLock pointer-lock \
    protectedMediaIdentifier push sensors storageAccess storage-access top-level-storage-access wakeLockScreen \
    screen-wake-lock windowManagement window-management";

/// The rule of a command, if it has one.
pub(super) fn rule(method: &str) -> Option<Rule> {
    let rule: Rule = match method {
        "Browser.close" => |_| Ok(Verdict::Close),
        "Browser.grantPermissions" => grant_permissions,
        "Browser.setDownloadBehavior" => deny_downloads,
        "Browser.setPermission" => set_permission,
        "DOM.setFileInputFiles" => clear_files,
        "Fetch.continueRequest" => |asked| fetched(asked, "Fetch.continueRequest"),
        "IO.read" => read_stream,
        "Input.dispatchDragEvent" => drag_no_files,
        "Network.loadNetworkResource" => |asked| fetched(asked, "Network.loadNetworkResource"),
        "Page.close" => |_| Ok(Verdict::Watch(Effect::ClosePage, None)),
        "Page.disable" => |_| Ok(Verdict::Watch(Effect::PageDisabled, None)),
        "Page.enable" => |_| Ok(Verdict::Watch(Effect::PageEnabled, None)),
        "Page.navigate" => navigate,
        "Page.setDownloadBehavior" => |_| Ok(Verdict::Rewrite(fields(json!({ "behavior": "deny" })))),
        "Page.startScreenRecording" => record,
        "Target.attachToBrowserTarget" => |_| Ok(Verdict::Pass),
        "Target.attachToTarget" => attach,
        "Target.closeTarget" => close_target,
        "Target.createBrowserContext" => create_context,
        "Target.createTarget" => create_target,
        "Target.detachFromTarget" => detach,
        "Target.disposeBrowserContext" => dispose_context,
        "Target.setAutoAttach" => auto_attach,
        "Tracing.start" => trace,
        _ => return None,
    };
    Some(rule)
}

/// Accepts no file name. The recording is a stream that is read with `IO.read`, as for a trace.
fn record(asked: &Fields) -> Result<Verdict, Refusal> {
    if flag(asked, "audio")? {
        return Err(Refusal::because(
            "Page.startScreenRecording",
            "sound of the server is not recorded; leave out audio",
        ));
    }
    Ok(Verdict::Pass)
}

/// Clients request a download folder when they connect, and would fail if that was refused. The command is accepted,
/// but denies downloads.
fn deny_downloads(asked: &Fields) -> Result<Verdict, Refusal> {
    let mut sent = fields(json!({ "behavior": "deny" }));
    if let Some(context) = text(asked, "browserContextId")? {
        sent.insert("browserContextId".to_owned(), context.into());
    }
    if flag(asked, "eventsEnabled")? {
        sent.insert("eventsEnabled".to_owned(), true.into());
    }
    Ok(Verdict::Rewrite(sent))
}

fn grant_permissions(asked: &Fields) -> Result<Verdict, Refusal> {
    for permission in list(asked, "permissions")? {
        let name = permission.as_str().ok_or_else(|| invalid("permissions must be strings"))?;
        grantable("Browser.grantPermissions", name)?;
    }
    Ok(Verdict::Pass)
}

fn set_permission(asked: &Fields) -> Result<Verdict, Refusal> {
    if matches!(required_text(asked, "setting")?, "denied" | "prompt") {
        return Ok(Verdict::Pass);
    }
    let permission = object(asked, "permission")?.ok_or_else(|| invalid("permission is needed"))?;
    grantable("Browser.setPermission", required_text(permission, "name")?)?;
    Ok(Verdict::Pass)
}

fn grantable(method: &str, name: &str) -> Result<(), Refusal> {
    if GRANTABLE.split(' ').any(|known| known == name) {
        return Ok(());
    }
    let name: String = name.chars().take(64).collect();
    Err(Refusal::because(method, format_args!("{name:?} is not among the permissions that can be granted")))
}

/// File paths would be those of the server. Clients can set the contents by a script, as they do for a remote browser.
fn clear_files(asked: &Fields) -> Result<Verdict, Refusal> {
    if list(asked, "files")?.is_empty() {
        return Ok(Verdict::Pass);
    }
    Err(Refusal::because("DOM.setFileInputFiles", "it reads files of the server; send the contents instead"))
}

/// Dropping files gives the page the right to read them, as a test has shown.
fn drag_no_files(asked: &Fields) -> Result<Verdict, Refusal> {
    let files = object(asked, "data")?.map_or(Ok(&[][..]), |data| list(data, "files"))?;
    if files.is_empty() {
        return Ok(Verdict::Pass);
    }
    Err(Refusal::because("Input.dispatchDragEvent", "it would drop files of the server"))
}

/// Only numbered streams are allowed; `blob:…` would be read without the page it belongs to.
fn read_stream(asked: &Fields) -> Result<Verdict, Refusal> {
    let handle = required_text(asked, "handle")?;
    if (1..=20).contains(&handle.len()) && handle.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Verdict::Pass);
    }
    Err(Refusal::as_chromium("Invalid stream handle"))
}

fn navigate(asked: &Fields) -> Result<Verdict, Refusal> {
    let mut sent = asked.clone();
    let url = openable(required_text(asked, "url")?).map_err(|bad| unopened("Page.navigate", bad))?;
    sent.insert("url".to_owned(), url.into());
    if let Some(referrer) = text(asked, "referrer")?.filter(|referrer| !referrer.is_empty()) {
        let referrer = web(referrer)
            .map_err(|_bad| Refusal::because("Page.navigate", "a referrer is an http or https address"))?;
        sent.insert("referrer".to_owned(), referrer.into());
    }
    Ok(if sent == *asked { Verdict::Pass } else { Verdict::Rewrite(sent) })
}

fn create_target(asked: &Fields) -> Result<Verdict, Refusal> {
    if flag(asked, "enableBeginFrameControl")? {
        let reason = "frames that are asked for one by one bring down the browser";
        return Err(Refusal::because("Target.createTarget", reason));
    }
    let url = required_text(asked, "url")?;
    let opened = if url.is_empty() { Ok("about:blank".to_owned()) } else { openable(url) };
    let opened = opened.map_err(|bad| unopened("Target.createTarget", bad))?;
    let mut sent = asked.clone();
    sent.insert("url".to_owned(), opened.into());
    let context = text(asked, "browserContextId")?.map(ToOwned::to_owned);
    Ok(Verdict::Watch(Effect::CreateTarget { context }, (sent != *asked).then_some(sent)))
}

/// A request that is redirected, or answered by the client.
fn fetched(asked: &Fields, method: &str) -> Result<Verdict, Refusal> {
    let Some(url) = text(asked, "url")? else { return Ok(Verdict::Pass) };
    let url = web(url).map_err(|bad| match bad {
        BadAddress::Invalid => invalid("url is not an address"),
        BadAddress::Scheme(_) => unopened(method, bad),
    })?;
    let mut sent = asked.clone();
    sent.insert("url".to_owned(), url.into());
    Ok(if sent == *asked { Verdict::Pass } else { Verdict::Rewrite(sent) })
}

fn attach(asked: &Fields) -> Result<Verdict, Refusal> {
    required_text(asked, "targetId")?;
    if flag(asked, "flatten")? {
        return Ok(Verdict::Pass);
    }
    Err(Refusal::because("Target.attachToTarget", "sessions are flat: set flatten"))
}

fn auto_attach(asked: &Fields) -> Result<Verdict, Refusal> {
    if flag(asked, "flatten")? || !flag(asked, "autoAttach")? {
        return Ok(Verdict::Pass);
    }
    Err(Refusal::because("Target.setAutoAttach", "sessions are flat: set flatten"))
}

fn detach(asked: &Fields) -> Result<Verdict, Refusal> {
    if present(asked, "targetId").is_some() {
        return Err(Refusal::because("Target.detachFromTarget", "it must name a session, not a target"));
    }
    let session = required_text(asked, "sessionId")?.to_owned();
    Ok(Verdict::Watch(Effect::Detach { session }, None))
}

fn close_target(asked: &Fields) -> Result<Verdict, Refusal> {
    let target = required_text(asked, "targetId")?.to_owned();
    Ok(Verdict::Watch(Effect::CloseTarget { target }, None))
}

/// A context without a proxy of its own uses the browser's, which is our egress guard.
fn create_context(asked: &Fields) -> Result<Verdict, Refusal> {
    for name in asked.keys().filter(|name| present(asked, name).is_some()) {
        match &**name {
            "disposeOnDetach" => {}
            "proxyServer" | "proxyBypassList" => {
                let reason = "the proxy is a property of the user, not of a context";
                return Err(Refusal::because("Target.createBrowserContext", reason));
            }
            "originsWithUniversalNetworkAccess" => {
                let reason = "no origin has access to every other";
                return Err(Refusal::because("Target.createBrowserContext", reason));
            }
            _ => return Err(invalid("of a context only disposeOnDetach can be chosen")),
        }
    }
    Ok(Verdict::Rewrite(fields(json!({ "disposeOnDetach": true }))))
}

fn dispose_context(asked: &Fields) -> Result<Verdict, Refusal> {
    let context = required_text(asked, "browserContextId")?.to_owned();
    Ok(Verdict::Watch(Effect::DisposeContext { context }, None))
}

/// A trace is returned as events or as a stream. A configuration of the tracing service itself could name a file to
/// write to, and system tracing observes more than this browser.
fn trace(asked: &Fields) -> Result<Verdict, Refusal> {
    if present(asked, "perfettoConfig").is_some() {
        return Err(Refusal::because("Tracing.start", "perfettoConfig can name files to write; use traceConfig"));
    }
    match text(asked, "tracingBackend")? {
        None | Some("chrome") => Ok(Verdict::Pass),
        Some(_) => Err(Refusal::because("Tracing.start", "only the browser itself is traced")),
    }
}

fn unopened(method: &str, bad: BadAddress) -> Refusal {
    match bad {
        BadAddress::Invalid => Refusal::as_chromium("Cannot navigate to invalid URL"),
        BadAddress::Scheme(scheme) => {
            Refusal::because(method, format_args!("addresses of the kind {scheme:?} cannot be opened"))
        }
    }
}

fn fields(object: Value) -> Fields {
    match object {
        Value::Object(fields) => fields,
        _ => Fields::new(),
    }
}
