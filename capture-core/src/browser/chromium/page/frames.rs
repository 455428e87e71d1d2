//! The frames of one tab as their events report them, including those with a process of their own. This module is pure.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;

use super::page_clock::PageClock;
use crate::browser::chromium::cdp::{CdpSession, Event, SessionKey};

/// The name of the isolated world of our scripts.
pub(crate) const WORLD: &str = "capture";
/// Maximum number of known frames of a tab. Further frames of a page are ignored.
const MAX_FRAMES: usize = 1_000;

/// A frame with the document it shows.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) id: String,
    parent: Option<String>,
    key: SessionKey,
    pub(crate) session: CdpSession,
    /// Our world in its document; `None` while there is no usable document.
    pub(crate) context: Option<ScriptContext>,
}

/// Our world in one document.
#[derive(Debug, Clone)]
pub(crate) struct ScriptContext {
    /// The world's unique id, which is never reused.
    pub(crate) unique: String,
    /// The world's number, for older commands.
    pub(crate) number: i64,
    /// The clock of the document.
    pub(crate) clock: Arc<PageClock>,
}

/// The main frame first, then the others in the order in which they were attached.
#[derive(Debug)]
pub(crate) struct Frames {
    all: Vec<Frame>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameAttached {
    frame_id: String,
    parent_frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FrameDetached {
    frame_id: String,
    reason: String,
}

#[derive(Deserialize)]
struct ContextCreated {
    context: CreatedContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreatedContext {
    id: i64,
    unique_id: String,
    name: String,
    aux_data: AuxData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuxData {
    frame_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContextDestroyed {
    execution_context_unique_id: String,
}

impl Frames {
    /// A tab with only its main frame.
    pub(crate) fn new(id: String, key: SessionKey, session: CdpSession) -> Self {
        Self { all: vec![Frame { id, parent: None, key, session, context: None }] }
    }

    pub(crate) fn main(&self) -> Option<&Frame> {
        self.all.first()
    }

    /// Whether this session belongs to one of its frames.
    pub(crate) fn own(&self, key: &SessionKey) -> bool {
        self.all.iter().any(|frame| frame.key == *key)
    }

    /// All frames except the main one, in tree order.
    pub(crate) fn children(&self) -> Vec<&Frame> {
        let mut held: HashMap<&str, Vec<&Frame>> = HashMap::new();
        for frame in &self.all {
            held.entry(frame.parent.as_deref().unwrap_or_default()).or_default().push(frame);
        }
        let mut found = Vec::new();
        let mut next: Vec<&Frame> = self.main().into_iter().collect();
        while let Some(frame) = next.pop() {
            found.push(frame);
            next.extend(held.remove(frame.id.as_str()).unwrap_or_default().into_iter().rev());
        }
        found.into_iter().skip(1).collect()
    }

    /// The frame that contains this one, and whether it is in another process.
    pub(crate) fn holder(&self, id: &str) -> Option<(&Frame, bool)> {
        let frame = self.get(id)?;
        let holder = self.get(frame.parent.as_deref()?)?;
        Some((holder, holder.key != frame.key))
    }

    /// The frame whose document has this world.
    pub(crate) fn in_context(&self, unique: &str) -> Option<&Frame> {
        self.all.iter().find(|frame| frame.context.as_ref().is_some_and(|context| context.unique == unique))
    }

    fn get(&self, id: &str) -> Option<&Frame> {
        self.all.iter().find(|frame| frame.id == id)
    }

    /// Forgets a world that the browser no longer has.
    pub(crate) fn forget(&mut self, unique: &str) {
        for frame in &mut self.all {
            frame.context.take_if(|context| context.unique == unique);
        }
    }

    /// Handles a new document: the frames of the previous one are gone.
    pub(crate) fn renew(&mut self) {
        self.all.truncate(1);
    }

    /// Handles a frame that got a process of its own.
    pub(crate) fn adopt(&mut self, id: String, parent: Option<String>, key: SessionKey, session: CdpSession) {
        match self.all.iter_mut().find(|frame| frame.id == id) {
            Some(frame) => {
                frame.key = key;
                frame.session = session;
                frame.context = None;
            }
            None => self.add(Frame { id, parent, key, session, context: None }),
        }
    }

    /// Handles the end of a process with frames.
    pub(crate) fn lose(&mut self, key: &SessionKey) {
        self.all.retain(|frame| frame.key != *key);
    }

    fn add(&mut self, frame: Frame) {
        if self.all.len() < MAX_FRAMES {
            self.all.push(frame);
        }
    }

    /// Handles an event of one of its sessions.
    pub(crate) fn on_event(&mut self, event: &Event) {
        match &*event.method {
            "Page.frameAttached" => self.on_attached(event),
            "Page.frameDetached" => self.on_detached(event),
            "Runtime.executionContextCreated" => self.on_context_created(event),
            "Runtime.executionContextsCleared" => {
                for frame in self.all.iter_mut().filter(|frame| frame.key == event.session) {
                    frame.context = None;
                }
            }
            "Runtime.executionContextDestroyed" => {
                if let Some(destroyed) = event.decode::<ContextDestroyed>() {
                    self.forget(&destroyed.execution_context_unique_id);
                }
            }
            _ => {}
        }
    }

    fn on_attached(&mut self, event: &Event) {
        let Some(FrameAttached { frame_id, parent_frame_id }) = event.decode() else { return };
        let Some(session) = self.all.iter().find(|frame| frame.key == event.session).map(|f| f.session.clone()) else {
            return;
        };
        self.adopt(frame_id, Some(parent_frame_id), event.session.clone(), session);
    }

    /// Handles a detached frame. A frame that was swapped continues in another process, whose session reports it.
    fn on_detached(&mut self, event: &Event) {
        let Some(FrameDetached { frame_id, reason }) = event.decode() else { return };
        if reason == "swap" {
            return;
        }
        let mut gone = vec![frame_id];
        while let Some(id) = gone.pop() {
            self.all.retain(|frame| frame.id != id || frame.parent.is_none());
            gone.extend(
                self.all.iter().filter(|frame| frame.parent.as_ref() == Some(&id)).map(|frame| frame.id.clone()),
            );
        }
    }

    fn on_context_created(&mut self, event: &Event) {
        let Some(ContextCreated { context }) = event.decode() else { return };
        if context.name != WORLD {
            return;
        }
        let (id, session) = (&context.aux_data.frame_id, &event.session);
        if let Some(frame) = self.all.iter_mut().find(|frame| frame.id == *id && frame.key == *session) {
            frame.context =
                Some(ScriptContext { unique: context.unique_id, number: context.id, clock: Arc::default() });
        }
    }
}
