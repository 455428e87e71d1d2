//! The idempotency keys of creates. A running create is joined and a successful one is repeated. A refused one is
//! forgotten, so that it may be sent again.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::watch;

use crate::{
    account::UserId,
    error::Error,
    fair::{Held, Pool},
    session::{IdempotencyKey, Keyed, RequestHash, SessionView},
};

/// Maximum number of remembered keys of all users. When it is reached, the user with the most keys loses their oldest
/// one.
const MAX_KEYS: usize = 10_000;

/// The result of a create, for all callers that sent its key.
pub(super) type Creating = watch::Receiver<Option<Result<SessionView, Arc<Error>>>>;

/// The keys of creates.
#[derive(Debug)]
pub(super) struct Creates {
    entries: Pool<UserId, Entry>,
    by_key: HashMap<(UserId, IdempotencyKey), Held>,
}

#[derive(Debug)]
struct Entry {
    key: IdempotencyKey,
    request: RequestHash,
    creating: Creating,
}

impl Default for Creates {
    fn default() -> Self {
        Self { entries: Pool::new(MAX_KEYS), by_key: HashMap::new() }
    }
}

/// How a create with a key relates to earlier ones.
#[derive(Debug)]
pub(super) enum Begun {
    /// A new create. If it is refused, pass this to [`Creates::forget`].
    New(Held),
    /// A repetition of an earlier create.
    Earlier(Creating),
    /// The key was used with a different request.
    Conflict,
}

impl Creates {
    /// Finds the create that belongs to this key, or stores the new one under it.
    pub(super) fn begin(&mut self, user: &UserId, keyed: Keyed, creating: &Creating) -> Begun {
        let Keyed { key, request } = keyed;
        let name = (user.clone(), key);
        let known = self.by_key.get(&name).copied();
        let mut lost = None;
        match known.and_then(|held| self.entries.get(user, held)) {
            Some(earlier) if is_lost(&earlier.creating) => lost = known,
            Some(earlier) if earlier.request == request => return Begun::Earlier(earlier.creating.clone()),
            Some(_) => return Begun::Conflict,
            None => {}
        }
        if let Some(lost) = lost {
            self.forget(user, lost);
        }
        let entry = Entry { key: name.1.clone(), request, creating: creating.clone() };
        let (held, gone) = self.entries.insert(user, 1, entry);
        for (user, entry) in gone {
            self.by_key.remove(&(user, entry.key));
        }
        self.by_key.insert(name, held);
        Begun::New(held)
    }

    /// Forgets the key of a refused create, so that the client may send it again.
    pub(super) fn forget(&mut self, user: &UserId, held: Held) {
        let Some(entry) = self.entries.remove(user, held) else { return };
        self.by_key.remove(&(user.clone(), entry.key));
    }
}

/// Whether the create's task panicked before there was a result.
fn is_lost(creating: &Creating) -> bool {
    creating.has_changed().is_err() && creating.borrow().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(creates: &mut Creates, user: &str, key: &str, body: &[u8]) -> Begun {
        let (done, creating) = watch::channel(None);
        // any value serves: a create that has a result is not lost
        done.send_replace(Some(Err(Arc::new(Error::not_found()))));
        let keyed = Keyed { key: key.parse().unwrap(), request: RequestHash::of(body) };
        creates.begin(&user.parse().unwrap(), keyed, &creating)
    }

    #[test]
    fn a_key_stands_for_one_request_until_it_is_refused() {
        let mut creates = Creates::default();
        let Begun::New(held) = begin(&mut creates, "ann", "k1", b"a") else { panic!("it is new") };
        assert!(matches!(begin(&mut creates, "ann", "k1", b"a"), Begun::Earlier(_)));
        assert!(matches!(begin(&mut creates, "ann", "k1", b"b"), Begun::Conflict));
        assert!(matches!(begin(&mut creates, "bob", "k1", b"b"), Begun::New(_)), "keys are a user's own");
        creates.forget(&"ann".parse().unwrap(), held);
        assert!(matches!(begin(&mut creates, "ann", "k1", b"b"), Begun::New(_)));
    }

    #[test]
    fn the_keys_of_one_user_do_not_push_out_those_of_another() {
        let mut creates = Creates::default();
        assert!(matches!(begin(&mut creates, "bob", "k", b"a"), Begun::New(_)));
        for number in 0..=MAX_KEYS {
            assert!(matches!(begin(&mut creates, "ann", &format!("k{number}"), b"a"), Begun::New(_)));
        }
        assert!(matches!(begin(&mut creates, "bob", "k", b"a"), Begun::Earlier(_)));
        assert!(matches!(begin(&mut creates, "ann", &format!("k{MAX_KEYS}"), b"a"), Begun::Earlier(_)));
        assert_eq!((creates.entries.weight(), creates.by_key.len()), (MAX_KEYS, MAX_KEYS));
        assert!(matches!(begin(&mut creates, "ann", "k0", b"a"), Begun::New(_)), "her own oldest went");
    }
}
