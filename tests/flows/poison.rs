//! Events that can't be decided: each parks itself alone, a replay that fails is the same letter in its old place, and what an
//! event would do can be asked without doing anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sacola::domain::device::Device;
use sacola::domain::event::{Event, Occurrence, OrderItem};
use sacola::domain::ids::RetailerId;
use sacola::domain::message::Kind;
use sacola::engine::{Happened, Taken, What, Who, Would, replay_id};
use sacola::store::{DeadLetter, Store, redis as redis_store};

use crate::support::redis_server::{fresh_prefix, patient, shared};
use crate::support::time::SECOND_MS;
use crate::support::world::{Phone, Settings, World, ana, phone};

/// More than a conversation may hold.
const TOO_MUCH: usize = 70_000;

/// A native order that no conversation has room for.
fn poison(world: &World, phone: &Phone, id: &str) -> Happened {
    let item = OrderItem {
        retailer_id: RetailerId::new("x".repeat(TOO_MUCH)),
        quantity: 1,
        item_price: "1.00".to_owned(),
        currency: "BRL".to_owned(),
    };
    let event = Event::Ordered {
        items: vec![item],
        note: None,
        device: phone.device,
    };
    world.happened_as(phone, id, What::Event(event))
}

fn is_parked(taken: &Taken) -> bool {
    matches!(taken, Taken::Done { parked: true, .. })
}

async fn kinds(world: &World, phone: &Phone) -> Vec<Kind> {
    let screen = world.screen(phone).await;
    screen.into_iter().map(|seen| seen.kind).collect()
}

/// The event that a replay of this letter is.
fn replayed(letter: &DeadLetter) -> Happened {
    let occurrence: Occurrence = serde_json::from_str(&letter.body).unwrap();
    Happened {
        who: Who::Home(letter.home.clone().unwrap()),
        id: replay_id(&occurrence.id, letter.at_ms),
        at_ms: occurrence.at_ms,
        purchase_id: occurrence.purchase_id,
        root: None,
        what: What::Event(occurrence.event),
    }
}

#[tokio::test]
async fn a_poison_event_parks_itself_alone_and_everything_around_it_goes_on() {
    let mut world = World::new().await;
    let bia = phone("BR.1002", Device::Ios);
    let batch = [
        world.said(&ana(), "oi"),
        poison(&world, &ana(), "poison"),
        world.said(&ana(), "sacola"),
        world.said(&bia, "oi"),
    ];
    let all = batch.into_iter().map(|happened| {
        let engine = Arc::clone(&world.engine);
        async move { engine.take(happened).await.unwrap() }
    });
    let taken = futures::future::join_all(all).await;
    let parked: Vec<bool> = taken.iter().map(is_parked).collect();
    assert_eq!(parked, [false, true, false, false]);
    world.settle().await;

    let letters = world.letters().await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "too_large");
    assert!(
        letters[0].body.contains(&"x".repeat(TOO_MUCH)),
        "the event is whole"
    );
    assert_eq!(letters[0].home, Some(world.home(&ana()).await));
    let seen = kinds(&world, &ana()).await;
    assert_eq!(
        seen,
        [Kind::Menu, Kind::Help, Kind::Cart],
        "it is answered all the same"
    );
    assert_eq!(kinds(&world, &bia).await, [Kind::Menu]);

    world.adds(&ana(), "coffee").await;
    assert_eq!(world.cart(&ana()).await, [("coffee".to_owned(), 1)]);
    let again = poison(&world, &ana(), "poison");
    assert_eq!(world.happens(again).await, Taken::Duplicate, "it is handled");
    assert_eq!(world.letters().await.len(), 1);
}

#[tokio::test]
async fn what_stands_in_for_an_event_never_takes_its_place_in_the_letter() {
    let mut world = World::new().await;
    let mut long = ana();
    long.customer.name = Some("x".repeat(TOO_MUCH));
    let hello = world.said(&long, "oi");
    assert!(is_parked(&world.happens(hello).await));
    let letters = world.letters().await;
    assert_eq!(letters.len(), 1);
    let kept: Occurrence = serde_json::from_str(&letters[0].body).unwrap();
    assert!(matches!(kept.event, Event::Said { text, .. } if text == "oi"));
}

#[tokio::test]
async fn two_poison_events_of_one_commit_keep_their_order() {
    let world = World::new().await;
    // The later names sort first: the order is not that of ids by chance.
    for (first, second) in [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")] {
        let someone = phone(&format!("BR.{first}{second}"), Device::Android);
        let both = [first, second].map(|id| poison(&world, &someone, &format!("{first}{second}{id}")));
        let all = both.into_iter().map(|happened| {
            let engine = Arc::clone(&world.engine);
            async move { engine.take(happened).await.unwrap() }
        });
        assert!(futures::future::join_all(all).await.iter().all(is_parked));
        let home = world.home(&someone).await;
        let mut own = world.letters().await;
        own.retain(|letter| letter.home.as_ref() == Some(&home));
        let order: Vec<bool> = own
            .iter()
            .map(|letter| letter.body.contains(&format!("in:{first}{second}{first}")))
            .collect();
        assert_eq!(order, [true, false], "{first}{second}");
    }
}

#[tokio::test]
async fn a_replay_that_fails_again_is_the_same_letter_in_its_old_place() {
    let mut world = World::new().await;
    let event = poison(&world, &ana(), "poison");
    world.happens(event).await;
    let first = world.letters().await.remove(0);
    let shown = world.screen(&ana()).await.len();
    let mut letter = first.clone();
    for _ in 0..3 {
        world.clock.advance_ms(SECOND_MS);
        let replay = replayed(&letter);
        assert!(is_parked(&world.happens(replay.clone()).await));
        assert_eq!(world.happens(replay).await, Taken::Duplicate, "twice is once");
        let letters = world.letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!((&letters[0].id, letters[0].at_ms), (&first.id, first.at_ms));
        assert_ne!(
            letters[0].body, letter.body,
            "the next replay has a mark of its own"
        );
        letter = letters[0].clone();
    }
    assert_eq!(
        world.screen(&ana()).await.len(),
        shown,
        "no replay tells the customer help once more"
    );
}

/// Everything that is stored under a prefix, save rates, which end by themselves.
async fn dump(prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let client = redis::Client::open(shared().unwrap().url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{prefix}*"))
        .query_async(&mut connection)
        .await
        .unwrap();
    let mut all = BTreeMap::new();
    for key in keys.into_iter().filter(|key| !key.contains(":b:{")) {
        // A set has no order of its own.
        let value: Vec<u8> = if key.contains(":seen:") {
            let mut command = redis::cmd("SMEMBERS");
            let members: BTreeSet<Vec<u8>> = command.arg(&key).query_async(&mut connection).await.unwrap();
            members.into_iter().flatten().collect()
        } else {
            let mut command = redis::cmd("DUMP");
            command.arg(&key).query_async(&mut connection).await.unwrap()
        };
        all.insert(key, value);
    }
    all
}

/// The effects as a real run words them.
fn words(effects: &[String]) -> Vec<&str> {
    let word = |effect: &String| {
        if effect.starts_with("send:") {
            "send"
        } else {
            "quote"
        }
    };
    effects.iter().map(word).collect()
}

#[tokio::test]
async fn what_an_event_would_do_is_what_it_does_and_asking_writes_nothing() {
    let prefix = fresh_prefix().unwrap();
    let options = redis_store::Options {
        key_prefix: prefix.clone(),
        ..patient()
    };
    let connected = redis_store::connect(&shared().unwrap().url(), options).await;
    let store: Arc<dyn Store> = Arc::new(connected.unwrap());
    let mut world = World::with(Settings {
        store: Some(store),
        ..Settings::default()
    })
    .await;
    world.adds(&ana(), "coffee").await;
    let stranger = phone("BR.1002", Device::Web);
    let asked = [
        (world.said(&stranger, "oi"), vec!["send:menu"]),
        (world.said(&ana(), "sacola"), vec!["send:cart"]),
        (world.said(&ana(), "finalizar"), vec!["quote"]),
        (world.tap(&ana(), "s1.cart.forged"), vec!["send:refused"]),
        (poison(&world, &ana(), "poison"), vec!["send:help"]),
    ];
    for (happened, expected) in asked {
        let before = dump(&prefix).await;
        let would = world.engine.would(&happened).await.unwrap();
        assert_eq!(dump(&prefix).await, before, "{happened:?}");
        let Would::Done { effects, parked, .. } = would else {
            panic!("{would:?}")
        };
        assert_eq!(effects, expected);
        let Taken::Done {
            effects: real,
            parked: was_parked,
            ..
        } = world.happens(happened.clone()).await
        else {
            panic!("{happened:?}")
        };
        assert_eq!(parked.is_some(), was_parked);
        let real: Vec<&str> = real.into_iter().map(|(_, word)| word).collect();
        assert_eq!(real, words(&effects));
        let again = world.engine.would(&happened).await.unwrap();
        assert_eq!(again, Would::Duplicate);
    }
}
