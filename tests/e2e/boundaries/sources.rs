//! Parses the sources of all crates: the paths that each file names, resolved to the file that declares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::tokens::{Token, tokens};

/// Names of the crates in paths and in the table, and the folders of their sources.
const CRATES: [(&str, &str, &str); 4] = [
    ("capture_core", "core", "capture-core/src"),
    ("capture_ws", "ws", "capture-ws/src"),
    ("capture_http", "http", "capture-http/src"),
    ("capture_tests", "tests", "tests/src"),
];
/// Sources that are built for tests only.
const LEFT_OUT: [&str; 4] = ["tests", "tests.rs", "simulation", "fake"];

/// Segments of a path; the crate comes first.
pub(super) type Names = Vec<String>;

/// One source file.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// The path from the root of the repository.
    pub(super) path: String,
    /// Paths that the file names, of our crates and of libraries.
    pub(super) named: BTreeSet<Names>,
    /// Paths that the file re-exports, by their exported name. A re-export is not a use.
    handed_on: BTreeMap<String, Names>,
}

/// All files, each under the path of its module: the crate's short name, then the modules, joined by `/`.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) files: BTreeMap<String, Source>,
}

impl Sources {
    pub(super) fn read() -> Self {
        let mut files = BTreeMap::new();
        for (_, short, folder) in CRATES {
            read_folder(folder, &[short.to_owned()], &mut files);
        }
        Self { files }
    }

    /// The files that each file uses. A file that a parent module re-exports counts as used by the file that names it.
    pub(super) fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let used = |module: &str, source: &Source| {
            let files = source.named.iter().filter_map(|names| self.file_of(names, 0));
            files.filter(|file| *file != module && file.contains('/')).collect()
        };
        self.files.iter().map(|(module, source)| (module.as_str(), used(module, source))).collect()
    }

    /// The file that declares a path; `None` for paths of libraries.
    fn file_of(&self, names: &[String], hops: usize) -> Option<&str> {
        let (length, module) = (1..=names.len())
            .rev()
            .find_map(|length| Some((length, self.files.get_key_value(&names[..length].join("/"))?)))?;
        let handed_on = names.get(length).and_then(|name| module.1.handed_on.get(name)).filter(|_| hops < 8);
        match handed_on {
            Some(names_there) => self.file_of(&[names_there, &names[length + 1..]].concat(), hops + 1),
            None => Some(module.0),
        }
    }
}

fn read_folder(folder: &str, module: &[String], files: &mut BTreeMap<String, Source>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if LEFT_OUT.contains(&&*name) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            read_folder(&path, &[module, std::slice::from_ref(&name)].concat(), files);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let module = match stem {
                "mod" | "lib" => module.to_vec(),
                stem => [module, &[stem.to_owned()]].concat(),
            };
            let text = fs::read_to_string(root.join(&path)).unwrap();
            files.insert(module.join("/"), Reader::read(path, &text, module));
        }
    }
}

/// Collects the paths of one file.
struct Reader {
    tokens: Vec<Token>,
    index: usize,
    source: Source,
    /// The module that is being read, and the depths at which inline modules began.
    module: Names,
    inner: Vec<usize>,
}

impl Reader {
    fn read(path: String, text: &str, module: Names) -> Source {
        let source = Source { path, ..Source::default() };
        let mut reader = Self { tokens: tokens(text), index: 0, source, module, inner: Vec::new() };
        let mut depth = 0;
        while let Some(token) = reader.tokens.get(reader.index).cloned() {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth -= 1;
                    if reader.inner.pop_if(|began| *began == depth).is_some() {
                        reader.module.pop();
                    }
                }
                Token::Name(name)
                    if name == "mod" && reader.tokens.get(reader.index + 2).is_some_and(|sign| sign.is('{')) =>
                {
                    reader.module.extend(reader.tokens[reader.index + 1].name().map(str::to_owned));
                    reader.inner.push(depth);
                    reader.index += 1;
                }
                Token::Name(name) if name == "use" && !reader.tokens[reader.index + 1].is('<') => {
                    let is_handed_on = reader.is_visible();
                    reader.index += 1;
                    reader.tree(&Vec::new(), is_handed_on && reader.inner.is_empty());
                    continue;
                }
                Token::Name(_) => reader.path(),
                _ => {}
            }
            reader.index += 1;
        }
        reader.source
    }

    /// Whether `pub`, with or without a restriction, stands before this token.
    fn is_visible(&self) -> bool {
        let before = &self.tokens[..self.index];
        let before = match before.last() {
            Some(last) if last.is(')') => {
                let open = before.iter().rposition(|token| token.is('(')).unwrap();
                &before[..open]
            }
            _ => before,
        };
        before.last().and_then(Token::name) == Some("pub")
    }

    /// Reads a tree of `use` up to its end.
    fn tree(&mut self, stem: &Names, is_handed_on: bool) {
        let mut names = stem.clone();
        let mut alias = None;
        while let Some(token) = self.tokens.get(self.index).cloned() {
            match token {
                Token::Name(name) if name == "as" => {
                    self.index += 1;
                    alias = self.tokens[self.index].name().map(str::to_owned);
                }
                Token::Name(name) if name == "self" && !stem.is_empty() && names.len() == stem.len() => {}
                Token::Name(name) => names.push(name),
                Token::Sign('{') => {
                    self.index += 1;
                    while !self.tokens[self.index].is('}') {
                        self.tree(&names, is_handed_on);
                        self.index += usize::from(self.tokens[self.index].is(','));
                    }
                    self.index += 1;
                    return;
                }
                Token::Sign(',' | ';' | '}') => break,
                _ => {}
            }
            self.index += 1;
        }
        let Some(whole) = self.absolute(&names) else { return };
        if is_handed_on {
            let name = alias.or_else(|| whole.last().cloned());
            self.source.handed_on.extend(name.map(|name| (name, whole)));
        } else {
            self.source.named.insert(whole);
        }
    }

    /// Reads a path in the code. A single name was imported and is skipped.
    fn path(&mut self) {
        let mut names = Vec::new();
        while let Some(name) = self.tokens.get(self.index).and_then(Token::name) {
            names.push(name.to_owned());
            if self.tokens.get(self.index + 1) != Some(&Token::Colons) {
                break;
            }
            self.index += 2;
        }
        if names.len() > 1 {
            let whole = self.absolute(&names);
            self.source.named.extend(whole);
        }
        if self.tokens.get(self.index).is_some_and(|token| token.name().is_none()) {
            self.index -= 1; // the token is read next
        }
    }

    /// The path from its crate on. A path of a library is unchanged.
    fn absolute(&self, names: &[String]) -> Option<Names> {
        let first = names.first()?.as_str();
        let ups = names.iter().take_while(|name| *name == "super").count();
        let (stem, rest) = match first {
            "crate" => (self.module[..1].to_vec(), &names[1..]),
            "self" => (self.module.clone(), &names[1..]),
            "super" => (self.module.get(..self.module.len().checked_sub(ups)?)?.to_vec(), &names[ups..]),
            other => match CRATES.iter().find(|(name, ..)| *name == other) {
                Some((_, short, _)) => (vec![(*short).to_owned()], &names[1..]),
                None => (Vec::new(), names),
            },
        };
        Some([stem, rest.to_vec()].concat())
    }
}

#[test]
fn paths_are_read_with_what_they_stand_in() {
    let text = "pub use self::a::B; use crate::{c::{self, D as E}, f::*}; mod g { use super::h::I; }
        fn j() { super::k::l(); capture_core::m::N; O::p() }";
    let module = ["ws", "q", "r"].map(str::to_owned).to_vec();
    let source = Reader::read(String::new(), text, module);
    let named: Vec<String> = source.named.iter().map(|names| names.join("/")).collect();
    assert_eq!(named, ["O/p", "core/m/N", "ws/c", "ws/c/D", "ws/f", "ws/q/k/l", "ws/q/r/h/I"]);
    assert_eq!(source.handed_on["B"].join("/"), "ws/q/r/a/B");
}
