//! One customer with one business number: the state that events change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::cart::Cart;
use super::device::Device;
use super::ids::{EffectId, HomeId, NumberId, PurchaseId, RetailerId};
use super::message::Message;
use super::purchase::{Purchase, PurchaseLine, Quote};
use super::replies::Locale;

/// Version of the encoded form; a newer one than this is refused, an older one is read.
pub const FORMAT: u16 = 1;
/// How long after the customer's last message free-form messages may go out (Meta, "Send messages", 2025-11-04).
pub const SERVICE_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;
/// Most messages kept in the timeline.
pub const RECENT_MAX: usize = 50;
/// Largest encoded conversation, in bytes; adding stops [`STATE_RESERVE`] below it.
pub const STATE_BYTES_MAX: usize = 64 * 1024;
/// Room that is kept for what must never be refused: answers of merchants and purchases under way.
pub const STATE_RESERVE: usize = 32 * 1024;
/// Most purchases and native orders that may be open at once.
pub const OPEN_PURCHASES_MAX: usize = 20;
/// Purchases that stay in sight; all of them are kept under keys of their own.
pub const PURCHASES_KEPT: usize = 20;
/// Closed ones among them.
pub const CLOSED_PURCHASES_KEPT: usize = 5;

/// Who the customer is to the provider. Provider fields only; nothing is computed from a number's look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Business-scoped user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// WhatsApp id (a phone number).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wa_id: Option<String>,
    /// Profile name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Sacola does.
    #[default]
    Bot,
    /// A person was called.
    Human,
}

/// How far a native order has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStage {
    /// Being priced at the merchant.
    Asked,
    /// Differs from what the customer's app showed: waits for a tap.
    Shown {
        /// What was shown; absent when lines must be looked at again first.
        quote: Quote,
    },
}

/// A native `order` that is no purchase yet: a frozen snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingOrder {
    /// The id of the purchase that it would become, computed from the order message alone.
    pub purchase_id: PurchaseId,
    /// Sent from.
    pub device: Device,
    /// Lines with the prices that the customer's app showed.
    pub lines: Vec<PurchaseLine>,
    /// The words with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How far it has come.
    pub stage: OrderStage,
    /// Grows whenever it is shown or priced again: a button of an earlier round buys nothing.
    #[serde(default)]
    pub round: u64,
    /// True when it could not be shown: it is shown with the customer's next message.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owed: bool,
    /// What differs from the customer's app, in words; with any, it waits for a tap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<String>,
    /// When it was sent.
    pub at_ms: i64,
}

/// What is known of a conversation that was here before and was erased: where it ended, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// A revision that neither it nor any of its carts had reached.
    pub revision: u64,
    /// When it was erased, in Unix milliseconds.
    pub at_ms: i64,
}

/// One entry of the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// When.
    #[serde(rename = "t")]
    pub at_ms: i64,
    /// True when it came from the customer.
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    pub inbound: bool,
    /// What it was: an event's or a message's word.
    #[serde(rename = "w")]
    pub what: String,
    /// Of a message of ours: the revision that caused it, and its place among the effects of that revision.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<(u64, usize)>,
    /// Of a message of ours that must arrive: the purchase that it is about.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<PurchaseId>,
}

/// The state of one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Version of this form.
    pub format: u16,
    /// Its id.
    pub home: HomeId,
    /// Grows by one with each event.
    pub revision: u64,
    /// When the last event was decided; 0: before this was kept.
    #[serde(default)]
    pub changed_at_ms: i64,
    /// The business number.
    pub number: NumberId,
    /// The customer.
    pub customer: Customer,
    /// What was here before, when it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<Erased>,
    /// The customer's own choice of language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Until when free-form messages may go out.
    pub window_open_until_ms: i64,
    /// Who answers.
    #[serde(default)]
    pub mode: Mode,
    /// When a customer in human mode was last told that a person is on the way.
    #[serde(default)]
    pub person_told_at_ms: i64,
    /// Carts by device.
    #[serde(default)]
    pub carts: BTreeMap<Device, Cart>,
    /// Native orders that wait, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orders: BTreeMap<String, PendingOrder>,
    /// Open purchases and the last closed ones, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purchases: Vec<Purchase>,
    /// Purchases whose last news could not be told: told with the next message.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owed_purchases: BTreeSet<PurchaseId>,
    /// Notices that were composed and could not be sent: told with the next message, five at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed_texts: Vec<String>,
    /// The last notices of changes and their revisions: told again when a status says that they did not arrive.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub notices: VecDeque<(u64, String)>,
    /// Products whose change could not be told: told with the next message.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owed_news: BTreeSet<RetailerId>,
    /// The last messages.
    #[serde(default)]
    pub recent: VecDeque<Trace>,
}

impl Conversation {
    /// A conversation in which nothing has happened yet.
    pub fn new(home: HomeId, number: NumberId) -> Self {
        Self {
            format: FORMAT,
            home,
            revision: 0,
            changed_at_ms: 0,
            number,
            customer: Customer::default(),
            erased: None,
            locale: None,
            window_open_until_ms: 0,
            mode: Mode::Bot,
            person_told_at_ms: 0,
            carts: BTreeMap::new(),
            orders: BTreeMap::new(),
            purchases: Vec::new(),
            owed_purchases: BTreeSet::new(),
            owed_texts: Vec::new(),
            notices: VecDeque::new(),
            owed_news: BTreeSet::new(),
            recent: VecDeque::new(),
        }
    }

    /// One in which nothing has happened yet, in the place of one that was erased: no button of before means anything here.
    pub fn after(erased: Erased, home: HomeId, number: NumberId) -> Self {
        Self {
            revision: erased.revision,
            erased: Some(erased),
            ..Self::new(home, number)
        }
    }

    /// The cart of a device that has none yet.
    pub fn fresh_cart(&self) -> Cart {
        Cart::behind(self.erased.map_or(0, |erased| erased.revision))
    }

    /// The cart of a device; an empty one when there is none.
    pub fn cart(&self, device: Device) -> Cart {
        self.carts
            .get(&device)
            .cloned()
            .unwrap_or_else(|| self.fresh_cart())
    }

    /// The cart of a device, to be changed.
    pub fn cart_mut(&mut self, device: Device) -> &mut Cart {
        let fresh = self.fresh_cart();
        self.carts.entry(device).or_insert(fresh)
    }

    /// The purchase of that id.
    pub fn purchase(&self, id: &PurchaseId) -> Option<&Purchase> {
        self.purchases.iter().find(|purchase| purchase.purchase_id == *id)
    }

    /// The purchase of that id, to be changed.
    pub fn purchase_mut(&mut self, id: &PurchaseId) -> Option<&mut Purchase> {
        self.purchases
            .iter_mut()
            .find(|purchase| purchase.purchase_id == *id)
    }

    /// Every product that this conversation must hear about: in carts and in native orders that wait.
    pub fn interest(&self) -> BTreeSet<RetailerId> {
        let in_carts = self
            .carts
            .values()
            .flat_map(|cart| cart.lines.iter().map(|line| &line.retailer_id));
        let in_orders = self
            .orders
            .values()
            .flat_map(|order| order.lines.iter().map(|line| &line.retailer_id));
        in_carts.chain(in_orders).cloned().collect()
    }

    /// Notes something in the timeline.
    pub fn note(&mut self, at_ms: i64, inbound: bool, what: &str) {
        self.trace(Trace {
            at_ms,
            inbound,
            what: what.to_owned(),
            effect: None,
            purchase: None,
        });
    }

    /// Notes a message of ours, the effect of the present revision at that place, so that a status which fails it later finds
    /// what it was about.
    pub fn note_sent(&mut self, at_ms: i64, message: &Message, place: usize) {
        let told = message.purchase.as_ref().filter(|_| message.kind.must_arrive());
        self.trace(Trace {
            at_ms,
            inbound: false,
            what: message.kind.word().to_owned(),
            effect: Some((self.revision, place)),
            purchase: told.cloned(),
        });
    }

    /// The message that an effect was, while it is among the last.
    pub fn sent(&self, effect_id: &EffectId) -> Option<&Trace> {
        let is_it = |trace: &&Trace| {
            trace
                .effect
                .is_some_and(|(revision, place)| EffectId::of(&self.home, revision, place) == *effect_id)
        };
        self.recent.iter().rev().find(is_it)
    }

    fn trace(&mut self, trace: Trace) {
        self.recent.push_back(trace);
        while self.recent.len() > RECENT_MAX {
            self.recent.pop_front();
        }
    }

    /// Drops the oldest purchases from sight, closed ones first; their own keys keep them, and news brings them back. What
    /// the merchant has not answered yet always stays.
    pub fn forget_old_purchases(&mut self, closed_kept: usize) {
        let closed = self
            .purchases
            .iter()
            .filter(|purchase| purchase.state.is_closed())
            .count();
        let mut surplus = closed.saturating_sub(closed_kept);
        self.purchases.retain(|purchase| {
            let drop_it = surplus > 0 && purchase.state.is_closed();
            surplus -= usize::from(drop_it);
            !drop_it
        });
        let mut surplus = self.purchases.len().saturating_sub(PURCHASES_KEPT);
        self.purchases.retain(|purchase| {
            let drop_it = surplus > 0 && !purchase.state.is_unanswered();
            surplus -= usize::from(drop_it);
            !drop_it
        });
    }
}
