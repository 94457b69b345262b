//! One story, at least, for each rule of selling in a chat, R1 to R5: windows, product messages, carts and devices. The rules of
//! what is owed and paid are in `rules_money`.

use sacola::domain::device::Device;
use sacola::domain::event::Event;
use sacola::domain::facts::WebClients;
use sacola::domain::ids::{PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::engine::{Happened, Taken, What, Who};

use crate::support::chat::Mishap;
use crate::support::shop::{brl, product};
use crate::support::time::DAY_MS;
use crate::support::world::{Settings, World, ana, number, phone, second_number};

fn requested(world: &World, home: sacola::domain::ids::HomeId, id: &str, products: &[&str]) -> Happened {
    let products = products.iter().map(|id| RetailerId::new(*id)).collect();
    Happened {
        who: Who::Home(home),
        id: format!("api:{id}"),
        at_ms: 0,
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(Event::ProductsRequested {
            products,
            body: Some("Para você".to_owned()),
        }),
    }
    .at(world)
}

trait At {
    fn at(self, world: &World) -> Self;
}

impl At for Happened {
    fn at(mut self, world: &World) -> Self {
        use sacola::clock::Clock;
        self.at_ms = world.clock.now_ms();
        self
    }
}

#[tokio::test]
async fn r1_product_messages_queued_in_an_open_window_are_not_sent_after_it_closed() {
    let mut world = World::new().await;
    world.says(&ana(), "oi").await;
    let home = world.conversation(&ana()).await.home;
    world.clock.advance_ms(DAY_MS - 1_000);
    let before = world.chat.attempts();
    let happened = requested(&world, home.clone(), "late", &["coffee"]);
    assert!(matches!(
        world.engine.take(happened).await.unwrap(),
        Taken::Done { .. }
    ));
    world.clock.advance_ms(1_000);
    world.settle().await;
    assert_eq!(world.chat.attempts(), before, "no call to the provider");
    let happened = requested(&world, home, "later", &["coffee"]);
    world.happens(happened).await;
    assert_eq!(world.chat.attempts(), before);
}

#[tokio::test]
async fn r1_one_second_before_the_window_closes_they_are_sent() {
    let mut world = World::new().await;
    world.says(&ana(), "oi").await;
    let home = world.conversation(&ana()).await.home;
    world.clock.advance_ms(DAY_MS - 1_000);
    let happened = requested(&world, home, "in time", &["coffee"]);
    world.happens(happened).await;
    let last = world.screen(&ana()).await.pop().unwrap();
    assert_eq!(last.json["interactive"]["type"], "product");
}

#[tokio::test]
async fn r1_a_message_redelivered_on_day_three_opens_no_window() {
    let mut world = World::new().await;
    let event = Event::Said {
        text: "oi".to_owned(),
        about: None,
        device: Device::Android,
    };
    let old = world.happened(&ana(), What::Event(event));
    world.clock.advance_ms(3 * DAY_MS);
    world.happens(old).await;
    assert_eq!(
        world.chat.attempts(),
        0,
        "the window of that message is long over"
    );
    assert!(
        world.conversation(&ana()).await.window_open_until_ms < sacola::clock::Clock::now_ms(&world.clock)
    );
}

#[tokio::test]
async fn r2_one_product_groups_of_thirty_and_unknown_ones_dropped() {
    let products = (0..35)
        .map(|n| product(&format!("p{n:02}"), &format!("Produto {n}"), "Tudo", "1.00"))
        .collect();
    let mut world = World::with(Settings {
        products,
        ..Settings::default()
    })
    .await;
    world.says(&ana(), "oi").await;
    let home = world.conversation(&ana()).await.home;
    let ids: Vec<String> = (0..35).map(|n| format!("p{n:02}")).collect();
    let mut wanted: Vec<&str> = ids.iter().map(String::as_str).collect();
    wanted.push("unknown");
    let happened = requested(&world, home, "many", &wanted);
    world.happens(happened).await;
    let lists: Vec<usize> = world
        .screen(&ana())
        .await
        .iter()
        .filter(|seen| seen.json["interactive"]["type"] == "product_list")
        .map(|seen| {
            let sections = seen.json["interactive"]["action"]["sections"].as_array().unwrap();
            sections
                .iter()
                .map(|section| section["product_items"].as_array().unwrap().len())
                .sum()
        })
        .collect();
    assert_eq!(lists, [30, 5]);
}

#[tokio::test]
async fn r2_when_whatsapp_knows_none_of_the_products_the_customer_gets_a_helpful_reply() {
    let mut world = World::new().await;
    world.says(&ana(), "oi").await;
    let home = world.conversation(&ana()).await.home;
    world.chat.will_meet([Mishap::Refused(131_009)]);
    let happened = requested(&world, home, "x", &["coffee"]);
    world.happens(happened).await;
    let last = world.screen(&ana()).await.pop().unwrap();
    assert_eq!(last.kind, Kind::Error);
    assert!(last.has("menu") && last.has("person"));
}

#[tokio::test]
async fn r3_a_cart_is_built_by_taps_alone_and_ends_in_a_purchase_request() {
    let mut world = World::new().await;
    let cart = world.adds(&ana(), "coffee").await;
    assert_eq!(cart.kind, Kind::Cart);
    world.adds(&ana(), "cake").await;
    let whole = world.says(&ana(), "sacola").await;
    let choose = world.taps(&ana(), &whole.button("quantity")).await;
    let three = choose
        .buttons()
        .into_iter()
        .find(|(_, title)| title == "25 unidades")
        .unwrap()
        .0;
    world.taps(&ana(), &three).await;
    assert_eq!(
        world.cart(&ana()).await,
        [("coffee".to_owned(), 25), ("cake".to_owned(), 1)]
    );
    let whole = world.says(&ana(), "sacola").await;
    let removes: Vec<String> = whole
        .buttons()
        .into_iter()
        .filter(|(id, _)| id.starts_with("s1.remove."))
        .map(|(id, _)| id)
        .collect();
    world.taps(&ana(), &removes[1]).await;
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 25)]);
    let paid = world.buys(&ana()).await;
    assert_eq!(paid.kind, Kind::PaymentLink);
    let purchases = world.shop.purchases();
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0].quote.total, brl("250.00"));
    assert!(world.cart(&ana()).await.is_empty());
}

#[tokio::test]
async fn r3_emptying_the_cart_takes_everything_out() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let whole = world.says(&ana(), "carrinho").await;
    let after = world.taps(&ana(), &whole.button("empty")).await;
    assert!(world.cart(&ana()).await.is_empty());
    assert!(after.body().contains("vazia"));
}

#[tokio::test]
async fn r3_a_native_order_with_true_prices_is_forwarded_at_once() {
    let mut world = World::new().await;
    let seen = world
        .orders(&ana(), &[("coffee", 2, "10"), ("cake", 1, "8.9")])
        .await;
    assert_eq!(seen.kind, Kind::PaymentLink, "{}", seen.body());
    let purchases = world.shop.purchases();
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0].quote.total, brl("28.90"));
    assert_eq!(purchases[0].source, sacola::domain::purchase::Source::Order);
}

#[tokio::test]
async fn r3_a_native_order_that_differs_in_anything_is_confirmed_first() {
    let mut world = World::new().await;
    world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
    world.shop.drop_product("cake");
    let notice = world
        .orders(&ana(), &[("coffee", 2, "10.00"), ("cake", 1, "8.90")])
        .await;
    assert_eq!(notice.kind, Kind::PriceChange);
    assert!(
        notice.body().contains("de R$ 10,00 para R$ 11,00"),
        "{}",
        notice.body()
    );
    assert!(world.shop.purchases().is_empty());
    let link = world.taps(&ana(), &notice.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink);
    assert_eq!(world.shop.purchases()[0].quote.total, brl("22.00"));
    let again = world.taps(&ana(), &notice.button("confirm")).await;
    assert_eq!(again.kind, Kind::Stale);
    assert_eq!(world.shop.posts(), 1);
}

#[tokio::test]
async fn r4_two_devices_have_two_carts_and_copying_takes_a_tap() {
    let mut world = World::new().await;
    let (android, web) = (ana(), phone("BR.1001", Device::Web));
    let cart = world.adds(&android, "coffee").await;
    let shown = world.shows(&web, "cake").await;
    world.taps(&web, &shown.button("add")).await;
    assert_eq!(world.cart(&android).await, [("coffee".to_owned(), 1)]);
    assert_eq!(world.cart(&web).await, [("cake".to_owned(), 1)]);
    let other = world.taps(&web, &cart.button("checkout")).await;
    assert_eq!(other.kind, Kind::Cart);
    assert!(other.body().contains("outro aparelho"));
    assert_eq!(
        world.cart(&web).await,
        [("cake".to_owned(), 1)],
        "nothing merged by itself"
    );
    world.taps(&web, &other.button("copy_cart")).await;
    assert_eq!(
        world.cart(&web).await,
        [("cake".to_owned(), 1), ("coffee".to_owned(), 1)]
    );
    assert_eq!(world.cart(&android).await, [("coffee".to_owned(), 1)]);
}

#[tokio::test]
async fn r4_another_business_number_is_another_cart() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let said = Event::Said {
        text: "sacola".to_owned(),
        about: None,
        device: Device::Android,
    };
    let mut happened = world.happened(&ana(), What::Event(said));
    happened.who = Who::Customer {
        number: second_number(),
        customer: ana().customer,
    };
    world.happens(happened).await;
    let there = world
        .engine
        .conversation_of(&second_number(), "BR.1001")
        .await
        .unwrap()
        .unwrap();
    assert!(there.carts.is_empty());
    assert_ne!(there.home, world.conversation(&ana()).await.home);
    let known = world
        .engine
        .conversation_of(&number(), "BR.1001")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(known.carts.len(), 1);
}

#[tokio::test]
async fn r5_phone_only_explains_and_never_loses_a_native_order() {
    let settings = Settings {
        web_clients: WebClients::PhoneOnly,
        ..Settings::default()
    };
    let mut world = World::with(settings).await;
    let web = phone("BR.1001", Device::Web);
    let reply = world.says(&web, "menu").await;
    assert_eq!(reply.kind, Kind::Help);
    assert!(reply.body().contains("celular"));
    let paid = world.orders(&web, &[("coffee", 1, "10.00")]).await;
    assert_eq!(paid.kind, Kind::PaymentLink);
    let menu = world.says(&ana(), "menu").await;
    assert_eq!(menu.kind, Kind::Menu, "the phone is as always");
}

#[tokio::test]
async fn r5_by_default_a_web_client_has_a_cart_of_its_own() {
    let mut world = World::new().await;
    let web = phone("BR.1001", Device::Web);
    world.adds(&web, "coffee").await;
    assert_eq!(world.cart(&web).await, [("coffee".to_owned(), 1)]);
}
