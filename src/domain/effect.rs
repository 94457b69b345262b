//! What a decision asks of the world, as data: committed first, performed afterwards.

use serde::{Deserialize, Serialize};

use super::button::Subject;
use super::device::Device;
use super::ids::{PurchaseId, RetailerId};
use super::message::Message;
use super::purchase::{Purchase, PurchaseLine};

/// What a quote is for: the answer comes back with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteFor {
    /// The cart or the native order.
    pub subject: Subject,
    /// Whose device.
    pub device: Device,
    /// The cart revision (0 for an order).
    pub revision: u64,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Send a message to the customer.
    Send(Box<Message>),
    /// Look the lines' products up at the merchant and ask what they cost together.
    Quote {
        /// What for.
        quote_for: QuoteFor,
        /// The lines as the customer saw them.
        lines: Vec<PurchaseLine>,
    },
    /// Forward a purchase request to the merchant.
    Forward(Box<Purchase>),
}

impl Effect {
    /// A word for logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::Quote { .. } => "quote",
            Self::Forward(_) => "forward",
        }
    }

    /// The purchase that it is about.
    pub fn purchase_id(&self) -> Option<&PurchaseId> {
        match self {
            Self::Send(message) => message.purchase.as_ref(),
            Self::Quote { .. } => None,
            Self::Forward(purchase) => Some(&purchase.purchase_id),
        }
    }
}

/// Products named by an effect, for the person who reads a dead letter.
pub fn products_of(effect: &Effect) -> Vec<RetailerId> {
    match effect {
        Effect::Send(message) => message.news_of.clone(),
        Effect::Quote { lines, .. } => lines.iter().map(|line| line.retailer_id.clone()).collect(),
        Effect::Forward(purchase) => purchase
            .quote
            .lines
            .iter()
            .map(|line| line.retailer_id.clone())
            .collect(),
    }
}
