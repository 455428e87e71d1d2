//! What our scripts cannot see: closed shadow roots, those of players for their controls, and the elements on which the
//! page listens. The browser reports them, and passes the nodes into our world.
//!
//! This module must not know what is searched for.

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::{chromium_page::ChromiumPage, document::World};
use crate::browser::chromium::cdp::{
    CdpError, CdpSession, Pending, commands,
    objects::{self, EvaluatedObject, Object, ResolvedNode},
};

/// Maximum depth of nested closed roots that are opened.
const MOST_NESTED: usize = 8;
/// Maximum number of elements with listeners that are reported to one document.
const MOST_LISTENED: usize = 500;
/// The mouse events whose listeners count.
const ACTING: [&str; 6] = ["click", "dblclick", "mousedown", "mouseup", "pointerdown", "pointerup"];

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
    local_name: String,
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

impl Root {
    /// Whether it has content of the page or the controls of a player. What else the browser keeps in roots of its own,
    /// such as its view of JSON, is not of the page.
    fn is_hidden_in(&self, host: &str) -> bool {
        match self.shadow_root_type.as_deref() {
            Some("closed") => true,
            Some("user-agent") => matches!(host, "audio" | "video"),
            _ => false,
        }
    }
}

impl ChromiumPage {
    /// Gives a document the closed shadow roots of the elements that it visited; returns whether there were any. Each
    /// element is asked about only once.
    pub(crate) async fn open_closed(&self, world: &World, deadline: Instant) -> bool {
        let mut opened = false;
        let _let_go = LetGo(&world.session);
        for _ in 0..MOST_NESTED {
            let Ok(Ok(true)) = tokio::time::timeout_at(deadline, open(world, deadline)).await else { break };
            opened = true;
        }
        opened
    }

    /// Tells a document which of its elements have mouse listeners of the page.
    pub(crate) async fn mark_listening(&self, world: &World, deadline: Instant) {
        let _let_go = LetGo(&world.session);
        // Without them, the snapshot decides by their looks what can be acted on.
        let _: Result<Result<(), CdpError>, _> = tokio::time::timeout_at(deadline, listen(world)).await;
    }
}

/// Releases the inspected objects when dropped.
pub(crate) struct LetGo<'a>(pub(crate) &'a CdpSession);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        drop(self.0.send(&objects::let_go()));
    }
}

/// Checks the elements that may have a closed root, once.
async fn open(world: &World, deadline: Instant) -> Result<bool, CdpError> {
    let session = &world.session;
    let hosts = members(world, "capture.mayHaveRoots()").await?;
    let asked: Vec<Pending> = hosts.iter().map(|host| session.send(&objects::describe(host))).collect();
    let mut roots = Vec::new();
    for described in asked {
        let Described { node } = described.decode().await?;
        let is_hidden = |root: &Root| root.is_hidden_in(&node.local_name);
        roots.extend(node.shadow_roots.iter().filter(|root| is_hidden(root)).map(|root| root.backend_node_id));
    }
    for root in objects(session, &roots, world.context.number).await {
        // the host of the root may be gone
        let _: Result<bool, _> = world.ask_of(&root, "openRoot", &(), deadline).await;
    }
    Ok(!roots.is_empty())
}

async fn listen(world: &World) -> Result<(), CdpError> {
    let session = &world.session;
    let asked: EvaluatedObject = by_reference(world, "document").decode().await?;
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
    let asked: EvaluatedObject = by_reference(world, list).decode().await?;
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
        if let Ok(ResolvedNode { object: Object { object_id: Some(id) } }) = resolved.decode().await {
            objects.push(id);
        }
    }
    objects
}
