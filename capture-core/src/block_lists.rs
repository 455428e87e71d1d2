//! Lists of what pages should not request, such as advertising. The operator provides them; the project has none of
//! its own, because the well-known ones have licences that bind who passes them on.
//!
//! This module must not know pages.

use std::{fmt, fs, io, path::Path};

use adblock::{Engine, FilterSet, lists::ParseOptions, request::Request};

/// Most bytes of all lists together. The largest public lists have about 5 MB.
const MAX_BYTES: u64 = 64 << 20;

/// Filter lists, ready to judge requests.
pub struct BlockLists {
    engine: Engine,
    files: usize,
}

/// What makes a request, as far as lists ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judged<'a> {
    /// The address that is requested.
    pub(crate) url: &'a str,
    /// The address of the document that requests it.
    pub(crate) document: &'a str,
    /// What is requested, in the words of the lists: `script`, `image`, `subdocument`, ….
    pub(crate) kind: &'static str,
}

impl BlockLists {
    /// Reads the files in this folder whose names end with `.txt`, in the syntax of Adblock Plus or as a list of hosts.
    /// This takes about a second for the largest lists.
    ///
    /// # Errors
    /// The folder cannot be read, has no such file, or has more than 64 MiB of them.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut set = FilterSet::new(false);
        let (mut files, mut bytes) = (0, 0);
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "txt") {
                continue;
            }
            bytes += fs::metadata(&path)?.len();
            if bytes > MAX_BYTES {
                let message = format!("the lists have more than {} MiB together", MAX_BYTES >> 20);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
            set.add_filter_list(String::from_utf8_lossy(&fs::read(&path)?).into_owned(), ParseOptions::default());
            files += 1;
        }
        if files == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the folder has no list: their names end with .txt"));
        }
        Ok(Self { engine: Engine::new_with_filter_set(set), files })
    }

    /// Whether a request is to be blocked.
    pub(crate) fn block(&self, judged: Judged<'_>) -> bool {
        let Ok(request) = Request::new(judged.url, judged.document, judged.kind, "GET") else { return false };
        self.engine.check_network_request(&request).should_block()
    }
}

impl fmt::Debug for BlockLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockLists").field("files", &self.files).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_block_what_they_name_and_their_exceptions_let_through() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(BlockLists::read(folder.path()).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(folder.path().join("one.txt"), "! a comment\n||ads.test^\n/banner/*$image\n@@||ads.test/good\n")
            .unwrap();
        fs::write(folder.path().join("two.txt"), "||track.test^$third-party\n").unwrap();
        fs::write(folder.path().join("three.md"), "||example.test^\n").unwrap();
        let lists = BlockLists::read(folder.path()).unwrap();
        let block = |url: &str, kind| lists.block(Judged { url, document: "http://example.test/", kind });
        assert!(block("https://ads.test/x.js", "script") && block("http://example.test/banner/1.png", "image"));
        assert!(block("http://track.test/", "subdocument"));
        assert!(!block("https://ads.test/good", "script") && !block("http://example.test/banner/1.js", "script"));
        let own = Judged { url: "http://track.test/", document: "http://www.track.test/", kind: "script" };
        assert!(!lists.block(own));
        for nonsense in ["", "data:text/plain,a", "http://", "about:blank"] {
            assert!(!block(nonsense, "other"), "{nonsense}");
        }
    }
}
