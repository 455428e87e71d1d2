//! T: requests to the server itself: rebound names, foreign origins, wrong tokens, ambiguous requests. None may be
//! granted, and no page of another origin may read an answer.

use super::{
    edge_trying,
    row::{Row, request},
};

pub(super) const TESTS: &[&str] = &[concat!(module_path!(), "::over_plain_sockets")];

#[tokio::test]
async fn over_plain_sockets() {
    edge_trying::withstand(ROWS).await;
}

/// Stands for a connection that is closed without an answer.
const CLOSED: u16 = 0;
/// The permitted answers to a request that cannot be parsed.
const BROKEN: &[u16] = &[400, 403, 431, 501, 505, CLOSED];

pub(super) const ROWS: &[Row] = &[
    request("T01", "a rebound name asks for the demo page", "GET / HTTP/1.1\nHost: evil.test\n", &[403]),
    request(
        "T02",
        "a rebound name with a port, asks for sessions",
        "GET /v1/sessions HTTP/1.1\nHost: evil.test:8080\nAuthorization: Bearer {{dev-token}}\n",
        &[403],
    ),
    request(
        "T03",
        "a rebound name opens the channel",
        "GET /v1/stream HTTP/1.1\nHost: evil.test\nOrigin: http://evil.test\nSec-WebSocket-Protocol: capture.v1.json\n{{upgrade}}",
        &[403],
    ),
    request(
        "T04",
        "a rebound name connects to a browser",
        "GET {{dev-cdp}} HTTP/1.1\nHost: evil.test\nOrigin: http://evil.test\n{{upgrade}}",
        &[403],
    ),
    request(
        "T05",
        "names that begin or end like ours",
        "GET /demo/config HTTP/1.1\nHost: localhost.evil.test\n",
        &[403],
    ),
    request(
        "T06",
        "an address with a name behind it",
        "GET /demo/config HTTP/1.1\nHost: 127.0.0.1.evil.test\n",
        &[403],
    ),
    request("T07", "a user before the name", "GET /demo/config HTTP/1.1\nHost: localhost@evil.test\n", &[400, 403]),
    request("T08", "two names", "GET /demo/config HTTP/1.1\nHost: {{dev}}\nHost: evil.test\n", BROKEN),
    request("T09", "no name", "GET /demo/config HTTP/1.1\n", BROKEN),
    request(
        "T10",
        "one name in the target, another in the header",
        "GET http://evil.test/demo/config HTTP/1.1\nHost: {{dev}}\n",
        &[403],
    ),
    request(
        "T11",
        "a name handed on by a proxy that nobody trusts",
        "GET /v1/sessions/{{cdp-session}} HTTP/1.1\nHost: {{server}}\nX-Forwarded-Host: evil.test\nForwarded: host=evil.test\nAuthorization: Bearer {{token}}\n",
        &[200],
    ),
    request(
        "T12",
        "a page of another origin opens the channel",
        "GET /v1/stream HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\nSec-WebSocket-Protocol: capture.v1.json\n{{upgrade}}",
        &[403],
    ),
    request(
        "T13",
        "a page without an origin opens the channel",
        "GET /v1/stream HTTP/1.1\nHost: {{server}}\nOrigin: null\nSec-WebSocket-Protocol: capture.v1.json\n{{upgrade}}",
        &[403],
    ),
    request(
        "T14",
        "two origins",
        "GET /v1/stream HTTP/1.1\nHost: {{server}}\nOrigin: http://{{server}}\nOrigin: http://evil.test\nSec-WebSocket-Protocol: capture.v1.json\n{{upgrade}}",
        &[400, 403],
    ),
    request(
        "T15",
        "an origin on another port of this machine",
        "GET /v1/stream HTTP/1.1\nHost: {{server}}\nOrigin: http://127.0.0.1:{{port}}\nSec-WebSocket-Protocol: capture.v1.json\n{{upgrade}}",
        &[403],
    ),
    request(
        "T16",
        "a page of another origin connects to a browser",
        "GET {{cdp}} HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\n{{upgrade}}",
        &[403],
    ),
    request(
        "T17",
        "a page without an origin connects to a browser",
        "GET {{cdp}} HTTP/1.1\nHost: {{server}}\nOrigin: null\n{{upgrade}}",
        &[403],
    ),
    request(
        "T18",
        "a preflight of another origin",
        "OPTIONS /v1/sessions HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\nAccess-Control-Request-Method: POST\nAccess-Control-Request-Headers: authorization\n",
        &[401, 403, 404, 405],
    ),
    request(
        "T19",
        "a preflight that asks for this network",
        "OPTIONS / HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\nAccess-Control-Request-Method: GET\nAccess-Control-Request-Private-Network: true\n",
        &[401, 403, 404, 405],
    ),
    request(
        "T20",
        "another origin reads what needs no token",
        "GET /screenshot/devices HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\n",
        &[200, 403],
    ),
    request(
        "T21",
        "a form creates a session",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nOrigin: http://evil.test\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 1\n\na",
        &[401, 403],
    ),
    request(
        "T22",
        "a form with a token creates a session",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\nContent-Type: text/plain\nContent-Length: 2\n\n{}",
        &[400],
    ),
    request("T23", "no token", "GET /v1/sessions HTTP/1.1\nHost: {{server}}\n", &[401]),
    request(
        "T24",
        "a token in the query",
        "GET /v1/sessions?token={{token}}&access_token={{token}} HTTP/1.1\nHost: {{server}}\n",
        &[401],
    ),
    request(
        "T25",
        "a token in a cookie",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nCookie: token={{token}}; Authorization=Bearer {{token}}\n",
        &[401],
    ),
    request(
        "T26",
        "two tokens",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\nAuthorization: Bearer {{bob-token}}\n",
        &[400, 401],
    ),
    request(
        "T27",
        "a token under another scheme",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Basic {{token}}\n",
        &[401],
    ),
    request(
        "T28",
        "a token cut short",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token-cut}}\n",
        &[401],
    ),
    request(
        "T29",
        "a token with something behind it",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}, {{token}}\n",
        &[401],
    ),
    request(
        "T30",
        "a token without a secret, a user, a colon",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer YW5uOg==\n",
        &[401],
    ),
    request(
        "T31",
        "a token as long as a file",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{long}}\n",
        &[401, 431],
    ),
    request(
        "T32",
        "another user's session is read",
        "GET /v1/sessions/{{cdp-session}} HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{bob-token}}\n",
        &[404],
    ),
    request(
        "T33",
        "another user's session is closed",
        "DELETE /v1/sessions/{{cdp-session}} HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{bob-token}}\n",
        &[404],
    ),
    request(
        "T34",
        "another user's session is driven",
        "POST /v1/sessions/{{cdp-session}}/actions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{bob-token}}\nContent-Type: application/json\nContent-Length: 14\n\n{\"type\":\"url\"}",
        &[404],
    ),
    request(
        "T35",
        "a way to a browser without a token",
        "GET /cdp HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[400, 401],
    ),
    request("T36", "a forged seal", "GET {{cdp-forged}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}", &[401]),
    request("T37", "a seal over something else", "GET {{cdp-moved}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}", &[401]),
    request("T38", "no seal, and half a seal", "GET {{cdp-cut}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}", &[401]),
    request("T39", "a seal of another version", "GET {{cdp-version}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}", &[401]),
    request(
        "T40",
        "a way to a browser that has ended",
        "GET {{cdp-ended}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[401, 404, 409, 410],
    ),
    request(
        "T41",
        "a user's token as a way to a browser",
        "GET /cdp?token={{token}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[401],
    ),
    request(
        "T42",
        "a way to a browser as a user's token",
        "GET /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{cdp-token}}\n",
        &[401],
    ),
    request(
        "T43",
        "a ticket of the channel as a way to a browser",
        "GET /cdp?token={{ticket}} HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[401],
    ),
    request(
        "T44",
        "the token twice, one of them good",
        "GET {{cdp}}&token=x HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[400, 401],
    ),
    request(
        "T45",
        "a WebSocket of another version",
        "GET {{cdp}} HTTP/1.1\nHost: {{server}}\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 8\nSec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\n",
        &[400, 426],
    ),
    request("T46", "Chromium's own list of pages", "GET /json/list HTTP/1.1\nHost: {{server}}\n", &[401, 404]),
    request(
        "T47",
        "Chromium's own way in",
        "GET /devtools/browser/0 HTTP/1.1\nHost: {{server}}\n{{upgrade}}",
        &[401, 404],
    ),
    request(
        "T48",
        "a new page by Chromium's own interface",
        "PUT /json/new?http://{{canary}}/ HTTP/1.1\nHost: {{server}}\n",
        &[401, 404, 405],
    ),
    request(
        "T49",
        "two lengths",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\nContent-Length: 2\nContent-Length: 40\n\n{}",
        BROKEN,
    ),
    request(
        "T50",
        "a length and chunks",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nContent-Length: 6\nTransfer-Encoding: chunked\n\n0\n\nG",
        &[400, 401],
    ),
    request(
        "T51",
        "chunks under a name that is almost right",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nTransfer-Encoding: xchunked\n\n0\n\n",
        &[400, 401, 501],
    ),
    request(
        "T52",
        "a blank before a header's colon",
        "GET /healthz HTTP/1.1\nHost: {{server}}\nContent-Length : 40\n",
        BROKEN,
    ),
    request("T53", "a header over two lines", "GET /healthz HTTP/1.1\nHost: {{server}}\nX: a\n b: c\n", BROKEN),
    request("T54", "a zero byte in a header", "GET /healthz HTTP/1.1\nHost: {{server}}\nX: a\0b\n", BROKEN),
    request("T55", "headers without end", "GET /healthz HTTP/1.1\nHost: {{server}}\nX: {{long}}{{long}}\n", BROKEN),
    request(
        "T56",
        "a target without end",
        "GET /{{long}}{{long}} HTTP/1.1\nHost: {{server}}\n",
        &[400, 404, 414, 431, CLOSED],
    ),
    request(
        "T57",
        "paths that climb, and names in other case",
        "GET /v1/sessions/..%2f..%2fhealthz HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\n",
        &[400, 404],
    ),
    request(
        "T58",
        "files beside the demo's",
        "GET /demo/..%2f..%2fCargo.toml HTTP/1.1\nHost: {{server}}\n",
        &[400, 404],
    ),
    request(
        "T59",
        "the server as a proxy",
        "GET http://{{canary}}/ HTTP/1.1\nHost: {{canary}}\n",
        &[200, 400, 403, 404],
    ),
    request("T60", "the server as a tunnel", "CONNECT {{canary}} HTTP/1.1\nHost: {{canary}}\n", &[400, 403, 404, 405]),
    request(
        "T61",
        "the request, echoed",
        "TRACE / HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\n",
        &[400, 403, 404, 405],
    ),
    request(
        "T62",
        "the browser's program and arguments in the options of a session",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\nContent-Type: application/json\nContent-Length: 28\n\n{\"args\":[\"--proxy-server=\"]}",
        &[400],
    ),
    request(
        "T63",
        "a proxy of the request's own choice",
        "POST /v1/sessions HTTP/1.1\nHost: {{server}}\nAuthorization: Bearer {{token}}\nContent-Type: application/json\nContent-Length: 21\n\n{\"proxy\":\"direct://\"}",
        &[400],
    ),
    request("T64", "a version nobody speaks", "GET /healthz HTTP/9.9\nHost: {{server}}\n", BROKEN),
];
