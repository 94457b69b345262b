//! Replicas on one store: what one has learned and another has not, and a store whose answer takes longer than a lease lasts.

use std::sync::Arc;

use sacola::delivery::Learned;
use sacola::domain::ids::{MerchantId, RetailerId};
use sacola::domain::message::Kind;
use sacola::store::{ClaimOutcome, LaneId, LaneKind, Store, redis};

use super::stopping::others_run;
use super::time_leases::{both_engines, replica_on};
use crate::support::redis_server::{AppendOnly, RedisServer, fresh_prefix, patient};
use crate::support::shop::product;
use crate::support::world::{NOON_MS, World, ana};

/// The lease of a world.
const LEASE_MS: i64 = 10_000;
/// How long a world holds a message of unknown outcome.
const HOLD_MS: i64 = 60_000;

fn cafe() -> MerchantId {
    MerchantId::new("cafe")
}

#[tokio::test]
async fn a_replica_that_has_not_heard_of_a_product_yet_tells_its_new_price_all_the_same() {
    for (store, _directory) in both_engines().await {
        let (mut first, mut behind) = (replica_on(&store).await, replica_on(&store).await);
        let tea = product("tea", "Chá", "Chás", "7.00");
        first.product_news("tea", Some(tea)).await;
        first.adds(&ana(), "tea").await;

        first.clock.advance_ms(1);
        let dearer = Learned {
            retailer_id: RetailerId::new("tea"),
            product: Some(product("tea", "Chá", "Chás", "9.00")),
            learned_at_ms: first.now_ms(),
        };
        let started = first.dispatcher.learn(&cafe(), vec![dearer]).await.unwrap();
        assert_eq!(started.len(), 1);
        behind.sets_clock(first.now_ms());
        assert_eq!(behind.dispatcher.walk_all().await.unwrap(), 1);
        behind.settle().await;

        assert_eq!(behind.count(&ana(), Kind::PriceChange).await, 1);
        let notice = behind.screen(&ana()).await.pop().unwrap();
        assert!(
            notice.body().contains("de R$ 7,00 para R$ 9,00"),
            "{}",
            notice.body()
        );
    }
}

#[tokio::test]
async fn one_product_that_is_read_again_is_not_taken_for_the_whole_catalog() {
    let mut world = World::new().await;
    let catalogs = world.engine.catalogs();
    catalogs.forget();
    let coffee = [RetailerId::new("coffee")];
    catalogs
        .refresh(world.store.as_ref(), &cafe(), &coffee)
        .await
        .unwrap();
    let menu = world.says(&ana(), "menu").await;
    let categories = menu.buttons().into_iter();
    let categories = categories.filter(|(id, _)| id.starts_with("s1.category."));
    assert_eq!(categories.count(), 3);
}

async fn world_on(server: &RedisServer) -> World {
    let options = redis::Options {
        key_prefix: fresh_prefix().unwrap(),
        ..patient()
    };
    let connected = redis::connect(&server.url(), options).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(connected);
    replica_on(&store).await
}

/// Steps what is due now. The store stands still meanwhile, and answers so much later by the gateway's clock.
async fn steps_while_it_stands_still(world: &mut World, server: &RedisServer, late_ms: i64) {
    let clock = world.clock.clone();
    server.freeze().unwrap();
    tokio::join!(world.settle_now(), async {
        others_run().await;
        clock.advance_ms(late_ms);
        server.thaw().unwrap();
    });
}

#[tokio::test]
async fn a_message_whose_start_is_answered_when_its_lease_has_ended_goes_back_to_its_lane_and_is_sent_once() {
    let server = RedisServer::start(AppendOnly::Off).unwrap();
    for late_ms in [LEASE_MS - 1, LEASE_MS] {
        let mut world = world_on(&server).await;
        let hello = world.said(&ana(), "oi");
        world.engine.take(hello).await.unwrap();
        steps_while_it_stands_still(&mut world, &server, late_ms).await;
        assert_eq!(world.chat.attempts(), 1, "{late_ms}");
        assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
        world.comes_to(NOON_MS + 2 * HOLD_MS).await;
        assert_eq!(world.chat.attempts(), 1, "{late_ms}");
    }
}

#[tokio::test]
async fn a_message_whose_start_is_answered_when_another_has_its_lane_is_left_to_that_one() {
    let server = RedisServer::start(AppendOnly::Off).unwrap();
    let mut world = world_on(&server).await;
    let hello = world.said(&ana(), "oi");
    world.engine.take(hello).await.unwrap();
    let lane = LaneId {
        home: world.home(&ana()).await,
        kind: LaneKind::Provider,
    };
    let (clock, store, engine) = (
        world.clock.clone(),
        Arc::clone(&world.store),
        Arc::clone(&world.engine),
    );
    server.freeze().unwrap();
    let ((), (claimed, ())) = tokio::join!(world.settle_now(), async {
        others_run().await;
        clock.advance_ms(LEASE_MS);
        tokio::join!(store.claim(&lane, engine.lane_times()), async {
            others_run().await;
            server.thaw().unwrap();
        })
    });
    assert_eq!(claimed.unwrap(), ClaimOutcome::Wait(NOON_MS + HOLD_MS));
    assert_eq!(
        world.chat.attempts(),
        0,
        "it may have been sent, for all the other knows"
    );
    world.comes_to(NOON_MS + HOLD_MS - 1).await;
    assert_eq!(world.chat.attempts(), 0);
    world.comes_to(NOON_MS + HOLD_MS).await;
    assert_eq!(world.chat.attempts(), 1);
    assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
}

#[tokio::test]
async fn r8_a_purchase_whose_start_is_answered_when_its_lease_has_ended_goes_back_and_is_made_once() {
    let server = RedisServer::start(AppendOnly::Off).unwrap();
    let mut world = world_on(&server).await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    let confirm = world.tap(&ana(), &summary.button("confirm"));
    world.engine.take(confirm).await.unwrap();
    steps_while_it_stands_still(&mut world, &server, LEASE_MS).await;
    world.sweeps().await;
    assert_eq!(world.shop.posts(), 1);
    assert_eq!(world.shop.purchases().len(), 1);
    assert_eq!(world.count(&ana(), Kind::PaymentLink).await, 1);
    assert_eq!(world.waits_until(&ana(), LaneKind::Merchant).await, None);
}
