//! The `snapshot` action: the tree of the page and its frames, with the refs in it.
//!
//! Roles and names are computed in `scripts/`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    action::{ActionResult, RefReport, Selector, Snapshot, SnapshotResult},
    browser::{
        BrowserError,
        chromium::page::{
            chromium_page::ChromiumPage,
            document::World,
            locate::{PEEK, invalid, stale},
            tab::PageFacts,
        },
    },
};

/// Maximum depth of nested frames that are shown.
const MAX_NESTING: usize = 8;

/// How much of one document is shown.
#[derive(Debug, Clone, Copy)]
struct Bounds<'a> {
    selector: Option<&'a Selector>,
    chars: u32,
    depth: u32,
}

/// A walk through the documents of a page, with what it has written so far.
struct Walk<'a> {
    wanted: &'a Snapshot,
    deadline: Instant,
    lines: Vec<String>,
    result: SnapshotResult,
}

/// The script's result for one document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tree {
    invalid: Option<String>,
    stale: bool,
    missing: bool,
    lines: Vec<String>,
    refs: BTreeMap<String, RefReport>,
    next: u32,
    truncated: bool,
    frames: Vec<FrameLine>,
    /// Number of elements that may have a closed shadow root.
    hosts: usize,
    /// Number of elements that may have a role by their internals.
    roles: usize,
    url: String,
    title: String,
}

/// The line of the tree for a frame.
#[derive(Debug, Deserialize)]
struct FrameLine {
    id: String,
    line: usize,
    depth: usize,
}

impl ChromiumPage {
    pub(crate) async fn snapshot(&self, wanted: &Snapshot, deadline: Instant) -> Result<ActionResult, BrowserError> {
        let (tree, world) = self.find_tree(wanted, deadline).await?;
        let result = SnapshotResult {
            snapshot: String::new(),
            refs: BTreeMap::new(),
            url: tree.url.clone(),
            title: tree.title.clone(),
            truncated: false,
        };
        let mut walk = Walk { wanted, deadline, lines: Vec::new(), result };
        self.write(tree, 0, 0, &mut walk).await;
        walk.shorten();
        let Walk { lines, mut result, .. } = walk;
        if world.frame != self.tabs.borrow().world().map(|main| main.frame).unwrap_or_default() {
            // The address and the title are those of the page, even if the subtree is in a frame.
            let facts: PageFacts = self.call("page", &(), deadline).await?;
            (result.url, result.title) = (facts.url, facts.title);
        }
        result.snapshot = lines.join("\n");
        Ok(ActionResult::Snapshot(result))
    }

    /// The tree of the page, or of the selector's element in the first frame that has it.
    async fn find_tree(&self, wanted: &Snapshot, deadline: Instant) -> Result<(Tree, World), BrowserError> {
        let selector = wanted.selector.as_ref();
        let main = match selector.and_then(|selector| Some((selector, selector.reference()?))) {
            Some((selector, reference)) => self.world_of_ref(reference).ok_or_else(|| stale(selector))?,
            None => self.world(deadline).await?,
        };
        let mut candidates = vec![main];
        if selector.is_some() {
            candidates.extend(self.tabs.borrow().other_worlds());
        }
        for world in candidates {
            let bounds = Bounds { selector, chars: wanted.max_chars, depth: wanted.max_depth };
            let tree = self.tree(&world, wanted, bounds, deadline).await?;
            match selector {
                Some(selector) if tree.stale => return Err(stale(selector)),
                Some(selector) => {
                    if let Some(why) = &tree.invalid {
                        return Err(invalid(selector, why));
                    }
                    if !tree.missing {
                        return Ok((tree, world));
                    }
                }
                None => return Ok((tree, world)),
            }
        }
        let selector = selector.map(|selector| selector.as_str().chars().take(120).collect::<String>());
        Err(BrowserError::failed_for("not_found", format!("{:?} is not on the page", selector.unwrap_or_default())))
    }

    /// The tree of one document, with its frames marked so that they can be told apart.
    async fn tree(
        &self,
        world: &World,
        wanted: &Snapshot,
        bounds: Bounds<'_>,
        deadline: Instant,
    ) -> Result<Tree, BrowserError> {
        self.mark_frames(world, deadline).await;
        let next = self.refs.lock().next();
        let argument = |next: u32| {
            json!({
                "selector": bounds.selector, "interactive": wanted.interactive,
                "maxDepth": bounds.depth, "maxChars": bounds.chars, "next": next,
            })
        };
        if wanted.interactive {
            self.mark_listening(world, deadline.min(Instant::now() + PEEK)).await;
        }
        let mut tree: Tree = world.call("snapshot", &argument(next), deadline).await?;
        let patience = deadline.min(Instant::now() + PEEK);
        let is_opened = tree.hosts > 0 && self.open_closed(world, patience).await;
        if is_opened | (tree.roles > 0 && self.learn_roles(world, false, patience).await) {
            tree = world.call("snapshot", &argument(tree.next.max(next)), deadline).await?;
        }
        if tree.next > next {
            let mut refs = self.refs.lock();
            let tabs = self.tabs.borrow();
            refs.give_out(tree.next, &world.context.unique, |unique| tabs.know(unique));
        }
        Ok(tree)
    }

    /// Tells a document which frames are in it.
    pub(crate) async fn mark_frames(&self, world: &World, deadline: Instant) {
        let held: Vec<World> = {
            let tabs = self.tabs.borrow();
            let is_held =
                |child: &World| tabs.holder(&child.frame).is_some_and(|(holder, _)| holder.frame == world.frame);
            tabs.other_worlds().into_iter().filter(is_held).collect()
        };
        for child in held {
            // A frame that goes away meanwhile is not shown.
            if let Ok(element) = self.frame_element(world, &child.frame, deadline).await {
                let _: Result<bool, _> = world.ask_of(&element, "markFrame", &child.frame, deadline).await;
            }
        }
    }

    /// Adds the lines of a document, with those of its frames below the lines for them.
    async fn write(&self, tree: Tree, depth: usize, nesting: usize, walk: &mut Walk<'_>) {
        walk.result.truncated |= tree.truncated;
        walk.result.refs.extend(tree.refs);
        let mut frames = tree.frames.into_iter().peekable();
        for (index, line) in tree.lines.into_iter().enumerate() {
            walk.lines.push(format!("{:width$}{line}", "", width = depth * 2));
            while let Some(frame) = frames.next_if(|frame| frame.line == index) {
                let inner = depth + frame.depth + 1;
                let levels = walk.wanted.max_depth.saturating_sub(u32::try_from(inner).unwrap_or(u32::MAX));
                let bounds = Bounds { selector: None, chars: walk.chars_left(), depth: levels };
                if levels == 0 {
                    continue;
                }
                if nesting >= MAX_NESTING || bounds.chars == 0 {
                    walk.result.truncated = true;
                    continue;
                }
                let child = self.tabs.borrow().other_worlds().into_iter().find(|world| world.frame == frame.id);
                let Some(child) = child else { continue };
                // A frame that is gone or too busy is shown without its content.
                let Ok(tree) = self.tree(&child, walk.wanted, bounds, walk.deadline).await else { continue };
                Box::pin(self.write(tree, inner, nesting + 1, walk)).await;
            }
        }
    }
}

impl Walk<'_> {
    /// Number of UTF-16 units so far, as the scripts count.
    fn length(&self) -> u32 {
        let length = self.lines.iter().map(|line| line.encode_utf16().count() + 1).sum::<usize>();
        u32::try_from(length.saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn chars_left(&self) -> u32 {
        self.wanted.max_chars.saturating_sub(self.length())
    }

    /// Removes whole lines at the end until the rest is short enough. Lines of frames are longer here than in the
    /// script because of their indent.
    fn shorten(&mut self) {
        while self.length() > self.wanted.max_chars {
            let Some(line) = self.lines.pop() else { return };
            self.result.truncated = true;
            if let Some((name, _)) = line.rsplit_once("[ref=").and_then(|(_, after)| after.split_once(']')) {
                self.result.refs.remove(name);
            }
        }
    }
}
