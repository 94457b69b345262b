//! A stepped world: the real engine, dispatcher and store; a chat and a shop that are worlds of their own; a clock that
//! stands still until it is moved. Nothing runs by itself: [`World::settle`] steps all lanes until nothing is due.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sacola::clock::{Clock, ManualClock};
use sacola::delivery::{Dispatcher, LanesAtOnce, MerchantSettings, Parts as DeliveryParts, Sides};
use sacola::domain::conversation::{Conversation, Customer};
use sacola::domain::device::Device;
use sacola::domain::event::{Event, OrderItem};
use sacola::domain::facts::{Shop as ShopSettings, WebClients};
use sacola::domain::ids::{MerchantId, NumberId, PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::domain::money::{Currency, Money};
use sacola::domain::product::Product;
use sacola::domain::purchase::PurchaseState;
use sacola::domain::replies::Locale;
use sacola::engine::addresses::{Addresses, purchase_id};
use sacola::engine::{Engine, Happened, LaneSettings, LaneWork, NumberSettings, Parts, Taken, What, Who};
use sacola::merchants::payment_link::LinkRule;
use sacola::store::{DeadLetter, LetterFilter, Store, embedded};
use sacola::tasks::Tasks;
use sacola::whatsapp::buttons::Keyring;
use tokio::sync::mpsc;

use super::chat::{Chat, Seen};
use super::shop::{Shop, product};

/// Monday, 2026-11-23T12:00:00Z.
pub const NOON_MS: i64 = 1_795_435_200_000;
/// Waits that [`World::settle`] sits through by itself: pacing of messages, quick retries of quotes.
const SHORT_MS: i64 = 1_500;

static SERIAL: AtomicU64 = AtomicU64::new(1);

/// The world.
pub struct World {
    pub clock: ManualClock,
    pub engine: Arc<Engine>,
    pub dispatcher: Arc<Dispatcher>,
    pub chat: Arc<Chat>,
    pub shop: Arc<Shop>,
    pub store: Arc<dyn Store>,
    lane_work: mpsc::Receiver<LaneWork>,
    later: Vec<(i64, sacola::store::LaneId)>,
    held: Vec<(i64, Box<sacola::store::Head>)>,
    _directory: Option<tempfile::TempDir>,
}

/// A customer's phone on one device.
#[derive(Clone, Debug)]
pub struct Phone {
    pub customer: Customer,
    pub device: Device,
}

/// How a world differs from the usual one.
pub struct Settings {
    pub web_clients: WebClients,
    pub order_details: bool,
    pub products: Vec<Product>,
    pub store: Option<Arc<dyn Store>>,
    pub lease_ms: i64,
    pub pace_ahead: i64,
    pub lanes: LanesAtOnce,
    pub locale: Locale,
}

impl Default for Settings {
    fn default() -> Self {
        let products = vec![
            product("coffee", "Café especial", "Cafés", "10.00"),
            product("filter", "Filtro de papel", "Acessórios", "4.50"),
            product("cake", "Bolo de fubá", "Bolos", "8.90"),
        ];
        Self {
            web_clients: WebClients::OwnCart,
            order_details: false,
            products,
            store: None,
            lease_ms: 10_000,
            pace_ahead: 0,
            lanes: LanesAtOnce::default(),
            locale: Locale::PtBr,
        }
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let directory = settings.store.is_none().then(|| tempfile::tempdir().unwrap());
        let store = settings.store.clone().unwrap_or_else(|| {
            Arc::new(embedded::open(directory.as_ref().unwrap().path()).unwrap()) as Arc<dyn Store>
        });
        let clock = ManualClock::at(NOON_MS);
        let keys = Keyring::new(vec![("k1".to_owned(), b"a key for tests".to_vec())], 30);
        let chat = Arc::new(Chat::new(keys.clone()));
        let merchant = MerchantId::new("cafe");
        let numbers = numbers(&settings, &merchant);
        let lanes = settings.lanes;
        let shop = Arc::new(Shop::new(settings.products));
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::new(clock.clone()),
            addresses: Addresses::new(b"identity".to_vec()),
            keys,
            numbers,
            lanes: LaneSettings {
                lease_ms: settings.lease_ms,
                unknown_hold_ms: 60_000,
                pace_ms: 300,
                pace_ahead: settings.pace_ahead,
            },
            trace: sacola::trace::Trace::off(),
        };
        let tasks = Tasks::new();
        let (engine, lane_work) = Engine::new(parts, tasks.clone(), 1_000);
        let links = LinkRule {
            hosts: vec!["pay.example.com".to_owned()],
            allow_private: Vec::new(),
        };
        let settings = MerchantSettings {
            links,
            mirror_interval_ms: 60_000,
            timeout_ms: 1_000,
        };
        let connector: Arc<dyn sacola::merchants::Connector> = Arc::clone(&shop) as _;
        let parts = DeliveryParts {
            engine: Arc::clone(&engine),
            provider: Arc::clone(&chat) as _,
            sides: Sides {
                connectors: [(merchant.clone(), connector)].into(),
                merchants: [(merchant.clone(), settings)].into(),
                rates: BTreeMap::new(),
            },
            replica: "test".to_owned(),
            lanes,
        };
        let dispatcher = Dispatcher::new(parts, tasks);
        dispatcher.mirror(&merchant).await.unwrap();
        Self {
            clock,
            engine,
            dispatcher,
            chat,
            shop,
            store,
            lane_work,
            later: Vec::new(),
            held: Vec::new(),
            _directory: directory,
        }
    }

    /// Takes an event and steps everything that it causes.
    pub async fn happens(&mut self, happened: Happened) -> Taken {
        let taken = self.engine.take(happened).await.unwrap();
        self.settle().await;
        taken
    }

    /// Steps lanes until nothing is due within a moment.
    pub async fn settle(&mut self) {
        loop {
            while let Ok(work) = self.lane_work.try_recv() {
                match work {
                    LaneWork::Serve(head, _) => self.dispatcher.serve(*head).await,
                    LaneWork::Hold(head, at_ms) => self.held.push((at_ms, head)),
                    LaneWork::Wake(lane, at_ms) => self.later.push((at_ms, lane)),
                }
            }
            self.later.sort();
            let now_ms = self.clock.now_ms();
            let held = self.held.iter().map(|(at_ms, _)| *at_ms).min();
            let woken = self.later.first().map(|(at_ms, _)| *at_ms);
            let next = [held, woken].into_iter().flatten().min();
            let Some(at_ms) = next.filter(|at_ms| at_ms - now_ms <= SHORT_MS) else {
                return;
            };
            self.clock.advance_ms((at_ms - now_ms).max(0));
            self.does_what_is_due().await;
        }
    }

    /// One held head or lane whose time has come; false when there is none.
    async fn does_what_is_due(&mut self) -> bool {
        let now_ms = self.clock.now_ms();
        self.held.sort_by_key(|(at_ms, _)| *at_ms);
        self.later.sort();
        if self.held.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            let (_, head) = self.held.remove(0);
            self.dispatcher.serve(*head).await;
            return true;
        }
        if self.later.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            let (_, lane) = self.later.remove(0);
            self.dispatcher.ask_for(&lane).await;
            return true;
        }
        false
    }

    /// Steps what may be done now, without moving the clock.
    pub async fn settle_now(&mut self) {
        loop {
            while let Ok(work) = self.lane_work.try_recv() {
                match work {
                    LaneWork::Serve(head, _) => self.dispatcher.serve(*head).await,
                    LaneWork::Hold(head, at_ms) => self.held.push((at_ms, head)),
                    LaneWork::Wake(lane, at_ms) => self.later.push((at_ms, lane)),
                }
            }
            if !self.does_what_is_due().await {
                return;
            }
        }
    }

    /// Moves the clock, then lets the sweeper find what is due.
    pub async fn passes(&mut self, ms: i64) {
        self.clock.advance_ms(ms);
        self.later.clear();
        loop {
            let due = self.store.due_lanes(self.clock.now_ms(), 100).await.unwrap();
            if due.is_empty() {
                break;
            }
            for lane in &due {
                self.dispatcher.ask_for(lane).await;
            }
            self.settle().await;
            let again = self.store.due_lanes(self.clock.now_ms(), 100).await.unwrap();
            if again == due {
                break;
            }
        }
        self.settle().await;
    }

    /// From now on lanes are served by themselves, as in a running gateway; nothing is left to step.
    pub fn runs(&mut self) {
        let (_, nothing) = mpsc::channel(1);
        let lane_work = std::mem::replace(&mut self.lane_work, nothing);
        self.dispatcher.run(lane_work, &[MerchantId::new("cafe")].into());
    }

    /// Lane work that nobody has served yet is lost, as with a dead replica.
    pub fn replica_dies(&mut self) {
        while self.lane_work.try_recv().is_ok() {}
        self.later.clear();
    }

    pub fn happened(&self, phone: &Phone, what: What) -> Happened {
        self.happened_as(
            phone,
            &format!("m{}", SERIAL.fetch_add(1, Ordering::Relaxed)),
            what,
        )
    }

    pub fn happened_as(&self, phone: &Phone, id: &str, what: What) -> Happened {
        Happened {
            who: Who::Customer {
                number: number(),
                customer: phone.customer.clone(),
            },
            id: format!("in:{id}"),
            at_ms: self.clock.now_ms(),
            purchase_id: purchase_id(&number(), &phone.customer, id),
            root: None,
            what,
        }
    }

    pub async fn says(&mut self, phone: &Phone, text: &str) -> Seen {
        let event = Event::Said {
            text: text.to_owned(),
            about: None,
            device: phone.device,
        };
        let happened = self.happened(phone, What::Event(event));
        self.happens(happened).await;
        self.last(phone)
    }

    pub fn tap(&self, phone: &Phone, id: &str) -> Happened {
        self.happened(
            phone,
            What::Tap {
                id: id.to_owned(),
                device: phone.device,
            },
        )
    }

    pub async fn taps(&mut self, phone: &Phone, id: &str) -> Seen {
        let happened = self.tap(phone, id);
        self.happens(happened).await;
        self.last(phone)
    }

    /// Opens a product and adds one of it.
    pub async fn adds(&mut self, phone: &Phone, product: &str) -> Seen {
        let shown = self.shows(phone, product).await;
        self.taps(phone, &shown.button("add")).await
    }

    /// Walks from the menu to a product.
    pub async fn shows(&mut self, phone: &Phone, product: &str) -> Seen {
        let menu = self.says(phone, "menu").await;
        for (id, _) in menu
            .buttons()
            .into_iter()
            .filter(|(id, _)| id.starts_with("s1.category."))
        {
            let mut list = self.taps(phone, &id).await;
            loop {
                let found = list
                    .buttons()
                    .into_iter()
                    .find(|(id, _)| id.starts_with("s1.product.") && id.contains(&format!(".p{product}.")));
                if let Some((id, _)) = found {
                    return self.taps(phone, &id).await;
                }
                if !list.has("page") {
                    break;
                }
                list = self.taps(phone, &list.button("page")).await;
            }
        }
        panic!("{product} is in no category")
    }

    /// From a cart with lines to the payment link.
    pub async fn buys(&mut self, phone: &Phone) -> Seen {
        let summary = self.says(phone, "finalizar").await;
        assert_eq!(summary.kind, Kind::Summary, "{}", summary.body());
        self.taps(phone, &summary.button("confirm")).await
    }

    pub async fn orders(&mut self, phone: &Phone, items: &[(&str, i64, &str)]) -> Seen {
        let happened = self.ordered(phone, items);
        self.happens(happened).await;
        self.last(phone)
    }

    /// WhatsApp's own cart, sent.
    pub fn ordered(&self, phone: &Phone, items: &[(&str, i64, &str)]) -> Happened {
        let item = |(id, quantity, price): &(&str, i64, &str)| OrderItem {
            retailer_id: RetailerId::new(*id),
            quantity: *quantity,
            item_price: (*price).to_owned(),
            currency: "BRL".to_owned(),
        };
        let items = items.iter().map(item).collect();
        let event = Event::Ordered {
            items,
            note: None,
            device: phone.device,
        };
        self.happened(phone, What::Event(event))
    }

    /// The merchant tells something about a purchase.
    pub async fn merchant_says(&mut self, id: &PurchaseId, state: PurchaseState, total: Option<Money>) {
        let record = self.engine.purchase(id).await.unwrap().unwrap();
        let event = Event::PurchaseNews {
            purchase_id: id.clone(),
            state,
            total,
            merchant_order_id: None,
            tracking_url: None,
            reason: None,
            record: Some(Box::new(record.purchase.clone())),
        };
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let happened = Happened {
            who: Who::Home(record.home),
            id: format!("callback:{serial}"),
            at_ms: self.clock.now_ms(),
            purchase_id: PurchaseId::new("00"),
            root: None,
            what: What::Event(event),
        };
        self.happens(happened).await;
    }

    /// The shop changes a product and tells us; carts are walked.
    pub async fn product_changes(&mut self, id: &str, change: impl FnOnce(&mut Product)) {
        let product = self.shop.change(id, change);
        self.product_news(id, Some(product)).await;
    }

    pub async fn product_news(&mut self, id: &str, product: Option<Product>) {
        self.clock.advance_ms(1);
        let news = sacola::delivery::Learned {
            retailer_id: RetailerId::new(id),
            product,
            learned_at_ms: self.clock.now_ms(),
        };
        self.dispatcher
            .learn(&MerchantId::new("cafe"), vec![news])
            .await
            .unwrap();
        self.dispatcher.walk_all().await.unwrap();
        self.settle().await;
    }

    pub async fn conversation(&self, phone: &Phone) -> Conversation {
        let id = phone
            .customer
            .user_id
            .as_deref()
            .or(phone.customer.wa_id.as_deref())
            .unwrap();
        self.engine
            .conversation_of(&number(), id)
            .await
            .unwrap()
            .expect("the customer has written")
    }

    /// Lines of the device's cart as (product, quantity).
    pub async fn cart(&self, phone: &Phone) -> Vec<(String, u8)> {
        let cart = self.conversation(phone).await.cart(phone.device);
        cart.lines
            .iter()
            .map(|line| (line.retailer_id.to_string(), line.quantity))
            .collect()
    }

    /// All dead letters, oldest first.
    pub async fn letters(&self) -> Vec<DeadLetter> {
        let all = LetterFilter::default();
        self.store.dead_letters(&all, None, 100).await.unwrap()
    }

    pub async fn screen(&self, phone: &Phone) -> Vec<Seen> {
        self.chat.phone(&self.conversation(phone).await.home)
    }

    fn last(&self, phone: &Phone) -> Seen {
        let homes = self.engine.addresses().homes(&number(), &phone.customer);
        let seen = homes.iter().find_map(|home| self.chat.phone(home).pop());
        seen.unwrap_or_else(|| panic!("{phone:?} has seen nothing"))
    }
}

/// Both numbers of the shop.
fn numbers(settings: &Settings, merchant: &MerchantId) -> BTreeMap<NumberId, NumberSettings> {
    let shop = ShopSettings {
        merchant: merchant.clone(),
        name: "Café da Praça".to_owned(),
        currency: Currency::BRL,
        locale: settings.locale,
        catalog_id: Some("367025965434465".to_owned()),
        web_clients: settings.web_clients,
        order_details: settings.order_details,
    };
    let settings = |number: NumberId| {
        let shop = shop.clone();
        (number.clone(), NumberSettings { number, shop })
    };
    [number(), second_number()].map(settings).into()
}

/// The business number.
pub fn number() -> NumberId {
    NumberId::new("106540352242922")
}

/// Another one of the same merchant.
pub fn second_number() -> NumberId {
    NumberId::new("106540352242923")
}

/// Ana, on her Android phone.
pub fn ana() -> Phone {
    phone("BR.1001", Device::Android)
}

/// Somebody on some device.
pub fn phone(user_id: &str, device: Device) -> Phone {
    let customer = Customer {
        user_id: Some(user_id.to_owned()),
        wa_id: Some(format!("55119{}", user_id.trim_start_matches("BR."))),
        name: Some("Ana".to_owned()),
    };
    Phone { customer, device }
}
