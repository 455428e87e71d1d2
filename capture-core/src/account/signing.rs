//! The secrets with which users sign, as far as the server knows them itself: it derives them from its key.
//!
//! A secret counts only if its hash is the one that the ledger keeps. A secret that was revoked, or that was made with
//! a key that is lost, is therefore none, and an attacker who can write a derivation into the ledger gains nothing by
//! it. This module must not know what is signed, and how.

use std::{fmt, sync::Arc};

use super::{Account, Secret, SecretHash, ServerKey, StoredSecret, UserId};

/// Secrets that are tried for every signature. A user with more of them takes measurably longer than an unknown one.
const ALWAYS_TRIED: usize = 8;
/// What is tried where there is no secret: no text has this hash.
const NOBODYS: StoredSecret = StoredSecret { hash: SecretHash([0; 32]), derivation: None };

/// The server key, as it is now.
pub trait ServerKeys: Send + Sync + fmt::Debug {
    /// The key.
    fn key(&self) -> Arc<ServerKey>;

    /// Reads the key again, because a secret was made with a key or a generation that this one does not have.
    fn reread(&self) {}
}

impl ServerKeys for Arc<ServerKey> {
    fn key(&self) -> Arc<ServerKey> {
        Self::clone(self)
    }
}

/// The secrets that sign. The default knows no secret at all.
#[derive(Clone, Default)]
pub struct SigningSecrets {
    keys: Option<Arc<dyn ServerKeys>>,
    /// Secrets that a person has chosen. They are known to this process only.
    chosen: Vec<Secret>,
}

impl SigningSecrets {
    /// Derives secrets with this key.
    pub fn new(keys: impl ServerKeys + 'static) -> Self {
        Self { keys: Some(Arc::new(keys)), chosen: Vec::new() }
    }

    /// Also knows a chosen secret. It is a secret of every user whose account has its hash.
    #[must_use]
    pub fn knowing(mut self, secret: Secret) -> Self {
        self.chosen.push(secret);
        self
    }

    /// Whether one of the user's secrets has signed, which `has_signed` tells of a single one. An unknown user, a
    /// disabled one, one without secrets that sign and a wrong signature take equal work.
    pub fn is_signed(&self, account: Option<&Account>, has_signed: impl Fn(&Secret) -> bool) -> bool {
        let account = account.filter(|account| account.enabled);
        let look = || {
            self.candidates(account).fold((false, false), |(signed, strange), it| {
                (signed | (it.is_real & has_signed(&it.secret)), strange | it.is_strange)
            })
        };
        let before = self.key();
        let (is_signed, has_strange) = look();
        is_signed || (has_strange && self.has_changed(before.as_ref()) && look().0)
    }

    /// The secret with which the server signs what it sends to the user: the first that it knows.
    pub fn primary(&self, account: &Account) -> Option<Secret> {
        let known = || account.secrets.iter().map(|stored| self.candidate(&account.id, stored)).find(|it| it.is_real);
        let has_derived = || account.secrets.iter().any(|stored| stored.derivation.is_some());
        let before = self.key();
        let found = known().or_else(|| (has_derived() && self.has_changed(before.as_ref())).then(known).flatten());
        found.map(|candidate| candidate.secret)
    }

    /// Whether this secret of the user can sign.
    pub fn can_sign(&self, user: &UserId, stored: &StoredSecret) -> bool {
        self.candidate(user, stored).is_real
    }

    /// The user's secrets, and so many of no user that users cannot be told apart.
    fn candidates(&self, account: Option<&Account>) -> impl Iterator<Item = Candidate> {
        let own = account.iter().flat_map(|account| account.secrets.iter().map(|stored| (Some(&account.id), stored)));
        let count = account.map_or(0, |account| account.secrets.len());
        let nobodys = std::iter::repeat_n((None, &NOBODYS), ALWAYS_TRIED.saturating_sub(count));
        let all: Vec<_> = own.chain(nobodys).collect();
        all.into_iter().map(|(user, stored)| match user {
            Some(user) => self.candidate(user, stored),
            None => Candidate::new(self.decoy(), stored),
        })
    }

    fn candidate(&self, user: &UserId, stored: &StoredSecret) -> Candidate {
        let chosen = self.chosen.iter().find(|secret| secret.hash().matches(&stored.hash)).cloned();
        let derived = || self.key()?.derive(user, stored.derivation.as_ref()?);
        Candidate::new(chosen.or_else(derived).unwrap_or_else(|| self.decoy()), stored)
    }

    fn decoy(&self) -> Secret {
        self.key().map_or_else(|| Secret::chosen(""), |key| key.decoy())
    }

    fn key(&self) -> Option<Arc<ServerKey>> {
        self.keys.as_ref().map(|keys| keys.key())
    }

    /// Whether the key is another one when it is read again.
    fn has_changed(&self, before: Option<&Arc<ServerKey>>) -> bool {
        self.keys.iter().for_each(|keys| keys.reread());
        self.key().as_ref() != before
    }
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningSecrets").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// A secret that is tried.
struct Candidate {
    secret: Secret,
    /// Whether it is the stored one. Others are tried only because that takes time.
    is_real: bool,
    /// Whether the stored one was derived, but from another key.
    is_strange: bool,
}

impl Candidate {
    fn new(secret: Secret, stored: &StoredSecret) -> Self {
        let is_real = secret.hash().matches(&stored.hash);
        Self { secret, is_real, is_strange: stored.derivation.is_some() && !is_real }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use parking_lot::Mutex;

    use super::*;

    fn account(secrets: impl IntoIterator<Item = StoredSecret>) -> Account {
        let account = Account::new("ann".parse().unwrap(), NOBODYS);
        Account { secrets: secrets.into_iter().collect(), ..account }
    }

    /// Whether the account is known to have signed with a secret, and how many secrets were tried.
    fn tried(signing: &SigningSecrets, account: Option<&Account>, secret: &Secret) -> (bool, usize) {
        let tries = AtomicUsize::new(0);
        let is_signed = signing.is_signed(account, |tried| {
            tries.fetch_add(1, Ordering::Relaxed);
            tried.reveal() == secret.reveal()
        });
        (is_signed, tries.into_inner())
    }

    #[test]
    fn derived_and_chosen_secrets_sign_and_hashes_alone_do_not() {
        let key = Arc::new(ServerKey::generate().unwrap());
        let (derived, stored) = key.new_secret(&"ann".parse().unwrap()).unwrap();
        let (chosen, old) = (Secret::chosen("dev"), Secret::generate().unwrap());
        let all = account([old.hash().into(), stored, chosen.hash().into()]);
        let signing = SigningSecrets::new(key).knowing(chosen.clone());
        for (secret, signs) in [(&derived, true), (&chosen, true), (&old, false)] {
            assert_eq!(tried(&signing, Some(&all), secret).0, signs);
            assert!(!tried(&SigningSecrets::default(), Some(&all), secret).0);
        }
        assert_eq!(all.secrets.iter().map(|it| signing.can_sign(&all.id, it)).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(signing.primary(&all).unwrap().reveal(), derived.reveal());
        assert!(signing.primary(&account([old.hash().into()])).is_none());
        assert!(!tried(&signing, Some(&account([stored])), &chosen).0, "chosen by somebody else");
    }

    #[test]
    fn what_is_revoked_disabled_anothers_or_under_another_key_does_not_sign() {
        let key = Arc::new(ServerKey::generate().unwrap());
        let (secret, stored) = key.new_secret(&"ann".parse().unwrap()).unwrap();
        let signing = SigningSecrets::new(Arc::clone(&key));
        let ann = account([stored]);
        let bob = Account { id: "bob".parse().unwrap(), ..ann.clone() };
        let disabled = Account { enabled: false, ..ann.clone() };
        let forged = account([StoredSecret { hash: SecretHash::of("other"), ..stored }]);
        for other in [&account([]), &bob, &disabled, &forged] {
            assert!(!tried(&signing, Some(other), &secret).0, "{other:?}");
        }
        let foreign = SigningSecrets::new(Arc::new(ServerKey::generate().unwrap()));
        assert!(!tried(&foreign, Some(&ann), &secret).0 && foreign.primary(&ann).is_none());
        assert!(tried(&signing, Some(&ann), &secret).0);
    }

    #[test]
    fn nobody_is_told_apart_by_the_number_of_tries() {
        let key = Arc::new(ServerKey::generate().unwrap());
        let (secret, stored) = key.new_secret(&"ann".parse().unwrap()).unwrap();
        let (signing, old) = (SigningSecrets::new(key), StoredSecret::from(SecretHash::of("old")));
        let wrong = Secret::chosen("wrong");
        let disabled = Account { enabled: false, ..account([stored]) };
        for known in [None, Some(&disabled), Some(&account([])), Some(&account([old])), Some(&account([stored, old]))] {
            for secret in [&secret, &wrong] {
                assert_eq!(tried(&signing, known, secret).1, ALWAYS_TRIED, "{known:?}");
            }
        }
    }

    /// A key that is replaced while it is used.
    #[derive(Debug)]
    struct Replaced(Mutex<Vec<Arc<ServerKey>>>);

    impl ServerKeys for Replaced {
        fn key(&self) -> Arc<ServerKey> {
            Arc::clone(&self.0.lock()[0])
        }

        fn reread(&self) {
            let mut keys = self.0.lock();
            if keys.len() > 1 {
                keys.remove(0);
            }
        }
    }

    #[test]
    fn the_key_is_read_again_for_a_secret_that_it_does_not_make() {
        let key = Arc::new(ServerKey::generate().unwrap());
        let rotated = Arc::new(key.rotated().unwrap());
        let (secret, stored) = rotated.new_secret(&"ann".parse().unwrap()).unwrap();
        let replaced = || SigningSecrets::new(Replaced(Mutex::new(vec![Arc::clone(&key), Arc::clone(&rotated)])));
        assert!(tried(&replaced(), Some(&account([stored])), &secret).0);
        assert!(replaced().primary(&account([stored])).is_some());
        let old = StoredSecret::from(secret.hash());
        assert!(!tried(&replaced(), Some(&account([old])), &secret).0, "a hash alone is not worth reading it");
    }
}
