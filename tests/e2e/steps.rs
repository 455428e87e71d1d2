//! Pages that describe what is to be done on them and what must then be visible; `behaviours/README.md` defines the
//! format.

use std::path::{Path, PathBuf};

use capture_tests::{Client, Reply, Site, expected::differences};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

/// How long a page may take to show the effect of an action.
const REACTS: Duration = Duration::from_secs(8);
/// How long an action may take beyond its own deadline, for transport and a busy machine.
const GRACE: Duration = Duration::from_secs(10);

/// A page with its description.
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) says: Value,
}

impl Described {
    pub(crate) fn steps(&self) -> &[Value] {
        self.says["steps"].as_array().unwrap_or_else(|| panic!("{} has steps", self.name))
    }
}

pub(crate) fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

/// The pages of a family, by name. Each describes itself in a script element with this id.
pub(crate) fn pages(kind: &str, family: &str, id: &str, site: &Site) -> Vec<Described> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(kind).join(family)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.starts_with('_') || path.extension().is_none_or(|kind| kind != "html") {
            continue;
        }
        let page = site.filled(&format!("/{kind}/{family}"), &std::fs::read_to_string(&path).unwrap());
        let (_, rest) = page.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("{name} has a {id}"));
        let (says, _) = rest.split_once("</script>").unwrap();
        let says = serde_json::from_str(says).unwrap_or_else(|error| panic!("{name}: {error}"));
        found.push(Described { address: site.url(&format!("/{kind}/{family}/{name}.html")), name, says });
    }
    assert!(!found.is_empty(), "{kind}/{family} has pages");
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Runs a step: waits, acts, compares the reply and checks the page. Returns the answer of the action.
pub(crate) async fn take(ann: &Client, id: &str, step: &Value, opened: &Value) -> Result<Option<Reply>, String> {
    if let Some(millis) = step["wait"].as_u64() {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
    if let Some(wanted) = step.get("opened") {
        told("the reply of goto", &differences(opened, wanted))?;
    }
    let reply = match step["do"].as_str() {
        Some(kind) => Some(act(ann, id, kind, step).await?),
        None => None,
    };
    for (selector, wanted) in step["see"].as_object().into_iter().flatten() {
        see(ann, id, selector, wanted).await?;
    }
    Ok(reply)
}

/// Runs an action, which must be answered in time and as the step requires.
pub(crate) async fn act(ann: &Client, id: &str, kind: &str, step: &Value) -> Result<Reply, String> {
    let payload = step.get("with").cloned().unwrap_or_else(|| json!({}));
    let within = Duration::from_millis(payload["timeoutMs"].as_u64().unwrap_or(30_000).min(30_000)) + GRACE;
    let begun = Instant::now();
    let reply = ann.act(id, kind, payload).await;
    if begun.elapsed() > within {
        return Err(format!("{kind} took {:?}, longer than {within:?}: {}", begun.elapsed(), short(&reply.body)));
    }
    let mut body = reply.body.clone();
    let wanted = match (step.get("reply"), step.get("refused"), step["answers"].as_array()) {
        (_, Some(refused), _) => {
            body["status"] = reply.status.into();
            refused
        }
        (_, _, Some(statuses)) if statuses.contains(&reply.status.into()) => &Value::Null,
        (wanted, None, None) if reply.status == 200 => wanted.unwrap_or(&Value::Null),
        _ => return Err(format!("{kind} answered {}: {}", reply.status, short(&reply.body))),
    };
    if !wanted.is_null() {
        told(&format!("{kind} answered {}", short(&reply.body)), &differences(&body, wanted))?;
    }
    Ok(reply)
}

/// Polls until the page shows the expected value.
async fn see(ann: &Client, id: &str, selector: &str, wanted: &Value) -> Result<(), String> {
    let end = Instant::now() + REACTS;
    let is_fields = wanted.as_object().is_some_and(|fields| !fields.keys().any(|key| key.starts_with('$')));
    let fields: Vec<&String> = wanted.as_object().filter(|_| is_fields).into_iter().flat_map(|f| f.keys()).collect();
    loop {
        let asked =
            if is_fields { json!({"selector": selector, "fields": fields}) } else { json!({"selector": selector}) };
        let reply = ann.act(id, "query", asked).await;
        let first = &reply.body["elements"][0];
        let seen = if is_fields { first.clone() } else { first["text"].clone() };
        let differences = differences(&seen, wanted);
        if differences.is_empty() && reply.status == 200 {
            return Ok(());
        }
        if Instant::now() >= end {
            return told(&format!("{selector} shows {seen}"), &differences);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn told(what: &str, differences: &[String]) -> Result<(), String> {
    if differences.is_empty() { Ok(()) } else { Err(format!("{what}: {}", differences.join("; "))) }
}

fn short(value: &Value) -> String {
    let mut value = value.clone();
    for field in ["session", "hint", "requestId", "actionId", "expiresInSeconds"] {
        value.as_object_mut().map(|fields| fields.remove(field));
    }
    value.to_string().chars().take(700).collect()
}
