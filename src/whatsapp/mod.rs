//! The WhatsApp Cloud API: the only folder that knows Meta's JSON, ids, signatures and error codes. It owns tolerant
//! parsing of what comes in and strict building of what goes out; it refuses business decisions and storage.

use async_trait::async_trait;

use crate::domain::conversation::Customer;
use crate::domain::ids::{EffectId, HomeId, NumberId};
use crate::domain::message::Message;

pub mod buttons;
pub mod client;
pub mod errors;
pub mod inbound;
pub mod message_id;
mod order_details;
pub mod outbound;
pub mod signature;

pub use errors::SendError;

/// A message on its way to one customer.
#[derive(Clone, Debug)]
pub struct Sending {
    /// From which business number.
    pub number: NumberId,
    /// To whom.
    pub customer: Customer,
    /// In which conversation (its buttons are bound to it).
    pub home: HomeId,
    /// The effect: goes out as callback data and comes back in statuses.
    pub effect_id: EffectId,
    /// What to say.
    pub message: Message,
    /// The revision that its trace began with, when statuses shall bring that back too.
    pub root: Option<u64>,
    /// The present, for the expiry of buttons, in Unix milliseconds.
    pub now_ms: i64,
}

/// The provider took a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The provider's message id.
    pub message_id: String,
}

/// Whoever carries messages to customers. A send has no idempotency key: an unknown outcome is never blindly repeated.
#[async_trait]
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// Sends one message.
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError>;
}
