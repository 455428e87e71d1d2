//! Options of a PDF document.

use serde::{Deserialize, Serialize};

/// A length in inches.
pub type Inches = f64;

/// Options of a PDF document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of its own")]
pub struct Pdf {
    /// The size of a page.
    pub paper: Paper,
    /// The margins; `None` means the browser's own, about 0.4 inches.
    pub margins: Option<Margins>,
    /// Scale of the content, 0.1 to 2.
    pub scale: f64,
    /// Whether width and height of the paper are swapped.
    pub landscape: bool,
    /// Whether colours and pictures behind the text are printed.
    pub print_background: bool,
    /// Whether the page's own `@page` size takes precedence over `paper`.
    pub prefer_css_page_size: bool,
    /// The pages to print, such as `1-3, 5`; empty means all.
    pub page_ranges: String,
    /// HTML of the header; `None` means none.
    pub header: Option<String>,
    /// HTML of the footer; `None` means none.
    pub footer: Option<String>,
    /// Whether the document has an outline made from the headings.
    pub outline: bool,
    /// Whether the document is tagged for accessibility.
    pub tagged: bool,
}

impl Default for Pdf {
    fn default() -> Self {
        Self {
            paper: Paper::Named(PaperSize::A4),
            margins: None,
            scale: 1.0,
            landscape: false,
            print_background: false,
            prefer_css_page_size: false,
            page_ranges: String::new(),
            header: None,
            footer: None,
            outline: false,
            tagged: false,
        }
    }
}

/// The size of a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Paper {
    /// A size with a name.
    Named(PaperSize),
    /// A size of its own: width and height, 0.1 to 200 inches each.
    Custom(Inches, Inches),
}

/// A size with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PaperSize {
    Letter,
    Legal,
    Tabloid,
    Ledger,
    A0,
    A1,
    A2,
    A3,
    A4,
    A5,
    A6,
}

impl PaperSize {
    /// Every size with its name.
    pub const ALL: [(&'static str, Self); 11] = [
        ("Letter", Self::Letter),
        ("Legal", Self::Legal),
        ("Tabloid", Self::Tabloid),
        ("Ledger", Self::Ledger),
        ("A0", Self::A0),
        ("A1", Self::A1),
        ("A2", Self::A2),
        ("A3", Self::A3),
        ("A4", Self::A4),
        ("A5", Self::A5),
        ("A6", Self::A6),
    ];

    /// Width and height in inches. The sizes of ISO 216 are rounded as in Chromium's own list.
    pub fn inches(self) -> (Inches, Inches) {
        match self {
            Self::Letter => (8.5, 11.0),
            Self::Legal => (8.5, 14.0),
            Self::Tabloid => (11.0, 17.0),
            Self::Ledger => (17.0, 11.0),
            Self::A0 => (33.1102, 46.811),
            Self::A1 => (23.3858, 33.1102),
            Self::A2 => (16.5354, 23.3858),
            Self::A3 => (11.6929, 16.5354),
            Self::A4 => (8.2677, 11.6929),
            Self::A5 => (5.8268, 8.2677),
            Self::A6 => (4.1339, 5.8268),
        }
    }
}

impl Paper {
    /// Width and height in inches.
    pub fn inches(self) -> (Inches, Inches) {
        match self {
            Self::Named(size) => size.inches(),
            Self::Custom(width, height) => (width, height),
        }
    }
}

/// The margins of a page in inches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Margins {
    pub top: Inches,
    pub right: Inches,
    pub bottom: Inches,
    pub left: Inches,
}
