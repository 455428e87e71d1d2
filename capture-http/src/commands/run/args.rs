//! The arguments of `capture run`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Open this address, take a picture and read the text
    #[arg(long, required_unless_present = "actions", conflicts_with = "actions")]
    pub(crate) url: Option<String>,
    /// Run these actions: a JSON array of {type, payload}, or {"actions": […]}; - reads stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) actions: Option<PathBuf>,
    /// Where pictures are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
}
