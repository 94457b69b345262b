//! What a conversation and its customer see of a message's statuses does not depend on their order, their repetition, or where
//! our own settling falls between them: the lane is empty, the highest status is kept, and a failure is told once.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::{BoxFuture, pending};
use proptest::prelude::*;
use sacola::domain::device::Device;
use sacola::domain::message::Kind;
use sacola::store::{DeliveryStatus, LaneKind, Store};
use sacola::whatsapp::inbound::DeliveryWord;

use crate::support::chat::Mishap;
use crate::support::model_store::ModelStore;
use crate::support::statuses::{Says, kept, take_all};
use crate::support::world::{Phone, Settings, World, phone};

/// "Message undeliverable": final, and answered by help.
const UNDELIVERABLE: i64 = 131_026;
/// Longer than a lease of this world.
const LEASE_MS: i64 = 10_001;
/// Longer than a message of unknown outcome is held.
const HOLD_MS: i64 = 60_001;

const WORDS: [DeliveryWord; 4] = [
    DeliveryWord::Sent,
    DeliveryWord::Delivered,
    DeliveryWord::Read,
    DeliveryWord::Failed,
];

/// What becomes of our own attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// The provider's answer comes.
    Answered,
    /// The answer is lost.
    Lost,
    /// The replica dies with the message under way.
    Died,
}

const OWN: [Own; 3] = [Own::Answered, Own::Lost, Own::Died];

/// One message and what is told of it; the first `before` statuses come while it is under way.
#[derive(Clone, Debug)]
struct Story {
    own: Own,
    told: Vec<Says>,
    before: usize,
}

fn says(word: DeliveryWord) -> Says {
    Says {
        code: (word == DeliveryWord::Failed).then_some(UNDELIVERABLE),
        ..Says::word(word)
    }
}

fn status(told: &Says) -> DeliveryStatus {
    match told.word {
        DeliveryWord::Sent => DeliveryStatus::Sent,
        DeliveryWord::Delivered => DeliveryStatus::Delivered,
        DeliveryWord::Read => DeliveryStatus::Read,
        DeliveryWord::Failed => DeliveryStatus::Failed,
    }
}

async fn world() -> World {
    let store: Arc<dyn Store> = Arc::new(ModelStore::default());
    World::with(Settings {
        store: Some(store),
        ..Settings::default()
    })
    .await
}

/// Asks for the menu and lets statuses come before and after our own settling.
async fn live(world: &mut World, phone: &Phone, story: &Story) {
    let (before, after) = story.told.split_at(story.before);
    let menu = world.said(phone, "menu");
    match story.own {
        Own::Answered | Own::Lost => {
            if story.own == Own::Lost {
                world.chat.will_meet([Mishap::Lost]);
            }
            world.will_hear_early(phone, Kind::Menu, before);
            world.happens(menu).await;
        }
        Own::Died => {
            world
                .chat
                .meanwhile(Kind::Menu, |_| -> BoxFuture<'static, ()> { pending().boxed() });
            world.engine.take(menu).await.unwrap();
            assert!(world.settle().now_or_never().is_none(), "it waits for the answer");
            let call = world.call(phone, Kind::Menu);
            take_all(&world.dispatcher, phone, &call, before).await;
            world.passes(LEASE_MS).await;
        }
    }
    world.hears(phone, Kind::Menu, after).await;
    world.passes(HOLD_MS).await;
    assert_eq!(world.tries_parked().await, 0, "{story:?}");
}

async fn ends(world: &mut World, phone: &Phone, story: &Story) {
    let failed = story.told.iter().any(|told| told.word == DeliveryWord::Failed);
    let kinds: &[Kind] = if failed {
        &[Kind::Menu, Kind::Help]
    } else {
        &[Kind::Menu]
    };
    assert_eq!(world.called(phone), kinds, "{story:?}");
    assert_eq!(
        world.noted(phone, "failed:menu").await,
        usize::from(failed),
        "{story:?}"
    );
    assert_eq!(
        world.waits_until(phone, LaneKind::Provider).await,
        None,
        "{story:?}"
    );
    let highest = story.told.iter().map(status).reduce(DeliveryStatus::join);
    let effect_id = world.call(phone, Kind::Menu).effect_id;
    assert_eq!(
        kept(&world.store, &effect_id, world.now_ms()).await,
        highest,
        "{story:?}"
    );
}

/// All sequences of that many words.
fn sequences(length: usize) -> Vec<Vec<Says>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |told: &Vec<Says>| {
            WORDS.map(|word| {
                let mut told = told.clone();
                told.push(says(word));
                told
            })
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

#[tokio::test]
async fn every_order_of_three_statuses_is_told_the_same() {
    let mut world = world().await;
    let mut lived = 0;
    for told in (1..=3).flat_map(sequences) {
        for own in OWN {
            for before in 0..=told.len() {
                let told = told.clone();
                let story = Story { own, told, before };
                let phone = phone(&format!("BR.{}", 5_000 + lived), Device::Android);
                live(&mut world, &phone, &story).await;
                ends(&mut world, &phone, &story).await;
                lived += 1;
            }
        }
    }
    assert_eq!(lived, 3 * (4 * 2 + 16 * 3 + 64 * 4));
    assert!(world.letters().await.is_empty());
}

fn told() -> impl Strategy<Value = Vec<Says>> {
    let one =
        (prop::sample::select(WORDS.to_vec()), any::<bool>()).prop_map(|(word, has_callback_data)| Says {
            has_callback_data,
            ..says(word)
        });
    prop::collection::vec(one, 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn many_statuses_are_told_the_same_by_whatever_they_name_their_message(
        mut told in told(),
        own in prop::sample::select(OWN.to_vec()),
        cut in any::<prop::sample::Index>(),
    ) {
        // Without the provider's answer nobody knows its id of the message: only our callback data leads there.
        if own != Own::Answered {
            for one in &mut told {
                one.has_callback_data = true;
            }
        }
        let before = cut.index(told.len() + 1);
        let story = Story { own, told, before };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = world().await;
            let phone = phone("BR.5000", Device::Android);
            live(&mut world, &phone, &story).await;
            ends(&mut world, &phone, &story).await;
        });
    }
}
