//! Checks that pages in Chinese, Japanese or Korean and pages with emoji are rendered readably.

use std::io::ErrorKind;

use tokio::process::Command;

use super::{Finding, ask};

/// Checks for fonts with Chinese, Japanese and Korean characters.
pub(super) async fn cjk() -> Finding {
    look("CJK fonts", ":lang=zh-cn:lang=ja:lang=ko", "install fonts-noto-cjk").await
}

/// Checks for fonts with emoji.
pub(super) async fn emoji() -> Finding {
    look("emoji fonts", ":lang=und-zsye", "install fonts-noto-color-emoji").await
}

async fn look(what: &str, pattern: &str, mend: &str) -> Finding {
    match ask(Command::new("fc-list").args([pattern, "family"])).await {
        Ok(families) => match families.lines().next() {
            Some(family) => Finding::Fine(format!("{what}: {family}")),
            None => Finding::problem(format!("{what}: there are none, such pages show boxes"), mend),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::problem(format!("{what}: unknown, because fc-list is missing"), "install fontconfig")
        }
        Err(error) => Finding::problem(format!("{what}: unknown, fc-list: {error}"), "mend fontconfig"),
    }
}
