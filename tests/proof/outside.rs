//! Phones and the shop as they really are, whatever the gateway believes: what customers see, what the shop sells, what it
//! has taken. A stateful world that no replica owns.

use std::collections::BTreeMap;

use sacola::domain::conversation::Customer;
use sacola::domain::ids::{EffectId, HomeId, PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::domain::product::Product;
use sacola::domain::purchase::Purchase;
use sacola::merchants::MerchantPurchase;

use crate::support::chat::Seen;
use crate::support::shop::product;

/// A message as it stands on a customer's phones.
#[derive(Clone, Debug)]
pub struct Message {
    pub kind: Kind,
    pub purchase: Option<PurchaseId>,
    pub body: String,
    /// Ids of buttons and rows.
    pub buttons: Vec<String>,
    /// True when a status will say that it never arrived.
    pub fails: bool,
}

impl Message {
    pub fn of(seen: &Seen, purchase: Option<PurchaseId>, fails: bool) -> Self {
        Self {
            kind: seen.kind,
            purchase,
            body: seen.body(),
            buttons: seen.buttons().into_iter().map(|(id, _)| id).collect(),
            fails,
        }
    }

    /// What stands behind the total, as customers read it.
    pub fn total(&self) -> Option<&str> {
        let (_, rest) = self.body.split_once("*Total: ")?;
        rest.split('*').next()
    }

    pub fn with<'a>(&'a self, action: &str) -> impl Iterator<Item = &'a String> {
        let prefix = format!("s1.{action}.");
        self.buttons.iter().filter(move |id| id.starts_with(&prefix))
    }
}

/// A status that waits to be told.
#[derive(Clone, Debug)]
pub struct StatusNews {
    pub effect: EffectId,
    pub kind: Kind,
    pub message_id: String,
    pub customer: Customer,
    pub word: sacola::whatsapp::inbound::DeliveryWord,
    pub code: Option<i64>,
    pub has_callback_data: bool,
}

/// A purchase as the shop has it.
#[derive(Clone, Debug)]
pub struct Order {
    pub purchase: Purchase,
    pub answer: MerchantPurchase,
}

#[derive(Debug, Default)]
pub struct Outside {
    /// What each customer sees, oldest first.
    pub screens: BTreeMap<HomeId, Vec<Message>>,
    /// When each customer last wrote.
    pub wrote_at_ms: BTreeMap<HomeId, i64>,
    pub statuses: Vec<StatusNews>,
    pub sent: u64,
    pub products: BTreeMap<RetailerId, Product>,
    pub orders: BTreeMap<PurchaseId, Order>,
    pub has_quotes: bool,
    /// The shop charges something else than was confirmed, now and then.
    pub is_greedy: bool,
    /// Purchases that were given up on the way and arrive later.
    pub late: Vec<Purchase>,
    /// Taps on each confirm button: device, button and the purchases that they would make.
    pub confirmations: BTreeMap<String, Vec<PurchaseId>>,
    /// Native orders: the purchases that they would make, and how many of what.
    pub native_orders: BTreeMap<PurchaseId, BTreeMap<RetailerId, i64>>,
}

impl Outside {
    pub fn new(has_quotes: bool, is_greedy: bool) -> Self {
        let products = [
            ("coffee", "Café especial", "Cafés", "10.00"),
            ("filter", "Filtro de papel", "Acessórios", "4.50"),
            ("cake", "Bolo de fubá", "Bolos", "8.90"),
        ];
        let with_version = |(id, title, category, price): (&str, &str, &str, &str)| {
            let mut product = product(id, title, category, price);
            product.version = Some("1".to_owned());
            (RetailerId::new(id), product)
        };
        Self {
            products: products.into_iter().map(with_version).collect(),
            has_quotes,
            is_greedy,
            ..Self::default()
        }
    }
}
