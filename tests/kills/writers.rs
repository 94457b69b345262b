//! Writers on one store, as gateways write: each commits events to conversations of its own and comes again with each until it
//! is acknowledged. They record what was acknowledged; [`super::tally`] compares that with what the store holds.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sacola::clock::{Clock, MovableClock};
use sacola::domain::ids::{EffectId, HomeId, PurchaseId};
use sacola::store::redis::{self, Options};
use sacola::store::{
    Class, Commit, CommitOutcome, DoneMark, Error, Item, LaneKind, LaneTimes, LoadRequest, Store,
    StoredConversation, UnixMs,
};
use sacola::tasks::Tasks;

/// The time of all calls: no lease and no mark ends meanwhile.
pub const NOW: UnixMs = 1_790_000_000_000;
pub const LEASE: i64 = 30_000;
const DAY_MS: i64 = 86_400_000;
/// As many tries as the engine makes before it answers 503.
const ATTEMPTS_MAX: u64 = 8;
/// How long a sender waits before it comes again.
const AGAIN_MS: u64 = 20;
/// Longest that anything is waited for.
const BOUND_MS: u64 = 60_000;
const LOOK_MS: u64 = 5;
/// How often a store that does not answer is asked again, and after which pause.
const CONNECTS: u32 = 20;
const CONNECT_AGAIN_MS: u64 = 500;
/// One event of so many begins a purchase.
const BUYS: u64 = 4;

/// Who writes what.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub writers: u32,
    /// Conversations of each writer.
    pub conversations: u32,
    /// The conversations lie in so many shards, from the first one on.
    pub shards: u32,
    pub state_bytes: usize,
    /// Between two events of a writer.
    pub pause_ms: u64,
}

impl Plan {
    /// As fast as the store takes it.
    pub const USUAL: Self = Self {
        writers: 32,
        conversations: 4,
        shards: 256,
        state_bytes: 4 * 1024,
        pause_ms: 0,
    };

    pub fn homes(&self) -> Vec<HomeId> {
        (0..self.writers * self.conversations)
            .map(|n| self.home(n))
            .collect()
    }

    fn home(&self, n: u32) -> HomeId {
        HomeId::new(format!("{:02x}{n:020x}", n % self.shards))
    }
}

/// Something that happened once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    pub home: HomeId,
    /// No two events of a run have the same.
    pub number: u64,
}

impl Event {
    pub fn mark(&self) -> DoneMark {
        DoneMark {
            hash: self.number,
            day: NOW / DAY_MS,
        }
    }

    /// How it is written in the state, as its effect and as its purchase.
    pub fn text(&self) -> String {
        format!("{:x}", self.number)
    }

    /// The purchase that it begins, if it does.
    pub fn purchase(&self) -> Option<PurchaseId> {
        let shard = self.home.as_str().get(..2).unwrap_or_default();
        self.number
            .is_multiple_of(BUYS)
            .then(|| PurchaseId::new(format!("{shard}p{:x}", self.number)))
    }
}

/// A conversation as a writer has it at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub revision: u64,
    /// The texts of all events that it took, in order.
    pub events: Vec<String>,
}

impl Held {
    pub fn of(stored: &StoredConversation) -> Self {
        let state = stored.state.as_deref().unwrap_or_default();
        let texts = state.split_once('|').map_or("", |(texts, _)| texts).split(',');
        Self {
            revision: stored.revision,
            events: texts.filter(|text| !text.is_empty()).map(str::to_owned).collect(),
        }
    }

    /// The conversation after an event, and the commit that makes it so.
    pub fn taking(&self, event: &Event, state_bytes: usize) -> (Self, Commit) {
        let revision = self.revision + 1;
        let mut events = self.events.clone();
        events.push(event.text());
        let mut state = events.join(",");
        state.push('|');
        let padding = state_bytes.saturating_sub(state.len());
        state.extend(std::iter::repeat_n('x', padding));
        let item = Item {
            effect_id: EffectId::of(&event.home, revision, 0),
            revision,
            class: Class::Reply,
            supersedes: None,
            may_pass: false,
            body: event.text(),
        };
        let commit = Commit {
            home: event.home.clone(),
            expected_revision: self.revision,
            revision,
            state,
            window_open_until_ms: NOW + DAY_MS,
            marks: vec![event.mark()],
            facts: Vec::new(),
            items: vec![(LaneKind::Provider, item)],
            interest_added: Vec::new(),
            interest_removed: Vec::new(),
            purchases: event
                .purchase()
                .into_iter()
                .map(|id| (id, event.text()))
                .collect(),
            journal: Vec::new(),
            dead_letters: Vec::new(),
        };
        (Self { revision, events }, commit)
    }
}

/// The times of all calls of writers.
pub fn times() -> LaneTimes {
    LaneTimes {
        now_ms: NOW,
        lease_ms: LEASE,
        unknown_hold_ms: LEASE,
        pace_ms: 0,
        pace_ahead: 0,
    }
}

/// A Redis or a cluster as a store of its own; one that stands still for a while is waited for.
pub async fn connect(url: &str, wait_replicas: u32) -> Arc<dyn Store> {
    let clock = MovableClock::fixed();
    for _ in 0..CONNECTS {
        match redis::connect(url, options(wait_replicas)).await {
            Ok(store) => return Arc::new(store),
            Err(_) => clock.sleep_ms(CONNECT_AGAIN_MS).await,
        }
    }
    Arc::new(redis::connect(url, options(wait_replicas)).await.unwrap())
}

fn options(wait_replicas: u32) -> Options {
    Options {
        wait_replicas,
        connect_timeout_ms: 2_000,
        ..Options::default()
    }
}

/// Writers at work.
pub struct Writers {
    store: Arc<dyn Store>,
    plan: Plan,
    tell: fn(&Event),
    clock: MovableClock,
    acknowledged: Mutex<Vec<Event>>,
    /// What no fault may look like: the store held something unreadable, or was unfit.
    alarming: Mutex<Vec<String>>,
    /// How the store last refused, for whoever reads why a test failed.
    last: Mutex<String>,
    refused: AtomicU64,
    at_work: AtomicU32,
    ends: AtomicBool,
}

/// For writers of whom nobody wants to hear.
pub fn quietly(_: &Event) {}

impl Writers {
    /// Starts them in the background; `tell` hears of each acknowledged event at once.
    pub fn start(store: &Arc<dyn Store>, plan: Plan, tell: fn(&Event), tasks: &Tasks) -> Arc<Self> {
        let writers = Arc::new(Self {
            store: Arc::clone(store),
            plan,
            tell,
            clock: MovableClock::fixed(),
            acknowledged: Mutex::default(),
            alarming: Mutex::default(),
            last: Mutex::default(),
            refused: AtomicU64::new(0),
            at_work: AtomicU32::new(plan.writers),
            ends: AtomicBool::new(false),
        });
        for writer in 0..plan.writers {
            let own = Arc::clone(&writers);
            tasks.spawn("writer", async move {
                own.writes(writer).await;
                own.at_work.fetch_sub(1, Ordering::SeqCst);
            });
        }
        writers
    }

    /// What was acknowledged so far.
    pub fn acknowledged(&self) -> Vec<Event> {
        locked(&self.acknowledged).clone()
    }

    /// How often an event was answered as by 503.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    pub async fn waits(&self, pause_ms: u64) {
        self.clock.sleep_ms(pause_ms).await;
    }

    /// Waits until so many more events were acknowledged.
    pub async fn go_on_for(&self, events: usize) {
        let wanted = locked(&self.acknowledged).len() + events;
        for _ in 0..BOUND_MS / LOOK_MS {
            if locked(&self.acknowledged).len() >= wanted {
                return;
            }
            self.clock.sleep_ms(LOOK_MS).await;
        }
        panic!(
            "the store takes nothing any more: {:?}, {}",
            locked(&self.alarming),
            locked(&self.last)
        );
    }

    /// Lets each writer bring its event to the end. So nothing is under way any more that could still change the store.
    pub async fn end(&self) {
        self.ends.store(true, Ordering::SeqCst);
        for _ in 0..BOUND_MS / LOOK_MS {
            if self.at_work.load(Ordering::SeqCst) == 0 {
                assert_eq!(*locked(&self.alarming), Vec::<String>::new());
                return;
            }
            self.clock.sleep_ms(LOOK_MS).await;
        }
        panic!(
            "an event is never acknowledged: {:?}, {}",
            locked(&self.alarming),
            locked(&self.last)
        );
    }

    async fn writes(&self, writer: u32) {
        let mut at_hand: BTreeMap<u32, Held> = BTreeMap::new();
        for number in 0_u32.. {
            if self.ends.load(Ordering::SeqCst) {
                return;
            }
            let place = number % self.plan.conversations;
            let event = Event {
                home: self.plan.home(writer * self.plan.conversations + place),
                number: (u64::from(writer) << 32) | u64::from(number),
            };
            let held = self.delivers(&event, at_hand.remove(&place)).await;
            at_hand.insert(place, held);
            (self.tell)(&event);
            locked(&self.acknowledged).push(event);
            if self.plan.pause_ms > 0 {
                self.clock.sleep_ms(self.plan.pause_ms).await;
            }
        }
    }

    /// As a provider: again and again until it is acknowledged.
    async fn delivers(&self, event: &Event, mut at_hand: Option<Held>) -> Held {
        loop {
            match self.takes(event, at_hand.take()).await {
                Ok(held) => return held,
                Err(error) => self.notes(&error),
            }
            self.clock.sleep_ms(AGAIN_MS).await;
        }
    }

    fn notes(&self, error: &Error) {
        self.refused.fetch_add(1, Ordering::SeqCst);
        *locked(&self.last) = error.to_string();
        match error {
            Error::Unavailable(_) | Error::Unknown(_) | Error::NotReplicated { .. } => {}
            Error::Corrupt { .. } | Error::Unfit(_) => locked(&self.alarming).push(error.to_string()),
        }
    }

    /// As the engine takes an event (`engine/turns.rs`): the first try with what is at hand, and once more when an answer was lost.
    async fn takes(&self, event: &Event, mut at_hand: Option<Held>) -> Result<Held, Error> {
        let mut asked_again = false;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 1 {
                self.clock.sleep_ms(attempt).await;
            }
            match self.tries(event, at_hand.take()).await {
                Ok(Some(held)) => return Ok(held),
                Ok(None) => {}
                Err(Error::Unknown(_)) if !asked_again => asked_again = true,
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unavailable("the conversation is too busy".to_owned()))
    }

    /// One try. `None`: what was at hand is not what the store holds.
    async fn tries(&self, event: &Event, at_hand: Option<Held>) -> Result<Option<Held>, Error> {
        let held = if let Some(held) = at_hand {
            held
        } else {
            let stored = load(&self.store, &event.home, vec![event.mark()]).await?;
            let held = Held::of(&stored);
            if !stored.done.is_empty() {
                return Ok(Some(held));
            }
            held
        };
        let (after, commit) = held.taking(event, self.plan.state_bytes);
        match self.store.commit(commit, times()).await? {
            CommitOutcome::Committed { .. } => Ok(Some(after)),
            CommitOutcome::Conflict | CommitOutcome::Duplicate => Ok(None),
            CommitOutcome::StaleFacts(facts) => panic!("it rests on no fact: {facts:?}"),
        }
    }
}

/// One conversation with those of the marks that are set.
pub async fn load(
    store: &Arc<dyn Store>,
    home: &HomeId,
    marks: Vec<DoneMark>,
) -> Result<StoredConversation, Error> {
    let request = LoadRequest {
        homes: vec![home.clone()],
        aliases: Vec::new(),
        marks,
    };
    let mut loaded = store.load(&[request]).await?;
    Ok(loaded.pop().unwrap().conversations.pop().unwrap())
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
