//! The catalog as its managers see it: batches of changes, what became of them, and the list of products. A batch works at
//! once on what clients see, so its status is `finished` from the start; Meta queues it. Of a product's many fields those
//! that a chat shows have a meaning here; links are kept and shown, all others are passed over.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::feed::News;
use super::super::shop::Product;
use super::super::wamid;
use super::Answered;
use super::account::{BUSINESS_ID, BUSINESS_NAME};
use super::batches::{self, Pushed, Rules};
use super::call::Call;
use super::failure::Failure;
use super::fields::{self, Fields};
use super::paging::{self, Entry};

/// Requests of one batch (Meta, items_batch, 2026-04-03).
const REQUESTS: usize = 5_000;

/// `GET /{catalog}`.
pub fn show(call: &Call<'_>) -> Answered {
    let count = call.world.state().shop.native.len();
    let all = json!({
        "id": call.world.settings.catalog_id, "name": BUSINESS_NAME, "vertical": "commerce",
        "product_count": count, "business": {"id": BUSINESS_ID, "name": BUSINESS_NAME},
    });
    fields::pick(call, fields::object(all), &["id", "name"], "ProductCatalog")
}

/// `POST /{catalog}/items_batch`.
pub fn take_batch(call: &Call<'_>) -> Answered {
    if call.required("item_type")? != "PRODUCT_ITEM" {
        return Err(Failure::parameter("Param item_type must be PRODUCT_ITEM"));
    }
    let rules = Rules {
        allow_upsert: call.flag("allow_upsert")?.unwrap_or(true),
        now_ms: call.world.now_ms(),
    };
    let requests = call
        .value("requests")
        .ok_or_else(|| Failure::missing("requests"))?;
    let requests = requests
        .as_array()
        .ok_or_else(|| Failure::parameter("Param requests must be a list"))?;
    if requests.is_empty() || requests.len() > REQUESTS {
        return Err(Failure::parameter(format!(
            "Param requests holds between 1 and {REQUESTS} requests, not {}",
            requests.len()
        )));
    }
    let handle = format!("Acz{}", call.world.short_id(40));
    batches::apply(&mut call.world.state(), handle.clone(), requests, rules);
    call.world.tell(News::Controls);
    Ok(json!({"handles": [handle]}))
}

/// `GET /{catalog}/check_batch_request_status?handle=`.
pub fn batch_status(call: &Call<'_>) -> Answered {
    let handle = call.required("handle")?;
    let state = call.world.state();
    let Some(batch) = state.account.catalog.batch(&handle) else {
        return Err(Failure::parameter(format!(
            "There is no batch with the handle {handle}"
        )));
    };
    Ok(json!({"data": [{
        "handle": handle, "status": "finished", "errors_total_count": batch.errors.len(), "errors": batch.errors,
        "warnings_total_count": 0, "warnings": [], "ids_of_invalid_requests": batch.invalid,
    }]}))
}

/// `GET /{catalog}/products`.
pub fn products(call: &Call<'_>) -> Answered {
    let wanted = call.value("filter").map(|filter| wanted(&filter)).transpose()?;
    let entries = {
        let state = call.world.state();
        let base_url = &call.world.settings.base_url;
        let mut entries = Vec::new();
        for (id, product) in &state.shop.native {
            if wanted.as_ref().is_some_and(|wanted| !wanted.contains(id)) {
                continue;
            }
            let all = described(product, &state.account.catalog, base_url);
            let value = fields::pick(call, all, &["id", "name", "retailer_id"], "ProductItem")?;
            entries.push(Entry {
                key: id.clone(),
                value,
            });
        }
        entries
    };
    paging::page(call, entries)
}

/// The retailer ids a filter lets through: `{"retailer_id": {"eq": …}}` or `{"is_any": […]}`. Others are refused.
fn wanted(filter: &Value) -> Result<Vec<String>, Failure> {
    let rule = filter.get("retailer_id").and_then(Value::as_object);
    let one = rule.and_then(|rule| rule.get("eq")).and_then(Value::as_str);
    let any = rule.and_then(|rule| rule.get("is_any")).and_then(Value::as_array);
    match (one, any) {
        (Some(id), _) => Ok(vec![id.to_owned()]),
        (None, Some(ids)) => Ok(ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        (None, None) => Err(Failure::parameter(
            "This emulator filters by retailer_id with eq or is_any only",
        )),
    }
}

fn described(product: &Product, pushed: &Pushed, base_url: &str) -> Fields {
    let retailer_id = &product.retailer_id;
    let own = |path: String| format!("{base_url}/shop/{path}");
    let image_url = pushed.image_link(retailer_id).map(str::to_owned);
    let url = pushed.link(retailer_id).map(str::to_owned);
    fields::object(json!({
        "id": node_id(retailer_id), "retailer_id": retailer_id, "name": product.title,
        "description": product.description, "category": product.category, "price": product.price_label(),
        "currency": product.currency,
        "availability": if product.available() { "in stock" } else { "out of stock" },
        "inventory": product.stock, "condition": "new", "brand": BUSINESS_NAME,
        "visibility": "published", "review_status": "approved",
        "image_url": image_url.unwrap_or_else(|| own(format!("images/{retailer_id}.png"))),
        "url": url.unwrap_or_else(|| own(format!("p/{retailer_id}"))),
    }))
}

/// The Graph id of a product: always the same for the same retailer id.
fn node_id(retailer_id: &str) -> String {
    wamid::decimal(&hex::encode(Sha256::digest(retailer_id)), 16)
}
