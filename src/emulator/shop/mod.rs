//! The demo merchant "Café da Praça": shelves, quotes, purchases, a payment page, and the switches that make it
//! misbehave. It speaks to the gateway as any merchant behind the standard connector does.

mod api;
mod desk;
mod exact_text;
mod modes;
mod pages;
mod pictures;
mod pix;
mod products;
mod purchases;
mod signed;

use std::collections::BTreeMap;

use actix_web::web;
use serde::{Deserialize, Serialize};

pub use pictures::draw;
pub use products::{Money, Product, menu};

use modes::Mode;
use purchases::Purchase;

/// Everything the shop remembers.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shop {
    /// The truth.
    pub products: BTreeMap<String, Product>,
    /// What the messenger's catalog shows; follows the truth unless `catalog_lag` is on.
    pub native: BTreeMap<String, Product>,
    pub purchases: BTreeMap<String, Purchase>,
    /// How often each idempotency key was posted, accepted or not.
    pub posts: BTreeMap<String, u32>,
    pub mode: Mode,
    /// True when purchases are answered with a Pix code beside the link.
    pub gives_pix: bool,
    orders_made: u64,
    last_version: i64,
}

impl Shop {
    /// Full shelves. Versions begin at the clock, so a gateway that remembers a former run takes them as newer.
    pub fn stocked(now_ms: i64) -> Shop {
        Shop::default().restocked(now_ms)
    }

    /// Full shelves and no purchases; counters go on.
    pub fn restocked(&self, now_ms: i64) -> Shop {
        let version = now_ms.max(self.last_version + 1);
        let mut products = menu(now_ms);
        for product in products.values_mut() {
            product.version = version;
        }
        let native = products.clone();
        Shop {
            products,
            native,
            orders_made: self.orders_made,
            last_version: version,
            ..Shop::default()
        }
    }

    /// A version above all former ones.
    pub fn next_version(&mut self, now_ms: i64) -> i64 {
        self.last_version = now_ms.max(self.last_version + 1);
        self.last_version
    }

    /// `P-1001`, `P-1002`, …
    pub fn next_order(&mut self) -> String {
        self.orders_made += 1;
        format!("P-{}", 1000 + self.orders_made)
    }
}

/// Registers the shop: what the gateway calls, what people open, what a test presses.
pub fn routes(app: &mut web::ServiceConfig) {
    api::routes(app);
    pages::routes(app);
    desk::routes(app);
}
