//! Somebody who was erased is gone: from the answers, from every key, and from the bytes on the disk; whoever stood beside them
//! is there as before; and whoever comes back begins anew. On each engine whose files can be read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sacola::domain::ids::{EffectId, HomeId, PurchaseId};
use sacola::engine::Taken;
use sacola::engine::erasure::Asked;
use sacola::engine::replay::{Outcome as Replayed, replay};
use sacola::store::redis::{self as redis_store, Options};
use sacola::store::{Store, embedded};

use super::erased::{NAME, USER, WA, anabela, asked, bruno, erases, failed_late, leaves_more, lives};
use crate::support::program::eventually;
use crate::support::redis_server::{AppendOnly, RedisServer};
use crate::support::shop::brl;
use crate::support::time::HOUR_MS;
use crate::support::world::{Phone, Settings, World, number};

/// A store whose files can be read.
struct Disk {
    store: Arc<dyn Store>,
    files: PathBuf,
    _directory: Option<tempfile::TempDir>,
    _server: Option<RedisServer>,
}

impl Disk {
    fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Arc::new(embedded::open(directory.path()).unwrap()),
            files: directory.path().to_owned(),
            _directory: Some(directory),
            _server: None,
        }
    }

    async fn server() -> Self {
        let server = RedisServer::start(AppendOnly::Always).unwrap();
        let store = redis_store::connect(&server.url(), Options::default()).await;
        Self {
            store: Arc::new(store.unwrap()),
            files: server.directory().to_owned(),
            _directory: None,
            _server: Some(server),
        }
    }

    async fn both() -> [Self; 2] {
        [Self::file(), Self::server().await]
    }

    async fn world(&self) -> World {
        World::with(Settings {
            store: Some(Arc::clone(&self.store)),
            ..Settings::default()
        })
        .await
    }

    fn holds(&self, text: &str) -> bool {
        let bytes = bytes_under(&self.files);
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Waits until the text is nowhere on the disk: a server unlinks its old files in the background.
    async fn loses(&self, text: &str) {
        let gone = eventually(|| async { (!self.holds(text)).then_some(()) }).await;
        assert!(
            gone.is_some(),
            "{text} can still be read under {}",
            self.files.display()
        );
    }
}

fn bytes_under(directory: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(bytes_under(&path));
        } else {
            bytes.extend(std::fs::read(&path).unwrap_or_default());
        }
    }
    bytes
}

async fn is_intact(world: &World, phone: &Phone, cart: &[(String, u8)]) {
    assert_eq!(world.cart(phone).await, cart);
    let id = phone.customer.user_id.as_deref().unwrap();
    let recorded = world.engine.recorded(&number(), id).await.unwrap().unwrap();
    let replayed = replay(&recorded.entries, recorded.state.as_deref());
    assert_eq!(replayed.outcome, Replayed::Identical, "{replayed:#?}");
}

/// A dry run and the real one, and what they report.
async fn tells_what_went(world: &World, home: &HomeId) {
    let dry = Asked {
        is_dry: true,
        ..asked(WA)
    };
    let foreseen = erases(world, &dry).await;
    assert!(foreseen.dry_run && foreseen.proof.found > 0);
    assert!(world.engine.conversation(home).await.unwrap().is_some());
    let report = erases(world, &asked(WA)).await;
    let (erased, proof) = (report.erased, &report.proof);
    assert_eq!(
        (proof.found, proof.same_name, proof.came_back),
        (0, 0, false),
        "{report:#?}"
    );
    assert!(proof.keys_scanned > 0 && report.kept.tombstones > 0);
    assert_eq!(report.kept.purchases, 2);
    assert_eq!(
        (
            erased.conversations,
            erased.dead_letters,
            erased.dead_letters_trimmed
        ),
        (1, 1, 1)
    );
    assert_eq!((erased.parked_statuses, erased.idempotent_answers), (1, 1));
    assert!(erased.journal_entries > 10 && erased.done_marks > 5 && erased.message_keys > 5);
    assert!(
        erased.statuses >= 1 && erased.aliases >= 1 && erased.interests >= 2,
        "{erased:?}"
    );
    assert_eq!(foreseen.erased.conversations, erased.conversations);
    assert_eq!(foreseen.erased.dead_letters, erased.dead_letters);
    assert_eq!(foreseen.erased.journal_entries, erased.journal_entries);
    assert_eq!(foreseen.kept.purchases, report.kept.purchases);
    assert_eq!(report.history.as_deref(), Some("rewritten"));
}

#[tokio::test]
async fn who_was_erased_is_nowhere_and_who_stood_beside_is_as_before() {
    for disk in Disk::both().await {
        let mut world = disk.world().await;
        for phone in [anabela(), bruno()] {
            lives(&mut world, &phone).await;
        }
        leaves_more(&world, &anabela()).await;
        world
            .product_changes("coffee", |coffee| coffee.price = brl("11.00"))
            .await;
        world.passes(25 * HOUR_MS).await;
        world
            .product_changes("coffee", |coffee| coffee.price = brl("12.00"))
            .await;
        assert!(
            !world.conversation(&anabela()).await.owed_news.is_empty(),
            "deferred"
        );
        let (purchases, home) = {
            let found = world.conversation(&anabela()).await;
            let ids: Vec<PurchaseId> = found
                .purchases
                .iter()
                .map(|one| one.purchase_id.clone())
                .collect();
            (ids, found.home)
        };
        assert_eq!(purchases.len(), 2);
        let cart = world.cart(&bruno()).await;
        for text in [NAME, USER, WA] {
            assert!(disk.holds(text), "{text}: or this test would prove nothing");
        }

        tells_what_went(&world, &home).await;
        for text in [NAME, USER, WA, &hex::encode(WA)] {
            disk.loses(text).await;
        }
        assert!(disk.holds("Bruno Intacto"));
        let left = world.store.dead_letter("dl-stray").await.unwrap().unwrap();
        assert!(
            left.body.contains("Bruno Intacto") && !left.body.contains(WA),
            "{}",
            left.body
        );
        is_intact(&world, &bruno(), &cart).await;
        for id in &purchases {
            let record = world.engine.purchase(id).await.unwrap().unwrap();
            assert!(record.is_nobodys() && record.purchase.note.is_none());
            assert!(record.purchase.payment_url.is_none() && !record.purchase.quote.lines.is_empty());
        }
        let shown = world.says(&bruno(), "carrinho").await;
        assert!(!shown.body().is_empty());
        assert_eq!(
            erases(&world, &asked(WA)).await.erased,
            erases(&world, &asked(USER)).await.erased
        );
    }
}

#[tokio::test]
async fn who_comes_back_begins_anew_and_nothing_of_before_reaches_them() {
    for disk in Disk::both().await {
        let mut world = disk.world().await;
        let old_message = world.said(&anabela(), "oi");
        world.happens(old_message.clone()).await;
        let product = world.shows(&anabela(), "coffee").await;
        let (old_add, summary) = (product.button("add"), {
            world.taps(&anabela(), &product.button("add")).await;
            world.says(&anabela(), "finalizar").await
        });
        let old_confirm = summary.button("confirm");
        let before = world.conversation(&anabela()).await;
        let old_effect = EffectId::of(&before.home, 1, 0);
        world.clock.advance_ms(3_000);
        erases(&world, &asked(USER)).await;

        assert_eq!(
            world.engine.take(old_message.clone()).await.unwrap(),
            Taken::Duplicate
        );
        let failed = failed_late(&before.home, &old_effect);
        assert_eq!(
            world.engine.take(failed.clone()).await.unwrap(),
            Taken::NoConversation
        );
        let gone = world.engine.conversation_of(&number(), USER).await.unwrap();
        assert!(gone.is_none(), "nothing of that brought it back");

        world.clock.advance_ms(2_000);
        world.says(&anabela(), "carrinho").await;
        let fresh = world.conversation(&anabela()).await;
        assert!(fresh.purchases.is_empty() && fresh.interest().is_empty());
        assert!(fresh.revision > before.revision, "no effect's id comes twice");
        for old in [&old_add, &old_confirm] {
            world.taps(&anabela(), old).await;
            assert!(
                world.cart(&anabela()).await.is_empty(),
                "a button of before means nothing"
            );
        }
        assert!(world.shop.purchases().is_empty());
        assert_eq!(world.engine.take(old_message).await.unwrap(), Taken::Duplicate);
        assert_eq!(world.engine.take(failed).await.unwrap(), Taken::Duplicate);

        world.adds(&anabela(), "coffee").await;
        let cart = [("coffee".to_owned(), 1)];
        is_intact(&world, &anabela(), &cart).await;
        world.buys(&anabela()).await;
        assert_eq!(world.shop.purchases().len(), 1);
    }
}

#[tokio::test]
async fn what_another_replica_has_in_memory_does_not_bring_anybody_back() {
    for disk in Disk::both().await {
        let (mut here, mut there) = (disk.world().await, disk.world().await);
        there.adds(&anabela(), "coffee").await;
        let before = there.conversation(&anabela()).await;
        here.sets_clock(there.now_ms() + 5_000);
        erases(&here, &asked(USER)).await;
        there.sets_clock(here.now_ms() + 5_000);
        there.says(&anabela(), "carrinho").await;
        let after = there.conversation(&anabela()).await;
        assert!(after.revision > before.revision);
        assert!(
            there.cart(&anabela()).await.is_empty(),
            "its copy was not believed"
        );
        here.sets_clock(there.now_ms());
        here.says(&anabela(), "oi").await;
    }
}
