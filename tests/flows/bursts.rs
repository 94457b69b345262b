//! Many things at once: copies, bursts, old buttons, dead replicas.

use sacola::domain::device::Device;
use sacola::domain::message::Kind;
use sacola::engine::{Taken, What};

use crate::support::chat::Mishap;
use crate::support::redis_server::{fresh_prefix, patient, shared};
use crate::support::shop::product;
use crate::support::world::{Settings, World, ana, phone};
use std::sync::Arc;

#[tokio::test]
async fn sixty_four_copies_of_one_click_change_the_cart_once() {
    let mut world = World::new().await;
    let shown = world.shows(&ana(), "coffee").await;
    let tap = What::Tap {
        id: shown.button("add"),
        device: Device::Android,
    };
    let copies = (0..64).map(|_| {
        let happened = world.happened_as(&ana(), "ONE", tap.clone());
        let engine = Arc::clone(&world.engine);
        async move { engine.take(happened).await.unwrap() }
    });
    let taken = futures::future::join_all(copies).await;
    assert_eq!(
        taken
            .iter()
            .filter(|one| matches!(one, Taken::Done { .. }))
            .count(),
        1
    );
    assert_eq!(taken.iter().filter(|one| **one == Taken::Duplicate).count(), 63);
    world.settle().await;
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 1)]);
}

#[tokio::test]
async fn fifty_clicks_in_a_second_make_the_serial_cart_and_a_handful_of_messages() {
    let products: Vec<_> = (0..10)
        .map(|n| product(&format!("p{n}"), &format!("Produto {n}"), "Tudo", "1.00"))
        .collect();
    let mut world = World::with(Settings {
        products,
        pace_ahead: 3,
        ..Settings::default()
    })
    .await;
    let mut buttons = Vec::new();
    for n in 0..10 {
        buttons.push(world.shows(&ana(), &format!("p{n}")).await.button("add"));
    }
    let before = world.screen(&ana()).await.len();
    for click in 0..50_usize {
        let happened = world.tap(&ana(), &buttons[click % 10]);
        world.engine.take(happened).await.unwrap();
        world.clock.advance_ms(20);
        world.settle_now().await;
    }
    world.settle().await;
    let cart = world.cart(&ana()).await;
    assert_eq!(cart.len(), 10);
    assert!(
        cart.iter().all(|(_, quantity)| *quantity == 1),
        "pressing one button again adds nothing: {cart:?}"
    );
    let screen = world.screen(&ana()).await;
    let messages = screen.len() - before;
    assert!(messages < 10, "{messages} messages for 50 clicks");
    assert!(
        screen.last().unwrap().body().contains("Total: R$ 10,00"),
        "the last one is true"
    );
}

#[tokio::test]
async fn a_second_run_of_all_taps_changes_nothing_and_each_is_answered_as_stale() {
    let mut world = World::new().await;
    let menu = world.says(&ana(), "oi").await;
    let mut taps = vec![menu.button("category")];
    let list = world.taps(&ana(), taps.last().unwrap()).await;
    taps.push(list.button("product"));
    for action in ["add", "checkout", "confirm"] {
        let seen = world.taps(&ana(), taps.last().unwrap()).await;
        taps.push(seen.button(action));
    }
    world.taps(&ana(), taps.last().unwrap()).await;
    assert_eq!(world.shop.posts(), 1);
    for id in taps {
        let seen = world.taps(&ana(), &id).await;
        assert_eq!(seen.kind, Kind::Stale, "{id}");
    }
    assert_eq!(world.shop.posts(), 1);
    assert!(world.cart(&ana()).await.is_empty());
}

#[tokio::test]
async fn tampered_and_foreign_buttons_are_refused_without_any_change() {
    let mut world = World::new().await;
    let shown = world.shows(&ana(), "coffee").await;
    let id = shown.button("add");
    let tampered = id.replace("s1.add.", "s1.remove.");
    assert_eq!(world.taps(&ana(), &tampered).await.kind, Kind::Refused);
    let bruno = phone("BR.2002", Device::Android);
    world.says(&bruno, "oi").await;
    assert_eq!(world.taps(&bruno, &id).await.kind, Kind::Refused);
    assert_eq!(world.taps(&ana(), "hello").await.kind, Kind::Refused);
    assert!(world.cart(&ana()).await.is_empty() && world.cart(&bruno).await.is_empty());
}

#[tokio::test]
async fn a_replica_that_dies_before_it_sends_loses_nothing_and_doubles_nothing() {
    let mut world = World::new().await;
    let happened = world.happened(&ana(), What::Event(said("oi")));
    world.engine.take(happened).await.unwrap();
    world.replica_dies();
    world.passes(9_999).await;
    assert_eq!(world.chat.attempts(), 0, "its lease still runs");
    world.passes(1).await;
    assert_eq!(world.screen(&ana()).await.len(), 1);
    world.passes(600_000).await;
    assert_eq!(world.screen(&ana()).await.len(), 1, "exactly once");
}

#[tokio::test]
async fn a_payment_link_of_unknown_outcome_is_repeated_once_a_view_is_not_when_a_newer_reply_went_out() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    world.chat.will_meet([Mishap::Lost]);
    let tap = world.tap(&ana(), &summary.button("confirm"));
    world.happens(tap).await;
    assert!(
        world
            .screen(&ana())
            .await
            .iter()
            .all(|seen| seen.kind != Kind::PaymentLink)
    );
    world.passes(60_000).await;
    let links = world
        .screen(&ana())
        .await
        .iter()
        .filter(|seen| seen.kind == Kind::PaymentLink)
        .count();
    assert_eq!(links, 1, "re-sent after the hold");
    world.chat.will_meet([Mishap::Lost]);
    let said = world.happened(&ana(), What::Event(said("ajuda")));
    world.happens(said).await;
    world.says(&ana(), "menu").await;
    let before = world.screen(&ana()).await.len();
    world.passes(60_000).await;
    assert_eq!(
        world.screen(&ana()).await.len(),
        before,
        "a newer reply made the lost help pointless"
    );
}

#[tokio::test]
async fn refused_for_the_moment_is_tried_again_in_order() {
    let mut world = World::new().await;
    world
        .chat
        .will_meet([Mishap::Refused(131_056), Mishap::Unreachable]);
    let happened = world.happened(&ana(), What::Event(said("oi")));
    world.happens(happened).await;
    assert!(world.screen(&ana()).await.is_empty());
    for _ in 0..3 {
        world.passes(10_000).await;
    }
    assert_eq!(world.screen(&ana()).await.len(), 1);
}

#[tokio::test]
async fn a_tap_is_one_round_trip_at_hand_two_loaded_three_cold_and_sending_adds_two() {
    let server = shared().unwrap();
    let options = sacola::store::redis::Options {
        key_prefix: fresh_prefix().unwrap(),
        ..patient()
    };
    let redis = sacola::store::redis::connect(&server.url(), options)
        .await
        .unwrap();
    let store: Arc<dyn sacola::store::Store> = Arc::new(redis);
    let mut world = World::with(Settings {
        store: Some(Arc::clone(&store)),
        ..Settings::default()
    })
    .await;
    let shown = world.shows(&ana(), "coffee").await;
    world.clock.advance_ms(1_000);
    let start = store.round_trips();
    let tap = world.tap(&ana(), &shown.button("add"));
    world.engine.take(tap).await.unwrap();
    assert_eq!(store.round_trips() - start, 1, "commit");
    world.settle().await;
    assert_eq!(store.round_trips() - start, 3, "start and settle");
    world.clock.advance_ms(1_000);
    world.engine.forget_conversations();
    let cart = world.screen(&ana()).await.pop().unwrap();
    let start = store.round_trips();
    let tap = world.tap(&ana(), &cart.button("menu"));
    world.engine.take(tap).await.unwrap();
    assert_eq!(store.round_trips() - start, 2, "load and commit");
    world.settle().await;
    world.clock.advance_ms(1_000);
    let cold = World::with(Settings {
        store: Some(Arc::clone(&store)),
        ..Settings::default()
    })
    .await;
    cold.engine.catalogs().forget();
    let start = store.round_trips();
    let tap = world.tap(&ana(), &cart.button("checkout"));
    cold.engine.take(tap).await.unwrap();
    assert_eq!(store.round_trips() - start, 3, "load, facts, commit");
}

#[tokio::test]
async fn a_customer_who_browses_for_long_is_answered_each_time() {
    let mut world = World::new().await;
    for answered in 1..=80 {
        world.clock.advance_ms(1_000);
        world.says(&ana(), "menu").await;
        assert_eq!(world.screen(&ana()).await.len(), answered);
    }
}

fn said(text: &str) -> sacola::domain::event::Event {
    sacola::domain::event::Event::Said {
        text: text.to_owned(),
        about: None,
        device: Device::Android,
    }
}
