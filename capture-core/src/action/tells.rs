//! What the reply of each action type says about the page's address.

use super::ActionType;

/// What a reply says about the page's address. `goto` reports its own address, read from the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// That the page navigated, if it did.
    Navigation,
    /// The page's address, and that the page navigated, if it did.
    NavigationAndUrl,
    /// The page's address, and whether the page navigated.
    Travel,
}

impl ActionType {
    /// What the reply of this type says about the page's address.
    pub fn tells(self) -> Tells {
        match self {
            Self::Goto => Tells::Navigation,
            Self::Back | Self::Forward | Self::Reload => Tells::Travel,
            Self::Click
            | Self::Hover
            | Self::MoveMouse
            | Self::DragMouse
            | Self::Type
            | Self::TypeText
            | Self::Fill
            | Self::Select
            | Self::Check
            | Self::Press
            | Self::Scroll => Tells::NavigationAndUrl,
            Self::Title
            | Self::Url
            | Self::Screenshot
            | Self::WaitForSelector
            | Self::WaitForTimeout
            | Self::CursorPosition
            | Self::Snapshot
            | Self::Console
            | Self::Errors
            | Self::Content
            | Self::Query
            | Self::Batch => Tells::Nothing,
        }
    }
}
