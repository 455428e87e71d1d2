//! What an independent reader (poppler) finds in a PDF document.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// A document as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PdfFacts {
    /// Number of pages.
    pub pages: usize,
    /// Width and height of the first page in points.
    pub size: (f64, f64),
    /// Whether it has tags for accessibility.
    pub is_tagged: bool,
    /// The text of all pages, with single spaces.
    pub text: String,
    /// The titles of the outline, in order.
    pub outline: Vec<String>,
    /// The addresses of links.
    pub links: Vec<String>,
}

impl PdfFacts {
    /// Reads a document.
    pub async fn read(document: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document.pdf");
        tokio::fs::write(&path, document).await.unwrap();
        let info = poppler("pdfinfo", &["-isodates"], &path).await;
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_else(|| panic!("{name}: {info}")).trim().to_owned()
        };
        let size: Vec<f64> = field("Page size").split([' ', 'x']).filter_map(|part| part.parse().ok()).collect();
        let links = poppler("pdfinfo", &["-url"], &path).await;
        let links = links.lines().skip(1).filter_map(|line| line.split_whitespace().last().map(str::to_owned));
        let text = poppler("pdftotext", &["-layout"], &path).await;
        Self {
            pages: field("Pages").parse().unwrap(),
            size: (size[0], size[1]),
            is_tagged: field("Tagged") == "yes",
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            outline: outline(&poppler("pdftohtml", &["-xml", "-i", "-stdout"], &path).await),
            links: links.collect(),
        }
    }
}

/// Runs a program of poppler that writes to its output.
async fn poppler(program: &str, flags: &[&str], document: &Path) -> String {
    let mut command = Command::new(program);
    command.args(flags).arg(document).stderr(Stdio::null());
    if program == "pdftotext" {
        command.arg("-");
    }
    let output = command.output().await.unwrap_or_else(|error| panic!("{program} (poppler-utils): {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The titles between the tags of `<item page="1">A title</item>`.
fn outline(xml: &str) -> Vec<String> {
    let items = xml.split("<item ").skip(1);
    items.filter_map(|item| item.split_once('>')?.1.split_once("</item>")).map(|(title, _)| title.to_owned()).collect()
}
