//! Merchants' backends behind one trait, one folder per kind. It owns their JSON, their signatures and what their faults
//! mean; it refuses conversations, storage and texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::conversation::Customer;
use crate::domain::event::{DeclineReason, Objection};
use crate::domain::ids::{MerchantId, PurchaseId, RetailerId};
use crate::domain::masked::without_values;
use crate::domain::money::Money;
use crate::domain::payment::Pix;
use crate::domain::product::Product;
use crate::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Quote};
use crate::domain::verdict::Verdict;

pub mod payment_link;
pub mod standard;
pub mod standard_webhooks;
pub mod traceparent;

/// Products of one lookup; more are asked for in several calls.
pub const LOOKUP_MAX: usize = 50;

/// Why a merchant's backend gave no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectorError {
    /// The connection could not be made, or was refused by our guard: nothing was sent.
    #[error("the merchant can't be reached: {0}")]
    Unreachable(String),
    /// As many calls to this merchant are under way, and as many wait, as may: nothing was sent.
    #[error("all calls that may run at once are under way (max_concurrency)")]
    Full,
    /// The request went out and no usable answer came.
    #[error("the merchant's answer was lost: {0}")]
    Lost(String),
    /// Asked to come back later (429, 503 with Retry-After, 409 in_progress).
    #[error("the merchant is busy")]
    Busy {
        /// When to come back, in milliseconds.
        after_ms: Option<i64>,
    },
    /// The merchant refused for good.
    #[error("the merchant answered {http}: {detail}")]
    Refused {
        /// HTTP status.
        http: u16,
        /// In its words, cut short.
        detail: String,
    },
    /// An answer that does not follow the contract.
    #[error("the merchant's answer can't be read: {0}")]
    Unreadable(String),
}

impl ConnectorError {
    /// The fault for a log: without the merchant's words, which may hold what it was told of the customer.
    pub fn in_log(&self) -> String {
        match self {
            Self::Refused { http, .. } => format!("the merchant answered {http}"),
            Self::Unreadable(problem) => {
                format!("the merchant's answer can't be read: {}", without_values(problem))
            }
            Self::Unreachable(_) | Self::Full | Self::Lost(_) | Self::Busy { .. } => self.to_string(),
        }
    }

    /// What to do.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Unreachable(_) | Self::Full => Verdict::Retry { after_ms: None },
            Self::Busy { after_ms } => Verdict::Retry { after_ms: *after_ms },
            Self::Refused { .. } => Verdict::Reject,
            Self::Lost(_) | Self::Unreadable(_) => Verdict::Unknown,
        }
    }
}

/// A page of a catalog.
#[derive(Clone, Debug, Default)]
pub struct ProductPage {
    /// Products that could be read.
    pub products: Vec<Product>,
    /// Products that could not, and why.
    pub unreadable: Vec<String>,
    /// Where to go on; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Who buys.
#[derive(Clone, Debug)]
pub struct Buyer {
    /// A stable id that holds no phone number.
    pub id: String,
    /// Provider ids and name.
    pub customer: Customer,
    /// The language, as a BCP 47 tag.
    pub locale: String,
}

/// A purchase as the merchant knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantPurchase {
    /// The merchant's number.
    pub merchant_order_id: String,
    /// What it will charge.
    pub total: Money,
    /// Where to pay.
    pub payment_url: Option<String>,
    /// The Pix code that pays it.
    pub pix: Option<Pix>,
    /// When link and code end, in Unix milliseconds.
    pub expires_at_ms: Option<i64>,
    /// Where it stands, when asked by id.
    pub state: Option<PurchaseState>,
}

/// The answer to a purchase request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubmitAnswer {
    /// Taken.
    Accepted(MerchantPurchase),
    /// Not taken, for good.
    Declined {
        /// Why.
        reason: DeclineReason,
        /// About which lines.
        objections: Vec<Objection>,
    },
    /// The same key was used with another body: ask by id, then adopt or review.
    KeyReused,
}

/// Something that a merchant tells on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MerchantNews {
    /// A product is now so.
    ProductUpdated(Box<Product>),
    /// A product is gone.
    ProductRemoved(RetailerId),
    /// A purchase moved.
    Purchase {
        /// Which.
        purchase_id: PurchaseId,
        /// Where it stands.
        state: PurchaseState,
        /// The amount.
        total: Option<Money>,
        /// The merchant's number.
        merchant_order_id: Option<String>,
        /// Where the parcel is.
        tracking_url: Option<String>,
        /// In its words.
        reason: Option<String>,
    },
    /// A kind that we have no use for.
    Other(String),
}

/// A verified callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The same on each retry.
    pub id: String,
    /// The event's own time, in Unix milliseconds.
    pub at_ms: i64,
    /// What it tells.
    pub news: MerchantNews,
}

/// Why a callback was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// Missing, wrong or outdated signature.
    #[error("the signature is missing, wrong or too old")]
    Signature,
    /// Signed, but not readable: parked.
    #[error("the callback can't be read: {0}")]
    Unreadable(String),
}

/// A merchant's backend.
#[async_trait]
pub trait Connector: Send + Sync + std::fmt::Debug {
    /// One page of the catalog.
    async fn list_products(&self, cursor: Option<&str>, limit: u32) -> Result<ProductPage, ConnectorError>;
    /// Current products; `None` for what the merchant does not have.
    async fn look_up(
        &self,
        ids: &[RetailerId],
    ) -> Result<BTreeMap<RetailerId, Option<Product>>, ConnectorError>;
    /// What lines cost together; `None` when the backend has no such call.
    async fn quote(&self, buyer: &Buyer, lines: &[PurchaseLine]) -> Result<Option<Quote>, ConnectorError>;
    /// Submits a purchase. Safe to call twice with the same purchase id.
    async fn submit(&self, buyer: &Buyer, purchase: &Purchase) -> Result<SubmitAnswer, ConnectorError>;
    /// Asks what became of a purchase; `None`: the merchant does not have it.
    async fn find(&self, id: &PurchaseId) -> Result<Option<MerchantPurchase>, ConnectorError>;
    /// Checks a callback's signature and returns its id: pure, the time is passed in.
    fn verify_callback(
        &self,
        headers: &CallbackHeaders,
        body: &[u8],
        now_ms: i64,
    ) -> Result<String, CallbackError>;
    /// Reads a callback that was verified before.
    fn parse_callback(&self, id: &str, body: &[u8], now_ms: i64) -> Result<Callback, CallbackError>;
    /// Reads a product in the form that this backend's callbacks have.
    fn read_product(&self, value: serde_json::Value) -> Result<Product, String>;
}

/// The headers that sign a callback.
#[derive(Clone, Debug, Default)]
pub struct CallbackHeaders {
    /// `webhook-id`.
    pub id: Option<String>,
    /// `webhook-timestamp`.
    pub timestamp: Option<String>,
    /// `webhook-signature`.
    pub signature: Option<String>,
}

/// All merchants of this gateway.
pub type Connectors = BTreeMap<MerchantId, Arc<dyn Connector>>;
