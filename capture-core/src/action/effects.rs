//! What else happened to the page while an action ran.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tells;

/// A dialog the page opened during the action; it was answered at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialogReport {
    /// alert, confirm, prompt or beforeunload.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it said.
    pub message: String,
    /// How it was answered.
    pub accepted: bool,
}

/// A tab the page opened during the action; it is the active page now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TabReport {
    /// Where it goes.
    pub url: String,
}

/// A download the page offered during the action; it was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadReport {
    /// Where it came from.
    pub url: String,
    /// The name it was offered under.
    pub suggested_filename: String,
}

/// What happened to the page while an action ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Effects {
    /// The active page's address afterwards, for pointer, keyboard and navigation actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the address changed; `back`, `forward` and `reload` say so either way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub navigated: Option<bool>,
    /// Dialogs, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dialogs: Vec<DialogReport>,
    /// The tab that became active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_tab: Option<TabReport>,
    /// The download that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<DownloadReport>,
}

impl Effects {
    /// Fills in the page's address, as far as this action's reply includes it.
    pub(crate) fn told(&mut self, tells: Tells, navigated: bool, url: String) {
        self.navigated = (tells == Tells::Travel || (tells != Tells::Nothing && navigated)).then_some(navigated);
        self.url = matches!(tells, Tells::NavigationAndUrl | Tells::Travel).then_some(url);
    }
}
