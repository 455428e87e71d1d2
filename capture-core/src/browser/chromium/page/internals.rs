//! Roles and states that custom elements have by their `ElementInternals`. Only the browser's accessibility tree
//! reports them.
//!
//! This module must not know what is done with an element.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    chromium_page::ChromiumPage,
    closed_roots::{LetGo, members},
    document::World,
};
use crate::browser::chromium::cdp::{CdpError, objects};

#[derive(Deserialize)]
struct PartialTree {
    nodes: Vec<AxNode>,
}

#[derive(Deserialize)]
struct AxNode {
    role: Option<AxValue>,
    #[serde(default)]
    properties: Vec<AxProperty>,
}

#[derive(Deserialize)]
struct AxProperty {
    name: String,
    value: AxValue,
}

#[derive(Deserialize)]
struct AxValue {
    #[serde(default)]
    value: Value,
}

impl ChromiumPage {
    /// Asks the browser about the elements that a document visited last; returns whether one of them has such a role.
    /// Elements that are `fresh` may be acted on.
    pub(crate) async fn learn_roles(&self, world: &World, fresh: bool, deadline: Instant) -> bool {
        let _let_go = LetGo(&world.session);
        tokio::time::timeout_at(deadline, learn(world, fresh, deadline))
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default()
    }
}

async fn learn(world: &World, fresh: bool, deadline: Instant) -> Result<bool, CdpError> {
    let session = &world.session;
    let mut learned = false;
    for element in members(world, "capture.mayHaveRoles()").await? {
        let PartialTree { nodes } = session.send(&objects::accessible(&element)).decode().await?;
        let Some(AxNode { role: Some(role), properties }) = nodes.into_iter().next() else { continue };
        let checked = properties.into_iter().find(|property| property.name == "checked");
        let checked = checked.map(|checked| checked.value.value);
        let told = json!({"role": role.value, "checked": checked, "isFresh": fresh});
        learned |= world.ask_of(&element, "learnRole", &told, deadline).await.unwrap_or(false);
    }
    Ok(learned)
}
