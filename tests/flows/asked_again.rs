//! Purchases that were given up and that a person asks for again: where they stand today decides, not what their letter remembers.

use sacola::clock::Clock as _;
use sacola::domain::effect::Effect;
use sacola::domain::event::{DeclineReason, Event};
use sacola::domain::ids::PurchaseId;
use sacola::domain::message::Kind;
use sacola::domain::purchase::{Purchase, PurchaseState};
use sacola::engine::items::LaneBody;
use sacola::engine::{Happened, Taken, What, Who, replay_id};
use sacola::store::DeadLetter;

use crate::support::shop::{Mood, brl};
use crate::support::world::{World, ana};

/// The purchase as its letter remembers it.
fn forwarded(letter: &DeadLetter) -> Purchase {
    let body: LaneBody = serde_json::from_str(&letter.body).unwrap();
    let Effect::Forward(purchase) = body.effect else {
        panic!("no purchase: {letter:?}")
    };
    assert_eq!(purchase.state, PurchaseState::Forwarded);
    *purchase
}

/// The event that the replay of an effect letter is. Returns how many effects it had.
async fn asks_again(world: &mut World, purchase: &Purchase, letter_id: &str) -> usize {
    let at_ms = world.clock.now_ms();
    let record = world.engine.purchase(&purchase.purchase_id).await;
    let record = record.unwrap().expect("each purchase is recorded");
    let event = Event::EffectReplayed {
        effect: Box::new(Effect::Forward(Box::new(purchase.clone()))),
        record: Some(Box::new(record.purchase)),
    };
    let happened = Happened {
        who: Who::Home(record.home),
        id: replay_id(letter_id, at_ms),
        at_ms,
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(event),
    };
    match world.happens(happened).await {
        Taken::Done { effects, .. } => effects.len(),
        other @ (Taken::Duplicate | Taken::NoConversation) => panic!("{other:?}"),
    }
}

/// So many purchases that the shop declines: what was closed before them is out of sight.
async fn closes_six_more(world: &mut World) {
    world.adds(&ana(), "coffee").await;
    for _ in 0..6 {
        world
            .shop
            .feels([Mood::Declines(DeclineReason::Refused, Vec::new())]);
        assert_eq!(world.buys(&ana()).await.kind, Kind::PurchaseDeclined);
    }
}

async fn is_in_sight(world: &World, purchase: &Purchase) -> bool {
    let conversation = world.conversation(&ana()).await;
    conversation.purchase(&purchase.purchase_id).is_some()
}

async fn recorded(world: &World, purchase: &Purchase) -> PurchaseState {
    let record = world.engine.purchase(&purchase.purchase_id).await;
    record.unwrap().unwrap().purchase.state
}

#[tokio::test]
async fn a_purchase_that_was_declined_is_never_sent_again_also_when_it_is_out_of_sight() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::Refuses(401)]);
    assert_eq!(world.buys(&ana()).await.kind, Kind::PurchaseDeclined);
    let letter = world.letters().await.remove(0);
    assert_eq!(letter.reason, "rejected");
    let declined = forwarded(&letter);
    assert_eq!(world.buys(&ana()).await.kind, Kind::PaymentLink, "she buys again");
    assert!(is_in_sight(&world, &declined).await);
    let (posts, finds) = (world.shop.posts(), world.shop.finds());
    assert_eq!(asks_again(&mut world, &declined, "in sight").await, 0);
    assert_eq!((world.shop.posts(), world.shop.finds()), (posts, finds));

    closes_six_more(&mut world).await;
    assert!(!is_in_sight(&world, &declined).await);
    let posts = world.shop.posts();
    assert_eq!(asks_again(&mut world, &declined, &letter.id).await, 0);
    assert_eq!((world.shop.posts(), world.shop.finds()), (posts, finds));
    assert_eq!(world.shop.purchases().len(), 1, "she has what she bought, once");
    assert_eq!(recorded(&world, &declined).await, PurchaseState::Declined);
    assert!(!is_in_sight(&world, &declined).await);
}

#[tokio::test]
async fn a_purchase_that_was_delivered_stays_delivered() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let bought = Purchase {
        state: PurchaseState::Forwarded,
        ..world.shop.purchases()[0].clone()
    };
    let id = bought.purchase_id.clone();
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    world.merchant_says(&id, PurchaseState::Delivered, None).await;
    closes_six_more(&mut world).await;
    assert!(!is_in_sight(&world, &bought).await);
    let (posts, finds) = (world.shop.posts(), world.shop.finds());
    assert_eq!(asks_again(&mut world, &bought, "delivered").await, 0);
    assert_eq!((world.shop.posts(), world.shop.finds()), (posts, finds));
    assert_eq!(recorded(&world, &bought).await, PurchaseState::Delivered);
}

#[tokio::test]
async fn a_purchase_under_review_is_asked_for_by_id_then_sent_once_also_when_it_is_out_of_sight() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::KeyReused]);
    world.buys(&ana()).await;
    let letter = world.letters().await.remove(0);
    assert_eq!(letter.reason, "idempotency_conflict");
    let unclear = forwarded(&letter);
    closes_six_more(&mut world).await;
    assert!(!is_in_sight(&world, &unclear).await);
    assert_eq!(recorded(&world, &unclear).await, PurchaseState::NeedsReview);

    let (posts, finds) = (world.shop.posts(), world.shop.finds());
    assert_eq!(asks_again(&mut world, &unclear, &letter.id).await, 1);
    assert_eq!((world.shop.posts(), world.shop.finds()), (posts + 1, finds + 1));
    assert_eq!(recorded(&world, &unclear).await, PurchaseState::AwaitingPayment);
    assert_eq!(
        asks_again(&mut world, &unclear, "once more").await,
        0,
        "it has its answer"
    );
    assert_eq!(world.shop.purchases().len(), 1);
}
