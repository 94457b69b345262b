//! What happened, in our own words: from the customer, from the merchant, from the world that performs effects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::button::Button;
use super::conversation::Customer;
use super::device::Device;
use super::effect::{Effect, QuoteFor};
use super::ids::{EffectId, PurchaseId, RetailerId};
use super::message::{Kind, Message};
use super::money::Money;
use super::payment::Pix;
use super::product::Product;
use super::purchase::{Purchase, PurchaseState, Quote};

/// One thing that happened, with what every kind has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The event's id: of a customer's message the decoded inner id, so that two envelopes of one message are one event.
    pub id: String,
    /// The event's own time, in Unix milliseconds.
    pub at_ms: i64,
    /// The purchase id that this event would cause if it confirms one (computed at the edge from provider fields alone).
    pub purchase_id: PurchaseId,
    /// What happened.
    pub event: Event,
}

/// What a tap carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tap {
    /// One of our buttons, its signature good.
    Button(Button),
    /// No button of ours for this customer: tampered, foreign, or signed with a key that is gone.
    Refused,
}

/// A line of a native `order`, exactly as received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderItem {
    /// Which product.
    pub retailer_id: RetailerId,
    /// How many, as received.
    pub quantity: i64,
    /// Price of one as decimal text, as received.
    pub item_price: String,
    /// Its currency, as received.
    pub currency: String,
}

/// The merchant's answer to a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuoteAnswer {
    /// Current products (`None`: the merchant does not have it) and, when all can be sold, the quote.
    Priced {
        /// What the lookup said of each line's product.
        products: BTreeMap<RetailerId, Option<Product>>,
        /// What they cost together; absent when a product is missing or out of stock.
        quote: Option<Quote>,
    },
    /// The merchant did not answer usefully, for good.
    Failed {
        /// A sentence for the journal.
        detail: String,
    },
}

/// A line that the merchant objected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Which product.
    pub retailer_id: RetailerId,
    /// Its price now.
    pub unit_price: Option<Money>,
    /// How many are left.
    pub available: Option<u64>,
}

/// Why a merchant declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeclineReason {
    /// A price is not what was confirmed.
    PriceChanged,
    /// Too little left.
    OutOfStock,
    /// Anything else that the merchant calls final.
    Refused,
}

/// The merchant's answer to a purchase request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PurchaseAnswer {
    /// It exists at the merchant.
    Accepted {
        /// The merchant's number.
        merchant_order_id: String,
        /// What the merchant will charge.
        total: Money,
        /// Where to pay.
        payment_url: Option<String>,
        /// False when the link's host is not on the merchant's list or it is not https: it must not be sent.
        payment_url_allowed: bool,
        /// The Pix code that pays it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pix: Option<Pix>,
        /// When link and code end, in Unix milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at_ms: Option<i64>,
        /// Where it stands already, when the merchant was asked by id.
        state: Option<PurchaseState>,
    },
    /// It does not and will not.
    Declined {
        /// Why.
        reason: DeclineReason,
        /// About which lines.
        objections: Vec<Objection>,
    },
    /// Nobody knows yet; we keep asking.
    InDoubt,
    /// Nobody knows and we have stopped asking: a person must look.
    GaveUp,
    /// The same id names something else at the merchant.
    Conflicting,
}

/// Why a message did not reach the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SendFailure {
    /// The service window was closed when it was to be sent.
    WindowClosed,
    /// The provider took it and could not deliver it, for a passing reason: it is owed.
    Owed {
        /// The provider's code.
        code: i64,
        /// True when another message may well arrive at once: no limit stands against it.
        #[serde(default)]
        soon: bool,
    },
    /// The provider refused it for good.
    Rejected {
        /// The provider's code.
        code: i64,
    },
    /// It was tried until its time was over, or its outcome stayed unknown.
    Exhausted,
}

/// Everything that can happen to a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The customer wrote.
    Said {
        /// The words.
        text: String,
        /// The product from whose page they were written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<RetailerId>,
        /// From which class of device.
        device: Device,
    },
    /// The customer opened the chat for the first time and wrote nothing yet.
    Welcomed {
        /// From which class of device.
        device: Device,
    },
    /// The customer tapped.
    Tapped {
        /// What.
        tap: Tap,
        /// From which class of device.
        device: Device,
    },
    /// The customer sent WhatsApp's own cart.
    Ordered {
        /// The lines.
        items: Vec<OrderItem>,
        /// The words with it.
        note: Option<String>,
        /// From which class of device.
        device: Device,
    },
    /// The customer sent something that a shop has no use for: a picture, a place, a voice message.
    Arrived {
        /// What it was, for the timeline.
        what: String,
        /// From which class of device.
        device: Device,
    },
    /// The customer has a new phone number or user id; the conversation is the same.
    Moved {
        /// The ids that are new.
        to: Customer,
    },
    /// Somebody of the business wrote to the customer, past us.
    Echoed,
    /// The merchant answered a quote.
    Quoted {
        /// What it was for.
        quote_for: QuoteFor,
        /// The answer.
        answer: QuoteAnswer,
    },
    /// The merchant answered a purchase request.
    PurchaseAnswered {
        /// Which.
        purchase_id: PurchaseId,
        /// The answer.
        answer: PurchaseAnswer,
    },
    /// The merchant told something about a purchase later on.
    PurchaseNews {
        /// Which.
        purchase_id: PurchaseId,
        /// Where it stands.
        state: PurchaseState,
        /// The amount; required for `Paid`.
        total: Option<Money>,
        /// The merchant's number.
        merchant_order_id: Option<String>,
        /// Where the parcel is.
        tracking_url: Option<String>,
        /// In the merchant's words.
        reason: Option<String>,
        /// The purchase as last recorded, for when the conversation has it no longer in sight.
        record: Option<Box<Purchase>>,
    },
    /// A product that this conversation holds changed.
    ProductChanged {
        /// Which.
        retailer_id: RetailerId,
    },
    /// A message did not reach the customer.
    SendFailed {
        /// Which effect.
        effect_id: EffectId,
        /// What it was about.
        kind: Option<Kind>,
        /// The message, when it is still known.
        message: Option<Box<Message>>,
        /// Why.
        failure: SendFailure,
    },
    /// A person asks for an effect that was given up to be performed again.
    EffectReplayed {
        /// Which.
        effect: Box<Effect>,
        /// Of a purchase: as last recorded, for when the conversation has it no longer in sight. The effect's own copy is as old
        /// as the effect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record: Option<Box<Purchase>>,
    },
    /// The merchant asks to show products to the customer.
    ProductsRequested {
        /// Which, known ones only.
        products: Vec<RetailerId>,
        /// With which words.
        body: Option<String>,
    },
}

impl Event {
    /// A word for logs, metrics and the timeline.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Said { .. } => "said",
            Self::Welcomed { .. } => "welcomed",
            Self::Moved { .. } => "moved",
            Self::Echoed => "echoed",
            Self::Tapped { .. } => "tapped",
            Self::Ordered { .. } => "ordered",
            Self::Arrived { .. } => "arrived",
            Self::Quoted { .. } => "quoted",
            Self::PurchaseAnswered { .. } => "purchase_answered",
            Self::PurchaseNews { .. } => "purchase_news",
            Self::ProductChanged { .. } => "product_changed",
            Self::SendFailed { .. } => "send_failed",
            Self::EffectReplayed { .. } => "effect_replayed",
            Self::ProductsRequested { .. } => "products_requested",
        }
    }

    /// The device of a customer's own event; `None` for news from elsewhere.
    pub fn customer_device(&self) -> Option<Device> {
        match self {
            Self::Said { device, .. }
            | Self::Welcomed { device }
            | Self::Tapped { device, .. }
            | Self::Ordered { device, .. }
            | Self::Arrived { device, .. } => Some(*device),
            Self::Moved { .. }
            | Self::Echoed
            | Self::Quoted { .. }
            | Self::PurchaseAnswered { .. }
            | Self::PurchaseNews { .. }
            | Self::ProductChanged { .. }
            | Self::SendFailed { .. }
            | Self::EffectReplayed { .. }
            | Self::ProductsRequested { .. } => None,
        }
    }
}
