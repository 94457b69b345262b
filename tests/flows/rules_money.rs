//! One story, at least, for each rule of selling in a chat, R6 to R9: quotes that end, prices that change, one purchase per
//! confirmation, and whose word makes it paid.

use sacola::domain::device::Device;
use sacola::domain::message::Kind;
use sacola::domain::product::Availability;
use sacola::domain::purchase::PurchaseState;

use crate::support::chat::Mishap;
use crate::support::shop::{Mood, brl};
use crate::support::time::DAY_MS;
use crate::support::world::{World, ana, phone};

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
