//! Who a customer is, over time: a new number, a number that was given to somebody else, two ids of one person, a person of
//! the business who writes past us, and a machine on the other side.

use sacola::domain::conversation::Customer;
use sacola::domain::device::Device;
use sacola::domain::event::Event;
use sacola::engine::{Happened, Taken, What, Who};

use crate::support::chat::{Mishap, Seen};
use crate::support::world::{Phone, World, ana, number};

const OLD: &str = "551191001";
const NEW: &str = "5511888880000";

fn customer(user_id: Option<&str>, wa_id: Option<&str>) -> Phone {
    Phone {
        customer: Customer {
            user_id: user_id.map(str::to_owned),
            wa_id: wa_id.map(str::to_owned),
            name: None,
        },
        device: Device::Android,
    }
}

fn cart_please() -> What {
    What::Event(Event::Said {
        text: "carrinho".to_owned(),
        about: None,
        device: Device::Android,
    })
}

async fn moves(world: &mut World, from: &Phone, to: &Phone) {
    let home = world
        .engine
        .link(&number(), &from.customer, &to.customer)
        .await
        .unwrap();
    let to = to.customer.clone();
    let mut happened = world.happened(from, What::Event(Event::Moved { to }));
    happened.who = Who::Home(home.expect("the customer is known"));
    world.happens(happened).await;
}

#[tokio::test]
async fn a_customer_with_a_new_number_keeps_the_cart_and_is_answered_there() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let moved = customer(Some("BR.2002"), Some(NEW));
    moves(&mut world, &ana(), &moved).await;
    world.says(&ana(), "carrinho").await;
    let home = world.conversation(&ana()).await.home;
    let happened = world.happened(&moved, cart_please());
    world.happens(happened).await;
    let seen = world.chat.phone(&home).pop().unwrap();
    assert!(seen.body().contains("Café especial"), "{}", seen.body());
    assert_eq!(seen.json["to"], NEW);
}

#[tokio::test]
async fn a_new_user_id_alone_ends_the_old_number() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let moved = customer(Some("BR.2002"), None);
    moves(&mut world, &ana(), &moved).await;
    let happened = world.happened(&moved, cart_please());
    world.happens(happened).await;
    let home = world.conversation(&ana()).await.home;
    let seen = world.chat.phone(&home).pop().unwrap();
    assert_eq!(
        (seen.json["recipient"].as_str(), seen.json["to"].as_str()),
        (Some("BR.2002"), None)
    );
}

#[tokio::test]
async fn what_waited_while_a_customer_moved_goes_to_the_new_number() {
    let mut world = World::new().await;
    world.says(&ana(), "menu").await;
    world.chat.will_meet([Mishap::Refused(131_056)]);
    let happened = world.happened(&ana(), cart_please());
    world.happens(happened).await;
    moves(&mut world, &ana(), &customer(Some("BR.2002"), Some(NEW))).await;
    world.passes(10_000).await;
    let home = world.conversation(&ana()).await.home;
    assert_eq!(world.chat.phone(&home).pop().unwrap().json["to"], NEW);
}

#[tokio::test]
async fn a_number_that_was_given_to_somebody_else_opens_no_strangers_conversation() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let bob = customer(Some("BR.3003"), Some(OLD));
    let cart = world.says(&bob, "carrinho").await;
    assert!(!cart.body().contains("Café especial"), "{}", cart.body());
    let (hers, his) = (world.conversation(&ana()).await, world.conversation(&bob).await);
    assert_ne!(hers.home, his.home);
    assert_eq!(hers.customer.user_id.as_deref(), Some("BR.1001"));
    assert_eq!(hers.carts.len(), 1);
    let dan = customer(Some("BR.4004"), Some(OLD));
    let looked_up = world.engine.home_of(&number(), &dan.customer).await.unwrap();
    assert_eq!(looked_up, None, "looking up reads as taking does");
    let again = world.says(&bob, "menu").await;
    assert!(again.has("category"));
    assert_eq!(world.conversation(&bob).await.home, his.home);
}

#[tokio::test]
async fn the_second_id_of_a_known_customer_leads_to_the_same_cart() {
    let mut world = World::new().await;
    let by_number = customer(None, Some(OLD));
    world.adds(&by_number, "coffee").await;
    let both = customer(Some("BR.1001"), Some(OLD));
    let happened = world.happened(&both, cart_please());
    assert!(matches!(world.happens(happened).await, Taken::Done { .. }));
    let home = world.conversation(&by_number).await.home;
    assert!(
        world
            .chat
            .phone(&home)
            .pop()
            .unwrap()
            .body()
            .contains("Café especial")
    );
}

#[tokio::test]
async fn a_person_who_writes_in_the_business_app_is_not_talked_over_and_late_news_of_it_is_ignored() {
    let mut world = World::new().await;
    world.says(&ana(), "menu").await;
    let echo = |world: &World, at_ms: i64| Happened {
        at_ms,
        ..world.happened(&ana(), What::Event(Event::Echoed))
    };
    let stale = echo(&world, world.now_ms() - 60_000);
    world.happens(stale).await;
    world.clock.advance_ms(1_000);
    assert!(world.says(&ana(), "menu").await.has("category"));
    let fresh = echo(&world, world.now_ms() + 1);
    world.happens(fresh).await;
    let before = world.screen(&ana()).await.len();
    world.clock.advance_ms(1_000);
    world.says(&ana(), "qual o horário de vocês hoje?").await;
    assert_eq!(world.screen(&ana()).await.len(), before, "the person answers");
}

#[tokio::test]
async fn two_machines_do_not_talk_for_ever() {
    let mut world = World::new().await;
    for _ in 0..40 {
        world.clock.advance_ms(1_000);
        world
            .says(&ana(), "Digite 1 para vendas, 2 para suporte técnico")
            .await;
    }
    let told = world.screen(&ana()).await.len();
    assert!(told <= 8, "{told} messages to a machine");
    world.clock.advance_ms(180_000);
    assert!(
        world.says(&ana(), "menu").await.has("category"),
        "a customer is answered again"
    );
}

#[tokio::test]
async fn r7_a_notice_that_failed_late_is_told_again_though_its_product_has_left_the_cart() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let home = world.conversation(&ana()).await.home;
    world.product_news("coffee", None).await;
    let notice = world.screen(&ana()).await.pop().unwrap();
    assert!(notice.body().contains("Café especial"), "{}", notice.body());
    let data = notice.json["biz_opaque_callback_data"].as_str().unwrap();
    let effect_id = sacola::domain::ids::EffectId::new(data.splitn(3, '.').nth(2).unwrap());
    let failed = Event::SendFailed {
        effect_id,
        kind: Some(sacola::domain::message::Kind::PriceChange),
        message: None,
        failure: sacola::domain::event::SendFailure::Owed {
            code: 131_000,
            soon: true,
        },
    };
    let mut happened = world.happened(&ana(), What::Event(failed));
    happened.who = Who::Home(home.clone());
    world.happens(happened).await;
    let before = world.screen(&ana()).await.len();
    world.says(&ana(), "menu").await;
    let told: Vec<String> = world
        .chat
        .phone(&home)
        .iter()
        .skip(before)
        .map(Seen::body)
        .collect();
    assert!(told.iter().any(|body| body.contains("Café especial")), "{told:?}");
}
