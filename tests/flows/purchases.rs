//! Merchants in every mood, bad native orders, late news: never a wrong purchase, always an answer.

use sacola::domain::event::{DeclineReason, Objection};
use sacola::domain::ids::RetailerId;
use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;

use crate::support::shop::{Mood, brl};
use crate::support::world::{Settings, World, ana};
use sacola::domain::replies::Locale;

fn objection(id: &str, price: Option<&str>, available: Option<u64>) -> Objection {
    Objection {
        retailer_id: RetailerId::new(id),
        unit_price: price.map(brl),
        available,
    }
}

#[tokio::test]
async fn a_price_that_changed_at_the_last_moment_is_told_accepted_and_bought() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let objections = vec![objection("coffee", Some("12.00"), None)];
    world
        .shop
        .feels([Mood::Declines(DeclineReason::PriceChanged, objections)]);
    let summary = world.says(&ana(), "finalizar").await;
    world.shop.change("coffee", |coffee| coffee.price = brl("12.00"));
    let notice = world.taps(&ana(), &summary.button("confirm")).await;
    assert_eq!(notice.kind, Kind::PriceChange);
    assert_eq!(
        world.cart(&ana()).await,
        [("coffee".to_owned(), 1)],
        "the line is back"
    );
    world.taps(&ana(), &notice.button("accept_prices")).await;
    let link = world.buys(&ana()).await;
    assert_eq!(link.kind, Kind::PaymentLink);
    assert_eq!(world.shop.purchases()[0].quote.total, brl("12.00"));
}

#[tokio::test]
async fn too_little_stock_is_told_and_never_lowered_in_silence() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::Declines(
        DeclineReason::OutOfStock,
        vec![objection("coffee", None, Some(1))],
    )]);
    let declined = world.buys(&ana()).await;
    assert_eq!(declined.kind, Kind::PurchaseDeclined);
    assert!(declined.body().contains("resta só 1"), "{}", declined.body());
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 2)]);
}

#[tokio::test]
async fn a_final_no_returns_the_lines_and_keeps_a_dead_letter() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::Refuses(401)]);
    let declined = world.buys(&ana()).await;
    assert_eq!(declined.kind, Kind::PurchaseDeclined);
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 1)]);
    let letters = world.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "rejected");
}

#[tokio::test]
async fn a_merchant_that_never_answers_ends_with_a_person() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels((0..1_000).map(|_| Mood::RequestLost));
    let answer = world.buys(&ana()).await;
    assert_eq!(answer.kind, Kind::PurchaseState);
    for _ in 0..20 {
        world.passes(300_000).await;
    }
    world.passes(24 * 3_600_000).await;
    let purchase = world.conversation(&ana()).await.purchases[0].clone();
    assert_eq!(purchase.state, PurchaseState::NeedsReview);
    let letters = world.letters().await;
    assert!(letters.iter().any(|letter| letter.reason == "exhausted"));
}

#[tokio::test]
async fn the_same_id_with_another_body_is_adopted_when_the_total_agrees_and_reviewed_otherwise() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::KeyReused]);
    world.buys(&ana()).await;
    assert_eq!(
        world.conversation(&ana()).await.purchases[0].state,
        PurchaseState::NeedsReview
    );
}

#[tokio::test]
async fn a_shop_without_answers_to_prices_is_told_and_nothing_is_bought() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.lookups_fail(2);
    let summary = world.says(&ana(), "finalizar").await;
    assert_eq!(summary.kind, Kind::Summary, "two failures are bridged");
    world.shop.lookups_fail(3);
    let whole = world.says(&ana(), "sacola").await;
    let error = world.taps(&ana(), &whole.button("checkout")).await;
    assert_eq!(error.kind, Kind::Error);
    assert!(error.has("checkout"), "with a button to try again");
    assert_eq!(world.shop.posts(), 0);
}

#[tokio::test]
async fn shipping_is_part_of_what_is_confirmed_and_forwarded() {
    let mut world = World::new().await;
    world.shop.quotes_with_shipping("7.50");
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    assert!(summary.body().contains("Entrega: R$ 7,50") && summary.body().contains("Total: R$ 17,50"));
    world.taps(&ana(), &summary.button("confirm")).await;
    assert_eq!(world.shop.purchases()[0].quote.total, brl("17.50"));
    let native = world.orders(&ana(), &[("coffee", 1, "10.00")]).await;
    assert_eq!(
        native.kind,
        Kind::Summary,
        "the app showed 10,00; with shipping it is confirmed first"
    );
}

#[tokio::test]
async fn bad_native_orders_are_answered_and_nothing_is_bought() {
    let mut world = World::new().await;
    for items in [
        [("coffee", 0, "10.00")],
        [("coffee", 100, "10.00")],
        [("coffee", -1, "10.00")],
        [("coffee", 1_000_000_000, "10.00")],
        [("coffee", 1, "7.999")],
        [("coffee", 1, "1e1")],
        [("coffee", 1, "")],
        [("nothing", 1, "10.00")],
    ] {
        let answer = world.orders(&ana(), &items).await;
        assert_eq!(answer.kind, Kind::Error, "{items:?}: {}", answer.body());
    }
    assert_eq!(world.shop.posts(), 0);
    assert!(world.conversation(&ana()).await.orders.is_empty());
}

#[tokio::test]
async fn a_payment_after_the_end_goes_to_a_person_and_late_news_is_inert() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let id = world.shop.purchases()[0].purchase_id.clone();
    world.merchant_says(&id, PurchaseState::Expired, None).await;
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    assert_eq!(
        world.conversation(&ana()).await.purchases[0].state,
        PurchaseState::NeedsReview
    );
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let second = world.conversation(&ana()).await.purchases[1].purchase_id.clone();
    world.merchant_says(&second, PurchaseState::Shipped, None).await;
    let count = world.screen(&ana()).await.len();
    world
        .merchant_says(&second, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    world.merchant_says(&second, PurchaseState::Shipped, None).await;
    assert_eq!(
        world.screen(&ana()).await.len(),
        count,
        "late and repeated news says nothing"
    );
}

#[tokio::test]
async fn what_can_be_asked_is_answered_person_purchases_and_anything_else() {
    let mut world = World::new().await;
    assert_eq!(world.says(&ana(), "???").await.kind, Kind::Help);
    assert_eq!(world.says(&ana(), "pedidos").await.kind, Kind::PurchaseState);
    let person = world.says(&ana(), "atendente").await;
    assert_eq!(person.kind, Kind::Person);
    let menu = world.taps(&ana(), &person.button("resume")).await;
    assert_eq!(menu.kind, Kind::Menu);
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let list = world.says(&ana(), "meus pedidos").await;
    let state = world.taps(&ana(), &list.button("purchase")).await;
    assert_eq!(
        state.kind,
        Kind::PaymentLink,
        "an unpaid purchase shows its link again"
    );
}

#[tokio::test]
async fn each_language_leads_from_hello_to_the_payment_link() {
    for locale in Locale::ALL {
        let mut world = World::with(Settings {
            locale,
            ..Settings::default()
        })
        .await;
        world.adds(&ana(), "coffee").await;
        assert_eq!(world.buys(&ana()).await.kind, Kind::PaymentLink, "{locale:?}");
    }
}
