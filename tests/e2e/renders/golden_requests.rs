//! The requests of clients that cannot be pointed at another server, written out as their sources write them: the order
//! of the parameters, what is encoded and how, and what is left out. All of them ask for the same, so that all but the
//! first are answered from the cache.

use reqwest::Method;

use super::{
    Stage, header,
    signed::{ask, path},
};

/// Encodes every byte but those, and a space as this.
fn encoded(text: &str, kept: &str, space: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => space.to_owned(),
            _ if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The parameters that each client sends, by name and value.
const PARAMETERS: [(&str, &str); 6] = [
    ("vw", "300"),
    ("vh", "200"),
    ("selector", "p > b, body"),
    ("fileName", "a b~c*d'(1)!é"),
    ("darkMode", "true"),
    ("delay", "0"),
];

struct Written {
    client: &'static str,
    query: String,
}

/// The query in the way of each client.
fn queries(url: &str) -> Vec<Written> {
    let pairs = |order: &[&str], kept: &str, space: &str| {
        let value = |name: &str| match name {
            "url" => url,
            _ => PARAMETERS.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value),
        };
        let pairs = order.iter().map(|name| format!("{name}={}", encoded(value(name), kept, space)));
        pairs.collect::<Vec<_>>().join("&")
    };
    let given = ["vw", "vh", "selector", "fileName", "darkMode", "delay", "url"];
    let sorted = ["darkMode", "delay", "fileName", "selector", "url", "vh", "vw"];
    let sorted_then_url = ["darkMode", "delay", "fileName", "selector", "vh", "vw", "url"];
    let url_first = ["url", "vw", "vh", "selector", "fileName", "darkMode", "delay"];
    let other_order = ["delay", "url", "vh", "fileName", "vw", "darkMode", "selector"];
    let search_params = "*-._";
    let unreserved = "-._~";
    vec![
        Written { client: "Node", query: pairs(&given, search_params, "+") },
        Written { client: "Python", query: pairs(&given, unreserved, "+") },
        Written { client: "Ruby", query: pairs(&given, search_params, "+") },
        Written { client: "PHP", query: pairs(&sorted_then_url, "-._", "+") },
        Written { client: "Go", query: pairs(&sorted, unreserved, "+") },
        Written { client: "the CLI", query: pairs(&sorted, unreserved, "+") },
        Written { client: "Rust", query: pairs(&other_order, unreserved, "%20") },
        Written { client: "n8n", query: pairs(&url_first, search_params, "+") },
        Written { client: "WordPress", query: pairs(&url_first, unreserved, "%20") },
        Written { client: "an empty value", query: pairs(&given, unreserved, "+") + "&waitFor=" },
        Written { client: "a repeated name", query: format!("vw=1&{}", pairs(&given, unreserved, "+")) },
    ]
}

#[tokio::test]
async fn each_client_writes_the_same_request_in_its_own_way() {
    let stage = Stage::start().await;
    let secret = stage.secret();
    let queries = queries(&stage.site.url("/tall.html?a=1&b=ü"));
    for (at, Written { client, query }) in queries.iter().enumerate() {
        let path = path("ann", &secret, "image", query);
        let head = ask(&stage.server, Method::HEAD, &path).await.expect(200);
        assert_eq!(header(&head, "content-type"), "image/png", "{client}");
        let reply = ask(&stage.server, Method::GET, &path).await.expect(200);
        assert!(reply.bytes.starts_with(b"\x89PNG"), "{client}");
        let expected = if at == 0 { "miss" } else { "hit" };
        assert_eq!(header(&reply, "x-capture-cache"), expected, "{client}: {query}");
    }
    assert_eq!(stage.credits().await, "99", "one render for all of them");
    stage.server.stop().await;
}

#[tokio::test]
async fn n8n_always_sends_a_format_and_parameters_of_other_services() {
    let stage = Stage::start().await;
    let secret = stage.secret();
    let url = encoded(&stage.site.url("/tall.html"), "*-._", "+");
    let image = format!("url={url}&vw=300&vh=200&format=webp&orientation=portrait&mobile=false&blockTrackers=true");
    let reply = ask(&stage.server, Method::GET, &path("ann", &secret, "image", &image)).await.expect(200);
    assert_eq!(header(&reply, "content-type"), "image/webp");
    let pdf = format!("url={url}&format=A5&full=true");
    let reply = ask(&stage.server, Method::GET, &path("ann", &secret, "pdf", &pdf)).await.expect(200);
    assert!(reply.bytes.starts_with(b"%PDF"));
    let bare = format!("url={}", encoded(stage.site.url("/tall.html").trim_start_matches("http://"), "*-._", "+"));
    ask(&stage.server, Method::GET, &path("ann", &secret, "content", &bare)).await.expect(200);
    stage.server.stop().await;
}
