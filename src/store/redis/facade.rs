//! [`Store`] for Redis: each method leads to the file of its subject.

use async_trait::async_trait;

use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use crate::store::{
    Budget, BudgetLook, CatalogRead, ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus,
    DueLane, EraseOutcome, Erasure, Error, Head, Health, History, IdempotencyOutcome, Interest, LaneId,
    LaneLook, LanePage, LaneTimes, LaneTotals, LetterFilter, LetterGroup, LoadRequest, Loaded, Needles,
    Place, ProductWrite, SearchPage, SettleOutcome, Settlement, StartOutcome, StatusOutcome, StatusTarget,
    Store, StoredFact, UnixMs, Written,
};

use super::{CLOSE_GRACE_MS, RedisStore, commit};

#[async_trait]
impl Store for RedisStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error> {
        self.inner.load(requests).await
    }

    async fn commit(&self, commit: Commit, times: LaneTimes) -> Result<CommitOutcome, Error> {
        commit::submit(&self.commits, commit, times).await
    }

    async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
        self.inner.put_alias(alias, home).await
    }

    async fn due_lanes(&self, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error> {
        self.inner.due_lanes(now_ms, limit).await
    }

    async fn lanes(&self, after: Option<&DueLane>, limit: usize, now_ms: UnixMs) -> Result<LanePage, Error> {
        self.inner.lanes(after, limit, now_ms).await
    }

    async fn lane_totals(&self, now_ms: UnixMs) -> Result<LaneTotals, Error> {
        self.inner.lane_totals(now_ms).await
    }

    async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error> {
        self.inner.look_at_lanes(lanes, limit).await
    }

    async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error> {
        self.inner.claim(lane, times).await
    }

    async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error> {
        self.inner.start(head, budgets, class, times).await
    }

    async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error> {
        self.inner.settle(head, settlement, times).await
    }

    async fn release(&self, head: &Head, now_ms: UnixMs) -> Result<bool, Error> {
        self.inner.release(head, now_ms).await
    }

    async fn debit(&self, budget: &Budget, units: u32, now_ms: UnixMs) -> Result<(), Error> {
        self.inner.debit(budget, units, now_ms).await
    }

    async fn look_at_budgets(&self, budgets: &[Budget], now_ms: UnixMs) -> Result<Vec<BudgetLook>, Error> {
        self.inner.look_at_budgets(budgets, now_ms).await
    }

    async fn effect_of(&self, home: &HomeId, message_key: &str) -> Result<Option<EffectId>, Error> {
        self.inner.effect_of(home, message_key).await
    }

    async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> Result<StatusOutcome, Error> {
        self.inner.record_status(target, status, now_ms).await
    }

    async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error> {
        self.inner.put_purchase(id, encoded).await
    }

    async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error> {
        self.inner.purchase(id).await
    }

    async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error> {
        self.inner.journal(home).await
    }

    async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error> {
        self.inner.catalog(merchant).await
    }

    async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error> {
        self.inner.catalog_generation(merchant).await
    }

    async fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Result<Vec<StoredFact>, Error> {
        self.inner.products(merchant, ids).await
    }

    async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error> {
        self.inner.put_products(merchant, writes).await
    }

    async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error> {
        self.inner.raise_markers(merchant, retailer_id, version).await
    }

    async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error> {
        self.inner.interested(shard, interest, after, limit).await
    }

    async fn put_record(&self, kind: &str, id: &str, body: &str, ttl_ms: i64) -> Result<(), Error> {
        self.inner.put_record(kind, id, body, ttl_ms).await
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error> {
        self.inner.record(kind, id).await
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error> {
        self.inner.remove_record(kind, id).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        self.inner.records(kind).await
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error> {
        self.inner.secret(name, candidate).await
    }

    async fn hold(&self, name: &str, owner: &str, ttl_ms: i64, now_ms: UnixMs) -> Result<bool, Error> {
        self.inner.hold(name, owner, ttl_ms, now_ms).await
    }

    async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<IdempotencyOutcome, Error> {
        self.inner
            .begin_idempotent(key, fingerprint, ttl_ms, now_ms)
            .await
    }

    async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error> {
        self.inner.finish_idempotent(key, answer).await
    }

    async fn drop_idempotent(&self, key: &str) -> Result<(), Error> {
        self.inner.drop_idempotent(key).await
    }

    async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
        self.inner.park(letter, bound).await
    }

    async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        self.inner.dead_letters(filter, after, limit).await
    }

    async fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error> {
        self.inner.dead_letter_groups(merchant).await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        self.inner.dead_letter(id).await
    }

    async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error> {
        self.inner.remove_dead_letter(id).await
    }

    async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error> {
        self.inner.erase(erasure).await
    }

    async fn search(&self, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error> {
        self.inner.search(needles, after).await
    }

    async fn forget(&self, places: &[Place]) -> Result<(), Error> {
        self.inner.forget(places).await
    }

    async fn rewrite_history(&self) -> Result<History, Error> {
        self.inner.rewrite_history().await
    }

    async fn health(&self) -> Result<Health, Error> {
        self.inner.health().await
    }

    fn round_trips(&self) -> u64 {
        self.inner.net.trips()
    }

    async fn close(&self) {
        if !self.tasks.stop(CLOSE_GRACE_MS).await {
            tracing::warn!("commits were still under way when the store was closed");
        }
    }
}
