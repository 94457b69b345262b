//! Delivery statuses: what a late failure leads to by the table of codes, early or late and however often it is told; what it
//! costs; and statuses that come before their message is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use sacola::domain::conversation::Customer;
use sacola::domain::ids::PurchaseId;
use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;
use sacola::store::{DeliveryStatus, Store};
use sacola::whatsapp::errors::{Late, row};
use sacola::whatsapp::inbound::DeliveryWord;

use crate::support::chat::Call;
use crate::support::model_store::ModelStore;
use crate::support::shop::brl;
use crate::support::statuses::{Says, kept, take_all};
use crate::support::time::SECOND_MS;
use crate::support::world::{Phone, Settings, World, ana, number};

const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Statuses that one replica parks at most.
const PLACES: usize = 250;
/// A code that stops all numbers of a merchant.
const UNPAID: i64 = 131_042;

/// Codes that may come late although the send was taken, what the table says of them, and what is said instead of a view that
/// they fail.
const LATE_CODES: [(i64, Late, &[Kind]); 5] = [
    (131_047, Late::WindowClosed, &[]),
    (131_049, Late::TellAgain, &[]),
    (131_056, Late::TellAgain, &[]),
    (131_026, Late::Final, &[Kind::Help]),
    (130_429, Late::TellAgain, &[]),
];

/// When the failure is told, twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before our own settling.
    Early,
    /// After it.
    Late,
}

/// Each code, told early and late, with our callback data and without.
fn cases() -> Vec<(i64, When, Says)> {
    let mut all = Vec::new();
    for (code, late, _) in LATE_CODES {
        assert_eq!(row(code).unwrap().late, late, "{code}");
        for when in [When::Early, When::Late] {
            all.push((code, when, Says::failed(code)));
            all.push((code, when, Says::failed(code).without_callback_data()));
        }
    }
    all
}

async fn world() -> World {
    let store: Arc<dyn Store> = Arc::new(ModelStore::default());
    World::with(Settings {
        store: Some(store),
        ..Settings::default()
    })
    .await
}

/// The failure is told, if it was not told early, and what is parked is tried.
async fn fails(world: &mut World, kind: Kind, when: When, told: Says) {
    if when == When::Late {
        world.hears(&ana(), kind, &[told, told]).await;
    }
    world.clock.advance_ms(SECOND_MS);
    assert_eq!(world.tries_parked().await, 0);
}

/// Kinds of what a phone has got since it had `before` messages.
async fn since(world: &World, before: usize) -> Vec<Kind> {
    let screen = world.screen(&ana()).await;
    screen[before..].iter().map(|seen| seen.kind).collect()
}

#[tokio::test]
async fn a_view_that_fails_early_or_late_is_answered_once_as_the_table_says() {
    for (code, when, told) in cases() {
        let what = format!("{code} {when:?} {told:?}");
        let instead = LATE_CODES.iter().find(|(own, ..)| *own == code).unwrap().2;
        let mut world = world().await;
        if when == When::Early {
            world.will_hear_early(&ana(), Kind::Menu, &[told, told]);
        }
        world.says(&ana(), "menu").await;
        fails(&mut world, Kind::Menu, when, told).await;
        for _ in 0..3 {
            assert_eq!(since(&world, 1).await, instead, "{what}");
            assert_eq!(world.noted(&ana(), "failed:menu").await, 1, "{what}");
            world.passes(10 * MINUTE_MS).await;
        }
        assert_eq!(
            world.called(&ana()).len(),
            1 + instead.len(),
            "{what}: never repeated"
        );
        assert!(world.letters().await.is_empty(), "{what}");
        assert!(world.dispatcher.stopped().is_empty(), "{what}");
        assert!(
            world.says(&ana(), "menu").await.has("category"),
            "the customer asks again"
        );
    }
}

#[tokio::test]
async fn a_payment_link_that_fails_early_or_late_is_told_once_with_the_next_message() {
    for (code, when, told) in cases() {
        let what = format!("{code} {when:?} {told:?}");
        let mut world = world().await;
        world.adds(&ana(), "coffee").await;
        if when == When::Early {
            world.will_hear_early(&ana(), Kind::PaymentLink, &[told, told]);
        }
        assert_eq!(world.buys(&ana()).await.kind, Kind::PaymentLink, "{what}");
        fails(&mut world, Kind::PaymentLink, when, told).await;
        assert_eq!(world.noted(&ana(), "failed:payment_link").await, 1, "{what}");
        world.passes(10 * MINUTE_MS).await;
        let before = world.screen(&ana()).await.len();
        world.says(&ana(), "ajuda").await;
        assert_eq!(
            since(&world, before).await,
            [Kind::Help, Kind::PaymentLink],
            "{what}"
        );
        world.clock.advance_ms(SECOND_MS);
        world.says(&ana(), "ajuda").await;
        assert_eq!(since(&world, before + 2).await, [Kind::Help], "{what}");
        assert!(world.letters().await.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_notice_that_fails_early_or_late_is_told_once_with_the_next_message() {
    for (code, when, told) in cases() {
        let what = format!("{code} {when:?} {told:?}");
        let mut world = world().await;
        world.adds(&ana(), "coffee").await;
        if when == When::Early {
            world.will_hear_early(&ana(), Kind::PriceChange, &[told, told]);
        }
        world
            .product_changes("coffee", |product| product.price = brl("12.00"))
            .await;
        fails(&mut world, Kind::PriceChange, when, told).await;
        assert_eq!(world.noted(&ana(), "failed:price_change").await, 1, "{what}");
        let before = world.screen(&ana()).await.len();
        for _ in 0..2 {
            world.clock.advance_ms(SECOND_MS);
            world.says(&ana(), "ajuda").await;
            let screen = world.screen(&ana()).await;
            let is_told = |kind: Kind, body: &str| kind == Kind::PriceChange && body.contains("12,00");
            let notices = screen[before..]
                .iter()
                .filter(|seen| is_told(seen.kind, &seen.body()));
            assert_eq!(notices.count(), 1, "{what}");
        }
    }
}

/// Two purchases of one customer.
async fn two_purchases(world: &mut World) -> [PurchaseId; 2] {
    for _ in 0..2 {
        world.adds(&ana(), "coffee").await;
        world.buys(&ana()).await;
        world.clock.advance_ms(SECOND_MS);
    }
    let purchases = world.conversation(&ana()).await.purchases;
    [0, 1].map(|place: usize| purchases[place].purchase_id.clone())
}

#[tokio::test]
async fn news_of_a_purchase_that_fails_late_is_told_again_and_nothing_of_another() {
    for told in [
        Says::failed(131_049),
        Says::failed(131_049).without_callback_data(),
    ] {
        let mut world = world().await;
        let [paid, _] = two_purchases(&mut world).await;
        world
            .merchant_says(&paid, PurchaseState::Paid, Some(brl("10.00")))
            .await;
        world.hears(&ana(), Kind::Paid, &[told, told]).await;
        let owed = world.conversation(&ana()).await.owed_purchases;
        assert_eq!(owed, BTreeSet::from([paid]));
        let before = world.screen(&ana()).await.len();
        world.says(&ana(), "ajuda").await;
        assert_eq!(since(&world, before).await, [Kind::Help, Kind::Paid]);
        assert!(world.conversation(&ana()).await.owed_purchases.is_empty());
    }
}

#[tokio::test]
async fn a_failure_of_a_message_that_the_timeline_has_forgotten_owes_every_purchase_in_sight() {
    let mut world = world().await;
    let [cancelled, other] = two_purchases(&mut world).await;
    world
        .merchant_says(&cancelled, PurchaseState::Cancelled, None)
        .await;
    for _ in 0..30 {
        world.clock.advance_ms(SECOND_MS);
        world.says(&ana(), "ajuda").await;
    }
    world
        .hears(&ana(), Kind::PurchaseState, &[Says::failed(131_049)])
        .await;
    let owed = world.conversation(&ana()).await.owed_purchases;
    assert_eq!(owed, BTreeSet::from([cancelled, other]));
}

/// Round trips that taking one status costs.
async fn trips(world: &World, call: &Call, told: Says) -> u64 {
    let before = world.store.round_trips();
    take_all(&world.dispatcher, &ana(), call, &[told]).await;
    world.store.round_trips() - before
}

#[tokio::test]
async fn a_status_with_our_callback_data_is_one_round_trip_and_a_failure_two() {
    let mut world = World::new().await;
    world.says(&ana(), "menu").await;
    let call = world.call(&ana(), Kind::Menu);
    for word in [
        DeliveryWord::Sent,
        DeliveryWord::Read,
        DeliveryWord::Delivered,
        DeliveryWord::Read,
    ] {
        assert_eq!(trips(&world, &call, Says::word(word)).await, 1, "{word:?}");
    }
    let nameless = Says::word(DeliveryWord::Read).without_callback_data();
    let found = trips(&world, &call, nameless).await;
    assert_eq!(found, 2, "find the conversation, record");
    let failed = trips(&world, &call, Says::failed(131_047)).await;
    assert_eq!(failed, 2, "record, commit");
}

#[tokio::test]
async fn a_status_that_comes_before_our_own_settling_is_attached_to_its_message_afterwards() {
    let mut world = world().await;
    let early = Says::word(DeliveryWord::Delivered).without_callback_data();
    world.will_hear_early(&ana(), Kind::Menu, &[early]);
    world.says(&ana(), "menu").await;
    assert_eq!(world.tries_parked().await, 1, "it has just come");
    world.clock.advance_ms(SECOND_MS);
    assert_eq!(world.tries_parked().await, 0);
    let call = world.call(&ana(), Kind::Menu);
    let found = kept(&world.store, &call.effect_id, world.now_ms()).await;
    assert_eq!(found, Some(DeliveryStatus::Delivered));
}

#[tokio::test]
async fn a_parked_failure_still_stops_what_its_code_stops() {
    let mut world = world().await;
    let early = Says::failed(UNPAID).without_callback_data();
    world.will_hear_early(&ana(), Kind::Menu, &[early]);
    world.says(&ana(), "menu").await;
    assert!(world.dispatcher.stopped().is_empty());
    world.clock.advance_ms(SECOND_MS);
    assert_eq!(world.tries_parked().await, 0);
    let stopped = world.dispatcher.stopped();
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0].code, UNPAID);
}

/// A message that somebody else sent from the same number.
fn stranger(n: usize) -> Call {
    Call {
        effect_id: "nothing of ours".into(),
        kind: Kind::Menu,
        message_id: format!("wamid.stranger{n}"),
    }
}

async fn parked(world: &World) -> usize {
    world.store.records("parked_status").await.unwrap().len()
}

#[tokio::test]
async fn a_status_of_a_message_that_never_was_ours_ends_after_ten_minutes_and_costs_little() {
    let mut world = world().await;
    world.says(&ana(), "menu").await;
    let delivered = Says::word(DeliveryWord::Delivered).without_callback_data();
    let first = trips(&world, &stranger(1), delivered).await;
    assert_eq!(first, 3, "find, record, park");
    let start = world.store.round_trips();
    let mut looks = 0_u64;
    while world.tries_parked().await > 0 {
        world.clock.advance_ms(SECOND_MS);
        looks += 1;
        assert!(looks <= 600, "it ends");
    }
    assert_eq!(looks, 600);
    // Each look lists and holds; five of them try to record, and the last removes.
    assert_eq!(world.store.round_trips() - start, 2 * (looks + 1) + 5 + 1);
    let start = world.store.round_trips();
    assert_eq!(world.tries_parked().await, 0);
    assert_eq!(world.store.round_trips() - start, 1, "nothing is parked");
}

#[tokio::test]
async fn a_status_for_a_customer_or_a_number_that_is_not_ours_does_no_harm() {
    let world = world().await;
    let failed = Says::failed(UNPAID).without_callback_data();
    take_all(&world.dispatcher, &ana(), &stranger(1), &[failed]).await;
    assert_eq!(parked(&world).await, 1, "the customer may come yet");
    let nobody = Phone {
        customer: Customer::default(),
        ..ana()
    };
    take_all(&world.dispatcher, &nobody, &stranger(2), &[failed]).await;
    assert_eq!(parked(&world).await, 2);
    let mut foreign = failed.of(&ana(), &stranger(3));
    assert_eq!(foreign.number, number());
    foreign.number = "a number of somebody else".into();
    world.dispatcher.take_status(&foreign).await.unwrap();
    assert_eq!(parked(&world).await, 2, "that number's statuses are not for us");
    assert!(world.dispatcher.stopped().is_empty());
}

#[tokio::test]
async fn a_flood_of_strangers_statuses_is_bounded_and_the_newest_are_kept() {
    let mut world = world().await;
    world.says(&ana(), "menu").await;
    let delivered = Says::word(DeliveryWord::Delivered).without_callback_data();
    for n in 0..2 * PLACES {
        take_all(&world.dispatcher, &ana(), &stranger(n), &[delivered]).await;
    }
    assert_eq!(parked(&world).await, PLACES);
    world.clock.advance_ms(SECOND_MS);
    world.will_hear_early(&ana(), Kind::Menu, &[delivered]);
    world.says(&ana(), "menu").await;
    for n in 0..PLACES - 1 {
        take_all(&world.dispatcher, &ana(), &stranger(n), &[delivered]).await;
    }
    assert_eq!(parked(&world).await, PLACES);
    world.clock.advance_ms(SECOND_MS);
    assert_eq!(
        world.tries_parked().await,
        PLACES - 1,
        "ours has found its message"
    );
}
