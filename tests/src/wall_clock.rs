//! A wall clock that tests can step, for servers started with it. Their monotonic clock remains that of the machine.

use std::path::PathBuf;

use tempfile::TempDir;

/// The folder in which Debian installs `libfaketime`.
const LIBRARIES: &str = "/usr/lib";

/// The clock, which shows the correct time until it is stepped.
#[derive(Debug)]
pub struct WallClock {
    dir: TempDir,
}

impl WallClock {
    /// A clock that shows the correct time.
    pub fn right() -> Self {
        let clock = Self { dir: TempDir::with_prefix("capture-clock-").unwrap() };
        clock.step("+0");
        clock
    }

    /// Offsets the clock from now on, with an offset such as `+2h` or `-1d`.
    pub fn step(&self, by: &str) {
        std::fs::write(self.file(), by).unwrap();
    }

    /// The environment variables of a program that uses this clock.
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
