//! What our scripts cannot see by themselves: closed shadow roots, and which elements the page listens on. The browser
//! tells both, and hands the nodes into our world.
//!
//! Knows nothing of what is looked for.

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{chromium_page::ChromiumPage, document::World};
use crate::browser::chromium::cdp::{CdpError, CdpSession, Pending, commands, objects};

/// Closed roots inside closed roots are opened as deep as this.
const MOST_NESTED: usize = 8;
/// Elements the page listens on that are told of one document.
const MOST_LISTENED: usize = 500;
/// What a mouse does to an element that listens.
const ACTING: [&str; 6] = ["click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup"];

#[derive(Deserialize)]
struct Evaluated {
    result: Object,
}

#[derive(Deserialize)]
struct Resolved {
    object: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_id: Option<String>,
}

#[derive(Deserialize)]
struct Properties {
    result: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    name: String,
    value: Option<Object>,
}

#[derive(Deserialize)]
struct Described {
    node: Host,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Host {
    #[serde(default)]
    shadow_roots: Vec<Root>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Root {
    backend_node_id: i64,
    shadow_root_type: Option<String>,
}

#[derive(Deserialize)]
struct Listeners {
    listeners: Vec<Listener>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listener {
    #[serde(rename = "type")]
    kind: String,
    backend_node_id: Option<i64>,
}

impl ChromiumPage {
    /// Gives a document the closed shadow roots of the elements it came across; whether there were any. No element is
    /// asked about twice.
    pub(crate) async fn open_closed(&self, world: &World, deadline: Instant) -> bool {
        let mut opened = false;
        let _let_go = LetGo(&world.session);
        for _ in 0..MOST_NESTED {
            let Ok(Ok(true)) = tokio::time::timeout_at(deadline, open(world, deadline)).await else { break };
            opened = true;
        }
        opened
    }

    /// Tells a document which of its elements the page listens on for the mouse.
    pub(crate) async fn mark_listening(&self, world: &World, deadline: Instant) {
        let _let_go = LetGo(&world.session);
        // Without them the snapshot shows what can be acted on by its looks.
        let _: Result<Result<(), CdpError>, _> = tokio::time::timeout_at(deadline, listen(world)).await;
    }
}

/// Lets the objects go however the look ends.
pub(crate) struct LetGo<'a>(pub(crate) &'a CdpSession);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        drop(self.0.send(&objects::let_go()));
    }
}

/// One look at the elements that may have a closed root.
async fn open(world: &World, deadline: Instant) -> Result<bool, CdpError> {
    let session = &world.session;
    let hosts = members(world, "capture.mayHaveRoots()").await?;
    let asked: Vec<Pending> = hosts.iter().map(|host| session.send(&objects::describe(host))).collect();
    let mut roots = Vec::new();
    for described in asked {
        let Described { node } = described.decode().await?;
        let is_closed = |root: &Root| root.shadow_root_type.as_deref() == Some("closed");
        roots.extend(node.shadow_roots.into_iter().filter(is_closed).map(|root| root.backend_node_id));
    }
    for root in objects(session, &roots, world.context.number).await {
        let _: Result<bool, _> = world.ask_of(&root, "openRoot", &(), deadline).await; // its host may be gone
    }
    Ok(!roots.is_empty())
}

async fn listen(world: &World) -> Result<(), CdpError> {
    let session = &world.session;
    let asked: Evaluated = by_reference(world, "document").decode().await?;
    let Some(document) = asked.result.object_id else { return Ok(()) };
    let Listeners { listeners } = session.send(&objects::listeners(&document)).decode().await?;
    let mut nodes: Vec<i64> = Vec::new();
    for listener in listeners.iter().filter(|listener| ACTING.contains(&&*listener.kind)) {
        let new = listener.backend_node_id.filter(|node| nodes.last() != Some(node));
        nodes.extend(new.filter(|_| nodes.len() < MOST_LISTENED));
    }
    let elements = objects(session, &nodes, world.context.number).await;
    let code = "function (...elements) { return capture.markListening(elements); }".to_owned();
    session.send(&objects::call_with(&document, code, &elements)).decode::<Value>().await.map(drop)
}

/// The members of a list in a document, as objects.
pub(crate) async fn members(world: &World, list: &str) -> Result<Vec<String>, CdpError> {
    let asked: Evaluated = by_reference(world, list).decode().await?;
    let Some(list) = asked.result.object_id else { return Ok(Vec::new()) };
    let Properties { result } = world.session.send(&objects::properties(&list)).decode().await?;
    let is_index = |property: &Property| property.name.bytes().all(|byte| byte.is_ascii_digit());
    Ok(result.into_iter().filter(is_index).filter_map(|property| property.value?.object_id).collect())
}

fn by_reference(world: &World, expression: &str) -> Pending {
    world.session.send(&objects::evaluate_by_reference(expression.to_owned(), &world.context.unique))
}

/// Nodes as objects of a world; those of other documents are left out.
async fn objects(session: &CdpSession, nodes: &[i64], context: i64) -> Vec<String> {
    let asked: Vec<Pending> =
        nodes.iter().map(|node| session.send(&commands::resolve(*node, context, Some(objects::LOOKED_AT)))).collect();
    let mut objects = Vec::new();
    for resolved in asked {
        if let Ok(Resolved { object: Object { object_id: Some(id) } }) = resolved.decode().await {
            objects.push(id);
        }
    }
    objects
}
