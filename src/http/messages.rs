//! `POST /v1/messages/products`: a merchant shows products to a customer who is in conversation (rules R1 and R2).

use std::collections::BTreeSet;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::auth::admitted;
use super::idempotency::Begun;
use super::problem::{ApiError, Code, never_written, unknown_number};
use super::queries::no_query;
use super::{State, body, idempotency};
use crate::config::Scope;
use crate::domain::event::Event;
use crate::domain::ids::{NumberId, PurchaseId, RETAILER_ID_MAX, RetailerId};
use crate::domain::message::BODY_MAX;
use crate::engine::addresses::digest;
use crate::engine::{Happened, Taken, What, Who};

/// Most products in one call (ten messages of thirty).
pub(super) const PRODUCTS_MAX: usize = 300;

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
    let key = admitted(&state, &request, Scope::MessagesWrite)?;
    no_query(&request)?;
    let (asked, bytes): (Request, _) = body::json(payload, state.api_body_bytes).await?;
    let idempotency_key = idempotency::key_of(&request)?.ok_or_else(|| {
        let detail =
            "send an Idempotency-Key header: a name of your own for this request, the same on each repeat";
        ApiError::new(Code::InvalidRequest, detail)
    })?;
    check(&asked)?;
    let settings = state
        .engine
        .number(&asked.number)
        .filter(|number| key.sees(&number.shop.merchant));
    let merchant = settings.map(|number| number.shop.merchant.clone());
    let merchant = merchant.ok_or_else(unknown_number)?;
    let sent = format!("POST /v1/messages/products\n{}", String::from_utf8_lossy(&bytes));
    let claim = match idempotency::begin(&state, &key, &idempotency_key, &sent).await? {
        Begun::First(claim) => claim,
        Begun::Again(answer) => return Ok(accepted(answer)),
    };
    match show(&state, &asked, &merchant, &claim.name).await {
        Ok(shown) => {
            if shown.is_whole {
                idempotency::finish(&state, &claim, &shown.answer).await?;
            } else {
                idempotency::let_go(&state, &claim, false).await?;
            }
            Ok(accepted(shown.answer))
        }
        Err(error) => {
            idempotency::let_go(&state, &claim, true).await?;
            Err(error)
        }
    }
}

/// What can be judged without looking anything up.
fn check(asked: &Request) -> Result<(), ApiError> {
    let body = asked.body.as_deref().unwrap_or_default();
    let is_id = |id: &RetailerId| (1..=RETAILER_ID_MAX).contains(&id.as_str().len());
    let problem = if body.chars().count() > BODY_MAX {
        format!("body may have {BODY_MAX} characters")
    } else if body.chars().any(is_no_writing) {
        "body may have no control characters but line breaks and tabs".to_owned()
    } else if asked.products.is_empty() || asked.products.len() > PRODUCTS_MAX {
        format!("products must name 1 to {PRODUCTS_MAX} retailer ids")
    } else if !asked.products.iter().all(is_id) {
        // what is unknown is told back and kept with the answer: nothing of any length
        format!("each of products must have 1 to {RETAILER_ID_MAX} bytes")
    } else if asked.customer.is_empty() {
        "customer must be a user id or a wa_id".to_owned()
    } else {
        return Ok(());
    };
    Err(ApiError::new(Code::InvalidRequest, problem))
}

/// True for what nobody writes and the provider may refuse a message for.
fn is_no_writing(one: char) -> bool {
    one.is_control() && !matches!(one, '\n' | '\r' | '\t')
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
    let conversation = conversation.ok_or_else(never_written)?;
    if now_ms >= conversation.window_open_until_ms {
        metrics::counter!("sacola_window_closed_total", "kind" => "api").increment(1);
        tracing::info!(conversation = %conversation.home, "products not sent: the service window is closed");
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
            "none of these products is in the catalog: GET /v1/products lists what is",
        ));
    }
    let happened = Happened {
        who: Who::Home(conversation.home),
        id: format!("api:{name}"),
        at_ms: 0,
        purchase_id: PurchaseId::new(digest(name)),
        root: None,
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
    fn an_id_that_no_catalog_can_have_is_refused_and_not_told_back() {
        let asked = |id: &str| Request {
            number: NumberId::new("1"),
            customer: "x".to_owned(),
            products: vec![RetailerId::new("cafe"), RetailerId::new(id)],
            body: None,
        };
        assert!(check(&asked(&"z".repeat(RETAILER_ID_MAX))).is_ok());
        for id in [
            String::new(),
            "z".repeat(RETAILER_ID_MAX + 1),
            "é".repeat(RETAILER_ID_MAX),
        ] {
            let error = check(&asked(&id)).unwrap_err();
            assert_eq!(error.code(), Code::InvalidRequest);
            assert!(error.detail().len() < 100, "{}", error.detail());
        }
    }

    #[test]
    fn words_with_control_characters_are_refused_before_they_are_on_their_way() {
        let says = |body: &str| Request {
            number: NumberId::new("1"),
            customer: "x".to_owned(),
            products: vec![RetailerId::new("cafe")],
            body: Some(body.to_owned()),
        };
        assert!(check(&says("Fresh today:\r\n\tcafé ☕")).is_ok());
        for body in ["a\0b", "\u{7}", "a\u{85}", "\u{7f}"] {
            assert!(check(&says(body)).is_err(), "{body:?}");
        }
    }

    #[test]
    fn a_product_named_twice_is_shown_once_where_it_came_first() {
        let ids = ["b", "a", "b", "c", "a"].map(RetailerId::new);
        assert_eq!(each_once(&ids), ["b", "a", "c"].map(RetailerId::new));
    }
}
