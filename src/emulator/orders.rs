//! Orders of the number: what became of each `order_details` message, by its reference id (payments in Brazil, orders and
//! order-status pages, 2026-05). It keeps states and knows which turn is allowed; checking a body is the limits' work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::render::array_at;

/// 2046, an order can't go from its state to the new one.
const NO_WAY: i64 = 2046;
/// 2047, an order whose payment is captured or under way can't be cancelled.
const PAID: i64 = 2047;

/// All orders by reference id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    by_reference: BTreeMap<String, OrderState>,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderState {
    pub status: OrderStatus,
    /// What the business said about the payment; Meta itself knows nothing of it in Brazil.
    pub payment: Option<Payment>,
}

/// The states of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    #[default]
    Pending,
    Processing,
    PartiallyShipped,
    Shipped,
    Completed,
    Canceled,
}

/// The states of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    Pending,
    Captured,
    Failed,
}

impl OrderStatus {
    /// By the word of the API; the hyphen is the spelling of November 2025.
    pub fn named(word: &str) -> Option<OrderStatus> {
        match word {
            "pending" => Some(OrderStatus::Pending),
            "processing" => Some(OrderStatus::Processing),
            "partially_shipped" | "partially-shipped" => Some(OrderStatus::PartiallyShipped),
            "shipped" => Some(OrderStatus::Shipped),
            "completed" => Some(OrderStatus::Completed),
            "canceled" => Some(OrderStatus::Canceled),
            _ => None,
        }
    }

    /// Nothing goes back to pending, and nothing leaves the two last states.
    pub fn may_become(self, next: OrderStatus) -> bool {
        match self {
            OrderStatus::Pending => true,
            OrderStatus::Processing | OrderStatus::PartiallyShipped | OrderStatus::Shipped => {
                next != OrderStatus::Pending
            }
            OrderStatus::Completed | OrderStatus::Canceled => false,
        }
    }
}

impl Payment {
    /// By the word of the API.
    pub fn named(word: &str) -> Option<Payment> {
        match word {
            "pending" => Some(Payment::Pending),
            "captured" => Some(Payment::Captured),
            "failed" => Some(Payment::Failed),
            _ => None,
        }
    }
}

impl Orders {
    /// The order with this reference id.
    pub fn get(&self, reference: &str) -> Option<OrderState> {
        self.by_reference.get(reference).copied()
    }

    /// Keeps what an accepted message says about an order; others say nothing.
    pub fn note(&mut self, body: &Value) {
        if let Some(reference) = details_of(body).and_then(reference_of) {
            self.by_reference.entry(reference.to_owned()).or_default();
        }
        let Some(news) = status_of(body) else {
            return;
        };
        if let Some(reference) = reference_of(news)
            && let Some(order) = self.by_reference.get_mut(reference)
        {
            order.status = said_status(news).unwrap_or(order.status);
            order.payment = said_payment(news).or(order.payment);
        }
    }

    /// The code with which news of an order fails after it was accepted.
    pub fn late(&self, body: &Value) -> Option<i64> {
        let news = status_of(body)?;
        let order = self.get(reference_of(news)?)?;
        let next = said_status(news)?;
        if !order.status.may_become(next) {
            return Some(NO_WAY);
        }
        let payment = said_payment(news).or(order.payment);
        let held = matches!(payment, Some(Payment::Captured | Payment::Pending));
        (next == OrderStatus::Canceled && held).then_some(PAID)
    }
}

/// The order object of an `order_details` message, or of a template's button with that name.
pub fn details_of(body: &Value) -> Option<&Value> {
    interactive_of(body, "order_details")
        .or_else(|| parameters_of(body).find_map(|parameter| parameter.pointer("/action/order_details")))
}

/// The object that says what became of an order, of an `order_status` message or template.
pub fn status_of(body: &Value) -> Option<&Value> {
    interactive_of(body, "order_status")
        .or_else(|| parameters_of(body).find_map(|parameter| parameter.get("order_status")))
}

fn interactive_of<'a>(body: &'a Value, kind: &str) -> Option<&'a Value> {
    let interactive = body.get("interactive")?;
    if interactive.get("type").and_then(Value::as_str) != Some(kind) {
        return None;
    }
    interactive.pointer("/action/parameters")
}

fn parameters_of(body: &Value) -> impl Iterator<Item = &Value> {
    let components = array_at(body, "/template/components").iter();
    components.flat_map(|component| array_at(component, "/parameters"))
}

fn reference_of(order: &Value) -> Option<&str> {
    order.get("reference_id").and_then(Value::as_str)
}

fn said_status(news: &Value) -> Option<OrderStatus> {
    OrderStatus::named(news.pointer("/order/status")?.as_str()?)
}

fn said_payment(news: &Value) -> Option<Payment> {
    Payment::named(news.pointer("/payment/status")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn details(reference: &str) -> Value {
        json!({"type": "interactive", "interactive": {"type": "order_details",
            "action": {"parameters": {"reference_id": reference}}}})
    }

    fn news(status: Option<&str>, payment: Option<&str>) -> Value {
        let mut parameters = json!({"reference_id": "P-1"});
        if let Some(status) = status {
            parameters["order"] = json!({"status": status});
        }
        if let Some(payment) = payment {
            parameters["payment"] = json!({"status": payment});
        }
        json!({"type": "interactive", "interactive": {"type": "order_status",
            "action": {"parameters": parameters}}})
    }

    fn after(steps: &[Value]) -> Orders {
        let mut orders = Orders::default();
        orders.note(&details("P-1"));
        for step in steps {
            assert_eq!(orders.late(step), None, "{step}");
            orders.note(step);
        }
        orders
    }

    #[test]
    fn goods_go_forth_and_back_but_never_to_pending_again() {
        let words = [
            "pending",
            "processing",
            "shipped",
            "partially-shipped",
            "processing",
        ];
        let steps: Vec<Value> = words.iter().map(|word| news(Some(word), None)).collect();
        let orders = after(&steps);

        assert_eq!(orders.late(&news(Some("pending"), None)), Some(NO_WAY));
        assert_eq!(orders.late(&news(Some("completed"), None)), None);
    }

    #[test]
    fn the_last_states_are_left_by_nothing() {
        for last in ["completed", "canceled"] {
            let orders = after(&[news(Some(last), None)]);

            assert_eq!(orders.late(&news(Some("shipped"), None)), Some(NO_WAY), "{last}");
            assert_eq!(orders.late(&news(Some("canceled"), None)), Some(NO_WAY), "{last}");
        }
    }

    #[test]
    fn a_paid_order_is_not_cancelled_and_one_whose_payment_failed_is() {
        for held in ["captured", "pending"] {
            let orders = after(&[news(None, Some(held))]);

            assert_eq!(orders.late(&news(Some("canceled"), None)), Some(PAID), "{held}");
            assert_eq!(
                orders.late(&news(Some("canceled"), Some("failed"))),
                None,
                "{held}"
            );
        }
        assert_eq!(after(&[]).late(&news(Some("canceled"), None)), None);
    }

    #[test]
    fn an_order_in_a_template_is_kept_too() {
        let mut orders = Orders::default();
        orders.note(
            &json!({"type": "template", "template": {"components": [{"type": "button",
            "parameters": [{"type": "action", "action": {"order_details": {"reference_id": "T-1"}}}]}]}}),
        );

        assert_eq!(orders.get("T-1"), Some(OrderState::default()));
    }
}
