//! E: addresses of this machine, its network and its cloud, in every notation. Each is tried as `goto`, from a page's
//! script (by `fetch`, an image, a frame, a WebSocket and a navigation) and as `Page.navigate`.

use super::{
    Way,
    row::{Row, blocked, failing},
    tried,
};

tried! { ROWS, quick as_goto: Way::Goto, long as_script: Way::Script, long as_cdp: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    blocked("E01", "localhost by name", &["http://localhost:{{port}}/", "http://LocalHost:{{port}}/"]),
    failing("E02", "localhost with a dot at its end", &["http://localhost.:{{port}}/", "http://LOCALHOST.:{{port}}/"]),
    failing("E03", "names below localhost", &["http://a.localhost:{{port}}/", "http://www.localhost.:{{port}}/"])
        .also_stopped(),
    failing("E04", "this machine's own name and those of its hosts file", &["http://{{hostname}}:{{port}}/"]),
    blocked("E05", "127.0.0.1", &["http://{{canary}}/", "http://{{canary}}/a?b#c"]),
    blocked("E06", "127.0.0.1 with a dot at its end", &["http://127.0.0.1.:{{port}}/"]),
    blocked("E07", "other addresses of 127/8", &["http://127.0.0.3:{{port}}/", "http://127.255.255.254:{{port}}/"]),
    blocked("E08", "another port of the address whose one port is allowed", &["http://127.0.0.2:{{port}}/"]),
    blocked("E09", "IPv4 with parts left out", &["http://127.1:{{port}}/", "http://127.0.1:{{port}}/"]),
    blocked("E10", "IPv4 as one number", &["http://2130706433:{{port}}/"]),
    blocked("E11", "IPv4 in hexadecimal", &["http://0x7f000001:{{port}}/", "http://0x7f.0x0.0x0.0x1:{{port}}/"]),
    blocked("E12", "IPv4 in octal", &["http://0177.0.0.01:{{port}}/", "http://017700000001:{{port}}/"]),
    blocked("E13", "IPv4 in mixed notations", &["http://0x7f.1:{{port}}/", "http://0177.0x0.1:{{port}}/"]),
    blocked(
        "E14",
        "full-width and circled digits",
        &["http://１２７.０.０.１:{{port}}/", "http://①②⑦.⓪.⓪.①:{{port}}/"],
    ),
    blocked("E15", "ideographic dots", &["http://127。0。0。1:{{port}}/", "http://127．0．0｡1:{{port}}/"]),
    blocked("E16", "a percent-encoded host", &["http://%31%32%37.0.0.1:{{port}}/", "http://127%2e0%2e0%2e1:{{port}}/"]),
    blocked(
        "E17",
        "invisible characters in the host",
        &["http://127.0.\u{ad}0.1:{{port}}/", "http://loc\u{200b}alhost:{{port}}/"],
    ),
    blocked(
        "E18",
        "tabs and line ends inside the address",
        &["http://127.0.\t0.1:{{port}}/", "http://127.0.0\n.1:{{port}}/"],
    ),
    blocked("E19", "the scheme in capitals", &["HTTP://{{canary}}/", "hTtP://[::1]:{{port}}/"]),
    blocked(
        "E20",
        "too few, too many and wrong slashes",
        &["http:/{{canary}}/", "http:{{canary}}/", "http:////{{canary}}/", r"http:\\{{canary}}\"],
    )
    .for_any_reason(),
    blocked("E21", "no scheme", &["{{canary}}/", "localhost:{{port}}/", "//{{canary}}/"]).for_any_reason(),
    blocked("E22", "https", &["https://{{canary}}/", "https://localhost:{{port}}/"]),
    failing("E23", "user and password before the host", &["http://{{site}}@{{canary}}/", "http://a:b@{{canary}}/"]),
    failing(
        "E24",
        "an allowed host behind the real one",
        &["http://{{canary}}#@{{site}}/", r"http://{{canary}}\@{{site}}/"],
    ),
    failing("E25", "an encoded end of the host", &["http://127.0.0.1%2f.{{site}}/", "http://127.0.0.1%00.{{site}}/"])
        .also_stopped(),
    blocked("E26", "::1", &["http://[::1]:{{port}}/", "http://[0:0:0:0:0:0:0:1]:{{port}}/"]),
    blocked(
        "E27",
        "the unspecified addresses",
        &["http://[::]:{{port}}/", "http://0.0.0.0:{{port}}/", "http://0:{{port}}/"],
    ),
    blocked(
        "E28",
        "IPv4 mapped into IPv6",
        &["http://[::ffff:127.0.0.1]:{{port}}/", "http://[::ffff:7f00:1]:{{port}}/"],
    ),
    blocked("E29", "mapped IPv4 written in full", &["http://[0:0:0:0:0:ffff:127.0.0.1]:{{port}}/"]),
    blocked("E30", "IPv4-compatible IPv6", &["http://[::127.0.0.1]:{{port}}/"]).also_stopped(),
    blocked("E31", "NAT64", &["http://[64:ff9b::7f00:1]:{{port}}/", "http://[64:ff9b:1::7f00:1]:{{port}}/"])
        .also_stopped(),
    blocked("E32", "6to4", &["http://[2002:7f00:1::]:{{port}}/", "http://[2002:a9fe:a9fe::]/"]).also_stopped(),
    blocked("E33", "Teredo", &["http://[2001:0:7f00:1::80ff:fffe]:{{port}}/"]).also_stopped(),
    blocked(
        "E34",
        "unique local and site-local IPv6",
        &["http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[fec0::1]/"],
    )
    .also_stopped(),
    blocked("E35", "link-local IPv6", &["http://[fe80::1]:{{port}}/"]).also_stopped(),
    failing("E36", "IPv6 with a zone", &["http://[fe80::1%25lo]:{{port}}/", "http://[::1%25lo]:{{port}}/"])
        .also_stopped(),
    blocked(
        "E37",
        "documentation, discard and multicast IPv6",
        &["http://[2001:db8::1]/", "http://[100::1]/", "http://[ff02::1]/"],
    )
    .also_stopped(),
    blocked("E38", "this machine's address in its network", &["http://{{own}}:{{port}}/"]),
    blocked("E39", "this server", &["http://{{server}}/healthz", "http://{{server}}/"]).also_stopped(),
    blocked(
        "E40",
        "metadata service of a cloud",
        &["http://169.254.169.254/latest/meta-data/", "http://[::ffff:a9fe:a9fe]/", "http://2852039166/"],
    )
    .also_stopped(),
    blocked(
        "E41",
        "other clouds' metadata",
        &["http://100.100.100.200/", "http://[fd00:ec2::254]/", "http://192.0.0.192/"],
    )
    .also_stopped(),
    blocked("E42", "the Azure host's address, which looks public", &["http://168.63.129.16/"]).also_stopped(),
    failing("E43", "metadata by name", &["http://metadata.google.internal/", "http://metadata/"]).also_stopped(),
    blocked("E44", "10/8", &["http://10.0.0.0/", "http://10.255.255.255/", "http://012.0.0.1/"]).also_stopped(),
    blocked("E45", "172.16/12", &["http://172.16.0.1/", "http://172.17.0.1:2375/", "http://172.31.255.255/"])
        .also_stopped(),
    blocked("E46", "192.168/16", &["http://192.168.0.1/", "http://192.168.255.254/", "http://0xc0a80001/"])
        .also_stopped(),
    blocked("E47", "carriers' shared addresses", &["http://100.64.0.1/", "http://100.127.255.255/"]).also_stopped(),
    blocked("E48", "link-local IPv4", &["http://169.254.0.1/", "http://169.254.255.255/"]).also_stopped(),
    blocked(
        "E49",
        "benchmarking and documentation IPv4",
        &["http://198.18.0.1/", "http://192.0.2.1/", "http://203.0.113.1/"],
    )
    .also_stopped(),
    blocked(
        "E50",
        "multicast, reserved and broadcast",
        &["http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/"],
    )
    .also_stopped(),
    failing(
        "E51",
        "ports of other protocols",
        &["http://127.0.0.1:22/", "http://127.0.0.1:6379/", "http://{{site-host}}:25/"],
    )
    .also_stopped(),
];
