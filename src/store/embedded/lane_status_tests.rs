//! What statuses do to a lane, one test each rule.

use super::*;

use DeliveryStatus::{Delivered, Failed, Read, Sent};

#[test]
fn a_status_ends_the_wait_for_it() {
    let mut state = filled([item(1, 0), item(1, 1)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    begin(&mut state, &head, NOW);
    let id = head.item.effect_id.clone();
    assert!(
        !state.on_status(LaneKind::Provider, &id, Delivered, NOW + 1),
        "the attempt is under way"
    );
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    assert_eq!(
        settle(&mut state, &head, &unknown, NOW + 1),
        Some(Next::Wait(NOW + HOLD))
    );
    assert!(state.on_status(LaneKind::Provider, &id, Delivered, NOW + 2));
    assert!(!state.on_status(LaneKind::Provider, &id, Delivered, NOW + 3));
    assert_eq!((state.due_ms(), state.last_sent_revision), (Some(NOW + 2), 1));
    assert_eq!(
        served(claim(&mut state, LaneKind::Provider, NOW + 2)).item.body,
        "1.1"
    );
}

#[test]
fn a_status_of_an_attempt_under_an_ended_lease_frees_the_lane() {
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    begin(&mut state, &head, NOW);
    assert!(state.on_status(LaneKind::Provider, &head.item.effect_id, Failed, NOW + LEASE));
    assert_eq!(
        (state.due_ms(), state.last_sent_revision, state.lease.is_none()),
        (None, 0, true)
    );
    assert_eq!(settle(&mut state, &head, &done(), NOW + LEASE), None);
}

#[test]
fn a_reconciler_loses_the_lane_when_the_status_comes_first() {
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    assert_eq!(
        settle(&mut state, &head, &Settlement::Unknown { due_ms: NOW + 5 }, NOW),
        Some(Next::Wait(NOW + 5))
    );
    let head = served(claim(&mut state, LaneKind::Provider, NOW + 5));
    assert!(state.on_status(LaneKind::Provider, &head.item.effect_id, Delivered, NOW + 6));
    assert!(!state.may_start(&head.lease.token, &head.item.effect_id, NOW + 6));
}

#[test]
fn a_kept_status_ends_an_attempt_that_was_lost_with_its_replica() {
    for (status, last_sent) in [(Sent, 1), (Read, 1), (Failed, 0)] {
        let mut state = filled([item(1, 0), item(1, 1)]);
        let head = served(claim(&mut state, LaneKind::Provider, NOW));
        begin(&mut state, &head, NOW);
        assert_eq!(state.in_hand(LaneKind::Provider), Some(&head.item.effect_id));
        let next = state.claim(&head.lane, at(NOW + LEASE), "next", Some(status));
        let next = served(next);
        assert_eq!((next.item.body.as_str(), next.attempts), ("1.1", 0));
        assert_eq!((state.items.len(), state.last_sent_revision), (1, last_sent));
        assert_eq!(settle(&mut state, &next, &done(), NOW + LEASE), Some(Next::Empty));
    }
}

#[test]
fn a_kept_status_does_not_end_an_item_that_was_not_begun() {
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    let again = state.claim(&head.lane, at(NOW + LEASE), "again", Some(Failed));
    assert_eq!(served(again).phase, Phase::Queued);
}

#[test]
fn a_kept_status_ends_an_item_that_would_rest_unknown() {
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    for (status, last_sent) in [(Delivered, 1), (Failed, 0)] {
        let mut state = filled([item(1, 0), item(1, 1)]);
        let head = served(claim(&mut state, LaneKind::Provider, NOW));
        begin(&mut state, &head, NOW);
        let next = state.settle(&head, &unknown, at(NOW + 1), "next", Some(status));
        assert_eq!(served(next.expect("the lease is ours")).item.body, "1.1");
        assert_eq!((state.items.len(), state.last_sent_revision), (1, last_sent));
    }
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    settle(&mut state, &head, &unknown, NOW);
    let head = served(claim(&mut state, LaneKind::Provider, NOW + HOLD));
    begin(&mut state, &head, NOW + HOLD);
    let postpone = Settlement::Postpone {
        due_ms: NOW + 2 * HOLD,
    };
    let next = state.settle(&head, &postpone, at(NOW + HOLD), "next", Some(Sent));
    assert_eq!((next, state.due_ms()), (Some(Next::Empty), None));
}

#[test]
fn a_kept_status_leaves_what_certainly_did_not_happen() {
    let mut state = filled([item(1, 0)]);
    let head = served(claim(&mut state, LaneKind::Provider, NOW));
    begin(&mut state, &head, NOW);
    let retry = Settlement::Retry { due_ms: NOW + 5 };
    let next = state.settle(&head, &retry, at(NOW + 1), "next", Some(Failed));
    assert_eq!(next, Some(Next::Wait(NOW + 5)));
}

#[test]
fn a_merchants_item_has_no_status() {
    let mut state = filled([item(1, 0)]);
    served(claim(&mut state, LaneKind::Merchant, NOW));
    assert_eq!(state.in_hand(LaneKind::Merchant), None);
}

#[test]
fn a_message_that_reached_the_outside_stays_newer_whenever_its_failure_is_told() {
    let unknown = Settlement::Unknown { due_ms: NOW + HOLD };
    for (order, newer_exists) in [
        ([Sent, Failed], true),
        ([Failed, Sent], true),
        ([Failed, Failed], false),
    ] {
        for told_before in 0..=2 {
            let mut state = filled([item(1, 0), item(2, 0)]);
            let first = served(claim(&mut state, LaneKind::Provider, NOW));
            let next = settle(&mut state, &first, &unknown, NOW);
            let second = served(next.expect("the lease is ours"));
            begin(&mut state, &second, NOW);
            let id = second.item.effect_id.clone();
            let mut kept: Option<DeliveryStatus> = None;
            for status in &order[..told_before] {
                assert!(!state.on_status(LaneKind::Provider, &id, *status, NOW));
                kept = Some(kept.map_or(*status, |kept| kept.join(*status)));
            }
            let rests = state.settle(&second, &unknown, at(NOW), "settled", kept);
            assert_eq!(rests, Some(Next::Wait(NOW + HOLD)));
            for status in &order[told_before..] {
                state.on_status(LaneKind::Provider, &id, *status, NOW + 1);
            }
            let again = served(claim(&mut state, LaneKind::Provider, NOW + HOLD));
            assert_eq!(
                (again.item.revision, again.newer_exists),
                (1, newer_exists),
                "{order:?}, {told_before} before the settling"
            );
            assert_eq!(state.items.len(), 1);
        }
    }
}

#[test]
fn an_ordinary_status_writes_no_lane() {
    let mut state = filled([item(1, 0), item(2, 0)]);
    let first = served(claim(&mut state, LaneKind::Provider, NOW));
    let next = settle(&mut state, &first, &done(), NOW);
    let second = served(next.expect("the lease is ours"));
    let before = state.clone();
    for status in [Sent, Delivered, Read, Failed] {
        for head in [&first, &second] {
            assert!(!state.on_status(LaneKind::Provider, &head.item.effect_id, status, NOW));
        }
    }
    assert_eq!(state, before);
}
