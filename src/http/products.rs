//! `/v1/products` and `/v1/price-updates`: what the catalog holds, and telling us that a product changed.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Key, admitted};
use super::problem::{ApiError, Code};
use super::queries::{limit, no_query, query};
use super::{State, body, callbacks, cursors, idempotency};
use crate::config::Scope;
use crate::delivery::UpdateState;
use crate::domain::ids::MerchantId;
use crate::domain::money::Money;

/// Products on a page, unless another number is asked for.
const PAGE: usize = 100;
/// The mark of this list's cursors.
const CURSOR: &str = "p1";

/// Which products.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    cursor: Option<String>,
    limit: Option<String>,
    /// For an operator's key.
    merchant: Option<String>,
}

/// Whose product.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    /// For an operator's key.
    merchant: Option<String>,
}

/// A page, with the cursor of the next one when there is one.
pub(super) fn with_next(mut page: Value, next: Option<String>) -> Value {
    if let (Some(next), Some(map)) = (next, page.as_object_mut()) {
        map.insert("next_cursor".to_owned(), json!(next));
    }
    page
}

fn merchant_of(state: &State, key: &Key, named: Option<&str>) -> Result<MerchantId, ApiError> {
    let wanted = named.map(MerchantId::new).or_else(|| key.merchant.clone());
    let only = || {
        let access = state.access.load();
        let mut ids = access.merchants.keys();
        ids.next()
            .filter(|_| ids.next().is_none())
            .map(|id| MerchantId::new(id.clone()))
    };
    let merchant = wanted.or_else(only);
    let merchant =
        merchant.ok_or_else(|| ApiError::new(Code::InvalidRequest, "name the merchant: ?merchant=<id>"))?;
    if key.sees(&merchant) && state.access.load().merchants.contains_key(merchant.as_str()) {
        Ok(merchant)
    } else {
        Err(ApiError::new(Code::NotFound, "no such merchant for this key"))
    }
}

/// `GET /v1/products`
pub(super) async fn list(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::CatalogRead)?;
    let listing: Listing = query(&request)?;
    let limit = limit(listing.limit.as_deref(), PAGE)?;
    let after = match listing.cursor.as_deref() {
        Some(cursor) => cursors::place(CURSOR, cursor)?,
        None => String::new(),
    };
    let merchant = merchant_of(&state, &key, listing.merchant.as_deref())?;
    let catalogs = state.engine.catalogs();
    catalogs.follow(state.engine.store().as_ref(), &merchant).await?;
    let mut products = catalogs.products(&merchant);
    products.retain(|product| product.retailer_id.as_str() > after.as_str());
    let more = products.len() > limit;
    products.truncate(limit);
    let next = products
        .last()
        .filter(|_| more)
        .map(|product| cursors::cursor(CURSOR, product.retailer_id.as_str()));
    Ok(HttpResponse::Ok().json(with_next(json!({ "products": products }), next)))
}

/// `PUT /v1/products/{retailer_id}`
pub(super) async fn put(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let now_ms = state.engine.clock().now_ms();
    let key = admitted(&state, &request, Scope::CatalogWrite)?;
    let whose: Whose = query(&request)?;
    let merchant = merchant_of(&state, &key, whose.merchant.as_deref())?;
    let retailer_id = path.into_inner();
    let idempotency_key = idempotency::key_of(&request)?;
    let (mut value, bytes): (Value, _) = body::json(payload, state.api_body_bytes).await?;
    let asked = format!(
        "PUT /v1/products/{retailer_id}\n{merchant}\n{}",
        String::from_utf8_lossy(&bytes)
    );
    let Some(map) = value.as_object_mut() else {
        return Err(ApiError::new(Code::InvalidRequest, "the body must be a product"));
    };
    let named = map
        .entry("retailer_id")
        .or_insert_with(|| json!(retailer_id))
        .clone();
    if named.as_str() != Some(&retailer_id) {
        return Err(ApiError::new(
            Code::InvalidRequest,
            "retailer_id differs between the address and the body",
        ));
    }
    money(value.get("price")).map_err(|problem| {
        let detail = format!("price must be {{\"amount\": \"12.90\", \"currency\": \"BRL\"}}: {problem}");
        ApiError::new(Code::InvalidMoney, detail)
    })?;
    let connector = state.dispatcher.connector(&merchant);
    let connector = connector.ok_or_else(|| ApiError::new(Code::NotFound, "no such merchant"))?;
    let product = connector.read_product(value).map_err(|problem| {
        // the only thing about a price that is not judged above: another currency than the shop's
        let code = if problem.contains("its price is in") {
            Code::InvalidMoney
        } else {
            Code::InvalidRequest
        };
        ApiError::new(code, problem)
    })?;
    let work = async {
        let id = callbacks::product_updated(&state, &merchant, product, now_ms).await;
        id.map(|id| json!({ "price_update_id": id }))
    };
    let told = idempotency::once(&state, (&key, idempotency_key.as_deref()), &asked, work).await?;
    Ok(HttpResponse::Accepted().json(told))
}

/// Judges a price; the error says what is wrong with it. A list would be read as well, by the order of its entries.
fn money(price: Option<&Value>) -> Result<Money, String> {
    let price = price.filter(|price| !price.is_null()).ok_or("it is missing")?;
    if !price.is_object() {
        return Err("it must be an object".to_owned());
    }
    serde_json::from_value(price.clone()).map_err(|error| error.to_string())
}

/// `GET /v1/price-updates/{id}`
pub(super) async fn price_update(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::CatalogRead)?;
    no_query(&request)?;
    let update = state.dispatcher.price_update(&path.into_inner()).await?;
    let update = update.filter(|update| key.sees(&update.merchant));
    let update = update.ok_or_else(|| {
        ApiError::new(
            Code::NotFound,
            "no such price update for this key: one is known for 7 days after its end",
        )
    })?;
    let word = match update.state {
        UpdateState::Running => "running",
        UpdateState::Done => "done",
    };
    Ok(HttpResponse::Ok().json(json!({
        "id": update.id,
        "retailer_id": update.retailer_id,
        "state": word,
        "carts_found": update.carts_found,
        "notified": update.notified,
        "deferred": update.deferred,
        "failed": update.failed,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_an_object_of_two_texts() {
        let judged = |price: Value| money(Some(&price)).map(|money| money.to_string());
        assert!(judged(json!({ "amount": "1.50", "currency": "BRL" })).is_ok());
        for price in [
            json!(["1.50", "BRL"]),
            json!("1.50"),
            json!(1.5),
            json!(null),
            json!({ "amount": 1.5, "currency": "BRL" }),
            json!({ "amount": "1,50", "currency": "BRL" }),
        ] {
            assert!(judged(price.clone()).is_err(), "{price}");
        }
        assert!(money(None).is_err());
    }
}
