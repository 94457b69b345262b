//! What merchants tell on their own: products and purchases. The same status rules as for the provider: 200 only when
//! durable, 401 for a bad signature, 503 when the store refuses.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{ApiError, Code};
use super::{State, body, intake, traced};
use crate::delivery::Learned;
use crate::domain::event::Event;
use crate::domain::ids::{MerchantId, PurchaseId, RetailerId};
use crate::domain::product::Product;
use crate::engine::{Happened, Taken, What, Who};
use crate::merchants::{Callback, CallbackError, CallbackHeaders, MerchantNews};

/// Takes a callback.
pub(super) async fn receive(
    state: Data<State>,
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let merchant = MerchantId::new(path.into_inner());
    let watched = state.engine.trace().start();
    let bytes = body::read(payload, state.webhook_body_bytes).await?;
    let refused = || {
        traced::refused(&state, "merchant", bytes.len(), watched);
        metrics::counter!("sacola_callbacks_total", "outcome" => "bad_signature").increment(1);
        let error = ApiError::new(
            Code::NotAuthorised,
            "the callback's signature is missing, wrong or too old",
        );
        error.with_status(StatusCode::UNAUTHORIZED)
    };
    let connector = state.dispatcher.connector(&merchant).ok_or_else(refused)?;
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(ToOwned::to_owned)
    };
    let headers = CallbackHeaders {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let now_ms = state.engine.clock().now_ms();
    let id = connector
        .verify_callback(&headers, &bytes, now_ms)
        .map_err(|_| refused())?;
    let taken = take(&state, &merchant, &id, &bytes).await;
    traced::callback(&state, &bytes, &event_id(&merchant, &id), taken.is_ok(), watched);
    let outcome = if taken.is_ok() { "taken" } else { "store_refused" };
    metrics::counter!("sacola_callbacks_total", "outcome" => outcome).increment(1);
    taken?;
    Ok(HttpResponse::Ok().finish())
}

/// Takes a verified callback's body. Returns the letter that it was parked as, if it was.
pub(super) async fn take(
    state: &State,
    merchant: &MerchantId,
    id: &str,
    bytes: &[u8],
) -> Result<Option<String>, ApiError> {
    let source = format!("callback:{merchant}");
    let Some(connector) = state.dispatcher.connector(merchant) else {
        return Err(ApiError::new(Code::NotFound, "no such merchant is configured"));
    };
    let now_ms = state.engine.clock().now_ms();
    let Callback { id, at_ms, news } = match connector.parse_callback(id, bytes, now_ms) {
        Ok(callback) => callback,
        Err(CallbackError::Unreadable(problem)) => {
            let letter = intake::park(
                state,
                "unreadable_callback",
                &problem,
                Some(merchant.clone()),
                &source,
                bytes,
            );
            return letter.await.map(Some);
        }
        Err(error @ CallbackError::Signature) => {
            return Err(ApiError::new(Code::NotAuthorised, error.to_string()));
        }
    };
    match news {
        MerchantNews::ProductUpdated(product) => product_updated(state, merchant, *product, now_ms)
            .await
            .map(|_| None),
        // Without a version nobody knows which of two callbacks is newer: the lookup is the truth.
        MerchantNews::ProductRemoved(retailer_id) => {
            state.dispatcher.look_up_later(merchant, &retailer_id).await?;
            Ok(None)
        }
        MerchantNews::Purchase { .. } => {
            purchase_news(state, merchant, Callback { id, at_ms, news }, bytes).await
        }
        MerchantNews::Other(kind) => {
            tracing::info!(%merchant, kind = traced::word(&kind), "a callback of a kind that is not used");
            Ok(None)
        }
    }
}

/// A product with a version is applied; without one the merchant is asked what it is now. Returns the price update's id.
pub(super) async fn product_updated(
    state: &State,
    merchant: &MerchantId,
    product: Product,
    now_ms: i64,
) -> Result<String, ApiError> {
    let retailer_id: RetailerId = product.retailer_id.clone();
    if product
        .version
        .as_deref()
        .is_none_or(|version| version.parse::<u64>().is_err())
    {
        return Ok(state.dispatcher.look_up_later(merchant, &retailer_id).await?.id);
    }
    let news = Learned {
        retailer_id: retailer_id.clone(),
        product: Some(product),
        learned_at_ms: now_ms,
    };
    let started = state.dispatcher.learn(merchant, vec![news]).await?;
    match started.into_iter().next() {
        Some(update) => Ok(update.id),
        None => Ok(state.dispatcher.nothing_changed(merchant, &retailer_id).await?.id),
    }
}

/// What a purchase's news means for its conversation; `None` when this merchant has no such purchase here.
pub(super) async fn purchase_event(
    state: &State,
    merchant: &MerchantId,
    callback: Callback,
) -> Result<Option<Happened>, ApiError> {
    let Callback { id, at_ms, news } = callback;
    let MerchantNews::Purchase {
        purchase_id,
        state: next,
        total,
        merchant_order_id,
        tracking_url,
        reason,
    } = news
    else {
        return Ok(None);
    };
    let record = state.engine.purchase(&purchase_id).await?;
    let Some(record) = record.filter(|record| record.merchant == *merchant) else {
        return Ok(None);
    };
    let event = Event::PurchaseNews {
        purchase_id,
        state: next,
        total,
        merchant_order_id,
        tracking_url,
        reason,
        record: Some(Box::new(record.purchase.clone())),
    };
    Ok(Some(Happened {
        who: Who::Home(record.home),
        id: event_id(merchant, &id),
        at_ms,
        purchase_id: PurchaseId::new(crate::engine::addresses::digest(&id)),
        root: None,
        what: What::Event(event),
    }))
}

/// The id of the event that a callback becomes.
fn event_id(merchant: &MerchantId, id: &str) -> String {
    format!("callback:{merchant}:{id}")
}

/// Takes news of a purchase whose customer was erased: the record moves on, and there is nobody to be told.
async fn is_of_nobody(state: &State, news: &MerchantNews) -> Result<bool, ApiError> {
    let MerchantNews::Purchase {
        purchase_id,
        state: next,
        total,
        ..
    } = news
    else {
        return Ok(false);
    };
    let engine = &state.engine;
    Ok(engine
        .takes_news_of_nobodys(purchase_id, *next, total.as_ref())
        .await?)
}

async fn purchase_news(
    state: &State,
    merchant: &MerchantId,
    callback: Callback,
    bytes: &[u8],
) -> Result<Option<String>, ApiError> {
    let news = callback.news.clone();
    let detail = match purchase_event(state, merchant, callback).await? {
        Some(happened) => {
            let is_told = match state.engine.take(happened).await? {
                Taken::Done { .. } | Taken::Duplicate => true,
                Taken::NoConversation => is_of_nobody(state, &news).await?,
            };
            if is_told {
                return Ok(None);
            }
            "the purchase's conversation is gone"
        }
        None => "a callback about a purchase that this merchant does not have here",
    };
    let (source, whose) = (format!("callback:{merchant}"), Some(merchant.clone()));
    let letter = intake::park(state, "unknown_purchase", detail, whose, &source, bytes).await?;
    Ok(Some(letter))
}
