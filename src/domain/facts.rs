//! What a decision may rest on besides the conversation and the event: time, the shop's settings, product facts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ids::{MerchantId, RetailerId};
use super::money::Currency;
use super::product::Product;
use super::replies::Locale;

/// What to do with customers who write from a web client (rule R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebClients {
    /// They have a cart of their own there.
    OwnCart,
    /// They are asked to use the phone; a native order is never lost.
    PhoneOnly,
}

/// The settings of the number and its merchant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Whose shop.
    pub merchant: MerchantId,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Its language, unless the customer chose another.
    pub locale: Locale,
    /// WhatsApp's own catalog, when one is connected.
    pub catalog_id: Option<String>,
    /// The policy for web clients.
    pub web_clients: WebClients,
    /// True when the number may send `order_details` with a Pix code (rule R9).
    #[serde(default)]
    pub order_details: bool,
}

/// What is known of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Grows with each change; the commit refuses a version that is too old.
    pub version: u64,
    /// The product; `None`: gone.
    pub product: Option<Product>,
}

/// A category and its products in reading order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Short, stable key used in buttons.
    pub key: String,
    /// Name; `None` for products without a category.
    pub title: Option<String>,
    /// How many products it has.
    pub count: usize,
    /// Products that can be bought, ordered by title. In a slim outline only the first, but for the opened category.
    pub products: Vec<RetailerId>,
}

/// The shape of the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Categories, ordered by name.
    pub categories: Vec<Category>,
    /// The category whose products are all here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
}

impl Outline {
    /// The category of that key.
    pub fn category(&self, key: &str) -> Option<&Category> {
        self.categories.iter().find(|category| category.key == key)
    }

    /// The part that one decision needs: all categories, the products of one. Keeps journals small.
    pub fn slim(&self, opened: Option<&str>) -> Self {
        let slim = |category: &Category| {
            let keep = if opened == Some(category.key.as_str()) {
                category.products.len()
            } else {
                1
            };
            Category {
                products: category.products.iter().take(keep).cloned().collect(),
                ..category.clone()
            }
        };
        Self {
            categories: self.categories.iter().map(slim).collect(),
            opened: opened.map(ToOwned::to_owned),
        }
    }
}

/// Facts for one decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The present, in Unix milliseconds.
    pub now_ms: i64,
    /// The shop.
    pub shop: Shop,
    /// Products that were asked for; absent ones are unknown to the catalog.
    pub products: BTreeMap<RetailerId, Fact>,
    /// Products that were looked for, found or not.
    pub looked_for: BTreeSet<RetailerId>,
    /// The catalog's shape, when asked for.
    pub outline: Option<Outline>,
    /// Size of the stored conversation in bytes, for its bound.
    pub state_bytes: usize,
}

impl Facts {
    /// The product, when it is known and not gone.
    pub fn product(&self, id: &RetailerId) -> Option<&Product> {
        self.products.get(id).and_then(|fact| fact.product.as_ref())
    }
}

/// Facts that a decision lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactKeys {
    /// These products.
    pub products: BTreeSet<RetailerId>,
    /// The catalog's shape.
    pub outline: bool,
    /// With all products of this category.
    pub category: Option<String>,
}

/// A short stable key for a category's name (FNV-1a, 64 bits, as hexadecimal).
pub fn category_key(title: &str) -> String {
    let hash = title.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}").chars().take(10).collect()
}
