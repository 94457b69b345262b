//! Orders in Brazil: the shape of `order_details` and `order_status`, exact sums, and references that are used once
//! (payments in Brazil, orders page, 2026-05-21). Amounts are whole numbers of centavos.

use serde_json::Value;

use super::fields::{
    Checked, at, filled_list, object, one_of, optional, optional_list, optional_object, required, text,
    web_address, whole,
};
use super::{BODY, Known, LONG_BODY, Refusal};

const REFERENCE: usize = 60;
const NAME: usize = 60;
const NOTE: usize = 60;
const DESCRIPTION: usize = 120;
/// An order may expire that soon.
const EXPIRES_S: i64 = 300;
/// Centavos of a real: the only offset of BRL.
const OFFSET: i64 = 100;

const SETTINGS: &[&str] = &["pix_dynamic_code", "payment_link", "boleto", "offsite_card_pay"];
const PIX_KEYS: &[&str] = &["CPF", "CNPJ", "EMAIL", "PHONE", "EVP"];
const STATES: &[&str] = &[
    "pending",
    "processing",
    "partially_shipped",
    "partially-shipped",
    "shipped",
    "completed",
    "canceled",
];

/// Checks an `order_details` message. Its simplified form, without an order, shows no picture.
pub fn message(interactive: &Value, known: &Known<'_>) -> Checked {
    let parameters = object(interactive, "/action/parameters")?;
    details(parameters, known)?;
    if at(parameters, "/order")?.is_none() && at(interactive, "/header")?.is_some() {
        return Err(Refusal::bad("a header is not allowed when order is left out"));
    }
    Ok(())
}

/// Checks the order object of a message or of a template's button.
pub fn details(parameters: &Value, known: &Known<'_>) -> Checked {
    let reference = reference(parameters)?;
    if known.orders.get(reference).is_some() {
        return Err(Refusal::bad(format!(
            "reference_id {reference} was used already; each order_details message needs another one"
        )));
    }
    one_of(parameters, "/type", &["digital-goods", "physical-goods"])?;
    one_of(parameters, "/payment_type", &["br"])?;
    one_of(parameters, "/currency", &["BRL"])?;
    let total = positive(parameters, "/total_amount")?;
    let settings = optional_list(parameters, "/payment_settings")?;
    settings.unwrap_or_default().iter().try_for_each(setting)?;
    match optional_object(parameters, "/order")? {
        Some(order) => check_order(order, total, known.now_ms),
        None if settings.is_none_or(<[Value]>::is_empty) => Err(Refusal::missing("payment_settings")),
        None => Ok(()),
    }
}

/// Checks the parameters of an `order_status` message. Turns that are not allowed fail later.
pub fn status(parameters: &Value, known: &Known<'_>) -> Checked {
    let reference = reference(parameters)?;
    if known.orders.get(reference).is_none() {
        return Err(Refusal::bad(format!(
            "reference_id {reference} belongs to no order_details message of this number"
        )));
    }
    let (order, payment) = (
        optional_object(parameters, "/order")?,
        optional_object(parameters, "/payment")?,
    );
    if order.is_none() && payment.is_none() {
        return Err(Refusal::missing("order or payment"));
    }
    if let Some(order) = order {
        one_of(order, "/status", STATES)?;
        optional(order, "/description", DESCRIPTION)?;
    }
    if let Some(payment) = payment {
        one_of(payment, "/status", &["pending", "captured", "failed"])?;
        whole(payment, "/timestamp")?;
    }
    Ok(())
}

/// What fails after it was accepted.
pub fn late(body: &Value, known: &Known<'_>) -> Option<i64> {
    known.orders.late(body)
}

fn reference(parameters: &Value) -> Result<&str, Refusal> {
    let reference = required(parameters, "/reference_id", REFERENCE)?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if reference.chars().all(allowed) {
        return Ok(reference);
    }
    Err(Refusal::bad("reference_id may hold letters, digits, _ . - only"))
}

fn setting(setting: &Value) -> Checked {
    let kind = one_of(setting, "/type", SETTINGS)?;
    let means = object(setting, &format!("/{kind}"))?;
    match kind {
        "pix_dynamic_code" => {
            required(means, "/code", LONG_BODY)?;
            required(means, "/merchant_name", BODY)?;
            required(means, "/key", BODY)?;
            one_of(means, "/key_type", PIX_KEYS)?;
        }
        "payment_link" => {
            web_address(means, "/uri", LONG_BODY)?;
        }
        "boleto" => {
            required(means, "/digitable_line", BODY)?;
        }
        _ => {
            let digits = required(means, "/last_four_digits", 4)?;
            if digits.len() != 4 || !digits.chars().all(|c| c.is_ascii_digit()) {
                return Err(Refusal::bad("last_four_digits must be four digits"));
            }
            required(means, "/credential_id", BODY)?;
        }
    }
    Ok(())
}

/// `subtotal` is the sum of the lines; `total` is that with tax and shipping and without the discount.
fn check_order(order: &Value, total: i64, now_ms: i64) -> Checked {
    one_of(order, "/status", &["pending"])?;
    text(order, "/catalog_id")?;
    if let Some(expiration) = optional_object(order, "/expiration")? {
        expires(expiration, now_ms)?;
    }
    let mut sum = 0_i64;
    for item in filled_list(order, "/items")? {
        sum = sum.saturating_add(line_total(item)?);
    }
    let subtotal = amount(order, "/subtotal")?.ok_or_else(|| Refusal::missing("order.subtotal"))?;
    let tax = amount(order, "/tax")?.ok_or_else(|| Refusal::missing("order.tax"))?;
    let shipping = amount(order, "/shipping")?.unwrap_or_default();
    let discount = amount(order, "/discount")?.unwrap_or_default();
    for part in ["tax", "shipping", "discount"] {
        optional(order, &format!("/{part}/description"), NOTE)?;
    }
    optional(order, "/discount/discount_program_name", NOTE)?;
    if sum != subtotal {
        return Err(Refusal::bad(format!(
            "subtotal is {subtotal}, and the items make {sum}"
        )));
    }
    let owed = subtotal
        .saturating_add(tax)
        .saturating_add(shipping)
        .saturating_sub(discount);
    if owed != total {
        return Err(Refusal::bad(format!(
            "total_amount is {total}, and the order makes {owed}"
        )));
    }
    Ok(())
}

fn expires(expiration: &Value, now_ms: i64) -> Checked {
    let timestamp = required(expiration, "/timestamp", BODY)?;
    optional(expiration, "/description", DESCRIPTION)?;
    let at_s: i64 = timestamp
        .parse()
        .map_err(|_| Refusal::bad("expiration.timestamp is a whole number of seconds since 1970, as text"))?;
    if at_s.saturating_sub(now_ms.div_euclid(1000)) < EXPIRES_S {
        return Err(Refusal::bad(format!(
            "expiration.timestamp must be {EXPIRES_S} seconds ahead at least"
        )));
    }
    Ok(())
}

fn line_total(item: &Value) -> Result<i64, Refusal> {
    required(item, "/retailer_id", BODY)?;
    required(item, "/name", NAME)?;
    let full = positive(item, "/amount")?;
    let price = amount(item, "/sale_amount")?.unwrap_or(full);
    match whole(item, "/quantity")? {
        None => Err(Refusal::missing("quantity")),
        Some(quantity) if quantity >= 1 => Ok(price.saturating_mul(quantity)),
        Some(_) => Err(Refusal::bad("quantity is 1 at least")),
    }
}

fn positive(value: &Value, pointer: &str) -> Result<i64, Refusal> {
    let name = pointer.trim_start_matches('/');
    match amount(value, pointer)? {
        None => Err(Refusal::missing(name)),
        Some(amount) if amount > 0 => Ok(amount),
        Some(_) => Err(Refusal::bad(format!("{name} must be positive"))),
    }
}

/// An amount, if there, is a whole number that is not negative, with an offset of 100.
fn amount(value: &Value, pointer: &str) -> Result<Option<i64>, Refusal> {
    let Some(found) = optional_object(value, pointer)? else {
        return Ok(None);
    };
    let name = pointer.trim_start_matches('/');
    let part = |field: &str| {
        whole(found, &format!("/{field}"))?.ok_or_else(|| Refusal::missing(&format!("{name}.{field}")))
    };
    let (amount, offset) = (part("value")?, part("offset")?);
    if offset != OFFSET {
        return Err(Refusal::bad(format!("{name}.offset is {OFFSET} for BRL")));
    }
    if amount < 0 {
        return Err(Refusal::bad(format!("{name}.value must not be negative")));
    }
    Ok(Some(amount))
}
