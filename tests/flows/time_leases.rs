//! Who may serve a lane and when: leases, holds, back-off and rates to the millisecond, and replicas whose clocks differ.

use std::sync::Arc;

use sacola::domain::device::Device;
use sacola::domain::ids::HomeId;
use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;
use sacola::store::{
    ClaimOutcome, DeliveryStatus, Head, LaneId, LaneKind, SettleOutcome, Settlement, StartOutcome,
    StatusTarget, Store, embedded, redis,
};

use crate::support::chat::Mishap;
use crate::support::redis_server::{fresh_prefix, patient, shared};
use crate::support::shop::Mood;
use crate::support::time::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::support::world::{NOON_MS, Settings, World, ana, phone};

/// The lease of a world.
const LEASE_MS: i64 = 10_000;
/// How long a world holds a message of unknown outcome.
const HOLD_MS: i64 = 60_000;
const PROVIDER: LaneKind = LaneKind::Provider;
const MERCHANT: LaneKind = LaneKind::Merchant;
/// Pauses between attempts: doubling, five minutes at most.
const BACK_OFF_S: [i64; 12] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300];

/// A store of each engine; the directory goes with the first.
pub(super) async fn both_engines() -> Vec<(Arc<dyn Store>, Option<tempfile::TempDir>)> {
    let directory = tempfile::tempdir().unwrap();
    let on_file: Arc<dyn Store> = Arc::new(embedded::open(directory.path()).unwrap());
    let options = redis::Options {
        key_prefix: fresh_prefix().unwrap(),
        ..patient()
    };
    let connected = redis::connect(&shared().unwrap().url(), options).await.unwrap();
    let on_redis: Arc<dyn Store> = Arc::new(connected);
    vec![(on_file, Some(directory)), (on_redis, None)]
}

/// A replica with a clock, a chat and a shop of its own.
pub(super) async fn replica_on(store: &Arc<dyn Store>) -> World {
    let settings = Settings {
        store: Some(Arc::clone(store)),
        ..Settings::default()
    };
    World::with(settings).await
}

fn provider_lane(home: &HomeId) -> LaneId {
    LaneId {
        home: home.clone(),
        kind: PROVIDER,
    }
}

/// The head of Ana's provider lane, claimed now by somebody who then does nothing with it.
pub(super) async fn claimed(world: &World) -> Head {
    let lane = provider_lane(&world.home(&ana()).await);
    match world.store.claim(&lane, world.engine.lane_times()).await.unwrap() {
        ClaimOutcome::Claimed(head) => *head,
        nothing @ (ClaimOutcome::Wait(_) | ClaimOutcome::Empty) => panic!("not claimed: {nothing:?}"),
    }
}

async fn starts(world: &World, head: &Head) -> StartOutcome {
    let times = world.engine.lane_times();
    world
        .store
        .start(head, &[], head.item.class, times)
        .await
        .unwrap()
}

async fn settles(world: &World, head: &Head) -> SettleOutcome {
    let times = world.engine.lane_times();
    let sent = Settlement::Done {
        sent: true,
        message_key: None,
    };
    world.store.settle(head, sent, times).await.unwrap()
}

/// A world in which Ana has said hello and whoever was to answer has died.
pub(super) async fn unanswered_on(store: &Arc<dyn Store>) -> World {
    let mut world = replica_on(store).await;
    let hello = world.said(&ana(), "oi");
    world.engine.take(hello).await.unwrap();
    world.replica_dies();
    world
}

#[tokio::test]
async fn a_lease_keeps_everybody_else_out_to_its_last_ms_and_is_free_at_its_end() {
    for (store, _directory) in both_engines().await {
        let world = unanswered_on(&store).await;
        let lane = provider_lane(&world.home(&ana()).await);
        let ends_ms = NOON_MS + LEASE_MS;
        world.sets_clock(ends_ms - 1);
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(ends_ms));
        assert!(store.due_lanes(ends_ms - 1, 9).await.unwrap().is_empty());
        world.sets_clock(ends_ms);
        assert_eq!(store.due_lanes(ends_ms, 9).await.unwrap(), [lane]);
        let head = claimed(&world).await;
        assert_eq!(head.lease.until_ms, ends_ms + LEASE_MS);
    }
}

#[tokio::test]
async fn a_holder_may_start_to_the_last_ms_of_its_lease_and_not_at_its_end() {
    for (store, _directory) in both_engines().await {
        let mut world = unanswered_on(&store).await;
        world.sets_clock(NOON_MS + LEASE_MS);
        let head = claimed(&world).await;
        world.sets_clock(head.lease.until_ms);
        assert_eq!(starts(&world, &head).await, StartOutcome::LeaseLost);
        world.sets_clock(head.lease.until_ms - 1);
        let started = starts(&world, &head).await;
        assert!(matches!(started, StartOutcome::Started { .. }), "{started:?}");
        let renewed_ms = head.lease.until_ms - 1 + LEASE_MS;
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(renewed_ms));
        world.sets_clock(renewed_ms);
        assert_eq!(
            settles(&world, &head).await,
            SettleOutcome::Empty,
            "late, but nobody else has come"
        );
        world.comes_to(renewed_ms + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 0, "not repeated");
    }
}

#[tokio::test]
async fn who_comes_back_after_its_lease_is_refused_and_its_effect_is_not_lost() {
    for (store, _directory) in both_engines().await {
        let mut world = unanswered_on(&store).await;
        world.sets_clock(NOON_MS + LEASE_MS);
        let old = claimed(&world).await;
        world.sets_clock(NOON_MS + 2 * LEASE_MS);
        let new = claimed(&world).await;
        assert_ne!(old.lease.token, new.lease.token);
        assert_eq!(starts(&world, &old).await, StartOutcome::LeaseLost);
        assert_eq!(settles(&world, &old).await, SettleOutcome::LeaseLost);
        world.dispatcher.serve(new).await;
        assert_eq!(world.screen(&ana()).await.len(), 1);
        world.comes_to(NOON_MS + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 1, "once");
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, None);
    }
}

#[tokio::test]
async fn what_was_started_under_a_lost_lease_is_held_for_a_minute_from_its_start() {
    for (store, _directory) in both_engines().await {
        let mut world = unanswered_on(&store).await;
        let started_ms = NOON_MS + LEASE_MS;
        world.sets_clock(started_ms);
        let head = claimed(&world).await;
        assert!(matches!(
            starts(&world, &head).await,
            StartOutcome::Started { .. }
        ));
        for at_ms in [started_ms + LEASE_MS, started_ms + HOLD_MS - 1] {
            world.comes_to(at_ms).await;
            assert_eq!(world.chat.attempts(), 0, "{at_ms}");
        }
        world.comes_to(started_ms + HOLD_MS).await;
        assert_eq!(world.chat.attempts(), 1);
        world.comes_to(NOON_MS + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 1);
    }
}

#[tokio::test]
async fn a_message_of_unknown_outcome_is_held_59_999_ms_and_repeated_at_60_000() {
    for (after_ms, calls) in [(HOLD_MS - 1, 1), (HOLD_MS, 2), (HOLD_MS + 1, 2)] {
        let mut world = World::new().await;
        world.chat.will_meet([Mishap::Lost]);
        let hello = world.said(&ana(), "oi");
        world.takes(hello).await;
        world.comes_to(NOON_MS + after_ms).await;
        assert_eq!(world.chat.attempts(), calls, "{after_ms}");
    }
}

#[tokio::test]
async fn of_two_replicas_whose_clocks_differ_by_five_seconds_one_sends() {
    for skew_ms in [-5 * SECOND_MS, 5 * SECOND_MS] {
        for (store, _directory) in both_engines().await {
            let (mut slow, mut other) = (replica_on(&store).await, replica_on(&store).await);
            let hello = slow.said(&ana(), "oi");
            slow.engine.take(hello).await.unwrap();
            other.comes_to(NOON_MS + skew_ms).await;
            other.comes_to(NOON_MS + LEASE_MS - 1).await;
            assert_eq!(other.chat.attempts(), 0, "by its own clock the lease still runs");
            other.comes_to(NOON_MS + LEASE_MS).await;
            assert_eq!(other.chat.attempts(), 1, "{skew_ms}");
            slow.comes_to(NOON_MS + LEASE_MS - skew_ms).await; // the same moment, by this clock
            slow.comes_to(NOON_MS + HOUR_MS).await;
            other.comes_to(NOON_MS + HOUR_MS).await;
            assert_eq!((slow.chat.attempts(), other.chat.attempts()), (0, 1), "{skew_ms}");
        }
    }
}

#[tokio::test]
async fn a_replica_whose_clock_is_ahead_holds_what_another_has_started_and_a_status_ends_it() {
    for (store, _directory) in both_engines().await {
        let slow = unanswered_on(&store).await;
        let mut ahead = replica_on(&store).await;
        let started_ms = NOON_MS + LEASE_MS;
        slow.sets_clock(started_ms);
        let head = claimed(&slow).await;
        assert!(matches!(starts(&slow, &head).await, StartOutcome::Started { .. }));
        ahead.comes_to(started_ms + LEASE_MS).await; // five seconds early by the other clock
        assert_eq!(ahead.chat.attempts(), 0);
        let held_ms = started_ms + HOLD_MS;
        assert_eq!(ahead.waits_until(&ana(), PROVIDER).await, Some(held_ms));
        slow.sets_clock(started_ms + LEASE_MS - 5 * SECOND_MS);
        assert_eq!(settles(&slow, &head).await, SettleOutcome::LeaseLost);
        let target = StatusTarget::Effect(head.item.effect_id.clone());
        let seen = store.record_status(&target, DeliveryStatus::Sent, slow.now_ms());
        assert!(seen.await.unwrap().settled);
        ahead.comes_to(held_ms).await;
        assert_eq!(ahead.chat.attempts(), 0, "it had arrived");
        assert_eq!(ahead.waits_until(&ana(), PROVIDER).await, None);
    }
}

#[tokio::test]
async fn a_message_is_tried_again_at_exactly_growing_pauses_up_to_five_minutes() {
    let mut world = World::new().await;
    world
        .chat
        .will_meet(BACK_OFF_S.into_iter().map(|_| Mishap::Unreachable));
    let hello = world.said(&ana(), "oi");
    world.takes(hello).await;
    for (tried, pause_s) in (1..).zip(BACK_OFF_S) {
        assert_eq!(world.chat.attempts(), tried);
        let due_ms = world.now_ms() + pause_s * SECOND_MS;
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(due_ms));
        world.comes_to(due_ms - 1).await;
        assert_eq!(world.chat.attempts(), tried, "1 ms before {pause_s} s");
        world.comes_to(due_ms).await;
    }
    assert_eq!(world.chat.attempts(), 13);
    assert_eq!(world.screen(&ana()).await.len(), 1);
    assert_eq!(world.waits_until(&ana(), PROVIDER).await, None);
}

#[tokio::test]
async fn a_pair_limit_pauses_six_seconds_at_least() {
    let mut world = World::new().await;
    let pauses_s = [6, 6, 6, 8, 16];
    world.chat.will_meet(pauses_s.map(|_| Mishap::Refused(131_056)));
    let hello = world.said(&ana(), "oi");
    world.takes(hello).await;
    for pause_s in pauses_s {
        let due_ms = world.now_ms() + pause_s * SECOND_MS;
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(due_ms));
        world.comes_to(due_ms).await;
    }
    assert_eq!(world.screen(&ana()).await.len(), 1);
}

#[tokio::test]
async fn r8_a_purchase_is_tried_again_at_exactly_growing_pauses_up_to_five_minutes() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    world.shop.feels(BACK_OFF_S.map(|_| Mood::Away));
    let tap = world.tap(&ana(), &summary.button("confirm"));
    world.takes(tap).await;
    for (tried, pause_s) in (1..).zip(BACK_OFF_S) {
        assert_eq!(world.shop.posts(), tried);
        let due_ms = world.now_ms() + pause_s * SECOND_MS;
        assert_eq!(world.waits_until(&ana(), MERCHANT).await, Some(due_ms));
        world.comes_to(due_ms - 1).await;
        assert_eq!(world.shop.posts(), tried, "1 ms before {pause_s} s");
        world.comes_to(due_ms).await;
    }
    assert_eq!((world.shop.posts(), world.shop.purchases().len()), (13, 1));
    assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1);
    assert_eq!(world.waits_until(&ana(), MERCHANT).await, None);
}

#[tokio::test]
async fn a_purchase_that_finds_no_place_at_its_shop_waits_quietly_for_half_a_minute_and_is_told_once() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    world.shop.feels((0..=15).map(|_| Mood::Full));
    let tap = world.tap(&ana(), &summary.button("confirm"));
    let asked_ms = world.now_ms();
    world.takes(tap).await;
    for after_s in (2..=30).step_by(2) {
        let due_ms = asked_ms + after_s * SECOND_MS;
        assert_eq!(world.waits_until(&ana(), MERCHANT).await, Some(due_ms));
        assert_eq!(
            world.count(&ana(), Kind::PurchaseState).await,
            0,
            "before {after_s} s"
        );
        world.comes_to(due_ms).await;
    }
    assert_eq!(world.count(&ana(), Kind::PurchaseState).await, 1);
    assert_eq!(world.shop.posts(), 0, "nothing has left");
    world.comes_to(asked_ms + 31 * SECOND_MS).await;
    assert_eq!((world.shop.posts(), world.shop.purchases().len()), (1, 1));
    assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1);
    assert_eq!(world.waits_until(&ana(), MERCHANT).await, None);
}

#[tokio::test]
async fn a_price_is_asked_for_three_times_within_a_second_and_a_half() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.lookups_fail(3);
    let checkout = world.said(&ana(), "finalizar");
    let asked_ms = world.now_ms();
    world.takes(checkout).await;
    for after_ms in [500, 1_500] {
        let due_ms = asked_ms + after_ms;
        assert_eq!(world.waits_until(&ana(), MERCHANT).await, Some(due_ms));
        world.comes_to(due_ms - 1).await;
        assert_eq!(world.count(&ana(), Kind::Error).await, 0);
        world.comes_to(due_ms).await;
    }
    assert_eq!(world.count(&ana(), Kind::Error).await, 1);
    assert_eq!(world.waits_until(&ana(), MERCHANT).await, None);
}

/// Reasons of all dead letters.
async fn reasons(world: &World) -> Vec<String> {
    let letters = world.letters().await;
    letters.into_iter().map(|letter| letter.reason).collect()
}

#[tokio::test]
async fn a_message_that_fails_24_hours_after_it_was_made_is_exhausted_and_not_1_ms_before() {
    for (after_ms, ends) in [(DAY_MS - 1, false), (DAY_MS, true)] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let summary = world.says(&ana(), "finalizar").await;
        let made_ms = world.now_ms();
        world.chat.will_meet([const { Mishap::Unreachable }; 3]);
        let tap = world.tap(&ana(), &summary.button("confirm"));
        world.takes(tap).await;
        world.sets_clock(made_ms + HOUR_MS);
        let keeps_open = world.said(&ana(), "ajuda");
        world.takes(keeps_open).await;
        world.comes_to(made_ms + after_ms).await;
        assert_eq!(reasons(&world).await.len(), usize::from(ends), "{after_ms}");
        if !ends {
            let due_ms = made_ms + after_ms + 4 * SECOND_MS;
            assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(due_ms));
            world.chat.will_meet([Mishap::Unreachable]);
            world.comes_to(due_ms).await;
        }
        assert_eq!(reasons(&world).await, ["exhausted"]);
        let conversation = world.conversation(&ana()).await;
        let owed: Vec<_> = conversation.owed_purchases.iter().collect();
        assert_eq!(owed, [&conversation.purchases[0].purchase_id]);
        assert_eq!(world.count(&ana(), Kind::Help).await, 1, "the lane goes on");
        assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 0);
        world.says(&ana(), "oi").await;
        assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1, "told now");
    }
}

#[tokio::test]
async fn r8_a_purchase_that_nobody_knows_of_after_24_hours_is_exhausted_and_not_1_ms_before() {
    for (after_ms, ends) in [(DAY_MS - 1, false), (DAY_MS, true)] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let summary = world.says(&ana(), "finalizar").await;
        let confirmed_ms = world.now_ms();
        world.shop.feels((0..9).map(|_| Mood::RequestLost));
        let tap = world.tap(&ana(), &summary.button("confirm"));
        world.takes(tap).await;
        world.comes_to(confirmed_ms + after_ms).await;
        if !ends {
            let purchase = world.conversation(&ana()).await.purchases[0].clone();
            assert_eq!(purchase.state, PurchaseState::InDoubt);
            assert!(reasons(&world).await.is_empty());
            let due_ms = confirmed_ms + after_ms + 2 * SECOND_MS;
            assert_eq!(world.waits_until(&ana(), MERCHANT).await, Some(due_ms));
            world.comes_to(due_ms).await;
        }
        assert_eq!(reasons(&world).await, ["exhausted"], "{after_ms}");
        let purchase = world.conversation(&ana()).await.purchases[0].clone();
        assert_eq!(purchase.state, PurchaseState::NeedsReview);
        let posts = world.shop.posts();
        world.comes_to(confirmed_ms + 10 * DAY_MS).await;
        assert_eq!(world.shop.posts(), posts, "nothing is sent any more");
        assert_eq!(world.waits_until(&ana(), MERCHANT).await, None);
    }
}

#[tokio::test]
async fn what_a_merchant_starts_waits_for_the_pairs_rate_to_the_ms() {
    for (store, _directory) in both_engines().await {
        let mut world = replica_on(&store).await;
        let hello = world.said(&ana(), "oi");
        world.takes(hello).await;
        let home = world.home(&ana()).await;
        for n in 0..31 {
            let request = world.requested(&home, &format!("bulk {n}"));
            world.takes(request).await;
        }
        assert_eq!(world.chat.attempts(), 31, "70 % of 45, the reply included");
        let free_ms = NOON_MS + 3 * SECOND_MS;
        assert_eq!(world.waits_until(&ana(), PROVIDER).await, Some(free_ms));
        world.comes_to(free_ms - 1).await;
        assert_eq!(world.chat.attempts(), 31);
        world.comes_to(free_ms).await;
        assert_eq!(world.chat.attempts(), 32);
    }
}

#[tokio::test]
async fn the_81st_message_of_a_number_in_one_ms_waits_for_its_rate_to_the_ms() {
    let mut world = World::new().await;
    for n in 0..81 {
        let customer = phone(&format!("BR.{}", 5_000 + n), Device::Android);
        let hello = world.said(&customer, "oi");
        world.takes(hello).await;
    }
    assert_eq!(world.chat.attempts(), 80);
    world.comes_to(NOON_MS + 12).await;
    assert_eq!(world.chat.attempts(), 80);
    world.comes_to(NOON_MS + 13).await;
    assert_eq!(world.chat.attempts(), 81, "12.5 ms, rounded up");
}
