//! Tests of every decision, in the form in which clients send commands.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    allowed::is_allowed,
    frame::{FrameError, Request},
    judge::judge,
    params::Fields,
    refusal::{Refusal, done},
    refused::reason,
    rules::rule,
    verdict::{Effect, Verdict},
};

/// All commands of Chromium 156, by domain.
const PROTOCOL: &str = include_str!("protocol.txt");
/// The commands of Playwright 1.65 and Puppeteer 24.43, as recorded and as found in their sources, except for devices,
/// extensions and developer tools.
const CLIENTS: &str = include_str!("clients.txt");

fn methods(text: &'static str) -> impl Iterator<Item = String> {
    text.lines().flat_map(|line| {
        let (domain, commands) = line.split_once(": ").unwrap();
        commands.split(' ').map(move |command| format!("{domain}.{command}"))
    })
}

fn judged(method: &str, params: &str) -> Verdict {
    let text = format!(r#"{{"id":1,"method":"{method}","params":{params},"sessionId":"S"}}"#);
    judge(&Request::parse(&text).unwrap())
}

fn fields(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other}"),
    }
}

/// The code and the message of a refusal.
fn refused(method: &str, params: &str) -> (i64, String) {
    match judged(method, params) {
        Verdict::Refuse(Refusal { code, message }) => (code, message),
        other => panic!("{method} {params}: {other:?}"),
    }
}

#[test]
fn every_command_of_the_browser_is_decided_once() {
    let mut counts = [0; 3];
    for method in methods(PROTOCOL) {
        let decided = [is_allowed(&method), rule(&method).is_some(), reason(&method).is_some()];
        assert_eq!(decided.iter().filter(|yes| **yes).count(), 1, "{method}: allowed, by rule, refused: {decided:?}");
        for (count, yes) in counts.iter_mut().zip(decided) {
            *count += usize::from(yes);
        }
    }
    assert_eq!(counts, [576, 24, 77], "a change of these is a decision");
}

#[test]
fn what_playwright_and_puppeteer_send_passes() {
    for method in methods(CLIENTS) {
        assert!(is_allowed(&method) || rule(&method).is_some(), "{method}");
    }
}

#[test]
fn some_commands_are_refused_whatever_they_ask_with_a_reason() {
    for (method, why) in [
        ("DOM.getFileInfo", "files"),
        ("Extensions.loadUnpacked", "files"),
        ("FileSystem.getDirectory", "files"),
        ("PWA.launchFilesInApp", "files"),
        ("Page.getSpellCheckCustomDictionary", "files"),
        ("Browser.crash", "process"),
        ("Browser.crashGpuProcess", "process"),
        ("Browser.executeBrowserCommand", "process"),
        ("Page.crash", "process"),
        ("HeadlessExperimental.beginFrame", "process"),
        ("Browser.getBrowserCommandLine", "machine"),
        ("Browser.getHistograms", "machine"),
        ("SystemInfo.getProcessInfo", "machine"),
        ("SystemInfo.getInfo", "machine"),
        ("Memory.simulatePressureNotification", "machine"),
        ("Tracing.requestMemoryDump", "machine"),
        ("Tethering.bind", "networks"),
        ("Cast.enable", "networks"),
        ("Target.setRemoteLocations", "networks"),
        ("DeviceAccess.selectPrompt", "devices"),
        ("Browser.addMockCamera", "devices"),
        ("Target.exposeDevToolsProtocol", "protocol"),
        ("Target.openDevTools", "protocol"),
        ("Target.getDevToolsTarget", "protocol"),
        ("Target.sendMessageToTarget", "flat"),
        ("Page.addCompilationCache", "trusts"),
        ("Page.produceCompilationCache", "trusts"),
        ("LayerTree.loadSnapshot", "trusts"),
        ("IO.resolveBlob", "bounds"),
        ("Storage.overrideQuotaForOrigin", "bounds"),
    ] {
        let (code, message) = refused(method, "{}");
        assert_eq!(code, -32_000, "{method}");
        assert!(message.starts_with(&format!("{method} is refused: ")) && message.contains(why), "{message}");
    }
}

#[test]
fn a_page_is_recorded_into_a_stream_without_sound() {
    assert_eq!(judged("Page.startScreenRecording", r#"{"maxWidth": 640, "audio": false}"#), Verdict::Pass);
    assert!(refused("Page.startScreenRecording", r#"{"audio": true}"#).1.contains("sound"));
}

#[test]
fn what_nobody_knows_is_an_unknown_method() {
    for method in [
        "browser.close",
        "Browser.Close",
        "BROWSER.CLOSE",
        "Browser.close ",
        " Browser.close",
        "Browser.close.x",
        "Browser..close",
        "Browser.",
        ".close",
        ".",
        "",
        "Browser",
        "Page",
        "Page.navigate\\u0000",
        "Page.enable disable",
        "Tethering",
        "cast.enable",
        "Nothing.known",
        "Page.newInNextRelease",
        "Network.setRequestInterception",
    ] {
        assert_eq!(refused(method, "{}").0, -32_601, "{method:?}");
    }
    assert_eq!(refused("Foo.bar", "{}").1, "'Foo.bar' wasn't found");
}

#[test]
fn downloads_are_denied_in_every_way_of_asking_for_them() {
    for (method, params, sent) in [
        (
            "Browser.setDownloadBehavior",
            r#"{"behavior":"allowAndName","browserContextId":"C","downloadPath":"/x","eventsEnabled":true}"#,
            json!({"behavior": "deny", "browserContextId": "C", "eventsEnabled": true}),
        ),
        ("Browser.setDownloadBehavior", r#"{"behavior":"default"}"#, json!({"behavior": "deny"})),
        ("Browser.setDownloadBehavior", "{}", json!({"behavior": "deny"})),
        ("Page.setDownloadBehavior", r#"{"behavior":"allow","downloadPath":"/x"}"#, json!({"behavior": "deny"})),
    ] {
        assert_eq!(judged(method, params), Verdict::Rewrite(fields(sent)), "{method} {params}");
    }
    assert_eq!(refused("Browser.setDownloadBehavior", r#"{"browserContextId":1}"#).0, -32_602);
}

#[test]
fn addresses_are_judged_and_sent_as_they_were_judged() {
    for (method, params, sent) in [
        ("Page.navigate", r#"{"url":"https://a.test/"}"#, None),
        ("Page.navigate", r#"{"url":"https://a.test/","referrer":"","frameId":"F"}"#, None),
        ("Page.navigate", r#"{"url":"https://a.test/","referrer":"https://b.test/"}"#, None),
        (
            "Page.navigate",
            r#"{"url":"https://A.test","frameId":"F"}"#,
            Some(json!({"url": "https://a.test/", "frameId": "F"})),
        ),
        (
            "Page.navigate",
            r#"{"url":"about:blank","referrer":"HTTPS://b.test"}"#,
            Some(json!({"url": "about:blank", "referrer": "https://b.test/"})),
        ),
        ("Fetch.continueRequest", r#"{"requestId":"1","postData":"eA=="}"#, None),
        ("Fetch.continueRequest", r#"{"requestId":"1","url":"http://a.test/x"}"#, None),
        (
            "Fetch.continueRequest",
            r#"{"requestId":"1","url":"http:\\a.test"}"#,
            Some(json!({"requestId": "1", "url": "http://a.test/"})),
        ),
        ("Network.loadNetworkResource", r#"{"url":"http://a.test/x.map","options":{}}"#, None),
    ] {
        let params = params.replace("http:\\a", "http:\\\\a");
        let expected = sent.map_or(Verdict::Pass, |sent| Verdict::Rewrite(fields(sent)));
        assert_eq!(judged(method, &params), expected, "{method} {params}");
    }
}

#[test]
fn addresses_outside_the_web_are_refused() {
    for url in
        ["file:///etc/passwd", " \\tFI\\nLE:/etc/passwd", "view-source:file:///x", "chrome://settings", "javascript:1"]
    {
        for method in ["Page.navigate", "Target.createTarget", "Fetch.continueRequest", "Network.loadNetworkResource"] {
            let (code, message) = refused(method, &format!(r#"{{"url":"{url}"}}"#));
            assert_eq!(code, -32_000, "{method} {url}");
            assert!(message.contains("cannot be opened"), "{message}");
        }
    }
    for (method, params, code) in [
        ("Page.navigate", r#"{"url":"a.test"}"#, -32_000),
        ("Page.navigate", r#"{"url":""}"#, -32_000),
        ("Page.navigate", "{}", -32_602),
        ("Page.navigate", r#"{"url":["file:///x"]}"#, -32_602),
        ("Page.navigate", r#"{"url":"\ud800"}"#, -32_602),
        ("Page.navigate", r#"{"url":"http://a.test","referrer":"file:///x"}"#, -32_000),
        ("Page.navigate", r#"{"url":"http://a.test","referrer":7}"#, -32_602),
        ("Target.createTarget", "{}", -32_602),
        ("Fetch.continueRequest", r#"{"url":"data:,x"}"#, -32_000),
        ("Fetch.continueRequest", r#"{"url":"/x"}"#, -32_602),
    ] {
        assert_eq!(refused(method, params).0, code, "{method} {params}");
    }
    assert_eq!(refused("Page.navigate", r#"{"url":"a.test"}"#).1, "Cannot navigate to invalid URL");
}

#[test]
fn targets_and_contexts_are_made_without_ways_out_and_kept_book_of() {
    let blank = json!({"url": "about:blank"});
    for (params, context, sent) in [
        (r#"{"url":"about:blank"}"#, None, None),
        (r#"{"url":""}"#, None, Some(blank)),
        (r#"{"url":"http://a.test/","browserContextId":"C","enableBeginFrameControl":false}"#, Some("C"), None),
        (r#"{"url":"about:blank","browserContextId":null}"#, None, None),
    ] {
        let effect = Effect::CreateTarget { context: context.map(str::to_owned) };
        assert_eq!(judged("Target.createTarget", params), Verdict::Watch(effect, sent.map(fields)), "{params}");
    }
    assert_eq!(refused("Target.createTarget", r#"{"url":"","enableBeginFrameControl":true}"#).0, -32_000);
    assert_eq!(refused("Target.createTarget", r#"{"url":"","browserContextId":["C"]}"#).0, -32_602);

    for params in ["{}", r#"{"disposeOnDetach":false}"#, r#"{"disposeOnDetach":true,"proxyServer":null}"#, "null"] {
        let sent = fields(json!({"disposeOnDetach": true}));
        assert_eq!(judged("Target.createBrowserContext", params), Verdict::Rewrite(sent));
    }
    for (params, code) in [
        (r#"{"proxyServer":"http://a.test:8080"}"#, -32_000),
        (r#"{"proxyServer":"direct://"}"#, -32_000),
        (r#"{"proxyServer":""}"#, -32_000),
        (r#"{"proxyBypassList":"*"}"#, -32_000),
        (r#"{"proxyBypassList":""}"#, -32_000),
        (r#"{"originsWithUniversalNetworkAccess":[]}"#, -32_000),
        (r#"{"somethingNew":1}"#, -32_602),
    ] {
        assert_eq!(refused("Target.createBrowserContext", params).0, code, "{params}");
    }
}

#[test]
fn sessions_are_flat_and_what_changes_them_is_watched() {
    let named = |text: &str| text.to_owned();
    for (method, params, effect) in [
        ("Page.enable", "{}", Effect::PageEnabled),
        ("Page.enable", r#"{"enableFileChooserOpenedEvent":true}"#, Effect::PageEnabled),
        ("Page.disable", "{}", Effect::PageDisabled),
        ("Target.detachFromTarget", r#"{"sessionId":"S2"}"#, Effect::Detach { session: named("S2") }),
        ("Target.closeTarget", r#"{"targetId":"T"}"#, Effect::CloseTarget { target: named("T") }),
        ("Target.disposeBrowserContext", r#"{"browserContextId":"C"}"#, Effect::DisposeContext { context: named("C") }),
    ] {
        assert_eq!(judged(method, params), Verdict::Watch(effect, None), "{method} {params}");
    }
    for (method, params, code) in [
        ("Target.attachToTarget", r#"{"targetId":"T"}"#, -32_000),
        ("Target.attachToTarget", r#"{"targetId":"T","flatten":false}"#, -32_000),
        ("Target.attachToTarget", r#"{"targetId":"T","flatten":"true"}"#, -32_602),
        ("Target.attachToTarget", r#"{"flatten":true}"#, -32_602),
        ("Target.setAutoAttach", r#"{"autoAttach":true,"waitForDebuggerOnStart":true}"#, -32_000),
        ("Target.setAutoAttach", r#"{"autoAttach":true,"flatten":1}"#, -32_602),
        ("Target.detachFromTarget", r#"{"targetId":"T"}"#, -32_000),
        ("Target.detachFromTarget", r#"{"sessionId":"S","targetId":"T"}"#, -32_000),
        ("Target.detachFromTarget", "{}", -32_602),
        ("Target.closeTarget", "{}", -32_602),
        ("Target.disposeBrowserContext", r#"{"browserContextId":7}"#, -32_602),
    ] {
        assert_eq!(refused(method, params).0, code, "{method} {params}");
    }
    for (method, params) in [
        ("Target.attachToBrowserTarget", "{}"),
        ("Target.attachToTarget", r#"{"targetId":"T","flatten":true}"#),
        ("Target.setAutoAttach", r#"{"autoAttach":true,"waitForDebuggerOnStart":true,"flatten":true,"filter":[{}]}"#),
        ("Target.setAutoAttach", r#"{"autoAttach":false,"waitForDebuggerOnStart":false}"#),
    ] {
        assert_eq!(judged(method, params), Verdict::Pass, "{method} {params}");
    }
}

#[test]
fn closing_the_browser_closes_the_client() {
    assert_eq!(judged("Browser.close", "{}"), Verdict::Close);
    assert_eq!(judged("\\u0042rowser.\\u0063lose", "null"), Verdict::Close);
    let answer: Value = serde_json::from_str(&done(7, Some("S"))).unwrap();
    assert_eq!(answer, json!({"id": 7, "result": {}, "sessionId": "S"}));
    assert_eq!(done(7, None), r#"{"id":7,"result":{}}"#);
}

#[test]
fn files_permissions_streams_and_traces_are_decided_by_what_is_asked() {
    for (method, params) in [
        ("DOM.setFileInputFiles", r#"{"files":[],"objectId":"1"}"#),
        ("Input.dispatchDragEvent", r#"{"type":"drop","x":1,"y":1,"data":{"items":[],"dragOperationsMask":1}}"#),
        ("Input.dispatchDragEvent", r#"{"type":"drop","data":{"items":[],"files":[]}}"#),
        ("Browser.grantPermissions", r#"{"permissions":["geolocation","clipboardReadWrite"],"browserContextId":"C"}"#),
        ("Browser.grantPermissions", r#"{"permissions":[]}"#),
        ("Browser.setPermission", r#"{"permission":{"name":"geolocation"},"setting":"granted"}"#),
        ("Browser.setPermission", r#"{"permission":{"name":"camera"},"setting":"denied"}"#),
        ("IO.read", r#"{"handle":"12","size":1024}"#),
        ("Tracing.start", r#"{"transferMode":"ReturnAsStream","traceConfig":{"includedCategories":["*"]}}"#),
        ("Tracing.start", r#"{"tracingBackend":"chrome","categories":"a,b"}"#),
    ] {
        assert_eq!(judged(method, params), Verdict::Pass, "{method} {params}");
    }
    for (method, params, code) in [
        ("DOM.setFileInputFiles", r#"{"files":["/etc/passwd"],"objectId":"1"}"#, -32_000),
        ("DOM.setFileInputFiles", r#"{"files":"/etc/passwd"}"#, -32_602),
        ("Input.dispatchDragEvent", r#"{"type":"drop","data":{"items":[],"files":["/etc/passwd"]}}"#, -32_000),
        ("Input.dispatchDragEvent", r#"{"type":"drop","data":[{"files":["/etc/passwd"]}]}"#, -32_602),
        ("Browser.grantPermissions", r#"{"permissions":["geolocation","videoCapture"]}"#, -32_000),
        ("Browser.grantPermissions", r#"{"permissions":["midiSysex"]}"#, -32_000),
        ("Browser.grantPermissions", r#"{"permissions":[""]}"#, -32_000),
        ("Browser.grantPermissions", r#"{"permissions":["geolocation notifications"]}"#, -32_000),
        ("Browser.grantPermissions", r#"{"permissions":[1]}"#, -32_602),
        ("Browser.setPermission", r#"{"permission":{"name":"camera"},"setting":"granted"}"#, -32_000),
        ("Browser.setPermission", r#"{"permission":{"name":"camera"},"setting":"Denied"}"#, -32_000),
        ("Browser.setPermission", r#"{"permission":"camera","setting":"granted"}"#, -32_602),
        ("Browser.setPermission", r#"{"permission":{"name":"camera"}}"#, -32_602),
        ("IO.read", r#"{"handle":"blob:6a0c"}"#, -32_000),
        ("IO.read", r#"{"handle":""}"#, -32_000),
        ("IO.read", r#"{"handle":"-1"}"#, -32_000),
        ("IO.read", r#"{"handle":1}"#, -32_602),
        ("Tracing.start", r#"{"perfettoConfig":"CgA="}"#, -32_000),
        ("Tracing.start", r#"{"tracingBackend":"system"}"#, -32_000),
        ("Tracing.start", r#"{"tracingBackend":"auto"}"#, -32_000),
    ] {
        assert_eq!(refused(method, params).0, code, "{method} {params}");
    }
}

#[test]
fn parameters_that_are_judged_have_each_key_once_and_are_not_deep() {
    for params in [
        r#"{"url":"http://a.test","url":"file:///etc/passwd"}"#,
        r#"{"url":"http://a.test","\u0075rl":"file:///etc/passwd"}"#,
        r#"{"url":"http://a.test","x":[{"y":1,"y":2}]}"#,
        &format!(r#"{{"url":"http://a.test","x":{}{}}}"#, "[".repeat(100), "]".repeat(100)),
        r#"{"url":"http://a.test","x":1e400}"#,
    ] {
        assert_eq!(refused("Page.navigate", params).0, -32_602, "{params}");
    }
    assert_eq!(judged("Runtime.evaluate", r#"{"expression":"\ud800","expression":""}"#), Verdict::Pass, "not judged");
}

/// Arbitrary texts, and texts that resemble frames.
const FRAMES: &str = "\\PC{0,200}|\\{(\"(id|method|params|sessionId|x)\":(1|\"Page.navigate\"|\\{\"url\":\"(http:)?\\PC{0,9}\"\\}|\
    null|[\\[\\]{}\",0-9]{0,9}),?){0,5}\\}";

proptest! {
    #[test]
    fn no_text_makes_us_panic(text in FRAMES) {
        if let Ok(request) = Request::parse(&text) {
            let verdict = judge(&request);
            let params = match &verdict {
                Verdict::Rewrite(params) | Verdict::Watch(_, Some(params)) => Some(params),
                _ => None,
            };
            let written = request.write(9, Some("B"), params).unwrap();
            let read: Value = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(&read["id"], &json!(9));
            prop_assert_eq!(&read["method"], &json!(request.method));
            prop_assert_eq!(&read["sessionId"], &json!("B"));
            prop_assert!(!written.contains(&0));
        }
    }
}

#[test]
fn a_refusal_is_answered_to_the_id_and_the_session_it_was_for() {
    let Verdict::Refuse(refusal) = judged("Foo.bar", "{}") else { panic!() };
    let answer: Value = serde_json::from_str(&refusal.answer(3, Some("S"))).unwrap();
    let error = json!({"code": -32_601, "message": "'Foo.bar' wasn't found"});
    assert_eq!(answer, json!({"id": 3, "error": error, "sessionId": "S"}));
    let text = r#"{"id":4,"sessionId":"S","method":7}"#;
    let FrameError::Invalid { id, session, refusal } = Request::parse(text).unwrap_err() else { panic!() };
    assert_eq!((id, session.as_deref(), refusal.code), (4, Some("S"), -32_600));
}
