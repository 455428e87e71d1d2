//! A wall clock that tests can step, for servers started with it; their monotonic clock stays the machine's.

use std::path::PathBuf;

use tempfile::TempDir;

/// Where Debian's `libfaketime` is.
const LIBRARIES: &str = "/usr/lib";

/// The clock; at first it shows the right time.
#[derive(Debug)]
pub struct WallClock {
    dir: TempDir,
}

impl WallClock {
    /// One that shows the right time.
    pub fn right() -> Self {
        let clock = Self { dir: TempDir::with_prefix("capture-clock-").unwrap() };
        clock.step("+0");
        clock
    }

    /// Shows so much more or less from now on, as in `+2h` or `-1d`.
    pub fn step(&self, by: &str) {
        std::fs::write(self.file(), by).unwrap();
    }

    /// What a program needs to live by it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let folders = std::fs::read_dir(LIBRARIES).unwrap().map(|entry| entry.unwrap().path());
        let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
        let library = libraries.find(|library| library.is_file()).expect("`make test` installs libfaketime");
        vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("time")
    }
}
