//! The commands that inspect objects of a document: elements, and what the browser knows about them; with the replies
//! that several of their callers read.
//!
//! This module must not know why they are inspected.

use chromiumoxide::cdp::{
    browser_protocol::{accessibility, dom, dom_debugger},
    js_protocol::runtime,
};
use serde::Deserialize;

/// The group of objects that are held only while they are inspected.
pub(crate) const LOOKED_AT: &str = "looked-at";

/// An object of a document, as replies name it; a value has no id.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Object {
    pub(crate) object_id: Option<String>,
}

/// The reply of [`evaluate_by_reference`].
#[derive(Debug, Deserialize)]
pub(crate) struct EvaluatedObject {
    pub(crate) result: Object,
}

/// The reply to a node that is asked for as an object.
#[derive(Debug, Deserialize)]
pub(crate) struct ResolvedNode {
    pub(crate) object: Object,
}

/// Evaluates an expression in one world and returns an object that can be inspected.
pub(crate) fn evaluate_by_reference(expression: String, world: &str) -> runtime::EvaluateParams {
    runtime::EvaluateParams {
        unique_context_id: Some(world.to_owned()),
        object_group: Some(LOOKED_AT.to_owned()),
        ..runtime::EvaluateParams::new(expression)
    }
}

/// The members of a list.
pub(crate) fn properties(list: &str) -> runtime::GetPropertiesParams {
    runtime::GetPropertiesParams {
        own_properties: Some(true),
        ..runtime::GetPropertiesParams::new(runtime::RemoteObjectId::new(list))
    }
}

/// What the browser knows about an element, including its closed shadow roots.
pub(crate) fn describe(element: &str) -> dom::DescribeNodeParams {
    dom::DescribeNodeParams {
        object_id: Some(runtime::RemoteObjectId::new(element)),
        depth: Some(0),
        pierce: Some(true),
        ..Default::default()
    }
}

/// The element's node in the browser's accessibility tree.
pub(crate) fn accessible(element: &str) -> accessibility::GetPartialAxTreeParams {
    accessibility::GetPartialAxTreeParams {
        object_id: Some(runtime::RemoteObjectId::new(element)),
        fetch_relatives: Some(false),
        ..Default::default()
    }
}

/// The event listeners in a document.
pub(crate) fn listeners(document: &str) -> dom_debugger::GetEventListenersParams {
    dom_debugger::GetEventListenersParams {
        depth: Some(-1),
        pierce: Some(true),
        ..dom_debugger::GetEventListenersParams::new(runtime::RemoteObjectId::new(document))
    }
}

/// A node as an object of the page's own world.
#[cfg(feature = "render")]
pub(crate) fn in_own_world(node: i64) -> dom::ResolveNodeParams {
    dom::ResolveNodeParams {
        backend_node_id: Some(dom::BackendNodeId::new(node)),
        object_group: Some(LOOKED_AT.to_owned()),
        ..Default::default()
    }
}

/// Calls a function on an object, with other objects as arguments.
pub(crate) fn call_with(object: &str, function: String, given: &[String]) -> runtime::CallFunctionOnParams {
    let argument =
        |id: &String| runtime::CallArgument { object_id: Some(runtime::RemoteObjectId::new(id)), ..Default::default() };
    runtime::CallFunctionOnParams {
        object_id: Some(runtime::RemoteObjectId::new(object)),
        arguments: Some(given.iter().map(argument).collect()),
        return_by_value: Some(true),
        ..runtime::CallFunctionOnParams::new(function)
    }
}

/// Releases the objects that were inspected.
pub(crate) fn let_go() -> runtime::ReleaseObjectGroupParams {
    runtime::ReleaseObjectGroupParams::new(LOOKED_AT)
}
