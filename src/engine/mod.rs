//! The engine: load → decide → commit, the one way in which a conversation changes. It owns folding (events that wait for
//! one conversation become one commit, in arrival order), conflicts, stale facts and panics in decisions; it refuses to
//! perform effects and to know any provider's or merchant's JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::domain::conversation::{Conversation, Customer};
use crate::domain::device::Device;
use crate::domain::event::Event;
use crate::domain::facts::Shop;
use crate::domain::ids::{EffectId, HomeId, MerchantId, NumberId, PurchaseId};
use crate::domain::purchase::Purchase;
use crate::faults::{self, Bug};
use crate::live::Live;
use crate::store::{self, DoneMark, Head, LaneId, LaneTimes, Store};
use crate::tasks::Tasks;
use crate::trace::Trace;
use crate::whatsapp::buttons::Keyring;

pub mod addresses;
pub mod catalogs;
mod counts;
mod drafts;
mod encoded;
pub mod erasure;
mod finding;
mod handing;
pub mod items;
pub mod journal;
mod links;
mod lookups;
mod parking;
pub mod replay;
mod traced;
mod turns;
mod waiting;
mod warm;
mod would;

use addresses::Addresses;
use catalogs::Catalogs;
pub use lookups::Recorded;
use waiting::Queue;

pub use parking::replay_id;
pub use would::Would;

/// A business number as the engine knows it.
#[derive(Clone, Debug)]
pub struct NumberSettings {
    /// The number.
    pub number: NumberId,
    /// Its shop.
    pub shop: Shop,
}

/// Whose event it is.
#[derive(Clone, Debug)]
pub enum Who {
    /// A customer, by provider fields.
    Customer {
        /// The business number.
        number: NumberId,
        /// The customer.
        customer: Customer,
    },
    /// A known conversation.
    Home(HomeId),
}

/// What happened, before the conversation is known.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most are events, and few are under way at once: a box would cost more than it saves"
)]
pub enum What {
    /// An event as it is.
    Event(Event),
    /// A tap whose id can only be checked against its conversation.
    Tap {
        /// The button's or row's id, as received.
        id: String,
        /// The class of device.
        device: Device,
    },
}

/// Something that happened, on its way to a decision.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Whose.
    pub who: Who,
    /// Its id; the same on each redelivery.
    pub id: String,
    /// Its own time.
    pub at_ms: i64,
    /// The purchase that it would confirm.
    pub purchase_id: PurchaseId,
    /// The revision of the event that its chain began with, for traces; `None`: a chain begins here.
    pub root: Option<u64>,
    /// What.
    pub what: What,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was decided and is durable.
    Done {
        /// The effects that it caused: id and word.
        effects: Vec<(EffectId, &'static str)>,
        /// True when news is owed until the customer writes again.
        owed: bool,
        /// True when it could not be decided and is a dead letter now.
        parked: bool,
    },
    /// It was done before.
    Duplicate,
    /// There is no such conversation.
    NoConversation,
}

/// Why it was not taken; the sender must try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The store did not take it, or did not say.
    #[error("the store did not take the event: {0}")]
    Store(String),
    /// Too many replicas changed the conversation at once.
    #[error("the conversation is too busy")]
    Busy,
    /// The number is not configured.
    #[error("the business number is not configured")]
    UnknownNumber,
}

/// Work for whoever serves lanes.
#[derive(Clone, Debug)]
pub enum LaneWork {
    /// A lane that is already leased to us, and its business number.
    Serve(Box<Head>, NumberId),
    /// The same, not before that time: its number may send nothing until then.
    Hold(Box<Head>, i64),
    /// A lane to ask for at that time.
    Wake(LaneId, i64),
}

/// Times that shape lanes.
#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    /// Length of a lease.
    pub lease_ms: i64,
    /// How long a message of unknown outcome waits for its status.
    pub unknown_hold_ms: i64,
    /// Pause between superseding messages of one conversation.
    pub pace_ms: i64,
    /// How many of them may go ahead of that after a pause.
    pub pace_ahead: i64,
}

/// What the engine is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Home ids.
    pub addresses: Addresses,
    /// Button ids.
    pub keys: Keyring,
    /// Numbers and their shops.
    pub numbers: BTreeMap<NumberId, NumberSettings>,
    /// Lane times.
    pub lanes: LaneSettings,
    /// Who watches.
    pub trace: Trace,
}

/// What stays as long as the engine runs.
#[derive(Debug)]
struct Standing {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    addresses: Addresses,
    lanes: LaneSettings,
    trace: Trace,
}

/// What may be replaced while it runs.
#[derive(Debug)]
struct Known {
    keys: Keyring,
    numbers: BTreeMap<NumberId, Arc<NumberSettings>>,
}

impl Known {
    fn of(keys: Keyring, numbers: BTreeMap<NumberId, NumberSettings>) -> Self {
        let numbers = numbers.into_iter();
        Self {
            keys,
            numbers: numbers.map(|(id, settings)| (id, Arc::new(settings))).collect(),
        }
    }
}

/// The engine. Cheap to share.
#[derive(Debug)]
pub struct Engine {
    parts: Standing,
    known: Live<Known>,
    catalogs: Catalogs,
    warm: warm::WarmConversations,
    waiting: Mutex<BTreeMap<HomeId, Vec<Waiting>>>,
    inbound: Mutex<BTreeMap<NumberId, u32>>,
    lane_work: mpsc::Sender<LaneWork>,
    tasks: Tasks,
}

#[derive(Debug)]
struct Waiting {
    happened: Happened,
    answer: oneshot::Sender<Result<Taken, Refused>>,
}

/// A purchase as kept under its own key.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PurchaseRecord {
    /// Its conversation.
    pub home: HomeId,
    /// The business number.
    pub number: NumberId,
    /// Whose.
    pub merchant: MerchantId,
    /// The purchase.
    pub purchase: Purchase,
}

impl Engine {
    /// An engine and the stream of lane work that it makes. `lane_work_max` bounds that stream; what does not fit is picked
    /// up by the sweeper when its lease ends.
    pub fn new(parts: Parts, tasks: Tasks, lane_work_max: usize) -> (Arc<Self>, mpsc::Receiver<LaneWork>) {
        let (lane_work, receiver) = mpsc::channel(lane_work_max);
        let waiting = Mutex::default();
        let known = Known::of(parts.keys, parts.numbers);
        let parts = Standing {
            store: parts.store,
            clock: parts.clock,
            addresses: parts.addresses,
            lanes: parts.lanes,
            trace: parts.trace,
        };
        (
            Arc::new(Self {
                parts,
                known: Live::new(known),
                catalogs: Catalogs::default(),
                warm: warm::WarmConversations::default(),
                waiting,
                inbound: Mutex::default(),
                lane_work,
                tasks,
            }),
            receiver,
        )
    }

    /// Takes what happened: it is durable when this returns `Ok`.
    pub async fn take(self: &Arc<Self>, happened: Happened) -> Result<Taken, Refused> {
        let happened = planted(happened);
        let key = self.folding_key(&happened.who)?;
        let (answer, taken) = oneshot::channel();
        let first = {
            let mut waiting = self
                .waiting
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let first = !waiting.contains_key(&key);
            waiting
                .entry(key.clone())
                .or_default()
                .push(Waiting { happened, answer });
            first
        };
        if first {
            let engine = Arc::clone(self);
            self.tasks.spawn("turn", async move { engine.drain(key).await });
        }
        if faults::is_planted(Bug::AckBeforeCommit) {
            return Ok(Taken::Duplicate);
        }
        taken
            .await
            .unwrap_or_else(|_| Err(Refused::Store("the turn was cut off".to_owned())))
    }

    fn folding_key(&self, who: &Who) -> Result<HomeId, Refused> {
        match who {
            Who::Home(home) => Ok(home.clone()),
            Who::Customer { number, customer } => {
                self.number(number).ok_or(Refused::UnknownNumber)?;
                let mut inbound = self
                    .inbound
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                *inbound.entry(number.clone()).or_default() += 1;
                let homes = self.parts.addresses.homes(number, customer);
                homes.into_iter().next().ok_or(Refused::UnknownNumber)
            }
        }
    }

    /// Serves the events of one conversation until none waits.
    async fn drain(self: Arc<Self>, key: HomeId) {
        let mut queue = Queue::of(&self.waiting, key);
        while let Some(batch) = queue.next_batch() {
            self.turn(batch).await;
        }
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// Who watches, step by step.
    pub fn trace(&self) -> &Trace {
        &self.parts.trace
    }

    /// The replica's catalogs.
    pub fn catalogs(&self) -> &Catalogs {
        &self.catalogs
    }

    /// Forgets the conversations at hand: the next event of each is loaded.
    pub fn forget_conversations(&self) {
        self.warm.clear();
    }

    /// Settings of a number.
    pub fn number(&self, number: &NumberId) -> Option<Arc<NumberSettings>> {
        self.known.load().numbers.get(number).map(Arc::clone)
    }

    /// All numbers.
    pub fn numbers(&self) -> Vec<Arc<NumberSettings>> {
        self.known.load().numbers.values().map(Arc::clone).collect()
    }

    /// From now on these keys verify taps, and these are the numbers.
    pub fn replace(&self, keys: Keyring, numbers: BTreeMap<NumberId, NumberSettings>) {
        self.known.replace(Known::of(keys, numbers));
    }

    /// Home ids.
    pub fn addresses(&self) -> &Addresses {
        &self.parts.addresses
    }

    /// Messages of customers since the last call, by number.
    pub fn take_inbound_counts(&self) -> BTreeMap<NumberId, u32> {
        std::mem::take(
            &mut *self
                .inbound
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }

    /// The times that lane calls need, as of now.
    pub fn lane_times(&self) -> LaneTimes {
        LaneTimes {
            now_ms: self.parts.clock.now_ms(),
            lease_ms: self.parts.lanes.lease_ms,
            unknown_hold_ms: self.parts.lanes.unknown_hold_ms,
            pace_ms: self.parts.lanes.pace_ms,
            pace_ahead: self.parts.lanes.pace_ahead,
        }
    }
}

/// With the planted bug that keeps one cart for all devices: an event as if all came from one.
fn planted(happened: Happened) -> Happened {
    if !faults::is_planted(Bug::CartWithoutDevice) {
        return happened;
    }
    let device = Device::Android;
    let what = match happened.what {
        What::Tap { id, .. } => What::Tap { id, device },
        What::Event(Event::Said { text, about, .. }) => What::Event(Event::Said { text, about, device }),
        what @ What::Event(_) => what,
    };
    Happened { what, ..happened }
}

fn refused(error: &store::Error) -> Refused {
    Refused::Store(error.to_string())
}

/// A loaded conversation and where it was found.
#[derive(Debug)]
struct Found {
    home: HomeId,
    conversation: Conversation,
    /// The homes that the customer's ids would have; none when it was found by its home.
    ids: Vec<HomeId>,
    stored_bytes: usize,
    expected_revision: u64,
    done: Vec<DoneMark>,
    is_new: bool,
}
