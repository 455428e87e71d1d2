//! The `fill` action for rich text and code editors. It uses the browser's own input, as a person does, and checks the
//! result afterwards. Such an editor keeps its content itself, so changing its document directly would have no effect.

use serde::Deserialize;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::{
    input::{Due, Leave},
    keyboard::{backspace, select_all},
};
use crate::{
    action::Fill,
    browser::{
        BrowserError,
        chromium::{
            cdp::commands,
            page::{
                chromium_page::ChromiumPage,
                document::World,
                locate::{Editor, millis_left},
            },
        },
    },
    error::RunOutcome,
};

/// How long an editor may take to show new text. Some render it later, or notice a selection late.
const SHOWS: Duration = Duration::from_millis(400);

/// How all text of an editor is selected, and whether it is removed before the new text is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clearing {
    /// By a selection of the document; for a part of the edited content, and for fields made of several parts.
    Selection,
    /// By the keyboard, for editors that select by themselves because they render only what is in view.
    Key,
    /// By the keyboard, and removed at once, for editors that insert new text beside the selection.
    Emptied,
}

/// One way to replace the text.
#[derive(Debug, Clone, Copy)]
struct Way {
    clearing: Clearing,
    /// Whether the editor is notified of the selection once more, because it may have missed it.
    select_anew: bool,
}

#[derive(Deserialize)]
struct Edited {
    done: bool,
    value: String,
}

impl ChromiumPage {
    /// Replaces the text of the editor that `fill` has found and focused; returns the content afterwards.
    pub(crate) async fn edit(
        &self,
        fill: &Fill,
        editor: Editor,
        world: &World,
        deadline: Instant,
    ) -> Result<String, BrowserError> {
        let ways: &[Clearing] = match editor {
            Editor::Rich => &[Clearing::Selection, Clearing::Key, Clearing::Emptied],
            // The keyboard would select more than the part.
            Editor::Part => &[Clearing::Selection],
            Editor::Proxy => &[Clearing::Key, Clearing::Emptied],
        };
        let mut shown = String::new();
        for (index, clearing) in ways.iter().enumerate() {
            if Instant::now() >= deadline {
                break;
            }
            let way = Way { clearing: *clearing, select_anew: index > 0 || editor == Editor::Proxy };
            self.replace(fill, way, world, deadline).await?;
            let shows = deadline.min(Instant::now() + SHOWS);
            let argument = json!({"value": fill.value, "timeoutMs": millis_left(shows)});
            let edited: Edited = world.call("edited", &argument, deadline).await?;
            if edited.done {
                return Ok(edited.value);
            }
            shown = edited.value;
        }
        Err(not_taken(fill, &shown))
    }

    async fn replace(
        &self,
        fill: &Fill,
        Way { clearing, select_anew }: Way,
        world: &World,
        deadline: Instant,
    ) -> Result<(), BrowserError> {
        let leave = self.ask_leave(None, Due { deadline, timeout: fill.timeout }).await?;
        if clearing != Clearing::Selection {
            leave.handled(select_all(&leave.tab), "all of it was selected").await?;
        }
        if select_anew {
            let _: bool = world.call("heardSelection", &(), deadline).await?;
        }
        if fill.value.is_empty() || clearing == Clearing::Emptied {
            leave.handled(backspace(&leave.tab), "the text was removed").await?;
        }
        insert(fill, &leave, world).await?;
        leave.rest("the text was inserted").await
    }
}

/// Several lines are pasted if the page accepts pastes, so that no line end is taken for a key.
async fn insert(fill: &Fill, leave: &Leave, world: &World) -> Result<(), BrowserError> {
    if fill.value.is_empty() {
        return Ok(());
    }
    if fill.value.contains('\n')
        && world.call::<bool>("offerPaste", &json!({"text": fill.value}), leave.due.deadline).await?
    {
        return Ok(());
    }
    leave.check(RunOutcome::Unknown)?;
    let inserted = vec![leave.tab.send(&commands::insert_text(fill.value.clone()))];
    leave.handled(inserted, "the text was inserted").await
}

fn not_taken(fill: &Fill, shown: &str) -> BrowserError {
    let mut details = serde_json::Map::new();
    details.insert("value".to_owned(), shown.into());
    let selector: String = fill.selector.as_str().chars().take(120).collect();
    BrowserError::Failed {
        message: format!(
            "{selector:?}: the editor did not take the value; it may hold a part of it: look at the page, or click into it \
             and use press and type_text"
        ),
        reason: Some("not_taken".to_owned()),
        details,
        outcome: RunOutcome::Executed,
    }
}
