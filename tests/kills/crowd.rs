//! Customers who buy, as state machines: each sends WhatsApp's own cart, waits for its price, puts things into its cart on
//! the way, and confirms. Each webhook is posted until it is acknowledged, before the customer's next one. The crowd notes
//! what was acknowledged; it refuses to judge what became of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sacola::clock::{Clock, MovableClock};
use sacola::domain::button::Action;
use sacola::domain::device::Device;
use sacola::domain::ids::{HomeId, RetailerId};
use sacola::domain::message::Target;
use sacola::tasks::Tasks;
use sacola::whatsapp::buttons::Keyring;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::outside::{Accepted, ORDERED, Outside, TAPPED};
use super::post::Post;
use crate::support::program::NUMBER;

/// How long a customer waits for a price.
const PATIENCE_MS: i64 = 45_000;
/// How often a customer looks at the phone.
const LOOK_MS: u64 = 15;
/// How often a customer asks again for a price that could not be had.
const RETRIES_MAX: u32 = 5;
/// Numbers of a customer's webhooks: the order, the confirmation, then what is asked again, then what is tapped.
const ORDER: u32 = 0;
const CONFIRM: u32 = 1;
const RETRY: u32 = 2;
const TAP: u32 = 16;

/// What a crowd does.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many customers come, unless the crowd is sent home before.
    pub customers: u32,
    /// How many of them are there at once.
    pub at_once: usize,
    /// New webhooks each second, all customers together.
    pub per_second: u32,
    /// What each puts into its cart; at most as many as [`TAPPED`].
    pub taps: u32,
    /// Gateways. With several, a third of the customers write to all of them in turn, some of it at the same moment.
    pub gateways: usize,
}

/// What one customer did and was acknowledged.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// The customer's number.
    pub wa_id: String,
    /// The customer's id.
    pub user_id: String,
    /// Webhooks.
    pub said: u64,
    /// Products, each tapped once.
    pub tapped: Vec<&'static str>,
    /// Whether the confirmation was among them.
    pub confirmed: bool,
    /// Whether the customer came to the end.
    pub is_done: bool,
}

#[derive(Clone, Debug)]
struct Customer {
    index: u32,
    wa_id: String,
    user_id: String,
    gateways: usize,
    is_everywhere: bool,
}

/// A key that signs buttons, by its id.
#[derive(Debug)]
struct Pen {
    id: String,
    keys: Keyring,
}

impl Pen {
    fn of((id, key): (String, String)) -> Self {
        Self {
            keys: Keyring::new(vec![(id.clone(), key.into_bytes())], 30),
            id,
        }
    }
}

/// A crowd.
#[derive(Debug)]
pub struct Crowd {
    plan: Plan,
    outside: Arc<Outside>,
    post: Arc<Post>,
    /// Draws the buttons that customers tap in their carts.
    pen: Mutex<Pen>,
    /// Confirmations by a button that another key than the present one had signed.
    old_buttons: AtomicU32,
    clock: MovableClock,
    /// When the next new webhook is due, in microseconds.
    next_us: Mutex<i64>,
    deeds: Mutex<BTreeMap<u32, Deed>>,
    longest_wait_ms: AtomicI64,
    begun: AtomicU32,
    ended: AtomicU32,
    goes_home: AtomicBool,
}

impl Crowd {
    /// Starts a crowd in the background; `button_key`, behind its id, signs what customers tap in their carts.
    pub fn start(
        plan: Plan,
        outside: &Arc<Outside>,
        post: &Arc<Post>,
        button_key: (String, String),
        tasks: &Tasks,
    ) -> Arc<Self> {
        let crowd = Arc::new(Self {
            plan,
            outside: Arc::clone(outside),
            post: Arc::clone(post),
            pen: Mutex::new(Pen::of(button_key)),
            old_buttons: AtomicU32::new(0),
            clock: MovableClock::fixed(),
            next_us: Mutex::new(0),
            deeds: Mutex::default(),
            longest_wait_ms: AtomicI64::new(0),
            begun: AtomicU32::new(0),
            ended: AtomicU32::new(0),
            goes_home: AtomicBool::new(false),
        });
        let (own, shared) = (Arc::clone(&crowd), tasks.clone());
        tasks.spawn("crowd", async move { own.comes(shared).await });
        crowd
    }

    async fn comes(self: Arc<Self>, tasks: Tasks) {
        let places = Arc::new(Semaphore::new(self.plan.at_once));
        for index in 0..self.plan.customers {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                break;
            };
            // Counted before it is asked: who looks whether all are gone never misses one that still comes.
            self.begun.fetch_add(1, Ordering::SeqCst);
            if self.goes_home.load(Ordering::SeqCst) {
                self.ended.fetch_add(1, Ordering::SeqCst);
                break;
            }
            let own = Arc::clone(&self);
            tasks.spawn("customer", async move {
                own.customer(index).await;
                own.ended.fetch_add(1, Ordering::SeqCst);
                drop(place);
            });
        }
        self.goes_home.store(true, Ordering::SeqCst);
    }

    /// No further customer comes; those who are there finish.
    pub fn sends_home(&self) {
        self.goes_home.store(true, Ordering::SeqCst);
    }

    /// True when all have come who come, and all of them have ended.
    pub fn is_gone(&self) -> bool {
        let no_more = self.goes_home.load(Ordering::SeqCst);
        no_more && self.begun.load(Ordering::SeqCst) == self.ended.load(Ordering::SeqCst)
    }

    /// From now on this key, behind its id, signs what customers tap in their carts.
    pub fn draws_with(&self, button_key: (String, String)) {
        *self.pen.lock().unwrap_or_else(PoisonError::into_inner) = Pen::of(button_key);
    }

    /// How many confirmed by a button that another key had signed than the one that held then.
    pub fn old_buttons(&self) -> u32 {
        self.old_buttons.load(Ordering::SeqCst)
    }

    /// How many customers have come so far.
    pub fn begun(&self) -> u32 {
        self.begun.load(Ordering::SeqCst)
    }

    /// True when the first `customers` of them have come to their end.
    pub fn have_ended(&self, customers: u32) -> bool {
        let deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        let done = deeds.range(..customers).filter(|(_, deed)| deed.is_done);
        done.count() >= usize::try_from(customers).unwrap()
    }

    /// What each customer did so far.
    pub fn deeds(&self) -> Vec<Deed> {
        let deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        deeds.values().cloned().collect()
    }

    /// Webhooks that were acknowledged so far.
    pub fn said(&self) -> u64 {
        self.deeds().iter().map(|deed| deed.said).sum()
    }

    /// How long somebody waited for a price at most, in milliseconds.
    pub fn longest_wait_ms(&self) -> i64 {
        self.longest_wait_ms.load(Ordering::SeqCst)
    }

    async fn customer(&self, index: u32) {
        let me = Customer::of(index, self.plan.gateways);
        self.notes(&me, |_| {});
        if !self.says(&me, ORDER, &order()).await {
            return;
        }
        let Some(summary) = self.waits_for_a_price(&me).await else {
            return;
        };
        let home = HomeId::new(summary.home());
        let button = summary.confirm.unwrap_or_default();
        let confirm = tap(&button);
        let half = self.plan.taps / 2;
        self.taps(&me, &home, 0..half).await;
        if !self.draws(&button) {
            self.old_buttons.fetch_add(1, Ordering::SeqCst);
        }
        if self.says(&me, CONFIRM, &confirm).await {
            self.notes(&me, |deed| deed.confirmed = true);
        }
        self.taps(&me, &home, half..self.plan.taps).await;
        self.notes(&me, |deed| deed.is_done = true);
    }

    /// Waits until the order's price is shown. A price that could not be had is asked for again by its button.
    async fn waits_for_a_price(&self, me: &Customer) -> Option<Accepted> {
        let (began_ms, mut seen, mut retries) = (self.clock.now_ms(), 0, 0);
        while self.clock.now_ms() - began_ms < PATIENCE_MS && !self.post.is_over() {
            let messages = self.outside.messages_to(&me.wa_id);
            for message in messages.iter().skip(seen) {
                match (message.kind.as_str(), &message.confirm) {
                    ("summary", Some(_)) => {
                        let waited_ms = self.clock.now_ms() - began_ms;
                        self.longest_wait_ms.fetch_max(waited_ms, Ordering::SeqCst);
                        return Some(message.clone());
                    }
                    ("error", Some(id)) if retries < RETRIES_MAX => {
                        self.says(me, RETRY + retries, &tap(id)).await;
                        retries += 1;
                    }
                    _ => {}
                }
            }
            seen = messages.len();
            self.clock.sleep_ms(LOOK_MS).await;
        }
        None
    }

    /// Puts products into the cart, one tap each. Who is everywhere taps two at a time, at two gateways: both buttons were drawn for
    /// the cart that is seen then, so both count, whichever is taken first.
    async fn taps(&self, me: &Customer, home: &HomeId, taps: Range<u32>) {
        let mut next = taps.start;
        while next < taps.end {
            if me.is_everywhere && next + 1 < taps.end {
                tokio::join!(
                    self.adds(me, home, next, next),
                    self.adds(me, home, next + 1, next)
                );
                next += 2;
            } else {
                self.adds(me, home, next, next).await;
                next += 1;
            }
        }
    }

    /// Taps the button that adds the product of that number, drawn for the cart of that revision.
    async fn adds(&self, me: &Customer, home: &HomeId, number: u32, revision: u32) {
        let product = TAPPED[usize::try_from(number).unwrap()];
        let target = Target {
            action: Action::Add(RetailerId::new(product)),
            device: Device::Android,
            revision: u64::from(revision),
        };
        let id = self.sign(&target, home);
        if self.says(me, TAP + number, &tap(&id)).await {
            self.notes(me, |deed| deed.tapped.push(product));
        }
    }

    fn sign(&self, target: &Target, home: &HomeId) -> String {
        let pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        pen.keys.sign(target, home, self.clock.now_ms()).unwrap()
    }

    /// True for a button of the present key, whose id is its third part.
    fn draws(&self, button: &str) -> bool {
        let pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        button.split('.').nth(2) == Some(pen.id.as_str())
    }

    /// Posts one webhook when its time has come. True once it is acknowledged.
    async fn says(&self, me: &Customer, number: u32, what: &Value) -> bool {
        self.clock.sleep_ms(self.wait_ms()).await;
        let body = me.webhook(number, what, self.clock.now_ms());
        let is_taken = self.post.webhook(me.gateway(number), body.as_bytes()).await;
        if is_taken {
            self.notes(me, |deed| deed.said += 1);
        }
        is_taken
    }

    /// How long a new webhook has to wait for its turn.
    fn wait_ms(&self) -> u64 {
        let now_us = self.clock.now_ms() * 1_000;
        let mut next_us = self.next_us.lock().unwrap_or_else(PoisonError::into_inner);
        let due_us = now_us.max(*next_us);
        *next_us = due_us + 1_000_000 / i64::from(self.plan.per_second);
        u64::try_from((due_us - now_us) / 1_000).unwrap()
    }

    fn notes(&self, me: &Customer, what: impl FnOnce(&mut Deed)) {
        let mut deeds = self.deeds.lock().unwrap_or_else(PoisonError::into_inner);
        let deed = deeds.entry(me.index).or_insert_with(|| Deed {
            wa_id: me.wa_id.clone(),
            user_id: me.user_id.clone(),
            ..Deed::default()
        });
        what(deed);
    }
}

impl Customer {
    fn of(index: u32, gateways: usize) -> Self {
        Self {
            index,
            wa_id: format!("55119{index:08}"),
            user_id: format!("BR.{index:020}"),
            gateways,
            is_everywhere: gateways > 1 && index.is_multiple_of(3),
        }
    }

    /// Where that webhook goes first.
    fn gateway(&self, number: u32) -> usize {
        let turn = if self.is_everywhere {
            number
        } else {
            self.index / 3
        };
        usize::try_from(turn).unwrap() % self.gateways
    }

    /// A webhook with one message of this customer.
    fn webhook(&self, number: u32, what: &Value, now_ms: i64) -> String {
        let mut message = json!({
            "from": self.wa_id,
            "from_user_id": self.user_id,
            "id": self.wamid(number),
            "timestamp": (now_ms / 1_000).to_string(),
        });
        for (name, value) in what.as_object().into_iter().flatten() {
            message[name.as_str()] = value.clone();
        }
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "551140001234", "phone_number_id": NUMBER },
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": self.wa_id, "user_id": self.user_id }],
            "messages": [message],
        });
        let body = json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] }],
        });
        body.to_string()
    }

    /// A message id of an Android phone.
    fn wamid(&self, number: u32) -> String {
        let inner = format!("AC{:014X}{number:016X}", self.index);
        let mut bytes = vec![0x1c, 0x18, u8::try_from(self.wa_id.len()).unwrap()];
        bytes.extend(self.wa_id.bytes());
        bytes.extend([0x15, 0x02, 0x00, 0x12, 0x18, 32]);
        bytes.extend(inner.bytes());
        bytes.push(0);
        format!("wamid.{}", STANDARD.encode(bytes))
    }
}

/// WhatsApp's own cart, at the price of the catalog.
fn order() -> Value {
    let (id, cents) = ORDERED;
    let item =
        json!({ "product_retailer_id": id, "quantity": 2, "item_price": cents / 100, "currency": "BRL" });
    json!({ "type": "order", "order": { "catalog_id": "1", "text": "", "product_items": [item] } })
}

/// A tap on a button.
fn tap(id: &str) -> Value {
    let reply = json!({ "id": id, "title": "-" });
    json!({ "type": "interactive", "interactive": { "type": "button_reply", "button_reply": reply } })
}
