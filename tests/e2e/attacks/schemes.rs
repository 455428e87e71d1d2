//! U: addresses that are not web pages: files, Chromium's own pages, other programs; tried as `goto`, from a page's
//! script and as `Page.navigate`. No byte of a file may be shown, and the browser must survive.

use super::{
    Way,
    row::{Row, failing, html, refused},
    tried,
};

tried! { ROWS, quick as_goto: Way::Goto, long as_script: Way::Script, long as_cdp: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    refused("U01", "a file", &["file:///etc/passwd", "file:///proc/self/environ"]).also_stopped(),
    refused("U02", "a file, the scheme in capitals", &["FILE:///etc/passwd", "fIle:///etc/passwd"]).also_stopped(),
    failing("U03", "a file with other numbers of slashes", &["file:/etc/passwd", "file:etc/passwd", "file://///etc/passwd"])
        .also_stopped(),
    refused("U04", "a file of a host", &["file://localhost/etc/passwd", "file://127.0.0.1/etc/passwd"]).also_stopped(),
    failing("U05", "a file behind white space and control characters", &[" file:///etc/passwd", "\tfile:///etc/passwd", "fi\nle:///etc/passwd", "\u{1}file:///etc/passwd"])
        .also_stopped(),
    failing("U06", "a network path", &[r"\\localhost\etc\passwd", r"\\127.0.0.1\c$", "//localhost/etc/passwd"]).also_stopped(),
    failing("U07", "a page's source", &["view-source:file:///etc/passwd", "view-source:http://{{canary}}/"]).also_stopped(),
    failing("U08", "a source's source", &["view-source:view-source:http://{{canary}}/", "VIEW-SOURCE:Chrome:Settings"])
        .also_stopped(),
    refused("U09", "pages that end a CDP-driven Chromium", &["chrome://settings", "chrome://extensions", "chrome://history", "chrome://apps", "chrome://help", "chrome://password-manager"])
        .also_stopped(),
    refused("U10", "pages that crash on purpose", &["chrome://crash", "chrome://kill", "chrome://hang", "chrome://memory-exhaust", "chrome://gpucrash"])
        .also_stopped(),
    refused("U11", "pages that end the browser on purpose", &["chrome://quit", "chrome://restart", "chrome://inducebrowsercrashforrealz", "chrome://uithreadhang", "chrome://badcastcrash"])
        .also_stopped(),
    refused("U12", "pages that tell of the browser", &["chrome://version", "chrome://gpu", "chrome://net-export", "chrome://policy", "chrome://inspect"])
        .also_stopped(),
    failing("U13", "Chromium's pages without slashes", &["chrome:settings", "chrome:crash", "chrome:version"]).also_stopped(),
    refused("U14", "Chromium's pages by their other name", &["about:version", "about:gpu", "about:crash", "about:settings"])
        .also_stopped(),
    refused("U15", "Chromium's untrusted pages", &["chrome-untrusted://print/", "chrome-search://local-ntp/", "chrome-error://chromewebdata/"])
        .also_stopped(),
    refused("U16", "DevTools' own page, connected to a place of the attacker's choice", &["devtools://devtools/bundled/inspector.html?ws={{canary}}/"])
        .also_stopped(),
    refused("U17", "extensions", &["chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai/index.html"]).also_stopped(),
    failing("U18", "a script as an address", &["javascript:fetch('http://{{canary}}/')", "JavaScript:location='http://{{canary}}/'"])
        .also_stopped(),
    failing("U19", "blobs and file systems", &["blob:http://{{site}}/00000000-0000-4000-8000-000000000000", "filesystem:http://{{site}}/temporary/x"])
        .also_stopped(),
    failing("U20", "other programs", &["mailto:a@b.test", "tel:1", "ssh:{{canary}}", "vnc://{{canary}}/", "intent://{{canary}}/#Intent;scheme=http;end"])
        .also_stopped(),
    refused("U21", "other protocols", &["ftp://{{canary}}/", "gopher://{{canary}}/", "ldap://{{canary}}/", "smb://{{canary}}/a"])
        .also_stopped(),
    refused("U22", "WebSockets as pages", &["ws://{{canary}}/", "wss://{{canary}}/"]).also_stopped(),
    refused("U23", "schemes nobody knows", &["isolated-app://a/", "content://a/", "cid:a", "jar:http://{{canary}}/!/", "x-unknown://{{canary}}/"])
        .also_stopped()
        .for_any_reason(),
    html("U24", "frames and pictures of files in a page", "<iframe src=file:///etc/passwd></iframe><iframe src='\\\\localhost\\etc\\passwd'></iframe>
        <img src=file:///etc/passwd><object data=file:///etc/passwd></object><link rel=stylesheet href=file:///etc/passwd>")
        .also_stopped(),
    html("U25", "files by way of the base address", "<base href='file:///etc/'><iframe src=passwd></iframe><img src=passwd><script src=passwd></script>")
        .also_stopped(),
    html("U26", "a link to one of Chromium's pages, clicked", "<a id=go href=chrome://settings>go</a>").also_stopped(),
    html("U27", "a window with one of Chromium's pages", "<button id=go onclick=\"window.open('chrome://crash'); window.open('about:version'); window.open('file:///etc/passwd')\">go</button>")
        .also_stopped(),
    html("U28", "a form sent to a file", "<form action=file:///etc/passwd method=post><button id=go>go</button></form>").also_stopped(),
    html("U29", "entities of a document type", "<iframe src=\"/as?type=text/xml&body=%3C!DOCTYPE%20a%20%5B%3C!ENTITY%20b%20SYSTEM%20'file:///etc/passwd'%3E%5D%3E%3Ca%3E%26b;%3C/a%3E\"></iframe>")
        .also_stopped(),
    html("U30", "external entities and style sheets of XML that lead to the canary", "<iframe src=\"/as?type=text/xml&body=%3C?xml-stylesheet%20type='text/xsl'%20href='http://{{canary}}/'?%3E%3C!DOCTYPE%20a%20SYSTEM%20'http://{{canary}}/'%3E%3Ca/%3E\"></iframe>")
        .also_stopped(),
];
