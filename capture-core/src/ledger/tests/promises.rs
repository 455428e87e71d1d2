//! Single promises, one story each.

use super::*;
use crate::{
    account::{AccountChange, AccountError},
    action_type::ActionType,
    ledger::{Beat, Beaten, ExtendError, ReserveError},
    session::CloseReason,
};

/// Runs a session of `name` for each ledger up to its start.
async fn start(books: &dyn Books, name: &str, ttl: u64, at: Timestamp) -> Lifecycle {
    let asked = asked(name, ttl, at);
    books.reserve(asked.clone()).await.unwrap();
    let life = started(&asked, at);
    books.activate(life.view()).await.unwrap();
    life
}

async fn balance(books: &dyn Books, name: &str) -> (Option<u64>, u64) {
    let account = books.account(&user(name)).await.unwrap().unwrap();
    (account.credits, account.held)
}

#[tokio::test]
async fn a_repeated_call_changes_nothing() {
    for books in &Shelf::new().books {
        books.add(account("ada", Some(10))).await.unwrap();
        let asked = asked("ada", 120, START);
        let life = started(&asked, START);
        for _ in 0..2 {
            books.reserve(asked.clone()).await.unwrap();
            assert_eq!(balance(&**books, "ada").await, (Some(10), 2));
        }
        for _ in 0..2 {
            books.activate(life.view()).await.unwrap();
            books.extend(asked.id, seconds(300), 5).await.unwrap();
            assert_eq!(balance(&**books, "ada").await, (Some(10), 5));
        }
        books.release(asked.id).await.unwrap();
        assert_eq!(books.list(&asked.user).await.unwrap().len(), 1, "an active session is left alone");
        let first = books.settle(life.clone().settle(CloseReason::Closed, seconds(61))).await.unwrap();
        let again = books.settle(life.settle(CloseReason::BrowserCrashed, seconds(119))).await.unwrap();
        assert_eq!((again, balance(&**books, "ada").await), (first, (Some(8), 0)));
    }
}

#[tokio::test]
async fn refusals_say_what_is_missing() {
    for books in &Shelf::new().books {
        books.add(account("ada", Some(4))).await.unwrap();
        assert!(matches!(books.reserve(asked("bob", 60, START)).await, Err(ReserveError::UnknownUser)));
        let life = start(&**books, "ada", 180, START).await;
        let refused = books.reserve(asked("ada", 120, START)).await;
        assert!(matches!(refused, Err(ReserveError::Credits { needed: 2, available: 1 })), "{refused:?}");
        let refused = books.extend(life.view().id, seconds(300), 5).await;
        assert!(matches!(refused, Err(ExtendError::Credits { needed: 2, available: 1 })), "{refused:?}");

        books.change(user("ada"), AccountChange::SetMaxSessions(Some(1))).await.unwrap();
        let refused = books.reserve(asked("ada", 60, START)).await;
        let Err(ReserveError::Limit { active: 1, max: 1, first_expires_at }) = refused else { panic!("{refused:?}") };
        assert_eq!(first_expires_at, Some(seconds(180)));

        books.change(user("ada"), AccountChange::Disable).await.unwrap();
        assert!(matches!(books.reserve(asked("ada", 60, START)).await, Err(ReserveError::Disabled)));
        assert_eq!(balance(&**books, "ada").await, (Some(4), 3));
    }
}

#[tokio::test]
async fn reservations_count_against_the_limit() {
    for books in &Shelf::new().books {
        books.add(account("ada", None)).await.unwrap();
        for _ in 0..3 {
            books.reserve(asked("ada", 60, START)).await.unwrap();
        }
        let refused = books.reserve(asked("ada", 60, START)).await;
        let none_started = matches!(refused, Err(ReserveError::Limit { active: 3, max: 3, first_expires_at: None }));
        assert!(none_started, "{refused:?}");
    }
}

#[tokio::test]
async fn recovery_bills_to_the_last_beat_and_frees_reservations() {
    let mut shelf = Shelf::new();
    let mut lives = Vec::new();
    for books in &shelf.books {
        books.add(account("ada", Some(20))).await.unwrap();
        let mut early = start(&**books, "ada", 300, START).await;
        early.usage.begin(ActionType::Click);
        early.usage.end(ActionType::Click, true);
        let changed = vec![Beat { id: early.view().id, usage: early.usage.clone() }];
        books.beat(seconds(100), changed).await.unwrap();
        let late = start(&**books, "ada", 300, seconds(200)).await;
        books.reserve(asked("ada", 300, seconds(201))).await.unwrap();
        assert_eq!(balance(&**books, "ada").await, (Some(20), 15));
        lives.push((early, late));
    }
    shelf.reopen();
    for (books, (early, late)) in shelf.books.iter().zip(lives) {
        let lost = books.recover().await.unwrap();
        let expected = [
            early.settle(CloseReason::InstanceLost, seconds(100)),
            late.settle(CloseReason::InstanceLost, seconds(200)),
        ];
        assert_eq!(lost, expected);
        assert_eq!(balance(&**books, "ada").await, (Some(20 - 2 - 1), 0));
        assert!(books.recover().await.unwrap().is_empty(), "nobody is charged twice");

        // The clock was set back since: the dead server's beat lies in the future and proves nothing.
        let next = start(&**books, "ada", 300, seconds(10)).await;
        let lost = books.recover().await.unwrap();
        assert_eq!(lost, [next.settle(CloseReason::InstanceLost, seconds(10))]);
    }
}

#[tokio::test]
async fn sessions_are_found_by_their_user_while_they_are_kept() {
    for books in &Shelf::new().books {
        books.add(account("ada", None)).await.unwrap();
        let pending = asked("ada", 60, START);
        books.reserve(pending.clone()).await.unwrap();
        let (ada, bob) = (user("ada"), user("bob"));
        assert_eq!(books.find(&ada, pending.id, START).await.unwrap(), None, "nothing to see before the start");

        let life = start(&**books, "ada", 60, START).await;
        let id = life.view().id;
        assert_eq!(books.find(&ada, id, seconds(900)).await.unwrap(), Some(life.view()));
        assert_eq!(books.find(&bob, id, START).await.unwrap(), None);

        let last = books.settle(life.settle(CloseReason::Expired, seconds(70))).await.unwrap();
        assert_eq!(books.find(&ada, id, seconds(60)).await.unwrap(), Some(last));
        assert_eq!(books.find(&ada, id, seconds(61)).await.unwrap(), None);
        books.prune(seconds(60)).await.unwrap();
        assert!(books.find(&ada, id, START).await.unwrap().is_some());
        books.prune(seconds(61)).await.unwrap();
        assert_eq!(books.find(&ada, id, START).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_beat_names_the_sessions_of_disabled_users() {
    for books in &Shelf::new().books {
        books.add(account("ada", None)).await.unwrap();
        books.add(account("bob", None)).await.unwrap();
        let (ada, _bob) = (start(&**books, "ada", 60, START).await, start(&**books, "bob", 60, START).await);
        assert_eq!(books.beat(START, Vec::new()).await.unwrap(), Beaten::default());
        books.change(user("ada"), AccountChange::Disable).await.unwrap();
        assert_eq!(books.beat(START, Vec::new()).await.unwrap().refused, [ada.view().id]);
        books.settle(ada.settle(CloseReason::Closed, START)).await.unwrap();
        assert_eq!(books.beat(START, Vec::new()).await.unwrap(), Beaten::default());
    }
}

#[tokio::test]
async fn credits_set_below_the_holds_are_forgiven_not_owed() {
    for books in &Shelf::new().books {
        books.add(account("ada", Some(10))).await.unwrap();
        let (one, two) = (start(&**books, "ada", 300, START).await, start(&**books, "ada", 300, START).await);
        let poor = books.change(user("ada"), AccountChange::SetCredits(Some(7))).await.unwrap();
        assert_eq!((poor.available(), poor.held), (Some(0), 10));
        books.settle(one.settle(CloseReason::Expired, START)).await.unwrap();
        books.settle(two.settle(CloseReason::Expired, START)).await.unwrap();
        assert_eq!(balance(&**books, "ada").await, (Some(0), 0));
        books.change(user("ada"), AccountChange::AddCredits(u64::MAX)).await.unwrap();
        let rich = books.change(user("ada"), AccountChange::AddCredits(u64::MAX)).await.unwrap();
        assert_eq!(rich.credits, Some((1 << 53) - 1));
    }
}

#[tokio::test]
async fn accounts_read_back_as_they_were_changed() {
    let mut shelf = Shelf::new();
    let (primary, second) = (SecretHash::of("ada"), SecretHash::of("second"));
    let proxy = Some("http://name:word@proxy.example:8080".to_owned());
    for books in &shelf.books {
        books.add(account("bob", None)).await.unwrap();
        books.add(Account { held: 3, ..account("ada", None) }).await.unwrap();
        assert!(matches!(books.add(account("ada", None)).await, Err(AccountError::Exists(_))));
        for change in [
            AccountChange::AddSecret(second),
            AccountChange::AddSecret(second),
            AccountChange::SetProxy(proxy.clone()),
            AccountChange::SetMaxSessions(Some(2)),
            AccountChange::AddCredits(5),
            AccountChange::Disable,
        ] {
            books.change(user("ada"), change).await.unwrap();
        }
        let unknown = books.change(user("eve"), AccountChange::Enable).await;
        assert!(matches!(unknown, Err(AccountError::Unknown(_))));
        let unknown = books.change(user("ada"), AccountChange::RevokeSecret(SecretHash::of("third"))).await;
        assert!(matches!(unknown, Err(AccountError::UnknownSecret(_))));
    }
    shelf.reopen();
    for books in &shelf.books {
        let expected = Account {
            enabled: false,
            max_sessions: Some(2),
            proxy: proxy.clone(),
            secrets: vec![primary, second],
            ..account("ada", None)
        };
        assert_eq!(books.accounts().await.unwrap(), [expected, account("bob", None)]);
        for secret in [primary, second] {
            books.change(user("ada"), AccountChange::RevokeSecret(secret)).await.unwrap();
        }
        assert!(books.account(&user("ada")).await.unwrap().unwrap().secrets.is_empty());
        assert_eq!(books.account(&user("eve")).await.unwrap(), None);
    }
}
