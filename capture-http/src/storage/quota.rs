//! How much is stored, and which files give way: the oldest of a user who has too much, and of the user with most where
//! all have too much together. Knows nothing of disks.

use std::collections::{HashMap, VecDeque};

/// The files of all users, as far as their sizes go.
#[derive(Debug)]
pub(super) struct Quota {
    bytes: u64,
    bytes_of_user: u64,
    /// By folder.
    users: HashMap<String, Files>,
}

#[derive(Debug, Default)]
struct Files {
    bytes: u64,
    /// Oldest first.
    kept: VecDeque<Kept>,
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The path below the folder of all users.
    pub(super) path: String,
    pub(super) bytes: u64,
}

impl Quota {
    pub(super) fn new(bytes: u64, bytes_of_user: u64) -> Self {
        Self { bytes, bytes_of_user: bytes_of_user.min(bytes), users: HashMap::new() }
    }

    /// Counts a file, which replaces one of equal path, and returns those that give way.
    pub(super) fn add(&mut self, folder: &str, file: Kept) -> Vec<String> {
        let files = self.users.entry(folder.to_owned()).or_default();
        files.forget(&file.path);
        files.bytes += file.bytes;
        files.kept.push_back(file);
        let mut gone = Vec::new();
        while files.bytes > self.bytes_of_user {
            gone.extend(files.pop());
        }
        while self.users.values().map(|files| files.bytes).sum::<u64>() > self.bytes {
            let largest = self.users.values_mut().max_by_key(|files| files.bytes);
            match largest.and_then(Files::pop) {
                Some(path) => gone.push(path),
                None => break, // cannot happen: a sum above the bound has files
            }
        }
        self.users.retain(|_, files| !files.kept.is_empty());
        gone
    }
}

impl Files {
    fn forget(&mut self, path: &str) {
        if let Some(at) = self.kept.iter().position(|file| file.path == path) {
            self.bytes -= self.kept.remove(at).map_or(0, |file| file.bytes);
        }
    }

    fn pop(&mut self) -> Option<String> {
        let file = self.kept.pop_front()?;
        self.bytes -= file.bytes;
        Some(file.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, bytes: u64) -> Kept {
        Kept { path: path.to_owned(), bytes }
    }

    #[test]
    fn the_oldest_file_of_a_user_gives_way() {
        let mut quota = Quota::new(1000, 100);
        assert!(quota.add("a", file("a/1", 60)).is_empty());
        assert_eq!(quota.add("a", file("a/2", 60)), ["a/1"]);
        assert!(quota.add("a", file("a/2", 90)).is_empty(), "a replaced file is not counted twice");
        assert!(quota.add("b", file("b/1", 100)).is_empty(), "another user has a share of its own");
        assert_eq!(quota.add("a", file("a/3", 100)), ["a/2"]);
    }

    #[test]
    fn the_user_with_most_gives_way_where_all_have_too_much() {
        let mut quota = Quota::new(100, 100);
        for number in 0..4 {
            quota.add("a", file(&format!("a/{number}"), 20));
        }
        assert!(quota.add("b", file("b/1", 20)).is_empty());
        assert_eq!(quota.add("b", file("b/2", 20)), ["a/0"]);
        assert_eq!(quota.add("c", file("c/1", 20)), ["a/1"]);
    }
}
