//! The catalog mirror: one replica at a time reads each merchant's whole catalog, at start and on a schedule. A page never
//! overwrites what was learned after its request began; what is in no page any more is looked up, and gone when the merchant
//! says so.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use tokio::sync::Notify;

use super::{Dispatcher, Learned};
use crate::domain::ids::{MerchantId, RetailerId};
use crate::domain::masked::without_values;
use crate::merchants::{Connector, ConnectorError};
use crate::store;

/// Products that are asked for at once.
const PAGE: u32 = 200;
/// Most pages of one catalog.
const PAGES_MAX: usize = 500;
/// Products that are looked up at once.
const LOOK_UP: usize = 50;
/// How soon a failed mirror is tried again.
const AGAIN_MS: u64 = 5_000;

/// What one mirror run found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// Products read.
    pub products: usize,
    /// Products that could not be read.
    pub unreadable: usize,
    /// Price updates that it started.
    pub updates: usize,
}

/// Why a mirror run ended early.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The merchant.
    #[error(transparent)]
    Merchant(#[from] ConnectorError),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// No such merchant.
    #[error("the merchant is not configured")]
    Unknown,
}

impl MirrorError {
    /// The fault for a log: without the merchant's words.
    pub fn in_log(&self) -> String {
        match self {
            Self::Merchant(error) => error.in_log(),
            Self::Store(_) | Self::Unknown => self.to_string(),
        }
    }
}

impl Dispatcher {
    /// Mirrors a catalog on schedule, and when `wake` says that the merchant changed, as long as it is configured.
    pub(super) async fn mirror_while_known(
        self: Arc<Self>,
        merchant: &MerchantId,
        wait_first: bool,
        wake: &Notify,
    ) {
        let interval_ms = || self.settings(merchant).map_or(AGAIN_MS, |m| m.mirror_interval_ms);
        if wait_first && !self.rests(interval_ms(), wake).await {
            return;
        }
        while self.still_mirrors(merchant) {
            let interval_ms = interval_ms();
            let lease = format!("mirror:{merchant}");
            let hold_ms = i64::try_from(interval_ms).unwrap_or(i64::MAX);
            let mine = self
                .store()
                .hold(&lease, &self.parts.replica, hold_ms, self.now_ms())
                .await;
            let mut wait_ms = interval_ms;
            if matches!(mine, Ok(true)) {
                match self.mirror(merchant).await {
                    Ok(found) => {
                        tracing::info!(%merchant, products = found.products, unreadable = found.unreadable, "catalog mirrored");
                    }
                    Err(error) => {
                        tracing::warn!(%merchant, error = error.in_log(), "failed to mirror a catalog");
                        wait_ms = AGAIN_MS;
                    }
                }
            } else {
                wait_ms = AGAIN_MS;
            }
            if !self.rests(wait_ms, wake).await {
                return;
            }
        }
    }

    /// Waits for the time, or until somebody wakes it; false when the program stops.
    async fn rests(&self, wait_ms: u64, wake: &Notify) -> bool {
        let stop = self.tasks.stop_token();
        tokio::select! {
            () = self.engine().clock().sleep_ms(wait_ms) => true,
            () = wake.notified() => true,
            () = stop.cancelled() => false,
        }
    }

    /// Reads the whole catalog of a merchant once.
    pub async fn mirror(&self, merchant: &MerchantId) -> Result<Mirrored, MirrorError> {
        let connector = self.connector(merchant).ok_or(MirrorError::Unknown)?;
        let mut found = Mirrored::default();
        let mut seen: BTreeSet<RetailerId> = BTreeSet::new();
        let mut cursor: Option<String> = None;
        let mut ended = false;
        for _ in 0..PAGES_MAX {
            let page_began_ms = self.now_ms();
            let asked = connector.list_products(cursor.as_deref(), PAGE);
            let Some(page) = self.unless_stopped(asked).await else {
                return Ok(found);
            };
            let page = page?;
            for problem in &page.unreadable {
                tracing::warn!(%merchant, problem = without_values(problem), "a product of the catalog can't be read");
            }
            found.unreadable += page.unreadable.len();
            found.products += page.products.len();
            seen.extend(page.products.iter().map(|product| product.retailer_id.clone()));
            let news = page.products.into_iter().map(|product| Learned {
                retailer_id: product.retailer_id.clone(),
                product: Some(product),
                learned_at_ms: page_began_ms,
            });
            found.updates += self.learn(merchant, news.collect()).await?.len();
            ended = page.next_cursor.is_none();
            if ended || page.next_cursor == cursor {
                break;
            }
            cursor = page.next_cursor;
        }
        if !ended {
            tracing::warn!(%merchant, "a catalog did not come to its end: a cursor was repeated, or there are too many pages");
        }
        if ended && found.unreadable == 0 {
            let known = self.engine().catalogs().products(merchant).into_iter();
            let missing: Vec<RetailerId> = known
                .map(|product| product.retailer_id)
                .filter(|id| !seen.contains(id))
                .collect();
            match self.gone(connector.as_ref(), &missing).await {
                Ok(gone) => found.updates += self.learn(merchant, gone).await?.len(),
                Err(error) => {
                    tracing::warn!(%merchant, error = error.in_log(), "failed to look up what is missing in a catalog; it is kept");
                }
            }
        }
        if ended {
            self.mirrored
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(merchant.clone(), self.now_ms());
        }
        Ok(found)
    }

    /// When this replica last read a merchant's catalog to its end; `None`: not since its start.
    pub fn mirrored_at_ms(&self, merchant: &MerchantId) -> Option<i64> {
        let mirrored = self.mirrored.lock().unwrap_or_else(PoisonError::into_inner);
        mirrored.get(merchant).copied()
    }

    /// Those of the products that the merchant says it does not have.
    async fn gone(
        &self,
        connector: &dyn Connector,
        missing: &[RetailerId],
    ) -> Result<Vec<Learned>, ConnectorError> {
        let mut gone = Vec::new();
        for ids in missing.chunks(LOOK_UP) {
            let learned_at_ms = self.now_ms();
            let Some(answer) = self.unless_stopped(connector.look_up(ids)).await else {
                break;
            };
            let answer = answer?;
            let absent = ids.iter().filter(|id| matches!(answer.get(*id), Some(None)));
            gone.extend(absent.map(|id| Learned {
                retailer_id: id.clone(),
                product: None,
                learned_at_ms,
            }));
        }
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_no_words_of_the_merchant() {
        let error = MirrorError::from(ConnectorError::Refused {
            http: 403,
            detail: "who is João Silva, 5511987654321?".to_owned(),
        });
        assert_eq!(error.in_log(), "the merchant answered 403");
        assert_eq!(MirrorError::Unknown.in_log(), "the merchant is not configured");
    }
}
