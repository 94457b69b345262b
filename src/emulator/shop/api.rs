//! What the gateway calls: products, lookup, quotes, purchases, under `/shop/api`.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::clock::Clock;

use super::super::answers::{self, not_found, problem};
use super::super::feed::News;
use super::super::world::World;
use super::modes::{Mode, ModeName};
use super::purchases::{Counter, Declined, LineAsked};
use super::signed::admitted;

const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;
const SLOW_MS: u64 = 3000;

/// Registers the merchant's API.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(
        web::scope("/shop/api")
            .wrap(from_fn(told))
            .service(web::resource("/products").route(web::get().to(products)))
            .service(web::resource("/products/lookup").route(web::post().to(lookup)))
            .service(web::resource("/quotes").route(web::post().to(quote)))
            .service(web::resource("/purchases").route(web::post().to(purchase)))
            .service(web::resource("/purchases/{id}").route(web::get().to(find_purchase))),
    );
}

/// Each call is told to those who watch.
async fn told(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let (method, path) = (request.method().to_string(), request.path().to_owned());
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    let named = path
        .strip_prefix("/shop/api/purchases/")
        .or(key)
        .map(ToOwned::to_owned);
    let (world, began) = (request.app_data::<Data<World>>().cloned(), Instant::now());
    let answer = next.call(request).await?;
    if let Some(world) = world {
        world.tell(News::Shop {
            method,
            path,
            purchase_id: named,
            http: answer.status().as_u16(),
            took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
    }
    Ok(answer)
}

#[derive(Deserialize)]
struct Page {
    cursor: Option<String>,
    limit: Option<usize>,
}

async fn products(world: Data<World>, request: HttpRequest, page: Query<Page>) -> HttpResponse {
    if let Err(refusal) = open(&world, &request, b"") {
        return *refusal;
    }
    let limit = page.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let cursor = page.cursor.clone().unwrap_or_default();
    let state = world.state();
    let mut rest = state
        .shop
        .products
        .values()
        .filter(|product| product.retailer_id > cursor);
    let found: Vec<Value> = rest
        .by_ref()
        .take(limit)
        .map(|product| product.json(&world.settings.base_url))
        .collect();
    let last = found
        .last()
        .and_then(|product| product.get("retailer_id"))
        .cloned();
    let mut answer = json!({"products": found});
    if let (Some(last), Some(_), Some(fields)) = (last, rest.next(), answer.as_object_mut()) {
        fields.insert("next_cursor".to_owned(), last);
    }
    answers::json(200, &answer)
}

#[derive(Deserialize)]
struct Lookup {
    retailer_ids: Vec<String>,
}

async fn lookup(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let asked: Lookup = match open(&world, &request, &body).and_then(|()| answers::read(&body)) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let state = world.state();
    let found = asked
        .retailer_ids
        .iter()
        .filter_map(|id| state.shop.products.get(id));
    let found: Vec<Value> = found
        .map(|product| product.json(&world.settings.base_url))
        .collect();
    answers::json(200, &json!({"products": found}))
}

#[derive(Deserialize)]
struct QuoteAsked {
    lines: Vec<LineAsked>,
}

async fn quote(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let asked: QuoteAsked = match open(&world, &request, &body).and_then(|()| answers::read(&body)) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let quote_id = format!("q_{}", world.short_id(16).to_lowercase());
    let mut state = world.state();
    if state.shop.mode.refuses_quote() {
        return not_found("quoting here");
    }
    match state.shop.quote(&asked.lines, &quote_id, world.now_ms()) {
        Ok(quote) => answers::json(200, &quote),
        Err(declined) => refused(declined),
    }
}

async fn purchase(world: Data<World>, request: HttpRequest, body: Bytes) -> HttpResponse {
    if let Err(refusal) = admitted(&world, &request, &body) {
        return *refusal;
    }
    let key = request
        .headers()
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return problem(400, "invalid_request", "an Idempotency-Key is required");
    };
    let asked: Value = match answers::read(&body) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let mode = world.state().shop.mode.on_purchase();
    if let Some(refusal) = refused_by_mode(&world, mode.name, key) {
        wait(&world, mode).await;
        return refusal;
    }
    let bought = {
        let counter = Counter {
            base_url: &world.settings.base_url,
            now_ms: world.now_ms(),
            mode: mode.name,
        };
        world.state().shop.buy(key, asked, &counter)
    };
    wait(&world, mode).await;
    match bought {
        Ok(_) if mode.name == ModeName::CutAfterCommit => answers::cut(),
        Ok(answer) => answers::json(201, &answer),
        Err(declined) => refused(declined),
    }
}

/// The modes that answer without looking at the purchase. They count as posted all the same.
fn refused_by_mode(world: &World, mode: ModeName, key: &str) -> Option<HttpResponse> {
    let answer = match mode {
        ModeName::Down => problem(503, "down", "the shop is closed for a moment"),
        ModeName::Error500 => problem(500, "error", "the shop stumbled"),
        ModeName::CutBeforeCommit => answers::cut(),
        ModeName::InProgress => answers::json(409, &json!({"code": "in_progress"})),
        ModeName::Reject422 => problem(422, "rejected", "the shop does not take this order"),
        ModeName::Normal
        | ModeName::Slow
        | ModeName::CutAfterCommit
        | ModeName::WrongTotal
        | ModeName::BadHost
        | ModeName::PriceChanged
        | ModeName::OutOfStock
        | ModeName::NoQuotes
        | ModeName::Silent => return None,
    };
    *world.state().shop.posts.entry(key.to_owned()).or_default() += 1;
    Some(answer)
}

async fn wait(world: &World, mode: Mode) {
    let usual = if mode.name == ModeName::Slow { SLOW_MS } else { 0 };
    let delay_ms = mode.delay_ms.unwrap_or(usual);
    if delay_ms > 0 {
        world.clock.sleep_ms(delay_ms).await;
    }
}

async fn find_purchase(world: Data<World>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    if let Err(refusal) = open(&world, &request, b"") {
        return *refusal;
    }
    let state = world.state();
    let Some(purchase) = state.shop.purchases.get(id.as_str()) else {
        return not_found("purchase");
    };
    let posted = state.shop.posts.get(id.as_str()).copied().unwrap_or_default();
    answers::json(200, &purchase.json(posted))
}

/// Signature first, then whether the shop is open at all.
fn open(world: &World, request: &HttpRequest, body: &[u8]) -> Result<(), Box<HttpResponse>> {
    admitted(world, request, body)?;
    if world.state().shop.mode.name == ModeName::Down {
        return Err(Box::new(problem(503, "down", "the shop is closed for a moment")));
    }
    Ok(())
}

fn refused(declined: Declined) -> HttpResponse {
    match declined {
        Declined::PriceChanged(lines) => {
            answers::json(409, &json!({"code": "price_changed", "lines": lines}))
        }
        Declined::OutOfStock(lines) => answers::json(409, &json!({"code": "out_of_stock", "lines": lines})),
        Declined::OtherBody => problem(
            422,
            "idempotency_conflict",
            "this key was used with another request",
        ),
        Declined::Invalid(detail) => problem(422, "invalid_purchase", &detail),
    }
}
