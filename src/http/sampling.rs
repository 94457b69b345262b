//! What is told of the store and of this replica every few seconds, whether or not anybody scrapes: gauges that no event moves. Each
//! reading has a bound and changes nothing. While the store does not answer its gauges stay as they were and `sacola_store_up` is 0. It
//! refuses to count events: whoever does a thing counts it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::dead_letters::counted_by_reason;
use super::ops::readiness;
use crate::domain::ids::{MerchantId, NumberId};
use crate::store::{self, Budget, Health, LaneTotals, Loss, UnixMs};
use crate::tasks::{Streak, Tasks};

/// How often.
const EVERY_MS: u64 = 5_000;
/// Dead letters are counted each so many rounds: an embedded store walks them all, and they are looked at by people.
const LETTERS_EVERY: u32 = 6;

/// Starts the sampler as a background task. A replica that stops samples nothing more and is not ready.
pub fn sample(state: Arc<State>, tasks: &Tasks) {
    let stop = tasks.stop_token();
    tasks.spawn("sampler", async move {
        let mut sampler = Sampler::default();
        loop {
            // Durations pile up until this is called or somebody scrapes.
            state.metrics.run_upkeep();
            let round = async {
                sampler.take(&state).await;
                state.engine.clock().sleep_ms(EVERY_MS).await;
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = round => {}
            }
        }
        metrics::gauge!("sacola_ready").set(0.0);
    });
}

/// What is remembered from one round to the next.
#[derive(Debug, Default)]
struct Sampler {
    rounds: u32,
    /// Merchants that were told of, and since when.
    merchants: BTreeMap<MerchantId, UnixMs>,
    /// Numbers whose budgets were told.
    numbers: BTreeSet<NumberId>,
    /// The store had a limit of memory.
    was_limited: bool,
    reads: Streak,
}

impl Sampler {
    async fn take(&mut self, state: &State) {
        let readiness = readiness(state).await;
        metrics::gauge!("sacola_ready").set(u8::from(readiness.ready));
        let now_ms = state.engine.clock().now_ms();
        tell_silence(state, now_ms);
        let merchants = state.dispatcher.merchants().into_iter();
        let read = merchants.map(|merchant| {
            let at_ms = state.dispatcher.mirrored_at_ms(&merchant);
            (merchant, at_ms)
        });
        self.tell_catalogs(read.collect(), now_ms);
        let mut is_up = false;
        if let Some(health) = &readiness.health {
            self.tell_memory(health);
            tell_survived(health);
            let is_read = self.tell_store(state, now_ms).await;
            is_up = health.writable && is_read;
        }
        metrics::gauge!("sacola_store_up").set(u8::from(is_up));
        self.rounds = self.rounds.wrapping_add(1);
    }

    /// False when the store, or a part of it, does not answer.
    async fn tell_store(&mut self, state: &State, now_ms: UnixMs) -> bool {
        let read = self.read_store(state, now_ms).await;
        self.reads.note("sampling the store", &read);
        read.unwrap_or(false)
    }

    async fn read_store(&mut self, state: &State, now_ms: UnixMs) -> Result<bool, store::Error> {
        let store = state.engine.store();
        let totals = store.lane_totals(now_ms).await?;
        let is_whole = totals.unread_shards == 0;
        if is_whole {
            tell_lanes(&totals, now_ms);
        }
        self.tell_budgets(state, now_ms).await?;
        let (running, began_ms) = state.dispatcher.running_updates().await?;
        metrics::gauge!("sacola_price_updates_running").set(u32::try_from(running).unwrap_or(u32::MAX));
        let age_ms = began_ms.map_or(0, |began_ms| now_ms.saturating_sub(began_ms));
        metrics::gauge!("sacola_price_update_oldest_seconds").set(span(age_ms));
        if self.rounds.is_multiple_of(LETTERS_EVERY) {
            for (reason, count) in counted_by_reason(&store.dead_letter_groups(None).await?) {
                metrics::gauge!("sacola_dead_letters", "reason" => reason).set(whole(count));
            }
        }
        Ok(is_whole)
    }

    /// A limit that was lifted is no limit that is nearly reached.
    fn tell_memory(&mut self, health: &Health) {
        let percent = health.memory_percent.or(self.was_limited.then_some(0));
        if let Some(percent) = percent {
            let ratio = thousandths(u64::from(percent).saturating_mul(10));
            metrics::gauge!("sacola_store_memory_ratio").set(ratio);
        }
        self.was_limited = percent.is_some();
    }

    /// Of a number that is no longer configured all is left.
    async fn tell_budgets(&mut self, state: &State, now_ms: UnixMs) -> Result<(), store::Error> {
        let numbers = configured(state);
        let budgets: Vec<Budget> = numbers
            .iter()
            .map(|number| state.dispatcher.number_budget(number))
            .collect();
        let looks = state.engine.store().look_at_budgets(&budgets, now_ms).await?;
        for gone in self.numbers.difference(&numbers) {
            tell_budget(gone, 1_000);
        }
        for ((number, budget), look) in numbers.iter().zip(&budgets).zip(looks) {
            tell_budget(number, share(look.available, budget.burst));
        }
        self.numbers = numbers;
        Ok(())
    }

    /// One that was never read ages from when its merchant was first seen here: else the shop that fails across a restart would be
    /// told nowhere. A gauge can't be taken back: of a merchant that is no longer configured it stays at 0.
    fn tell_catalogs(&mut self, read: BTreeMap<MerchantId, Option<UnixMs>>, now_ms: UnixMs) {
        let gone = self
            .merchants
            .keys()
            .filter(|merchant| !read.contains_key(*merchant));
        for merchant in gone {
            tell_catalog(merchant, 0);
        }
        let mut merchants = BTreeMap::new();
        for (merchant, read_at_ms) in read {
            let since_ms = self.merchants.get(&merchant).copied().unwrap_or(now_ms);
            tell_catalog(&merchant, now_ms.saturating_sub(read_at_ms.unwrap_or(since_ms)));
            merchants.insert(merchant, since_ms);
        }
        self.merchants = merchants;
    }
}

fn tell_survived(health: &Health) {
    for loss in Loss::ALL {
        let survives = u8::from(health.survives.contains(&loss));
        metrics::gauge!("sacola_store_survives", "loss" => loss.word()).set(survives);
    }
}

fn tell_catalog(merchant: &MerchantId, age_ms: i64) {
    let merchant = merchant.as_str().to_owned();
    metrics::gauge!("sacola_catalog_age_seconds", "merchant" => merchant).set(span(age_ms));
}

fn tell_budget(number: &NumberId, left: u64) {
    let number = number.as_str().to_owned();
    metrics::gauge!("sacola_budget_available_ratio", "number" => number).set(thousandths(left));
}

fn configured(state: &State) -> BTreeSet<NumberId> {
    let known = state.engine.numbers().into_iter();
    known.map(|known| known.number.clone()).collect()
}

/// As with catalogs: of a number that is no longer configured it stays at 0.
fn tell_silence(state: &State, now_ms: UnixMs) {
    let numbers = configured(state);
    let gone = state.heard.keep_only(&numbers);
    let silent = |number: NumberId, silence_ms: i64| {
        let number = number.as_str().to_owned();
        metrics::gauge!("sacola_number_silence_seconds", "number" => number).set(span(silence_ms));
    };
    for number in gone {
        silent(number, 0);
    }
    for number in numbers {
        let silence_ms = state.heard.silence_ms(&number, now_ms);
        silent(number, silence_ms);
    }
}

fn tell_lanes(totals: &LaneTotals, now_ms: UnixMs) {
    for (kind, of_kind) in [("provider", totals.provider), ("merchant", totals.merchant)] {
        let states = [
            ("due", of_kind.due),
            ("later", of_kind.later),
            ("leased", of_kind.leased),
        ];
        for (state, count) in states {
            metrics::gauge!("sacola_lanes", "kind" => kind, "state" => state).set(whole(count));
        }
        let late_ms = of_kind
            .oldest_due_ms
            .map_or(0, |due_ms| now_ms.saturating_sub(due_ms));
        metrics::gauge!("sacola_lane_oldest_due_seconds", "kind" => kind).set(span(late_ms));
    }
}

/// So many thousandths of `whole` are `part`, between none and all.
fn share(part: i64, whole: i64) -> u64 {
    let whole = whole.max(1);
    let thousandths = part.clamp(0, whole).saturating_mul(1_000) / whole;
    u64::try_from(thousandths).unwrap_or(0)
}

/// As a fraction of 1; a number of milliseconds in seconds is the same, and needs no arithmetic with floats.
fn thousandths(count: u64) -> f64 {
    Duration::from_millis(count).as_secs_f64()
}

fn span(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

fn whole(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_memory_that_was_lifted_is_not_told_any_more_as_nearly_reached() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let told = |sampler: &mut Sampler, memory_percent| {
            metrics::with_local_recorder(&recorder, || sampler.tell_memory(&health(memory_percent)));
            let text = handle.render();
            let line = text
                .lines()
                .find(|line| line.starts_with("sacola_store_memory_ratio "));
            line.and_then(|line| line.split(' ').nth(1)).map(str::to_owned)
        };
        let mut sampler = Sampler::default();
        assert_eq!(told(&mut sampler, None), None);
        assert_eq!(told(&mut sampler, Some(97)).as_deref(), Some("0.97"));
        assert_eq!(told(&mut sampler, None).as_deref(), Some("0"));
        assert_eq!(told(&mut sampler, Some(40)).as_deref(), Some("0.4"));
    }

    #[test]
    fn a_catalog_that_was_never_read_ages_from_when_its_merchant_was_first_seen() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let cafe = MerchantId::new("cafe");
        let mut sampler = Sampler::default();
        let mut told = |read: Option<Option<UnixMs>>, now_ms| {
            let read = read.map(|read_at_ms| (cafe.clone(), read_at_ms)).into_iter();
            metrics::with_local_recorder(&recorder, || sampler.tell_catalogs(read.collect(), now_ms));
            let text = handle.render();
            let line = text
                .lines()
                .find(|line| line.starts_with("sacola_catalog_age_seconds{"));
            line.and_then(|line| line.split(' ').nth(1)).map(str::to_owned)
        };
        assert_eq!(told(Some(None), 10_000).as_deref(), Some("0"));
        assert_eq!(told(Some(None), 70_000).as_deref(), Some("60"));
        assert_eq!(told(Some(Some(75_000)), 80_000).as_deref(), Some("5"));
        assert_eq!(told(None, 90_000).as_deref(), Some("0"), "no longer configured");
        assert_eq!(told(Some(None), 95_000).as_deref(), Some("0"), "configured anew");
    }

    fn health(memory_percent: Option<u32>) -> Health {
        Health {
            engine: "redis".to_owned(),
            version: String::new(),
            writable: true,
            level: store::Level::ProcessDeath,
            survives: BTreeSet::new(),
            durability: String::new(),
            memory_percent,
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_share_is_between_none_and_all() {
        assert_eq!((share(-1, 80), share(0, 80), share(20, 80)), (0, 0, 250));
        assert_eq!((share(80, 80), share(99, 80), share(1, 0)), (1_000, 1_000, 1_000));
        assert_eq!(thousandths(250).to_string(), "0.25");
    }
}
