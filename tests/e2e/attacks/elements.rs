//! S: everything in markup, styles and headers that makes a browser fetch something; the page is opened by `goto` and
//! by `Page.navigate`.

use super::{
    Way,
    row::{Row, headers, html},
    tried,
};

tried! { ROWS, quick by_goto: Way::Goto, long by_cdp: Way::Cdp }

pub(super) const ROWS: &[Row] = &[
    html("S01", "a picture", "<img src=http://{{canary}}/>"),
    html("S02", "a picture's other sources", "<img srcset='http://{{canary}}/ 2x, http://{{canary}}/1 1x'><picture><source srcset=http://{{canary}}/><img></picture>"),
    html("S03", "a lazy picture", "<img loading=lazy src=http://{{canary}}/>"),
    html("S04", "a picture as a button", "<input type=image src=http://{{canary}}/>"),
    html("S05", "a background in markup", "<body background=http://{{canary}}/><table background=http://{{canary}}/>"),
    html("S06", "a script", "<script src=http://{{canary}}/></script>"),
    html("S07", "a module", "<script type=module src=http://{{canary}}/></script>"),
    html("S08", "a map of imports", "<script type=importmap>{\"imports\": {\"a\": \"http://{{canary}}/\"}}</script><script type=module>import 'a'</script>"),
    html("S09", "a style sheet", "<link rel=stylesheet href=http://{{canary}}/>"),
    html("S10", "an icon", "<link rel=icon href=http://{{canary}}/><link rel=apple-touch-icon href=http://{{canary}}/>").also_stopped(),
    html("S11", "a manifest", "<link rel=manifest href=http://{{canary}}/>").also_stopped(),
    html("S12", "preload", "<link rel=preload as=script href=http://{{canary}}/><link rel=preload as=image href=http://{{canary}}/1>"),
    html("S13", "modulepreload", "<link rel=modulepreload href=http://{{canary}}/>"),
    html("S14", "prefetch", "<link rel=prefetch href=http://{{canary}}/>"),
    html("S15", "preconnect", "<link rel=preconnect href=http://{{canary}}/><link rel=preconnect crossorigin href=http://{{canary}}/>").also_stopped(),
    html("S16", "prerender", "<link rel=prerender href=http://{{canary}}/>").also_stopped(),
    html("S17", "a frame", "<iframe src=http://{{canary}}/></iframe>"),
    html("S18", "a frame without rights", "<iframe sandbox src=http://{{canary}}/></iframe><iframe credentialless src=http://{{canary}}/></iframe>"),
    html("S19", "a set of frames", "<frameset cols=*><frame src=http://{{canary}}/></frameset>"),
    html("S20", "an object", "<object data=http://{{canary}}/></object>"),
    html("S21", "an embedded document", "<embed src=http://{{canary}}/>"),
    html("S22", "a PDF document", "<object type=application/pdf data=http://{{canary}}/></object><embed type=application/pdf src=http://{{canary}}/>").also_stopped(),
    html("S23", "a film", "<video src=http://{{canary}}/ preload=auto></video>"),
    html("S24", "a film's poster", "<video poster=http://{{canary}}/></video>"),
    html("S25", "sound", "<audio preload=auto><source src=http://{{canary}}/></audio>"),
    html("S26", "subtitles", "<video><track default kind=captions src=http://{{canary}}/></video><script>document.querySelector('track').track.mode = 'showing'</script>")
        .also_stopped(),
    html("S27", "url() in a style", "<div style='background: url(http://{{canary}}/)'>a</div>"),
    html("S28", "image-set(), cursors, masks and list marks", "<style>div { background: image-set('http://{{canary}}/' 1x); cursor: url(http://{{canary}}/), auto; mask: url(http://{{canary}}/) } li { list-style: url(http://{{canary}}/) }</style><div>a</div><li>a</li>"),
    html("S29", "@import", "<style>@import 'http://{{canary}}/'; @import url(http://{{canary}}/1);</style>"),
    html("S30", "a font", "<style>@font-face { font-family: a; src: url(http://{{canary}}/) } p { font: 9px a }</style><p>text</p>"),
    html("S31", "a picture in SVG", "<svg width=9 height=9><image href=http://{{canary}}/ width=9 height=9 /></svg>"),
    html("S32", "filters and scripts in SVG", "<svg width=9 height=9><filter id=f><feImage href=http://{{canary}}/ /></filter><rect width=9 height=9 filter=url(#f) /><script href=http://{{canary}}/ ></script></svg>"),
    html("S33", "SVG as a frame, with a picture in it", "<iframe src=\"/as?type=image/svg%2Bxml&body=%3Csvg%20xmlns='http://www.w3.org/2000/svg'%3E%3Cimage%20href='http://{{canary}}/'/%3E%3C/svg%3E\"></iframe>"),
    html("S34", "XHTML with a style sheet instruction", "<iframe src=\"/as?type=application/xhtml%2Bxml&body=%3C?xml-stylesheet%20href='http://{{canary}}/'?%3E%3Chtml%20xmlns='http://www.w3.org/1999/xhtml'/%3E\"></iframe>"),
    html("S35", "a ping of a link, clicked", "<a id=go href=#x ping=http://{{canary}}/>go</a>"),
    html("S36", "a frame of markup with a picture", "<iframe srcdoc='<img src=http://{{canary}}/>'></iframe>"),
    html("S37", "a frame of data with a picture", "<iframe src='data:text/html,<img src=http://{{canary}}/>'></iframe>"),
    html("S38", "a template's shadow tree", "<div><template shadowrootmode=open><img src=http://{{canary}}/></template></div>"),
    html("S39", "markup that is not run, but scanned ahead", "<noscript><img src=http://{{canary}}/a></noscript><script>document.write('<img src=http://{{canary}}/>')</script>"),
    html("S40", "attribution of a picture and of a link", "<img attributionsrc=http://{{canary}}/ src=/common><a id=go attributionsrc=http://{{canary}}/ href=#x>go</a>").also_stopped(),
    html("S41", "rules that fetch ahead", "<script type=speculationrules>{\"prefetch\": [{\"source\": \"list\", \"urls\": [\"http://{{canary}}/\"], \"eagerness\": \"immediate\"}]}</script>").also_stopped(),
    html("S42", "rules that show ahead", "<script type=speculationrules>{\"prerender\": [{\"source\": \"list\", \"urls\": [\"/to?status=302&place=http://{{canary}}/\"], \"eagerness\": \"immediate\"}]}</script>").also_stopped(),
    headers("S43", "headers that load ahead", &[("link", "<http://{{canary}}/>; rel=preload; as=image"), ("link", "<http://{{canary}}/>; rel=preconnect")], "on"),
    headers("S44", "a style sheet by a header", &[("link", "<http://{{canary}}/>; rel=stylesheet")], "on").also_stopped(),
    headers(
        "S45",
        "where breaches of the content policy are reported",
        &[("content-security-policy", "img-src 'none'; report-uri http://{{canary}}/")],
        "<img src=/x>",
    ),
    headers(
        "S46",
        "where the browser reports, now and later",
        &[
            ("reporting-endpoints", "default=\"http://{{canary}}/\""),
            ("report-to", "{\"group\":\"n\",\"max_age\":99,\"endpoints\":[{\"url\":\"http://{{canary}}/\"}]}"),
            ("nel", "{\"report_to\":\"n\",\"max_age\":99,\"success_fraction\":1}"),
            ("content-security-policy-report-only", "img-src 'none'; report-to default"),
        ],
        "<img src=/x>",
    )
    .also_stopped(),
    headers("S47", "another way to the same site", &[("alt-svc", "h2=\"{{canary}}\", h3=\":{{port}}\"")], "<img src=/common>").also_stopped(),
    headers("S48", "rules that fetch ahead, by a header", &[("speculation-rules", "\"http://{{canary}}/\"")], "on"),
    headers("S49", "a source map", &[("sourcemap", "http://{{canary}}/")], "<script>0\n//# sourceMappingURL=http://{{canary}}/</script>")
        .also_stopped(),
    headers("S50", "a dictionary for compression", &[("link", "<http://{{canary}}/>; rel=compression-dictionary")], "<link rel=compression-dictionary href=http://{{canary}}/>"),
    headers("S51", "an origin that clears and asks for hints", &[("accept-ch", "sec-ch-ua-model"), ("critical-ch", "sec-ch-ua-model"), ("content-location", "http://{{canary}}/")], "<img src=http://{{canary}}/>"),
];
