//! Purchases: what was confirmed, what the merchant made of it, and a state that only moves forward.

use serde::{Deserialize, Serialize};

use super::device::Device;
use super::ids::{PurchaseId, RetailerId};
use super::money::{Currency, Money, MoneyError};
use super::payment::Pix;

/// One product of a purchase or a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurchaseLine {
    /// Which product.
    pub retailer_id: RetailerId,
    /// Its name when it was confirmed.
    pub title: String,
    /// How many.
    pub quantity: u8,
    /// Price of one.
    pub unit_price: Money,
}

/// What a merchant asks for a list of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the merchant's word for it, in its JSON too"
)]
pub struct Quote {
    /// The merchant's id of it, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_id: Option<String>,
    /// Lines with the merchant's unit prices.
    pub lines: Vec<PurchaseLine>,
    /// Sum of the lines.
    pub subtotal: Money,
    /// Taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Money>,
    /// Added for delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Money>,
    /// Added for tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// What the customer pays.
    pub total: Money,
    /// When it ends, in Unix milliseconds.
    pub expires_at_ms: i64,
}

impl Quote {
    /// A quote that is nothing but the sum of its lines.
    pub fn of_lines(
        lines: Vec<PurchaseLine>,
        currency: Currency,
        expires_at_ms: i64,
    ) -> Result<Self, MoneyError> {
        let total = sum_of(&lines, currency)?;
        Ok(Self {
            quote_id: None,
            lines,
            subtotal: total,
            discount: None,
            shipping: None,
            tax: None,
            total,
            expires_at_ms,
        })
    }

    /// True when lines, parts and total agree to the last digit.
    pub fn adds_up(&self, currency: Currency) -> bool {
        let zero = Money::zero(currency);
        let total = || -> Result<Money, MoneyError> {
            let sum = sum_of(&self.lines, currency)?;
            let with_extras = sum
                .plus(&self.shipping.unwrap_or(zero))?
                .plus(&self.tax.unwrap_or(zero))?;
            with_extras.minus(&self.discount.unwrap_or(zero))
        };
        sum_of(&self.lines, currency).is_ok_and(|sum| sum == self.subtotal)
            && total().is_ok_and(|t| t == self.total)
    }
}

/// Sum of unit prices times quantities.
pub fn sum_of(lines: &[PurchaseLine], currency: Currency) -> Result<Money, MoneyError> {
    lines.iter().try_fold(Money::zero(currency), |sum, line| {
        sum.plus(&line.unit_price.times(line.quantity)?)
    })
}

/// Where a purchase came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Our buttons.
    Buttons,
    /// WhatsApp's own cart.
    Order,
}

/// The life of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PurchaseState {
    /// Confirmed by the customer, on its way to the merchant.
    Forwarded,
    /// The merchant may or may not have it; being asked.
    InDoubt,
    /// The merchant said no.
    Declined,
    /// The merchant has it; nothing to pay online.
    Accepted,
    /// The customer has a payment link.
    AwaitingPayment,
    /// The merchant or its payment service says it is paid.
    Paid,
    /// Being made ready.
    Preparing,
    /// On its way.
    Shipped,
    /// There.
    Delivered,
    /// Called off.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// The payment did not work.
    PaymentFailed,
    /// Money given back.
    Refunded,
    /// Money taken back by the bank.
    ChargedBack,
    /// A person must look at it.
    NeedsReview,
}

impl PurchaseState {
    /// Its word for counters, the same as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forwarded => "forwarded",
            Self::InDoubt => "in_doubt",
            Self::Declined => "declined",
            Self::Accepted => "accepted",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Paid => "paid",
            Self::Preparing => "preparing",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::PaymentFailed => "payment_failed",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
            Self::NeedsReview => "needs_review",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Forwarded => 0,
            Self::InDoubt => 1,
            Self::Declined | Self::Accepted => 2,
            Self::AwaitingPayment => 3,
            Self::PaymentFailed => 4,
            Self::Expired => 5,
            Self::Paid => 6,
            Self::Preparing => 7,
            Self::Shipped => 8,
            Self::Delivered => 9,
            Self::Cancelled => 10,
            Self::Refunded => 11,
            Self::ChargedBack => 12,
            Self::NeedsReview => 13,
        }
    }

    /// True when news of `next` moves a purchase in this state forward; late or repeated news does not.
    pub fn moves_to(self, next: Self) -> bool {
        let ended =
            matches!(self, Self::Declined | Self::Cancelled | Self::NeedsReview) && next != Self::NeedsReview;
        let refund_after_cancel = self == Self::Cancelled && next == Self::Refunded;
        (!ended || refund_after_cancel) && next.rank() > self.rank()
    }

    /// True while the merchant has not said yes or no.
    pub fn is_unanswered(self) -> bool {
        matches!(self, Self::Forwarded | Self::InDoubt)
    }

    /// True when a person may have it brought to the merchant once more: nobody has said yes or no. What was declined is in the
    /// cart again, and what has ended stays so.
    pub fn may_be_asked_again(self) -> bool {
        self.is_unanswered() || self == Self::NeedsReview
    }

    /// True while the customer is expected to do something about it.
    pub fn is_payable(self) -> bool {
        matches!(self, Self::AwaitingPayment | Self::PaymentFailed)
    }

    /// True when nothing more is expected.
    pub fn is_closed(self) -> bool {
        match self {
            Self::Declined
            | Self::Delivered
            | Self::Cancelled
            | Self::Expired
            | Self::Refunded
            | Self::ChargedBack
            | Self::NeedsReview => true,
            Self::Forwarded
            | Self::InDoubt
            | Self::Accepted
            | Self::AwaitingPayment
            | Self::Paid
            | Self::Preparing
            | Self::Shipped
            | Self::PaymentFailed => false,
        }
    }
}

/// A purchase of one customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "ids carry their full names: a purchase has a merchant's order id too"
)]
pub struct Purchase {
    /// Its id, the merchant's idempotency key.
    pub purchase_id: PurchaseId,
    /// Where it stands.
    pub state: PurchaseState,
    /// Whose cart it came from.
    pub device: Device,
    /// Where it came from.
    pub source: Source,
    /// What was confirmed: lines, parts, total.
    pub quote: Quote,
    /// The customer's words with a native order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The merchant's number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_order_id: Option<String>,
    /// Where to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_url: Option<String>,
    /// The Pix code that pays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pix: Option<Pix>,
    /// When link and code end, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payable_until_ms: Option<i64>,
    /// True when the provider refused to show amounts and code: link or text pay instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub details_refused: bool,
    /// Where the parcel is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_url: Option<String>,
    /// Why a person must look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// When it was confirmed.
    pub at_ms: i64,
}

impl Purchase {
    /// What the customer calls it: the merchant's number, or the end of our id.
    pub fn label(&self) -> String {
        let tail = || {
            let id = self.purchase_id.as_str();
            id.get(id.len().saturating_sub(6)..).unwrap_or(id).to_owned()
        };
        self.merchant_order_id.clone().unwrap_or_else(tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_news_is_inert_whatever_the_order() {
        use PurchaseState::{AwaitingPayment, Delivered, Paid, Preparing, Refunded, Shipped};
        let news = [Paid, Preparing, Shipped, Delivered, Refunded];
        let mut end_states = Vec::new();
        for start in 0..news.len() {
            let mut state = AwaitingPayment;
            for step in 0..news.len() * 2 {
                let next = news[(start + step) % news.len()];
                if state.moves_to(next) {
                    state = next;
                }
            }
            end_states.push(state);
        }
        assert!(
            end_states.iter().all(|state| *state == Refunded),
            "{end_states:?}"
        );
        assert!(!Paid.moves_to(AwaitingPayment));
        assert!(!Refunded.moves_to(Paid));
        assert!(!PurchaseState::Declined.moves_to(Paid));
    }
}
