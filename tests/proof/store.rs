//! A replica's store: the model behind a seam. Each call waits for its cue before it happens and, now and then, before its
//! answer is heard.

use std::sync::Arc;

use async_trait::async_trait;
use sacola::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use sacola::store::{
    Budget, BudgetLook, CatalogRead, ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus,
    DueLane, EraseOutcome, Erasure, Error, Head, Health, History, IdempotencyOutcome, Interest, LaneId,
    LaneLook, LanePage, LaneTimes, LaneTotals, LetterFilter, LetterGroup, LoadRequest, Loaded, Needles,
    Place, ProductWrite, SearchPage, SettleOutcome, Settlement, StartOutcome, StatusOutcome, StatusTarget,
    Store, StoredFact, Written,
};

use super::stage::{Crossing, Cue, ReplicaId, Stage};
use crate::support::model_store::ModelStore;

#[derive(Debug)]
pub struct ReplicaStore {
    pub stage: Arc<Stage>,
    pub replica: ReplicaId,
    pub model: Arc<ModelStore>,
}

impl ReplicaStore {
    async fn call<T: Send>(
        &self,
        crossing: Crossing,
        what: &'static str,
        act: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        self.seen(crossing, what, act, |_| ()).await
    }

    /// The same for what the ledger must see at the very moment when it happens.
    async fn seen<T: Send>(
        &self,
        crossing: Crossing,
        what: &'static str,
        act: impl Future<Output = Result<T, Error>> + Send,
        note: impl FnOnce(&T) + Send,
    ) -> Result<T, Error> {
        let cue = self
            .stage
            .cross(self.replica, crossing, || format!("store {what}"))
            .await;
        match cue {
            Cue::Refused | Cue::Busy | Cue::Code(_) => {
                return Err(Error::Unavailable("planned by the director".to_owned()));
            }
            Cue::LostBefore | Cue::LostLate => {
                return Err(Error::Unknown("planned by the director".to_owned()));
            }
            Cue::Go | Cue::GoSlowly | Cue::LostAfter | Cue::LastAct | Cue::NotReplicated => {}
        }
        // The model never waits, so that nothing comes between what happens and what is noted.
        let outcome = act.await;
        if let Ok(value) = &outcome {
            note(value);
        }
        self.stage.answer(self.replica, cue, what).await;
        match cue {
            Cue::LostAfter => Err(Error::Unknown("planned by the director".to_owned())),
            Cue::NotReplicated => Err(Error::NotReplicated {
                confirmed: 0,
                wanted: 1,
            }),
            Cue::Go
            | Cue::GoSlowly
            | Cue::LastAct
            | Cue::Refused
            | Cue::LostBefore
            | Cue::LostLate
            | Cue::Code(_)
            | Cue::Busy => outcome,
        }
    }
}

#[async_trait]
impl Store for ReplicaStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error> {
        self.call(Crossing::Read, "load", self.model.load(requests)).await
    }

    async fn commit(&self, commit: Commit, times: LaneTimes) -> Result<CommitOutcome, Error> {
        let seen = commit.clone();
        let note = |outcome: &CommitOutcome| {
            self.stage.lock().ledger.committed(&seen, outcome, times.now_ms);
        };
        self.seen(Crossing::Write, "commit", self.model.commit(commit, times), note)
            .await
    }

    async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
        self.call(Crossing::Write, "put_alias", self.model.put_alias(alias, home))
            .await
    }

    async fn due_lanes(&self, now_ms: i64, limit: usize) -> Result<Vec<LaneId>, Error> {
        self.call(Crossing::Read, "due_lanes", self.model.due_lanes(now_ms, limit))
            .await
    }

    async fn lanes(&self, after: Option<&DueLane>, limit: usize, now_ms: i64) -> Result<LanePage, Error> {
        let act = self.model.lanes(after, limit, now_ms);
        self.call(Crossing::Read, "lanes", act).await
    }

    async fn lane_totals(&self, now_ms: i64) -> Result<LaneTotals, Error> {
        let act = self.model.lane_totals(now_ms);
        self.call(Crossing::Read, "lane_totals", act).await
    }

    async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error> {
        let act = self.model.look_at_lanes(lanes, limit);
        self.call(Crossing::Read, "look_at_lanes", act).await
    }

    async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error> {
        let note = |outcome: &ClaimOutcome| {
            let mut inner = self.stage.lock();
            inner.ledger.asked_for(lane, times.now_ms);
            if let ClaimOutcome::Claimed(head) = outcome {
                inner.ledger.granted(head, times.now_ms);
            }
        };
        self.seen(Crossing::Write, "claim", self.model.claim(lane, times), note)
            .await
    }

    async fn release(&self, head: &Head, now_ms: i64) -> Result<bool, Error> {
        let note = |released: &bool| {
            if *released {
                self.stage.lock().ledger.released(head);
            }
        };
        self.seen(Crossing::Write, "release", self.model.release(head, now_ms), note)
            .await
    }

    async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error> {
        let note = |outcome: &StartOutcome| {
            if matches!(outcome, StartOutcome::Started { .. }) {
                let mut inner = self.stage.lock();
                inner
                    .ledger
                    .started(head, self.replica, times.now_ms, times.lease_ms);
            }
        };
        let act = self.model.start(head, budgets, class, times);
        self.seen(Crossing::Write, "start", act, note).await
    }

    async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error> {
        let seen = settlement.clone();
        let note = |outcome: &SettleOutcome| {
            let mut inner = self.stage.lock();
            inner.ledger.settled(head, &seen, outcome, times.now_ms);
        };
        let act = self.model.settle(head, settlement, times);
        self.seen(Crossing::Write, "settle", act, note).await
    }

    async fn debit(&self, budget: &Budget, units: u32, now_ms: i64) -> Result<(), Error> {
        self.call(Crossing::Write, "debit", self.model.debit(budget, units, now_ms))
            .await
    }

    async fn look_at_budgets(&self, budgets: &[Budget], now_ms: i64) -> Result<Vec<BudgetLook>, Error> {
        let act = self.model.look_at_budgets(budgets, now_ms);
        self.call(Crossing::Read, "look_at_budgets", act).await
    }

    async fn effect_of(&self, home: &HomeId, message_key: &str) -> Result<Option<EffectId>, Error> {
        let act = self.model.effect_of(home, message_key);
        self.call(Crossing::Read, "effect_of", act).await
    }

    async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: i64,
    ) -> Result<StatusOutcome, Error> {
        let note = |outcome: &StatusOutcome| {
            let mut inner = self.stage.lock();
            if let Some(effect) = outcome.effect_id.as_ref() {
                if outcome.raised {
                    inner.ledger.status(effect, status);
                }
                if outcome.settled {
                    inner.ledger.settled_by_status(effect);
                }
            }
        };
        let act = self.model.record_status(target, status, now_ms);
        self.seen(Crossing::Write, "record_status", act, note).await
    }

    async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error> {
        self.call(
            Crossing::Write,
            "put_purchase",
            self.model.put_purchase(id, encoded),
        )
        .await
    }

    async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error> {
        self.call(Crossing::Read, "purchase", self.model.purchase(id))
            .await
    }

    async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error> {
        self.call(Crossing::Read, "journal", self.model.journal(home))
            .await
    }

    async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error> {
        self.call(Crossing::Read, "catalog", self.model.catalog(merchant))
            .await
    }

    async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error> {
        let act = self.model.catalog_generation(merchant);
        self.call(Crossing::Read, "catalog_generation", act).await
    }

    async fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Result<Vec<StoredFact>, Error> {
        self.call(Crossing::Read, "products", self.model.products(merchant, ids))
            .await
    }

    async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error> {
        let act = self.model.put_products(merchant, writes);
        self.call(Crossing::Write, "put_products", act).await
    }

    async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error> {
        let note = |(): &()| self.stage.lock().ledger.marked(retailer_id, version);
        let act = self.model.raise_markers(merchant, retailer_id, version);
        self.seen(Crossing::Write, "raise_markers", act, note).await
    }

    async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error> {
        // Most shards of a world with three customers are empty: asking them is no crossing.
        let found = self.model.interested(shard, interest, after, limit).await?;
        if found.is_empty() {
            return Ok(found);
        }
        let act = self.model.interested(shard, interest, after, limit);
        self.call(Crossing::Read, "interested", act).await
    }

    async fn put_record(&self, kind: &str, id: &str, body: &str, ttl_ms: i64) -> Result<(), Error> {
        let act = self.model.put_record(kind, id, body, ttl_ms);
        self.call(Crossing::Write, "put_record", act).await
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error> {
        self.call(Crossing::Read, "record", self.model.record(kind, id))
            .await
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error> {
        let act = self.model.remove_record(kind, id);
        self.call(Crossing::Write, "remove_record", act).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        self.call(Crossing::Read, "records", self.model.records(kind))
            .await
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error> {
        self.call(Crossing::Write, "secret", self.model.secret(name, candidate))
            .await
    }

    async fn hold(&self, name: &str, owner: &str, ttl_ms: i64, now_ms: i64) -> Result<bool, Error> {
        let act = self.model.hold(name, owner, ttl_ms, now_ms);
        self.call(Crossing::Write, "hold", act).await
    }

    async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: i64,
    ) -> Result<IdempotencyOutcome, Error> {
        let act = self.model.begin_idempotent(key, fingerprint, ttl_ms, now_ms);
        self.call(Crossing::Write, "begin_idempotent", act).await
    }

    async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error> {
        let act = self.model.finish_idempotent(key, answer);
        self.call(Crossing::Write, "finish_idempotent", act).await
    }

    async fn drop_idempotent(&self, key: &str) -> Result<(), Error> {
        let act = self.model.drop_idempotent(key);
        self.call(Crossing::Write, "drop_idempotent", act).await
    }

    async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
        self.call(Crossing::Write, "park", self.model.park(letter, bound))
            .await
    }

    async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        let act = self.model.dead_letters(filter, after, limit);
        self.call(Crossing::Read, "dead_letters", act).await
    }

    async fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error> {
        let act = self.model.dead_letter_groups(merchant);
        self.call(Crossing::Read, "dead_letter_groups", act).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        self.call(Crossing::Read, "dead_letter", self.model.dead_letter(id))
            .await
    }

    async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error> {
        let act = self.model.remove_dead_letter(id);
        self.call(Crossing::Write, "remove_dead_letter", act).await
    }

    async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error> {
        self.call(Crossing::Write, "erase", self.model.erase(erasure))
            .await
    }

    async fn search(&self, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error> {
        self.call(Crossing::Read, "search", self.model.search(needles, after))
            .await
    }

    async fn forget(&self, places: &[Place]) -> Result<(), Error> {
        self.call(Crossing::Write, "forget", self.model.forget(places))
            .await
    }

    async fn rewrite_history(&self) -> Result<History, Error> {
        self.call(Crossing::Write, "rewrite_history", self.model.rewrite_history())
            .await
    }

    async fn health(&self) -> Result<Health, Error> {
        self.call(Crossing::Write, "health", self.model.health()).await
    }

    fn round_trips(&self) -> u64 {
        self.model.round_trips()
    }

    async fn close(&self) {
        self.model.close().await;
    }
}
