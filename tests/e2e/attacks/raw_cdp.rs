//! D: commands over `connectUrl` that reach past the guard, past the session, or to the browser itself. Refused
//! commands are answered with an error; the connection and the browser go on.

use super::{
    Way,
    row::{
        Row,
        Said::{No, Whatever, Yes},
        browser, commands, page,
    },
    tried,
};

tried! { ROWS, quick over_a_connection: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    commands(
        "D01",
        "a context without a proxy",
        &[browser("Target.createBrowserContext", r#"{"proxyServer": "direct://"}"#, No)],
    ),
    commands(
        "D02",
        "contexts with a proxy of the client's",
        &[
            browser("Target.createBrowserContext", r#"{"proxyServer": "{{canary}}"}"#, No),
            browser("Target.createBrowserContext", r#"{"proxyServer": "socks5://{{canary}}"}"#, No),
            browser("Target.createBrowserContext", r#"{"proxyServer": "http=direct://;https={{canary}}"}"#, No),
            browser("Target.createBrowserContext", r#"{"proxyServer": "pac+http://{{canary}}/"}"#, No),
        ],
    ),
    commands(
        "D03",
        "contexts that go around the proxy",
        &[
            browser("Target.createBrowserContext", r#"{"proxyBypassList": "*"}"#, No),
            browser("Target.createBrowserContext", r#"{"proxyServer": "", "proxyBypassList": "<-loopback>"}"#, No),
        ],
    ),
    commands(
        "D04",
        "a context whose origins may reach everything",
        &[browser("Target.createBrowserContext", r#"{"originsWithUniversalNetworkAccess": ["http://{{site}}"]}"#, No)],
    ),
    commands(
        "D05",
        "a context of the client's own",
        &[
            browser("Target.createBrowserContext", "{}", Yes),
            browser(
                "Target.createTarget",
                r#"{"url": "http://{{canary}}/", "browserContextId": "{{browserContextId}}"}"#,
                Whatever,
            ),
            browser(
                "Target.createTarget",
                r#"{"url": "about:blank", "browserContextId": "{{browserContextId}}"}"#,
                Yes,
            ),
            browser("Target.attachToTarget", r#"{"targetId": "{{targetId}}", "flatten": true}"#, Yes),
            page("Page.navigate", r#"{"url": "http://{{canary}}/"}"#, Whatever),
            page(
                "Runtime.evaluate",
                r#"{"expression": "new WebSocket('ws://{{canary}}/'); fetch('http://{{canary}}/', {mode: 'no-cors'})"}"#,
                Whatever,
            ),
            browser("Target.disposeBrowserContext", r#"{"browserContextId": "{{browserContextId}}"}"#, Whatever),
        ],
    ),
    commands(
        "D06",
        "a page at the canary's address",
        &[
            browser("Target.createTarget", r#"{"url": "http://{{canary}}/"}"#, Whatever),
            browser(
                "Target.createTarget",
                r#"{"url": "http://[::1]:{{port}}/", "newWindow": true, "background": true}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D07",
        "pages that are no web pages",
        &[
            browser("Target.createTarget", r#"{"url": "file:///etc/passwd"}"#, No),
            browser("Target.createTarget", r#"{"url": "chrome://settings"}"#, No),
            browser("Target.createTarget", r#"{"url": "view-source:file:///etc/passwd"}"#, No),
            browser(
                "Target.createTarget",
                r#"{"url": "devtools://devtools/bundled/inspector.html?ws={{canary}}/"}"#,
                No,
            ),
            browser("Target.createTarget", r#"{"url": "javascript:open('file:///etc/passwd')"}"#, Whatever),
        ],
    ),
    commands(
        "D08",
        "a page with developer tools in front of it",
        &[
            browser("Target.createTarget", r#"{"url": "about:blank", "forTab": true, "hidden": true}"#, Whatever),
            browser("Target.openDevTools", r#"{"targetId": "{{target}}"}"#, No),
        ],
    ),
    commands(
        "D09",
        "a resource, loaded by the browser process",
        &[
            page(
                "Network.loadNetworkResource",
                r#"{"frameId": "{{target}}", "url": "http://{{canary}}/", "options": {"disableCache": true, "includeCredentials": false}}"#,
                Whatever,
            ),
            browser(
                "Network.loadNetworkResource",
                r#"{"url": "http://{{canary}}/", "options": {"disableCache": true, "includeCredentials": false}}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D10",
        "a file, loaded by the browser process",
        &[page(
            "Network.loadNetworkResource",
            r#"{"frameId": "{{target}}", "url": "file:///etc/passwd", "options": {"disableCache": true, "includeCredentials": false}}"#,
            No,
        )],
    ),
    commands(
        "D11",
        "a request that goes on to another address",
        &[
            page("Fetch.enable", "{}", Whatever),
            page(
                "Runtime.evaluate",
                r#"{"expression": "fetch('http://{{site}}/common', {mode: 'no-cors'}); 0"}"#,
                Whatever,
            ),
            page("event Fetch.requestPaused", "{}", Whatever),
            page("Fetch.continueRequest", r#"{"requestId": "{{requestId}}", "url": "http://{{canary}}/"}"#, Whatever),
            page("Fetch.disable", "{}", Whatever),
        ],
    ),
    commands(
        "D12",
        "a navigation that is answered with a redirect",
        &[
            page("Fetch.enable", "{}", Whatever),
            page("Runtime.evaluate", r#"{"expression": "location = 'http://{{site}}/common'; 0"}"#, Whatever),
            page("event Fetch.requestPaused", "{}", Whatever),
            page(
                "Fetch.fulfillRequest",
                r#"{"requestId": "{{requestId}}", "responseCode": 302, "responseHeaders": [{"name": "location", "value": "http://{{canary}}/"}]}"#,
                Whatever,
            ),
            page("Fetch.disable", "{}", Whatever),
        ],
    ),
    commands(
        "D13",
        "a request that is intercepted in the old way",
        &[
            page("Network.enable", "{}", Whatever),
            page("Network.setRequestInterception", r#"{"patterns": [{"urlPattern": "*"}]}"#, Whatever),
            page(
                "Runtime.evaluate",
                r#"{"expression": "fetch('http://{{site}}/common', {mode: 'no-cors'}); 0"}"#,
                Whatever,
            ),
            page("event Network.requestIntercepted", "{}", Whatever),
            page(
                "Network.continueInterceptedRequest",
                r#"{"interceptionId": "{{interceptionId}}", "url": "http://{{canary}}/"}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "D14",
        "browsers elsewhere are looked for",
        &[browser("Target.setRemoteLocations", r#"{"locations": [{"host": "127.0.0.1", "port": {{port}}}]}"#, No)],
    ),
    commands(
        "D15",
        "a port is opened",
        &[browser("Tethering.bind", r#"{"port": 45454}"#, No), page("Tethering.bind", r#"{"port": 45454}"#, No)],
    ),
    commands(
        "D16",
        "screens of the neighbourhood",
        &[page("Cast.enable", "{}", No), page("Cast.startTabMirroring", r#"{"sinkName": "a"}"#, No)],
    ),
    commands(
        "D17",
        "a command inside a command",
        &[
            browser("Target.attachToTarget", r#"{"targetId": "{{target}}", "flatten": false}"#, Whatever),
            browser(
                "Target.sendMessageToTarget",
                r#"{"targetId": "{{target}}", "message": "{\"id\":1,\"method\":\"Page.navigate\",\"params\":{\"url\":\"file:///etc/passwd\"}}"}"#,
                No,
            ),
            page(
                "Target.sendMessageToTarget",
                r#"{"sessionId": "{{session}}", "message": "{\"id\":1,\"method\":\"Browser.crash\"}"}"#,
                No,
            ),
        ],
    ),
    commands(
        "D18",
        "the protocol, handed to a page",
        &[browser("Target.exposeDevToolsProtocol", r#"{"targetId": "{{target}}", "bindingName": "cdp"}"#, No)],
    ),
    commands(
        "D19",
        "refused commands over a second session to the browser",
        &[
            browser("Target.attachToBrowserTarget", "{}", Whatever),
            page("Target.setRemoteLocations", r#"{"locations": [{"host": "127.0.0.1", "port": {{port}}}]}"#, No),
            page("Target.createBrowserContext", r#"{"proxyServer": "direct://"}"#, No),
            page("Browser.crash", "{}", No),
        ],
    ),
    commands(
        "D20",
        "the browser is crashed",
        &[
            browser("Browser.crash", "{}", No),
            browser("Browser.crashGpuProcess", "{}", No),
            page("Browser.crash", "{}", No),
        ],
    ),
    commands("D21", "the client's own page is crashed", &[page("Page.crash", "{}", Whatever)]),
    commands(
        "D22",
        "what runs on the machine",
        &[
            browser("SystemInfo.getInfo", "{}", No),
            browser("SystemInfo.getProcessInfo", "{}", No),
            browser("Browser.getBrowserCommandLine", "{}", No),
        ],
    ),
    commands(
        "D23",
        "commands of the browser's own",
        &[browser("Browser.executeBrowserCommand", r#"{"commandId": "openTabSearch"}"#, No)],
    ),
    commands(
        "D24",
        "memory of the browser",
        &[
            browser("Memory.simulatePressureNotification", r#"{"level": "critical"}"#, No),
            browser("Memory.prepareForLeakDetection", "{}", No),
            browser("Memory.getBrowserSamplingProfile", "{}", No),
        ],
    ),
    commands(
        "D25",
        "a trace of everything",
        &[
            browser("Tracing.start", r#"{"categories": "*", "transferMode": "ReturnAsStream"}"#, Whatever),
            browser("Tracing.requestMemoryDump", "{}", No),
            browser("Tracing.end", "{}", Whatever),
        ],
    ),
    commands(
        "D26",
        "extensions",
        &[
            browser("Extensions.loadUnpacked", r#"{"path": "/etc"}"#, No),
            browser("Extensions.getStorageItems", r#"{"id": "a", "storageArea": "local"}"#, No),
        ],
    ),
    commands(
        "D27",
        "apps",
        &[
            browser(
                "PWA.install",
                r#"{"manifestId": "http://{{canary}}/", "installUrlOrBundleUrl": "http://{{canary}}/"}"#,
                No,
            ),
            browser("PWA.launch", r#"{"manifestId": "http://{{canary}}/"}"#, No),
        ],
    ),
    commands(
        "D28",
        "devices",
        &[
            page("DeviceAccess.enable", "{}", Whatever),
            page("DeviceAccess.selectPrompt", r#"{"id": "a", "deviceId": "b"}"#, No),
            page("SmartCardEmulation.enable", "{}", No),
            browser("Browser.addMockCamera", r#"{"deviceId": "a"}"#, No),
        ],
    ),
];
