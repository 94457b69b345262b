//! One story, at least, for each rule of selling in a chat.

use sacola::domain::device::Device;
use sacola::domain::event::Event;
use sacola::domain::facts::WebClients;
use sacola::domain::ids::{PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::domain::product::Availability;
use sacola::domain::purchase::PurchaseState;
use sacola::engine::{Happened, Taken, What, Who};

use crate::support::chat::Mishap;
use crate::support::shop::{Mood, brl, product};
use crate::support::world::{Settings, World, ana, number, phone, second_number};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

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

#[tokio::test]
async fn r6_after_four_hundred_days_the_lines_are_there_and_the_quote_is_not() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    let old_confirm = summary.button("confirm");
    world.passes(400 * DAY_MS).await;
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 1)]);
    let answer = world.taps(&ana(), &old_confirm).await;
    assert_eq!(answer.kind, Kind::Stale, "the button itself has ended");
    assert_eq!(world.shop.posts(), 0);
    let fresh = world.says(&ana(), "finalizar").await;
    assert_eq!(fresh.kind, Kind::Summary);
}

#[tokio::test]
async fn r6_a_quote_that_has_ended_is_asked_for_again_before_anything_is_bought() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    world.clock.advance_ms(16 * 60 * 1000);
    let again = world.taps(&ana(), &summary.button("confirm")).await;
    assert_eq!(again.kind, Kind::Summary);
    assert_eq!(world.shop.posts(), 0);
    let link = world.taps(&ana(), &again.button("confirm")).await;
    assert_eq!(link.kind, Kind::PaymentLink);
}

#[tokio::test]
async fn r7_any_change_is_told_once_and_blocks_the_checkout_until_accepted() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world
        .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
        .await;
    let notice = world.screen(&ana()).await.pop().unwrap();
    assert_eq!(notice.kind, Kind::PriceChange);
    assert!(
        notice.body().contains("de R$ 10,00 para R$ 12,00"),
        "{}",
        notice.body()
    );
    let count = world.screen(&ana()).await.len();
    let same = world.shop.change("coffee", |_| {});
    world.product_news("coffee", Some(same)).await;
    assert_eq!(
        world.screen(&ana()).await.len(),
        count,
        "the same news twice is one notice"
    );
    let blocked = world.says(&ana(), "finalizar").await;
    assert_eq!(blocked.kind, Kind::PriceChange, "the checkout waits");
    let view = world.says(&ana(), "sacola").await;
    assert!(
        view.body().contains("R$ 12,00") && view.has("accept_prices"),
        "no view of the cart hides it"
    );
    let cart = world.taps(&ana(), &blocked.button("accept_prices")).await;
    assert!(cart.body().contains("R$ 12,00"));
    world.buys(&ana()).await;
    assert_eq!(world.shop.purchases()[0].quote.total, brl("12.00"));
}

#[tokio::test]
async fn r7_news_of_unknown_outcome_is_told_though_the_customer_got_another_reply_meanwhile() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.chat.will_meet([Mishap::Lost]);
    world
        .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
        .await;
    world.says(&ana(), "ajuda").await;
    for (wait_ms, times) in [(0, 0), (61_000, 1), (600_000, 1)] {
        world.passes(wait_ms).await;
        let screen = world.screen(&ana()).await;
        let told = screen.iter().filter(|seen| seen.kind == Kind::PriceChange);
        assert_eq!(told.count(), times, "after {wait_ms} ms more");
    }
}

#[tokio::test]
async fn r7_a_copied_cart_keeps_the_change_that_was_told_and_not_accepted() {
    let mut world = World::new().await;
    let (android, web) = (ana(), phone("BR.1001", Device::Web));
    let cart = world.adds(&android, "coffee").await;
    world
        .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
        .await;
    let other = world.taps(&web, &cart.button("checkout")).await;
    let copied = world.taps(&web, &other.button("copy_cart")).await;
    assert_eq!(world.cart(&web).await, [("coffee".to_owned(), 1)]);
    assert!(
        copied.body().contains("de R$ 10,00 para R$ 12,00"),
        "{}",
        copied.body()
    );
    assert!(copied.has("accept_prices") && !copied.has("checkout"));
    let blocked = world.says(&web, "finalizar").await;
    assert_eq!(blocked.kind, Kind::PriceChange, "the copy's checkout waits");
    world.taps(&web, &blocked.button("accept_prices")).await;
    world.buys(&web).await;
    assert_eq!(world.shop.purchases()[0].quote.total, brl("12.00"));
    let blocked = world.says(&android, "finalizar").await;
    assert_eq!(
        blocked.kind,
        Kind::PriceChange,
        "what was accepted there was not accepted here"
    );
}

#[tokio::test]
async fn r7_title_options_and_availability_count_as_well() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "cake").await;
    world
        .product_changes("coffee", |coffee| coffee.title = "Café da casa".to_owned())
        .await;
    assert!(
        world
            .screen(&ana())
            .await
            .pop()
            .unwrap()
            .body()
            .contains("agora se chama Café da casa")
    );
    world
        .product_changes("coffee", |coffee| {
            coffee.options = Some("moagem: fina".to_owned());
        })
        .await;
    assert!(
        world
            .screen(&ana())
            .await
            .pop()
            .unwrap()
            .body()
            .contains("moagem: fina")
    );
    world
        .product_changes("cake", |cake| cake.availability = Availability::OutOfStock)
        .await;
    let notice = world.screen(&ana()).await.pop().unwrap();
    assert!(notice.body().contains("esgotou"), "{}", notice.body());
    world.taps(&ana(), &notice.button("accept_prices")).await;
    assert_eq!(
        world.cart(&ana()).await,
        [("coffee".to_owned(), 1)],
        "sold out leaves when accepted, as announced"
    );
}

#[tokio::test]
async fn r7_a_vanished_product_is_removed_and_named() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "cake").await;
    world.product_news("coffee", None).await;
    let notice = world.screen(&ana()).await.pop().unwrap();
    assert_eq!(notice.kind, Kind::PriceChange);
    assert!(notice.body().contains("Café especial"), "{}", notice.body());
    assert_eq!(world.cart(&ana()).await, [("cake".to_owned(), 1)]);
}

#[tokio::test]
async fn r7_outside_the_window_the_news_waits_for_the_next_message() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.passes(2 * DAY_MS).await;
    let sent = world.chat.attempts();
    world
        .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
        .await;
    assert_eq!(
        world.chat.attempts(),
        sent,
        "nothing goes out while the window is closed"
    );
    world.says(&ana(), "oi").await;
    let screen = world.screen(&ana()).await;
    assert!(
        screen
            .iter()
            .any(|seen| seen.kind == Kind::PriceChange && seen.body().contains("R$ 12,00"))
    );
}

#[tokio::test]
async fn r7_a_change_that_nobody_told_us_is_found_at_the_checkout() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.change("coffee", |coffee| coffee.price = brl("9.00"));
    let notice = world.says(&ana(), "finalizar").await;
    assert_eq!(notice.kind, Kind::PriceChange);
    world.dispatcher.walk_all().await.unwrap();
    world.settle().await;
    let notices = world
        .screen(&ana())
        .await
        .iter()
        .filter(|seen| seen.kind == Kind::PriceChange)
        .count();
    assert_eq!(notices, 1, "the walk that follows tells nobody twice");
}

#[tokio::test]
async fn r8_one_confirmation_is_one_purchase_whatever_happens_to_the_answer() {
    for moods in [
        vec![Mood::AnswerLost],
        vec![Mood::RequestLost],
        vec![Mood::RequestLost, Mood::AnswerLost],
        vec![Mood::Away],
        vec![Mood::Away, Mood::AnswerLost],
    ] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        world.shop.feels(moods.clone());
        world.buys(&ana()).await;
        let told = world
            .screen(&ana())
            .await
            .iter()
            .filter(|seen| seen.kind == Kind::PurchaseState)
            .count();
        assert_eq!(
            told, 1,
            "{moods:?}: the customer is told once that it takes longer"
        );
        for _ in 0..4 {
            world.passes(60_000).await;
        }
        let last = world.screen(&ana()).await.pop().unwrap();
        assert_eq!(last.kind, Kind::PaymentLink, "{moods:?}");
        assert_eq!(world.shop.purchases().len(), 1, "{moods:?}");
        assert!(
            world.shop.finds() >= 1,
            "{moods:?}: asked by id before anything was sent again"
        );
    }
}

#[tokio::test]
async fn r8_a_total_that_is_not_the_confirmed_one_goes_to_a_person() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::OtherTotal("10.01")]);
    let answer = world.buys(&ana()).await;
    assert_eq!(answer.kind, Kind::PurchaseState);
    assert!(answer.link().is_empty(), "no link for a wrong total");
    let purchase = world.conversation(&ana()).await.purchases[0].clone();
    assert_eq!(purchase.state, PurchaseState::NeedsReview);
}

#[tokio::test]
async fn r9_only_a_link_on_a_listed_host_is_sent() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.shop.feels([Mood::ForeignLink]);
    let answer = world.buys(&ana()).await;
    assert_eq!(answer.kind, Kind::PurchaseState);
    assert!(
        world
            .screen(&ana())
            .await
            .iter()
            .all(|seen| !seen.json.to_string().contains("evil.example.net"))
    );
    world.adds(&ana(), "coffee").await;
    let link = world.buys(&ana()).await;
    assert!(link.link().starts_with("https://pay.example.com/"));
}

#[tokio::test]
async fn r9_only_the_merchants_word_and_the_exact_amount_mark_a_purchase_paid() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let id = world.shop.purchases()[0].purchase_id.clone();
    world.says(&ana(), "já paguei!").await;
    assert_eq!(
        world.conversation(&ana()).await.purchases[0].state,
        PurchaseState::AwaitingPayment
    );
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    assert_eq!(world.screen(&ana()).await.pop().unwrap().kind, Kind::Paid);
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let second = world.conversation(&ana()).await.purchases[1].purchase_id.clone();
    world
        .merchant_says(&second, PurchaseState::Paid, Some(brl("9.99")))
        .await;
    assert_eq!(
        world.conversation(&ana()).await.purchases[1].state,
        PurchaseState::NeedsReview
    );
}
