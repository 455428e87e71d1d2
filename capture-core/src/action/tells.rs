//! What the reply of each action type tells of where the page is.

use super::ActionType;

/// What a reply tells of where the page is. `goto` tells its own address, read from the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// That it navigated.
    Navigation,
    /// Its address, and that it navigated.
    NavigationAndUrl,
    /// Its address, and whether it navigated, either way.
    Travel,
}

impl ActionType {
    /// What its reply tells of where the page is.
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
