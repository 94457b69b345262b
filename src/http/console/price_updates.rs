//! `/console/api/price-updates`: the last ones and how far each has come.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::session::visitor_with;
use super::{answer, now_ms};
use crate::config::Scope;
use crate::delivery::{PriceUpdate, UpdateState};
use crate::http::State;
use crate::http::problem::ApiError;

/// Updates that are told.
const SHOWN: usize = 200;

/// `GET /console/api/price-updates`
pub(in crate::http) async fn list(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::CatalogRead)?;
    let (updates, is_whole) = state.dispatcher.price_updates(usize::MAX).await?;
    let seen = updates.iter().filter(|update| visitor.key.sees(&update.merchant));
    let told: Vec<Value> = seen.take(SHOWN + 1).map(update_json).collect();
    let has_more = told.len() > SHOWN || !is_whole;
    let told: Vec<Value> = told.into_iter().take(SHOWN).collect();
    Ok(answer(
        json!({ "price_updates": told, "has_more": has_more, "now_ms": now_ms(&state) }),
    ))
}

fn update_json(update: &PriceUpdate) -> Value {
    let state = match update.state {
        UpdateState::Running => "running",
        UpdateState::Done => "done",
    };
    json!({
        "id": update.id,
        "retailer_id": update.retailer_id,
        "merchant": update.merchant,
        "state": state,
        "carts_found": update.carts_found,
        "notified": update.notified,
        "deferred": update.deferred,
        "failed": update.failed,
        "started_at_ms": (update.at_ms > 0).then_some(update.at_ms),
        "shard": update.shard,
        "shards": crate::domain::ids::SHARDS,
        "asks_merchant": update.look_up,
    })
}
