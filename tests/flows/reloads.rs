//! Numbers and merchants that are taken out, moved and put back while something is on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use sacola::delivery::{MerchantSettings, Sides};
use sacola::domain::ids::{MerchantId, PurchaseId};
use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;
use sacola::engine::NumberSettings;
use sacola::merchants::Connector;
use sacola::merchants::payment_link::LinkRule;
use sacola::whatsapp::buttons::Keyring;

use crate::support::chat::Mishap;
use crate::support::program::eventually;
use crate::support::shop::{Shop, brl, product};
use crate::support::time::{DAY_MS, HOUR_MS};
use crate::support::world::{NOON_MS, World, ana, number};

/// A little more than lanes wait at a closed gate before they look again.
const LOOK_MS: i64 = 6_000;
/// A little more than the time between two knocks.
const KNOCK_MS: i64 = 61_000;
/// Before the next reading of a catalog on schedule.
const SOON_MS: i64 = 1_000;

fn tea_house() -> Arc<Shop> {
    Arc::new(Shop::new(vec![product("tea", "Chá", "Chás", "7.00")]))
}

/// From now on these merchants are configured.
fn has_merchants(world: &World, merchants: &[(&str, &Arc<Shop>)]) {
    let id = |name: &str| MerchantId::new(name);
    let connector = |shop: &Arc<Shop>| -> Arc<dyn Connector> { Arc::clone(shop) as _ };
    let settings = MerchantSettings {
        links: LinkRule {
            hosts: vec!["pay.example.com".to_owned()],
            allow_private: Vec::new(),
        },
        mirror_interval_ms: 60_000,
        timeout_ms: 1_000,
    };
    world.dispatcher.replace(Sides {
        connectors: merchants
            .iter()
            .map(|&(name, shop)| (id(name), connector(shop)))
            .collect(),
        merchants: merchants
            .iter()
            .map(|&(name, _)| (id(name), settings.clone()))
            .collect(),
        rates: BTreeMap::new(),
    });
}

/// From now on the number belongs to that merchant.
fn number_moves_to(world: &World, merchant: &str) {
    let mut shop = world.engine.number(&number()).unwrap().shop.clone();
    shop.merchant = MerchantId::new(merchant);
    let settings = NumberSettings {
        number: number(),
        shop,
    };
    let keys = Keyring::new(vec![("k1".to_owned(), b"a key for tests".to_vec())], 30);
    world.engine.replace(keys, [(number(), settings)].into());
}

/// Ana confirms, and before anything else happens her number and its merchant are replaced by others.
async fn is_moved_in_the_midst(world: &mut World, other: &Arc<Shop>) -> PurchaseId {
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    let confirm = world.tap(&ana(), &summary.button("confirm"));
    world.engine.take(confirm).await.unwrap();
    has_merchants(world, &[("other", other)]);
    number_moves_to(world, "other");
    world.settle().await;
    let conversation = world.conversation(&ana()).await;
    conversation.purchases[0].purchase_id.clone()
}

async fn state(world: &World) -> PurchaseState {
    world.conversation(&ana()).await.purchases[0].state
}

fn stopped(world: &World) -> Vec<String> {
    let stopped = world.dispatcher.stopped().into_iter();
    stopped.map(|one| one.gate).collect()
}

#[tokio::test]
async fn a_purchase_whose_merchant_was_taken_out_waits_for_it_and_stays_its_own() {
    let mut world = World::new().await;
    let (cafe, other) = (Arc::clone(&world.shop), tea_house());
    let id = is_moved_in_the_midst(&mut world, &other).await;
    for _ in 0..2 {
        assert_eq!(state(&world).await, PurchaseState::InDoubt);
        assert_eq!(stopped(&world), ["backend cafe"]);
        assert!(world.letters().await.is_empty());
        world.passes(HOUR_MS).await;
    }
    assert_eq!((cafe.posts(), other.posts()), (0, 0));

    // The merchant is back; the number stays with the other one.
    has_merchants(&world, &[("other", &other), ("cafe", &cafe)]);
    world.passes(LOOK_MS).await;
    assert_eq!((cafe.posts(), other.posts()), (1, 0));
    assert_eq!(state(&world).await, PurchaseState::AwaitingPayment);
    assert!(stopped(&world).is_empty());
    let record = world.engine.purchase(&id).await.unwrap().unwrap();
    assert_eq!(record.merchant.as_str(), "cafe", "its callbacks are heard");
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    let record = world.engine.purchase(&id).await.unwrap().unwrap();
    assert_eq!(
        (record.merchant.as_str(), record.purchase.state),
        ("cafe", PurchaseState::Paid)
    );
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn a_purchase_whose_merchant_stays_away_for_a_day_is_looked_at_by_a_person() {
    let mut world = World::new().await;
    let other = tea_house();
    is_moved_in_the_midst(&mut world, &other).await;
    world.passes(DAY_MS).await;
    assert_eq!(state(&world).await, PurchaseState::NeedsReview);
    let letters = world.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "unknown_merchant");
    assert_eq!(letters[0].merchant, Some(MerchantId::new("cafe")));
}

#[tokio::test]
async fn a_message_whose_number_is_taken_out_while_it_is_sent_waits_for_it() {
    let mut world = World::new().await;
    world.chat.will_meet([Mishap::TakenOut]);
    let hello = world.said(&ana(), "oi");
    world.happens(hello).await;
    assert_eq!(stopped(&world), [format!("number {}", number())]);
    assert!(world.screen(&ana()).await.is_empty());
    world.passes(LOOK_MS).await;
    assert_eq!(world.screen(&ana()).await[0].kind, Kind::Menu);
    assert!(stopped(&world).is_empty() && world.letters().await.is_empty());
}

#[tokio::test]
async fn a_message_that_knocked_for_long_does_not_back_off_when_the_gate_is_open() {
    let mut world = World::new().await;
    let mishaps = [vec![Mishap::Refused(190); 6], vec![Mishap::Unreachable]].concat();
    world.chat.will_meet(mishaps);
    let hello = world.said(&ana(), "oi");
    world.happens(hello).await;
    for knocks in 1..6 {
        assert_eq!(world.chat.attempts(), knocks);
        world.passes(KNOCK_MS).await;
    }
    assert!(world.screen(&ana()).await.is_empty());
    world.passes(KNOCK_MS).await;
    assert_eq!(
        world.chat.attempts(),
        8,
        "the seventh failed, the eighth came soon"
    );
    assert_eq!(world.screen(&ana()).await[0].kind, Kind::Menu);
}

#[tokio::test]
async fn a_catalog_is_read_anew_when_its_merchant_changes_or_comes_back() {
    let mut world = World::new().await;
    let cafe = MerchantId::new("cafe");
    let (old, new) = (Arc::clone(&world.shop), tea_house());
    world.runs();
    assert_eq!(world.dispatcher.mirrored_at_ms(&cafe), Some(NOON_MS));
    let changes: [&[(&str, &Arc<Shop>)]; 3] = [&[("cafe", &new)], &[], &[("cafe", &old)]];
    for merchants in changes {
        world.clock.advance_ms(SOON_MS);
        let expected = (!merchants.is_empty()).then(|| world.now_ms());
        has_merchants(&world, merchants);
        let read = eventually(|| async {
            let at_ms = world.dispatcher.mirrored_at_ms(&cafe);
            (at_ms == expected).then_some(())
        });
        assert!(read.await.is_some(), "{expected:?}");
    }
}
