//! The standard contract's JSON and its conversions. Money is decimal text in both directions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::domain::event::{DeclineReason, Objection};
use crate::domain::ids::{PurchaseId, RETAILER_ID_MAX, RetailerId};
use crate::domain::masked::without_values;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Pix;
use crate::domain::product::{Availability, Product};
use crate::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Quote, Source};
use crate::domain::text::fit;
use crate::merchants::{Buyer, Callback, MerchantNews, MerchantPurchase, ProductPage};

/// How long a quote without an end is taken to hold.
const QUOTE_MS: i64 = 15 * 60 * 1000;
/// A quote that ends sooner than this can't be confirmed by a person.
const QUOTE_LEAST_MS: i64 = 30 * 1000;
/// How long such a quote is offered all the same: the merchant judges again at the purchase.
const QUOTE_GRACE_MS: i64 = 60 * 1000;
/// Longest title or category that is kept.
const TITLE_MAX: usize = 200;
/// Longest description that is kept.
const DESCRIPTION_MAX: usize = 1_000;
/// Longest options text that is kept.
const OPTIONS_MAX: usize = 300;

#[derive(Deserialize)]
struct WireProduct {
    retailer_id: String,
    title: String,
    description: Option<String>,
    category: Option<String>,
    price: Option<Money>,
    availability: Availability,
    stock: Option<u64>,
    image_url: Option<String>,
    url: Option<String>,
    options: Option<Value>,
    version: Option<Value>,
}

#[derive(Deserialize)]
struct WirePage {
    /// Required: an answer without it (a maintenance page) must not read as "everything is gone".
    products: Vec<Value>,
    next_cursor: Option<String>,
}

/// Reads one product; the error is a sentence about it.
pub(super) fn product(value: Value, currency: Currency) -> Result<Product, String> {
    let id = value
        .get("retailer_id")
        .and_then(Value::as_str)
        .map_or_else(|| "?".to_owned(), |id| fit(id, RETAILER_ID_MAX));
    let wire: WireProduct =
        serde_json::from_value(value).map_err(|error| format!("product {id}: {error}"))?;
    let price = wire
        .price
        .ok_or_else(|| format!("product {id}: it has no price"))?;
    if price.currency() != currency {
        return Err(format!(
            "product {id}: its price is in {}, the shop's in {currency}",
            price.currency()
        ));
    }
    if !is_retailer_id(&wire.retailer_id) {
        return Err(format!(
            "product {id}: retailer_id must have 1 to {RETAILER_ID_MAX} bytes of UTF-8, a visible character and no control characters"
        ));
    }
    if wire.title.trim().is_empty() {
        return Err(format!("product {id}: title must not be empty"));
    }
    let title = Some(fit(&wire.title, TITLE_MAX)).filter(|text| names_something(text));
    Ok(Product {
        title: title.unwrap_or_else(|| wire.retailer_id.clone()),
        retailer_id: RetailerId::new(wire.retailer_id),
        description: wire.description.map(|text| fit(&text, DESCRIPTION_MAX)),
        category: wire
            .category
            .filter(|text| names_something(text))
            .map(|text| fit(&text, TITLE_MAX)),
        price,
        availability: wire.availability,
        stock: wire.stock,
        image_url: wire.image_url.as_deref().and_then(web_address),
        url: wire.url.as_deref().and_then(web_address),
        options: wire
            .options
            .as_ref()
            .and_then(options_text)
            .map(|text| fit(&text, OPTIONS_MAX)),
        version: wire.version.as_ref().map(plain),
    })
}

/// True for an id that a catalog can have. U+FFFD stands where somebody has read bytes that are no UTF-8: two ids could become one.
fn is_retailer_id(id: &str) -> bool {
    let fits = (1..=RETAILER_ID_MAX).contains(&id.len()) && !id.trim().is_empty();
    fits && !id
        .chars()
        .any(|one| one.is_control() || one == char::REPLACEMENT_CHARACTER)
}

/// True when a person can read it as a name: WhatsApp's markup (`*_~` and backticks) and spaces alone show nothing.
fn names_something(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// An absolute http or https address; anything else is no picture and no page.
fn web_address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// Options as text that a person can read and that is equal when they are: keys in order.
fn options_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => String::new(),
        Value::Object(map) => {
            let ordered: BTreeMap<&String, String> =
                map.iter().map(|(key, value)| (key, plain(value))).collect();
            ordered
                .iter()
                .map(|(key, value)| format!("{key}: {value}"))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Value::Array(entries) => entries.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => plain(value),
    };
    (!text.is_empty()).then_some(text)
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Reads a page; a product that can't be read does not harm the others.
pub(super) fn page(bytes: &[u8], currency: Currency) -> Result<ProductPage, String> {
    let wire: WirePage = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut page = ProductPage {
        next_cursor: wire.next_cursor.filter(|c| !c.is_empty()),
        ..ProductPage::default()
    };
    for value in wire.products {
        match product(value, currency) {
            Ok(product) => page.products.push(product),
            Err(problem) => page.unreadable.push(problem),
        }
    }
    Ok(page)
}

#[derive(Serialize)]
struct OutLine<'a> {
    retailer_id: &'a RetailerId,
    quantity: u8,
    unit_price: Money,
}

#[derive(Serialize)]
struct OutCustomer<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wa_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    locale: &'a str,
}

fn out_customer(buyer: &Buyer) -> OutCustomer<'_> {
    OutCustomer {
        id: &buyer.id,
        user_id: buyer.customer.user_id.as_deref(),
        wa_id: buyer.customer.wa_id.as_deref(),
        name: buyer.customer.name.as_deref(),
        locale: &buyer.locale,
    }
}

fn out_lines(lines: &[PurchaseLine]) -> Vec<OutLine<'_>> {
    lines
        .iter()
        .map(|line| OutLine {
            retailer_id: &line.retailer_id,
            quantity: line.quantity,
            unit_price: line.unit_price,
        })
        .collect()
}

#[derive(Serialize)]
struct OutQuote<'a> {
    customer: OutCustomer<'a>,
    lines: Vec<OutLine<'a>>,
}

/// The body of `POST /quotes`.
pub(super) fn quote_body(buyer: &Buyer, lines: &[PurchaseLine]) -> Result<Vec<u8>, String> {
    let body = OutQuote {
        customer: out_customer(buyer),
        lines: out_lines(lines),
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

#[derive(Serialize)]
struct OutPurchase<'a> {
    purchase_id: &'a PurchaseId,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_id: Option<&'a str>,
    customer: OutCustomer<'a>,
    lines: Vec<OutLine<'a>>,
    subtotal: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<Money>,
    total: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    source: Source,
}

/// The body of `POST /purchases`: the same bytes on each attempt.
pub(super) fn purchase_body(buyer: &Buyer, purchase: &Purchase) -> Result<Vec<u8>, String> {
    let quote = &purchase.quote;
    let body = OutPurchase {
        purchase_id: &purchase.purchase_id,
        quote_id: quote.quote_id.as_deref(),
        customer: out_customer(buyer),
        lines: out_lines(&quote.lines),
        subtotal: quote.subtotal,
        discount: quote.discount,
        shipping: quote.shipping,
        tax: quote.tax,
        total: quote.total,
        note: purchase.note.as_deref(),
        source: purchase.source,
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct WireLine {
    retailer_id: RetailerId,
    quantity: u8,
    unit_price: Money,
}

#[derive(Deserialize)]
struct WireQuote {
    quote_id: Option<String>,
    lines: Vec<WireLine>,
    subtotal: Money,
    discount: Option<Money>,
    shipping: Option<Money>,
    tax: Option<Money>,
    total: Money,
    expires_at: Option<String>,
}

/// Reads a quote; titles come from the lines that were asked for.
pub(super) fn quote(bytes: &[u8], asked: &[PurchaseLine], now_ms: i64) -> Result<Quote, String> {
    let wire: WireQuote = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let title = |id: &RetailerId| {
        let line = asked.iter().find(|line| line.retailer_id == *id);
        line.map_or_else(|| id.as_str().to_owned(), |line| line.title.clone())
    };
    let lines = wire.lines.into_iter().map(|line| PurchaseLine {
        title: title(&line.retailer_id),
        retailer_id: line.retailer_id,
        quantity: line.quantity,
        unit_price: line.unit_price,
    });
    Ok(Quote {
        quote_id: wire.quote_id,
        lines: lines.collect(),
        subtotal: wire.subtotal,
        discount: wire.discount,
        shipping: wire.shipping,
        tax: wire.tax,
        total: wire.total,
        expires_at_ms: wire
            .expires_at
            .as_deref()
            .and_then(instant_ms)
            .map_or(now_ms + QUOTE_MS, |end_ms| usable_end_ms(end_ms, now_ms)),
    })
}

/// The merchant's own end of a quote, unless nobody could confirm before it.
fn usable_end_ms(end_ms: i64, now_ms: i64) -> i64 {
    if end_ms < now_ms + QUOTE_LEAST_MS {
        now_ms + QUOTE_GRACE_MS
    } else {
        end_ms
    }
}

/// Reads an RFC 3339 instant as Unix milliseconds.
fn instant_ms(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

#[derive(Deserialize)]
struct WirePurchase {
    merchant_order_id: String,
    total: Money,
    payment_url: Option<String>,
    pix: Option<Value>,
    expires_at: Option<String>,
    state: Option<String>,
}

/// Reads what the merchant knows of a purchase.
pub(super) fn merchant_purchase(bytes: &[u8]) -> Result<MerchantPurchase, String> {
    let wire: WirePurchase = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if wire.merchant_order_id.trim().is_empty() {
        return Err("merchant_order_id must not be empty".to_owned());
    }
    let payment_url = wire.payment_url.filter(|url| !url.is_empty());
    let pix = match wire.pix.map(pix) {
        Some(Ok(pix)) => Some(pix),
        // The link pays too; without one the answer says nothing that can be paid.
        Some(Err(problem)) if payment_url.is_some() => {
            tracing::warn!(problem = without_values(&problem), "a Pix code is left out");
            None
        }
        Some(Err(problem)) => return Err(problem),
        None => None,
    };
    Ok(MerchantPurchase {
        merchant_order_id: wire.merchant_order_id,
        total: wire.total,
        payment_url,
        pix,
        expires_at_ms: wire.expires_at.as_deref().and_then(instant_ms),
        state: wire.state.as_deref().and_then(state),
    })
}

/// Reads a Pix charge; the error is a sentence about it.
fn pix(value: Value) -> Result<Pix, String> {
    let pix: Pix = serde_json::from_value(value).map_err(|error| format!("pix: {error}"))?;
    match pix.problem() {
        Some(problem) => Err(problem),
        None => Ok(pix),
    }
}

fn state(word: &str) -> Option<PurchaseState> {
    match word {
        "accepted" => Some(PurchaseState::Accepted),
        "awaiting_payment" => Some(PurchaseState::AwaitingPayment),
        "paid" => Some(PurchaseState::Paid),
        "preparing" => Some(PurchaseState::Preparing),
        "shipped" => Some(PurchaseState::Shipped),
        "delivered" => Some(PurchaseState::Delivered),
        "cancelled" => Some(PurchaseState::Cancelled),
        "expired" => Some(PurchaseState::Expired),
        "payment_failed" => Some(PurchaseState::PaymentFailed),
        "refunded" => Some(PurchaseState::Refunded),
        "charged_back" => Some(PurchaseState::ChargedBack),
        _ => None,
    }
}

/// What a 409 or 422 says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// A final no.
    Declined(DeclineReason, Vec<Objection>),
    /// Being worked on.
    InProgress,
    /// The key was used with another body.
    KeyReused,
}

/// Reads the body of a 409 or 422. What is no answer of the shop's own (a proxy's page, a code that we do not know under
/// 409) proves nothing: it is an error, and the purchase is asked about by id.
pub(super) fn problem(http: u16, bytes: &[u8]) -> Result<Problem, String> {
    let wire: Map<String, Value> =
        serde_json::from_slice(bytes).map_err(|error| format!("HTTP {http}: {error}"))?;
    let code = wire.get("code").and_then(Value::as_str).unwrap_or_default();
    let reason = match code {
        "in_progress" => return Ok(Problem::InProgress),
        "idempotency_conflict" => return Ok(Problem::KeyReused),
        "price_changed" => DeclineReason::PriceChanged,
        "out_of_stock" => DeclineReason::OutOfStock,
        _ if http == 409 => return Err(format!("HTTP 409 with the code {:?}", fit(code, 60))),
        _ => DeclineReason::Refused,
    };
    let lines = wire.get("lines").and_then(Value::as_array);
    let objections = lines.into_iter().flatten().filter_map(objection).collect();
    Ok(Problem::Declined(reason, objections))
}

/// Reads one objection; `None` when it names no product. The rest of it is a hint: the product is looked up anyway.
fn objection(line: &Value) -> Option<Objection> {
    let id = line.get("retailer_id")?.as_str()?;
    let price = line.get("unit_price");
    let available = line.get("available");
    let below_zero = || available.and_then(Value::as_i64).map(|_| 0);
    (!id.is_empty() && id.len() <= RETAILER_ID_MAX).then(|| Objection {
        retailer_id: RetailerId::new(id),
        unit_price: price.and_then(|price| Money::deserialize(price).ok()),
        available: available.and_then(Value::as_u64).or_else(below_zero),
    })
}

#[derive(Deserialize)]
struct WireCallback {
    #[serde(rename = "type")]
    kind: String,
    timestamp: Option<String>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct WireNews {
    purchase_id: PurchaseId,
    merchant_order_id: Option<String>,
    total: Option<Money>,
    tracking_url: Option<String>,
    reason: Option<String>,
}

/// Reads a callback's body.
pub(super) fn callback(id: &str, body: &[u8], currency: Currency, now_ms: i64) -> Result<Callback, String> {
    let wire: WireCallback = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let at_ms = wire.timestamp.as_deref().and_then(instant_ms).unwrap_or(now_ms);
    let news = match wire.kind.as_str() {
        "product.updated" => MerchantNews::ProductUpdated(Box::new(product(wire.data, currency)?)),
        "product.removed" => {
            let id = wire
                .data
                .get("retailer_id")
                .and_then(Value::as_str)
                .ok_or("data.retailer_id is missing")?;
            MerchantNews::ProductRemoved(RetailerId::new(id))
        }
        kind => match kind.strip_prefix("purchase.").and_then(state) {
            Some(state) => purchase_news(wire.data, state)?,
            None => MerchantNews::Other(kind.chars().take(60).collect()),
        },
    };
    Ok(Callback {
        id: id.to_owned(),
        at_ms,
        news,
    })
}

fn purchase_news(data: Value, state: PurchaseState) -> Result<MerchantNews, String> {
    let wire: WireNews = serde_json::from_value(data).map_err(|error| format!("data: {error}"))?;
    Ok(MerchantNews::Purchase {
        purchase_id: wire.purchase_id,
        state,
        total: wire.total,
        merchant_order_id: wire.merchant_order_id.filter(|id| !id.trim().is_empty()),
        tracking_url: wire.tracking_url,
        reason: wire.reason,
    })
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
