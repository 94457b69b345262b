//! News about products: kept in the catalog, and where customers must hear of it, a price update that walks every cart with
//! the product. The update is recorded before the catalog is changed, so that a crash in between loses no news.

use serde::{Deserialize, Serialize};

use super::Dispatcher;
use crate::domain::ids::{HomeId, MerchantId, RetailerId};
use crate::domain::product::Product;
use crate::engine::addresses::digest;
use crate::faults::{self, Point};
use crate::store::{self, ProductWrite, Written};

/// Kind of the records of running updates.
pub(super) const RUNNING: &str = "price-update-running";
/// Kind of the records that answer `GET /v1/price-updates/{id}`.
pub(super) const DONE: &str = "price-update";
/// How long an intent is left alone: the change that it announces is written long before, unless its writer died.
const INTENT_MS: i64 = 60_000;
/// Records of a kind that a store lists ([`store::Store::records`]).
const RECORDS_LISTED: usize = 1_000;
/// How long a finished update can be asked about.
pub(super) const DONE_TTL_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// What was learned of one product.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the store calls the time of news `learned_at_ms` too"
)]
pub struct Learned {
    /// Which.
    pub retailer_id: RetailerId,
    /// What it is now; `None`: gone.
    pub product: Option<Product>,
    /// When (for a catalog page or a lookup: when the request began).
    pub learned_at_ms: i64,
}

/// How far a price update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// Carts are being told.
    Running,
    /// All carts were told, or will be with their customer's next message.
    Done,
}

/// One product's change on its way to the carts that hold it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceUpdate {
    /// Its id.
    pub id: String,
    /// Whose product.
    pub merchant: MerchantId,
    /// Which product.
    pub retailer_id: RetailerId,
    /// When it began: the own time of what carts are told, the same on each repeat.
    #[serde(default)]
    pub at_ms: i64,
    /// How far it is.
    pub state: UpdateState,
    /// Carts that hold the product.
    pub carts_found: u64,
    /// Customers that were told.
    pub notified: u64,
    /// Customers that will be told with their next message.
    pub deferred: u64,
    /// Tries to tell a cart that failed; each is repeated.
    pub failed: u64,
    /// The shard being walked.
    pub shard: u16,
    /// The last conversation that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<HomeId>,
    /// True while the merchant must be asked first what the product is now.
    #[serde(default)]
    pub look_up: bool,
    /// Lookups that failed.
    #[serde(default)]
    pub attempts: u32,
    /// Nothing is done before this time.
    #[serde(default)]
    pub not_before_ms: i64,
}

impl PriceUpdate {
    fn new(merchant: &MerchantId, retailer_id: &RetailerId, at_ms: i64, seed: &str) -> Self {
        Self {
            id: format!("pu_{}", digest(&format!("{merchant}\n{retailer_id}\n{seed}"))),
            merchant: merchant.clone(),
            retailer_id: retailer_id.clone(),
            at_ms,
            state: UpdateState::Running,
            carts_found: 0,
            notified: 0,
            deferred: 0,
            failed: 0,
            shard: 0,
            after: None,
            look_up: false,
            attempts: 0,
            not_before_ms: 0,
        }
    }
}

impl Dispatcher {
    /// Keeps what was learned and starts a price update for each change that customers must hear of. Returns the updates.
    pub async fn learn(
        &self,
        merchant: &MerchantId,
        news: Vec<Learned>,
    ) -> Result<Vec<PriceUpdate>, store::Error> {
        let known = self.engine().catalogs();
        let ids = news.iter().map(|one| one.retailer_id.clone()).collect();
        let facts = known.known(self.store().as_ref(), merchant, &ids).await?.facts;
        let mut writes = Vec::new();
        let mut intents = Vec::new();
        for one in news {
            let fact = facts.get(&one.retailer_id);
            let offer_before = fact.and_then(|fact| fact.product.as_ref()).map(Product::offer);
            if fact.is_some() && offer_before != one.product.as_ref().map(Product::offer) {
                let seed = format!("{}\n{}\n{}", one.learned_at_ms, self.now_ms(), self.serial());
                let mut intent = PriceUpdate::new(merchant, &one.retailer_id, self.now_ms(), &seed);
                intent.not_before_ms = self.now_ms() + INTENT_MS;
                intents.push(intent);
            }
            writes.push(write_of(&one)?);
        }
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        for intent in &intents {
            self.put_update(intent).await?;
        }
        let written = self.store().put_products(merchant, &writes).await?;
        let ids: Vec<RetailerId> = writes.iter().map(|write| write.retailer_id.clone()).collect();
        let started = self.begin(merchant, &ids, &written, intents).await?;
        let changed: Vec<RetailerId> = ids
            .into_iter()
            .zip(&written)
            .filter(|(_, written)| matches!(written, Written::Changed { .. } | Written::Stored { .. }))
            .map(|(id, _)| id)
            .collect();
        if !changed.is_empty() {
            self.engine()
                .catalogs()
                .refresh(self.store().as_ref(), merchant, &changed)
                .await?;
        }
        Ok(started)
    }

    /// Markers first, then the walk: a commit is either before the marker, and the walk sees it, or after, and reloads.
    async fn begin(
        &self,
        merchant: &MerchantId,
        ids: &[RetailerId],
        written: &[Written],
        intents: Vec<PriceUpdate>,
    ) -> Result<Vec<PriceUpdate>, store::Error> {
        let mut started = Vec::new();
        let mut intents = intents;
        for (id, written) in ids.iter().zip(written) {
            let place = intents.iter().position(|intent| intent.retailer_id == *id);
            let intent = place.map(|index| intents.remove(index));
            match written {
                Written::Changed { version } => {
                    faults::pass(Point::ProductStored);
                    let mut update = match intent {
                        Some(intent) => intent,
                        None => self.intend(merchant, id, *version).await?,
                    };
                    self.store().raise_markers(merchant, id, *version).await?;
                    update.not_before_ms = 0;
                    self.put_update(&update).await?;
                    started.push(update);
                }
                Written::Stored { .. } | Written::Unchanged { .. } | Written::Older => {
                    if let Some(update) = intent {
                        self.store().remove_record(RUNNING, &update.id).await?;
                    }
                }
            }
        }
        Ok(started)
    }

    /// The intent of a change that our copy of the catalog, which lags, did not foresee: recorded before anything else is done, so
    /// that whoever takes over knows of it.
    async fn intend(
        &self,
        merchant: &MerchantId,
        id: &RetailerId,
        version: u64,
    ) -> Result<PriceUpdate, store::Error> {
        let mut intent = PriceUpdate::new(merchant, id, self.now_ms(), &version.to_string());
        intent.not_before_ms = self.now_ms() + INTENT_MS;
        self.put_update(&intent).await?;
        Ok(intent)
    }

    /// A change without anything to walk, so that whoever asked has an id to ask about.
    pub async fn nothing_changed(
        &self,
        merchant: &MerchantId,
        id: &RetailerId,
    ) -> Result<PriceUpdate, store::Error> {
        let now_ms = self.now_ms();
        let mut update = PriceUpdate::new(merchant, id, now_ms, &format!("same\n{now_ms}"));
        update.state = UpdateState::Done;
        self.put_update(&update).await?;
        Ok(update)
    }

    /// Something changed, the merchant must be asked what: durable before this returns.
    pub async fn look_up_later(
        &self,
        merchant: &MerchantId,
        id: &RetailerId,
    ) -> Result<PriceUpdate, store::Error> {
        let now_ms = self.now_ms();
        let mut update = PriceUpdate::new(merchant, id, now_ms, &format!("look up\n{now_ms}"));
        update.look_up = true;
        self.put_update(&update).await?;
        Ok(update)
    }

    /// A price update, running or finished.
    pub async fn price_update(&self, id: &str) -> Result<Option<PriceUpdate>, store::Error> {
        let record = match self.store().record(RUNNING, id).await? {
            Some(record) => Some(record),
            None => self.store().record(DONE, id).await?,
        };
        Ok(record.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// How many price updates run, a thousand at most, and when the oldest of them began.
    pub async fn running_updates(&self) -> Result<(usize, Option<i64>), store::Error> {
        let running = self.store().records(RUNNING).await?;
        let began_ms = running
            .iter()
            .filter_map(|(_, body)| serde_json::from_str::<PriceUpdate>(body).ok())
            .map(|update| update.at_ms)
            .filter(|at_ms| *at_ms > 0);
        Ok((running.len(), began_ms.min()))
    }

    /// The last price updates, the newest first, `limit` at most. Of each kind, running and done, the store lists a thousand;
    /// the second part is false when there may be more.
    pub async fn price_updates(&self, limit: usize) -> Result<(Vec<PriceUpdate>, bool), store::Error> {
        let mut all: Vec<PriceUpdate> = Vec::new();
        let mut is_whole = true;
        for kind in [DONE, RUNNING] {
            let records = self.store().records(kind).await?;
            is_whole &= records.len() < RECORDS_LISTED;
            let read = records
                .iter()
                .filter_map(|(_, body)| serde_json::from_str::<PriceUpdate>(body).ok());
            all.extend(read);
        }
        all.sort_by(|a, b| b.at_ms.cmp(&a.at_ms).then_with(|| a.id.cmp(&b.id)));
        // One that has just ended is under both kinds.
        all.dedup_by(|a, b| a.id == b.id);
        is_whole &= all.len() <= limit;
        all.truncate(limit);
        Ok((all, is_whole))
    }

    pub(super) async fn put_update(&self, update: &PriceUpdate) -> Result<(), store::Error> {
        let body = serde_json::to_string(update).map_err(|error| store::Error::Corrupt {
            key: update.id.clone(),
            problem: error.to_string(),
        })?;
        match update.state {
            UpdateState::Running => self.store().put_record(RUNNING, &update.id, &body, 0).await,
            UpdateState::Done => {
                self.store()
                    .put_record(DONE, &update.id, &body, DONE_TTL_MS)
                    .await?;
                self.store().remove_record(RUNNING, &update.id).await
            }
        }
    }
}

fn write_of(news: &Learned) -> Result<ProductWrite, store::Error> {
    let encode = |product: &Product| {
        serde_json::to_string(product).map_err(|error| store::Error::Corrupt {
            key: news.retailer_id.to_string(),
            problem: error.to_string(),
        })
    };
    let offer = match &news.product {
        Some(product) => serde_json::to_string(&product.offer()).unwrap_or_default(),
        None => "gone".to_owned(),
    };
    let version = news
        .product
        .as_ref()
        .and_then(|product| product.version.as_deref());
    Ok(ProductWrite {
        retailer_id: news.retailer_id.clone(),
        product: news.product.as_ref().map(encode).transpose()?,
        offer: digest(&offer),
        merchant_version: version.and_then(|text| text.parse().ok()),
        learned_at_ms: news.learned_at_ms,
    })
}
