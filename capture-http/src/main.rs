//! The program: parses its arguments and settings, and runs the command.
//!
//! The only file that reads the real arguments and environment. The edge itself is the library of this crate.

mod bearer;
mod cli;
mod commands;
mod config;
mod data_dir;
mod failure;
mod ledger;
mod serve;
mod server_key;
mod signals;
mod telemetry;
mod terminal;

use std::process::ExitCode;

use self::{
    cli::{Cli, Command},
    commands::{doctor, forward, key, run, user},
    config::{Config, Flags},
    failure::Failure,
};

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, flags) = match cli::parse(std::env::args_os()) {
        Ok(understood) => understood,
        Err(error) => return terminal::usage(&error),
    };
    match dispatch(cli, &flags).await {
        Ok(code) => code,
        Err(failure) => {
            terminal::refuse(&failure);
            failure.exit_code()
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

async fn dispatch(cli: Cli, flags: &Flags) -> Result<ExitCode, Failure> {
    let config = Config::load(flags, &environment)?;
    let is_server = matches!(cli.command, Command::Serve);
    telemetry::start(&config.log, if is_server { "info" } else { "warn" });
    match cli.command {
        Command::Serve => serve::serve(&config).await,
        Command::User(command) => user::change(command, &config).await,
        Command::Key(command) => key::carry_out(command, &config).await,
        Command::Run(args) => run::run(&args, config).await,
        Command::Forward(args) => forward::forward(&args, &config).await,
        Command::Doctor => doctor::examine(&config).await,
        Command::Settings => {
            terminal::say(config::markdown_tables());
            Ok(ExitCode::SUCCESS)
        }
    }
}
