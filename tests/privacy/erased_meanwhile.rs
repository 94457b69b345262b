//! Erasing while the gateway is at work, and on more than one server.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt;
use sacola::domain::message::Kind;
use sacola::store::redis::{self as redis_store, Options};
use sacola::store::{Edge, Needles, Store};

use super::erased::{NAME, USER, WA, anabela, asked, customer, erases, leaves_more, lives};
use crate::support::chat::Mishap;
use crate::support::redis_cluster::RedisCluster;
use crate::support::world::{Phone, Settings, World, number};

/// At how many places a text stands.
async fn places(store: &dyn Store, text: &str) -> usize {
    let mut needles = Needles::default();
    needles.add(text.as_bytes(), Edge::Any);
    let mut found = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.search(&needles, after.as_deref()).await.unwrap();
        found.extend(page.found.into_iter().map(|found| found.place));
        after = page.next;
        if after.is_none() {
            return found.len();
        }
    }
}

#[tokio::test]
async fn a_message_that_is_refused_while_its_customer_is_erased_leaves_no_letter() {
    let mut world = World::new().await;
    world.adds(&anabela(), "coffee").await;
    let engine = Arc::clone(&world.engine);
    world.chat.will_meet([Mishap::Refused(131_009)]);
    world.chat.meanwhile(Kind::Help, move |_| {
        async move { drop(engine.erase(&asked(USER)).await.unwrap()) }.boxed()
    });
    world.says(&anabela(), "ajuda").await;
    let gone = world.engine.conversation_of(&number(), USER).await.unwrap();
    assert!(gone.is_none(), "it was erased while the message was under way");
    assert!(world.letters().await.is_empty(), "{:#?}", world.letters().await);
    for text in [NAME, USER, WA] {
        assert_eq!(places(world.store.as_ref(), text).await, 0, "{text}");
    }
    // Of somebody who is there, a letter stays.
    world.adds(&anabela(), "coffee").await;
    world.chat.will_meet([Mishap::Refused(131_009)]);
    world.says(&anabela(), "ajuda").await;
    assert_eq!(world.letters().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_cluster_every_primary_is_searched_and_only_the_one_is_gone() {
    let cluster = RedisCluster::start().unwrap();
    let store = redis_store::connect(&cluster.url(), Options::default()).await;
    let store: Arc<dyn Store> = Arc::new(store.unwrap());
    let mut world = World::with(Settings {
        store: Some(Arc::clone(&store)),
        ..Settings::default()
    })
    .await;
    // So many that each primary has some of them.
    let beside: Vec<Phone> = (10..22)
        .map(|n| {
            let (user_id, wa_id) = (format!("BR.880056{n}"), format!("55119123456{n}"));
            customer(&user_id, &wa_id, "Bruno Intacto")
        })
        .collect();
    for phone in &beside {
        world.adds(phone, "coffee").await;
    }
    lives(&mut world, &anabela()).await;
    leaves_more(&world, &anabela()).await;
    for phone in &beside {
        let wa_id = phone.customer.wa_id.clone().unwrap();
        assert!(places(store.as_ref(), &wa_id).await > 0, "{wa_id} is found");
    }
    for text in [NAME, USER, WA] {
        assert!(places(store.as_ref(), text).await > 1, "{text}");
    }

    let report = erases(&world, &asked(WA)).await;
    assert_eq!(
        (report.proof.found, report.erased.conversations),
        (0, 1),
        "{report:#?}"
    );
    assert_eq!(report.kept.purchases, 2);
    for text in [NAME, USER, WA] {
        assert_eq!(places(store.as_ref(), text).await, 0, "{text}");
    }
    for phone in &beside {
        assert_eq!(world.cart(phone).await, [("coffee".to_owned(), 1)]);
    }
}
