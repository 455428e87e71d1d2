//! Property test: after any sequence of operations every session was charged once, and no account is below zero.
//!
//! This module owns the operations and their frequencies. Their expected effects are in [`super::world`].

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::world::{Op, World};
use crate::session::CloseReason;

fn reason() -> impl Strategy<Value = CloseReason> {
    select(vec![
        CloseReason::Closed,
        CloseReason::Expired,
        CloseReason::Shutdown,
        CloseReason::BrowserCrashed,
        CloseReason::InstanceLost,
    ])
}

fn op() -> impl Strategy<Value = Op> {
    // There are few sessions and users, so that operations affect each other. A third user is not in the ledger.
    let session = || 0..6_usize;
    let user = || 0..3_usize;
    prop_oneof![
        6 => (user(), 1..=900_u64).prop_map(|(user, ttl)| Op::Reserve { user, ttl }),
        3 => (user(), 1..4_u64).prop_map(|(user, price)| Op::ReserveRender { user, price }),
        3 => (session(), 0..4_u64).prop_map(|(session, credits)| Op::Charge { session, credits }),
        1 => session().prop_map(Op::ReserveAgain),
        6 => session().prop_map(Op::Activate),
        1 => session().prop_map(Op::Release),
        3 => (session(), 1..=900_u64).prop_map(|(session, ttl)| Op::Extend { session, ttl }),
        3 => (session(), any::<bool>()).prop_map(|(session, ends)| Op::Act { session, ends }),
        2 => Just(Op::UsageUpdate),
        5 => (session(), reason()).prop_map(|(session, reason)| Op::Settle { session, reason }),
        1 => Just(Op::Recover),
        1 => Just(Op::Reopen),
        1 => Just(Op::Prune),
        4 => (0..200_000_u64).prop_map(Op::Wait),
        1 => (user(), any::<bool>()).prop_map(|(user, enabled)| Op::Enable { user, enabled }),
        1 => (user(), 0..20_u64).prop_map(|(user, more)| Op::AddCredits { user, more }),
        1 => (user(), option::of(0..20_u64)).prop_map(|(user, spare)| Op::SetCredits { user, spare }),
        1 => (user(), option::of(0..4_u32)).prop_map(|(user, max)| Op::SetMaxSessions { user, max }),
    ]
}

proptest! {
    // There are few cases because each one writes a file with real syncs. There are no regression files, because a
    // failure prints its operations.
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_charges_each_session_once(ops in vec(op(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for op in &ops {
                world.apply(op).await;
                world.check().await;
            }
            world.finish().await;
        });
    }
}
