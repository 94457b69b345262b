//! A clock that jumps: ahead by hours or days in one step, back by a correction. Nothing is sent twice or lost, and nothing
//! waits longer than the jump.

use sacola::domain::conversation::SERVICE_WINDOW_MS;
use sacola::domain::message::Kind;
use sacola::engine::Taken;
use sacola::store::LaneKind;

use crate::support::chat::Mishap;
use crate::support::shop::Mood;
use crate::support::time::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::support::world::{NOON_MS, World, ana};

/// The lease of a world.
const LEASE_MS: i64 = 10_000;
/// The pause between superseding messages of a world.
const PACE_MS: i64 = 300;
/// A correction by the time server, and somebody's wrong time zone.
const BACK_MS: [i64; 2] = [5 * SECOND_MS, 2 * HOUR_MS];

#[tokio::test]
async fn r1_over_a_jump_ahead_a_reply_is_sent_once_in_the_open_window_and_never_after_it() {
    for (jump_ms, leaves) in [(HOUR_MS, true), (25 * HOUR_MS, false), (400 * DAY_MS, false)] {
        let mut world = World::new().await;
        let hello = world.said(&ana(), "oi");
        world.engine.take(hello).await.unwrap();
        world.comes_to(NOON_MS + jump_ms).await;
        world.comes_to(NOON_MS + jump_ms + HOUR_MS / 2).await;
        let calls = world.chat.attempts();
        assert_eq!(calls, usize::from(leaves), "{jump_ms}");
        assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
        world.says(&ana(), "menu").await;
        assert_eq!(world.chat.attempts(), calls + 1, "{jump_ms}");
    }
}

#[tokio::test]
async fn r8_over_a_jump_ahead_a_confirmed_purchase_is_forwarded_once_and_its_link_is_told_once() {
    for (jump_ms, is_open) in [(HOUR_MS, true), (25 * HOUR_MS, false), (400 * DAY_MS, false)] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let summary = world.says(&ana(), "finalizar").await;
        let tap = world.tap(&ana(), &summary.button("confirm"));
        let tapped_ms = world.now_ms();
        world.engine.take(tap).await.unwrap();
        world.comes_to(tapped_ms + jump_ms).await;
        assert_eq!((world.shop.posts(), world.shop.purchases().len()), (1, 1));
        let links = world.count(&ana(), Kind::PaymentLink).await;
        assert_eq!(links, usize::from(is_open), "{jump_ms}");
        world.says(&ana(), "oi").await;
        world.passes(10 * 60 * SECOND_MS).await;
        assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1, "{jump_ms}");
        assert_eq!(world.shop.posts(), 1, "{jump_ms}");
    }
}

#[tokio::test]
async fn over_a_jump_back_a_reply_that_waits_in_hand_is_sent_at_once_and_once() {
    for back_ms in BACK_MS {
        let mut world = World::new().await;
        let hello = world.said(&ana(), "oi");
        world.engine.take(hello).await.unwrap();
        world.comes_to(NOON_MS - back_ms).await;
        assert_eq!(world.chat.attempts(), 1, "{back_ms}");
        world.comes_to(NOON_MS + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 1, "{back_ms}");
    }
}

#[tokio::test]
async fn a_lease_from_before_a_jump_back_ends_at_its_own_ms_and_the_reply_goes_out_once() {
    for back_ms in BACK_MS {
        let mut world = World::new().await;
        let hello = world.said(&ana(), "oi");
        world.engine.take(hello).await.unwrap();
        world.replica_dies();
        for at_ms in [NOON_MS - back_ms, NOON_MS, NOON_MS + LEASE_MS - 1] {
            world.comes_to(at_ms).await;
            assert_eq!(world.chat.attempts(), 0, "the lease still runs at {at_ms}");
        }
        world.comes_to(NOON_MS + LEASE_MS).await;
        assert_eq!(world.chat.attempts(), 1);
        world.comes_to(NOON_MS + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 1, "{back_ms}");
    }
}

#[tokio::test]
async fn who_writes_after_a_jump_back_is_answered_once_and_waits_no_longer_than_the_jump() {
    for back_ms in BACK_MS {
        let mut world = World::new().await;
        let hello = world.said(&ana(), "oi");
        world.takes(hello).await;
        world.sets_clock(NOON_MS - back_ms);
        let menu = world.said(&ana(), "menu");
        world.takes(menu).await;
        let waits = world.waits_until(&ana(), LaneKind::Provider).await;
        assert!(waits.is_none_or(|at_ms| at_ms <= NOON_MS + PACE_MS), "{waits:?}");
        let open_until_ms = world.conversation(&ana()).await.window_open_until_ms;
        assert_eq!(open_until_ms, NOON_MS + SERVICE_WINDOW_MS, "not shortened");
        world.comes_to(NOON_MS + PACE_MS).await;
        assert_eq!(world.chat.attempts(), 2, "{back_ms}");
        world.comes_to(NOON_MS + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 2, "{back_ms}");
    }
}

#[tokio::test]
async fn over_a_jump_back_the_rate_of_a_number_does_not_silence_it() {
    for back_ms in BACK_MS {
        let mut world = World::new().await;
        let hello = world.said(&ana(), "oi");
        world.takes(hello).await;
        let home = world.home(&ana()).await;
        world.sets_clock(NOON_MS - back_ms);
        let request = world.requested(&home, "at once");
        world.takes(request).await;
        assert_eq!(world.chat.attempts(), 2, "{back_ms}");
    }
}

#[tokio::test]
async fn a_customer_who_waits_for_a_person_is_reminded_every_ten_minutes_also_over_a_jump_back() {
    let mut world = World::new().await;
    world.says(&ana(), "atendente").await;
    let told_ms = world.now_ms();
    let again_ms = told_ms + 10 * 60 * SECOND_MS;
    let back_ms = again_ms - 2 * HOUR_MS;
    for (at_ms, reminds) in [
        (told_ms, true),
        (again_ms - 1, false),
        (again_ms, true),
        (back_ms, true),
        (back_ms + 1, false),
    ] {
        world.sets_clock(at_ms);
        let calls = world.chat.attempts();
        let waiting = world.said(&ana(), "alguém aí");
        world.takes(waiting).await;
        assert_eq!(world.chat.attempts(), calls + usize::from(reminds), "{at_ms}");
    }
}

#[tokio::test]
async fn r8_over_a_jump_back_a_purchase_is_repeated_at_its_due_ms_and_stays_one() {
    for (mood, back_ms) in [(Mood::Away, BACK_MS[0]), (Mood::AnswerLost, BACK_MS[1])] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let summary = world.says(&ana(), "finalizar").await;
        world.shop.feels([mood]);
        let tap = world.tap(&ana(), &summary.button("confirm"));
        let due_ms = world.now_ms() + SECOND_MS;
        world.takes(tap).await;
        let merchant = LaneKind::Merchant;
        assert_eq!(world.waits_until(&ana(), merchant).await, Some(due_ms));
        for at_ms in [due_ms - back_ms, due_ms - 1] {
            world.comes_to(at_ms).await;
            assert_eq!((world.shop.posts(), world.shop.finds()), (1, 0));
        }
        world.comes_to(due_ms).await;
        assert_eq!(world.shop.finds(), 1, "asked by id before anything is sent again");
        assert_eq!(world.shop.purchases().len(), 1);
        assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1);
        assert_eq!(world.waits_until(&ana(), merchant).await, None);
    }
}

#[tokio::test]
async fn over_a_jump_back_a_message_of_unknown_outcome_is_held_to_its_ms_and_repeated_once() {
    for back_ms in BACK_MS {
        let mut world = World::new().await;
        world.chat.will_meet([Mishap::Lost]);
        let hello = world.said(&ana(), "oi");
        world.takes(hello).await;
        let held_ms = NOON_MS + 60 * SECOND_MS;
        for at_ms in [NOON_MS - back_ms, held_ms - 1] {
            world.comes_to(at_ms).await;
            assert_eq!(world.chat.attempts(), 1, "{at_ms}");
        }
        world.comes_to(held_ms).await;
        assert_eq!(world.chat.attempts(), 2);
        world.comes_to(held_ms + HOUR_MS).await;
        assert_eq!(world.chat.attempts(), 2, "{back_ms}");
    }
}

#[tokio::test]
async fn a_redelivery_after_a_jump_back_over_midnight_is_a_duplicate() {
    let mut world = World::new().await;
    let hello = world.said(&ana(), "oi");
    world.takes(hello.clone()).await;
    world.sets_clock(NOON_MS - 13 * HOUR_MS);
    assert_eq!(world.takes(hello).await, Taken::Duplicate);
    assert_eq!(world.chat.attempts(), 1);
}
