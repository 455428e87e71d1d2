//! R: an allowed site that redirects sessions to places that are not allowed; tried as `goto`, from a page's script and
//! as `Page.navigate`.

use super::{
    Way,
    row::{Row, blocked, headers, html, redirect, script},
    tried,
};

tried! { ROWS, quick as_goto: Way::Goto, long as_script: Way::Script, long as_cdp: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    redirect("R01", "301, moved for good", &[301], &["http://{{canary}}/"]),
    redirect("R02", "302, found elsewhere", &[302], &["http://{{canary}}/"]),
    redirect("R03", "303, see there", &[303], &["http://{{canary}}/"]),
    redirect("R04", "307, for now", &[307], &["http://{{canary}}/"]),
    redirect("R05", "308, for ever", &[308], &["http://{{canary}}/"]),
    redirect("R06", "to other notations of loopback", &[302], &["http://2130706433:{{port}}/", "http://0x7f.1:{{port}}/", "http://[::ffff:127.0.0.1]:{{port}}/"]),
    redirect("R07", "to localhost by name", &[302], &["http://localhost:{{port}}/"]),
    redirect("R08", "to ::1 and the unspecified addresses", &[302, 307], &["http://[::1]:{{port}}/", "http://0:{{port}}/"]),
    redirect("R09", "to this machine's address in its network", &[302], &["http://{{own}}:{{port}}/"]),
    redirect("R10", "to a cloud's metadata", &[302, 307], &["http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/"]).also_stopped(),
    redirect("R11", "without a scheme", &[302], &["//{{canary}}/", "///{{canary}}/"]),
    redirect("R12", "with backslashes", &[302], &[r"/\{{canary}}/", r"http:\\{{canary}}\", r"\\{{canary}}\"]),
    redirect("R13", "with white space and tabs around and inside", &[302], &["  http://{{canary}}/ ", "http://127.0.\t0.1:{{port}}/"]),
    redirect("R14", "with user and password", &[302], &["http://{{site}}@{{canary}}/", "http://a:b@{{canary}}/"]).for_any_reason(),
    redirect("R15", "to https", &[301], &["https://{{canary}}/"]),
    redirect("R16", "with bytes that are no ASCII", &[302], &["http://１２７.０.０.１:{{port}}/"]).for_any_reason(),
    redirect("R17", "to a file", &[301, 302, 307], &["file:///etc/passwd"]).for_any_reason().also_stopped(),
    redirect("R18", "to pages of Chromium", &[302], &["chrome://settings", "chrome://crash", "about:version", "devtools://devtools/bundled/inspector.html"])
        .for_any_reason()
        .also_stopped(),
    redirect("R19", "to scripts and data", &[302], &["javascript:location='http://{{canary}}/'", "data:text/html,<iframe src=http://{{canary}}/>"])
        .for_any_reason()
        .also_stopped(),
    blocked("R20", "after ten hops within the site", &["http://{{site}}/hop/10?place=http://{{canary}}/"]),
    blocked("R21", "an open redirect that leads to itself first", &["http://{{site}}/to?status=302&place=/to%3Fstatus=307%26place=http://{{canary}}/"]),
    headers("R22", "the Refresh header", &[("refresh", "0;url=http://{{canary}}/")], "on"),
    html("R23", "meta refresh", "<meta http-equiv=refresh content='0;url=http://{{canary}}/'>"),
    html("R24", "meta refresh in a frame", "<iframe srcdoc=\"<meta http-equiv=refresh content='0;url=http://{{canary}}/'>\"></iframe>"),
    script("R25", "location is set", "location = `http://${canary}/`"),
    script("R26", "location.replace, from a timer", "setTimeout(() => location.replace(`http://${canary}/`), 50); await sleep(200)"),
    script("R27", "the navigation interface", "navigation.navigate(`http://${canary}/`)"),
    script("R28", "the parent is sent away by a frame", "add('iframe', { srcdoc: `<script>parent.location = 'http://${canary}/'</script>` }); await sleep(300)"),
    html("R29", "a link, clicked", "<a id=go href=http://{{canary}}/>go</a>"),
    html("R30", "a link to another window, clicked", "<a id=go target=_blank rel=noopener href=http://{{canary}}/>go</a>"),
    html("R31", "a link that downloads, clicked", "<a id=go download=x href=http://{{canary}}/>go</a>"),
    html("R32", "a link that goes by the base address", "<base href=http://{{canary}}/><a id=go href=x>go</a>"),
    html("R33", "a form, sent", "<form method=post action=http://{{canary}}/><input name=a value=b><button id=go>go</button></form>"),
    html("R34", "a form, sent by its button to elsewhere", "<form><button id=go formaction=http://{{canary}}/ formmethod=post>go</button></form>"),
    script("R35", "a form that sends itself into a frame", "const f = add('form', { action: `http://${canary}/`, method: 'post', target: 'in' }); add('iframe', { name: 'in' }); f.submit(); await sleep(200)"),
    script("R36", "a form sent again to elsewhere by a 307", "const f = add('form', { action: to(307, `http://${canary}/`), method: 'post' }); f.submit()"),
    html("R37", "a window, opened", "<button id=go onclick=\"window.open('http://{{canary}}/')\">go</button>"),
    html("R38", "a window that is sent on later", "<button id=go onclick=\"w = window.open('/common'); setTimeout(() => w.location = 'http://{{canary}}/', 200)\">go</button>"),
    html("R39", "pictures, scripts, styles and frames that are sent on", "<img src='/to?status=302&place=http://{{canary}}/'><script src='/to?status=307&place=http://{{canary}}/'></script>
        <link rel=stylesheet href='/to?status=301&place=http://{{canary}}/'><iframe src='/to?status=308&place=http://{{canary}}/'></iframe>"),
    script("R40", "a request that is sent on", "await fetch(to(302, `http://${canary}/`), { mode: 'no-cors' }).catch(() => {}); await fetch(to(307, `http://${canary}/`), { method: 'POST', mode: 'no-cors' })"),
    script("R41", "a worker's import that is sent on", "work(`importScripts(${JSON.stringify(to(302, `http://${canary}/`))})`); await sleep(300)"),
    script("R42", "an event stream that is sent on", "new EventSource(to(302, `http://${canary}/`)); await sleep(300)"),
    script("R43", "a module that is sent on", "await import(to(302, `http://${canary}/`))"),
    script("R44", "back to where a page came from", "history.pushState(null, '', '/common'); location.href = to(303, `http://${canary}/`)"),
];
