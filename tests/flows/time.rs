//! Time at its edges, on a clock that stands still: the service window, quotes, buttons, carts, marks and notices, each
//! one tick before, at and after its end.

use sacola::delivery::Learned;
use sacola::domain::cart::Checkout;
use sacola::domain::conversation::{OrderStage, SERVICE_WINDOW_MS};
use sacola::domain::device::Device;
use sacola::domain::ids::{MerchantId, RetailerId};
use sacola::domain::message::Kind;
use sacola::engine::Taken;
use sacola::store::LaneKind;

use crate::support::chat::Mishap;
use crate::support::shop::brl;
use crate::support::time::{DAY_MS, HOUR_MS, SECOND_MS};
use crate::support::world::{NOON_MS, World, ana, phone};

/// When a button that is drawn in the hour after noon ends.
const BUTTONS_END_MS: i64 = NOON_MS + 30 * DAY_MS;

/// When the quote ends that the cart's checkout shows.
async fn quote_ends_ms(world: &World) -> i64 {
    let cart = world.conversation(&ana()).await.cart(Device::Android);
    let Some(Checkout::Shown { quote, .. }) = &cart.checkout else {
        panic!("no quote is shown: {:?}", cart.checkout)
    };
    quote.expires_at_ms
}

/// When the quote of the only native order ends.
async fn order_ends_ms(world: &World) -> i64 {
    let conversation = world.conversation(&ana()).await;
    let stage = conversation.orders.values().next().map(|order| &order.stage);
    let Some(OrderStage::Shown { quote }) = stage else {
        panic!("no order is shown: {stage:?}")
    };
    quote.expires_at_ms
}

#[tokio::test]
async fn r1_a_message_leaves_until_the_last_ms_of_the_24_hours_after_the_customers_own_timestamp() {
    let own_ms = NOON_MS - 90 * SECOND_MS;
    for (after_ms, leaves) in [
        (DAY_MS - 1_000, true),
        (DAY_MS - 1, true),
        (DAY_MS, false),
        (DAY_MS + 1, false),
    ] {
        let mut world = World::new().await;
        let mut hello = world.said(&ana(), "oi");
        hello.at_ms = own_ms;
        world.takes(hello).await;
        let home = world.home(&ana()).await;
        assert_eq!(world.chat.attempts(), 1);
        world.sets_clock(own_ms + after_ms);
        let request = world.requested(&home, "edge");
        world.takes(request).await;
        world.sweeps().await;
        assert_eq!(world.chat.attempts(), 1 + usize::from(leaves), "{after_ms}");
        assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
    }
}

#[tokio::test]
async fn r1_what_was_queued_in_the_last_open_ms_is_not_sent_in_the_first_closed_one() {
    let mut world = World::new().await;
    let hello = world.said(&ana(), "oi");
    world.takes(hello).await;
    let home = world.home(&ana()).await;
    world.sets_clock(NOON_MS + DAY_MS - 1);
    let request = world.requested(&home, "queued");
    let taken = world.engine.take(request).await.unwrap();
    assert!(matches!(taken, Taken::Done { effects, .. } if effects.len() == 1));
    world.comes_to(NOON_MS + DAY_MS).await;
    assert_eq!(world.chat.attempts(), 1, "no call to the provider");
    world.comes_to(NOON_MS + 2 * DAY_MS).await;
    assert_eq!(world.chat.attempts(), 1);
    assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
}

#[tokio::test]
async fn r1_a_repeat_that_is_due_after_the_window_closed_is_not_made() {
    let mut world = World::new().await;
    let hello = world.said(&ana(), "oi");
    world.takes(hello).await;
    let home = world.home(&ana()).await;
    world.sets_clock(NOON_MS + DAY_MS - 500);
    world.chat.will_meet([Mishap::Unreachable]);
    let request = world.requested(&home, "repeat");
    world.takes(request).await;
    assert_eq!(world.chat.attempts(), 2, "tried while the window was open");
    let due_ms = NOON_MS + DAY_MS + 500;
    assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, Some(due_ms));
    world.comes_to(due_ms).await;
    assert_eq!(world.chat.attempts(), 2, "no call to the provider");
    assert_eq!(world.waits_until(&ana(), LaneKind::Provider).await, None);
}

#[tokio::test]
async fn r1_the_window_counts_from_the_messages_own_time_and_never_from_later_than_now() {
    for (own_ms, until_ms) in [
        (NOON_MS - DAY_MS, NOON_MS),
        (NOON_MS - DAY_MS + 1, NOON_MS + 1),
        (NOON_MS - 1, NOON_MS - 1 + DAY_MS),
        (NOON_MS, NOON_MS + DAY_MS),
        (NOON_MS + 1, NOON_MS + DAY_MS),
        (NOON_MS + 3 * DAY_MS, NOON_MS + DAY_MS),
    ] {
        let mut world = World::new().await;
        let mut hello = world.said(&ana(), "oi");
        hello.at_ms = own_ms;
        world.takes(hello).await;
        let open_until_ms = world.conversation(&ana()).await.window_open_until_ms;
        assert_eq!(open_until_ms, until_ms, "{own_ms}");
        assert_eq!(world.chat.attempts(), usize::from(until_ms > NOON_MS), "{own_ms}");
    }
}

#[tokio::test]
async fn r1_an_older_message_that_comes_later_and_a_redelivery_move_no_window() {
    let mut world = World::new().await;
    let hello = world.said(&ana(), "oi");
    let mut earlier = world.said(&ana(), "menu");
    earlier.at_ms = NOON_MS - 12 * HOUR_MS;
    world.takes(hello.clone()).await;
    world.takes(earlier).await;
    let until_ms = NOON_MS + SERVICE_WINDOW_MS;
    assert_eq!(world.conversation(&ana()).await.window_open_until_ms, until_ms);
    world.comes_to(NOON_MS + 3 * DAY_MS).await;
    let calls = world.chat.attempts();
    assert_eq!(world.takes(hello).await, Taken::Duplicate);
    assert_eq!(world.conversation(&ana()).await.window_open_until_ms, until_ms);
    assert_eq!(world.chat.attempts(), calls);
}

#[tokio::test]
async fn r8_a_quote_is_bought_until_the_ms_before_its_end_and_asked_for_again_from_then_on() {
    for (past_ms, buys) in [(-1, true), (0, false), (1, false)] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let summary = world.says(&ana(), "finalizar").await;
        let ends_ms = quote_ends_ms(&world).await;
        world.sets_clock(ends_ms + past_ms);
        let answer = world.taps(&ana(), &summary.button("confirm")).await;
        assert_eq!(world.shop.posts(), usize::from(buys), "{past_ms}");
        if buys {
            assert_eq!(answer.kind, Kind::PaymentLink);
            continue;
        }
        assert_eq!(answer.kind, Kind::Summary, "{past_ms}");
        assert!(quote_ends_ms(&world).await > ends_ms + past_ms);
        let link = world.taps(&ana(), &answer.button("confirm")).await;
        assert_eq!((link.kind, world.shop.posts()), (Kind::PaymentLink, 1));
    }
}

#[tokio::test]
async fn r8_nothing_is_forwarded_at_the_price_of_a_quote_that_has_ended() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let summary = world.says(&ana(), "finalizar").await;
    world.shop.change("coffee", |coffee| coffee.price = brl("12.00"));
    world.sets_clock(quote_ends_ms(&world).await);
    let notice = world.taps(&ana(), &summary.button("confirm")).await;
    assert_eq!((notice.kind, world.shop.posts()), (Kind::PriceChange, 0));
    assert!(notice.body().contains("R$ 12,00"), "{}", notice.body());
    world.taps(&ana(), &notice.button("accept_prices")).await;
    world.buys(&ana()).await;
    assert_eq!(world.shop.posts(), 1);
    assert_eq!(world.shop.purchases()[0].quote.total, brl("12.00"));
}

#[tokio::test]
async fn r8_a_native_orders_quote_ends_at_the_same_ms() {
    for (past_ms, buys) in [(-1, true), (0, false), (1, false)] {
        let mut world = World::new().await;
        world.shop.change("coffee", |coffee| coffee.price = brl("11.00"));
        let shown = world.orders(&ana(), &[("coffee", 2, "10.00")]).await;
        let ends_ms = order_ends_ms(&world).await;
        world.sets_clock(ends_ms + past_ms);
        let answer = world.taps(&ana(), &shown.button("confirm")).await;
        assert_eq!(world.shop.posts(), usize::from(buys), "{past_ms}");
        if buys {
            assert_eq!(answer.kind, Kind::PaymentLink);
            continue;
        }
        assert_eq!(answer.kind, Kind::PriceChange, "priced and shown again");
        assert!(order_ends_ms(&world).await > ends_ms + past_ms);
        world.taps(&ana(), &answer.button("confirm")).await;
        assert_eq!(world.shop.purchases()[0].quote.total, brl("22.00"));
    }
}

#[tokio::test]
async fn a_button_ends_with_the_full_hour_thirty_days_after_the_hour_it_was_drawn_in() {
    for drawn_ms in [NOON_MS, NOON_MS + HOUR_MS - 1] {
        for (past_ms, kind) in [(-1, Kind::Catalog), (0, Kind::Stale), (1, Kind::Stale)] {
            let mut world = World::new().await;
            world.sets_clock(drawn_ms);
            let menu = world.says(&ana(), "menu").await;
            world.sets_clock(BUTTONS_END_MS + past_ms);
            let seen = world.taps(&ana(), &menu.button("category")).await;
            assert_eq!(seen.kind, kind, "drawn at {drawn_ms}, tapped at {past_ms}");
        }
    }
}

#[tokio::test]
async fn a_button_that_changes_the_cart_does_so_until_its_last_ms_only() {
    for (past_ms, adds) in [(-1, true), (0, false)] {
        let mut world = World::new().await;
        let shown = world.shows(&ana(), "coffee").await;
        world.sets_clock(BUTTONS_END_MS + past_ms);
        let seen = world.taps(&ana(), &shown.button("add")).await;
        assert_eq!(seen.kind, if adds { Kind::Cart } else { Kind::Stale });
        assert_eq!(world.cart(&ana()).await.len(), usize::from(adds));
    }
}

#[tokio::test]
async fn r6_lines_of_four_hundred_days_ago_hear_of_a_change_and_are_bought() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.adds(&ana(), "coffee").await;
    world.comes_to(NOON_MS + 400 * DAY_MS).await;
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 2)]);
    let calls = world.chat.attempts();
    world
        .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
        .await;
    assert_eq!(world.chat.attempts(), calls, "the window is closed");
    let notice = world.says(&ana(), "oi").await;
    assert_eq!(notice.kind, Kind::PriceChange);
    world.taps(&ana(), &notice.button("accept_prices")).await;
    world.buys(&ana()).await;
    assert_eq!(world.shop.purchases()[0].quote.total, brl("24.00"));
}

#[tokio::test]
async fn a_redelivery_is_a_duplicate_to_the_end_of_the_ninth_day_also_of_a_tap_taken_behind_midnight() {
    let mut world = World::new().await;
    let bruno = phone("BR.2002", Device::Android);
    let shown = world.shows(&ana(), "coffee").await;
    let midnight_ms = NOON_MS + DAY_MS / 2;
    world.sets_clock(midnight_ms + 200);
    let mut tap = world.tap(&ana(), &shown.button("add"));
    tap.at_ms = midnight_ms - 500;
    assert!(matches!(world.takes(tap.clone()).await, Taken::Done { .. }));
    for at_ms in [
        midnight_ms + 200,
        midnight_ms + 8 * DAY_MS,
        midnight_ms + 10 * DAY_MS - 1,
    ] {
        world.sets_clock(at_ms);
        let other = world.said(&bruno, "oi");
        world.takes(other).await; // a commit: with it the store forgets what is over
        assert_eq!(world.takes(tap.clone()).await, Taken::Duplicate, "{at_ms}");
        assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn r7_news_is_told_in_the_last_open_ms_and_waits_for_the_next_message_from_the_first_closed_one() {
    for (past_ms, told) in [(-1, true), (0, false), (1, false)] {
        let mut world = World::new().await;
        world.adds(&ana(), "coffee").await;
        let ends_ms = world.conversation(&ana()).await.window_open_until_ms;
        world.sets_clock(ends_ms + past_ms - 1); // the news itself takes a millisecond
        world
            .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
            .await;
        assert_eq!(world.now_ms(), ends_ms + past_ms);
        assert_eq!(
            world.count(&ana(), Kind::PriceChange).await,
            usize::from(told),
            "{past_ms}"
        );
        let owed = world.conversation(&ana()).await.owed_news;
        assert_eq!(owed.is_empty(), told, "{past_ms}");
        world.says(&ana(), "oi").await;
        assert_eq!(world.count(&ana(), Kind::PriceChange).await, 1, "told once");
        assert!(world.conversation(&ana()).await.owed_news.is_empty());
    }
}

#[tokio::test]
async fn r7_a_notice_that_the_closing_window_overtakes_is_told_with_the_next_message() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let ends_ms = world.conversation(&ana()).await.window_open_until_ms;
    world.sets_clock(ends_ms - 1);
    let product = world.shop.change("coffee", |coffee| coffee.price = brl("12.00"));
    let news = Learned {
        retailer_id: RetailerId::new("coffee"),
        product: Some(product),
        learned_at_ms: world.now_ms(),
    };
    let learned = world.dispatcher.learn(&MerchantId::new("cafe"), vec![news]).await;
    assert_eq!(learned.unwrap().len(), 1);
    world.dispatcher.walk_all().await.unwrap();
    let calls = world.chat.attempts();
    world.comes_to(ends_ms).await;
    assert_eq!(world.chat.attempts(), calls, "no call to the provider");
    assert_eq!(world.conversation(&ana()).await.owed_texts.len(), 1);
    world.says(&ana(), "oi").await;
    let screen = world.screen(&ana()).await;
    let told: Vec<_> = screen
        .iter()
        .filter(|seen| seen.kind == Kind::PriceChange)
        .collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].body().contains("R$ 12,00"), "{}", told[0].body());
}
