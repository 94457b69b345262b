//! Native orders and purchases over time: rounds, closed windows, many purchases, late news about old ones.

use sacola::clock::Clock;
use sacola::domain::device::Device;
use sacola::domain::event::{DeclineReason, Event, Objection, OrderItem};
use sacola::domain::facts::WebClients;
use sacola::domain::ids::RetailerId;
use sacola::domain::message::Kind;
use sacola::domain::purchase::PurchaseState;
use sacola::engine::What;

use crate::support::chat::Mishap;
use crate::support::shop::{Mood, brl, product};
use crate::support::world::{Settings, World, ana, phone};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn a_confirm_button_of_an_earlier_round_never_buys_at_a_price_that_it_did_not_show() {
    let mut world = World::new().await;
    world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
    let first = world.orders(&ana(), &[("coffee", 2, "10.00")]).await;
    assert!(first.body().contains("R$ 22,00"), "{}", first.body());
    world
        .product_changes("coffee", |coffee| coffee.price = brl("15.00"))
        .await;
    let second = world.screen(&ana()).await.pop().unwrap();
    assert!(second.body().contains("R$ 30,00"), "{}", second.body());
    let third = world.taps(&ana(), &first.button("confirm")).await;
    assert_eq!(
        world.shop.posts(),
        0,
        "the old button shows the present price instead of buying"
    );
    assert!(third.body().contains("R$ 30,00"));
    let link = world.taps(&ana(), &third.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink);
    assert_eq!(world.shop.purchases()[0].quote.total, brl("30.00"));
}

#[tokio::test]
async fn an_order_that_can_not_be_shown_now_is_shown_with_the_next_message() {
    let mut world = World::new().await;
    world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
    let item = OrderItem {
        retailer_id: RetailerId::new("coffee"),
        quantity: 1,
        item_price: "10.00".to_owned(),
        currency: "BRL".to_owned(),
    };
    let event = Event::Ordered {
        items: vec![item],
        note: None,
        device: Device::Android,
    };
    let late = world.happened(&ana(), What::Event(event));
    world.clock.advance_ms(2 * DAY_MS);
    world.happens(late).await;
    assert_eq!(world.chat.attempts(), 0, "its own window is over");
    world.says(&ana(), "oi").await;
    world.settle().await;
    let screen = world.screen(&ana()).await;
    let shown = screen
        .iter()
        .find(|seen| seen.kind == Kind::PriceChange)
        .expect("the order is shown");
    let link = world.taps(&ana(), &shown.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink);
}

#[tokio::test]
async fn a_second_order_while_one_waits_is_a_second_purchase_request() {
    let mut world = World::new().await;
    world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
    let first = world.orders(&ana(), &[("coffee", 1, "10.00")]).await;
    let second = world.orders(&ana(), &[("coffee", 2, "10.00")]).await;
    world.taps(&ana(), &second.button("confirm")).await;
    let dropped = world.taps(&ana(), &first.button("drop_line")).await;
    assert!(
        dropped.body().contains("desisti") || dropped.body().contains("Certo"),
        "{}",
        dropped.body()
    );
    assert_eq!(world.shop.purchases().len(), 1);
    assert_eq!(world.shop.purchases()[0].quote.total, brl("22.00"));
}

#[tokio::test]
async fn an_order_of_which_nothing_is_left_at_the_last_moment_is_told() {
    let mut world = World::new().await;
    let gone = Objection {
        retailer_id: RetailerId::new("coffee"),
        unit_price: None,
        available: Some(0),
    };
    world
        .shop
        .feels([Mood::Declines(DeclineReason::OutOfStock, vec![gone])]);
    let told = world.orders(&ana(), &[("coffee", 1, "10.00")]).await;
    assert_eq!(told.kind, Kind::PurchaseDeclined);
    assert!(world.conversation(&ana()).await.orders.is_empty());
}

#[tokio::test]
async fn many_purchases_over_time_lock_nobody_out_and_late_news_about_an_old_one_is_told() {
    let mut world = World::new().await;
    let mut first = None;
    for _ in 0..25 {
        world.adds(&ana(), "coffee").await;
        assert_eq!(world.buys(&ana()).await.kind, Kind::PaymentLink);
        first = first.or(world
            .conversation(&ana())
            .await
            .purchases
            .first()
            .map(|p| p.purchase_id.clone()));
        world.clock.advance_ms(4 * DAY_MS);
    }
    let first = first.unwrap();
    assert!(
        world.conversation(&ana()).await.purchase(&first).is_none(),
        "out of sight"
    );
    world.says(&ana(), "oi").await;
    world
        .merchant_says(&first, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    assert_eq!(world.screen(&ana()).await.pop().unwrap().kind, Kind::Paid);
    let record = world.engine.purchase(&first).await.unwrap().unwrap();
    assert_eq!(record.purchase.state, PurchaseState::Paid);
}

#[tokio::test]
async fn with_phone_only_a_person_can_still_be_reached_from_the_web() {
    let settings = Settings {
        web_clients: WebClients::PhoneOnly,
        ..Settings::default()
    };
    let mut world = World::with(settings).await;
    let web = phone("BR.1001", Device::Web);
    let refused = world.says(&web, "menu").await;
    let person = world.taps(&web, &refused.button("person")).await;
    assert_eq!(person.kind, Kind::Person);
    world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
    let differs = world.orders(&web, &[("coffee", 1, "10.00")]).await;
    let link = world.taps(&web, &differs.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink, "a native order is never lost");
}

#[tokio::test]
async fn titles_of_markup_only_and_pictures_that_whatsapp_refuses_hide_no_product() {
    let mut odd = product("odd", "***", "Tudo", "1.00");
    odd.image_url = Some("https://img.example.com/broken.png".to_owned());
    let mut world = World::with(Settings {
        products: vec![odd],
        ..Settings::default()
    })
    .await;
    let menu = world.says(&ana(), "oi").await;
    let list = world.taps(&ana(), &menu.button("category")).await;
    world.chat.will_meet([Mishap::Refused(131_053)]);
    let shown = world.taps(&ana(), &list.button("product")).await;
    assert_eq!(shown.kind, Kind::Product, "{}", shown.body());
    assert!(
        shown.json["interactive"]["header"].is_null(),
        "again, without the picture"
    );
    world.taps(&ana(), &shown.button("add")).await;
    assert_eq!(world.cart(&ana()).await, [("odd".to_owned(), 1)]);
}

#[tokio::test]
async fn a_customer_can_check_out_again_while_an_earlier_purchase_is_in_doubt() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels((0..50).map(|_| Mood::RequestLost));
    world.buys(&ana()).await;
    for _ in 0..4 {
        world.passes(60_000).await;
    }
    world.adds(&ana(), "cake").await;
    let summary = world.says(&ana(), "finalizar").await;
    assert_eq!(
        summary.kind,
        Kind::Summary,
        "a quote passes what waits: {}",
        summary.body()
    );
    assert!(world.clock.now_ms() > 0);
}
