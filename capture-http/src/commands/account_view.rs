//! How accounts are shown in the terminal: never a secret, and no credentials of a proxy.

use capture_core::account::{Account, SecretHash};

use crate::terminal;

/// Prints the line after a change.
pub(super) fn show(account: &Account) {
    let state = if account.enabled { "enabled" } else { "disabled" };
    let proxy = account.proxy_host().unwrap_or_else(|| "none".to_owned());
    terminal::say(format_args!("user {}: {state}, credits: {}, proxy: {proxy}", account.id, credits_of(account)));
}

/// Prints all accounts below a header.
pub(super) fn list(accounts: &[Account]) {
    let head = ["name", "enabled", "credits", "held", "max sessions", "proxy"].map(str::to_owned).to_vec();
    let rows = accounts.iter().map(|account| {
        vec![
            account.id.to_string(),
            yes(account.enabled),
            credits_of(account),
            account.held.to_string(),
            max_sessions_of(account),
            account.proxy_host().unwrap_or_else(|| "none".to_owned()),
        ]
    });
    terminal::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>());
}

/// All details of one account, as rows.
pub(super) fn details(account: &Account) -> Vec<Vec<String>> {
    let secrets: Vec<_> = account.secrets.iter().map(short_id).collect();
    let secrets = if secrets.is_empty() { "none: the user cannot be let in".to_owned() } else { secrets.join(", ") };
    [
        ("name", account.id.to_string()),
        ("enabled", yes(account.enabled)),
        ("credits", credits_of(account)),
        ("held", account.held.to_string()),
        ("renders", format!("{}, {} credits", account.renders.count, account.renders.credits)),
        ("max sessions", max_sessions_of(account)),
        ("proxy", account.proxy_host().unwrap_or_else(|| "none".to_owned())),
        ("secrets", secrets),
    ]
    .map(|(label, text)| vec![label.to_owned(), text])
    .to_vec()
}

/// A prefix of the hash: enough to distinguish the secrets of a user, and useless for authentication.
pub(super) fn short_id(hash: &SecretHash) -> String {
    let [a, b, c, d, ..] = hash.0;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// Credits left, or that they are unlimited.
pub(super) fn credits_of(account: &Account) -> String {
    account.credits.map_or_else(|| "unlimited".to_owned(), |credits| credits.to_string())
}

fn max_sessions_of(account: &Account) -> String {
    account.max_sessions.map_or_else(|| "default".to_owned(), |max| max.to_string())
}

fn yes(truth: bool) -> String {
    if truth { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use capture_core::account::Secret;

    use super::*;

    #[test]
    fn details_show_neither_secrets_nor_the_proxys_password() {
        let secret = Secret::chosen("open sesame");
        let proxy = "http://ann:hunter2@proxy.test:3128".to_owned();
        let account = Account { proxy: Some(proxy), ..Account::new("ann".parse().unwrap(), secret.hash()) };
        let shown = details(&account).concat().join(" ");
        assert!(shown.contains("http://proxy.test:3128") && shown.contains(&short_id(&secret.hash())), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("sesame"), "{shown}");
        assert_eq!(short_id(&secret.hash()).len(), 8);
    }
}
