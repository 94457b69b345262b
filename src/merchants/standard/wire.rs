//! The standard contract's JSON and its conversions. Money is decimal text in both directions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::event::{DeclineReason, Objection};
use crate::domain::ids::{PurchaseId, RetailerId};
use crate::domain::money::{Currency, Money};
use crate::domain::product::{Availability, Product};
use crate::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Quote, Source};
use crate::merchants::{Buyer, Callback, MerchantNews, MerchantPurchase, ProductPage};

/// Longest retailer id (WhatsApp's Content ID has at most 100 characters).
const RETAILER_ID_MAX: usize = 100;
/// How long a quote without an end is taken to hold.
pub(super) const QUOTE_MS: i64 = 15 * 60 * 1000;

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
    #[serde(default)]
    products: Vec<Value>,
    next_cursor: Option<String>,
}

/// Reads one product; the error is a sentence about it.
pub(super) fn product(value: Value, currency: Currency) -> Result<Product, String> {
    let id = value
        .get("retailer_id")
        .and_then(Value::as_str)
        .unwrap_or("?")
        .to_owned();
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
    if wire.retailer_id.is_empty() || wire.retailer_id.len() > RETAILER_ID_MAX || wire.title.trim().is_empty()
    {
        return Err(format!(
            "product {id}: retailer_id (1–{RETAILER_ID_MAX} bytes) and title must not be empty"
        ));
    }
    Ok(Product {
        retailer_id: RetailerId::new(wire.retailer_id),
        title: wire.title,
        description: wire.description,
        category: wire.category.filter(|text| !text.trim().is_empty()),
        price,
        availability: wire.availability,
        stock: wire.stock,
        image_url: wire.image_url,
        url: wire.url,
        options: wire.options.as_ref().and_then(options_text),
        version: wire.version.as_ref().map(plain),
    })
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
            .unwrap_or(now_ms + QUOTE_MS),
    })
}

/// Reads an RFC 3339 instant as Unix milliseconds.
pub(super) fn instant_ms(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

#[derive(Deserialize)]
struct WirePurchase {
    merchant_order_id: String,
    total: Money,
    payment_url: Option<String>,
    state: Option<String>,
}

/// Reads what the merchant knows of a purchase.
pub(super) fn merchant_purchase(bytes: &[u8]) -> Result<MerchantPurchase, String> {
    let wire: WirePurchase = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(MerchantPurchase {
        merchant_order_id: wire.merchant_order_id,
        total: wire.total,
        payment_url: wire.payment_url.filter(|url| !url.is_empty()),
        state: wire.state.as_deref().and_then(state),
    })
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

#[derive(Deserialize, Default)]
struct WireProblem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    lines: Vec<WireObjection>,
}

#[derive(Deserialize)]
struct WireObjection {
    retailer_id: RetailerId,
    unit_price: Option<Money>,
    available: Option<u64>,
}

/// What a 409 or 422 says.
pub(super) enum Problem {
    /// A final no.
    Declined(DeclineReason, Vec<Objection>),
    /// Being worked on.
    InProgress,
    /// The key was used with another body.
    KeyReused,
}

/// Reads the body of a 409 or 422.
pub(super) fn problem(bytes: &[u8]) -> Problem {
    let wire: WireProblem = serde_json::from_slice(bytes).unwrap_or_default();
    let objections = wire
        .lines
        .into_iter()
        .map(|line| Objection {
            retailer_id: line.retailer_id,
            unit_price: line.unit_price,
            available: line.available,
        })
        .collect();
    match wire.code.as_str() {
        "in_progress" => Problem::InProgress,
        "idempotency_conflict" => Problem::KeyReused,
        "price_changed" => Problem::Declined(DeclineReason::PriceChanged, objections),
        "out_of_stock" => Problem::Declined(DeclineReason::OutOfStock, objections),
        _ => Problem::Declined(DeclineReason::Refused, objections),
    }
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
        merchant_order_id: wire.merchant_order_id,
        tracking_url: wire.tracking_url,
        reason: wire.reason,
    })
}
