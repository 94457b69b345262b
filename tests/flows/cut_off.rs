//! A turn that panics outside of any decision: its sender hears of it, and the conversation goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use sacola::clock::{Clock, ManualClock};
use sacola::domain::event::Event;
use sacola::domain::facts::{Shop, WebClients};
use sacola::domain::ids::{MerchantId, PurchaseId};
use sacola::domain::money::Currency;
use sacola::domain::replies::Locale;
use sacola::engine::addresses::Addresses;
use sacola::engine::{Engine, Happened, LaneSettings, NumberSettings, Parts, Refused, Taken, What, Who};
use sacola::store::embedded;
use sacola::tasks::Tasks;
use sacola::whatsapp::buttons::Keyring;

use crate::support::world::{NOON_MS, ana, number};

/// A clock that panics once when it is told to.
#[derive(Clone, Debug)]
struct Trap {
    clock: ManualClock,
    is_set: Arc<AtomicBool>,
}

impl Clock for Trap {
    fn now_ms(&self) -> i64 {
        assert!(
            !self.is_set.swap(false, Ordering::SeqCst),
            "a trap in the middle of a turn"
        );
        self.clock.now_ms()
    }

    fn sleep_ms(&self, duration_ms: u64) -> BoxFuture<'static, ()> {
        self.clock.sleep_ms(duration_ms)
    }
}

fn says(id: &str) -> Happened {
    let ana = ana();
    Happened {
        who: Who::Customer {
            number: number(),
            customer: ana.customer,
        },
        id: format!("in:{id}"),
        at_ms: NOON_MS,
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(Event::Welcomed { device: ana.device }),
    }
}

#[tokio::test]
async fn a_turn_that_panics_is_told_as_cut_off_and_the_next_one_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let trap = Trap {
        clock: ManualClock::at(NOON_MS),
        is_set: Arc::new(AtomicBool::new(false)),
    };
    let shop = Shop {
        merchant: MerchantId::new("cafe"),
        name: "Café da Praça".to_owned(),
        currency: Currency::BRL,
        locale: Locale::PtBr,
        catalog_id: None,
        web_clients: WebClients::OwnCart,
        order_details: false,
    };
    let settings = NumberSettings {
        number: number(),
        shop,
    };
    let parts = Parts {
        store: Arc::new(embedded::open(directory.path()).unwrap()),
        clock: Arc::new(trap.clone()),
        addresses: Addresses::new(b"identity".to_vec()),
        keys: Keyring::new(vec![("k1".to_owned(), b"a key for tests".to_vec())], 30),
        numbers: BTreeMap::from([(number(), settings)]),
        lanes: LaneSettings {
            lease_ms: 10_000,
            unknown_hold_ms: 60_000,
            pace_ms: 300,
            pace_ahead: 0,
        },
        trace: sacola::trace::Trace::off(),
    };
    let (engine, _lane_work) = Engine::new(parts, Tasks::new(), 10);
    trap.is_set.store(true, Ordering::SeqCst);
    let cut_off = engine.take(says("first")).await;
    assert_eq!(cut_off, Err(Refused::Store("the turn was cut off".to_owned())));
    assert!(!trap.is_set.load(Ordering::SeqCst), "the trap was sprung");
    for expected_new in [true, false] {
        let taken = engine.take(says("first")).await.unwrap();
        assert_eq!(matches!(taken, Taken::Done { .. }), expected_new, "{taken:?}");
    }
}
