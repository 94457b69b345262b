//! Delivery statuses: a lattice, and the end of waiting.

use std::sync::Arc;

use sacola::domain::ids::EffectId;
use sacola::store::{
    ClaimOutcome, DeliveryStatus, LaneKind, SettleOutcome, Settlement, StatusOutcome, StatusTarget, Store,
};

use super::harness::{
    HOLD, LEASE, NOW, at, begin, claim_head, commit_head, home, see, sent, settle, settle_next, with_plain,
};

use DeliveryStatus::{Delivered, Failed, Read, Sent};

fn all_orders(rest: &[DeliveryStatus]) -> Vec<Vec<DeliveryStatus>> {
    if rest.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (place, first) in rest.iter().enumerate() {
        let others: Vec<DeliveryStatus> = rest
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, status)| *status)
            .collect();
        for mut order in all_orders(&others) {
            order.insert(0, *first);
            orders.push(order);
        }
    }
    orders
}

pub async fn statuses_end_the_same_in_any_order(store: Arc<dyn Store>) {
    let orders = all_orders(&[Sent, Delivered, Read, Failed]);
    assert_eq!(orders.len(), 24);
    for (n, order) in orders.into_iter().enumerate() {
        let effect_id = EffectId::of(&home(1), 1, n);
        let target = StatusTarget::Effect(effect_id.clone());
        let mut highest = None;
        for status in order {
            let outcome = store
                .record_status(&target, status, NOW)
                .await
                .expect("an answer");
            let raised = highest.is_none_or(|highest| status > highest);
            assert_eq!(
                outcome,
                StatusOutcome {
                    effect_id: Some(effect_id.clone()),
                    raised,
                    settled: false
                }
            );
            highest = highest.max(Some(status));
        }
        for status in [Sent, Delivered, Read, Failed] {
            let outcome = store
                .record_status(&target, status, NOW)
                .await
                .expect("an answer");
            assert!(!outcome.raised, "all orders end at the top");
        }
    }
}

pub async fn a_status_settles_a_held_item(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, LaneKind::Provider, 2), NOW).await;
    begin(&store, &head, NOW).await;
    let waiting = store.claim(&head.lane, at(NOW + LEASE)).await.expect("an answer");
    assert_eq!(waiting, ClaimOutcome::Wait(NOW + HOLD));
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let outcome = store
        .record_status(&target, Delivered, NOW + LEASE + 1)
        .await
        .expect("an answer");
    assert!(outcome.raised && outcome.settled);
    let due = store.due_lanes(NOW + LEASE + 1, 9).await.expect("an answer");
    let expected = std::slice::from_ref(&head.lane);
    assert_eq!(due, expected, "the next item may be sent at once");
    let again = store
        .record_status(&target, Read, NOW + LEASE + 2)
        .await
        .expect("an answer");
    assert!(again.raised && !again.settled);
    let next = claim_head(&store, &head.lane, NOW + LEASE + 2).await;
    assert_eq!(next.item.body, "1.1");
    assert_eq!(
        settle(&store, &next, sent(), NOW + LEASE + 3).await,
        SettleOutcome::Empty
    );
}

pub async fn a_failure_settles_a_held_item_as_not_sent(store: Arc<dyn Store>) {
    let home = home(1);
    let blocked = commit_head(&store, with_plain(&home, 0, LaneKind::Provider, 1), NOW).await;
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    assert_eq!(
        settle(&store, &blocked, unknown, NOW).await,
        SettleOutcome::Wait(NOW + HOLD)
    );
    let later = commit_head(&store, with_plain(&home, 1, LaneKind::Provider, 1), NOW).await;
    let unknown_too = Settlement::Unknown {
        due_ms: NOW + 2 * HOLD,
    };
    assert_eq!(
        settle(&store, &later, unknown_too, NOW).await,
        SettleOutcome::Wait(NOW + HOLD)
    );
    let target = StatusTarget::Effect(later.item.effect_id.clone());
    let outcome = store
        .record_status(&target, Failed, NOW + 1)
        .await
        .expect("an answer");
    assert!(outcome.raised && outcome.settled);
    let first = claim_head(&store, &blocked.lane, NOW + HOLD).await;
    assert!(!first.newer_exists, "what failed was not sent");
    assert_eq!(
        settle(&store, &first, sent(), NOW + HOLD).await,
        SettleOutcome::Empty
    );
}

pub async fn a_status_of_an_attempt_under_way_settles_nothing(store: Arc<dyn Store>) {
    let home = home(1);
    let head = commit_head(&store, with_plain(&home, 0, LaneKind::Provider, 1), NOW).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    begin(&store, &head, NOW).await;
    let outcome = store
        .record_status(&target, Sent, NOW + 1)
        .await
        .expect("an answer");
    assert!(outcome.raised && !outcome.settled);
    assert_eq!(settle(&store, &head, sent(), NOW + 2).await, SettleOutcome::Empty);
    let head = commit_head(&store, with_plain(&home, 1, LaneKind::Provider, 1), NOW + 3).await;
    begin(&store, &head, NOW + 3).await;
    let target = StatusTarget::Effect(head.item.effect_id.clone());
    let outcome = store
        .record_status(&target, Sent, NOW + 3 + LEASE)
        .await
        .expect("an answer");
    assert!(outcome.settled, "its lease has ended: nobody else will settle it");
    assert_eq!(
        settle(&store, &head, sent(), NOW + 4 + LEASE).await,
        SettleOutcome::LeaseLost
    );
    let claimed = store
        .claim(&head.lane, at(NOW + 4 + LEASE))
        .await
        .expect("an answer");
    assert_eq!(claimed, ClaimOutcome::Empty);
}

pub async fn a_status_seen_before_an_unknown_settlement_settles_the_item(store: Arc<dyn Store>) {
    let provider = LaneKind::Provider;
    let unknown = |due_ms| Settlement::Unknown { due_ms };
    let head = commit_head(&store, with_plain(&home(1), 0, provider, 2), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Delivered, NOW + 1).await;
    let next = settle_next(&store, &head, unknown(NOW + HOLD), NOW + 2).await;
    assert_eq!((next.item.body.as_str(), next.attempts), ("1.1", 0));
    assert_eq!(settle(&store, &next, sent(), NOW + 3).await, SettleOutcome::Empty);

    // what was delivered counts as sent, what failed does not
    for (n, status, newer_exists) in [(2, Sent, true), (3, Failed, false)] {
        let first = commit_head(&store, with_plain(&home(n), 0, provider, 1), NOW).await;
        settle(&store, &first, unknown(NOW + HOLD), NOW).await;
        let second = commit_head(&store, with_plain(&home(n), 1, provider, 1), NOW).await;
        begin(&store, &second, NOW).await;
        see(&store, &second, status, NOW + 1).await;
        assert_eq!(
            settle(&store, &second, unknown(NOW + 9 * HOLD), NOW + 2).await,
            SettleOutcome::Wait(NOW + HOLD)
        );
        let again = claim_head(&store, &first.lane, NOW + HOLD).await;
        assert_eq!(again.newer_exists, newer_exists);

        // nor does a repeated attempt rest unknown, however it is put back
        begin(&store, &again, NOW + HOLD).await;
        see(&store, &again, Read, NOW + HOLD + 1).await;
        let how = if newer_exists {
            unknown(NOW + 9 * HOLD)
        } else {
            let due_ms = NOW + 9 * HOLD;
            Settlement::Postpone { due_ms }
        };
        assert_eq!(
            settle(&store, &again, how, NOW + HOLD + 2).await,
            SettleOutcome::Empty
        );
    }

    // what certainly did not happen is tried again all the same
    let head = commit_head(&store, with_plain(&home(4), 0, provider, 1), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Failed, NOW + 1).await;
    let retry = Settlement::Retry { due_ms: NOW + 5 };
    assert_eq!(
        settle(&store, &head, retry, NOW + 2).await,
        SettleOutcome::Wait(NOW + 5)
    );

    // a merchant's item has no status: what is kept under its id tells nothing
    let head = commit_head(&store, with_plain(&home(5), 0, LaneKind::Merchant, 1), NOW).await;
    begin(&store, &head, NOW).await;
    see(&store, &head, Sent, NOW + 1).await;
    assert_eq!(
        settle(&store, &head, unknown(NOW + 5), NOW + 2).await,
        SettleOutcome::Wait(NOW + 5)
    );
}

pub async fn a_status_settles_what_was_unknown_before_it_was_refused(store: Arc<dyn Store>) {
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    let retry = Settlement::Retry {
        due_ms: NOW + 9 * HOLD,
    };
    for (n, before) in [(1, true), (2, false)] {
        let head = commit_head(&store, with_plain(&home(n), 0, LaneKind::Provider, 1), NOW).await;
        begin(&store, &head, NOW).await;
        settle(&store, &head, unknown.clone(), NOW).await;
        let again = claim_head(&store, &head.lane, NOW + HOLD).await;
        begin(&store, &again, NOW + HOLD).await;
        if before {
            see(&store, &again, Delivered, NOW + HOLD).await;
            let outcome = settle(&store, &again, retry.clone(), NOW + HOLD).await;
            assert_eq!(outcome, SettleOutcome::Empty, "the first attempt had arrived");
            continue;
        }
        let outcome = settle(&store, &again, retry.clone(), NOW + HOLD).await;
        assert_eq!(outcome, SettleOutcome::Wait(NOW + 9 * HOLD));
        let target = StatusTarget::Effect(head.item.effect_id.clone());
        let outcome = store.record_status(&target, Delivered, NOW + 2 * HOLD).await;
        assert!(outcome.expect("an answer").settled);
        let claimed = store.claim(&head.lane, at(NOW + 9 * HOLD)).await;
        assert_eq!(claimed.expect("an answer"), ClaimOutcome::Empty);
    }
}

pub async fn a_status_finds_its_effect_by_message_key(store: Arc<dyn Store>) {
    let home = home(1);
    let target = StatusTarget::Message {
        home: home.clone(),
        message_key: "k1".to_owned(),
    };
    let before = store.record_status(&target, Sent, NOW).await.expect("an answer");
    assert_eq!(before, StatusOutcome::default());
    let head = commit_head(&store, with_plain(&home, 0, LaneKind::Provider, 1), NOW).await;
    let done = Settlement::Done {
        sent: true,
        message_key: Some("k1".to_owned()),
    };
    assert_eq!(settle(&store, &head, done, NOW).await, SettleOutcome::Empty);
    let effect_id = Some(head.item.effect_id.clone());
    let outcome = store
        .record_status(&target, Delivered, NOW)
        .await
        .expect("an answer");
    assert_eq!(
        outcome,
        StatusOutcome {
            effect_id: effect_id.clone(),
            raised: true,
            settled: false
        }
    );
    let by_effect = StatusTarget::Effect(head.item.effect_id);
    let outcome = store
        .record_status(&by_effect, Sent, NOW)
        .await
        .expect("an answer");
    assert_eq!(
        outcome,
        StatusOutcome {
            effect_id,
            raised: false,
            settled: false
        }
    );
    let elsewhere = StatusTarget::Message {
        home: super::harness::home(2),
        message_key: "k1".to_owned(),
    };
    let unknown = store
        .record_status(&elsewhere, Read, NOW)
        .await
        .expect("an answer");
    assert_eq!(unknown, StatusOutcome::default());
}
