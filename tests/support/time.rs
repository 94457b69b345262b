//! Exact time for a world: the clock is set, forward or back, and only what is due at that very moment is stepped. It
//! refuses to sit through waits, as [`World::settle`] does.

use sacola::clock::Clock;
use sacola::domain::event::Event;
use sacola::domain::ids::{HomeId, PurchaseId, RetailerId};
use sacola::domain::message::Kind;
use sacola::engine::{Happened, Taken, What, Who};
use sacola::store::{ClaimOutcome, LaneId, LaneKind};

use super::world::{Phone, World};

pub const SECOND_MS: i64 = 1_000;
pub const HOUR_MS: i64 = 3_600 * SECOND_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

impl World {
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Sets the clock, forward or back; nothing is stepped.
    pub fn sets_clock(&self, at_ms: i64) {
        self.clock.advance_ms(at_ms - self.clock.now_ms());
    }

    /// Takes an event and steps what it causes in the same millisecond.
    pub async fn takes(&mut self, happened: Happened) -> Taken {
        let taken = self.engine.take(happened).await.unwrap();
        self.settle_now().await;
        taken
    }

    /// Steps what is due now, and what the sweeper finds due now.
    pub async fn sweeps(&mut self) {
        self.settle_now().await;
        let due = self.store.due_lanes(self.clock.now_ms(), 100).await.unwrap();
        for lane in &due {
            self.dispatcher.ask_for(lane).await;
        }
        self.settle_now().await;
    }

    /// Sets the clock and steps what is due then.
    pub async fn comes_to(&mut self, at_ms: i64) {
        self.sets_clock(at_ms);
        self.sweeps().await;
    }

    pub async fn home(&self, phone: &Phone) -> HomeId {
        self.conversation(phone).await.home
    }

    /// Until when a lane with nothing due waits; `None` when it is empty.
    pub async fn waits_until(&self, phone: &Phone, kind: LaneKind) -> Option<i64> {
        let home = self.home(phone).await;
        let lane = LaneId { home, kind };
        match self.store.claim(&lane, self.engine.lane_times()).await.unwrap() {
            ClaimOutcome::Wait(at_ms) => Some(at_ms),
            ClaimOutcome::Empty => None,
            ClaimOutcome::Claimed(head) => panic!("due already: {head:?}"),
        }
    }

    /// The customer's words, sent now.
    pub fn said(&self, phone: &Phone, text: &str) -> Happened {
        let event = Event::Said {
            about: None,
            text: text.to_owned(),
            device: phone.device,
        };
        self.happened(phone, What::Event(event))
    }

    /// The merchant asks to show the coffee.
    pub fn requested(&self, home: &HomeId, id: &str) -> Happened {
        Happened {
            who: Who::Home(home.clone()),
            id: format!("api:{id}"),
            at_ms: self.clock.now_ms(),
            purchase_id: PurchaseId::new("00"),
            root: None,
            what: What::Event(Event::ProductsRequested {
                products: vec![RetailerId::new("coffee")],
                body: None,
            }),
        }
    }

    /// How many messages of a kind the customer sees.
    pub async fn count(&self, phone: &Phone, kind: Kind) -> usize {
        let screen = self.screen(phone).await;
        screen.iter().filter(|seen| seen.kind == kind).count()
    }
}
