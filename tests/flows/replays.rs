//! Journals: whatever a conversation went through is decided again bit for bit, and what was changed in its records is found.

use std::collections::BTreeMap;
use std::sync::Arc;

use sacola::domain::conversation::Customer;
use sacola::domain::decide::VERSION;
use sacola::domain::device::Device;
use sacola::domain::event::{Event, OrderItem};
use sacola::domain::ids::RetailerId;
use sacola::domain::purchase::PurchaseState;
use sacola::engine::replay::{Outcome, Parting, Replayed, What as Part, replay};
use sacola::engine::{Happened, Recorded, What};
use serde_json::{Value, json};

use crate::support::shop::{Mood, brl};
use crate::support::time::{DAY_MS, HOUR_MS};
use crate::support::world::{Phone, World, ana, number, phone};

async fn recorded(world: &World, phone: &Phone) -> Recorded {
    let customer = &phone.customer;
    let id = customer.user_id.as_deref().or(customer.wa_id.as_deref());
    let found = world.engine.recorded(&number(), id.unwrap()).await.unwrap();
    found.expect("the customer has written")
}

fn replayed(recorded: &Recorded) -> Replayed {
    assert!(recorded.state.is_some());
    replay(&recorded.entries, recorded.state.as_deref())
}

#[track_caller]
fn is_identical(replayed: &Replayed) {
    assert_eq!(replayed.outcome, Outcome::Identical, "{replayed:#?}");
    assert_eq!(replayed.changed, None);
    assert_eq!(replayed.versions, BTreeMap::from([(VERSION, replayed.entries)]));
    assert_eq!(
        replayed.replayed + replayed.skipped_before_base + replayed.unjudged,
        replayed.entries
    );
}

#[track_caller]
fn parting(replayed: Replayed) -> Parting {
    match replayed.outcome {
        Outcome::Parted(parting) => parting,
        other @ (Outcome::Nothing | Outcome::Identical) => panic!("it does not part: {other:?}"),
    }
}

/// An entry as JSON, changed, as text again.
fn edits(entry: &mut String, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_str(entry).unwrap();
    edit(&mut value);
    *entry = value.to_string();
}

fn field(entry: &str, pointer: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(entry).unwrap();
    value.pointer(pointer).cloned()
}

/// Where the entry with that field is, and its revision.
fn place(recorded: &Recorded, pointer: &str) -> (usize, u64) {
    let entries = &recorded.entries;
    let index = entries.iter().position(|entry| field(entry, pointer).is_some());
    let index = index.unwrap_or_else(|| panic!("no entry has {pointer}"));
    (index, field(&entries[index], "/r").unwrap().as_u64().unwrap())
}

/// So many messages in one moment: they are folded into few commits.
async fn writes_at_once(world: &mut World, phone: &Phone, times: usize) {
    let happened: Vec<Happened> = (0..times).map(|_| world.said(phone, "carrinho")).collect();
    let taking = happened.into_iter().map(|one| {
        let engine = Arc::clone(&world.engine);
        async move { engine.take(one).await.unwrap() }
    });
    futures::future::join_all(taking).await;
    world.settle().await;
}

/// Two devices, a purchase that is paid, one whose answer is lost, a native order, a new price, buttons that are none.
async fn shops(world: &mut World) {
    world.adds(&ana(), "coffee").await;
    world.buys(&ana()).await;
    let id = world.shop.purchases()[0].purchase_id.clone();
    world
        .merchant_says(&id, PurchaseState::Paid, Some(brl("10.00")))
        .await;
    world.shop.feels([Mood::AnswerLost]);
    world.adds(&ana(), "cake").await;
    world.buys(&ana()).await;
    world.passes(60_000).await;
    world.orders(&ana(), &[("cake", 2, "8.90")]).await;
    let web = phone("BR.1001", Device::Web);
    let shown = world.shows(&web, "filter").await;
    world.taps(&web, &shown.button("add")).await;
    world.taps(&web, &shown.button("add")).await;
    world.taps(&web, "hello").await;
    world
        .product_changes("filter", |filter| filter.price = brl("5.00"))
        .await;
    world.says(&web, "finalizar").await;
}

fn order_of_long_ids(chars: usize) -> Event {
    let item = |n: usize| OrderItem {
        retailer_id: RetailerId::new(format!("{n:03}{}", "x".repeat(chars - 3))),
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

#[tokio::test]
async fn a_long_story_replays_bit_for_bit_though_its_journal_was_cut() {
    let mut world = World::new().await;
    shops(&mut world).await;
    let whole = recorded(&world, &ana()).await;
    is_identical(&replayed(&whole));
    assert_eq!(replayed(&whole).from_revision, 0);
    for _ in 0..7 {
        writes_at_once(&mut world, &ana(), 60).await;
    }
    shops(&mut world).await;
    let cut = recorded(&world, &ana()).await;
    assert_eq!(cut.entries.len(), 300);
    let replayed = replayed(&cut);
    is_identical(&replayed);
    assert!(replayed.skipped_before_base < 100, "{replayed:?}");
    assert_eq!(replayed.to_revision, world.conversation(&ana()).await.revision);
}

#[tokio::test]
async fn a_customer_whose_ids_and_name_are_learned_later_replays_and_each_is_written_once() {
    let mut world = World::new().await;
    let known_as = |user_id: Option<&str>, name: &str| Phone {
        customer: Customer {
            user_id: user_id.map(str::to_owned),
            wa_id: Some("551191001".to_owned()),
            name: Some(name.to_owned()),
        },
        device: Device::Android,
    };
    let both = known_as(Some("BR.1001"), "Ana");
    let renamed = known_as(Some("BR.1001"), "Ana Maria");
    world.adds(&known_as(None, "Ana"), "coffee").await;
    for phone in [&both, &renamed, &renamed] {
        let happened = world.said(phone, "carrinho");
        world.happens(happened).await;
    }
    let to = Customer {
        user_id: Some("BR.1001".to_owned()),
        wa_id: Some("5511888880000".to_owned()),
        name: None,
    };
    let moved = world.happened(&renamed, What::Event(Event::Moved { to }));
    world.happens(moved).await;
    let found = recorded(&world, &both).await;
    is_identical(&replayed(&found));
    let told: Vec<Value> = found
        .entries
        .iter()
        .filter_map(|entry| field(entry, "/c"))
        .collect();
    assert_eq!(told.len(), 3, "only what is new: {told:#?}");
    assert_eq!(told[2]["name"], "Ana Maria");
}

#[tokio::test]
async fn what_was_parked_and_answered_by_a_stand_in_replays_and_owed_news_stays_owed() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.passes(25 * HOUR_MS).await;
    world
        .product_changes("coffee", |coffee| coffee.price = brl("11.00"))
        .await;
    let parked = world.happened(&ana(), What::Event(order_of_long_ids(560)));
    world.happens(parked).await;
    assert_eq!(world.conversation(&ana()).await.owed_news.len(), 1, "still owed");
    let found = recorded(&world, &ana()).await;
    let (index, _) = place(&found, "/p");
    assert_eq!(field(&found.entries[index], "/p"), Some(json!("too_large")));
    assert_eq!(field(&found.entries[index + 1], "/i"), Some(json!(true)));
    is_identical(&replayed(&found));
    world.says(&ana(), "carrinho").await;
    assert!(world.conversation(&ana()).await.owed_news.is_empty(), "told");
    let replayed = replayed(&recorded(&world, &ana()).await);
    is_identical(&replayed);
    assert_eq!(replayed.replayed, replayed.entries);
}

#[tokio::test]
async fn what_is_too_large_for_the_journal_leaves_its_state_and_the_replay_goes_on() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let parked = world.happened(&ana(), What::Event(order_of_long_ids(900)));
    world.happens(parked).await;
    world.says(&ana(), "carrinho").await;
    let found = recorded(&world, &ana()).await;
    assert!(found.entries.iter().all(|entry| entry.len() <= 128 * 1024));
    let replayed = replayed(&found);
    is_identical(&replayed);
    assert_eq!(
        replayed.unjudged, 1,
        "the stand-in with the facts of 100 long ids"
    );
}

#[tokio::test]
async fn after_a_months_silence_the_journal_begins_with_a_state() {
    let mut world = World::new().await;
    for words in ["oi", "carrinho", "ajuda"] {
        world.says(&ana(), words).await;
    }
    let before = world.conversation(&ana()).await.revision;
    world.passes(32 * DAY_MS).await;
    world.says(&ana(), "oi").await;
    let found = recorded(&world, &ana()).await;
    assert!(found.entries.len() <= 2, "the old one has ended");
    let replayed = replayed(&found);
    is_identical(&replayed);
    assert_eq!(replayed.skipped_before_base, 0);
    assert!(replayed.from_revision >= before);
}

#[tokio::test]
async fn a_journal_that_lost_its_beginning_replays_from_the_next_kept_state() {
    let mut world = World::new().await;
    world.says(&ana(), "oi").await;
    writes_at_once(&mut world, &ana(), 60).await;
    writes_at_once(&mut world, &ana(), 60).await;
    let mut found = recorded(&world, &ana()).await;
    found.entries.drain(..50);
    let cut = replayed(&found);
    is_identical(&cut);
    assert_eq!((cut.from_revision, cut.skipped_before_base), (100, 50));
    found.entries.truncate(30);
    assert_eq!(replayed(&found).outcome, Outcome::Nothing);
}

#[tokio::test]
async fn a_price_that_was_changed_in_the_records_is_named_with_its_revision() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.says(&ana(), "carrinho").await;
    let mut found = recorded(&world, &ana()).await;
    let (index, revision) = place(&found, "/e/event/Tapped/tap/Button/action/Add");
    edits(&mut found.entries[index], |entry| {
        entry["f"]["products"]["coffee"]["product"]["price"]["amount"] = json!("1.00");
    });
    let replayed = replayed(&found);
    assert_eq!(replayed.replayed, index, "all before it");
    let parting = parting(replayed);
    assert_eq!(
        (parting.revision, parting.what, parting.event.as_str()),
        (revision, Part::State, "tapped")
    );
    assert_ne!(parting.expected, parting.got);
    let price = parting
        .differences
        .iter()
        .find(|one| one.path == "carts.android.lines[0].s.p.amount");
    let price = price.unwrap_or_else(|| panic!("{:#?}", parting.differences));
    assert_eq!(
        (price.recorded.as_str(), price.replayed.as_str()),
        ("10.00", "1.00")
    );
}

#[tokio::test]
async fn a_quantity_an_effect_or_a_missing_entry_is_named_with_its_revision() {
    let mut world = World::new().await;
    world.orders(&ana(), &[("cake", 2, "8.90")]).await;
    world.says(&ana(), "carrinho").await;
    let found = recorded(&world, &ana()).await;
    let (index, revision) = place(&found, "/e/event/Ordered");

    let mut more = found.clone();
    edits(&mut more.entries[index], |entry| {
        entry["e"]["event"]["Ordered"]["items"][0]["quantity"] = json!(3);
    });
    let parted = parting(replayed(&more));
    assert_eq!((parted.revision, parted.what), (revision, Part::State));

    let mut other = found.clone();
    edits(&mut other.entries[index], |entry| entry["x"] = json!("0"));
    let replayed_other = replayed(&other);
    assert_eq!(
        replayed_other.replayed,
        found.entries.len() - 1,
        "the rest is judged"
    );
    let parted = parting(replayed_other);
    assert_eq!((parted.revision, parted.what), (revision, Part::Effects));

    let mut fewer = found.clone();
    fewer.entries.remove(index + 1);
    let parted = parting(replayed(&fewer));
    assert_eq!((parted.revision, parted.what), (revision + 2, Part::Missing));

    let mut unreadable = found.clone();
    unreadable.entries[index + 1].truncate(40);
    let parted = parting(replayed(&unreadable));
    assert_eq!((parted.revision, parted.what), (revision + 1, Part::Unreadable));
}

#[tokio::test]
async fn a_state_that_was_changed_past_the_journal_is_found() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    let mut found = recorded(&world, &ana()).await;
    let state = found.state.take().unwrap();
    assert!(state.contains("\"q\":1"), "{state}");
    found.state = Some(state.replace("\"q\":1", "\"q\":7"));
    let parted = parting(replayed(&found));
    assert_eq!(parted.what, Part::Stored);
    let told: Vec<String> = parted
        .differences
        .iter()
        .map(|one| format!("{} {} {}", one.path, one.recorded, one.replayed))
        .collect();
    assert_eq!(told, ["carts.android.lines[0].q 7 1"]);
    found.state = Some(state);
    found.entries.pop();
    assert_eq!(
        parting(replayed(&found)).what,
        Part::Stored,
        "the last event is gone"
    );
}

#[tokio::test]
async fn under_other_rules_a_difference_is_shown_and_is_no_fault() {
    let mut world = World::new().await;
    world.adds(&ana(), "coffee").await;
    world.says(&ana(), "carrinho").await;
    let mut found = recorded(&world, &ana()).await;
    for entry in &mut found.entries {
        edits(entry, |entry| entry["v"] = json!(VERSION - 1));
    }
    let same = replayed(&found);
    assert_eq!((&same.outcome, &same.changed), (&Outcome::Identical, &None));
    assert_eq!(
        same.versions,
        BTreeMap::from([(VERSION - 1, found.entries.len())])
    );
    let (index, revision) = place(&found, "/e/event/Tapped/tap/Button/action/Add");
    edits(&mut found.entries[index], |entry| {
        entry["f"]["products"]["coffee"]["product"]["price"]["amount"] = json!("1.00");
    });
    let other = replayed(&found);
    assert_eq!(other.outcome, Outcome::Identical);
    assert!(other.unjudged > 0);
    let changed = other.changed.expect("today's rules give something else");
    assert_eq!((changed.revision, changed.what), (revision, Part::State));
    assert!(!changed.differences.is_empty());
}
