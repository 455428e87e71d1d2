//! Tests of single guarantees.

use super::*;
use crate::{
    account::{AccountChange, AccountError, ClaimError, Derivation, SecretId, ServerKey, StoredSecret},
    action_type::ActionType,
    ledger::{ExtendError, HeartbeatResponse, ReserveError, UsageUpdate},
    session::CloseReason,
};

/// Reserves and activates a session of `name`.
async fn start(ledger: &dyn TestedLedger, name: &str, ttl: u64, at: Timestamp) -> Lifecycle {
    let asked = asked(name, ttl, at);
    ledger.reserve(asked.clone()).await.unwrap();
    let life = started(&asked, at);
    ledger.activate(life.view()).await.unwrap();
    life
}

fn derivation(generation: u32) -> Derivation {
    Derivation { id: SecretId(*b"0123456789abcdef"), generation: generation.try_into().unwrap() }
}

async fn balance(ledger: &dyn TestedLedger, name: &str) -> (Option<u64>, u64) {
    let account = ledger.account(&user(name)).await.unwrap().unwrap();
    (account.credits, account.held)
}

#[tokio::test]
async fn a_repeated_call_changes_nothing() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", Some(10))).await.unwrap();
        let asked = asked("ada", 120, START);
        let life = started(&asked, START);
        for _ in 0..2 {
            ledger.reserve(asked.clone()).await.unwrap();
            assert_eq!(balance(&**ledger, "ada").await, (Some(10), 2));
        }
        for _ in 0..2 {
            ledger.activate(life.view()).await.unwrap();
            ledger.extend(asked.id, seconds(300), 5).await.unwrap();
            assert_eq!(balance(&**ledger, "ada").await, (Some(10), 5));
        }
        ledger.release(asked.id).await.unwrap();
        assert_eq!(ledger.list(&asked.user).await.unwrap().len(), 1, "an active session is left alone");
        let first = ledger.settle(life.clone().settle(CloseReason::Closed, seconds(61))).await.unwrap();
        let again = ledger.settle(life.settle(CloseReason::BrowserCrashed, seconds(119))).await.unwrap();
        assert_eq!((again, balance(&**ledger, "ada").await), (first, (Some(8), 0)));
    }
}

#[tokio::test]
async fn refusals_say_what_is_missing() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", Some(4))).await.unwrap();
        assert!(matches!(ledger.reserve(asked("bob", 60, START)).await, Err(ReserveError::UnknownUser)));
        let life = start(&**ledger, "ada", 180, START).await;
        let refused = ledger.reserve(asked("ada", 120, START)).await;
        assert!(matches!(refused, Err(ReserveError::Credits { needed: 2, available: 1 })), "{refused:?}");
        let refused = ledger.extend(life.view().id, seconds(300), 5).await;
        assert!(matches!(refused, Err(ExtendError::Credits { needed: 2, available: 1 })), "{refused:?}");

        ledger.change(user("ada"), AccountChange::SetMaxSessions(Some(1))).await.unwrap();
        let refused = ledger.reserve(asked("ada", 60, START)).await;
        let Err(ReserveError::Limit { active: 1, max: 1, first_expires_at }) = refused else { panic!("{refused:?}") };
        assert_eq!(first_expires_at, Some(seconds(180)));

        ledger.change(user("ada"), AccountChange::Disable).await.unwrap();
        assert!(matches!(ledger.reserve(asked("ada", 60, START)).await, Err(ReserveError::Disabled)));
        assert_eq!(balance(&**ledger, "ada").await, (Some(4), 3));
    }
}

#[tokio::test]
async fn reservations_count_against_the_limit() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", None)).await.unwrap();
        for _ in 0..3 {
            ledger.reserve(asked("ada", 60, START)).await.unwrap();
        }
        let refused = ledger.reserve(asked("ada", 60, START)).await;
        let none_started = matches!(refused, Err(ReserveError::Limit { active: 3, max: 3, first_expires_at: None }));
        assert!(none_started, "{refused:?}");
    }
}

#[tokio::test]
async fn recovery_bills_to_the_last_beat_and_frees_reservations() {
    let mut shelf = Shelf::new();
    let mut lives = Vec::new();
    for ledger in &shelf.ledgers {
        ledger.add(account("ada", Some(20))).await.unwrap();
        let mut early = start(&**ledger, "ada", 300, START).await;
        early.usage.begin(ActionType::Click);
        early.usage.end(ActionType::Click, true);
        let changed = vec![UsageUpdate { id: early.view().id, usage: early.usage.clone() }];
        ledger.heartbeat(seconds(100), changed).await.unwrap();
        let late = start(&**ledger, "ada", 300, seconds(200)).await;
        ledger.reserve(asked("ada", 300, seconds(201))).await.unwrap();
        assert_eq!(balance(&**ledger, "ada").await, (Some(20), 15));
        lives.push((early, late));
    }
    shelf.reopen();
    for (ledger, (early, late)) in shelf.ledgers.iter().zip(lives) {
        let lost = ledger.recover().await.unwrap();
        let expected = [
            early.settle(CloseReason::InstanceLost, seconds(100)),
            late.settle(CloseReason::InstanceLost, seconds(200)),
        ];
        assert_eq!(lost, expected);
        assert_eq!(balance(&**ledger, "ada").await, (Some(20 - 2 - 1), 0));
        assert!(ledger.recover().await.unwrap().is_empty(), "nobody is charged twice");

        // The clock was set back since, so the dead server's heartbeat lies in the future and must not count.
        let next = start(&**ledger, "ada", 300, seconds(10)).await;
        let lost = ledger.recover().await.unwrap();
        assert_eq!(lost, [next.settle(CloseReason::InstanceLost, seconds(10))]);
    }
}

#[tokio::test]
async fn sessions_are_found_by_their_user_while_they_are_kept() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", None)).await.unwrap();
        let pending = asked("ada", 60, START);
        ledger.reserve(pending.clone()).await.unwrap();
        let (ada, bob) = (user("ada"), user("bob"));
        assert_eq!(ledger.find(&ada, pending.id, START).await.unwrap(), None, "nothing to see before the start");

        let life = start(&**ledger, "ada", 60, START).await;
        let id = life.view().id;
        assert_eq!(ledger.find(&ada, id, seconds(900)).await.unwrap(), Some(life.view()));
        assert_eq!(ledger.find(&bob, id, START).await.unwrap(), None);

        let last = ledger.settle(life.settle(CloseReason::Expired, seconds(70))).await.unwrap();
        assert_eq!(ledger.find(&ada, id, seconds(60)).await.unwrap(), Some(last));
        assert_eq!(ledger.find(&ada, id, seconds(61)).await.unwrap(), None);
        ledger.prune(seconds(60)).await.unwrap();
        assert!(ledger.find(&ada, id, START).await.unwrap().is_some());
        ledger.prune(seconds(61)).await.unwrap();
        assert_eq!(ledger.find(&ada, id, START).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_beat_names_the_sessions_of_disabled_users() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", None)).await.unwrap();
        ledger.add(account("bob", None)).await.unwrap();
        let (ada, _bob) = (start(&**ledger, "ada", 60, START).await, start(&**ledger, "bob", 60, START).await);
        assert_eq!(ledger.heartbeat(START, Vec::new()).await.unwrap(), HeartbeatResponse::default());
        ledger.change(user("ada"), AccountChange::Disable).await.unwrap();
        assert_eq!(ledger.heartbeat(START, Vec::new()).await.unwrap().refused, [ada.view().id]);
        ledger.settle(ada.settle(CloseReason::Closed, START)).await.unwrap();
        assert_eq!(ledger.heartbeat(START, Vec::new()).await.unwrap(), HeartbeatResponse::default());
    }
}

#[tokio::test]
async fn credits_set_below_the_holds_are_forgiven_not_owed() {
    for ledger in &Shelf::new().ledgers {
        ledger.add(account("ada", Some(10))).await.unwrap();
        let (one, two) = (start(&**ledger, "ada", 300, START).await, start(&**ledger, "ada", 300, START).await);
        let poor = ledger.change(user("ada"), AccountChange::SetCredits(Some(7))).await.unwrap();
        assert_eq!((poor.available(), poor.held), (Some(0), 10));
        ledger.settle(one.settle(CloseReason::Expired, START)).await.unwrap();
        ledger.settle(two.settle(CloseReason::Expired, START)).await.unwrap();
        assert_eq!(balance(&**ledger, "ada").await, (Some(0), 0));
        ledger.change(user("ada"), AccountChange::AddCredits(u64::MAX)).await.unwrap();
        let rich = ledger.change(user("ada"), AccountChange::AddCredits(u64::MAX)).await.unwrap();
        assert_eq!(rich.credits, Some((1 << 53) - 1));
    }
}

#[tokio::test]
async fn accounts_read_back_as_they_were_changed() {
    let mut shelf = Shelf::new();
    let (primary, second) = (SecretHash::of("ada"), SecretHash::of("second"));
    let derived = StoredSecret { derivation: Some(derivation(3)), ..SecretHash::of("derived").into() };
    let known = StoredSecret { derivation: Some(derivation(4)), ..second.into() };
    let proxy = Some("http://name:word@proxy.example:8080".to_owned());
    for ledger in &shelf.ledgers {
        ledger.add(account("bob", None)).await.unwrap();
        ledger.add(Account { held: 3, ..account("ada", None) }).await.unwrap();
        assert!(matches!(ledger.add(account("ada", None)).await, Err(AccountError::Exists(_))));
        for change in [
            AccountChange::AddSecret(second.into()),
            AccountChange::AddSecret(derived),
            AccountChange::AddSecret(known),
            AccountChange::SetProxy(proxy.clone()),
            AccountChange::SetMaxSessions(Some(2)),
            AccountChange::AddCredits(5),
            AccountChange::Disable,
        ] {
            ledger.change(user("ada"), change).await.unwrap();
        }
        let unknown = ledger.change(user("eve"), AccountChange::Enable).await;
        assert!(matches!(unknown, Err(AccountError::Unknown(_))));
        let unknown = ledger.change(user("ada"), AccountChange::RevokeSecret(SecretHash::of("third"))).await;
        assert!(matches!(unknown, Err(AccountError::UnknownSecret(_))));
    }
    shelf.reopen();
    for ledger in &shelf.ledgers {
        let expected = Account {
            enabled: false,
            max_sessions: Some(2),
            proxy: proxy.clone(),
            secrets: vec![primary.into(), second.into(), derived],
            ..account("ada", None)
        };
        assert_eq!(ledger.accounts().await.unwrap(), [expected, account("bob", None)]);
        let eve = Account { secrets: vec![derived, known, primary.into()], ..account("eve", None) };
        ledger.add(eve.clone()).await.unwrap();
        assert_eq!(ledger.account(&eve.id).await.unwrap(), Some(eve.clone()));
        let left = ledger.change(eve.id, AccountChange::RevokeSecret(known.hash)).await.unwrap();
        assert_eq!(left.secrets, [derived, primary.into()]);
        for secret in [primary, second, derived.hash] {
            ledger.change(user("ada"), AccountChange::RevokeSecret(secret)).await.unwrap();
        }
        assert!(ledger.account(&user("ada")).await.unwrap().unwrap().secrets.is_empty());
        assert_eq!(ledger.account(&user("zoe")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_ledger_belongs_to_the_key_that_claimed_it_first() {
    let key = ServerKey::generate().unwrap();
    let rotated = key.rotated().unwrap();
    let (other, foreign) = (key.rotated().unwrap(), ServerKey::generate().unwrap());
    let mut shelf = Shelf::new();
    for ledger in &shelf.ledgers {
        assert_eq!(ledger.fingerprints().await.unwrap(), []);
        for key in [&key, &key, &rotated] {
            ledger.claim_key(key.fingerprints()).await.unwrap();
            assert_eq!(ledger.fingerprints().await.unwrap(), key.fingerprints());
        }
    }
    shelf.reopen();
    for ledger in &shelf.ledgers {
        let refused = async |key: &ServerKey| ledger.claim_key(key.fingerprints()).await.unwrap_err();
        let (one, two) = (rotated.fingerprints()[0], rotated.fingerprints()[1]);
        let lacks = refused(&key).await;
        assert!(matches!(lacks, ClaimError::Lacks(known) if known == two), "{lacks:?}");
        let second = refused(&other).await;
        assert!(matches!(second, ClaimError::Foreign { known, .. } if known == two), "{second:?}");
        let first = refused(&foreign).await;
        assert!(matches!(first, ClaimError::Foreign { known, .. } if known == one), "{first:?}");
        assert_eq!(ledger.fingerprints().await.unwrap(), rotated.fingerprints(), "a refusal changes nothing");
        ledger.forget_fingerprints().await.unwrap();
        ledger.claim_key(foreign.fingerprints()).await.unwrap();
        assert!(matches!(refused(&rotated).await, ClaimError::Foreign { .. }));
    }
}
