//! Changes of the catalog that came in batches, applied to what clients see. The shop's own shelves stay as they are: when
//! the shop changes a product later than the batch did, the shop's change counts. Nothing is refused for a batch as a whole
//! here; each item has its own error.

use std::collections::{BTreeMap, VecDeque};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::shop::Product;
use super::super::world::State;

/// Batches whose outcome can still be asked for.
const BATCHES_KEPT: usize = 100;

/// What batches brought.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pushed {
    items: BTreeMap<String, Item>,
    batches: VecDeque<Batch>,
}

/// One product as a batch left it.
#[derive(Serialize, Deserialize)]
struct Item {
    /// The version that the shop's own product had then.
    shelf_version: i64,
    /// Absent once deleted.
    product: Option<Product>,
    link: Option<String>,
    image_link: Option<String>,
}

/// The outcome of one batch.
#[derive(Serialize, Deserialize)]
pub struct Batch {
    pub handle: String,
    pub errors: Vec<Value>,
    pub invalid: Vec<String>,
}

/// How a batch is to be taken.
#[derive(Clone, Copy)]
pub struct Rules {
    /// Whether an unknown product is made by UPDATE, and a known one changed by CREATE.
    pub allow_upsert: bool,
    pub now_ms: i64,
}

impl Pushed {
    /// The outcome of a batch that is still known.
    pub fn batch(&self, handle: &str) -> Option<&Batch> {
        self.batches.iter().find(|batch| batch.handle == handle)
    }

    /// Where a product's page is, as a batch said.
    pub fn link(&self, retailer_id: &str) -> Option<&str> {
        self.items.get(retailer_id)?.link.as_deref()
    }

    /// Where a product's picture is, as a batch said.
    pub fn image_link(&self, retailer_id: &str) -> Option<&str> {
        self.items.get(retailer_id)?.image_link.as_deref()
    }

    /// What clients see when the shelves are published: the shelves, and over them what batches brought later.
    pub fn over(&mut self, shelves: &BTreeMap<String, Product>) -> BTreeMap<String, Product> {
        self.items.retain(|id, item| {
            let known = shelves.get(id);
            known.is_none_or(|product| product.version <= item.shelf_version)
        });
        let mut seen = shelves.clone();
        for (id, item) in &self.items {
            match &item.product {
                Some(product) => seen.insert(id.clone(), product.clone()),
                None => seen.remove(id),
            };
        }
        seen
    }
}

/// Applies all requests in their order and keeps the outcome under `handle`.
pub fn apply(state: &mut State, handle: String, requests: &[Value], rules: Rules) {
    let (mut errors, mut invalid) = (Vec::new(), Vec::new());
    for (request, line) in requests.iter().zip(1_u64..) {
        let data = request.get("data").unwrap_or(&Value::Null);
        let id = text(data, "id").or_else(|| text(request, "retailer_id"));
        let id = id.unwrap_or_default();
        if let Err(message) = apply_one(state, request, &id, rules) {
            errors.push(json!({"line": line, "id": id, "message": message}));
            invalid.push(id);
        }
    }
    let batches = &mut state.account.catalog.batches;
    if batches.len() >= BATCHES_KEPT {
        batches.pop_front();
    }
    batches.push_back(Batch {
        handle,
        errors,
        invalid,
    });
}

fn apply_one(state: &mut State, request: &Value, id: &str, rules: Rules) -> Result<(), String> {
    if id.is_empty() {
        return Err("id is required".to_owned());
    }
    let native = &mut state.shop.native;
    let known = native.get(id);
    let data = request.get("data").unwrap_or(&Value::Null);
    let method = text(request, "method").unwrap_or_default().to_uppercase();
    let product = match (method.as_str(), known) {
        ("DELETE", Some(_)) => None,
        ("DELETE", None) => return Err("there is no product with this id".to_owned()),
        ("CREATE", Some(_)) if !rules.allow_upsert => {
            return Err("there is a product with this id already".to_owned());
        }
        ("UPDATE", None) if !rules.allow_upsert => return Err("there is no product with this id".to_owned()),
        ("CREATE" | "UPDATE", known) => Some(changed(known, id, data, rules.now_ms)?),
        _ => return Err("method is CREATE, UPDATE or DELETE".to_owned()),
    };
    match product.clone() {
        Some(product) => native.insert(id.to_owned(), product),
        None => native.remove(id),
    };
    let items = &mut state.account.catalog.items;
    let former = items.remove(id);
    let (link, image_link) = former.map_or((None, None), |item| (item.link, item.image_link));
    let shelf = state.shop.products.get(id);
    let item = Item {
        shelf_version: shelf.map_or(0, |product| product.version),
        product,
        link: text(data, "link").or(link),
        image_link: image_of(data).or(image_link),
    };
    items.insert(id.to_owned(), item);
    Ok(())
}

/// The product with what `data` says of it. A new one needs title, price and availability.
fn changed(known: Option<&Product>, id: &str, data: &Value, now_ms: i64) -> Result<Product, String> {
    let title = text(data, "title");
    let price = text(data, "price").map(|price| money(&price)).transpose()?;
    // A sale price is what the buyer pays; from when to when it holds is not emulated.
    let sale = text(data, "sale_price").filter(|price| !price.is_empty());
    let price = sale.map(|price| money(&price)).transpose()?.or(price);
    let on_sale = text(data, "availability")
        .map(|word| is_on_sale(&word))
        .transpose()?;
    let mut product = match (known, title.as_ref(), price.as_ref(), on_sale) {
        (Some(known), ..) => known.clone(),
        (None, Some(title), Some(_), Some(_)) => blank(id, title),
        (None, ..) => return Err("a new product needs title, price and availability".to_owned()),
    };
    if let Some((amount, currency)) = price {
        product.price = amount;
        product.currency = currency;
    }
    product.title = title.unwrap_or(product.title);
    product.description = text(data, "description").unwrap_or(product.description);
    product.on_sale = on_sale.unwrap_or(product.on_sale);
    if let Some(stock) = text(data, "quantity_to_sell_on_facebook").or_else(|| text(data, "inventory")) {
        let stock = stock.parse::<i64>().ok().filter(|stock| *stock >= 0);
        product.stock = stock.ok_or("the inventory is a whole number")?;
    } else if on_sale == Some(true) {
        product.stock = product.stock.max(1);
    }
    product.updated_at_ms = now_ms;
    product.version = now_ms.max(product.version + 1);
    Ok(product)
}

fn blank(id: &str, title: &str) -> Product {
    Product {
        retailer_id: id.to_owned(),
        title: title.to_owned(),
        description: String::new(),
        category: "Mercearia".to_owned(),
        price: Decimal::ZERO,
        currency: "BRL".to_owned(),
        stock: 1,
        on_sale: true,
        options: None,
        version: 0,
        updated_at_ms: 0,
    }
}

/// `9.99 BRL`, exactly (Meta, items_batch, 2026-04-03).
fn money(price: &str) -> Result<(Decimal, String), String> {
    let wrong = || format!("price {price} is not an amount, a space and a currency, as in 9.99 BRL");
    let (amount, currency) = price.split_once(' ').ok_or_else(wrong)?;
    let amount = Decimal::from_str_exact(amount).map_err(|_| wrong())?;
    let is_currency = currency.len() == 3 && currency.chars().all(|letter| letter.is_ascii_uppercase());
    if amount.is_sign_negative() || !is_currency {
        return Err(wrong());
    }
    Ok((amount, currency.to_owned()))
}

fn is_on_sale(word: &str) -> Result<bool, String> {
    match word {
        "in stock" | "available for order" | "preorder" => Ok(true),
        "out of stock" | "discontinued" => Ok(false),
        _ => Err(format!("availability {word} is not known")),
    }
}

/// `image_link`, or the first of `image`, a list of addresses or of objects with one.
fn image_of(data: &Value) -> Option<String> {
    let first = data
        .get("image")
        .and_then(Value::as_array)
        .and_then(|all| all.first());
    let listed = first.and_then(|image| image.get("url").unwrap_or(image).as_str());
    text(data, "image_link").or_else(|| listed.map(str::to_owned))
}

fn text(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPSERT: Rules = Rules {
        allow_upsert: true,
        now_ms: 2_000,
    };

    fn state() -> State {
        let mut state = State::default();
        state.shop.products = super::super::super::shop::menu(1_000);
        state.publish();
        state
    }

    #[expect(clippy::needless_pass_by_value, reason = "a literal is handed over")]
    fn request(method: &str, data: Value) -> Value {
        json!({"method": method, "data": data})
    }

    #[test]
    fn prices_are_exact_text_with_a_currency() {
        assert_eq!(
            money("9.99 BRL").map(|(amount, _)| amount.to_string()),
            Ok("9.99".to_owned())
        );
        for wrong in ["9.99", "9,99 BRL", "-1 BRL", "9.99 brl", "9.99  BRL", "BRL 9.99"] {
            assert!(money(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn each_item_has_its_own_outcome() {
        let mut state = state();
        let requests = [
            request("UPDATE", json!({"id": "cafe-coado", "price": "7.25 BRL"})),
            request("UPDATE", json!({"id": "cafe-latte", "price": "7,25 BRL"})),
            request("CREATE", json!({"id": "new", "title": "New"})),
            request("DELETE", json!({"id": "cafe-mocha"})),
        ];

        apply(&mut state, "h".to_owned(), &requests, UPSERT);

        let batch = state.account.catalog.batch("h").unwrap();
        assert_eq!(batch.invalid, ["cafe-latte", "new"]);
        assert_eq!(batch.errors[0]["line"], 2);
        assert_eq!(state.shop.native["cafe-coado"].price_text(), "7.25");
        assert!(!state.shop.native.contains_key("cafe-mocha"));
        assert_eq!(state.shop.products["cafe-coado"].price_text(), "6.00");
    }

    #[test]
    fn the_later_change_counts_when_the_shelves_are_published() {
        let mut state = state();
        let requests = [request(
            "UPDATE",
            json!({"id": "cafe-coado", "price": "7.25 BRL"}),
        )];
        apply(&mut state, "h".to_owned(), &requests, UPSERT);

        state.publish();
        assert_eq!(state.shop.native["cafe-coado"].price_text(), "7.25");

        let shelf = state.shop.products.get_mut("cafe-coado").unwrap();
        shelf.version += 1;
        state.publish();
        assert_eq!(state.shop.native["cafe-coado"].price_text(), "6.00");
    }
}
