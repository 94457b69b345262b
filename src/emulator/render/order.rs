//! Orders on a screen: `order_details`, alone or behind a template's button, and `order_status` (Meta, payments in Brazil,
//! orders page). Amounts become decimal text here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::screen::Screen;
use super::{Amount, Link, array_at, some_text, text_at};

/// What a phone shows of an order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Order {
    pub reference_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pix: Option<Pix>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boleto: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_last_four: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// What an order status says of the payment: pending, captured or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
}

/// One line; both prices are of one unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retailer_id: Option<String>,
    pub name: String,
    pub quantity: i64,
    pub amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sale_amount: Option<Amount>,
}

/// A Pix charge: the code to copy, and whom it pays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pix {
    pub code: String,
    pub merchant_name: String,
    pub key: String,
    pub key_type: String,
}

impl Screen<'_> {
    /// Draws the order that `parameters` describe, if they do.
    pub fn order(&mut self, parameters: &Value) {
        let Some(reference_id) = some_text(parameters, "/reference_id") else {
            return;
        };
        let currency = text_at(parameters, "/currency");
        let money = |holder: &Value, pointer: &str| {
            let cents = holder.pointer(pointer)?.get("value")?.as_i64()?;
            Some(Amount {
                amount: decimal_text(cents),
                currency: currency.clone(),
            })
        };
        let order = parameters.get("order").unwrap_or(&Value::Null);
        let lines = array_at(order, "/items").iter();
        let lines = lines.filter_map(|item| {
            Some(Item {
                retailer_id: some_text(item, "/retailer_id"),
                name: text_at(item, "/name"),
                quantity: item.get("quantity").and_then(Value::as_i64).unwrap_or(1),
                amount: money(item, "/amount")?,
                sale_amount: money(item, "/sale_amount"),
            })
        });
        let mut drawn = Order {
            reference_id,
            status: some_text(order, "/status"),
            description: some_text(order, "/description"),
            items: lines.collect(),
            subtotal: money(order, "/subtotal"),
            tax: money(order, "/tax"),
            shipping: money(order, "/shipping"),
            discount: money(order, "/discount"),
            total: money(parameters, "/total_amount"),
            expires_at_ms: expiry(order),
            payment: some_text(parameters, "/payment/status"),
            ..Order::default()
        };
        for item in &drawn.items {
            self.line(&format!(
                "{} × {} · {}",
                item.quantity,
                item.name,
                label(&item.amount)
            ));
        }
        if let Some(total) = &drawn.total {
            self.line(&format!("Total: {}", label(total)));
        }
        self.payments(parameters, &mut drawn);
        self.shown.order = Some(Box::new(drawn));
    }

    fn payments(&mut self, parameters: &Value, order: &mut Order) {
        for setting in array_at(parameters, "/payment_settings") {
            if let Some(code) = some_text(setting, "/pix_dynamic_code/code") {
                self.line(&code);
                order.pix = Some(Pix {
                    code,
                    merchant_name: text_at(setting, "/pix_dynamic_code/merchant_name"),
                    key: text_at(setting, "/pix_dynamic_code/key"),
                    key_type: text_at(setting, "/pix_dynamic_code/key_type"),
                });
            }
            if let Some(url) = some_text(setting, "/payment_link/uri") {
                self.line(&url);
                order.payment_link = Some(url.clone());
                self.shown.link = Some(Link {
                    text: "payment link".to_owned(),
                    url,
                });
            }
            if let Some(digits) = some_text(setting, "/boleto/digitable_line") {
                self.line(&digits);
                order.boleto = Some(digits);
            }
            if let Some(digits) = some_text(setting, "/offsite_card_pay/last_four_digits") {
                order.card_last_four = Some(digits);
            }
        }
    }
}

fn expiry(order: &Value) -> Option<i64> {
    let at_s: i64 = order.pointer("/expiration/timestamp")?.as_str()?.parse().ok()?;
    Some(at_s.saturating_mul(1000))
}

/// Centavos as decimal text.
fn decimal_text(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents.rem_euclid(100))
}

/// As a Brazilian reads it: orders are in reais only.
fn label(amount: &Amount) -> String {
    format!("R$ {}", amount.amount.replace('.', ","))
}
