//! The one shared state of the emulator: phones, faults, counts and the shop's shelves, behind a lock that is never
//! held across an await.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, mpsc};

use crate::clock::{Clock, MovableClock};

use super::deliver::{Delivery, Traffic};
use super::faults::Faults;
pub use super::faults::SendAction;
use super::feed::{Feed, News};
use super::graph::{Account, Strict};
use super::orders::Orders;
use super::phones::{Cart, InboundMedia};
use super::refusals::Refused;
use super::render::Shown;
use super::shop::Shop;
use super::wamid::Device;

const HTTP_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPTS_AT_ONCE: usize = 128;
const WINDOW_MS: i64 = 24 * 3600 * 1000;

/// What never changes while the program runs.
pub struct Settings {
    pub base_url: String,
    pub access_token: String,
    pub app_secret: String,
    pub verify_token: String,
    pub merchant_key: Vec<u8>,
    pub phone_number_id: String,
    pub display_phone_number: String,
    pub waba_id: String,
    pub catalog_id: String,
}

impl Settings {
    /// The business number as `from` of its messages: digits only.
    pub fn business_digits(&self) -> String {
        self.display_phone_number
            .chars()
            .filter(char::is_ascii_digit)
            .collect()
    }
}

/// Everything that request handlers and background workers share.
pub struct World {
    pub settings: Settings,
    pub clock: MovableClock,
    pub http: reqwest::Client,
    pub deliveries: mpsc::Sender<Delivery>,
    pub attempts: Semaphore,
    pub pictures: Mutex<BTreeMap<String, Bytes>>,
    pub feed: Feed,
    /// Webhooks that are held back or collected.
    pub traffic: Traffic,
    /// Statuses carry `conversation`, as webhooks of versions below v24.0 do.
    pub old_statuses: AtomicBool,
    state: Mutex<State>,
    /// How often the state was locked: who keeps it in a file sees whether it may have changed.
    touched: AtomicU64,
    counter: AtomicU64,
    seed: String,
}

/// What changes; kept in a file when asked (`keeping`).
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Grows at each reset; deliveries of a former world give up when they see it.
    pub generation: u64,
    pub webhook_url: Option<String>,
    pub callback_url: Option<String>,
    pub phones: BTreeMap<String, Phone>,
    /// Phone ids by wa_id (see [`address_key`]) and by user id.
    pub addresses: BTreeMap<String, String>,
    pub phones_made: u64,
    pub faults: Faults,
    pub counts: Counts,
    pub shop: Shop,
    /// What the Graph side keeps about the business.
    pub account: Account,
    /// Rules of Meta that are switched on; survives a reset.
    pub strict: Strict,
    pub orders: Orders,
    /// What people sent as pictures, sounds and papers, by media id.
    pub inbound_media: BTreeMap<String, InboundMedia>,
}

/// One person's account, seen from the business.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own that people flip"
)]
pub struct Phone {
    /// `ph1`, `ph2`, …
    pub id: String,
    pub name: String,
    /// Absent for people whose number nobody knows.
    pub wa_id: Option<String>,
    pub user_id: String,
    /// The number is left out of webhooks, because the person writes under a username.
    pub hidden: bool,
    pub username: Option<String>,
    /// Replies of this person name what they answer under the envelope of the user id.
    pub scoped_context_ids: bool,
    /// The person has blocked the business.
    pub blocked: bool,
    /// The business is typing until then.
    pub typing_until_ms: Option<i64>,
    pub last_inbound_ms: Option<i64>,
    /// The business has blocked the person.
    pub blocked_by_business: bool,
    pub messages: Vec<Stored>,
    /// What the person never got because the Graph side refused it.
    pub refusals: Vec<Refused>,
    pub carts: BTreeMap<Device, Cart>,
}

/// A message as both sides of the chat see it.
#[derive(Serialize, Deserialize)]
pub struct Stored {
    pub message_id: String,
    pub at_ms: i64,
    pub message_type: String,
    /// Set on inbound messages only.
    pub device: Option<Device>,
    /// The second dot part of `biz_opaque_callback_data`.
    pub kind: Option<String>,
    pub shown: Shown,
    pub payload: Box<RawValue>,
    pub status: Status,
    /// True when no webhook may speak of this message (`no_statuses`, `fail_late`).
    pub quiet: bool,
    pub opaque: Option<String>,
    /// The webhook body that carried an inbound message, for replays.
    pub webhook: Option<String>,
    /// The business has marked an inbound message as read.
    pub read_by_business: bool,
    /// Why an outbound message failed.
    pub error: Option<i64>,
}

/// How far an outbound message got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Sent,
    Delivered,
    Read,
    Failed,
}

/// One line of an order, or of a cart as it is set from outside. Numbers stay the text they arrived as.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CartItem {
    pub retailer_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// Totals for tests.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub sends_accepted: u64,
    pub sends_refused: u64,
    pub webhooks_delivered: u64,
    pub webhooks_failed: u64,
    /// Webhooks that nobody took for seven days.
    pub webhooks_given_up: u64,
    pub callbacks_delivered: u64,
    pub callbacks_failed: u64,
}

impl World {
    /// An empty world with full shelves.
    pub fn new(
        settings: Settings,
        clock: MovableClock,
        deliveries: mpsc::Sender<Delivery>,
    ) -> anyhow::Result<World> {
        let now_ms = clock.now_ms();
        let seed = format!("{}:{now_ms}", settings.phone_number_id);
        let state = State {
            shop: Shop::stocked(now_ms),
            ..State::default()
        };
        Ok(World {
            settings,
            clock,
            http: http_client()?,
            deliveries,
            attempts: Semaphore::new(ATTEMPTS_AT_ONCE),
            pictures: Mutex::default(),
            feed: Feed::default(),
            traffic: Traffic::default(),
            old_statuses: AtomicBool::new(false),
            state: Mutex::new(state),
            touched: AtomicU64::new(0),
            counter: AtomicU64::new(0),
            seed,
        })
    }

    /// The state, locked. Never keep it across an await.
    pub fn state(&self) -> MutexGuard<'_, State> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Counted under the lock, so that who holds it reads a number that fits what it sees.
        self.touched.fetch_add(1, Ordering::SeqCst);
        state
    }

    /// How often the state was locked so far.
    pub fn touched(&self) -> u64 {
        self.touched.load(Ordering::SeqCst)
    }

    /// The world's present instant.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The world's present instant in seconds.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Tells those who watch.
    pub fn tell(&self, news: News) {
        self.feed.tell(self.now_ms(), news);
    }

    /// 64 upper-case hex digits that look random, from a counter. The seed holds the start, so a gateway that
    /// remembers a former run meets no id twice.
    pub fn mixed(&self) -> String {
        let number = self.counter.fetch_add(1, Ordering::SeqCst);
        hex::encode_upper(Sha256::digest(format!("{}:{number}", self.seed)))
    }

    /// The first `count` digits of [`World::mixed`].
    pub fn short_id(&self, count: usize) -> String {
        self.mixed().chars().take(count).collect()
    }

    /// Sets the gateway's addresses; `None` leaves one as it is.
    pub fn set_targets(&self, webhook_url: Option<String>, callback_url: Option<String>) {
        let mut state = self.state();
        if webhook_url.is_some() {
            state.webhook_url = webhook_url;
        }
        if callback_url.is_some() {
            state.callback_url = callback_url;
        }
    }

    /// Forgets phones, messages, faults and purchases, and fills the shelves again. Versions and id counters go on.
    pub fn reset(&self) {
        let now_ms = self.now_ms();
        let mut state = self.state();
        let shop = state.shop.restocked(now_ms);
        *state = State {
            generation: state.generation + 1,
            webhook_url: state.webhook_url.take(),
            callback_url: state.callback_url.take(),
            phones_made: state.phones_made,
            strict: state.strict,
            shop,
            ..State::default()
        };
        drop(state);
        self.old_statuses.store(false, Ordering::SeqCst);
        self.tell(News::Reset);
    }
}

impl State {
    /// The fault of the next send to that address, used up by asking.
    pub fn take_fault(&mut self, address: Option<&str>) -> Option<SendAction> {
        let phone = address.and_then(|address| self.addresses.get(&address_key(address)));
        self.faults.take(phone.map(String::as_str))
    }

    /// The phone behind a `to` or a `recipient`.
    pub fn phone_at(&mut self, address: &str) -> Option<&mut Phone> {
        let id = self.addresses.get(&address_key(address))?;
        self.phones.get_mut(id)
    }

    /// While on, the native catalog doesn't follow the shop; switching it off lets it catch up.
    pub fn set_catalog_lag(&mut self, on: bool) {
        self.faults.catalog_lag = on;
        self.publish();
    }

    /// Lets the native catalog follow the shelves, unless it lags. What managers of the catalog changed later stays.
    pub fn publish(&mut self) {
        if !self.faults.catalog_lag {
            self.shop.native = self.account.catalog.over(&self.shop.products);
        }
    }
}

impl Phone {
    /// When free-form messages may no more be sent: 24 hours after the person's last message.
    pub fn window_open_until_ms(&self) -> Option<i64> {
        self.last_inbound_ms.map(|last_ms| last_ms + WINDOW_MS)
    }

    /// True while free-form messages may be sent.
    pub fn window_open(&self, now_ms: i64) -> bool {
        self.window_open_until_ms()
            .is_some_and(|until_ms| now_ms < until_ms)
    }

    /// The phone number as webhooks show it: not at all for people who write under a username.
    pub fn number(&self) -> Option<&str> {
        self.wa_id.as_deref().filter(|_| !self.hidden)
    }

    /// What message ids of this chat are made with.
    pub fn address(&self) -> (String, u8) {
        match self.number() {
            Some(number) => (number.to_owned(), super::wamid::KIND_PHONE),
            None => (self.user_id.clone(), super::wamid::KIND_USER_ID),
        }
    }

    /// The message with this id, under whatever envelope.
    pub fn message(&self, message_id: &str) -> Option<&Stored> {
        self.messages
            .iter()
            .find(|message| super::wamid::same_message(&message.message_id, message_id))
    }

    /// Marks an inbound message and all before it as read by the business; false when there is no such message.
    pub fn read_by_business(&mut self, message_id: &str) -> bool {
        let read = self.messages.iter().rposition(|message| {
            message.device.is_some() && super::wamid::same_message(&message.message_id, message_id)
        });
        let Some(last) = read else { return false };
        for message in self.messages.iter_mut().take(last + 1) {
            message.read_by_business |= message.device.is_some();
        }
        true
    }
}

/// One key per person: a user id as it is; of a phone number its digits, without the ninth digit that Brazilian
/// numbers may or may not show (Meta may add or drop it).
pub fn address_key(address: &str) -> String {
    if address.contains('.') {
        return address.to_owned();
    }
    let mut digits: Vec<char> = address.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 13 && digits.starts_with(&['5', '5']) && digits.get(4) == Some(&'9') {
        digits.remove(4);
    }
    digits.into_iter().collect()
}

/// An instant as the shop and the callbacks write it.
pub fn rfc3339(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map(|at| at.to_string())
        .unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the emulator is another program")]
fn http_client() -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    builder.timeout(HTTP_TIMEOUT).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brazilian_number_is_found_with_and_without_its_ninth_digit() {
        assert_eq!(address_key("+55 11 98765-4321"), address_key("551187654321"));
        assert_eq!(address_key("BR.123"), "BR.123");
        assert_ne!(address_key("5511987654321"), address_key("5511987654322"));
    }
}
