//! WhatsApp's own carts: one per device, kept by the client, invisible to the business until sent (catalogs overview,
//! 2026-06-18). A client shows a cart after the catalog as it is now: prices and titles are renewed, what is sold out or gone
//! falls out, and the person is told so. Sending takes what was shown last.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, Path, Query};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::answers::{self, not_found, problem};
use super::super::feed::News;
use super::super::inbound::OrderItem;
use super::super::shop::{Money, Product};
use super::super::wamid::Device;
use super::super::wire;
use super::super::world::{CartItem, Phone, State, World};
use super::speech::{PhoneAndDevice, Problem, named};

/// Units of one product that a client takes (catalogs overview, 2026-06-18).
const MOST: u64 = 99;

/// The catalog as clients see it.
pub type Native = BTreeMap<String, Product>;

/// The cart of one device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cart {
    lines: Vec<Line>,
    /// What changed since the person last looked.
    notices: Vec<Notice>,
}

/// A line as the client shows it. Numbers stay the text they arrived as.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    retailer_id: String,
    quantity: Box<RawValue>,
    title: String,
    price: String,
    currency: String,
    /// Set from outside with a price of its own: the catalog leaves it alone, as a tampered client would.
    forced: bool,
}

/// "Items were updated."
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notice {
    retailer_id: String,
    title: String,
    what: Changed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Changed {
    Price,
    Title,
    Removed,
}

/// Registers the routes of native carts and of the catalog that they follow.
pub fn routes(app: &mut web::ServiceConfig) {
    let cart = "/emulator/phones/{id}/devices/{device}/cart";
    app.service(
        web::resource(cart)
            .route(web::put().to(put))
            .route(web::get().to(show))
            .route(web::delete().to(clear)),
    )
    .service(web::resource(format!("{cart}/items")).route(web::post().to(set_item)))
    .service(web::resource("/emulator/catalog").route(web::get().to(catalog)));
}

async fn catalog(world: Data<World>) -> HttpResponse {
    let state = world.state();
    let base_url = &world.settings.base_url;
    let shown = state.shop.native.values().map(|product| {
        json!({
            "retailer_id": product.retailer_id, "title": product.title, "description": product.description,
            "price": Money::of(product.price, &product.currency),
            "availability": if product.available() { "in_stock" } else { "out_of_stock" },
            "image_url": image_url(base_url, &product.retailer_id),
        })
    });
    let products: Vec<Value> = shown.collect();
    answers::json(200, &json!({"products": products}))
}

fn image_url(base_url: &str, retailer_id: &str) -> String {
    format!("{base_url}/shop/images/{retailer_id}.png")
}

#[derive(Deserialize)]
struct Look {
    /// The person has seen what changed; it is told no more.
    #[serde(default)]
    seen: bool,
}

async fn show(world: Data<World>, path: Path<PhoneAndDevice>, look: Query<Look>) -> HttpResponse {
    let seen = look.seen;
    changed(&world, &path, |cart, native| {
        cart.follow(native);
        Ok(seen)
    })
}

#[derive(Deserialize)]
struct Items {
    items: Vec<CartItem>,
}

/// Replaces the cart. Quantities and given prices pass unchecked.
async fn put(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let items = match answers::read::<Items>(&body) {
        Ok(Items { items }) => items,
        Err(problem) => return *problem,
    };
    changed(&world, &path, |cart, native| {
        let lines = items.into_iter().map(|item| line(item, native));
        *cart = Cart {
            lines: lines.collect::<Result<Vec<Line>, Problem>>()?,
            notices: Vec::new(),
        };
        Ok(false)
    })
}

fn line(item: CartItem, native: &Native) -> Result<Line, Problem> {
    let product = native.get(&item.retailer_id);
    let forced = item.item_price.is_some();
    let (price, currency) = match product {
        Some(product) => (product.price_text(), product.currency.clone()),
        None if forced => ("0.00".to_owned(), "BRL".to_owned()),
        None => return Err(unknown(&item.retailer_id)),
    };
    Ok(Line {
        title: product.map_or_else(|| item.retailer_id.clone(), |product| product.title.clone()),
        quantity: item.quantity.unwrap_or_else(|| wire::raw(&1)),
        price: item.item_price.unwrap_or(price),
        currency: item.currency.unwrap_or(currency),
        forced,
        retailer_id: item.retailer_id,
    })
}

/// "Nobody sells that."
#[expect(
    clippy::unnecessary_box_returns,
    reason = "the error side of results, which a bare answer would make large"
)]
pub fn unknown(retailer_id: &str) -> Problem {
    let detail = format!("{retailer_id} is not in the catalog; give an item_price to force it");
    Box::new(problem(422, "unknown_product", &detail))
}

#[derive(Deserialize)]
struct Item {
    retailer_id: String,
    quantity: u64,
}

/// Sets how many of a product the cart holds; 0 takes it out.
async fn set_item(world: Data<World>, path: Path<PhoneAndDevice>, body: Bytes) -> HttpResponse {
    let item = match answers::read::<Item>(&body) {
        Ok(item) => item,
        Err(problem) => return *problem,
    };
    if item.quantity > MOST {
        let detail = format!("a cart takes {MOST} units of one product at most");
        return problem(422, "too_many", &detail);
    }
    if item.quantity > 0 && !world.state().account.number.commerce.is_cart_enabled {
        let detail =
            "carts are switched off in the commerce settings; clients show products without a button";
        return problem(409, "cart_disabled", detail);
    }
    changed(&world, &path, |cart, native| {
        // Who puts something in gets the catalog as it is now, for all lines.
        cart.follow(native);
        cart.set(item, native)?;
        Ok(false)
    })
}

async fn clear(world: Data<World>, path: Path<PhoneAndDevice>) -> HttpResponse {
    changed(&world, &path, |cart, _| {
        *cart = Cart::default();
        Ok(false)
    })
}

/// Does something to a cart and shows it; `true` from the change takes the notices as seen.
fn changed(
    world: &World,
    path: &PhoneAndDevice,
    change: impl FnOnce(&mut Cart, &Native) -> Result<bool, Problem>,
) -> HttpResponse {
    let device = match named(&path.1) {
        Ok(device) => device,
        Err(problem) => return *problem,
    };
    let mut guard = world.state();
    let State { phones, shop, .. } = &mut *guard;
    let Some(phone) = phones.get_mut(&path.0) else {
        return not_found("phone");
    };
    let cart = phone.carts.entry(device).or_default();
    let before = cart.clone();
    let seen = match change(cart, &shop.native) {
        Ok(seen) => seen,
        Err(problem) => {
            *cart = before;
            return *problem;
        }
    };
    let answer = answers::json(200, &cart.view(&shop.native, &world.settings.base_url));
    if seen {
        cart.notices.clear();
    }
    if cart.differs(&before) {
        world.tell(News::Phone {
            phone: path.0.clone(),
        });
    }
    answer
}

/// Takes what is in the cart, as the client last showed it, and leaves it empty.
pub fn emptied(phone: &mut Phone, device: Device) -> Vec<OrderItem> {
    let cart = phone.carts.remove(&device).unwrap_or_default();
    let lines = cart.lines.into_iter();
    lines
        .map(|line| OrderItem::priced(&line.retailer_id, line.quantity, &line.price, &line.currency))
        .collect()
}

#[derive(Serialize)]
struct CartView {
    items: Vec<LineView>,
    total: Option<Money>,
    notice: Vec<Notice>,
}

#[derive(Serialize)]
struct LineView {
    retailer_id: String,
    quantity: Box<RawValue>,
    title: String,
    price: Money,
    image_url: String,
    available: bool,
}

impl Cart {
    /// Renews the lines after the catalog, with a notice for each that changed.
    fn follow(&mut self, native: &Native) {
        let notices = &mut self.notices;
        self.lines
            .retain_mut(|line| line.forced || line.follows(native.get(&line.retailer_id), notices));
    }

    fn set(&mut self, item: Item, native: &Native) -> Result<(), Problem> {
        let Item {
            retailer_id,
            quantity,
        } = item;
        if quantity == 0 {
            self.lines.retain(|line| line.retailer_id != retailer_id);
            return Ok(());
        }
        let product = native.get(&retailer_id).ok_or_else(|| unknown(&retailer_id))?;
        if !product.available() {
            let detail = format!("{retailer_id} is sold out; clients offer no button for it");
            return Err(Box::new(problem(422, "out_of_stock", &detail)));
        }
        let quantity = wire::raw(&quantity);
        match self.lines.iter_mut().find(|line| line.retailer_id == retailer_id) {
            Some(line) => line.quantity = quantity,
            None => self.lines.push(Line {
                retailer_id,
                quantity,
                title: product.title.clone(),
                price: product.price_text(),
                currency: product.currency.clone(),
                forced: false,
            }),
        }
        Ok(())
    }

    fn view(&self, native: &Native, base_url: &str) -> CartView {
        let item = |line: &Line| LineView {
            retailer_id: line.retailer_id.clone(),
            quantity: line.quantity.clone(),
            title: line.title.clone(),
            price: Money {
                amount: line.price.clone(),
                currency: line.currency.clone(),
            },
            image_url: image_url(base_url, &line.retailer_id),
            available: native.get(&line.retailer_id).is_some_and(Product::available),
        };
        CartView {
            items: self.lines.iter().map(item).collect(),
            total: self.total(),
            notice: self.notices.clone(),
        }
    }

    /// The sum of lines of one currency; none when a line can't be summed.
    fn total(&self) -> Option<Money> {
        let currency = &self.lines.first()?.currency;
        let mut total = Decimal::ZERO;
        for line in &self.lines {
            if line.currency != *currency {
                return None;
            }
            let price = Decimal::from_str_exact(&line.price).ok()?;
            let quantity = Decimal::from_str_exact(line.quantity.get()).ok()?;
            total = total.checked_add(price.checked_mul(quantity)?)?;
        }
        Some(Money::of(total, currency))
    }

    fn differs(&self, before: &Cart) -> bool {
        let same = |(line, former): (&Line, &Line)| {
            line.retailer_id == former.retailer_id
                && line.quantity.get() == former.quantity.get()
                && (&line.price, &line.title) == (&former.price, &former.title)
        };
        self.lines.len() != before.lines.len() || !self.lines.iter().zip(&before.lines).all(same)
    }
}

impl Line {
    /// False when the line falls out.
    fn follows(&mut self, product: Option<&Product>, notices: &mut Vec<Notice>) -> bool {
        let Some(product) = product.filter(|product| product.available()) else {
            notices.push(self.notice(Changed::Removed, None));
            return false;
        };
        let price = product.price_text();
        if price != self.price || product.currency != self.currency {
            notices.push(self.notice(Changed::Price, Some((&self.price, &price))));
            self.price = price;
            self.currency.clone_from(&product.currency);
        }
        if product.title != self.title {
            notices.push(self.notice(Changed::Title, Some((&self.title, &product.title))));
            self.title.clone_from(&product.title);
        }
        true
    }

    fn notice(&self, what: Changed, from_to: Option<(&String, &String)>) -> Notice {
        let (from, to) = from_to.unzip();
        Notice {
            retailer_id: self.retailer_id.clone(),
            title: self.title.clone(),
            what,
            from: from.cloned(),
            to: to.cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::shop;
    use super::*;

    fn cart(native: &Native) -> Cart {
        let mut cart = Cart::default();
        for (id, quantity) in [("cafe-coado", 2), ("pao-queijo", 1)] {
            let item = Item {
                retailer_id: id.to_owned(),
                quantity,
            };
            assert!(cart.set(item, native).is_ok());
        }
        cart
    }

    #[test]
    fn a_cart_follows_the_catalog_and_tells_what_changed() {
        let mut native = shop::menu(0);
        let mut cart = cart(&native);
        assert_eq!(cart.total().unwrap().amount, "17.50");
        native.get_mut("cafe-coado").unwrap().price = Decimal::new(725, 2);
        native.get_mut("cafe-coado").unwrap().title = "Coado".to_owned();
        native.get_mut("pao-queijo").unwrap().stock = 0;

        cart.follow(&native);
        cart.follow(&native);

        let told: Vec<(Changed, Option<&str>)> = cart
            .notices
            .iter()
            .map(|notice| (notice.what, notice.to.as_deref()))
            .collect();
        let expected = [
            (Changed::Price, Some("7.25")),
            (Changed::Title, Some("Coado")),
            (Changed::Removed, None),
        ];
        assert_eq!(told, expected);
        assert_eq!(cart.total().unwrap().amount, "14.50");
    }

    #[test]
    fn what_was_forced_stays_and_odd_quantities_have_no_total() {
        let native = shop::menu(0);
        let item: CartItem =
            serde_json::from_str(r#"{"retailer_id":"none","quantity":"x","item_price":"1.5"}"#).unwrap();
        let mut cart = Cart {
            lines: vec![line(item, &native).ok().unwrap()],
            notices: Vec::new(),
        };

        cart.follow(&native);

        assert_eq!((cart.lines.len(), cart.notices.len()), (1, 0));
        assert!(cart.total().is_none());
    }
}
