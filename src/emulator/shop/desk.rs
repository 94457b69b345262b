//! The shopkeeper's desk: change a product, change the mood, move a purchase on, see all purchases.

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answers::{self, not_found, problem};
use super::super::feed::News;
use super::super::world::{State, World};
use super::modes::Mode;
use super::products::{Money, Product};
use super::signed::call_back;

/// Registers the desk.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/shop/products").route(web::get().to(products)))
        .service(
            web::resource("/shop/products/{id}")
                .route(web::get().to(product))
                .route(web::put().to(change))
                .route(web::delete().to(remove)),
        )
        .service(
            web::resource("/shop/mode")
                .route(web::get().to(mode))
                .route(web::post().to(set_mode)),
        )
        .service(
            web::resource("/shop/payment")
                .route(web::get().to(payment))
                .route(web::post().to(set_payment)),
        )
        .service(web::resource("/shop/purchases").route(web::get().to(purchases)))
        .service(web::resource("/shop/purchases/{id}").route(web::get().to(purchase)))
        .service(web::resource("/shop/purchases/{id}/{event}").route(web::post().to(happen)));
}

async fn products(world: Data<World>) -> HttpResponse {
    let state = world.state();
    let base_url = &world.settings.base_url;
    let all: Vec<Value> = state
        .shop
        .products
        .values()
        .map(|product| product.json(base_url))
        .collect();
    answers::json(200, &json!({"products": all}))
}

async fn product(world: Data<World>, id: Path<String>) -> HttpResponse {
    match world.state().shop.products.get(id.as_str()) {
        Some(product) => answers::json(200, &product.json(&world.settings.base_url)),
        None => not_found("product"),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Price {
    Text(String),
    Money(Money),
}

#[derive(Deserialize)]
struct Change {
    price: Option<Price>,
    title: Option<String>,
    description: Option<String>,
    category: Option<String>,
    stock: Option<i64>,
    availability: Option<String>,
    options: Option<Value>,
    /// False: change in silence, as shops do that send no callbacks.
    notify: Option<bool>,
}

async fn change(world: Data<World>, id: Path<String>, body: Bytes) -> HttpResponse {
    let change: Change = match answers::read(&body) {
        Ok(change) => change,
        Err(problem) => return *problem,
    };
    let notify = change.notify.unwrap_or(true);
    let changed = {
        let mut state = world.state();
        let now_ms = world.now_ms();
        let changed = apply(&mut state, &id, change, now_ms);
        changed.map(|product| product.json(&world.settings.base_url))
    };
    if changed.is_ok() {
        world.tell(News::Product {
            retailer_id: id.to_string(),
        });
    }
    let product = match changed {
        Ok(product) => product,
        Err(problem) => return *problem,
    };
    let status = if notify {
        call_back(&world, "product.updated", product.clone()).await
    } else {
        None
    };
    answers::json(200, &json!({"product": product, "callback_status": status}))
}

/// Changes a product; an unknown one is made when it gets a title and a price.
fn apply(state: &mut State, id: &str, change: Change, now_ms: i64) -> Result<Product, Box<HttpResponse>> {
    let price = change.price.map(exact).transpose()?;
    let known = state.shop.products.get(id).cloned();
    let mut product = match (known, &change.title, &price) {
        (Some(product), ..) => product,
        (None, Some(title), Some(_)) => blank(id, title),
        (None, ..) => {
            return Err(Box::new(not_found(
                "product; give a title and a price to make one",
            )));
        }
    };
    if let Some((amount, currency)) = price {
        product.price = amount;
        product.currency = currency.unwrap_or(product.currency);
    }
    product.title = change.title.unwrap_or(product.title);
    product.description = change.description.unwrap_or(product.description);
    product.category = change.category.unwrap_or(product.category);
    product.stock = change.stock.unwrap_or(product.stock);
    product.options = change.options.or(product.options);
    match change.availability.as_deref() {
        Some("in_stock") => product.on_sale = true,
        Some("out_of_stock") => product.on_sale = false,
        Some(_) => {
            return Err(Box::new(problem(
                422,
                "invalid_request",
                "availability: in_stock or out_of_stock",
            )));
        }
        None => {}
    }
    product.version = state.shop.next_version(now_ms);
    product.updated_at_ms = now_ms;
    state.shop.products.insert(id.to_owned(), product.clone());
    state.publish();
    Ok(product)
}

fn exact(price: Price) -> Result<(Decimal, Option<String>), Box<HttpResponse>> {
    let (amount, currency) = match price {
        Price::Text(amount) => (amount, None),
        Price::Money(money) => (money.amount, Some(money.currency)),
    };
    match Decimal::from_str_exact(&amount) {
        Ok(exact) if !exact.is_sign_negative() => Ok((exact, currency)),
        _ => Err(Box::new(problem(
            422,
            "invalid_money",
            "a price is decimal text, for example 12.90",
        ))),
    }
}

fn blank(id: &str, title: &str) -> Product {
    Product {
        retailer_id: id.to_owned(),
        title: title.to_owned(),
        description: String::new(),
        category: "Mercearia".to_owned(),
        price: Decimal::ZERO,
        currency: "BRL".to_owned(),
        stock: 10,
        on_sale: true,
        options: None,
        version: 0,
        updated_at_ms: 0,
    }
}

async fn remove(world: Data<World>, id: Path<String>) -> HttpResponse {
    {
        let mut state = world.state();
        if state.shop.products.remove(id.as_str()).is_none() {
            return not_found("product");
        }
        state.publish();
    }
    world.tell(News::Product {
        retailer_id: id.to_string(),
    });
    let data = json!({"retailer_id": id.as_str()});
    let status = call_back(&world, "product.removed", data).await;
    answers::json(200, &json!({"removed": id.as_str(), "callback_status": status}))
}

async fn mode(world: Data<World>) -> HttpResponse {
    answers::json(200, &world.state().shop.mode)
}

async fn set_mode(world: Data<World>, body: Bytes) -> HttpResponse {
    match answers::read::<Mode>(&body) {
        Ok(mode) => {
            world.state().shop.mode = mode;
            world.tell(News::Controls);
            answers::json(200, &mode)
        }
        Err(problem) => *problem,
    }
}

#[derive(Deserialize)]
struct Payment {
    pix: bool,
}

async fn payment(world: Data<World>) -> HttpResponse {
    answers::json(200, &json!({"pix": world.state().shop.gives_pix}))
}

/// Whether purchases are answered with a Pix code beside the link.
async fn set_payment(world: Data<World>, body: Bytes) -> HttpResponse {
    match answers::read::<Payment>(&body) {
        Ok(new) => {
            world.state().shop.gives_pix = new.pix;
            world.tell(News::Controls);
            answers::json(200, &json!({"pix": new.pix}))
        }
        Err(problem) => *problem,
    }
}

async fn purchases(world: Data<World>) -> HttpResponse {
    let state = world.state();
    let posted = |id: &String| state.shop.posts.get(id).copied().unwrap_or_default();
    let all = state
        .shop
        .purchases
        .iter()
        .map(|(id, purchase)| purchase.json(posted(id)));
    let all: Vec<Value> = all.collect();
    answers::json(200, &json!({"purchases": all, "posted": state.shop.posts}))
}

async fn purchase(world: Data<World>, id: Path<String>) -> HttpResponse {
    let state = world.state();
    let Some(purchase) = state.shop.purchases.get(id.as_str()) else {
        return not_found("purchase");
    };
    world.tell(News::Controls);
    let posted = state.shop.posts.get(id.as_str()).copied().unwrap_or_default();
    answers::json(200, &purchase.json(posted))
}

#[derive(Default, Deserialize)]
struct Event {
    /// Another total than the purchase's, for tests.
    total: Option<Money>,
    reason: Option<String>,
    tracking_url: Option<String>,
    notify: Option<bool>,
}

/// `pay` and the other turns of a purchase. A form's post, from the payment page, is sent back to that page.
async fn happen(
    world: Data<World>,
    path: Path<(String, String)>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let (id, event) = path.into_inner();
    let Some(name) = state_named(&event) else {
        return not_found("event of this name");
    };
    let content_type = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let from_page = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let read = if from_page {
        Ok(Event::default())
    } else {
        answers::read::<Event>(&body)
    };
    let event = match read {
        Ok(event) => event,
        Err(problem) => return *problem,
    };
    let Some(data) = turned(&mut world.state(), &id, name, &event) else {
        return not_found("purchase");
    };
    let status = if event.notify.unwrap_or(true) {
        call_back(&world, &format!("purchase.{name}"), data).await
    } else {
        None
    };
    if from_page {
        let page = format!("/shop/pay/{id}");
        return HttpResponse::SeeOther()
            .insert_header(("location", page))
            .finish();
    }
    answers::json(
        200,
        &json!({"purchase_id": id, "state": name, "callback_status": status}),
    )
}

fn state_named(event: &str) -> Option<&'static str> {
    match event {
        "pay" | "paid" => Some("paid"),
        "preparing" => Some("preparing"),
        "shipped" => Some("shipped"),
        "delivered" => Some("delivered"),
        "cancelled" => Some("cancelled"),
        "expired" => Some("expired"),
        "payment_failed" => Some("payment_failed"),
        "refunded" => Some("refunded"),
        "charged_back" => Some("charged_back"),
        _ => None,
    }
}

/// Sets the new state and builds the callback's data.
fn turned(state: &mut State, id: &str, name: &'static str, event: &Event) -> Option<Value> {
    let purchase = state.shop.purchases.get_mut(id)?;
    name.clone_into(&mut purchase.state);
    let total = event
        .total
        .clone()
        .unwrap_or_else(|| Money::of(purchase.total, "BRL"));
    let mut data = json!({
        "purchase_id": id, "merchant_order_id": purchase.merchant_order_id, "total": total,
    });
    if let Some(fields) = data.as_object_mut() {
        let optional = [("reason", &event.reason), ("tracking_url", &event.tracking_url)];
        for (field, value) in optional {
            if let Some(value) = value {
                fields.insert(field.to_owned(), json!(value));
            }
        }
    }
    if matches!(name, "cancelled" | "expired" | "refunded") {
        state.shop.return_stock(id);
    }
    Some(data)
}
