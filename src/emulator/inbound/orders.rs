//! The `order` message: a snapshot of WhatsApp's own cart (webhooks reference, order, mid-2026).

use serde::Serialize;
use serde_json::value::RawValue;

use super::super::wire;
use super::super::world::CartItem;

/// The `order` object: prices are JSON numbers in major units, written as the catalog's text has them.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    pub catalog_id: String,
    pub text: String,
    pub product_items: Vec<OrderItem>,
}

impl Order {
    /// What the person's own screen shows.
    pub fn label(&self) -> String {
        let lines: Vec<String> = self
            .product_items
            .iter()
            .map(|item| format!("{} × {}", item.quantity.get(), item.product_retailer_id))
            .collect();
        lines.join("\n")
    }
}

/// One line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderItem {
    pub product_retailer_id: String,
    pub quantity: Box<RawValue>,
    pub item_price: Box<RawValue>,
    pub currency: String,
}

impl OrderItem {
    /// A line as the client writes it; `price` and `currency` are the catalog's unless the item overrides them.
    pub fn new(item: &CartItem, price: &str, currency: &str) -> OrderItem {
        let quantity = item.quantity.clone().unwrap_or_else(|| wire::raw(&1));
        let price = item.item_price.as_deref().unwrap_or(price);
        let currency = item.currency.as_deref().unwrap_or(currency);
        OrderItem::priced(&item.retailer_id, quantity, price, currency)
    }

    /// A line with the price that the client last showed.
    pub fn priced(retailer_id: &str, quantity: Box<RawValue>, price: &str, currency: &str) -> OrderItem {
        OrderItem {
            product_retailer_id: retailer_id.to_owned(),
            quantity,
            item_price: verbatim(price),
            currency: currency.to_owned(),
        }
    }
}

/// Text that is a JSON value stays as it is; anything else becomes a JSON string.
pub fn verbatim(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| wire::raw(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(price: Option<&str>) -> CartItem {
        CartItem {
            retailer_id: "cafe-coado".to_owned(),
            quantity: None,
            item_price: price.map(str::to_owned),
            currency: None,
        }
    }

    #[test]
    fn prices_are_numbers_written_verbatim() {
        let price =
            |over: Option<&str>| serde_json::to_string(&OrderItem::new(&item(over), "12.90", "BRL")).unwrap();

        assert!(price(None).contains(r#""item_price":12.90,"#), "{}", price(None));
        assert!(price(Some("7.999")).contains(r#""item_price":7.999,"#));
        assert!(price(Some("0.1000000000000000055511151231257827")).contains("0055511151231257827,"));
        assert!(price(Some("abc")).contains(r#""item_price":"abc","#));
        assert!(price(None).contains(r#""quantity":1,"#));
    }
}
