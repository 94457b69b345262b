//! Lanes that are given back before their leases end.

use std::sync::Arc;

use sacola::store::{
    ClaimOutcome, Head, LaneKind, Phase, SettleOutcome, Settlement, StartOutcome, Store, UnixMs,
};

use super::harness::{
    LEASE, NOW, at, begin, claim_head, commit_head, home, sent, settle, settle_next, with_plain,
};

const PROVIDER: LaneKind = LaneKind::Provider;
const MERCHANT: LaneKind = LaneKind::Merchant;

async fn release(store: &Arc<dyn Store>, head: &Head, now_ms: UnixMs) -> bool {
    store.release(head, now_ms).await.expect("an answer")
}

pub async fn a_lane_that_is_given_back_is_due_at_once_and_its_old_token_is_worth_nothing(
    store: Arc<dyn Store>,
) {
    for (n, kind) in [(1, PROVIDER), (2, MERCHANT)] {
        let head = commit_head(&store, with_plain(&home(n), 0, kind, 2), NOW).await;
        assert!(store.due_lanes(NOW + 1, 9).await.expect("an answer").is_empty());
        assert!(release(&store, &head, NOW + 1).await);
        let due = store.due_lanes(NOW + 1, 9).await.expect("an answer");
        assert_eq!(due, std::slice::from_ref(&head.lane));
        assert!(!release(&store, &head, NOW + 1).await, "it has been given back");
        let started = store.start(&head, &[], head.item.class, at(NOW + 1)).await;
        assert_eq!(started.expect("an answer"), StartOutcome::LeaseLost);

        let again = claim_head(&store, &head.lane, NOW + 1).await;
        assert_ne!(again.lease.token, head.lease.token);
        assert_eq!(
            (&again.item, again.phase, again.attempts, again.started_at_ms),
            (&head.item, Phase::Queued, 0, 0)
        );
        assert!(!release(&store, &head, NOW + 2).await, "another one holds it");
        assert_eq!(
            settle(&store, &head, sent(), NOW + 2).await,
            SettleOutcome::LeaseLost
        );
        begin(&store, &again, NOW + 2).await;
        let last = settle_next(&store, &again, sent(), NOW + 3).await;
        assert_eq!(last.item.body, "1.1", "order is kept");
        assert_eq!(settle(&store, &last, sent(), NOW + 4).await, SettleOutcome::Empty);
        assert!(!release(&store, &last, NOW + 5).await, "nothing is left to give");
        assert!(
            store
                .due_lanes(NOW + 9 * LEASE, 9)
                .await
                .expect("an answer")
                .is_empty()
        );
    }
}

pub async fn what_is_begun_is_not_given_back(store: Arc<dyn Store>) {
    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    begin(&store, &head, NOW).await;
    assert!(!release(&store, &head, NOW + 1).await);
    let claimed = store.claim(&head.lane, at(NOW + 1)).await.expect("an answer");
    assert_eq!(claimed, ClaimOutcome::Wait(NOW + LEASE));
    assert_eq!(settle(&store, &head, sent(), NOW + 2).await, SettleOutcome::Empty);
}

pub async fn a_commit_finds_a_lane_that_was_given_back_free(store: Arc<dyn Store>) {
    let head = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    assert!(release(&store, &head, NOW + 1).await);
    let first = commit_head(&store, with_plain(&home(1), 1, PROVIDER, 1), NOW + 2).await;
    assert_eq!(
        (&first.item, first.lease.until_ms),
        (&head.item, NOW + 2 + LEASE),
        "what was there before comes first"
    );
}

pub async fn what_is_unknown_is_given_back_as_unknown(store: Arc<dyn Store>) {
    for (n, kind) in [(1, PROVIDER), (2, MERCHANT)] {
        let head = commit_head(&store, with_plain(&home(n), 0, kind, 1), NOW).await;
        begin(&store, &head, NOW).await;
        let unknown = Settlement::Unknown { due_ms: NOW + 10 };
        assert_eq!(
            settle(&store, &head, unknown, NOW + 1).await,
            SettleOutcome::Wait(NOW + 10)
        );
        let head = claim_head(&store, &head.lane, NOW + 10).await;
        assert!(release(&store, &head, NOW + 11).await);
        let again = claim_head(&store, &head.lane, NOW + 11).await;
        assert_eq!(
            (again.phase, again.attempts, again.unknowns),
            (Phase::Unknown, 1, 1)
        );
    }
}

pub async fn a_lane_is_given_back_late_unless_somebody_has_come(store: Arc<dyn Store>) {
    let late = commit_head(&store, with_plain(&home(1), 0, PROVIDER, 1), NOW).await;
    assert!(release(&store, &late, NOW + LEASE).await);
    assert_eq!(claim_head(&store, &late.lane, NOW + LEASE).await.item, late.item);

    let later = commit_head(&store, with_plain(&home(2), 0, PROVIDER, 1), NOW).await;
    let new = claim_head(&store, &later.lane, NOW + LEASE).await;
    assert!(!release(&store, &later, NOW + LEASE).await);
    begin(&store, &new, NOW + LEASE).await;
    assert_eq!(
        settle(&store, &new, sent(), NOW + LEASE).await,
        SettleOutcome::Empty
    );
}
