//! The documents of the project: every relative link and anchor has a target, every page is reachable from the README,
//! and every path that a page names exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

/// Folders whose contents are named by path; other texts with a slash are not paths of the project.
const FOLDERS: [&str; 8] =
    ["bench", "capture-core", "capture-http", "capture-ws", "docs", "scripts", "tests", "web-demo"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A page, split into its text and its code.
struct Page {
    /// Paragraphs and tables without their code.
    prose: Vec<String>,
    /// The texts between backticks.
    code: Vec<String>,
    /// The anchors of its headings.
    anchors: BTreeSet<String>,
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let (mut outside, mut headings, mut fenced) = (String::new(), Vec::new(), false);
        for line in text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
                outside.push('\n');
            } else if !fenced {
                headings.extend(heading(line));
                outside.push_str(line);
                outside.push('\n');
            }
        }
        assert!(!fenced, "{}: a block of code has no end", path.display());
        let (mut prose, mut code) = (Vec::new(), Vec::new());
        for paragraph in outside.split("\n\n") {
            let parts: Vec<&str> = paragraph.split('`').collect();
            assert!(parts.len() % 2 == 1, "{}: a backtick has no second one in\n{paragraph}", path.display());
            code.extend(parts.iter().skip(1).step_by(2).map(|part| (*part).to_owned()));
            prose.push(parts.into_iter().step_by(2).collect::<Vec<_>>().join("code"));
        }
        Self { prose, code, anchors: anchors(&headings) }
    }

    /// The targets of its links and pictures.
    fn links(&self) -> Vec<&str> {
        let after = self.prose.iter().flat_map(|paragraph| paragraph.split("](").skip(1));
        after.filter_map(|rest| rest.split_once(')').map(|(target, _)| target)).collect()
    }
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if (1..=6).contains(&level) { text.strip_prefix(' ') } else { None }
}

/// The anchors of headings as GitHub generates them: lower case, spaces as hyphens, no other signs, duplicates
/// numbered.
fn anchors(headings: &[&str]) -> BTreeSet<String> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let mut all = BTreeSet::new();
    for heading in headings {
        let kept = heading.trim().chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
        let anchor = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let earlier = found.entry(anchor.clone()).or_default();
        all.insert(if *earlier == 0 { anchor } else { format!("{anchor}-{earlier}") });
        *earlier += 1;
    }
    all
}

/// All pages below a folder, except those of build output and installed packages.
fn pages(folder: &Path, found: &mut BTreeMap<PathBuf, Page>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            let page = Page::read(&path);
            found.insert(path, page);
        }
    }
}

fn all_pages() -> BTreeMap<PathBuf, Page> {
    let mut found = BTreeMap::new();
    pages(&root(), &mut found);
    assert!(found.len() > 30, "the pages were not found: {}", found.len());
    found
}

/// The target of a page's link: a file or folder, and an anchor in it; `None` for links to other hosts.
fn target<'a>(page: &Path, link: &'a str) -> Option<(PathBuf, Option<&'a str>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    if path.is_empty() {
        return Some((page.to_owned(), anchor));
    }
    let mut full = page.parent().unwrap().to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(full.pop()),
            Component::Normal(name) => full.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some((full, anchor))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn every_link_leads_somewhere() {
    let (pages, root) = (all_pages(), root());
    let (mut wrong, mut followed) = (Vec::new(), 0);
    for (path, page) in &pages {
        for link in page.links() {
            let Some((file, anchor)) = target(path, link) else { continue };
            followed += 1;
            let has_anchor = |anchor| pages.get(&file).is_some_and(|page| page.anchors.contains(anchor));
            if link.starts_with('/') || !file.starts_with(&root) || !file.exists() {
                wrong.push(format!("{}: there is no {link}", shown(path)));
            } else if anchor.is_some_and(|anchor| !has_anchor(anchor)) {
                wrong.push(format!("{}: there is no heading for {link}", shown(path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(followed > 100, "the links were not read: {followed}");
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let pages = all_pages();
    let mut reached = BTreeSet::new();
    let mut next = vec![root().join("README.md")];
    while let Some(path) = next.pop() {
        let Some(page) = pages.get(&path) else { continue };
        if reached.insert(path.clone()) {
            let targets = page.links().into_iter().filter_map(|link| target(&path, link)).map(|(file, _)| file);
            // A link to a folder shows the README in it.
            next.extend(targets.map(|file| if file.is_dir() { file.join("README.md") } else { file }));
        }
    }
    let missed: Vec<String> = pages.keys().filter(|path| !reached.contains(*path)).map(|path| shown(path)).collect();
    assert!(missed.is_empty(), "no page that is reached from the README links to: {missed:?}");
}

#[test]
fn every_path_that_is_named_exists() {
    let (root, mut wrong, mut named) = (root(), Vec::new(), 0);
    for (path, page) in all_pages() {
        for code in &page.code {
            let (first, rest) = code.split_once('/').unwrap_or_default();
            let is_path = FOLDERS.contains(&first) && !rest.contains([' ', '*', '{', '<', '…']);
            if is_path {
                named += 1;
                // The part before the name of a constant in the file.
                let file = code.split(':').next().unwrap_or_default();
                if !root.join(file).exists() {
                    wrong.push(format!("{}: there is no {file}", shown(&path)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(named > 100, "the paths were not read: {named}");
}

#[test]
fn anchors_are_those_of_github() {
    let headings = ["`connectUrl`, and another way in", "What is kept, and what waits", "Errors", "Errors"];
    let expected = ["connecturl-and-another-way-in", "errors", "errors-1", "what-is-kept-and-what-waits"];
    assert_eq!(anchors(&headings).into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(heading("## Run it"), Some("Run it"));
    assert_eq!(heading("#hash"), None);
}
