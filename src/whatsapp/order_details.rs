//! `order_details`: amounts and a Pix code to copy, as Meta validates them (payments in Brazil, orders, 2026-05-21). Integers
//! with an offset of 100, sums that match exactly, a reference that no other message of the number has.

use serde_json::{Value, json};

use super::Sending;
use super::outbound::BuildError;
use crate::domain::money::Money;
use crate::domain::payment::OrderDetails;
use crate::domain::purchase::PurchaseLine;
use crate::domain::text::fit;

/// Longest name of an item.
const NAME_MAX: usize = 60;
/// Longest reference.
const REFERENCE_MAX: usize = 60;
/// The least time that an expiration may be ahead; an earlier one is left out.
const EXPIRATION_LEAST_MS: i64 = 300_000;

/// The `interactive` object.
pub(super) fn drawn(details: &OrderDetails, sending: &Sending) -> Result<Value, BuildError> {
    let quote = &details.quote;
    let items: Vec<Value> = quote.lines.iter().map(item).collect::<Result<_, _>>()?;
    let zero = Money::zero(quote.total.currency());
    let mut order = json!({
        "status": "pending",
        "items": items,
        "subtotal": amount(&quote.subtotal)?,
        "tax": amount(&quote.tax.unwrap_or(zero))?,
    });
    for (name, part) in [("shipping", quote.shipping), ("discount", quote.discount)] {
        if let (Some(part), Some(fields)) = (part.filter(|part| !part.is_zero()), order.as_object_mut()) {
            fields.insert(name.to_owned(), amount(&part)?);
        }
    }
    let ends = details
        .expires_at_ms
        .filter(|at_ms| at_ms - sending.now_ms > EXPIRATION_LEAST_MS);
    if let (Some(at_ms), Some(fields)) = (ends, order.as_object_mut()) {
        let expiration = json!({ "timestamp": (at_ms / 1000).to_string(), "description": "Pix" });
        fields.insert("expiration".to_owned(), expiration);
    }
    let parameters = json!({
        "reference_id": reference(details, sending),
        "type": "physical-goods",
        "payment_type": "br",
        "payment_settings": settings(details),
        "currency": quote.total.currency().code(),
        "total_amount": amount(&quote.total)?,
        "order": order,
    });
    Ok(json!({
        "type": "order_details",
        "body": { "text": details.body },
        "action": { "name": "review_and_pay", "parameters": parameters },
    }))
}

fn settings(details: &OrderDetails) -> Vec<Value> {
    let mut settings = vec![json!({ "type": "pix_dynamic_code", "pix_dynamic_code": details.pix })];
    if let Some(url) = &details.payment_url {
        settings.push(json!({ "type": "payment_link", "payment_link": { "uri": url } }));
    }
    settings
}

fn item(line: &PurchaseLine) -> Result<Value, BuildError> {
    Ok(json!({
        "retailer_id": line.retailer_id,
        "name": fit(&line.title, NAME_MAX),
        "amount": amount(&line.unit_price)?,
        "quantity": line.quantity,
    }))
}

fn amount(money: &Money) -> Result<Value, BuildError> {
    let value = money.minor_units().ok_or(BuildError::Amount)?;
    Ok(json!({ "value": value, "offset": 100 }))
}

/// Unique per message: the purchase, and what tells its messages apart. A repeat of one send has the same: if the first arrived
/// after all, Meta refuses the second.
fn reference(details: &OrderDetails, sending: &Sending) -> String {
    let effect = sending.effect_id.as_str();
    let tail = effect.split_once('.').map_or(effect, |(_, tail)| tail);
    fit(&format!("{}-{tail}", details.purchase_id), REFERENCE_MAX)
}
