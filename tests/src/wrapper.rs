//! A browser executable that is a script around the real one.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use capture_core::browser::chromium::find_executable;
use tempfile::TempDir;

/// The script; gone when dropped.
#[derive(Debug)]
pub struct Wrapper {
    folder: TempDir,
}

impl Wrapper {
    /// Starts the real browser with these arguments beside its own.
    pub fn with_arguments(more: &str) -> Self {
        let wrapper = Self { folder: TempDir::with_prefix("capture-wrapper-").unwrap() };
        // Browsers run under another uid when we are root.
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

    /// Its path; named as the shell is, whose flags it takes.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("chromium-headless-shell")
    }
}
