//! The methods of the embedded store, one screen of wiring: each hands its arguments to the writer or looks into the
//! snapshot. It refuses to decide anything.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;

use super::lanes::Purse;
use super::{EmbeddedStore, catalog, conversations, erase, keys, lanes, letters, looks, places, records};
use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use crate::store::{
    Budget, BudgetLook, CatalogRead, ClaimOutcome, Class, Commit, CommitOutcome, DeadLetter, DeliveryStatus,
    DueLane, EraseOutcome, Erasure, Error, Head, Health, History, IdempotencyOutcome, Interest, LaneId,
    LaneLook, LanePage, LaneTimes, LaneTotals, LetterFilter, LetterGroup, Level, LoadRequest, Loaded, Loss,
    Needles, Place, ProductWrite, SearchPage, SettleOutcome, Settlement, StartOutcome, StatusOutcome,
    StatusTarget, Store, StoredFact, UnixMs, Written,
};

/// The library that writes the file.
const LIBRARY: &str = "redb 4";

/// What a 200 means here.
const DURABILITY: &str = "a 200 means: on this machine's disk, flushed before each answer: it survives a power cut; one \
                          process, no replica: back up the file";

#[async_trait]
impl Store for EmbeddedStore {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<Loaded>, Error> {
        let now_ms = self.latest_ms();
        self.read(|view| {
            requests
                .iter()
                .map(|request| conversations::load(view, request, now_ms))
                .collect()
        })
    }

    async fn commit(&self, commit: Commit, times: LaneTimes) -> Result<CommitOutcome, Error> {
        self.told(times.now_ms);
        let (tokens, journal_days) = (Arc::clone(&self.tokens), self.retention.journal_days);
        self.write(move |view| conversations::commit(view, commit, times, &tokens, journal_days))
            .await
    }

    async fn put_alias(&self, alias: &HomeId, home: &HomeId) -> Result<HomeId, Error> {
        let (alias, home) = (alias.clone(), home.clone());
        self.write(move |view| conversations::put_alias(view, &alias, &home))
            .await
    }

    async fn due_lanes(&self, now_ms: UnixMs, limit: usize) -> Result<Vec<LaneId>, Error> {
        self.told(now_ms);
        self.read(|view| lanes::due(view, now_ms, limit))
    }

    async fn lanes(&self, after: Option<&DueLane>, limit: usize, now_ms: UnixMs) -> Result<LanePage, Error> {
        self.told(now_ms);
        self.read(|view| looks::page(view, after, limit, now_ms))
    }

    async fn lane_totals(&self, now_ms: UnixMs) -> Result<LaneTotals, Error> {
        self.told(now_ms);
        self.read_beside(move |view| looks::totals(view, now_ms)).await
    }

    async fn look_at_lanes(&self, lanes: &[LaneId], limit: usize) -> Result<Vec<LaneLook>, Error> {
        self.read(|view| lanes.iter().map(|lane| looks::lane(view, lane, limit)).collect())
    }

    async fn claim(&self, lane: &LaneId, times: LaneTimes) -> Result<ClaimOutcome, Error> {
        self.told(times.now_ms);
        let (lane, token) = (lane.clone(), self.tokens.next());
        self.write(move |view| lanes::claim(view, &lane, times, &token))
            .await
    }

    async fn start(
        &self,
        head: &Head,
        budgets: &[Budget],
        class: Class,
        times: LaneTimes,
    ) -> Result<StartOutcome, Error> {
        self.told(times.now_ms);
        let (head, needed, kept) = (head.clone(), budgets.to_vec(), Arc::clone(&self.budgets));
        self.write(move |view| {
            let purse = Purse {
                kept: &kept,
                needed: &needed,
                class,
            };
            lanes::start(view, &head, &purse, times)
        })
        .await
    }

    async fn settle(
        &self,
        head: &Head,
        settlement: Settlement,
        times: LaneTimes,
    ) -> Result<SettleOutcome, Error> {
        self.told(times.now_ms);
        let (head, token, kept_ms) = (head.clone(), self.tokens.next(), self.retention.statuses_ms());
        self.write(move |view| lanes::settle(view, &head, &settlement, times, &token, kept_ms))
            .await
    }

    async fn release(&self, head: &Head, now_ms: UnixMs) -> Result<bool, Error> {
        self.told(now_ms);
        let head = head.clone();
        self.write(move |view| lanes::release(view, &head, now_ms)).await
    }

    async fn debit(&self, budget: &Budget, units: u32, now_ms: UnixMs) -> Result<(), Error> {
        self.told(now_ms);
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.budgets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .debit(budget, units, now_ms);
        Ok(())
    }

    async fn look_at_budgets(&self, budgets: &[Budget], now_ms: UnixMs) -> Result<Vec<BudgetLook>, Error> {
        self.told(now_ms);
        self.trips.fetch_add(1, Ordering::Relaxed);
        let kept = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(budgets.iter().map(|budget| kept.look(budget, now_ms)).collect())
    }

    async fn effect_of(&self, home: &HomeId, message_key: &str) -> Result<Option<EffectId>, Error> {
        self.read(|view| looks::effect_of(view, home, message_key, self.latest_ms()))
    }

    async fn record_status(
        &self,
        target: &StatusTarget,
        status: DeliveryStatus,
        now_ms: UnixMs,
    ) -> Result<StatusOutcome, Error> {
        self.told(now_ms);
        let (target, kept_ms) = (target.clone(), self.retention.statuses_ms());
        self.write(move |view| lanes::record_status(view, &target, status, now_ms, kept_ms))
            .await
    }

    async fn put_purchase(&self, id: &PurchaseId, encoded: &str) -> Result<(), Error> {
        let (key, encoded) = (keys::purchase(id), encoded.to_owned());
        self.write(move |view| view.put(&key, &encoded)).await
    }

    async fn purchase(&self, id: &PurchaseId) -> Result<Option<String>, Error> {
        self.read(|view| view.get(&keys::purchase(id)))
    }

    async fn journal(&self, home: &HomeId) -> Result<Vec<String>, Error> {
        self.read(|view| conversations::journal(view, home, self.latest_ms()))
    }

    async fn catalog(&self, merchant: &MerchantId) -> Result<CatalogRead, Error> {
        self.read(|view| catalog::read(view, merchant))
    }

    async fn catalog_generation(&self, merchant: &MerchantId) -> Result<u64, Error> {
        self.read(|view| catalog::generation(view, merchant))
    }

    async fn products(&self, merchant: &MerchantId, ids: &[RetailerId]) -> Result<Vec<StoredFact>, Error> {
        self.read(|view| catalog::some(view, merchant, ids))
    }

    async fn put_products(
        &self,
        merchant: &MerchantId,
        writes: &[ProductWrite],
    ) -> Result<Vec<Written>, Error> {
        let (merchant, writes) = (merchant.clone(), writes.to_vec());
        self.write(move |view| catalog::put(view, &merchant, &writes))
            .await
    }

    async fn raise_markers(
        &self,
        merchant: &MerchantId,
        retailer_id: &RetailerId,
        version: u64,
    ) -> Result<(), Error> {
        let (merchant, retailer_id) = (merchant.clone(), retailer_id.clone());
        self.write(move |view| catalog::raise_marker(view, &merchant, &retailer_id, version))
            .await
    }

    async fn interested(
        &self,
        shard: Shard,
        interest: &Interest,
        after: Option<&HomeId>,
        limit: usize,
    ) -> Result<Vec<HomeId>, Error> {
        self.read(|view| conversations::interested(view, shard, interest, after, limit))
    }

    async fn put_record(&self, kind: &str, id: &str, body: &str, ttl_ms: i64) -> Result<(), Error> {
        let (kind, id, body) = (kind.to_owned(), id.to_owned(), body.to_owned());
        let now_ms = self.latest_ms();
        self.write(move |view| records::put(view, &kind, &id, &body, ttl_ms, now_ms))
            .await
    }

    async fn record(&self, kind: &str, id: &str) -> Result<Option<String>, Error> {
        self.read(|view| view.get_alive(&keys::record(kind, id), self.latest_ms()))
    }

    async fn remove_record(&self, kind: &str, id: &str) -> Result<(), Error> {
        let key = keys::record(kind, id);
        self.write(move |view| view.remove(&key).map(|_| ())).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<(String, String)>, Error> {
        self.read(|view| records::list(view, kind, self.latest_ms()))
    }

    async fn secret(&self, name: &str, candidate: &str) -> Result<String, Error> {
        let (name, candidate) = (name.to_owned(), candidate.to_owned());
        self.write(move |view| records::secret(view, &name, &candidate))
            .await
    }

    async fn hold(&self, name: &str, owner: &str, ttl_ms: i64, now_ms: UnixMs) -> Result<bool, Error> {
        self.told(now_ms);
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write(move |view| records::hold(view, &name, &owner, ttl_ms, now_ms))
            .await
    }

    async fn begin_idempotent(
        &self,
        key: &str,
        fingerprint: &str,
        ttl_ms: i64,
        now_ms: UnixMs,
    ) -> Result<IdempotencyOutcome, Error> {
        self.told(now_ms);
        let (key, fingerprint) = (key.to_owned(), fingerprint.to_owned());
        self.write(move |view| records::begin_idempotent(view, &key, &fingerprint, ttl_ms, now_ms))
            .await
    }

    async fn finish_idempotent(&self, key: &str, answer: &str) -> Result<(), Error> {
        let (key, answer) = (key.to_owned(), answer.to_owned());
        self.write(move |view| records::finish_idempotent(view, &key, &answer))
            .await
    }

    async fn drop_idempotent(&self, key: &str) -> Result<(), Error> {
        let key = keys::idempotency(key);
        self.write(move |view| view.remove(&key).map(|_| ())).await
    }

    async fn park(&self, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
        let letter = letter.clone();
        self.write(move |view| letters::park(view, &letter, bound)).await
    }

    async fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        let (filter, after) = (filter.clone(), after.map(str::to_owned));
        self.read_beside(move |view| letters::page(view, &filter, after.as_deref(), limit))
            .await
    }

    async fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error> {
        let merchant = merchant.cloned();
        self.read_beside(move |view| letters::groups(view, merchant.as_ref()))
            .await
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        self.read(|view| view.get(&keys::letter(id)))
    }

    async fn remove_dead_letter(&self, id: &str) -> Result<bool, Error> {
        let id = id.to_owned();
        self.write(move |view| letters::remove(view, &id)).await
    }

    async fn erase(&self, erasure: &Erasure) -> Result<EraseOutcome, Error> {
        self.told(erasure.at_ms);
        let erasure = erasure.clone();
        self.write(move |view| erase::erase(view, &erasure)).await
    }

    async fn search(&self, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error> {
        let (needles, after) = (needles.clone(), after.map(str::to_owned));
        self.read_beside(move |view| places::search(view, &needles, after.as_deref()))
            .await
    }

    async fn forget(&self, places: &[Place]) -> Result<(), Error> {
        let places = places.to_vec();
        self.write(move |view| erase::forget(view, &places)).await
    }

    async fn rewrite_history(&self) -> Result<History, Error> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.writer.rewrite().await.map(|()| History::Rewritten)
    }

    async fn health(&self) -> Result<Health, Error> {
        let probe = self.latest_ms();
        let tried = self.write(move |view| view.put(keys::PROBE, &probe)).await;
        let warnings = tried
            .as_ref()
            .err()
            .map(|problem| format!("a write failed: {problem}"));
        let survives = BTreeSet::from([Loss::ProcessDeath, Loss::PowerLoss]);
        Ok(Health {
            engine: "embedded".to_owned(),
            version: LIBRARY.to_owned(),
            writable: tried.is_ok(),
            level: Level::of(&survives),
            survives,
            durability: DURABILITY.to_owned(),
            memory_percent: None,
            warnings: warnings.into_iter().collect(),
        })
    }

    fn round_trips(&self) -> u64 {
        self.trips.load(Ordering::Relaxed)
    }

    async fn close(&self) {
        self.writer.close().await;
        self.database.close();
    }
}
