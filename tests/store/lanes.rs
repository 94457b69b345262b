//! Order in a lane, and the lease that guards it.

use std::sync::Arc;

use sacola::store::{
    Budget, ClaimOutcome, Head, LaneKind, LaneTimes, Phase, SettleOutcome, Settlement, StartOutcome, Store,
};

use super::harness::{
    HOLD, LEASE, NOW, PACE, at, begin, bulk, change, claim_head, commit, commit_head, home, item, keyed,
    lane, passing, sent, settle, settle_next, with_items, with_plain,
};

const PROVIDER: LaneKind = LaneKind::Provider;
const MERCHANT: LaneKind = LaneKind::Merchant;

pub async fn a_commit_leases_a_free_lane_and_returns_its_head(store: Arc<dyn Store>) {
    let home = home(1);
    let (heads, wake) = commit(&store, with_plain(&home, 0, PROVIDER, 2), NOW).await;
    assert!(wake.is_empty());
    let [head] = heads.as_slice() else {
        panic!("{heads:?}")
    };
    assert_eq!(
        (&head.lane, &head.item),
        (&lane(&home, PROVIDER), &item(&home, 1, 0))
    );
    assert_eq!(
        (head.phase, head.attempts, head.started_at_ms),
        (Phase::Queued, 0, 0)
    );
    assert!(!head.newer_exists && !head.lease.token.is_empty());
    assert_eq!(head.lease.until_ms, NOW + LEASE);
    let claimed = store.claim(&head.lane, at(NOW + 1)).await.expect("an answer");
    assert_eq!(claimed, ClaimOutcome::Wait(NOW + LEASE));
}

pub async fn a_commit_to_a_leased_lane_only_appends(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    let (heads, wake) = commit(&store, with_plain(&home, 1, PROVIDER, 1), NOW + 1).await;
    assert!(heads.is_empty() && wake.is_empty());
    let next = settle_next(&store, &head, sent(), NOW + 2).await;
    assert_eq!(next.item, item(&home, 2, 0));
}

pub async fn both_lanes_of_a_conversation_are_leased_at_once(store: Arc<dyn Store>) {
    let home = home(1);
    let mut change = change(&home, 0);
    change.items = vec![(MERCHANT, item(&home, 1, 0)), (PROVIDER, item(&home, 1, 1))];
    let (heads, _) = commit(&store, change, NOW).await;
    let mut kinds: Vec<LaneKind> = heads.iter().map(|head| head.lane.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [PROVIDER, MERCHANT]);
    let tokens: std::collections::BTreeSet<&str> =
        heads.iter().map(|head| head.lease.token.as_str()).collect();
    assert_eq!(tokens.len(), 2);
}

pub async fn a_settled_item_is_followed_by_the_next_in_order(store: Arc<dyn Store>) {
    let home = home(1);
    let mut head = commit_head(&store, with_plain(&home, 0, PROVIDER, 3), NOW).await;
    for index in 1..3 {
        begin(&store, &head, NOW).await;
        head = settle_next(&store, &head, sent(), NOW + 5).await;
        assert_eq!(
            (&head.item, head.lease.until_ms),
            (&item(&home, 1, index), NOW + 5 + LEASE)
        );
    }
    assert_eq!(settle(&store, &head, sent(), NOW + 6).await, SettleOutcome::Empty);
    let claimed = store.claim(&head.lane, at(NOW + 7)).await.expect("an answer");
    assert_eq!(claimed, ClaimOutcome::Empty);
    assert!(
        store
            .due_lanes(NOW + 10 * LEASE, 9)
            .await
            .expect("an answer")
            .is_empty()
    );
}

pub async fn back_off_blocks_the_lane_and_keeps_its_order(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 2), NOW).await;
    begin(&store, &head, NOW + 1).await;
    let retry = Settlement::Retry { due_ms: NOW + 500 };
    assert_eq!(
        settle(&store, &head, retry, NOW + 2).await,
        SettleOutcome::Wait(NOW + 500)
    );
    let (heads, wake) = commit(&store, with_plain(&home, 1, PROVIDER, 1), NOW + 3).await;
    assert!(heads.is_empty());
    assert_eq!(wake, [(head.lane.clone(), NOW + 500)]);
    let early = store.claim(&head.lane, at(NOW + 499)).await.expect("an answer");
    assert_eq!(early, ClaimOutcome::Wait(NOW + 500));
    assert!(store.due_lanes(NOW + 499, 9).await.expect("an answer").is_empty());
    assert_eq!(
        store.due_lanes(NOW + 500, 9).await.expect("an answer"),
        std::slice::from_ref(&head.lane)
    );
    let again = claim_head(&store, &head.lane, NOW + 500).await;
    assert_eq!((&again.item, again.phase), (&head.item, Phase::Queued));
    assert_eq!(
        (again.attempts, again.started_at_ms, again.newer_exists),
        (1, NOW + 1, true)
    );
}

pub async fn to_postpone_counts_no_attempt(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    let postpone = Settlement::Postpone { due_ms: NOW + 50 };
    assert_eq!(
        settle(&store, &head, postpone, NOW).await,
        SettleOutcome::Wait(NOW + 50)
    );
    let again = claim_head(&store, &head.lane, NOW + 50).await;
    assert_eq!((again.phase, again.attempts), (Phase::Queued, 0));
    let unknown = Settlement::Unknown { due_ms: NOW + 60 };
    assert_eq!(
        settle(&store, &again, unknown, NOW + 51).await,
        SettleOutcome::Wait(NOW + 60)
    );
    let again = claim_head(&store, &head.lane, NOW + 60).await;
    let postpone = Settlement::Postpone { due_ms: NOW + 70 };
    assert_eq!(
        settle(&store, &again, postpone, NOW + 61).await,
        SettleOutcome::Wait(NOW + 70)
    );
    let again = claim_head(&store, &head.lane, NOW + 70).await;
    assert_eq!(
        (again.phase, again.attempts),
        (Phase::Unknown, 1),
        "what was not tried is as unknown as it was"
    );
}

pub async fn later_replies_pass_a_held_item(store: Arc<dyn Store>) {
    let home = home(1);
    let first = commit_head(&store, with_plain(&home, 0, PROVIDER, 2), NOW).await;
    commit(
        &store,
        with_items(&home, 1, PROVIDER, [bulk(item(&home, 2, 0))]),
        NOW,
    )
    .await;
    commit(&store, with_plain(&home, 2, PROVIDER, 1), NOW).await;
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    let passing = settle_next(&store, &first, unknown, NOW + 1).await;
    assert_eq!((passing.item.revision, passing.newer_exists), (3, false));
    let outcome = settle(&store, &passing, sent(), NOW + 2).await;
    assert_eq!(
        outcome,
        SettleOutcome::Wait(NOW + HOLD),
        "its own revision and bulk stay behind it"
    );
    let held = claim_head(&store, &first.lane, NOW + HOLD).await;
    assert_eq!((held.item.body.as_str(), held.phase), ("1.0", Phase::Unknown));
    assert!(held.newer_exists);
    let next = settle_next(&store, &held, sent(), NOW + HOLD).await;
    assert_eq!(next.item.body, "1.1");
    assert_eq!(
        settle_next(&store, &next, sent(), NOW + HOLD).await.item.revision,
        2
    );
}

/// A merchant's lane whose first item waits, as queued in back-off or as unknown, until `NOW + 500`.
async fn waiting_merchant(store: &Arc<dyn Store>, n: u32, how: Settlement) -> Head {
    let head = commit_head(store, with_plain(&home(n), 0, MERCHANT, 2), NOW).await;
    begin(store, &head, NOW).await;
    assert_eq!(
        settle(store, &head, how, NOW + 1).await,
        SettleOutcome::Wait(NOW + 500)
    );
    head
}

pub async fn marked_items_pass_what_waits_in_a_merchant_lane(store: Arc<dyn Store>) {
    let due_ms = NOW + 500;
    for (n, how) in [
        (1, Settlement::Retry { due_ms }),
        (2, Settlement::Unknown { due_ms }),
    ] {
        let first = waiting_merchant(&store, n, how).await;
        let home = home(n);
        let both = [item(&home, 2, 0), passing(item(&home, 2, 1))];
        let quote = commit_head(&store, with_items(&home, 1, MERCHANT, both), NOW + 2).await;
        assert_eq!(quote.item, passing(item(&home, 2, 1)), "the mark is kept");
        begin(&store, &quote, NOW + 2).await;
        let later = with_items(&home, 2, MERCHANT, [passing(item(&home, 3, 0))]);
        let (heads, wake) = commit(&store, later, NOW + 3).await;
        assert!(heads.is_empty() && wake.is_empty(), "one item at a time");

        // a marked item that waits is passed by the next, and the lane wakes for the earliest
        let retry = Settlement::Retry { due_ms: NOW + 100 };
        let next = settle_next(&store, &quote, retry, NOW + 4).await;
        assert_eq!(next.item.body, "3.0");
        let outcome = settle(&store, &next, sent(), NOW + 5).await;
        assert_eq!(outcome, SettleOutcome::Wait(NOW + 100));
        let again = claim_head(&store, &quote.lane, NOW + 100).await;
        assert_eq!((&again.item, again.attempts), (&quote.item, 1));
        let outcome = settle(&store, &again, sent(), NOW + 101).await;
        assert_eq!(
            outcome,
            SettleOutcome::Wait(due_ms),
            "unmarked items keep their order"
        );
        let due = store.due_lanes(due_ms - 1, 9).await.expect("an answer");
        assert!(due.is_empty());

        let mut head = claim_head(&store, &first.lane, due_ms).await;
        for body in ["1.1", "2.0"] {
            head = settle_next(&store, &head, sent(), due_ms).await;
            assert_eq!(head.item.body, body);
        }
        assert_eq!(settle(&store, &head, sent(), due_ms).await, SettleOutcome::Empty);
    }
}

pub async fn the_mark_to_pass_means_nothing_in_a_provider_lane(store: Arc<dyn Store>) {
    let home = home(1);
    let items = [item(&home, 1, 0), passing(item(&home, 1, 1))];
    let head = commit_head(&store, with_items(&home, 0, PROVIDER, items), NOW).await;
    let retry = Settlement::Retry { due_ms: NOW + 500 };
    assert_eq!(
        settle(&store, &head, retry, NOW).await,
        SettleOutcome::Wait(NOW + 500)
    );
    let again = claim_head(&store, &head.lane, NOW + 500).await;
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    let outcome = settle(&store, &again, unknown, NOW + 500).await;
    assert_eq!(outcome, SettleOutcome::Wait(NOW + HOLD));
}

pub async fn what_is_unknown_stays_so_when_a_repeat_did_not_happen(store: Arc<dyn Store>) {
    for (n, kind) in [(1, PROVIDER), (2, MERCHANT)] {
        let head = commit_head(&store, with_plain(&home(n), 0, kind, 1), NOW).await;
        let mut now_ms = NOW;
        let mut head = head;
        for (how, expected) in [
            (Settlement::Retry { due_ms: NOW + 10 }, (Phase::Queued, 1, 0)),
            (Settlement::Unknown { due_ms: NOW + 20 }, (Phase::Unknown, 2, 1)),
            (Settlement::Retry { due_ms: NOW + 30 }, (Phase::Unknown, 3, 1)),
            (Settlement::Postpone { due_ms: NOW + 40 }, (Phase::Unknown, 3, 1)),
            (Settlement::Unknown { due_ms: NOW + 50 }, (Phase::Unknown, 4, 2)),
        ] {
            begin(&store, &head, now_ms).await;
            let SettleOutcome::Wait(due_ms) = settle(&store, &head, how, now_ms).await else {
                panic!("it waits")
            };
            now_ms = due_ms;
            head = claim_head(&store, &head.lane, now_ms).await;
            assert_eq!((head.phase, head.attempts, head.unknowns), expected);
        }
        assert_eq!(settle(&store, &head, sent(), now_ms).await, SettleOutcome::Empty);
    }
}

pub async fn a_superseding_item_removes_the_unstarted_ones(store: Arc<dyn Store>) {
    let home = home(1);
    let view = |revision| keyed(item(&home, revision, 0), "cart");
    let head = commit_head(&store, with_items(&home, 0, PROVIDER, [view(1)]), NOW).await;
    commit(
        &store,
        with_items(&home, 1, PROVIDER, [view(2), item(&home, 2, 1)]),
        NOW,
    )
    .await;
    commit(
        &store,
        with_items(&home, 2, PROVIDER, [keyed(item(&home, 3, 0), "menu")]),
        NOW,
    )
    .await;
    commit(&store, with_items(&home, 3, PROVIDER, [view(4)]), NOW).await;
    let mut head = settle_next(&store, &head, sent(), NOW).await;
    let mut bodies = vec![head.item.body.clone()];
    while let SettleOutcome::Next(next) = settle(&store, &head, sent(), NOW).await {
        bodies.push(next.item.body.clone());
        head = *next;
    }
    assert_eq!(
        bodies,
        ["2.1", "3.0", "4.0"],
        "the one in hand was sent, the waiting one of its key removed"
    );
}

pub async fn superseding_items_are_paced(store: Arc<dyn Store>) {
    let home = home(1);
    let view = |revision| keyed(item(&home, revision, 0), "cart");
    let head = commit_head(&store, with_items(&home, 0, PROVIDER, [view(1)]), NOW).await;
    begin(&store, &head, NOW).await;
    commit(&store, with_items(&home, 1, PROVIDER, [view(2)]), NOW + 1).await;
    assert_eq!(
        settle(&store, &head, sent(), NOW + 2).await,
        SettleOutcome::Wait(NOW + PACE)
    );
    let (heads, wake) = commit(&store, with_items(&home, 2, PROVIDER, [view(3)]), NOW + 3).await;
    assert!(heads.is_empty());
    assert_eq!(wake, [(head.lane.clone(), NOW + PACE)]);
    let last = claim_head(&store, &head.lane, NOW + PACE).await;
    assert_eq!(last.item.revision, 3);
    assert_eq!(
        settle(&store, &last, sent(), NOW + PACE).await,
        SettleOutcome::Empty
    );
}

pub async fn after_a_pause_a_few_go_ahead_of_the_pace(store: Arc<dyn Store>) {
    let home = home(1);
    let times = |now_ms| LaneTimes {
        pace_ahead: 2,
        ..at(now_ms)
    };
    let view = |revision| keyed(item(&home, revision, 0), "cart");
    let first = with_items(&home, 0, PROVIDER, [view(1)]);
    let mut head = commit_head(&store, first, NOW).await;
    for revision in 1..=4 {
        let started = store.start(&head, &[], head.item.class, times(NOW)).await;
        assert!(matches!(started, Ok(StartOutcome::Started { .. })), "{started:?}");
        let next = with_items(&home, revision, PROVIDER, [view(revision + 1)]);
        commit(&store, next, NOW).await;
        let settled = store.settle(&head, sent(), times(NOW)).await.expect("an answer");
        match settled {
            SettleOutcome::Next(next) => head = *next,
            other @ (SettleOutcome::Wait(_) | SettleOutcome::Empty | SettleOutcome::LeaseLost) => {
                assert_eq!((revision, other), (3, SettleOutcome::Wait(NOW + PACE)));
                break;
            }
        }
    }
    head = claim_head(&store, &head.lane, NOW + PACE).await;
    assert_eq!(head.item.revision, 4);
}

pub async fn the_window_is_told_at_the_start(store: Arc<dyn Store>) {
    let home = home(1);
    let first = with_plain(&home, 0, PROVIDER, 1);
    let head = commit_head(&store, first, NOW).await;
    let mut second = change(&home, 1);
    second.window_open_until_ms = NOW + 77;
    commit(&store, second, NOW).await;
    let started = store
        .start(&head, &[], head.item.class, at(NOW))
        .await
        .expect("an answer");
    assert_eq!(
        started,
        StartOutcome::Started {
            window_open_until_ms: NOW + 77
        }
    );
}

pub async fn a_start_renews_the_lease(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, MERCHANT, 2), NOW).await;
    let long = LaneTimes {
        lease_ms: 3 * LEASE,
        ..at(NOW + 10)
    };
    let started = store.start(&head, &[], head.item.class, long).await;
    assert!(matches!(started, Ok(StartOutcome::Started { .. })), "{started:?}");
    let until_ms = NOW + 10 + 3 * LEASE;
    for now_ms in [NOW + LEASE, until_ms - 1] {
        let claimed = store.claim(&head.lane, at(now_ms)).await.expect("an answer");
        assert_eq!(claimed, ClaimOutcome::Wait(until_ms));
        assert!(store.due_lanes(now_ms, 9).await.expect("an answer").is_empty());
    }
    let (heads, wake) = commit(&store, with_plain(&home, 1, MERCHANT, 1), until_ms - 1).await;
    assert!(heads.is_empty() && wake.is_empty(), "the lane is held");
    let due = store.due_lanes(until_ms, 9).await.expect("an answer");
    assert_eq!(due, std::slice::from_ref(&head.lane));
    let next = settle_next(&store, &head, sent(), until_ms - 1).await;
    assert_eq!(
        (&next.item, next.lease.until_ms),
        (&item(&home, 1, 1), until_ms - 1 + LEASE),
        "the next item has an ordinary lease"
    );
}

pub async fn a_refused_start_renews_nothing(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, MERCHANT, 1), NOW).await;
    let spent = Budget {
        key: "number:1".to_owned(),
        interval_us: 60_000_000,
        burst: 1,
    };
    store.debit(&spent, 1, NOW).await.expect("an answer");
    let started = store.start(&head, &[spent], head.item.class, at(NOW + 10)).await;
    assert!(matches!(started, Ok(StartOutcome::Refused { .. })), "{started:?}");
    let again = claim_head(&store, &head.lane, NOW + LEASE).await;
    assert_eq!((&again.item, again.phase), (&head.item, Phase::Queued));
    let started = store.start(&head, &[], head.item.class, at(NOW + LEASE)).await;
    assert_eq!(started.expect("an answer"), StartOutcome::LeaseLost);
    let due = store.due_lanes(NOW + 2 * LEASE, 9).await.expect("an answer");
    assert_eq!(due, [head.lane], "the stale start renewed nothing either");
}

pub async fn due_lanes_come_oldest_first_and_bounded(store: Arc<dyn Store>) {
    for (n, delay) in [(3, 30), (200, 10), (7, 20)] {
        let head = commit_head(&store, with_plain(&home(n), 0, PROVIDER, 1), NOW).await;
        settle(&store, &head, Settlement::Retry { due_ms: NOW + delay }, NOW).await;
    }
    let due = |now_ms, limit| store.due_lanes(now_ms, limit);
    let order = [
        lane(&home(200), PROVIDER),
        lane(&home(7), PROVIDER),
        lane(&home(3), PROVIDER),
    ];
    assert_eq!(due(NOW + 30, 9).await.expect("an answer"), order);
    assert_eq!(due(NOW + 30, 2).await.expect("an answer"), order[..2]);
    assert_eq!(due(NOW + 10, 9).await.expect("an answer"), order[..1]);
    assert!(due(NOW + 9, 9).await.expect("an answer").is_empty());
}
