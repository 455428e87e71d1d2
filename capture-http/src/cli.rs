//! The command line: commands from clap's derive, flags of settings from the one list of them.
//!
//! Knows nothing of what commands do. Doc comments on commands and arguments are the texts of `--help`.

use std::ffi::OsString;

use clap::{Arg, ArgMatches, Command as Clap, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    commands::{forward::ForwardArgs, key::KeyCommand, run::RunArgs, user::UserCommand},
    config::{Flags, Form, Group, SETTINGS},
};

/// Browser sessions over HTTP: capture pages, act on them, pay by the minute.
#[derive(Debug, Parser)]
#[command(name = "capture", version, propagate_version = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API until SIGTERM
    Serve,
    /// Add, show and change users, also while the server runs
    #[command(subcommand)]
    User(UserCommand),
    /// Show, rotate or replace the key that the secrets of users are derived from
    #[command(subcommand)]
    Key(KeyCommand),
    /// Run actions in one session without a server
    Run(RunArgs),
    /// Give tools on this machine a port of their own to a session's browser, until the session ends
    Forward(ForwardArgs),
    /// Check that this machine can serve
    Doctor,
    /// Print the tables of settings
    #[command(hide = true)]
    Settings,
}

/// Parses the arguments, the first of which is the program's own name.
///
/// # Errors
/// A request for help or for the version, or an invalid command line; both are for [`crate::terminal::usage`].
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Cli, Flags), clap::Error> {
    let matches = command().try_get_matches_from(args)?;
    Ok((Cli::from_arg_matches(&matches)?, flags(&matches)))
}

fn command() -> Clap {
    let taking = |command: Clap, groups: &[Group]| {
        let settings = SETTINGS.iter().filter(|setting| groups.contains(&setting.group));
        command.args(settings.map(argument))
    };
    taking(Cli::command(), &[Group::General])
        .mut_subcommand("serve", |serve| taking(serve, &[Group::Server, Group::Channel, Group::Browser]))
        .mut_subcommand("run", |run| taking(run, &[Group::Browser]))
        .mut_subcommand("forward", |forward| taking(forward, &[Group::Client]))
        .mut_subcommand("doctor", |doctor| taking(doctor, &[Group::Server, Group::Channel, Group::Browser]))
}

fn argument(setting: &'static crate::config::Setting) -> Arg {
    let default = setting.default.map(|default| format!(" [default: {default}]")).unwrap_or_default();
    let argument = Arg::new(setting.name)
        .long(setting.name)
        .global(setting.group == Group::General)
        .help_heading(setting.group.heading())
        .help(format!(
            "{} [env: {}]{default}",
            setting.help.trim_end_matches('.').replace('`', ""),
            setting.variable()
        ));
    match setting.form {
        Form::Value(word) => argument.value_name(word).allow_hyphen_values(word == "ARGUMENTS"),
        Form::Switch => argument.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true"),
    }
}

/// The settings among the arguments, of the command and of those above it.
fn flags(matches: &ArgMatches) -> Flags {
    let given = |name| matches.try_get_one::<String>(name).ok().flatten().cloned();
    let mut flags: Flags = SETTINGS.iter().filter_map(|setting| Some((setting.name, given(setting.name)?))).collect();
    if let Some((_, inner)) = matches.subcommand() {
        flags.extend(self::flags(inner));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<(Cli, Flags), clap::Error> {
        super::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_commands_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn flags_of_settings_are_found_at_every_level() {
        for (line, name, text) in [
            ("capture serve --listen 127.0.0.1:0", "listen", "127.0.0.1:0"),
            ("capture --data-dir d serve", "data-dir", "d"),
            ("capture user --data-dir d list", "data-dir", "d"),
            ("capture user list --data-dir d", "data-dir", "d"),
            ("capture serve --dev", "dev", "true"),
            ("capture serve --dev=false", "dev", "false"),
            ("capture doctor --unsafe-no-sandbox", "unsafe-no-sandbox", "true"),
            ("capture run --url a.test --browser-uid 7", "browser-uid", "7"),
            ("capture forward sess_00000000-0000-4000-8000-000000000000 --token x", "token", "x"),
        ] {
            let (_, flags) = parse(line).unwrap();
            assert_eq!(flags, Flags::from([(name, text.to_owned())]), "{line}");
        }
    }

    #[test]
    fn flags_stand_only_where_they_mean_something() {
        for line in [
            "capture",
            "capture user list --listen 127.0.0.1:0",
            "capture run",
            "capture run --out d",
            "capture run --url a.test --actions -",
            "capture run --url a.test --dev",
            "capture forward",
            "capture forward sess_1",
            "capture serve --token x",
            "capture user add a/b",
            "capture user credits ann 5",
            "capture user credits ann +x",
            "capture user secret ann revoke",
            "capture user proxy ann ftp://h:1",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_run_takes_an_address_or_actions_and_a_place_for_pictures() {
        for line in
            ["capture run --url a.test --out d", "capture run --actions - --out d", "capture run --actions f.json"]
        {
            assert!(matches!(parse(line).unwrap().0.command, Command::Run(_)), "{line}");
        }
    }

    #[test]
    fn user_commands_are_understood() {
        for line in [
            "capture user add ann --credits 5 --proxy socks5://u:p@h:1080 --max-sessions 3",
            "capture user list",
            "capture user show ann",
            "capture user enable ann",
            "capture user disable ann",
            "capture user credits ann +5",
            "capture user credits ann =5",
            "capture user credits ann =unlimited",
            "capture user proxy ann http://h:3128",
            "capture user proxy ann none",
            "capture user secret ann add",
            "capture user secret ann revoke 1a2b3c4d",
            "capture user secret add add",
        ] {
            let (cli, flags) = parse(line).unwrap();
            assert!(matches!(cli.command, Command::User(_)) && flags.is_empty(), "{line}");
        }
    }
}
