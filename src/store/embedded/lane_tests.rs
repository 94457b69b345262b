//! The rules of a lane, one test each.

use super::*;
use crate::domain::ids::HomeId;
use crate::store::{Class, Phase};

#[path = "lane_status_tests.rs"]
mod statuses;

const NOW: UnixMs = 1_000_000;
const LEASE: i64 = 30_000;
const HOLD: i64 = 60_000;
const PACE: i64 = 1_000;

fn at(now_ms: UnixMs) -> LaneTimes {
    LaneTimes {
        now_ms,
        lease_ms: LEASE,
        unknown_hold_ms: HOLD,
        pace_ms: PACE,
        pace_ahead: 0,
    }
}

fn lane(kind: LaneKind) -> LaneId {
    LaneId {
        home: HomeId::new("a30123456789abcdef0123"),
        kind,
    }
}

fn item(revision: u64, index: usize) -> Item {
    let effect_id = EffectId::of(&lane(LaneKind::Provider).home, revision, index);
    Item {
        effect_id,
        revision,
        class: Class::Reply,
        supersedes: None,
        may_pass: false,
        body: format!("{revision}.{index}"),
    }
}

fn filled(items: impl IntoIterator<Item = Item>) -> LaneState {
    let mut state = LaneState::default();
    for item in items {
        state.append(item, NOW);
    }
    state
}

fn served(next: Next) -> Head {
    match next {
        Next::Serve(head) => *head,
        nothing @ (Next::Wait(_) | Next::Empty) => panic!("nothing to serve: {nothing:?}"),
    }
}

fn claim(state: &mut LaneState, kind: LaneKind, now_ms: UnixMs) -> Next {
    state.claim(&lane(kind), at(now_ms), &format!("token-{now_ms}"), None)
}

fn settle(state: &mut LaneState, head: &Head, how: &Settlement, now_ms: UnixMs) -> Option<Next> {
    state.settle(head, how, at(now_ms), &format!("settled-{now_ms}"), None)
}

fn begin(state: &mut LaneState, head: &Head, now_ms: UnixMs) {
    assert!(state.may_start(&head.lease.token, &head.item.effect_id, now_ms));
    state.start(&head.item.effect_id, at(now_ms));
}

fn done() -> Settlement {
    Settlement::Done {
        sent: true,
        message_key: None,
    }
}

#[test]
fn items_are_served_in_order_under_one_lease() {
    let mut state = filled([item(1, 0), item(1, 1)]);
    let first = served(claim(&mut state, LaneKind::Provider, NOW));
    assert_eq!(first.item.body, "1.0");
    assert_eq!(
        claim(&mut state, LaneKind::Provider, NOW + 1),
        Next::Wait(NOW + LEASE)
    );
    begin(&mut state, &first, NOW);
    let second = served(settle(&mut state, &first, &done(), NOW + 5).expect("the lease is ours"));
    assert_eq!(
        (second.item.body.as_str(), second.lease.until_ms),
        ("1.1", NOW + 5 + LEASE)
    );
    assert_eq!(settle(&mut state, &second, &done(), NOW + 6), Some(Next::Empty));
    assert_eq!(state.due_ms(), None);
}

#[test]
fn a_stale_token_changes_nothing() {
    let mut state = filled([item(1, 0)]);
    let old = served(claim(&mut state, LaneKind::Provider, NOW));
    let new = served(claim(&mut state, LaneKind::Provider, NOW + LEASE));
    let before = state.clone();
    assert!(!state.may_start(&old.lease.token, &old.item.effect_id, NOW + LEASE));
    assert_eq!(settle(&mut state, &old, &done(), NOW + LEASE), None);
    assert_eq!(state, before);
    assert!(state.may_start(&new.lease.token, &new.item.effect_id, NOW + LEASE));
}

#[test]
fn a_lane_is_given_back_only_by_its_holder_and_before_its_item_is_begun() {
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    let before = state.clone();
    assert!(!state.release(LaneKind::Provider, "another token", NOW + 1));
    assert_eq!(state, before);
    assert!(state.release(LaneKind::Provider, &head.lease.token, NOW + 1));
    assert_eq!((state.due_ms(), state.held_until(NOW + 1)), (Some(NOW + 1), None));
    let again = served(claim(&mut state, LaneKind::Provider, NOW + 1));
    assert_eq!((&again.item, again.attempts), (&head.item, 0));
    begin(&mut state, &again, NOW + 2);
    let before = state.clone();
    assert!(!state.release(LaneKind::Provider, &again.lease.token, NOW + 3));
    assert_eq!(state, before);
}

#[test]
fn back_off_blocks_what_lies_behind_it_and_counts() {
    let mut state = filled([item(1, 0), item(2, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    begin(&mut state, &head, NOW);
    let retry = Settlement::Retry { due_ms: NOW + 500 };
    assert_eq!(
        settle(&mut state, &head, &retry, NOW + 1),
        Some(Next::Wait(NOW + 500))
    );
    assert_eq!(
        claim(&mut state, LaneKind::Provider, NOW + 499),
        Next::Wait(NOW + 500)
    );
    let again = served(claim(&mut state, LaneKind::Provider, NOW + 500));
    assert_eq!(
        (again.item.revision, again.attempts, again.phase),
        (1, 1, Phase::Queued)
    );
    assert!(again.newer_exists);
}

#[test]
fn an_unknown_merchant_item_blocks_and_stays_unknown_when_postponed() {
    let mut state = filled([item(1, 0), item(2, 0)]);
    let head = served(claim(&mut state, LaneKind::Merchant, NOW));
    let unknown = Settlement::Unknown { due_ms: NOW + 10 };
    assert_eq!(
        settle(&mut state, &head, &unknown, NOW),
        Some(Next::Wait(NOW + 10))
    );
    let head = served(claim(&mut state, LaneKind::Merchant, NOW + 10));
    let postpone = Settlement::Postpone { due_ms: NOW + 20 };
    assert_eq!(
        settle(&mut state, &head, &postpone, NOW + 10),
        Some(Next::Wait(NOW + 20))
    );
    let head = served(claim(&mut state, LaneKind::Merchant, NOW + 20));
    assert_eq!((head.phase, head.attempts), (Phase::Unknown, 1));
}

#[test]
fn an_attempt_lost_with_its_replica_is_unknown() {
    for (kind, due_ms) in [
        (LaneKind::Provider, NOW + 3 + HOLD),
        (LaneKind::Merchant, NOW + 3 + LEASE),
    ] {
        let mut state = filled([item(1, 0)]);
        let head = served(claim(&mut state, kind, NOW));
        begin(&mut state, &head, NOW + 3);
        assert_eq!(
            claim(&mut state, kind, NOW + LEASE),
            Next::Wait(NOW + 3 + LEASE),
            "the start renews the lease"
        );
        let next = claim(&mut state, kind, NOW + 3 + LEASE);
        if kind == LaneKind::Provider {
            assert_eq!(next, Next::Wait(due_ms));
        }
        let head = if kind == LaneKind::Provider {
            served(claim(&mut state, kind, due_ms))
        } else {
            served(next)
        };
        assert_eq!(
            (head.phase, head.attempts, head.started_at_ms),
            (Phase::Unknown, 1, NOW + 3)
        );
    }
}

#[test]
fn later_replies_pass_a_held_item_but_its_own_revision_and_bulk_do_not() {
    let bulk = Item {
        class: Class::Bulk,
        ..item(2, 0)
    };
    let mut state = filled([item(1, 0), item(1, 1), bulk, item(3, 0)]);
    let first = served(claim(&mut state, LaneKind::Provider, NOW));
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    let passing = served(settle(&mut state, &first, &unknown, NOW).expect("the lease is ours"));
    assert_eq!(passing.item.body, "3.0");
    assert_eq!(
        settle(&mut state, &passing, &done(), NOW),
        Some(Next::Wait(NOW + HOLD))
    );
    let held = served(claim(&mut state, LaneKind::Provider, NOW + HOLD));
    assert_eq!((held.item.body.as_str(), held.phase), ("1.0", Phase::Unknown));
    assert!(held.newer_exists);
}

#[test]
fn a_lane_wakes_for_the_earlier_of_a_held_item_and_a_blocking_one() {
    let mut state = filled([item(1, 0), item(2, 0)]);
    let first = served(claim(&mut state, LaneKind::Provider, NOW));
    let unknown = Settlement::Unknown { due_ms: NOW + 100 };
    let passing = served(settle(&mut state, &first, &unknown, NOW).expect("the lease is ours"));
    let retry = Settlement::Retry { due_ms: NOW + 500 };
    assert_eq!(
        settle(&mut state, &passing, &retry, NOW),
        Some(Next::Wait(NOW + 100))
    );
}

#[test]
fn a_superseding_item_removes_the_unstarted_of_its_key_except_the_one_in_hand() {
    let keyed = |revision| Item {
        supersedes: Some("cart".to_owned()),
        ..item(revision, 0)
    };
    let mut state = filled([keyed(1), keyed(2)]);
    assert_eq!(state.items.len(), 1);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    state.append(item(3, 0), NOW);
    state.append(keyed(4), NOW);
    state.append(keyed(5), NOW);
    let left: Vec<u64> = state.items.iter().map(|entry| entry.revision).collect();
    assert_eq!(left, [2, 3, 5]);
    assert_eq!(head.item.revision, 2);
    state.append(keyed(6), NOW + LEASE);
    assert_eq!(
        state.items.iter().map(|entry| entry.revision).collect::<Vec<_>>(),
        [3, 6]
    );
}

#[test]
fn superseding_items_are_paced() {
    let keyed = |revision, key: &str| Item {
        supersedes: Some(key.to_owned()),
        ..item(revision, 0)
    };
    let mut state = filled([keyed(1, "cart"), keyed(2, "menu")]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    begin(&mut state, &head, NOW);
    assert_eq!(
        settle(&mut state, &head, &done(), NOW + 1),
        Some(Next::Wait(NOW + PACE))
    );
    assert_eq!(
        served(claim(&mut state, LaneKind::Provider, NOW + PACE))
            .item
            .revision,
        2
    );
}
