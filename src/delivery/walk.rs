//! Walking the carts that hold a changed product, shard by shard, with a cursor that survives a restart.

use std::sync::Arc;

use super::answers::Interrupted;
use super::products::RUNNING;
use super::{Dispatcher, Learned, PriceUpdate, UpdateState, back_off_ms};
use crate::domain::event::Event;
use crate::domain::ids::{HomeId, PurchaseId, SHARDS, Shard};
use crate::engine::addresses::digest;
use crate::engine::{Happened, Refused, Taken, What, Who};
use crate::faults::{self, Point};
use crate::store::{self, Interest};
use crate::tasks::Streak;

/// Conversations that are told between two checkpoints.
const PAGE: usize = 100;
/// How often running updates are looked for.
const LOOK_MS: u64 = 300;
/// How long a replica may work before it must renew its right to.
const HOLD_MS: i64 = 15_000;
/// How soon a cart that could not be told is tried again.
const AGAIN_MS: i64 = 1_000;

impl Dispatcher {
    pub(super) async fn walk_for_ever(self: Arc<Self>) {
        let stop = self.tasks.stop_token();
        let (walks, follows) = (Streak::default(), Streak::default());
        loop {
            tokio::select! {
                () = self.engine().clock().sleep_ms(LOOK_MS) => {}
                () = stop.cancelled() => return,
            }
            self.count_inbound().await;
            walks.note("walking the price updates", &self.walk_all().await);
            follows.note("following the catalogs", &self.follow_catalogs().await);
        }
    }

    /// What customers sent counts against their numbers' rates too (Meta, throughput: in + out).
    async fn count_inbound(&self) {
        for (number, units) in self.engine().take_inbound_counts() {
            let budget = self.number_budget(&number);
            if let Err(error) = self.store().debit(&budget, units, self.now_ms()).await {
                tracing::debug!(%error, "inbound messages were not counted");
            }
        }
    }

    /// Another replica may have changed a catalog. One that can't be followed keeps none of the others back; the last failure is told.
    async fn follow_catalogs(&self) -> Result<(), store::Error> {
        let mut followed = Ok(());
        for merchant in &self.merchants() {
            let catalogs = self.engine().catalogs();
            followed = catalogs
                .follow(self.store().as_ref(), merchant)
                .await
                .and(followed);
        }
        followed
    }

    /// Continues every running update to its end; returns how many there were.
    pub async fn walk_all(&self) -> Result<usize, store::Error> {
        let running = self.store().records(RUNNING).await?;
        let count = running.len();
        for (id, body) in running {
            if self.tasks.stopping() {
                break;
            }
            let Ok(update) = serde_json::from_str::<PriceUpdate>(&body) else {
                tracing::error!(id, "a price update can't be read");
                continue;
            };
            let lease = format!("walk:{id}");
            if update.not_before_ms > self.now_ms() {
                continue;
            }
            let held = self
                .store()
                .hold(&lease, &self.parts.replica, HOLD_MS, self.now_ms())
                .await?;
            if held && let Err(error) = self.walk(update, &lease).await {
                tracing::warn!(%error, id, "a price update is interrupted; it will be continued");
            }
        }
        Ok(count)
    }

    async fn walk(&self, mut update: PriceUpdate, lease: &str) -> Result<(), Interrupted> {
        if update.look_up && !self.look_up_for(&mut update).await? {
            return Ok(());
        }
        self.raise_to_stored(&update).await?;
        let interest = Interest {
            merchant: update.merchant.clone(),
            retailer_id: update.retailer_id.clone(),
        };
        while update.shard < SHARDS {
            let shard = Shard(u8::try_from(update.shard).unwrap_or(u8::MAX));
            let homes = self
                .store()
                .interested(shard, &interest, update.after.as_ref(), PAGE)
                .await?;
            for home in &homes {
                if let Err(error) = self.tell_change(&mut update, home).await {
                    update.failed += 1;
                    count_cart("failed");
                    update.not_before_ms = self.now_ms() + AGAIN_MS;
                    self.put_update(&update).await?;
                    return Err(error);
                }
                update.after = Some(home.clone());
                faults::pass(Point::WalkedSome);
            }
            let told_any = !homes.is_empty();
            if homes.len() < PAGE {
                update.shard += 1;
                update.after = None;
            }
            if told_any {
                self.put_update(&update).await?;
                // A replica that stops gives the walk up here: the cursor is kept, another one goes on.
                let hold_ms = if self.tasks.stopping() { 0 } else { HOLD_MS };
                let held = self
                    .store()
                    .hold(lease, &self.parts.replica, hold_ms, self.now_ms())
                    .await?;
                if !held || hold_ms == 0 {
                    return Ok(());
                }
            }
        }
        update.state = UpdateState::Done;
        tracing::info!(
            id = update.id,
            found = update.carts_found,
            notified = update.notified,
            "price update done"
        );
        self.put_update(&update).await?;
        Ok(())
    }

    /// Markers as high as what is stored, also when whoever wrote it died before raising them.
    async fn raise_to_stored(&self, update: &PriceUpdate) -> Result<(), store::Error> {
        let ids = [update.retailer_id.clone()];
        for fact in self.store().products(&update.merchant, &ids).await? {
            self.store()
                .raise_markers(&update.merchant, &fact.retailer_id, fact.version)
                .await?;
        }
        Ok(())
    }

    /// Asks the merchant what the product is now. False when it must be tried again later.
    async fn look_up_for(&self, update: &mut PriceUpdate) -> Result<bool, store::Error> {
        let Some(connector) = self.connector(&update.merchant) else {
            update.state = UpdateState::Done;
            self.put_update(update).await?;
            return Ok(false);
        };
        let began_ms = self.now_ms();
        let ids = [update.retailer_id.clone()];
        let Some(answer) = self.unless_stopped(connector.look_up(&ids)).await else {
            return Ok(false);
        };
        match answer {
            Ok(found) => {
                let news = found.into_iter().map(|(retailer_id, product)| Learned {
                    retailer_id,
                    product,
                    learned_at_ms: began_ms,
                });
                for started in self.learn(&update.merchant, news.collect()).await? {
                    self.store().remove_record(RUNNING, &started.id).await?;
                }
                update.look_up = false;
                self.put_update(update).await?;
                Ok(true)
            }
            Err(error) => {
                tracing::warn!(error = error.in_log(), merchant = %update.merchant, "a changed product can't be looked up yet");
                update.not_before_ms = self.now_ms() + back_off_ms(update.attempts, None);
                update.attempts += 1;
                self.put_update(update).await?;
                Ok(false)
            }
        }
    }

    async fn tell_change(&self, update: &mut PriceUpdate, home: &HomeId) -> Result<(), Interrupted> {
        let happened = Happened {
            who: Who::Home(home.clone()),
            id: format!("{}:{home}", update.id),
            at_ms: update.at_ms,
            purchase_id: PurchaseId::new(digest(&format!("{}:{home}", update.id))),
            root: None,
            what: What::Event(Event::ProductChanged {
                retailer_id: update.retailer_id.clone(),
            }),
        };
        let taken = match self.engine().take(happened).await {
            // Its number is gone from the configuration: the walk must not wait for it.
            Err(Refused::UnknownNumber) => {
                update.failed += 1;
                count_cart("failed");
                Taken::NoConversation
            }
            other => other?,
        };
        update.carts_found += 1;
        match taken {
            Taken::Done { effects, owed, .. } => {
                if effects.iter().any(|(_, word)| *word == "send") {
                    update.notified += 1;
                    count_cart("notified");
                } else if owed {
                    update.deferred += 1;
                    count_cart("deferred");
                }
            }
            Taken::Duplicate | Taken::NoConversation => {}
        }
        Ok(())
    }
}

fn count_cart(outcome: &'static str) {
    metrics::counter!("sacola_price_update_carts_total", "outcome" => outcome).increment(1);
}
