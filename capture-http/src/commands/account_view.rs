//! How accounts are shown in the terminal: never a secret, and no credentials of a proxy.

use std::sync::Arc;

use capture_core::account::{Account, SecretHash, ServerKey, SigningSecrets, StoredSecret};

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

/// All details of one account, as rows. With the server key they tell which secrets can sign.
pub(super) fn details(account: &Account, key: Option<ServerKey>) -> Vec<Vec<String>> {
    let signing = key.map(|key| SigningSecrets::new(Arc::new(key)));
    let secrets: Vec<_> = account.secrets.iter().map(|stored| secret(account, stored, signing.as_ref())).collect();
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

/// A secret, and whether it can sign.
fn secret(account: &Account, stored: &StoredSecret, signing: Option<&SigningSecrets>) -> String {
    let of_key =
        |key: &SigningSecrets| if key.can_sign(&account.id, stored) { "signs" } else { "bearer only: not of this key" };
    let can = match (stored.derivation, signing) {
        (None, _) => "bearer only",
        (Some(_), Some(key)) => of_key(key),
        (Some(_), None) => "signs, with a server key that is not here",
    };
    let generation = stored.derivation.map(|it| format!(", generation {}", it.generation)).unwrap_or_default();
    format!("{} ({can}{generation})", short_id(&stored.hash))
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
        let shown = details(&account, None).concat().join(" ");
        assert!(shown.contains("http://proxy.test:3128") && shown.contains(&short_id(&secret.hash())), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("sesame"), "{shown}");
        assert_eq!(short_id(&secret.hash()).len(), 8);
    }

    #[test]
    fn secrets_tell_whether_they_sign() {
        let key = ServerKey::generate().unwrap();
        let (_, derived) = key.new_secret(&"ann".parse().unwrap()).unwrap();
        let account = Account {
            secrets: vec![derived, Secret::chosen("old").hash().into()],
            ..Account::new("ann".parse().unwrap(), derived)
        };
        let told = |key: Option<ServerKey>| details(&account, key).pop().unwrap().pop().unwrap();
        assert!(
            told(Some(key.clone())).contains("(signs, generation 1), ") && told(Some(key)).ends_with("(bearer only)")
        );
        assert!(told(ServerKey::generate().ok()).contains("(bearer only: not of this key, generation 1)"));
        assert!(told(None).contains("with a server key that is not here"));
    }
}
