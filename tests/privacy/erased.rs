//! Whom an erasure means and what it leaves: purchases that wait or are nobody's, ids that moved, other numbers, other merchants,
//! letters; and the people of these tests. What the disk holds afterwards is in `erased_on_disk`.

use sacola::domain::conversation::Customer;
use sacola::domain::device::Device;
use sacola::domain::event::{Event, OrderItem, SendFailure};
use sacola::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId};
use sacola::domain::purchase::PurchaseState;
use sacola::engine::erasure::{Asked, Outcome, Report};
use sacola::engine::{Happened, What, Who};
use sacola::store::{DeadLetter, DeliveryStatus, IdempotencyOutcome, StatusTarget};

use crate::support::shop::{Mood, brl};
use crate::support::time::HOUR_MS;
use crate::support::world::{Phone, World, ana, number, second_number};

pub(super) const NAME: &str = "Anabela Distintiva Conceição";
pub(super) const USER: &str = "BR.77001234";
pub(super) const WA: &str = "5511987654321";

pub(super) fn anabela() -> Phone {
    customer(USER, WA, NAME)
}

pub(super) fn bruno() -> Phone {
    customer("BR.88005678", "5511912345678", "Bruno Intacto")
}

pub(super) fn customer(user_id: &str, wa_id: &str, name: &str) -> Phone {
    Phone {
        customer: Customer {
            user_id: Some(user_id.to_owned()),
            wa_id: Some(wa_id.to_owned()),
            name: Some(name.to_owned()),
        },
        device: Device::Android,
    }
}

pub(super) fn asked(customer: &str) -> Asked {
    Asked {
        number: number(),
        customer: customer.to_owned(),
        whose: None,
        is_dry: false,
    }
}

pub(super) async fn erases(world: &World, asked: &Asked) -> Report {
    match world.engine.erase(asked).await.unwrap() {
        Outcome::Done(report) => *report,
        other @ (Outcome::Unknown | Outcome::InFlight(_) | Outcome::Busy) => panic!("{other:?}"),
    }
}

/// A native order that is too large for any conversation.
fn order_of_long_ids() -> Event {
    let item = |n: usize| OrderItem {
        retailer_id: RetailerId::new(format!("{n:03}{}", "x".repeat(560))),
        quantity: 1,
        item_price: "1.00".to_owned(),
        currency: "BRL".to_owned(),
    };
    Event::Ordered {
        items: (0..100).map(item).collect(),
        note: None,
        device: Device::Android,
    }
}

/// A webhook for an unknown number in which both have written.
fn stray_webhook() -> DeadLetter {
    let contact = |wa_id: &str, name: &str| format!(r#"{{"wa_id":"{wa_id}","profile":{{"name":"{name}"}}}}"#);
    let message = |wa_id: &str| {
        format!(
            r#"{{"from":"{wa_id}","id":"wamid.{wa_id}","timestamp":"1790000000","type":"text","text":{{"body":"oi"}}}}"#
        )
    };
    let bruno_id = bruno().customer.wa_id.unwrap();
    let contacts = [contact(WA, NAME), contact(&bruno_id, "Bruno Intacto")].join(",");
    let messages = [message(WA), message(&bruno_id)].join(",");
    let body = format!(
        r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"999"}},"contacts":[{contacts}],"messages":[{messages}]}}}}]}}]}}"#
    );
    DeadLetter {
        id: "dl-stray".to_owned(),
        reason: "unknown_number".to_owned(),
        detail: "a webhook for a number that is not configured".to_owned(),
        merchant: None,
        home: None,
        at_ms: 1_790_000_000_000,
        source: "webhook".to_owned(),
        body,
    }
}

/// What somebody leaves in a full life: carts on two devices, purchases, an order with a note, a price notice, a letter, statuses.
pub(super) async fn lives(world: &mut World, phone: &Phone) {
    world.says(phone, "oi").await;
    world.adds(phone, "coffee").await;
    world.buys(phone).await;
    let id = world.conversation(phone).await.purchases[0].purchase_id.clone();
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    let name = phone.customer.name.clone().unwrap();
    let ordered = Event::Ordered {
        items: vec![OrderItem {
            retailer_id: RetailerId::new("cake"),
            quantity: 2,
            item_price: "8.90".to_owned(),
            currency: "BRL".to_owned(),
        }],
        note: Some(format!("para {name}, {}", phone.customer.wa_id.clone().unwrap())),
        device: Device::Android,
    };
    let happened = world.happened(phone, What::Event(ordered));
    world.happens(happened).await;
    let web = Phone {
        device: Device::Web,
        ..phone.clone()
    };
    world.adds(&web, "filter").await;
    world.adds(phone, "coffee").await;
    let parked = world.happened(phone, What::Event(order_of_long_ids()));
    world.happens(parked).await;
    let home = world.conversation(phone).await.home;
    let target = StatusTarget::Effect(EffectId::of(&home, 1, 0));
    let status = world
        .store
        .record_status(&target, DeliveryStatus::Read, world.now_ms());
    status.await.unwrap();
}

/// Records and answers that hold one person's ids beside the conversation.
pub(super) async fn leaves_more(world: &World, phone: &Phone) {
    let home = world.conversation(phone).await.home;
    let store = &world.store;
    let customer = serde_json::to_string(&phone.customer).unwrap();
    let parked = format!(r#"{{"customer":{customer},"home":null}}"#);
    store
        .put_record("parked_status", "r-1", &parked, 0)
        .await
        .unwrap();
    // Longer than what passes until the erasure: an answer that has ended is gone already.
    let begun = store
        .begin_idempotent("k", "f", 48 * HOUR_MS, world.now_ms())
        .await;
    assert_eq!(begun.unwrap(), IdempotencyOutcome::New);
    let answer = format!(r#"{{"effects":["{home}.1.0"]}}"#);
    store.finish_idempotent("k", &answer).await.unwrap();
    store.park(&stray_webhook(), 10).await.unwrap();
}

pub(super) fn failed_late(home: &HomeId, effect_id: &EffectId) -> Happened {
    Happened {
        who: Who::Home(home.clone()),
        id: format!("{effect_id}:failed"),
        at_ms: 0,
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(Event::SendFailed {
            effect_id: effect_id.clone(),
            kind: None,
            message: None,
            failure: SendFailure::Rejected { code: 131_026 },
        }),
    }
}

#[tokio::test]
async fn a_purchase_without_an_answer_is_waited_for() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    // Tried at once and a second later; then two seconds pass, which the world does not sit through by itself.
    world.shop.feels([Mood::Away, Mood::Away]);
    let summary = world.says(&ana(), "finalizar").await;
    world.taps(&ana(), &summary.button("confirm")).await;
    let before = world.conversation(&ana()).await;
    assert!(
        before.purchases[0].state.is_unanswered(),
        "{:?}",
        before.purchases
    );
    let user_id = ana().customer.user_id.unwrap();
    match world.engine.erase(&asked(&user_id)).await.unwrap() {
        Outcome::InFlight(ids) => assert_eq!(ids, [before.purchases[0].purchase_id.clone()]),
        other @ (Outcome::Done(_) | Outcome::Unknown | Outcome::Busy) => panic!("{other:?}"),
    }
    assert_eq!(world.conversation(&ana()).await, before, "nothing was changed");
    for _ in 0..3 {
        world.passes(60_000).await;
    }
    let after = world.conversation(&ana()).await.purchases[0].state;
    assert!(!after.is_unanswered(), "the shop is back: {after:?}");
    let report = erases(&world, &asked(&user_id)).await;
    assert_eq!((report.erased.conversations, report.kept.purchases), (1, 1));
}

#[tokio::test]
async fn news_of_a_purchase_that_is_nobodys_moves_it_on_and_tells_nobody() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let id = world.conversation(&ana()).await.purchases[0].purchase_id.clone();
    erases(&world, &asked(&ana().customer.user_id.unwrap())).await;
    let state = |record: sacola::engine::PurchaseRecord| record.purchase.state;
    let engine = &world.engine;
    for (next, total, expected) in [
        (PurchaseState::Paid, Some(brl("10.00")), PurchaseState::Paid),
        (PurchaseState::AwaitingPayment, None, PurchaseState::Paid),
        (PurchaseState::Refunded, None, PurchaseState::Refunded),
    ] {
        assert!(
            engine
                .takes_news_of_nobodys(&id, next, total.as_ref())
                .await
                .unwrap()
        );
        assert_eq!(state(engine.purchase(&id).await.unwrap().unwrap()), expected);
    }
    let unknown = PurchaseId::new("00ff");
    let taken = engine
        .takes_news_of_nobodys(&unknown, PurchaseState::Paid, None)
        .await;
    assert!(!taken.unwrap());
    world
        .happens(failed_late(&HomeId::new(""), &EffectId::new("x")))
        .await;
    assert!(world.letters().await.is_empty());
}

#[tokio::test]
async fn all_ids_of_somebody_who_moved_go_and_those_of_a_stranger_stay() {
    let mut world = World::new().await;
    world.adds(&anabela(), "coffee").await;
    let moved = customer("BR.77009999", "5511900001111", NAME);
    let home = world
        .engine
        .link(&number(), &anabela().customer, &moved.customer)
        .await;
    let mut told = world.happened(
        &anabela(),
        What::Event(Event::Moved {
            to: moved.customer.clone(),
        }),
    );
    told.who = Who::Home(home.unwrap().unwrap());
    world.happens(told).await;
    let wrote = world.said(&moved, "carrinho");
    world.happens(wrote).await;
    // The old number has a new owner.
    let stranger = customer("BR.55550000", WA, "Outra Pessoa");
    world.adds(&stranger, "cake").await;
    let report = erases(&world, &asked("BR.77009999")).await;
    assert_eq!(
        (report.erased.conversations, report.proof.found),
        (1, 0),
        "{report:#?}"
    );
    assert_eq!(world.cart(&stranger).await, [("cake".to_owned(), 1)]);
    for id in [USER, "BR.77009999", "5511900001111"] {
        let found = world.engine.conversation_of(&number(), id).await.unwrap();
        assert!(found.is_none(), "{id}");
    }
}

#[tokio::test]
async fn a_conversation_with_another_number_is_another_one() {
    let mut world = World::new().await;
    world.adds(&anabela(), "coffee").await;
    let mut elsewhere = world.said(&anabela(), "oi");
    elsewhere.who = Who::Customer {
        number: second_number(),
        customer: anabela().customer,
    };
    world.happens(elsewhere).await;
    let report = erases(&world, &asked(USER)).await;
    assert_eq!(report.proof.found, 0, "{report:#?}");
    assert!(report.proof.elsewhere.unwrap() > 0);
    let kept = world
        .engine
        .conversation_of(&second_number(), USER)
        .await
        .unwrap();
    assert!(kept.is_some());
    let there = Asked {
        number: second_number(),
        ..asked(USER)
    };
    let report = erases(&world, &there).await;
    assert_eq!(
        (report.proof.found, report.proof.elsewhere),
        (0, Some(0)),
        "{report:#?}"
    );
    assert_eq!(report.proof.same_name, 0);
}

#[tokio::test]
async fn a_merchant_touches_no_letter_of_others_and_a_name_alone_removes_nothing() {
    let mut world = World::new().await;
    world.adds(&anabela(), "coffee").await;
    let namesake = customer("BR.99990001", "5511977770000", NAME);
    world.adds(&namesake, "cake").await;
    world.store.park(&stray_webhook(), 10).await.unwrap();
    let own = Asked {
        whose: Some(MerchantId::new("cafe")),
        ..asked(USER)
    };
    let report = erases(&world, &own).await;
    assert_eq!(
        (report.proof.found, report.proof.elsewhere),
        (0, None),
        "{report:#?}"
    );
    assert_eq!(report.erased.dead_letters_trimmed, 0);
    assert!(report.proof.same_name > 0);
    assert_eq!(world.cart(&namesake).await, [("cake".to_owned(), 1)]);
    let kept = world.store.dead_letter("dl-stray").await.unwrap().unwrap();
    assert!(kept.body.contains(WA));
    let report = erases(&world, &asked(USER)).await;
    assert_eq!(
        report.erased.dead_letters_trimmed, 0,
        "nothing leads from the user id to the number any more"
    );
    let report = erases(&world, &asked(WA)).await;
    assert_eq!(report.erased.dead_letters_trimmed, 1, "{report:#?}");
}

#[tokio::test]
async fn whom_nobody_knows_is_unknown_and_only_a_letter_is_enough_to_be_known() {
    let world = World::new().await;
    for nobody in ["BR.12345678", "5511900000000", "messages", "1", "106540352242922"] {
        let outcome = world.engine.erase(&asked(nobody)).await.unwrap();
        assert_eq!(outcome, Outcome::Unknown, "{nobody}");
    }
    world.store.park(&stray_webhook(), 10).await.unwrap();
    let report = erases(&world, &asked(WA)).await;
    assert_eq!((report.erased.dead_letters_trimmed, report.proof.found), (1, 0));
    assert_eq!(world.engine.erase(&asked(WA)).await.unwrap(), Outcome::Unknown);
}

#[tokio::test]
async fn an_old_letter_ends_when_it_was_asked_to() {
    let world = World::new().await;
    let day = 24 * HOUR_MS;
    for (n, age) in [(1, 10 * day), (2, 5 * day), (3, day)] {
        let letter = DeadLetter {
            id: format!("dl-{n}"),
            at_ms: world.now_ms() - age,
            ..stray_webhook()
        };
        world.store.park(&letter, 10).await.unwrap();
    }
    for (days, expected) in [(30, 0), (7, 1), (5, 0), (2, 1)] {
        let removed = world.dispatcher.remove_letters_older_than(days * day).await;
        assert_eq!(removed.unwrap(), expected, "{days}");
    }
    assert_eq!(world.letters().await.len(), 1);
}
