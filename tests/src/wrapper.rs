//! A browser executable that is a script around the real browser.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use capture_core::browser::chromium::find_executable;
use tempfile::TempDir;

/// The script, which is deleted when dropped.
#[derive(Debug)]
pub struct Wrapper {
    folder: TempDir,
}

impl Wrapper {
    /// A script that starts the real browser with these additional arguments.
    pub fn with_arguments(more: &str) -> Self {
        let wrapper = Self { folder: TempDir::with_prefix("capture-wrapper-").unwrap() };
        // As root the browsers run under another uid, which must be able to enter.
        std::fs::set_permissions(wrapper.folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let browser = find_executable().expect("Chromium is installed by `make test`");
        wrapper.write(&format!("exec '{}' \"$@\" {more}", browser.display()));
        wrapper
    }

    /// Replaces the script.
    pub fn write(&self, script: &str) {
        std::fs::write(self.path(), format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(self.path(), PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// The path of the script. It is named after headless shell, whose flags it takes.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("chromium-headless-shell")
    }
}
