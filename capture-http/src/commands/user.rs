//! `capture user`: accounts in the ledger's file or in the Redis of a cluster, also while servers use them. Changes
//! take effect at once.
//!
//! A secret is derived from the server key, shown when it is made and never again: the ledger has only its hash and
//! what derives it. Doc comments on commands and arguments are the texts of `--help`.

use std::process::ExitCode;

use capture_core::account::{Account, AccountChange, AccountError, Accounts, Secret, SecretHash, StoredSecret, UserId};
use clap::{Args, Subcommand, ValueEnum};

use super::{
    account_view::{credits_of, details, list, short_id, show},
    amounts::{CreditChange, Proxy},
};
use crate::{
    bearer,
    config::Config,
    failure::Failure,
    ledger::{self, Users},
    server_key, terminal,
};

/// What to do with users.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user; prints the secret and the bearer token once
    Add(AddArgs),
    /// List all users
    List,
    /// Show a user, without secrets
    Show(Named),
    /// Let a user create sessions again
    Enable(Named),
    /// Stop a user from creating sessions, and close the live ones
    Disable(Named),
    /// Add credits (+N) or set them (=N, =unlimited)
    Credits {
        /// The user.
        #[command(flatten)]
        named: Named,
        /// +N, =N or =unlimited
        change: CreditChange,
    },
    /// Set or clear the proxy that sessions with proxy:true go through
    Proxy {
        /// The user.
        #[command(flatten)]
        named: Named,
        /// http, https or socks5 address with host and port, or none
        proxy: Proxy,
    },
    /// Add another secret, or revoke one
    Secret {
        /// The user.
        #[command(flatten)]
        named: Named,
        /// What to do
        change: SecretChange,
        /// To revoke: the secret itself, or its short id from `user show`
        #[arg(required_if_eq("change", "revoke"))]
        secret: Option<String>,
    },
}

/// The user a command is about.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// 1 to 64 of A-Z a-z 0-9 _ . -
    #[arg(value_name = "NAME")]
    user: UserId,
}

/// Arguments of `user add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The user.
    #[command(flatten)]
    named: Named,
    /// Credits to start with, one per started minute of a session [default: unlimited]
    #[arg(long, value_name = "N")]
    credits: Option<u64>,
    /// Proxy that sessions with proxy:true go through
    #[arg(long, value_name = "URL", default_value = "none", hide_default_value = true)]
    proxy: Proxy,
    /// Active sessions allowed [default: that of the server]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_sessions: Option<u32>,
}

/// What to do with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SecretChange {
    /// Make another one
    Add,
    /// Make one invalid
    Revoke,
}

/// Carries out a command on the ledger of the configured servers.
pub(crate) async fn change(command: UserCommand, config: &Config) -> Result<ExitCode, Failure> {
    let accounts = ledger::users(config, matches!(command, UserCommand::Add(_)))?;
    let accounts = &*accounts;
    match command {
        UserCommand::Add(args) => add(accounts, args, config).await?,
        UserCommand::List => list(&accounts.accounts().await?),
        UserCommand::Show(Named { user }) => {
            terminal::table(&details(&known(accounts, user).await?, server_key::peek(config)));
        }
        UserCommand::Enable(Named { user }) => show(&accounts.change(user, AccountChange::Enable).await?),
        UserCommand::Disable(Named { user }) => show(&accounts.change(user, AccountChange::Disable).await?),
        UserCommand::Credits { named, change } => show(&accounts.change(named.user, change.into()).await?),
        UserCommand::Proxy { named, proxy } => {
            show(&accounts.change(named.user, AccountChange::SetProxy(proxy.address())).await?);
        }
        UserCommand::Secret { named, change: SecretChange::Add, secret: None } => {
            add_secret(accounts, named.user, config).await?;
        }
        UserCommand::Secret { named, change: SecretChange::Revoke, secret: Some(text) } => {
            revoke(accounts, named.user, &text).await?;
        }
        UserCommand::Secret { .. } => {
            return Err(Failure::Usage("add makes the secret itself; only revoke takes one".to_owned()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(accounts: &dyn Users, args: AddArgs, config: &Config) -> Result<(), Failure> {
    let AddArgs { named: Named { user }, credits, proxy, max_sessions } = args;
    let (secret, stored) = new_secret(accounts, &user, config).await?;
    let account = Account { credits, max_sessions, proxy: proxy.address(), ..Account::new(user, stored) };
    accounts.add(account.clone()).await?;
    terminal::say(format_args!("user {} added, credits: {}", account.id, credits_of(&account)));
    reveal(&account.id, &secret);
    Ok(())
}

async fn add_secret(accounts: &dyn Users, user: UserId, config: &Config) -> Result<(), Failure> {
    let (secret, stored) = new_secret(accounts, &user, config).await?;
    let account = accounts.change(user, AccountChange::AddSecret(stored)).await?;
    terminal::say(format_args!("user {} has {} secrets", account.id, account.secrets.len()));
    reveal(&account.id, &secret);
    Ok(())
}

async fn revoke(accounts: &dyn Accounts, user: UserId, text: &str) -> Result<(), Failure> {
    let account = known(accounts, user.clone()).await?;
    let presented = SecretHash::of(text);
    let mut named = account
        .secrets
        .iter()
        .map(|stored| &stored.hash)
        .filter(|hash| hash.matches(&presented) || short_id(hash) == text);
    let (Some(hash), None) = (named.next(), named.next()) else {
        return Err(AccountError::UnknownSecret(user).into());
    };
    let account = accounts.change(user, AccountChange::RevokeSecret(*hash)).await?;
    terminal::say(format_args!(
        "secret {} of {} is revoked, {} left",
        short_id(hash),
        account.id,
        account.secrets.len()
    ));
    Ok(())
}

/// A new secret, and what the ledger keeps of it. The key must be that of the ledger, so that all servers can derive
/// it.
async fn new_secret(users: &dyn Users, user: &UserId, config: &Config) -> Result<(Secret, StoredSecret), Failure> {
    let key = server_key::open(config, users).await?;
    key.new_secret(user).map_err(|error| Failure::io("make a secret")(std::io::Error::other(error)))
}

async fn known(accounts: &dyn Accounts, user: UserId) -> Result<Account, Failure> {
    Ok(accounts.account(&user).await?.ok_or(AccountError::Unknown(user))?)
}

fn reveal(user: &UserId, secret: &Secret) {
    terminal::say(format_args!("secret: {}", secret.reveal()));
    terminal::say(format_args!("bearer: {}", bearer::token(user, secret)));
    terminal::note("keep them now: they are not shown again");
}
