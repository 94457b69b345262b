//! `POST /v1/erasures`: removes everything that is kept of a customer at a business number, or counts it. A merchant's key erases at
//! its own numbers and touches its own letters only.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::auth::admitted;
use super::problem::{ApiError, Code, unknown_number};
use super::queries::no_query;
use super::{State, body};
use crate::config::Scope;
use crate::domain::ids::NumberId;
use crate::engine::erasure::{Asked, BUSY, Outcome, in_flight};

/// Longer than any id of the provider.
const CUSTOMER_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    number: NumberId,
    customer: String,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /v1/erasures`
pub(super) async fn erase(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::CustomersErase)?;
    no_query(&request)?;
    let (asked, _) = body::json::<Request>(payload, state.api_body_bytes).await?;
    let number = state.engine.number(&asked.number);
    if !number.is_some_and(|number| key.sees(&number.shop.merchant)) {
        return Err(unknown_number());
    }
    let is_text = !asked.customer.trim().is_empty() && asked.customer.chars().count() <= CUSTOMER_CHARS_MAX;
    if !is_text {
        let detail = "customer must be a user id or a wa_id, of at most 200 characters";
        return Err(ApiError::new(Code::InvalidRequest, detail));
    }
    let asked = Asked {
        number: asked.number,
        customer: asked.customer,
        whose: key.merchant.clone(),
        is_dry: asked.dry_run,
    };
    match state.engine.erase(&asked).await? {
        Outcome::Done(report) => {
            tracing::info!(key = key.id, dry_run = report.dry_run, "an erasure was asked for");
            Ok(HttpResponse::Ok().json(report))
        }
        Outcome::Unknown => Err(ApiError::new(
            Code::UnknownCustomer,
            "nothing is kept of this customer at this number: give the user id or wa_id exactly as the provider writes it",
        )),
        Outcome::InFlight(purchases) => Err(ApiError::new(Code::PurchaseInFlight, in_flight(&purchases))),
        Outcome::Busy => Err(ApiError::new(Code::StoreUnavailable, BUSY)),
    }
}
