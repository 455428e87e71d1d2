//! The names of stored files. A name is checked once, when it is parsed; its holder may use it as a path.

use std::str::FromStr;

use capture_core::{account::UserId, clock::Timestamp};

/// Longest name that a user may choose, in bytes.
const MAX_NAME: usize = 200;

/// A name that a user has chosen. It may have slashes; no segment is empty, `.` or `..`, and there are no control
/// characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName(String);

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidName {
    /// Empty or longer than [`MAX_NAME`].
    #[error("must be 1 to {MAX_NAME} bytes")]
    Length,
    /// It would lead elsewhere.
    #[error("must have no empty, . or .. segment, no backslash and no control character")]
    Segment,
}

impl FromStr for FileName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if text.is_empty() || text.len() > MAX_NAME {
            return Err(InvalidName::Length);
        }
        if leads_below(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName::Segment) }
    }
}

/// Whether a path with slashes stays below the folder that it is used in.
fn leads_below(path: &str) -> bool {
    let is_plain = !path.chars().any(|char| char.is_control() || char == '\\');
    is_plain && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

/// The path of a file below the part of its user: `screenshots/{year}/{month}/{day}/{name}.{extension}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePath {
    user: UserId,
    relative: String,
}

impl FilePath {
    /// The path of a result that was made at this time. Without a name it is named by the hash.
    pub(crate) fn new(user: &UserId, made: Timestamp, name: Option<&FileName>, hash: &str, extension: &str) -> Self {
        let time = made.to_string();
        let day = time.get(..10).unwrap_or("1970-01-01").replace('-', "/");
        let name = name.map_or(hash, |name| &name.0);
        Self { user: user.clone(), relative: format!("screenshots/{day}/{name}.{extension}") }
    }

    /// The path of a result in the cache.
    pub(crate) fn of_result(user: &UserId, hash: &str) -> Self {
        Self { user: user.clone(), relative: format!("results/{hash}") }
    }

    /// The path that was told before, below the part of this user; `None` if it was none.
    pub(crate) fn known(user: &UserId, relative: &str) -> Option<Self> {
        let below = relative.strip_prefix("screenshots/")?;
        leads_below(below).then(|| Self { user: user.clone(), relative: relative.to_owned() })
    }

    /// The folder of the user. Ids such as `..` are valid, so that it is not the id alone.
    pub(super) fn folder(&self) -> String {
        format!("u-{}", self.user)
    }

    /// The segments of the whole path, the user's first.
    pub(super) fn segments(&self) -> impl Iterator<Item = String> {
        std::iter::once(self.folder()).chain(self.relative.split('/').map(str::to_owned))
    }

    /// The media type, by the extension.
    pub(crate) fn media_type(&self) -> &'static str {
        match self.relative.rsplit('.').next() {
            Some("png") => "image/png",
            Some("jpeg") => "image/jpeg",
            Some("webp") => "image/webp",
            Some("gif") => "image/gif",
            Some("pdf") => "application/pdf",
            _ => "application/octet-stream",
        }
    }

    /// The path below the part of the user.
    pub(crate) fn relative(&self) -> &str {
        &self.relative
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_their_folder() {
        for text in ["a", "a/b", "a.b/c d", "..a/...", "ä/€", &"x".repeat(200)] {
            assert!(text.parse::<FileName>().is_ok(), "{text}");
        }
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\..\\b",
            "a\0",
            "a\nb",
            &"ä".repeat(101),
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_has_the_day_and_the_name_or_the_hash() {
        let (ann, made) = ("ann".parse().unwrap(), Timestamp(1_750_000_000_007));
        let named = FilePath::new(&ann, made, Some(&"a/b".parse().unwrap()), "00", "png");
        assert_eq!(named.relative(), "screenshots/2025/06/15/a/b.png");
        assert_eq!(FilePath::new(&ann, made, None, "00", "pdf").relative(), "screenshots/2025/06/15/00.pdf");
        assert_eq!(FilePath::known(&ann, named.relative()), Some(named));
        for text in ["", "screenshots/", "screenshots/../x", "other/a", "/screenshots/a", "screenshots//a"] {
            assert_eq!(FilePath::known(&ann, text), None, "{text}");
        }
    }

    #[test]
    fn ids_of_users_are_one_segment_that_leads_nowhere_else() {
        for id in ["..", ".", "a.b", "u-ann"] {
            let path = FilePath::new(&id.parse().unwrap(), Timestamp(0), None, "00", "png");
            assert_eq!(path.segments().next(), Some(format!("u-{id}")));
            assert!(path.segments().all(|segment| !matches!(&*segment, "" | "." | "..")));
        }
    }
}
