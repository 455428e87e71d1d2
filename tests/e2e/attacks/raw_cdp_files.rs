//! F and M: commands over `connectUrl` that read or write files of the host, and messages that try to hide a command.

use super::{
    Way,
    row::{
        Row,
        Said::{No, Whatever, Yes},
        browser, commands, messages, page,
    },
    tried,
};

tried! { ROWS, quick over_a_connection: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    commands(
        "F01",
        "a file, chosen for an input",
        &[
            page("Page.setDocumentContent", r#"{"frameId": "{{target}}", "html": "<input type=file id=f>"}"#, Whatever),
            page("Runtime.evaluate", r#"{"expression": "document.getElementById('f')"}"#, Yes),
            page("DOM.setFileInputFiles", r#"{"files": ["/etc/passwd"], "objectId": "{{objectId}}"}"#, No),
            page("DOM.setFileInputFiles", r#"{"files": ["/proc/self/environ"], "backendNodeId": 1}"#, No),
            page("DOM.setFileInputFiles", r#"{"files": ["{{folder}}/../../etc/passwd"], "nodeId": 1}"#, No),
        ],
    ),
    commands(
        "F02",
        "a file, chosen in the chooser",
        &[page("Page.handleFileChooser", r#"{"action": "accept", "files": ["/etc/passwd"]}"#, No)],
    ),
    commands(
        "F03",
        "files, dropped",
        &[page(
            "Input.dispatchDragEvent",
            r#"{"type": "drop", "x": 5, "y": 5, "data": {"items": [], "files": ["/etc/passwd"], "dragOperationsMask": 1}}"#,
            No,
        )],
    ),
    commands(
        "F04",
        "downloads into a folder of the client's choice",
        &[
            browser(
                "Browser.setDownloadBehavior",
                r#"{"behavior": "allow", "downloadPath": "{{folder}}", "eventsEnabled": true}"#,
                Yes,
            ),
            page("Page.navigate", r#"{"url": "http://{{site}}/file"}"#, Whatever),
        ],
    ),
    commands(
        "F05",
        "downloads into a folder of the client's choice, by the page's command",
        &[
            page("Page.setDownloadBehavior", r#"{"behavior": "allow", "downloadPath": "{{folder}}"}"#, Whatever),
            page("Page.navigate", r#"{"url": "http://{{site}}/file"}"#, Whatever),
        ],
    ),
    commands(
        "F06",
        "downloads under names of the browser's",
        &[
            browser(
                "Browser.setDownloadBehavior",
                r#"{"behavior": "allowAndName", "downloadPath": "{{folder}}"}"#,
                Yes,
            ),
            page("Page.navigate", r#"{"url": "http://{{site}}/file"}"#, Whatever),
        ],
    ),
    commands(
        "F07",
        "a file by a stream's handle",
        &[
            page("IO.read", r#"{"handle": "/etc/passwd"}"#, No),
            browser("IO.read", r#"{"handle": "file:///etc/passwd"}"#, No),
            page("IO.read", r#"{"handle": "blob:file:///etc/passwd"}"#, No),
        ],
    ),
    commands(
        "F08",
        "a file as a resource of the page",
        &[
            page("Page.enable", "{}", Whatever),
            page("Page.getResourceContent", r#"{"frameId": "{{target}}", "url": "file:///etc/passwd"}"#, No),
        ],
    ),
    commands(
        "F09",
        "a file in a document that is set",
        &[
            page(
                "Page.setDocumentContent",
                r#"{"frameId": "{{target}}", "html": "<base href='file:///etc/'><iframe src=passwd></iframe><img src='http://{{canary}}/'>"}"#,
                Whatever,
            ),
            page(
                "Runtime.evaluate",
                r#"{"expression": "fetch('file:///etc/passwd').then((r) => r.text()).catch(String)", "awaitPromise": true}"#,
                Whatever,
            ),
        ],
    ),
    commands(
        "F10",
        "folders of the browser",
        &[page(
            "FileSystem.getDirectory",
            r#"{"bucketFileSystemLocator": {"storageKey": "http://{{site}}/", "pathComponents": []}}"#,
            No,
        )],
    ),
    commands(
        "F11",
        "a request answered from a file's address",
        &[
            page("Fetch.enable", "{}", Whatever),
            page(
                "Runtime.evaluate",
                r#"{"expression": "fetch('http://{{site}}/common', {mode: 'no-cors'}); 0"}"#,
                Whatever,
            ),
            page("event Fetch.requestPaused", "{}", Whatever),
            page("Fetch.continueRequest", r#"{"requestId": "{{requestId}}", "url": "file:///etc/passwd"}"#, No),
            page("Fetch.disable", "{}", Whatever),
        ],
    ),
    commands(
        "F12",
        "a page of the file system by history and reload",
        &[
            page("Page.navigate", r#"{"url": "FILE:///etc/passwd"}"#, No),
            page("Page.navigate", r#"{"url": "http://{{site}}/common", "referrer": "file:///etc/passwd"}"#, Whatever),
            page("Page.reload", r#"{"ignoreCache": true}"#, Whatever),
        ],
    ),
    commands(
        "F13",
        "profiles and dumps, written by the browser",
        &[
            browser(
                "Tracing.start",
                r#"{"perfettoConfig": "", "transferMode": "ReportEvents", "tracingBackend": "system"}"#,
                No,
            ),
            page("Page.printToPDF", r#"{"transferMode": "ReturnAsStream"}"#, Whatever),
        ],
    ),
    messages(
        "M01",
        "a key twice",
        &[
            r#"{"id":101,"method":"Browser.getVersion","method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":102,"method":"Target.createTarget","method":"Browser.getVersion","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":103,"method":"Target.createTarget","params":{"url":"about:blank"},"params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":104,"method":"Target.createTarget","params":{"url":"about:blank","url":"file:///etc/passwd"}}"#,
            r#"{"id":105,"method":"Target.createTarget","params":{"url":"file:///etc/passwd","url":"about:blank"}}"#,
        ],
    ),
    messages(
        "M02",
        "names written with escapes",
        &[
            r#"{"id":101,"method":"Target.\u0063reateTarget","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":102,"\u006dethod":"Target.createTarget","\u0070arams":{"\u0075rl":"\u0066ile:///etc/passwd"}}"#,
            r#"{"id":103,"method":"target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":104,"method":" Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            "{\"id\":105,\"method\":\"Target.createTarget\\u0000\",\"params\":{\"url\":\"file:///etc/passwd\"}}",
        ],
    ),
    messages(
        "M03",
        "two commands in a message",
        &[
            r#"{"id":101,"method":"Browser.getVersion"}{"id":102,"method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            "{\"id\":103,\"method\":\"Browser.getVersion\"}\0{\"id\":104,\"method\":\"Target.createTarget\",\"params\":{\"url\":\"file:///etc/passwd\"}}",
            "{\"id\":105,\"method\":\"Browser.getVersion\"}\n{\"id\":106,\"method\":\"Target.createTarget\",\"params\":{\"url\":\"file:///etc/passwd\"}}",
        ],
    ),
    messages(
        "M04",
        "a list of commands",
        &[r#"[{"id":101,"method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}]"#],
    ),
    messages(
        "M05",
        "marks and comments before the command",
        &[
            "\u{feff}{\"id\":101,\"method\":\"Target.createTarget\",\"params\":{\"url\":\"file:///etc/passwd\"}}",
            r#"/* */{"id":102,"method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":103,"method":"Target.createTarget","params":{"url":"file:///etc/passwd"},}"#,
        ],
    ),
    messages(
        "M06",
        "ids that are no numbers",
        &[
            r#"{"id":"101","method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":1e300,"method":"Browser.getVersion"}"#,
            r#"{"id":-1,"method":"Browser.getVersion"}"#,
            r#"{"id":9007199254740993,"method":"Browser.getVersion"}"#,
            r#"{"id":1.5,"method":"Browser.getVersion"}"#,
            r#"{"id":null,"method":"Browser.getVersion"}"#,
            r#"{"method":"Target.createTarget","params":{"url":"file:///etc/passwd"}}"#,
        ],
    ),
    messages(
        "M07",
        "fields of the wrong kind",
        &[
            r#"{"id":101,"method":["Target.createTarget"],"params":{"url":"file:///etc/passwd"}}"#,
            r#"{"id":102,"method":"Target.createTarget","params":["file:///etc/passwd"]}"#,
            r#"{"id":103,"method":"Target.createTarget","params":{"url":["file:///etc/passwd"]}}"#,
            r#"{"id":104,"method":"Target.createTarget","params":"{\"url\":\"file:///etc/passwd\"}"}"#,
            r#"{"id":105,"method":"Target.createTarget","sessionId":5,"params":{"url":"file:///etc/passwd"}}"#,
        ],
    ),
    messages(
        "M08",
        "sessions that are not the connection's",
        &[
            r#"{"id":101,"method":"Runtime.evaluate","sessionId":"0123456789ABCDEF0123456789ABCDEF","params":{"expression":"1"}}"#,
            r#"{"id":102,"method":"Runtime.evaluate","sessionId":"","params":{"expression":"1"}}"#,
        ],
    ),
    messages(
        "M09",
        "texts that are no commands",
        &["", " ", "null", "5", "{}", "{", "\"a\"", "[[[[", "{\"id\":1}", "{\"id\":1,\"result\":{}}", "GET / HTTP/1.1"],
    ),
    messages(
        "M10",
        "a URL with characters that are cut away",
        &[
            r#"{"id":101,"method":"Target.createTarget","params":{"url":" \tfi\nle:///etc/passwd"}}"#,
            r#"{"id":102,"method":"Target.createTarget","params":{"url":"\u0001file:///etc/passwd"}}"#,
            r#"{"id":103,"method":"Target.createTarget","params":{"url":"view-source: file:///etc/passwd"}}"#,
            r#"{"id":104,"method":"Target.createTarget","params":{"url":"/etc/passwd"}}"#,
            r#"{"id":105,"method":"Target.createTarget","params":{"url":"\\\\localhost\\etc\\passwd"}}"#,
        ],
    ),
];
