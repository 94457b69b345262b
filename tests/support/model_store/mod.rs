//! The store as a model: plain ordered collections behind one lock, written from what `sacola::store` promises and not from
//! its engines. The simulation of the gateway runs on it, and both engines are compared with it. It never waits, draws no
//! numbers and keeps nothing outside itself; it says what a store means and refuses to know how one is kept.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use sacola::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use sacola::store::{
    Budget, BudgetLook, CatalogRead, ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus,
    DueLane, EraseOutcome, Erasure, Error, Head, Health, History, IdempotencyOutcome, Interest, LaneId,
    LaneLook, LanePage, LaneTimes, LaneTotals, LetterFilter, LetterGroup, Level, LoadRequest, Loaded,
    Needles, Place, ProductWrite, Retention, SearchPage, SettleOutcome, Settlement, StartOutcome,
    StatusOutcome, StatusTarget, Store, StoredFact, UnixMs, Written,
};

mod budgets;
mod catalog;
mod conversations;
mod erase;
mod history;
mod lane;
mod lanes;
mod letters;
mod looks;
mod model;
mod order;
#[cfg(feature = "faults")]
mod planted;
mod records;
mod statuses;
mod tests;

pub use self::conversations::Conversation;
pub use self::history::{CommitRecord, SettleRecord, StartRecord};
pub use self::lane::{Entry, Grant, Lane};
pub use self::model::Model;

/// The model as a store.
#[derive(Debug, Default)]
pub struct ModelStore {
    state: Mutex<Model>,
}

impl ModelStore {
    /// One that keeps what ends for so long.
    pub fn keeping(retention: Retention) -> Self {
        let store = Self::default();
        store.ask(|model| model.retention = retention);
        store
    }

    /// Looks at everything that is kept, without counting as a call.
    pub fn look<T>(&self, look: impl FnOnce(&Model) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ask<T>(&self, call: impl FnOnce(&mut Model) -> T) -> T {
        let mut model = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        model.trips += 1;
        call(&mut model)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error> {
        Ok(self.ask(|model| model.load(requests)))
    }

    async fn commit(&self, commit: Commit, times: LaneTimes) -> Result<CommitOutcome, Error> {
        Ok(self.ask(|model| model.commit(commit, times)))
    }

    async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
        Ok(self.ask(|model| model.put_alias(alias, home)))
    }

    async fn due_lanes(&self, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error> {
        Ok(self.ask(|model| model.due_lanes(now_ms, limit)))
    }

    async fn lanes(&self, after: Option<&DueLane>, limit: usize, now_ms: UnixMs) -> Result<LanePage, Error> {
        Ok(self.ask(|model| model.lanes_page(after, limit, now_ms)))
    }

    async fn lane_totals(&self, now_ms: UnixMs) -> Result<LaneTotals, Error> {
        Ok(self.ask(|model| model.lane_totals(now_ms)))
    }

    async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error> {
        Ok(self.ask(|model| lanes.iter().map(|lane| model.look_at_lane(lane, limit)).collect()))
    }

    async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error> {
        Ok(self.ask(|model| model.claim(lane, times)))
    }

    async fn release(&self, head: &Head, now_ms: UnixMs) -> Result<bool, Error> {
        Ok(self.ask(|model| model.release(head, now_ms)))
    }

    async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error> {
        Ok(self.ask(|model| model.start(head, budgets, class, times)))
    }

    async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error> {
        Ok(self.ask(|model| model.settle(head, &settlement, times)))
    }

    async fn debit(&self, budget: &Budget, units: u32, now_ms: UnixMs) -> Result<(), Error> {
        self.ask(|model| model.debit(budget, units, now_ms));
        Ok(())
    }

    async fn look_at_budgets(&self, budgets: &[Budget], now_ms: UnixMs) -> Result<Vec<BudgetLook>, Error> {
        Ok(self.ask(|model| model.look_at_budgets(budgets, now_ms)))
    }

    async fn effect_of(&self, home: &HomeId, message_key: &str) -> Result<Option<EffectId>, Error> {
        Ok(self.ask(|model| model.effect_of(home, message_key)))
    }

    async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> Result<StatusOutcome, Error> {
        Ok(self.ask(|model| model.record_status(target, status, now_ms)))
    }

    async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error> {
        self.ask(|model| model.put_purchase(id, encoded));
        Ok(())
    }

    async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error> {
        Ok(self.ask(|model| model.purchase(id)))
    }

    async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error> {
        Ok(self.ask(|model| model.journal(home).to_vec()))
    }

    async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error> {
        Ok(self.ask(|model| model.catalog(merchant)))
    }

    async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error> {
        Ok(self.ask(|model| model.catalog_generation(merchant)))
    }

    async fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Result<Vec<StoredFact>, Error> {
        Ok(self.ask(|model| model.products(merchant, ids)))
    }

    async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error> {
        Ok(self.ask(|model| model.put_products(merchant, writes)))
    }

    async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error> {
        self.ask(|model| model.raise_markers(merchant, retailer_id, version));
        Ok(())
    }

    async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error> {
        Ok(self.ask(|model| model.interested(shard, interest, after, limit)))
    }

    async fn put_record(&self, kind: &str, id: &str, body: &str, ttl_ms: i64) -> Result<(), Error> {
        self.ask(|model| model.put_record(kind, id, body, ttl_ms));
        Ok(())
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error> {
        Ok(self.ask(|model| model.record(kind, id)))
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error> {
        self.ask(|model| model.remove_record(kind, id));
        Ok(())
    }

    async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        Ok(self.ask(|model| model.records(kind)))
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error> {
        Ok(self.ask(|model| model.secret(name, candidate)))
    }

    async fn hold(&self, name: &str, owner: &str, ttl_ms: i64, now_ms: UnixMs) -> Result<bool, Error> {
        Ok(self.ask(|model| model.hold(name, owner, ttl_ms, now_ms)))
    }

    async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<IdempotencyOutcome, Error> {
        Ok(self.ask(|model| model.begin_idempotent(key, fingerprint, ttl_ms, now_ms)))
    }

    async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error> {
        self.ask(|model| model.finish_idempotent(key, answer));
        Ok(())
    }

    async fn drop_idempotent(&self, key: &str) -> Result<(), Error> {
        self.ask(|model| model.drop_idempotent(key));
        Ok(())
    }

    async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
        Ok(self.ask(|model| model.park(letter, bound)))
    }

    async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        Ok(self.ask(|model| model.dead_letters(filter, after, limit)))
    }

    async fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error> {
        Ok(self.ask(|model| model.dead_letter_groups(merchant)))
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        Ok(self.ask(|model| model.dead_letter(id)))
    }

    async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error> {
        Ok(self.ask(|model| model.remove_dead_letter(id)))
    }

    async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error> {
        Ok(self.ask(|model| model.erase(erasure)))
    }

    async fn search(&self, needles: &Needles, _after: Option<&str>) -> Result<SearchPage, Error> {
        Ok(self.ask(|model| model.search(needles)))
    }

    async fn forget(&self, places: &[Place]) -> Result<(), Error> {
        self.ask(|model| model.forget(places));
        Ok(())
    }

    async fn rewrite_history(&self) -> Result<History, Error> {
        Ok(self.ask(|_| History::None))
    }

    async fn health(&self) -> Result<Health, Error> {
        Ok(self.ask(|_| Health {
            engine: "model".to_owned(),
            version: "1".to_owned(),
            writable: true,
            level: Level::None,
            survives: BTreeSet::new(),
            durability: "a 200 means: in the memory of this test".to_owned(),
            memory_percent: None,
            warnings: Vec::new(),
        }))
    }

    fn round_trips(&self) -> u64 {
        self.look(|model| model.trips)
    }

    async fn close(&self) {}
}
