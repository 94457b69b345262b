//! What becomes of a lane whose replica was lost.

use std::sync::Arc;

use sacola::store::{
    ClaimOutcome, DeliveryStatus, LaneKind, Phase, SettleOutcome, Settlement, StartOutcome, Store,
};

use super::harness::{
    HOLD, LEASE, NOW, at, begin, claim_head, commit_head, home, see, sent, settle, settle_next, with_plain,
};

const PROVIDER: LaneKind = LaneKind::Provider;
const MERCHANT: LaneKind = LaneKind::Merchant;

pub async fn a_stale_token_is_refused_and_changes_nothing(store: Arc<dyn Store>) {
    let home = home(1);
    let old = commit_head(&store, with_plain(&home, 0, PROVIDER, 2), NOW).await;
    let new = claim_head(&store, &old.lane, NOW + LEASE).await;
    assert_ne!(old.lease.token, new.lease.token);
    let now_ms = NOW + LEASE + 1;
    let started = store
        .start(&old, &[], old.item.class, at(now_ms))
        .await
        .expect("an answer");
    assert_eq!(started, StartOutcome::LeaseLost);
    for how in [
        sent(),
        Settlement::Retry { due_ms: NOW },
        Settlement::Unknown { due_ms: NOW },
    ] {
        assert_eq!(settle(&store, &old, how, now_ms).await, SettleOutcome::LeaseLost);
    }
    begin(&store, &new, now_ms).await;
    let next = settle_next(&store, &new, sent(), now_ms).await;
    assert_eq!((next.item.body.as_str(), next.attempts), ("1.1", 0));
}

pub async fn an_item_not_started_is_served_again_after_the_lease(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    assert_eq!(
        store.due_lanes(NOW + LEASE, 9).await.expect("an answer"),
        std::slice::from_ref(&head.lane)
    );
    let again = claim_head(&store, &head.lane, NOW + LEASE).await;
    assert_eq!(
        (&again.item, again.phase, again.attempts),
        (&head.item, Phase::Queued, 0)
    );
}

pub async fn an_item_started_under_a_lost_lease_is_unknown(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    begin(&store, &head, NOW + 3).await;
    let due_ms = NOW + 3 + HOLD;
    let lost_ms = NOW + 3 + LEASE;
    let claimed = store.claim(&head.lane, at(lost_ms)).await.expect("an answer");
    assert_eq!(claimed, ClaimOutcome::Wait(due_ms));
    assert!(
        store
            .due_lanes(due_ms - 1, 9)
            .await
            .expect("an answer")
            .is_empty()
    );
    let again = claim_head(&store, &head.lane, due_ms).await;
    assert_eq!(
        (again.phase, again.attempts, again.unknowns, again.started_at_ms),
        (Phase::Unknown, 1, 1, NOW + 3)
    );
    begin(&store, &again, due_ms).await;
    assert_eq!(settle(&store, &again, sent(), due_ms).await, SettleOutcome::Empty);
}

pub async fn a_lost_merchant_item_is_due_at_once_and_blocks(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, MERCHANT, 2), NOW).await;
    begin(&store, &head, NOW).await;
    let again = claim_head(&store, &head.lane, NOW + LEASE).await;
    assert_eq!(
        (&again.item, again.phase, again.attempts),
        (&head.item, Phase::Unknown, 1)
    );
    let unknown = Settlement::Unknown {
        due_ms: NOW + 2 * LEASE,
    };
    let outcome = settle(&store, &again, unknown, NOW + LEASE).await;
    assert_eq!(outcome, SettleOutcome::Wait(NOW + 2 * LEASE));
    let again = claim_head(&store, &head.lane, NOW + 2 * LEASE).await;
    assert_eq!((again.phase, again.attempts), (Phase::Unknown, 2));
}

pub async fn a_commit_finds_a_lost_lane_free(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    begin(&store, &head, NOW).await;
    let passing = commit_head(&store, with_plain(&home, 1, PROVIDER, 1), NOW + LEASE).await;
    assert_eq!(passing.item.revision, 2);
    assert_eq!(
        settle(&store, &passing, sent(), NOW + LEASE).await,
        SettleOutcome::Wait(NOW + HOLD)
    );
}

pub async fn a_status_seen_before_the_replica_died_settles_the_item(store: Arc<dyn Store>) {
    use DeliveryStatus::{Delivered, Failed, Read, Sent};
    let lost_ms = NOW + LEASE;

    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 2), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Sent, NOW + 1).await;
    see(&store, &head, Delivered, NOW + 2).await;
    let next = claim_head(&store, &head.lane, lost_ms).await;
    assert_eq!((next.item.body.as_str(), next.phase), ("1.1", Phase::Queued));
    assert_eq!(
        settle(&store, &head, sent(), lost_ms).await,
        SettleOutcome::LeaseLost
    );
    assert_eq!(settle(&store, &next, sent(), lost_ms).await, SettleOutcome::Empty);

    // a commit that finds the lane free settles the item too, and an empty lane is due no more
    let head = commit_head(&store, with_plain(&home(2), 0, PROVIDER, 1), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Sent, NOW + 1).await;
    let next = commit_head(&store, with_plain(&home(2), 1, PROVIDER, 1), lost_ms).await;
    assert_eq!((next.item.revision, next.newer_exists), (2, false));
    begin(&store, &next, lost_ms).await;
    see(&store, &next, Read, lost_ms + 1).await;
    let claimed = store.claim(&next.lane, at(lost_ms + LEASE)).await;
    assert_eq!(claimed.expect("an answer"), ClaimOutcome::Empty);
    let due = store.due_lanes(lost_ms + 9 * LEASE, 9).await;
    assert!(due.expect("an answer").is_empty());

    // what was delivered counts as sent, what failed does not
    for (n, status, newer_exists) in [(3, Read, true), (4, Failed, false)] {
        let first = commit_head(&store, with_plain(&home(n), 0, PROVIDER, 1), NOW).await;
        let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
        settle(&store, &first, unknown, NOW).await;
        let second = commit_head(&store, with_plain(&home(n), 1, PROVIDER, 1), NOW).await;
        begin(&store, &second, NOW).await;
        see(&store, &second, status, NOW + 1).await;
        let claimed = store.claim(&first.lane, at(lost_ms)).await;
        assert_eq!(claimed.expect("an answer"), ClaimOutcome::Wait(NOW + HOLD));
        let again = claim_head(&store, &first.lane, NOW + HOLD).await;
        assert_eq!((again.item.revision, again.newer_exists), (1, newer_exists));
        assert_eq!(
            settle(&store, &again, sent(), NOW + HOLD).await,
            SettleOutcome::Empty
        );
    }

    // a merchant's item has no status: what is kept under its id tells nothing
    let head = commit_head(&store, with_plain(&home(5), 0, MERCHANT, 1), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Sent, NOW + 1).await;
    let again = claim_head(&store, &head.lane, lost_ms).await;
    assert_eq!((&again.item, again.phase), (&head.item, Phase::Unknown));
}
