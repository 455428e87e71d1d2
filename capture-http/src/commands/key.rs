//! `capture key`: the generations of the server key, also while servers use it. Shows fingerprints and never a key.
//!
//! Doc comments on commands and arguments are the texts of `--help`.

use std::process::ExitCode;

use capture_core::account::{KeyFingerprint, KeyFingerprints};
use clap::Subcommand;

use crate::{config::Config, failure::Failure, ledger, server_key, terminal};

/// What to do with the server key.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Show the generations of the key by their fingerprints, never the key
    Show,
    /// Add a generation, with which new secrets are made; old secrets stay valid
    Rotate,
    /// After the key was lost: let the ledger take another one. Secrets of the lost key sign no more
    Reset {
        /// Really do it
        #[arg(long)]
        yes: bool,
    },
}

/// Carries out a command on the key of this machine and on the ledger of the configured servers.
pub(crate) async fn carry_out(command: KeyCommand, config: &Config) -> Result<ExitCode, Failure> {
    let ledger = ledger::users(config, false)?;
    match command {
        KeyCommand::Show => show(config, &*ledger).await?,
        KeyCommand::Rotate => {
            let key = server_key::rotate(config, &*ledger).await?;
            if let Some(newest) = key.fingerprints().pop() {
                terminal::say(format_args!("generation {} is the newest, fingerprint {newest}", newest.generation));
            }
            let path = server_key::KeyFile::of(config);
            terminal::note(format_args!(
                "keep a copy of {}; instances with a copy of their own need it",
                path.path().display()
            ));
        }
        KeyCommand::Reset { yes: false } => {
            return Err(Failure::Usage(
                "secrets of the present key would sign no more; say --yes if it is lost for good".to_owned(),
            ));
        }
        KeyCommand::Reset { yes: true } => {
            ledger.forget_fingerprints().await?;
            terminal::say(
                "the ledger has forgotten its key: the next start gives it the one of its file, or makes one",
            );
            terminal::note(
                "secrets of the lost key still work as bearer tokens; `capture user secret NAME add` makes others",
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(config: &Config, ledger: &dyn KeyFingerprints) -> Result<(), Failure> {
    let here = server_key::peek(config).map(|key| key.fingerprints()).unwrap_or_default();
    let known = ledger.fingerprints().await?;
    terminal::table(&rows(&here, &known));
    Ok(())
}

/// All fingerprints of the file and of the ledger, by generation.
fn rows(here: &[KeyFingerprint], known: &[KeyFingerprint]) -> Vec<Vec<String>> {
    let head = ["generation", "fingerprint", "file", "ledger"].map(str::to_owned).to_vec();
    let mut all = here.to_vec();
    all.extend(known.iter().filter(|known| !here.contains(known)));
    all.sort_by_key(|it| it.generation);
    let yes = |list: &[KeyFingerprint], it| if list.contains(it) { "yes" } else { "no" }.to_owned();
    let rows = all.iter().map(|it| vec![it.generation.to_string(), it.to_string(), yes(here, it), yes(known, it)]);
    std::iter::once(head).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use capture_core::account::ServerKey;

    use super::*;

    #[test]
    fn keys_of_file_and_ledger_stand_side_by_side() {
        let key = ServerKey::generate().unwrap();
        let (rotated, foreign) = (key.rotated().unwrap(), ServerKey::generate().unwrap());
        let told = |here: &[KeyFingerprint], known: &[KeyFingerprint]| {
            let words = |row: &Vec<String>| format!("{} {} {}", row[0], row[2], row[3]);
            rows(here, known).iter().skip(1).map(words).collect::<Vec<_>>()
        };
        assert_eq!(told(&rotated.fingerprints(), &key.fingerprints()), ["1 yes yes", "2 yes no"]);
        assert_eq!(told(&foreign.fingerprints(), &key.fingerprints()), ["1 yes no", "1 no yes"]);
        assert_eq!(told(&[], &key.fingerprints()), ["1 no yes"]);
    }
}
