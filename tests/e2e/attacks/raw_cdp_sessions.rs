//! D: commands over `connectUrl` that reach for other sessions, or turn the client's own pages against their
//! surroundings.

use super::{
    Way,
    row::{
        Row,
        Said::{No, Whatever},
        browser, commands, page,
    },
    tried,
};

tried! { ROWS, quick over_a_connection: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    commands(
        "D29",
        "the page of another user's session",
        &[
            browser("Target.attachToTarget", r#"{"targetId": "{{other-target}}", "flatten": true}"#, No),
            browser("Target.closeTarget", r#"{"targetId": "{{other-target}}"}"#, No),
            browser("Target.activateTarget", r#"{"targetId": "{{other-target}}"}"#, No),
            browser("Target.getTargetInfo", r#"{"targetId": "{{other-target}}"}"#, No),
        ],
    ),
    commands(
        "D30",
        "a list of all pages there are",
        &[
            browser("Target.getTargets", r#"{"filter": [{}]}"#, Whatever),
            browser("Target.setDiscoverTargets", r#"{"discover": true, "filter": [{}]}"#, Whatever),
            browser("Target.getBrowserContexts", "{}", Whatever),
        ],
    ),
    commands(
        "D31",
        "contexts that are not the client's are disposed of",
        &[browser("Target.disposeBrowserContext", r#"{"browserContextId": "0123456789ABCDEF0123456789ABCDEF"}"#, No)],
    ),
    commands(
        "D32",
        "every permission",
        &[
            browser(
                "Browser.grantPermissions",
                r#"{"permissions": ["geolocation", "notifications", "clipboardReadWrite"]}"#,
                Whatever,
            ),
            browser(
                "Browser.setPermission",
                r#"{"permission": {"name": "local-network-access"}, "setting": "granted"}"#,
                Whatever,
            ),
            browser(
                "Browser.setPermission",
                r#"{"permission": {"name": "loopback-network"}, "setting": "granted"}"#,
                Whatever,
            ),
            page(
                "Runtime.evaluate",
                r#"{"expression": "fetch('http://{{canary}}/').catch(() => 0)", "awaitPromise": true}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D33",
        "certificates and policies are ignored",
        &[
            page("Security.setIgnoreCertificateErrors", r#"{"ignore": true}"#, Whatever),
            page("Page.setBypassCSP", r#"{"enabled": true}"#, Whatever),
            page("Page.navigate", r#"{"url": "https://{{canary}}/"}"#, Whatever),
        ],
    ),
    commands(
        "D34",
        "headers that speak to the proxy",
        &[
            page("Network.enable", "{}", Whatever),
            page(
                "Network.setExtraHTTPHeaders",
                r#"{"headers": {"Host": "{{canary}}", "Proxy-Authorization": "Basic YTpi", "X": "a\r\nHost: {{canary}}"}}"#,
                Whatever,
            ),
            page("Page.navigate", r#"{"url": "http://{{site}}/common"}"#, Whatever),
        ],
    ),
    commands(
        "D35",
        "screens of any size",
        &[
            page(
                "Emulation.setDeviceMetricsOverride",
                r#"{"width": 10000000, "height": 10000000, "deviceScaleFactor": 100, "mobile": false}"#,
                Whatever,
            ),
            page(
                "Page.captureScreenshot",
                r#"{"clip": {"x": 0, "y": 0, "width": 100000, "height": 100000, "scale": 10}, "captureBeyondViewport": true}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D36",
        "history entries",
        &[
            page("Page.navigateToHistoryEntry", r#"{"entryId": 0}"#, Whatever),
            page("Page.navigateToHistoryEntry", r#"{"entryId": 99999}"#, No),
        ],
    ),
    commands(
        "D37",
        "privacy sandbox enrolment",
        &[browser("Browser.addPrivacySandboxEnrollmentOverride", r#"{"url": "https://{{canary}}/"}"#, Whatever)],
    ),
    commands(
        "D38",
        "domains nobody knows",
        &[browser("Nothing.atAll", "{}", No), page("Nothing.atAll", "{}", No), browser("", "{}", No)],
    ),
    commands(
        "D39",
        "an end of our control",
        &[
            browser("Target.detachFromTarget", r#"{"sessionId": "0123456789ABCDEF0123456789ABCDEF"}"#, No),
            browser(
                "Target.setAutoAttach",
                r#"{"autoAttach": false, "waitForDebuggerOnStart": false, "flatten": false}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D40",
        "requests in the name of the browser's reports",
        &[
            page("Network.enableReportingApi", r#"{"enable": true}"#, Whatever),
            page("Page.generateTestReport", r#"{"message": "a"}"#, Whatever),
            page("Audits.enable", "{}", Whatever),
        ],
    ),
];
