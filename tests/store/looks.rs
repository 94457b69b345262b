//! Looking at lanes, budgets and messages: what is told, and that looking changes nothing.

use std::sync::Arc;

use sacola::store::{
    Budget, BudgetLook, DueLane, ItemLook, KindTotals, LaneKind, LaneLook, LaneTotals, Phase, Settlement,
    StatusTarget, Store,
};

use super::harness::{
    LEASE, NOW, at, begin, claim_head, commit_head, home, item, lane, passing, sent, settle, with_items,
    with_plain,
};

const PROVIDER: LaneKind = LaneKind::Provider;
const MERCHANT: LaneKind = LaneKind::Merchant;

fn place(n: u32, kind: LaneKind, due_ms: i64) -> DueLane {
    DueLane {
        lane: lane(&home(n), kind),
        due_ms,
    }
}

pub async fn lanes_are_listed_by_time_home_and_kind_in_pages(store: Arc<dyn Store>) {
    // 3 and 259 lie in one shard
    let mut all = Vec::new();
    for (n, kind, delay) in [
        (3, PROVIDER, 30),
        (3, MERCHANT, 30),
        (259, PROVIDER, 30),
        (200, PROVIDER, 10),
        (7, MERCHANT, 20),
    ] {
        let known = u64::from(n == 3 && kind == MERCHANT);
        let head = commit_head(&store, with_plain(&home(n), known, kind, 1), NOW).await;
        let due_ms = NOW + delay;
        settle(&store, &head, Settlement::Retry { due_ms }, NOW).await;
        all.push(place(n, kind, due_ms));
    }
    all.sort();
    assert_eq!(all[2], place(3, MERCHANT, NOW + 30), "by letter: m before p");
    let whole = store.lanes(None, 9, NOW + 20).await.expect("an answer");
    assert_eq!(
        (&whole.lanes, whole.total, whole.due, whole.unread_shards),
        (&all, 5, 2, 0)
    );
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = store.lanes(after.as_ref(), 2, NOW).await.expect("an answer");
        assert!(page.lanes.len() <= 2 && page.total == 5 && page.due == 0);
        let Some(last) = page.lanes.last().cloned() else {
            break;
        };
        paged.extend(page.lanes);
        after = Some(last);
    }
    assert_eq!(paged, all);

    // a place that is gone is a place all the same
    let head = claim_head(&store, &all[2].lane, NOW + 30).await;
    settle(&store, &head, sent(), NOW + 30).await;
    let rest = store.lanes(Some(&all[2]), 9, NOW).await.expect("an answer");
    assert_eq!((rest.lanes.as_slice(), rest.total), (&all[3..], 4));
}

pub async fn lanes_are_counted_by_kind_and_by_what_they_wait_for(store: Arc<dyn Store>) {
    let none = store.lane_totals(NOW).await.expect("an answer");
    assert_eq!(none, LaneTotals::default());
    // 3 and 259 lie in one shard
    commit_head(&store, with_plain(&home(1), 0, PROVIDER, 2), NOW).await;
    for (n, kind, delay) in [(2, PROVIDER, 30), (3, MERCHANT, 10), (259, PROVIDER, 20)] {
        let head = commit_head(&store, with_plain(&home(n), 0, kind, 1), NOW).await;
        let due_ms = NOW + delay;
        settle(&store, &head, Settlement::Retry { due_ms }, NOW).await;
    }
    let emptied = commit_head(&store, with_plain(&home(4), 0, MERCHANT, 1), NOW).await;
    settle(&store, &emptied, sent(), NOW).await;
    let totals = |(provider, oldest): ([u64; 3], Option<i64>), merchant: ([u64; 3], Option<i64>)| {
        let of_kind = |[due, later, leased]: [u64; 3], oldest: Option<i64>| KindTotals {
            due,
            later,
            leased,
            oldest_due_ms: oldest.map(|after| NOW + after),
        };
        LaneTotals {
            provider: of_kind(provider, oldest),
            merchant: of_kind(merchant.0, merchant.1),
            unread_shards: 0,
        }
    };
    for _ in 0..2 {
        for (after, expected) in [
            (0, totals(([0, 2, 1], None), ([0, 1, 0], None))),
            (10, totals(([0, 2, 1], None), ([1, 0, 0], Some(10)))),
            (25, totals(([1, 1, 1], Some(20)), ([1, 0, 0], Some(10)))),
            (LEASE, totals(([3, 0, 0], Some(20)), ([1, 0, 0], Some(10)))),
        ] {
            let counted = store.lane_totals(NOW + after).await.expect("an answer");
            assert_eq!(counted, expected, "{after} ms later");
        }
    }
    let claimed = claim_head(&store, &lane(&home(3), MERCHANT), NOW + 25).await;
    assert_eq!(claimed.lane.home, home(3), "counting has claimed nothing");
    let counted = store.lane_totals(NOW + 25).await.expect("an answer");
    assert_eq!(counted, totals(([1, 1, 1], Some(20)), ([0, 0, 1], None)));
}

pub async fn many_lanes_that_wait_are_not_taken_for_served_ones(store: Arc<dyn Store>) {
    const SERVED: u32 = 12;
    const ALL: u32 = 200;
    // all in one shard; leases end long before what waits is due
    for n in 0..ALL {
        let head = commit_head(&store, with_plain(&home(128 + 256 * n), 0, PROVIDER, 1), NOW).await;
        if n >= SERVED {
            let due_ms = NOW + 100 * LEASE + i64::from(n);
            settle(&store, &head, Settlement::Retry { due_ms }, NOW).await;
        }
    }
    let counted = store.lane_totals(NOW).await.expect("an answer").provider;
    assert_eq!((counted.due, counted.later + counted.leased), (0, u64::from(ALL)));
    let off = counted.leased.abs_diff(u64::from(SERVED));
    assert!(off <= 6, "{} of {SERVED} are told as served", counted.leased);
}

pub async fn a_lane_is_looked_at_with_its_items_and_stays_as_it_was(store: Arc<dyn Store>) {
    let home = home(1);
    let id = lane(&home, PROVIDER);
    let both = [lane(&home, MERCHANT), id.clone()];
    let empty = store.look_at_lanes(&both, 9).await.expect("an answer");
    assert_eq!(empty, [LaneLook::default(), LaneLook::default()]);

    let items = [item(&home, 1, 0), passing(item(&home, 1, 1)), item(&home, 1, 2)];
    let head = commit_head(&store, with_items(&home, 0, PROVIDER, items.clone()), NOW).await;
    begin(&store, &head, NOW + 1).await;
    let looked = |item: &sacola::store::Item| ItemLook {
        item: item.clone(),
        phase: Phase::Queued,
        is_started: false,
        attempts: 0,
        unknowns: 0,
        due_ms: 0,
        started_at_ms: 0,
    };
    let first = ItemLook {
        is_started: true,
        started_at_ms: NOW + 1,
        ..looked(&items[0])
    };
    let expected = LaneLook {
        length: 3,
        lease_until_ms: Some(NOW + 1 + LEASE),
        items: vec![first, looked(&items[1])],
    };
    for _ in 0..2 {
        let looks = store.look_at_lanes(&both, 2).await.expect("an answer");
        assert_eq!(looks, [LaneLook::default(), expected.clone()]);
    }
    let due_ms = NOW + 500;
    settle(&store, &head, Settlement::Unknown { due_ms }, NOW + 2).await;
    let looks = store
        .look_at_lanes(std::slice::from_ref(&id), 1)
        .await
        .expect("an answer");
    let unknown = ItemLook {
        phase: Phase::Unknown,
        attempts: 1,
        unknowns: 1,
        due_ms,
        started_at_ms: NOW + 1,
        ..looked(&items[0])
    };
    assert_eq!(looks[0].items, [unknown]);
    assert_eq!((looks[0].length, looks[0].lease_until_ms), (3, None));
    let due = store.due_lanes(due_ms, 9).await.expect("an answer");
    assert_eq!(due, [id], "looking has claimed nothing");
}

pub async fn a_budget_is_looked_at_without_taking_from_it(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    let number = Budget {
        key: "number:looked-at".to_owned(),
        interval_us: 60_000_000,
        burst: 3,
    };
    let other = Budget {
        key: "number:untouched".to_owned(),
        ..number.clone()
    };
    let limits = [number.clone()];
    for left in [2, 1, 0] {
        let started = store.start(&head, &limits, head.item.class, at(NOW)).await;
        started.expect("an answer");
        for _ in 0..2 {
            let looks = store.look_at_budgets(&[number.clone(), other.clone()], NOW).await;
            let looks = looks.expect("an answer");
            assert_eq!((looks[0].available, looks[1].available), (left, 3));
            let until = (left == 0).then_some(NOW + 60_000);
            assert_eq!(
                (looks[0].refused_until_ms, looks[1].refused_until_ms),
                (until, None)
            );
        }
    }
    let later = store
        .look_at_budgets(&limits, NOW + 60_000)
        .await
        .expect("an answer");
    let one = BudgetLook {
        available: 1,
        refused_until_ms: None,
    };
    assert_eq!(later, [one]);
}

pub async fn a_message_key_leads_to_its_effect(store: Arc<dyn Store>) {
    let home = home(1);
    assert_eq!(store.effect_of(&home, "k").await.expect("an answer"), None);
    let head = commit_head(&store, with_plain(&home, 0, PROVIDER, 1), NOW).await;
    let done = Settlement::Done {
        sent: true,
        message_key: Some("k".to_owned()),
    };
    settle(&store, &head, done, NOW).await;
    let found = store.effect_of(&home, "k").await.expect("an answer");
    assert_eq!(found, Some(head.item.effect_id.clone()));
    let elsewhere = store.effect_of(&super::harness::home(2), "k").await;
    assert_eq!(elsewhere.expect("an answer"), None);
    let target = StatusTarget::Message {
        home,
        message_key: "k".to_owned(),
    };
    let outcome = store
        .record_status(&target, sacola::store::DeliveryStatus::Read, NOW)
        .await
        .expect("an answer");
    assert_eq!(outcome.effect_id, Some(head.item.effect_id));
}
