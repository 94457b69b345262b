//! Quotes and purchases: one purchase per idempotency key, never at another price than the shelf's.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::world::rfc3339;
use super::modes::ModeName;
use super::products::Money;
use super::{Shop, pix};

const CURRENCY: &str = "BRL";
const QUOTE_MS: i64 = 15 * 60 * 1000;
const PAYMENT_MS: i64 = 30 * 60 * 1000;

/// A purchase the shop took.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "ids carry their full names: a purchase has a merchant's order id too"
)]
pub struct Purchase {
    pub purchase_id: String,
    pub merchant_order_id: String,
    pub state: String,
    #[serde(with = "super::exact_text")]
    pub total: Decimal,
    pub lines: Vec<BoughtLine>,
    pub payment_url: String,
    pub expires_at_ms: i64,
    /// A Pix code beside the link.
    pub pix: Option<Value>,
    /// The whole request, to tell a repetition from another one under the same key.
    request: Value,
    stock_returned: bool,
}

/// A line of a purchase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BoughtLine {
    pub retailer_id: String,
    pub title: String,
    pub quantity: i64,
    pub unit_price: Money,
}

/// A line as the gateway sends it; quotes come without prices.
#[derive(Clone, Debug, Deserialize)]
pub struct LineAsked {
    pub retailer_id: String,
    pub quantity: i64,
    pub unit_price: Option<Money>,
}

#[derive(Deserialize)]
struct PurchaseAsked {
    purchase_id: String,
    lines: Vec<LineAsked>,
    subtotal: Money,
    discount: Option<Money>,
    shipping: Option<Money>,
    tax: Option<Money>,
    total: Money,
}

/// Why a purchase or a quote wasn't taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// 409 with the lines at fault.
    PriceChanged(Vec<Value>),
    /// 409 with what is left.
    OutOfStock(Vec<Value>),
    /// 422, the key belongs to another request.
    OtherBody,
    /// 422, the request makes no sense.
    Invalid(String),
}

/// What surrounds one purchase call.
pub struct Counter<'a> {
    pub base_url: &'a str,
    pub now_ms: i64,
    pub mode: ModeName,
}

impl Purchase {
    /// The answer to the purchase call, the same each time.
    pub fn answer(&self) -> Value {
        let mut answer = json!({
            "merchant_order_id": self.merchant_order_id, "total": Money::of(self.total, CURRENCY),
            "payment_url": self.payment_url, "expires_at": rfc3339(self.expires_at_ms),
        });
        if let (Some(pix), Some(fields)) = (&self.pix, answer.as_object_mut()) {
            fields.insert("pix".to_owned(), pix.clone());
        }
        answer
    }

    /// The answer plus what happened since.
    pub fn json(&self, times_posted: u32) -> Value {
        let mut json = self.answer();
        if let Some(fields) = json.as_object_mut() {
            fields.insert("id".to_owned(), json!(self.purchase_id));
            fields.insert("purchase_id".to_owned(), json!(self.purchase_id));
            fields.insert("state".to_owned(), json!(self.state));
            fields.insert("lines".to_owned(), json!(self.lines));
            fields.insert("times_posted".to_owned(), json!(times_posted));
        }
        json
    }
}

impl Shop {
    /// Prices lines off the shelf. Stock isn't looked at; a vanished product is.
    pub fn quote(&self, lines: &[LineAsked], quote_id: &str, now_ms: i64) -> Result<Value, Declined> {
        let lines = self.priced(lines)?;
        let total = sum(&lines)?;
        Ok(json!({
            "quote_id": quote_id,
            "lines": lines.iter().map(|line| json!({
                "retailer_id": line.retailer_id, "quantity": line.quantity, "unit_price": line.unit_price,
            })).collect::<Vec<Value>>(),
            "subtotal": Money::of(total, CURRENCY), "total": Money::of(total, CURRENCY),
            "expires_at": rfc3339(now_ms + QUOTE_MS),
        }))
    }

    /// Takes a purchase, or repeats the answer of the first time.
    pub fn buy(&mut self, key: &str, request: Value, counter: &Counter<'_>) -> Result<Value, Declined> {
        *self.posts.entry(key.to_owned()).or_default() += 1;
        if let Some(known) = self.purchases.get(key) {
            return if known.request == request {
                Ok(known.answer())
            } else {
                Err(Declined::OtherBody)
            };
        }
        let asked: PurchaseAsked =
            serde_json::from_value(request.clone()).map_err(|error| Declined::Invalid(error.to_string()))?;
        if asked.purchase_id != key || !plain_id(key) {
            return Err(Declined::Invalid(
                "purchase_id must equal the Idempotency-Key".to_owned(),
            ));
        }
        self.surprise(&asked.lines, counter);
        let lines = self.priced(&asked.lines)?;
        same_prices(&asked.lines, &lines)?;
        let total = agreed_total(&asked, &lines)?;
        self.in_stock(&lines)?;

        for line in &lines {
            if let Some(product) = self.products.get_mut(&line.retailer_id) {
                product.stock -= line.quantity;
            }
        }
        let cent = if counter.mode == ModeName::WrongTotal {
            Decimal::new(1, 2)
        } else {
            Decimal::ZERO
        };
        let host = if counter.mode == ModeName::BadHost {
            "https://pay.evil.example"
        } else {
            counter.base_url
        };
        let order = self.next_order();
        let purchase = Purchase {
            purchase_id: key.to_owned(),
            pix: self.gives_pix.then(|| pix::charge(total, &order)),
            merchant_order_id: order,
            state: "pending".to_owned(),
            total: total.checked_add(cent).unwrap_or(total),
            lines,
            payment_url: format!("{host}/shop/pay/{key}"),
            expires_at_ms: counter.now_ms + PAYMENT_MS,
            request,
            stock_returned: false,
        };
        let answer = purchase.answer();
        self.purchases.insert(key.to_owned(), purchase);
        Ok(answer)
    }

    /// Puts the goods back on the shelf, once.
    pub fn return_stock(&mut self, purchase_id: &str) {
        let Some(purchase) = self.purchases.get_mut(purchase_id) else {
            return;
        };
        if std::mem::replace(&mut purchase.stock_returned, true) {
            return;
        }
        for line in &purchase.lines {
            if let Some(product) = self.products.get_mut(&line.retailer_id) {
                product.stock += line.quantity;
            }
        }
    }

    /// The two modes in which the shelf has changed just before the call.
    fn surprise(&mut self, lines: &[LineAsked], counter: &Counter<'_>) {
        if !matches!(counter.mode, ModeName::PriceChanged | ModeName::OutOfStock) {
            return;
        }
        let version = self.next_version(counter.now_ms);
        let first = lines
            .first()
            .and_then(|line| self.products.get_mut(&line.retailer_id));
        let Some(product) = first else { return };
        if counter.mode == ModeName::PriceChanged {
            product.price = product.price.checked_add(Decimal::ONE).unwrap_or(product.price);
        } else {
            product.stock = 0;
        }
        (product.version, product.updated_at_ms) = (version, counter.now_ms);
    }

    fn priced(&self, lines: &[LineAsked]) -> Result<Vec<BoughtLine>, Declined> {
        if lines.is_empty() || lines.iter().any(|line| line.quantity < 1) {
            return Err(Declined::Invalid(
                "lines must not be empty and quantities at least 1".to_owned(),
            ));
        }
        let gone = lines
            .iter()
            .filter(|line| !self.products.contains_key(&line.retailer_id));
        let gone: Vec<Value> = gone
            .map(|line| json!({"retailer_id": line.retailer_id, "available": 0}))
            .collect();
        if !gone.is_empty() {
            return Err(Declined::OutOfStock(gone));
        }
        let priced = lines.iter().filter_map(|line| {
            let product = self.products.get(&line.retailer_id)?;
            Some(BoughtLine {
                retailer_id: line.retailer_id.clone(),
                title: product.title.clone(),
                quantity: line.quantity,
                unit_price: Money::of(product.price, &product.currency),
            })
        });
        Ok(priced.collect())
    }

    fn in_stock(&self, lines: &[BoughtLine]) -> Result<(), Declined> {
        let short = lines.iter().filter_map(|line| {
            let product = self.products.get(&line.retailer_id)?;
            let left = if product.on_sale { product.stock.max(0) } else { 0 };
            (line.quantity > left).then(|| json!({"retailer_id": line.retailer_id, "available": left}))
        });
        let short: Vec<Value> = short.collect();
        if short.is_empty() {
            Ok(())
        } else {
            Err(Declined::OutOfStock(short))
        }
    }
}

fn same_prices(asked: &[LineAsked], shelf: &[BoughtLine]) -> Result<(), Declined> {
    let differ = asked.iter().zip(shelf).filter(|(asked, shelf)| {
        let offered = asked
            .unit_price
            .as_ref()
            .and_then(|price| price.exact(&shelf.unit_price.currency));
        offered.is_none() || offered != shelf.unit_price.exact(&shelf.unit_price.currency)
    });
    let lines: Vec<Value> = differ
        .map(|(_, shelf)| json!({"retailer_id": shelf.retailer_id, "unit_price": shelf.unit_price}))
        .collect();
    if lines.is_empty() {
        Ok(())
    } else {
        Err(Declined::PriceChanged(lines))
    }
}

/// The total when the request's own sums agree with the shelf.
fn agreed_total(asked: &PurchaseAsked, lines: &[BoughtLine]) -> Result<Decimal, Declined> {
    let exact = |money: &Money| {
        let invalid = || Declined::Invalid(format!("{} {} is no BRL amount", money.amount, money.currency));
        money.exact(CURRENCY).ok_or_else(invalid)
    };
    let maybe = |money: &Option<Money>| money.as_ref().map_or(Ok(Decimal::ZERO), exact);
    let subtotal = sum(lines)?;
    let (discount, shipping, tax) = (
        maybe(&asked.discount)?,
        maybe(&asked.shipping)?,
        maybe(&asked.tax)?,
    );
    let expected = subtotal
        .checked_sub(discount)
        .and_then(|sum| sum.checked_add(shipping));
    let expected = expected.and_then(|sum| sum.checked_add(tax));
    let total = exact(&asked.total)?;
    if exact(&asked.subtotal)? != subtotal || expected != Some(total) {
        return Err(Declined::Invalid(
            "the sums of the purchase do not match its lines".to_owned(),
        ));
    }
    Ok(total)
}

fn sum(lines: &[BoughtLine]) -> Result<Decimal, Declined> {
    let sum = lines.iter().try_fold(Decimal::ZERO, |sum, line| {
        let price = line.unit_price.exact(CURRENCY)?;
        sum.checked_add(price.checked_mul(Decimal::from(line.quantity))?)
    });
    sum.ok_or_else(|| Declined::Invalid("the sum is beyond all bounds".to_owned()))
}

fn plain_id(id: &str) -> bool {
    let plain = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '~'));
    plain && !id.is_empty() && id.len() <= 200
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, price: &str, quantity: i64, total: &str) -> Value {
        let money = |amount: &str| json!({"amount": amount, "currency": "BRL"});
        json!({
            "purchase_id": id, "customer": {"id": "c1", "locale": "pt-BR"}, "source": "buttons",
            "lines": [{"retailer_id": "cafe-coado", "quantity": quantity, "unit_price": money(price)}],
            "subtotal": money(total), "total": money(total),
        })
    }

    fn counter(mode: ModeName) -> Counter<'static> {
        Counter {
            base_url: "http://127.0.0.1:1",
            now_ms: 1_000,
            mode,
        }
    }

    #[test]
    fn the_same_key_buys_once() {
        let mut shop = Shop::stocked(0);
        let normal = counter(ModeName::Normal);

        let first = shop
            .buy("pu1", request("pu1", "6.00", 2, "12.00"), &normal)
            .unwrap();
        let second = shop
            .buy("pu1", request("pu1", "6.00", 2, "12.00"), &normal)
            .unwrap();
        let other = shop.buy("pu1", request("pu1", "6.00", 3, "18.00"), &normal);

        assert_eq!(first, second);
        assert_eq!(first["total"], json!({"amount": "12.00", "currency": "BRL"}));
        assert_eq!(other, Err(Declined::OtherBody));
        assert_eq!(shop.purchases.len(), 1);
        assert_eq!(shop.products["cafe-coado"].stock, 198);
        assert_eq!(shop.posts["pu1"], 3);
    }

    #[test]
    fn old_prices_wrong_sums_and_empty_shelves_are_refused() {
        let mut shop = Shop::stocked(0);
        let normal = counter(ModeName::Normal);

        let old = shop.buy("a", request("a", "5.00", 1, "5.00"), &normal);
        let sums = shop.buy("b", request("b", "6.00", 2, "6.00"), &normal);
        let short = shop.buy("c", request("c", "6.00", 201, "1206.00"), &normal);

        assert!(matches!(old, Err(Declined::PriceChanged(lines)) if lines.len() == 1));
        assert!(matches!(sums, Err(Declined::Invalid(_))));
        assert_eq!(
            short,
            Err(Declined::OutOfStock(vec![
                json!({"retailer_id": "cafe-coado", "available": 200})
            ]))
        );
        assert!(shop.purchases.is_empty());
    }

    #[test]
    fn modes_bend_the_answer() {
        let mut shop = Shop::stocked(0);

        let wrong = shop
            .buy(
                "a",
                request("a", "6.00", 1, "6.00"),
                &counter(ModeName::WrongTotal),
            )
            .unwrap();
        let host = shop
            .buy("b", request("b", "6.00", 1, "6.00"), &counter(ModeName::BadHost))
            .unwrap();
        let dearer = shop.buy(
            "c",
            request("c", "6.00", 1, "6.00"),
            &counter(ModeName::PriceChanged),
        );

        assert_eq!(wrong["total"]["amount"], "6.01");
        assert!(
            host["payment_url"]
                .as_str()
                .unwrap()
                .starts_with("https://pay.evil.example/")
        );
        assert!(matches!(dearer, Err(Declined::PriceChanged(_))));
        assert_eq!(shop.products["cafe-coado"].price_text(), "7.00");
    }

    #[test]
    fn a_cancelled_purchase_returns_its_goods_once() {
        let mut shop = Shop::stocked(0);
        shop.buy("a", request("a", "6.00", 5, "30.00"), &counter(ModeName::Normal))
            .unwrap();

        shop.return_stock("a");
        shop.return_stock("a");

        assert_eq!(shop.products["cafe-coado"].stock, 200);
    }
}
