//! The one place that prints: answers to stdout, remarks and refusals to stderr.
//!
//! A reader that went away (`capture user list | head`) is not a failure, so write errors are ignored.

use std::{error::Error, fmt::Display, io::Write, process::ExitCode};

/// Prints a line of the answer.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}"); // the reader went away
}

/// Prints a line beside the answer, such as progress or a warning.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}"); // the reader went away
}

/// Prints why a command failed, with the causes.
pub(crate) fn refuse(error: &dyn Error) {
    note(format_args!("capture: {}", sentence(error)));
}

/// Prints help that was requested, or what is wrong with the command line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print(); // the reader went away
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// An error and its causes in one line.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Prints rows below a header, in columns as wide as their widest cell.
pub(crate) fn table(rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |text| text.chars().count());
    let widths: Vec<_> =
        (0..columns).map(|column| rows.iter().map(|row| cell(row, column)).max().unwrap_or(0)).collect();
    for row in rows {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}")).collect();
        say(cells.join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot open the door")]
    struct Door(#[source] std::io::Error);

    #[test]
    fn a_sentence_names_the_causes() {
        let error = Door(std::io::Error::other("no key"));
        assert_eq!(sentence(&error), "cannot open the door: no key");
    }
}
