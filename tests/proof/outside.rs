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
}

impl Message {
    pub fn of(seen: &Seen, purchase: Option<PurchaseId>) -> Self {
        Self {
            kind: seen.kind,
            purchase,
            body: seen.body(),
            buttons: seen.buttons().into_iter().map(|(id, _)| id).collect(),
        }
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
    /// Taps on each confirm button: device, button and the purchases that they would make.
    pub confirmations: BTreeMap<String, Vec<PurchaseId>>,
    /// Native orders and the purchases that they would make.
    pub native_orders: BTreeMap<PurchaseId, HomeId>,
}

impl Outside {
    pub fn new(has_quotes: bool) -> Self {
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
            ..Self::default()
        }
    }
}
