//! What a proof sees of the model, what the model forgets in time, and how a lane is given back. That the model means what
//! the engines mean is shown in `tests/store`, whose cases run on it too.

use sacola::domain::ids::{EffectId, HomeId, PurchaseId};
use sacola::store::{
    ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus, DoneMark, Head, Item, LaneId,
    LaneKind, LaneTimes, Lease, LoadRequest, Phase, SettleOutcome, Settlement, StartOutcome, StatusOutcome,
    StatusTarget, Store, UnixMs,
};

use super::{CommitRecord, Conversation, Entry, Grant, Lane, ModelStore, SettleRecord, StartRecord};

pub(super) const NOW: UnixMs = 1_790_000_000_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const LEASE_MS: i64 = 10_000;
const HOLD_MS: i64 = 60_000;

pub(super) fn home() -> HomeId {
    HomeId::new("07a1b2c3d4e5f607182930")
}

pub(super) fn lane() -> LaneId {
    LaneId {
        home: home(),
        kind: LaneKind::Provider,
    }
}

pub(super) fn at(now_ms: UnixMs) -> LaneTimes {
    LaneTimes {
        now_ms,
        lease_ms: LEASE_MS,
        unknown_hold_ms: HOLD_MS,
        pace_ms: 0,
        pace_ahead: 0,
    }
}

fn mark(revision: u64) -> DoneMark {
    DoneMark {
        hash: revision,
        day: NOW / DAY_MS,
    }
}

fn item(revision: u64) -> Item {
    Item {
        effect_id: EffectId::of(&home(), revision, 0),
        revision,
        class: Class::Reply,
        supersedes: Some("cart".to_owned()),
        may_pass: false,
        body: format!("cart {revision}"),
    }
}

/// A change that handles one event and shows the customer a cart.
pub(super) fn change(expected_revision: u64) -> Commit {
    let revision = expected_revision + 1;
    Commit {
        home: home(),
        expected_revision,
        revision,
        state: format!("state {revision}"),
        window_open_until_ms: NOW + DAY_MS,
        marks: vec![mark(revision)],
        facts: Vec::new(),
        items: vec![(LaneKind::Provider, item(revision))],
        interest_added: Vec::new(),
        interest_removed: Vec::new(),
        purchases: Vec::new(),
        journal: vec![format!("entry {revision}")],
        dead_letters: Vec::new(),
    }
}

/// Commits, expects success, and returns the lane's head if it is ours now.
pub(super) async fn commit(store: &ModelStore, commit: Commit, now_ms: UnixMs) -> Option<Head> {
    match store.commit(commit, at(now_ms)).await.unwrap() {
        CommitOutcome::Committed { mut heads, .. } => heads.pop(),
        refused @ (CommitOutcome::Conflict | CommitOutcome::Duplicate | CommitOutcome::StaleFacts(_)) => {
            panic!("not committed: {refused:?}")
        }
    }
}

pub(super) async fn begin(store: &ModelStore, head: &Head, now_ms: UnixMs) {
    let outcome = store.start(head, &[], Class::Reply, at(now_ms)).await.unwrap();
    assert!(matches!(outcome, StartOutcome::Started { .. }), "{outcome:?}");
}

pub(super) async fn see(store: &ModelStore, status: DeliveryStatus, now_ms: UnixMs) -> StatusOutcome {
    let target = StatusTarget::Effect(item(1).effect_id);
    store.record_status(&target, status, now_ms).await.unwrap()
}

fn letter() -> DeadLetter {
    DeadLetter {
        id: "l1".to_owned(),
        reason: "panic".to_owned(),
        detail: "a decision failed".to_owned(),
        merchant: None,
        home: Some(home()),
        at_ms: NOW,
        source: "webhook".to_owned(),
        body: "{}".to_owned(),
    }
}

#[tokio::test]
async fn what_is_kept_can_be_looked_at() {
    let store = ModelStore::default();
    let first = Commit {
        purchases: vec![(PurchaseId::new("07p"), "draft".to_owned())],
        dead_letters: vec![letter()],
        ..change(0)
    };
    let head = commit(&store, first, NOW).await.unwrap();
    begin(&store, &head, NOW + 5).await;
    see(&store, DeliveryStatus::Delivered, NOW + 6).await;
    store.put_record("walk", "a", "body", 0).await.unwrap();

    let conversation = Conversation {
        revision: 1,
        state: "state 1".to_owned(),
        window_open_until_ms: NOW + DAY_MS,
    };
    let entry = Entry {
        item: item(1),
        started: true,
        attempts: 0,
        unknowns: 0,
        due_ms: 0,
        started_at_ms: NOW + 5,
    };
    let until_ms = NOW + 5 + LEASE_MS;
    let lease = Lease {
        token: "t1".to_owned(),
        until_ms,
    };
    let served = Lane {
        items: vec![entry],
        grant: Some(Grant {
            lease,
            effect_id: item(1).effect_id,
        }),
        last_sent_revision: 0,
        paced_until_ms: NOW + 5,
        due_ms: Some(until_ms),
    };
    store.look(|model| {
        assert_eq!(model.all_conversations().get(&home()), Some(&conversation));
        assert_eq!(model.all_lanes().get(&lane()), Some(&served));
        assert_eq!(model.all_purchases()[&PurchaseId::new("07p")], "draft");
        assert_eq!(model.all_letters().get("l1"), Some(&letter()));
        assert_eq!(model.marks_of(&home()), 1);
        assert_eq!(model.journal(&home()), ["entry 1"]);
        let statuses = model.all_statuses();
        assert_eq!(statuses.get(&item(1).effect_id), Some(&DeliveryStatus::Delivered));
        let records: Vec<_> = model.all_records().collect();
        assert_eq!(records, [("walk", "a", "body")]);
    });
}

#[tokio::test]
async fn what_was_asked_is_remembered_in_order() {
    let store = ModelStore::default();
    let head = commit(&store, change(0), NOW).await.unwrap();
    begin(&store, &head, NOW + 5).await;
    let sent = Settlement::Done {
        sent: true,
        message_key: None,
    };
    for expected in [SettleOutcome::Empty, SettleOutcome::LeaseLost] {
        let outcome = store.settle(&head, sent.clone(), at(NOW + 6)).await.unwrap();
        assert_eq!(outcome, expected);
    }
    let settled = |taken| SettleRecord {
        effect_id: item(1).effect_id,
        token: "t1".to_owned(),
        settlement: "sent",
        taken,
        now_ms: NOW + 6,
    };
    store.look(|model| {
        let committed = CommitRecord {
            home: home(),
            revision: 1,
            marks: vec![mark(1)],
            effects: vec![(LaneKind::Provider, item(1).effect_id)],
            now_ms: NOW,
        };
        assert_eq!(model.commits(), [committed]);
        let started = StartRecord {
            effect_id: item(1).effect_id,
            token: "t1".to_owned(),
            now_ms: NOW + 5,
            window_open_until_ms: NOW + DAY_MS,
        };
        assert_eq!(model.starts(), [started]);
        assert_eq!(model.settles(), [settled(true), settled(false)]);
    });
}

#[tokio::test]
async fn marks_end_after_9_days_and_journals_and_statuses_after_30() {
    let store = ModelStore::default();
    commit(&store, change(0), NOW).await.unwrap();
    see(&store, DeliveryStatus::Delivered, NOW).await;
    store.put_record("walk", "a", "body", 20 * DAY_MS).await.unwrap();
    let request = LoadRequest {
        homes: vec![home()],
        aliases: Vec::new(),
        marks: vec![mark(1)],
    };
    for (later_ms, marks, records, others) in [
        (9 * DAY_MS - 1, 1, 1, 1),
        (9 * DAY_MS, 0, 1, 1),
        (20 * DAY_MS, 0, 0, 1),
        (30 * DAY_MS - 1, 0, 0, 1),
        (30 * DAY_MS, 0, 0, 0),
    ] {
        store.due_lanes(NOW + later_ms, 1).await.unwrap();
        let loaded = store.load(std::slice::from_ref(&request)).await.unwrap();
        assert_eq!(loaded[0].conversations[0].done.len(), marks, "{later_ms}");
        store.look(|model| {
            assert_eq!(model.marks_of(&home()), marks, "{later_ms}");
            assert_eq!(model.all_records().count(), records, "{later_ms}");
            assert_eq!(model.journal(&home()).len(), others, "{later_ms}");
            assert_eq!(model.all_statuses().len(), others, "{later_ms}");
        });
    }
}

#[tokio::test]
async fn a_lane_that_is_given_back_is_due_at_once_and_counts_no_attempt() {
    let store = ModelStore::default();
    let head = commit(&store, change(0), NOW).await.unwrap();
    assert!(store.due_lanes(NOW + 1, 9).await.unwrap().is_empty());
    assert!(store.release(&head, NOW + 1).await.unwrap());
    assert_eq!(store.due_lanes(NOW + 1, 9).await.unwrap(), [lane()]);
    assert!(
        !store.release(&head, NOW + 1).await.unwrap(),
        "the token is stale"
    );
    let ClaimOutcome::Claimed(again) = store.claim(&lane(), at(NOW + 1)).await.unwrap() else {
        panic!("it is free")
    };
    assert_eq!((&again.item, again.attempts), (&head.item, 0));
}

#[tokio::test]
async fn a_lane_whose_item_is_begun_is_not_given_back() {
    let store = ModelStore::default();
    let head = commit(&store, change(0), NOW).await.unwrap();
    begin(&store, &head, NOW + 1).await;
    assert!(!store.release(&head, NOW + 2).await.unwrap());
    let claimed = store.claim(&lane(), at(NOW + 3)).await.unwrap();
    assert_eq!(claimed, ClaimOutcome::Wait(NOW + 1 + LEASE_MS));
    let lost = store.claim(&lane(), at(NOW + 1 + LEASE_MS)).await.unwrap();
    assert_eq!(lost, ClaimOutcome::Wait(NOW + 1 + HOLD_MS));
    let ClaimOutcome::Claimed(again) = store.claim(&lane(), at(NOW + 1 + HOLD_MS)).await.unwrap() else {
        panic!("it is due")
    };
    assert_eq!((again.phase, again.attempts), (Phase::Unknown, 1));
}
