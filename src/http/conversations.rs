//! `/v1/conversations` and `/v1/purchases`: what a merchant may read of its customers.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::auth::admitted;
use super::problem::{ApiError, Code, never_written, unknown_number};
use super::products::with_next;
use super::queries::{Paging, limit, no_query, query};
use super::{State, timeline};
use crate::config::Scope;
use crate::domain::cart::Cart;
use crate::domain::conversation::{Conversation, Mode};
use crate::domain::device::Device;
use crate::domain::ids::{NumberId, PurchaseId};
use crate::domain::money::{Currency, Money};
use crate::domain::purchase::Purchase;

/// Timeline entries on a page, unless another number is asked for.
pub(super) const PAGE: usize = 50;

/// `GET /v1/conversations/{number}/{customer}`
pub(super) async fn show(
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::ConversationsRead)?;
    let paging: Paging = query(&request)?;
    let limit = limit(paging.limit.as_deref(), PAGE)?;
    let behind = match paging.cursor.as_deref() {
        Some(cursor) => Some(timeline::Place::parse(cursor)?),
        None => None,
    };
    let (number, customer) = path.into_inner();
    let number = NumberId::new(number);
    let settings = state
        .engine
        .number(&number)
        .filter(|settings| key.sees(&settings.shop.merchant));
    let settings = settings.ok_or_else(unknown_number)?;
    let conversation = state.engine.conversation_of(&number, &customer).await?;
    let conversation = conversation.ok_or_else(never_written)?;
    let skip = behind.map_or(0, |place| place.behind(&conversation.recent));
    let locale = conversation.locale.unwrap_or(settings.shop.locale).tag();
    Ok(HttpResponse::Ok().json(page(&conversation, settings.shop.currency, locale, skip, limit)))
}

/// `GET /v1/conversations/{number}/{customer}/journal`: what `sacola replay` reads. It holds what customers wrote, so it is for
/// operators.
pub(super) async fn journal(
    state: Data<State>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::ConversationsRead)?;
    no_query(&request)?;
    if key.merchant.is_some() {
        let detail = "journals are read with an operator's key (merchant \"*\")";
        return Err(ApiError::new(Code::ForbiddenScope, detail));
    }
    let (number, customer) = path.into_inner();
    let number = NumberId::new(number);
    if state.engine.number(&number).is_none() {
        return Err(unknown_number());
    }
    let recorded = state.engine.recorded(&number, &customer).await?;
    let recorded = recorded.ok_or_else(never_written)?;
    Ok(HttpResponse::Ok().json(recorded))
}

pub(super) fn page(
    conversation: &Conversation,
    currency: Currency,
    locale: &str,
    skip: usize,
    limit: usize,
) -> Value {
    let timeline: Vec<Value> = conversation
        .recent
        .iter()
        .rev()
        .skip(skip)
        .take(limit)
        .map(|trace| {
            let direction = if trace.inbound { "in" } else { "out" };
            json!({ "at": instant(trace.at_ms), "direction": direction, "what": trace.what })
        })
        .collect();
    let shown = skip.saturating_add(timeline.len());
    let carts: Vec<Value> = conversation
        .carts
        .iter()
        .map(|(device, cart)| cart_json(*device, cart, currency))
        .collect();
    let purchases: Vec<Value> = conversation.purchases.iter().rev().map(purchase_json).collect();
    let mode = match conversation.mode {
        Mode::Bot => "bot",
        Mode::Human => "human",
    };
    let mut customer = json!({ "id": conversation.home, "locale": locale });
    if let Some(map) = customer.as_object_mut() {
        let known = &conversation.customer;
        for (name, value) in [
            ("user_id", &known.user_id),
            ("wa_id", &known.wa_id),
            ("name", &known.name),
        ] {
            if let Some(text) = value {
                map.insert(name.to_owned(), json!(text));
            }
        }
    }
    let answer = json!({
        "customer": customer,
        "mode": mode,
        "window_open_until": instant(conversation.window_open_until_ms),
        "carts": carts,
        "purchases": purchases,
        "timeline": timeline,
    });
    let next = timeline::Place::of_last(&conversation.recent, shown);
    with_next(answer, next.map(|place| place.cursor()))
}

fn cart_json(device: Device, cart: &Cart, currency: Currency) -> Value {
    let lines: Vec<Value> = cart
        .lines
        .iter()
        .map(|line| {
            json!({ "retailer_id": line.retailer_id, "quantity": line.quantity, "unit_price": line.shown.price })
        })
        .collect();
    let total = cart.total(currency).unwrap_or(Money::zero(currency));
    json!({ "device": device, "revision": cart.revision, "lines": lines, "total": total })
}

fn purchase_json(purchase: &Purchase) -> Value {
    let mut answer = json!({
        "purchase_id": purchase.purchase_id,
        "state": purchase.state,
        "total": purchase.quote.total,
    });
    if let Some(map) = answer.as_object_mut() {
        let optional = [
            ("merchant_order_id", &purchase.merchant_order_id),
            ("payment_url", &purchase.payment_url),
            ("tracking_url", &purchase.tracking_url),
            ("review", &purchase.review),
        ];
        for (name, value) in optional {
            if let Some(text) = value {
                map.insert(name.to_owned(), json!(text));
            }
        }
    }
    answer
}

/// `GET /v1/purchases/{id}`
pub(super) async fn purchase(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::ConversationsRead)?;
    no_query(&request)?;
    let record = state.engine.purchase(&PurchaseId::new(path.into_inner())).await?;
    let record = record.filter(|record| key.sees(&record.merchant));
    let record = record.ok_or_else(|| ApiError::new(Code::NotFound, "no such purchase for this key"))?;
    let mut answer = purchase_json(&record.purchase);
    if let Some(map) = answer.as_object_mut() {
        let lines: Vec<Value> = record
            .purchase
            .quote
            .lines
            .iter()
            .map(|line| {
                json!({
                    "retailer_id": line.retailer_id,
                    "quantity": line.quantity,
                    "unit_price": line.unit_price,
                })
            })
            .collect();
        map.insert("lines".to_owned(), json!(lines));
        map.insert("number".to_owned(), json!(record.number));
        map.insert("confirmed_at".to_owned(), json!(instant(record.purchase.at_ms)));
    }
    Ok(HttpResponse::Ok().json(answer))
}

/// An instant as RFC 3339 text.
pub(super) fn instant(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|instant| instant.to_string())
        .unwrap_or_default()
}
