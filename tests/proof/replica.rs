//! One running gateway: the real engine and dispatcher behind the four seams of this world. Its loops are not started: the
//! director decides when it sweeps, walks and serves, so that every order of events can happen.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use sacola::delivery::{Dispatcher, LanesAtOnce, MerchantSettings, Parts as DeliveryParts, Sides};
use sacola::domain::facts::{Shop as ShopSettings, WebClients};
use sacola::domain::ids::{MerchantId, NumberId};
use sacola::domain::money::Currency;
use sacola::domain::replies::Locale;
use sacola::engine::addresses::Addresses;
use sacola::engine::{Engine, LaneSettings, LaneWork, NumberSettings, Parts};
use sacola::merchants::Connector;
use sacola::merchants::payment_link::LinkRule;
use sacola::store::{Head, LaneId};
use sacola::tasks::Tasks;
use sacola::whatsapp::buttons::Keyring;
use tokio::sync::mpsc;

use super::chat::ReplicaChat;
use super::clock::ReplicaClock;
use super::outside::Outside;
use super::shop::{ReplicaShop, TIMEOUT_MS};
use super::stage::{ReplicaId, Stage};
use super::store::ReplicaStore;
use crate::support::model_store::ModelStore;

/// The one business number.
pub fn number() -> NumberId {
    NumberId::new("106540352242922")
}

/// The one merchant.
pub fn merchant() -> MerchantId {
    MerchantId::new("cafe")
}

/// The keys that sign buttons.
pub fn keys() -> Keyring {
    Keyring::new(vec![("k1".to_owned(), b"a key for the proof".to_vec())], 30)
}

/// What all replicas share.
#[derive(Clone)]
pub struct Shared {
    pub stage: Arc<Stage>,
    pub model: Arc<ModelStore>,
    pub outside: Arc<Mutex<Outside>>,
    pub rate: u32,
}

pub struct Replica {
    pub id: ReplicaId,
    pub engine: Arc<Engine>,
    pub dispatcher: Arc<Dispatcher>,
    /// What runs in the background.
    pub tasks: Tasks,
    lane_work: mpsc::Receiver<LaneWork>,
    /// Heads that wait for their turn.
    pub held: Vec<(i64, Head)>,
    /// Lanes to ask for.
    pub later: Vec<(i64, LaneId)>,
    /// Until when the director gives it no cue: a pause of the machine.
    pub frozen_until_ms: i64,
    /// What its clock is off by.
    pub skew_ms: Arc<AtomicI64>,
    /// True once it was told to stop.
    pub is_leaving: bool,
}

impl Replica {
    pub fn start(shared: &Shared, id: ReplicaId, skew_ms: i64) -> Self {
        let skew_ms = Arc::new(AtomicI64::new(skew_ms));
        let clock = ReplicaClock {
            stage: Arc::clone(&shared.stage),
            replica: id,
            skew_ms: Arc::clone(&skew_ms),
        };
        let store = ReplicaStore {
            stage: Arc::clone(&shared.stage),
            replica: id,
            model: Arc::clone(&shared.model),
        };
        let shop = ShopSettings {
            merchant: merchant(),
            name: "Café da Praça".to_owned(),
            currency: Currency::BRL,
            locale: Locale::PtBr,
            catalog_id: Some("367025965434465".to_owned()),
            web_clients: WebClients::OwnCart,
            order_details: false,
        };
        let settings = NumberSettings {
            number: number(),
            shop,
        };
        let parts = Parts {
            store: Arc::new(store),
            clock: Arc::new(clock),
            addresses: Addresses::new(b"identity".to_vec()),
            keys: keys(),
            numbers: [(number(), settings)].into(),
            lanes: LaneSettings {
                lease_ms: 10_000,
                unknown_hold_ms: 60_000,
                pace_ms: 300,
                pace_ahead: 3,
            },
            trace: sacola::trace::Trace::off(),
        };
        let tasks = Tasks::new();
        let (engine, lane_work) = Engine::new(parts, tasks.clone(), 64);
        let dispatcher = Dispatcher::new(delivery(shared, id, Arc::clone(&engine)), tasks.clone());
        Self {
            id,
            engine,
            dispatcher,
            tasks,
            lane_work,
            held: Vec::new(),
            later: Vec::new(),
            frozen_until_ms: 0,
            skew_ms,
            is_leaving: false,
        }
    }

    /// The next piece of lane work that the engine handed over.
    pub fn next_work(&mut self) -> Option<LaneWork> {
        self.lane_work.try_recv().ok()
    }

    /// Serves a leased lane in the background.
    pub fn serve(&self, head: Head) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.tasks
            .spawn("lane", async move { dispatcher.serve(head).await });
    }

    /// Asks for a lane in the background.
    pub fn ask_for(&self, lane: LaneId) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.tasks
            .spawn("lane", async move { dispatcher.ask_for(&lane).await });
    }

    /// Looks for lanes that nobody serves.
    pub fn sweep(&self) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.tasks.spawn("step", async move {
            dispatcher.sweep().await;
        });
    }

    /// Goes on with price updates, follows what other replicas learned of the catalog, and tries
    /// parked statuses again.
    pub fn walk(&self) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.tasks.spawn("step", async move {
            drop(dispatcher.walk_all().await);
            let engine = dispatcher.engine();
            let (store, merchant) = (engine.store().as_ref(), merchant());
            drop(engine.catalogs().follow(store, &merchant).await);
            drop(dispatcher.try_parked().await);
        });
    }

    /// Reads the catalog.
    pub fn mirror(&self) {
        let dispatcher = Arc::clone(&self.dispatcher);
        self.tasks.spawn("step", async move {
            drop(dispatcher.mirror(&merchant()).await);
        });
    }
}

fn delivery(shared: &Shared, id: ReplicaId, engine: Arc<Engine>) -> DeliveryParts {
    let shop = ReplicaShop {
        stage: Arc::clone(&shared.stage),
        replica: id,
        outside: Arc::clone(&shared.outside),
    };
    let chat = ReplicaChat {
        stage: Arc::clone(&shared.stage),
        replica: id,
        outside: Arc::clone(&shared.outside),
        keys: keys(),
    };
    let settings = MerchantSettings {
        links: LinkRule {
            hosts: vec!["pay.example.com".to_owned()],
            allow_private: Vec::new(),
        },
        mirror_interval_ms: 60_000,
        timeout_ms: u64::try_from(TIMEOUT_MS).unwrap(),
    };
    DeliveryParts {
        engine,
        provider: Arc::new(chat),
        sides: Sides {
            connectors: [(merchant(), Arc::new(shop) as Arc<dyn Connector>)].into(),
            merchants: [(merchant(), settings)].into(),
            rates: BTreeMap::from([(number(), shared.rate)]),
        },
        replica: format!("replica{id}"),
        lanes: LanesAtOnce::default(),
    }
}
