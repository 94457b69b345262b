//! `POST /v1/messages/products`: a merchant shows products to a customer who is in conversation (rules R1 and R2).

use std::collections::BTreeSet;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::problem::{ApiError, Code};
use super::{State, body};
use crate::config::Scope;
use crate::domain::event::Event;
use crate::domain::ids::{NumberId, PurchaseId, RetailerId};
use crate::domain::message::BODY_MAX;
use crate::engine::addresses::digest;
use crate::engine::{Happened, Taken, What, Who};
use crate::store::IdempotencyOutcome;

/// Most products in one call (ten messages of thirty).
const PRODUCTS_MAX: usize = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    number: NumberId,
    customer: String,
    products: Vec<RetailerId>,
    body: Option<String>,
}

/// An answer, and whether it is the whole one.
struct Shown {
    answer: String,
    /// False when the products were shown before, by a call whose answer was lost or is still under way: which messages
    /// those were is not known here, so this answer is not kept.
    is_whole: bool,
}

pub(super) async fn products(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let now_ms = state.engine.clock().now_ms();
    let key = state.keys.authorise(&request, Scope::MessagesWrite, now_ms)?;
    let (asked, bytes): (Request, _) = body::json(payload, state.api_body_bytes).await?;
    let idempotency = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    let idempotency = idempotency.filter(|text| (1..=200).contains(&text.len()));
    let idempotency = idempotency.ok_or_else(|| {
        ApiError::new(
            Code::InvalidRequest,
            "send an Idempotency-Key header of 1 to 200 characters",
        )
    })?;
    let settings = state
        .engine
        .number(&asked.number)
        .filter(|number| key.sees(&number.shop.merchant));
    let merchant = settings.map(|number| number.shop.merchant.clone());
    let merchant =
        merchant.ok_or_else(|| ApiError::new(Code::UnknownNumber, "no such business number for this key"))?;
    if asked
        .body
        .as_ref()
        .is_some_and(|body| body.chars().count() > BODY_MAX)
    {
        let detail = format!("body may have {BODY_MAX} characters");
        return Err(ApiError::new(Code::InvalidRequest, detail));
    }
    if asked.products.is_empty() || asked.products.len() > PRODUCTS_MAX {
        return Err(ApiError::new(
            Code::InvalidRequest,
            "products must name 1 to 300 retailer ids",
        ));
    }
    // A digest: callers put anything into their keys, phone numbers too.
    let name = digest(&format!("{}:{idempotency}", key.id));
    let store = state.engine.store();
    let fingerprint = digest(&String::from_utf8_lossy(&bytes));
    let is_claimed = match store
        .begin_idempotent(&name, &fingerprint, state.idempotency_ms, now_ms)
        .await?
    {
        IdempotencyOutcome::New => true,
        // A crash may have left it so: going on is safe, the event's mark lets it happen once.
        IdempotencyOutcome::InProgress => false,
        IdempotencyOutcome::Same(answer) => return Ok(accepted(answer)),
        IdempotencyOutcome::Conflict => {
            let detail = "this Idempotency-Key was used with another body";
            return Err(ApiError::new(Code::IdempotencyConflict, detail));
        }
    };
    match show(&state, &asked, &merchant, &name).await {
        Ok(shown) => {
            if shown.is_whole {
                store.finish_idempotent(&name, &shown.answer).await?;
            }
            Ok(accepted(shown.answer))
        }
        Err(error) => {
            if is_claimed {
                store.drop_idempotent(&name).await?;
            }
            Err(error)
        }
    }
}

fn accepted(answer: String) -> HttpResponse {
    HttpResponse::Accepted()
        .content_type("application/json")
        .body(answer)
}

async fn show(
    state: &State,
    asked: &Request,
    merchant: &crate::domain::ids::MerchantId,
    name: &str,
) -> Result<Shown, ApiError> {
    let now_ms = state.engine.clock().now_ms();
    let conversation = state
        .engine
        .conversation_of(&asked.number, &asked.customer)
        .await?;
    let conversation = conversation.ok_or_else(|| {
        ApiError::new(
            Code::UnknownCustomer,
            "this customer has never written to this business number",
        )
    })?;
    if now_ms >= conversation.window_open_until_ms {
        metrics::counter!("sacola_window_closed_total", "kind" => "api").increment(1);
        tracing::info!(home = %conversation.home, "products not sent: the service window is closed");
        let detail =
            "24 hours have passed since the customer last wrote: product messages need an open conversation";
        return Err(ApiError::new(Code::ServiceWindowClosed, detail));
    }
    let ids: BTreeSet<RetailerId> = asked.products.iter().cloned().collect();
    let known = state
        .engine
        .catalogs()
        .known(state.engine.store().as_ref(), merchant, &ids)
        .await?
        .facts;
    let is_known = |id: &RetailerId| known.get(id).is_some_and(|fact| fact.product.is_some());
    let (show, dropped): (Vec<RetailerId>, Vec<RetailerId>) =
        each_once(&asked.products).into_iter().partition(is_known);
    if show.is_empty() {
        return Err(ApiError::new(
            Code::UnknownProduct,
            "none of these products is in the catalog",
        ));
    }
    let happened = Happened {
        who: Who::Home(conversation.home),
        id: format!("api:{name}"),
        at_ms: 0,
        purchase_id: PurchaseId::new(digest(name)),
        what: What::Event(Event::ProductsRequested {
            products: show,
            body: asked.body.clone().filter(|text| !text.trim().is_empty()),
        }),
    };
    let (effects, is_whole) = match state.engine.take(happened).await? {
        Taken::Done { effects, .. } => (effects, true),
        Taken::Duplicate | Taken::NoConversation => (Vec::new(), false),
    };
    let effects: Vec<String> = effects.into_iter().map(|(id, _)| id.to_string()).collect();
    let answer = json!({ "effects": effects, "dropped": dropped }).to_string();
    Ok(Shown { answer, is_whole })
}

/// The ids in their order, each where it comes first.
fn each_once(ids: &[RetailerId]) -> Vec<RetailerId> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| seen.insert(*id)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_named_twice_is_shown_once_where_it_came_first() {
        let ids = ["b", "a", "b", "c", "a"].map(RetailerId::new);
        assert_eq!(each_once(&ids), ["b", "a", "c"].map(RetailerId::new));
    }
}
