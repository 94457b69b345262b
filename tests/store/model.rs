//! The same random life on both engines: every answer must be the same, except for the tokens of leases.

use std::collections::BTreeMap;
use std::sync::Arc;

use sacola::domain::ids::RetailerId;
use sacola::store::{ClaimOutcome, CommitOutcome, Head, LetterFilter, SettleOutcome, Store, UnixMs};

use super::asks::{Ask, Dice, World, home_of, next_ask, note};
use super::harness::{Embedded, NOW, at, home, interest, lane, merchant, redis};

const STEPS: usize = 300;

/// One engine and the heads that it gave; both engines give them in the same order.
struct Side {
    store: Arc<dyn Store>,
    heads: Vec<Head>,
}

impl Side {
    /// The answer without what may differ; remembers heads.
    fn head(&mut self, mut head: Head) -> Head {
        self.heads.push(head.clone());
        head.lease.token = String::new();
        head
    }

    fn committed(&mut self, outcome: CommitOutcome) -> String {
        match outcome {
            CommitOutcome::Committed { mut heads, mut wake } => {
                heads.sort_by_key(|head| head.lane.kind);
                wake.sort();
                let heads: Vec<Head> = heads.into_iter().map(|head| self.head(head)).collect();
                format!("{heads:?} {wake:?}")
            }
            other @ (CommitOutcome::Conflict | CommitOutcome::Duplicate | CommitOutcome::StaleFacts(_)) => {
                format!("{other:?}")
            }
        }
    }

    fn claimed(&mut self, outcome: ClaimOutcome) -> String {
        match outcome {
            ClaimOutcome::Claimed(head) => format!("{:?}", self.head(*head)),
            other @ (ClaimOutcome::Wait(_) | ClaimOutcome::Empty) => format!("{other:?}"),
        }
    }

    fn settled(&mut self, outcome: SettleOutcome) -> String {
        match outcome {
            SettleOutcome::Next(head) => format!("{:?}", self.head(*head)),
            other @ (SettleOutcome::Wait(_) | SettleOutcome::Empty | SettleOutcome::LeaseLost) => {
                format!("{other:?}")
            }
        }
    }
}

/// Asks one engine and writes its answer down.
async fn answer(side: &mut Side, ask: &Ask, now_ms: UnixMs) -> String {
    let store = Arc::clone(&side.store);
    let times = at(now_ms);
    match ask {
        Ask::Commit(commit) => side.committed(store.commit(commit.clone(), times).await.unwrap()),
        Ask::Claim(n, kind) => side.claimed(store.claim(&lane(&home_of(*n), *kind), times).await.unwrap()),
        Ask::Start(place, class, budgets) => match side.heads.get(*place) {
            Some(head) => format!("{:?}", store.start(head, budgets, *class, times).await.unwrap()),
            None => String::new(),
        },
        Ask::Settle(place, how) => match side.heads.get(*place).cloned() {
            Some(head) => side.settled(store.settle(&head, how.clone(), times).await.unwrap()),
            None => String::new(),
        },
        Ask::Status(target, status) => {
            format!(
                "{:?}",
                store.record_status(target, *status, now_ms).await.unwrap()
            )
        }
        Ask::Due => {
            let mut due = store.due_lanes(now_ms, 1_000).await.unwrap();
            due.sort();
            format!("{due:?}")
        }
        Ask::Load(_)
        | Ask::Journal(_)
        | Ask::Marker(..)
        | Ask::Put(_)
        | Ask::Catalog
        | Ask::Interested(..)
        | Ask::Purchase(_)
        | Ask::Alias(..)
        | Ask::Hold(_)
        | Ask::Begin(_)
        | Ask::Finish
        | Ask::Park(_)
        | Ask::Letters(_)
        | Ask::Secret(_) => answer_rest(&store, ask, now_ms).await,
    }
}

async fn answer_rest(store: &Arc<dyn Store>, ask: &Ask, now_ms: UnixMs) -> String {
    match ask {
        Ask::Load(request) => format!("{:?}", store.load(std::slice::from_ref(request)).await.unwrap()),
        Ask::Journal(n) => format!("{:?}", store.journal(&home_of(*n)).await.unwrap()),
        Ask::Marker(id, version) => {
            format!(
                "{:?}",
                store
                    .raise_markers(&merchant(), &RetailerId::new(*id), *version)
                    .await
            )
        }
        Ask::Put(writes) => format!("{:?}", store.put_products(&merchant(), writes).await.unwrap()),
        Ask::Catalog => format!("{:?}", store.catalog(&merchant()).await.unwrap()),
        Ask::Interested(n, id) => {
            let shard = home_of(*n).shard();
            format!(
                "{:?}",
                store.interested(shard, &interest(id), None, 100).await.unwrap()
            )
        }
        Ask::Purchase(id) => format!("{:?}", store.purchase(id).await.unwrap()),
        Ask::Alias(alias, n) => {
            let alias = home(u32::try_from(*alias).unwrap());
            format!("{:?}", store.put_alias(&alias, &home_of(*n)).await.unwrap())
        }
        Ask::Hold(owner) => format!("{:?}", store.hold("mirror", owner, 30_000, now_ms).await.unwrap()),
        Ask::Begin(fingerprint) => {
            format!(
                "{:?}",
                store
                    .begin_idempotent("k", fingerprint, 50_000, now_ms)
                    .await
                    .unwrap()
            )
        }
        Ask::Finish => format!("{:?}", store.finish_idempotent("k", "answer").await),
        Ask::Park(letter) => format!("{:?}", store.park(letter, 2).await.unwrap()),
        Ask::Letters(all) => {
            let merchant = (!all).then(merchant);
            let groups = store.dead_letter_groups(merchant.as_ref()).await.unwrap();
            let panics = LetterFilter {
                merchant: merchant.clone(),
                reason: Some("panic".to_owned()),
            };
            let panics = store.dead_letters(&panics, None, 2).await.unwrap();
            let filter = LetterFilter {
                merchant,
                reason: None,
            };
            let letters = store.dead_letters(&filter, None, 100).await.unwrap();
            format!("{letters:?} {panics:?} {groups:?}")
        }
        Ask::Secret(n) => format!("{:?}", store.secret("mac", &n.to_string()).await.unwrap()),
        Ask::Commit(_) | Ask::Claim(..) | Ask::Start(..) | Ask::Settle(..) | Ask::Status(..) | Ask::Due => {
            unreachable!("asked before")
        }
    }
}

async fn live(seed: u64) {
    let engine = Embedded::open();
    let mut embedded = Side {
        store: engine.store(),
        heads: Vec::new(),
    };
    let mut redis = Side {
        store: redis().await,
        heads: Vec::new(),
    };
    let (revisions, effects) = (BTreeMap::new(), Vec::new());
    let mut world = World {
        dice: Dice(seed),
        now_ms: NOW,
        revisions,
        effects,
    };
    for step in 0..STEPS {
        if world.dice.one_in(3) {
            world.now_ms = world.dice.time(world.now_ms);
        }
        let ask = next_ask(&mut world, embedded.heads.len());
        let ours = answer(&mut embedded, &ask, world.now_ms).await;
        let theirs = answer(&mut redis, &ask, world.now_ms).await;
        assert_eq!(
            ours,
            theirs,
            "embedded / Redis, seed {seed}, step {step}, {} ms in: {ask:?}",
            world.now_ms - NOW
        );
        note(&mut world, &ask, &ours);
    }
    embedded.store.close().await;
    redis.store.close().await;
}

#[tokio::test]
async fn both_engines_answer_alike() {
    for seed in [1, 2026, 77_003] {
        live(seed).await;
    }
}
