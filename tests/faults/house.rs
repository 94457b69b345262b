//! A gateway and the world around it in one process, under one clock. It waits for lanes to come to rest, which is the sign
//! that all that was due was tried; it refuses to wait for time to pass.

use std::sync::Arc;

use sacola::app::App;
use sacola::clock::{Clock as _, MovableClock};
use sacola::config;
use sacola::delivery::Stopped;
use sacola::store::{DeadLetter, LetterFilter};
use serde_json::{Value, json};

use super::{DAY_MS, NO_TITLE};
use crate::support::program::{API_KEY, Handset, NUMBER, Outside, environment, eventually, write_config};

/// How long a send of unknown outcome waits for its status.
pub const HOLD_MS: i64 = 60_000;
/// So long that no jump of a test ends a lease, and that a lane under one is told from a lane that waits.
const LEASE_MS: i64 = 90 * DAY_MS;
/// More lanes than any test has.
const LANES: usize = 10_000;

pub struct House {
    pub outside: Outside,
    app: App,
    clock: MovableClock,
    _directory: tempfile::TempDir,
}

impl House {
    pub async fn opens() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = MovableClock::fixed();
        let outside = Outside::on(clock.clone());
        let store = format!("embedded:{}", directory.path().join("data").display());
        let file = write_config(directory.path(), &outside, &store, 600_000);
        let text = std::fs::read_to_string(file).unwrap();
        let mut config = config::load(&text, &environment()).unwrap().config;
        config.delivery.lease_ms = LEASE_MS.unsigned_abs();
        config.delivery.unknown_hold_s = HOLD_MS.unsigned_abs() / 1_000;
        for number in &mut config.numbers {
            number.messages_per_second = 1_000;
        }
        for merchant in &mut config.merchants {
            merchant.timeout_ms = 8_000;
        }
        let app = App::start(&config, Arc::new(clock.clone())).await.unwrap();
        let house = Self {
            outside,
            app,
            clock,
            _directory: directory,
        };
        house.knows_products().await;
        let public = format!("http://{}", house.app.public);
        house.outside.emulator.set_targets(
            &format!("{public}/webhooks/whatsapp"),
            &format!("{public}/webhooks/merchants/demo"),
        );
        house
    }

    /// A start waits for a catalog two seconds at most; whoever writes before has a menu without categories.
    async fn knows_products(&self) {
        let url = format!("http://{}/v1/products?merchant=demo&limit=1", self.app.public);
        let known = eventually(|| async {
            let request = self.outside.http.get(&url).bearer_auth(API_KEY);
            let page = request.send().await.ok()?.text().await.ok()?;
            page.contains("retailer_id").then_some(())
        });
        assert!(known.await.is_some(), "the catalog was not read");
    }

    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Gives a fault to one phone.
    pub async fn ails(&self, phone: &Handset<'_>, mut fault: Value) {
        fault["to"] = json!(phone.id);
        self.ails_anybody(fault).await;
    }

    /// Gives a fault to whoever is sent to first.
    pub async fn ails_anybody(&self, fault: Value) {
        self.outside
            .post("/emulator/faults", json!({ "send": [fault] }))
            .await;
    }

    /// A new customer says hello, and what is sent to them meets that fault.
    pub async fn greets(&self, fault: Value) -> Handset<'_> {
        let phone = self.outside.phone("Ana").await;
        self.ails(&phone, fault).await;
        assert_eq!(phone.text("oi").await, 200);
        phone
    }

    /// A new customer fills a cart and confirms; the payment link meets that fault.
    pub async fn buys(&self, fault: Value) -> Handset<'_> {
        let phone = self.outside.phone("Bia").await;
        let cart = phone.fills_a_cart().await;
        let summary = phone.taps(&cart, "checkout", "summary").await;
        self.ails(&phone, fault).await;
        assert_eq!(phone.press(&summary, "confirm").await, 200);
        phone
    }

    /// Waits until the timeline of a conversation has that entry.
    pub async fn hears(&self, phone: &Handset<'_>, what: &str) {
        let url = format!(
            "http://{}/v1/conversations/{NUMBER}/{}",
            self.app.public, phone.user_id
        );
        let heard = eventually(|| async {
            let request = self.outside.http.get(&url).bearer_auth(API_KEY);
            let page: Value = request.send().await.unwrap().json().await.unwrap();
            let timeline = page["timeline"].as_array()?;
            timeline.iter().any(|entry| entry["what"] == what).then_some(())
        });
        assert!(
            heard.await.is_some(),
            "{what} was not heard; {:?}",
            phone.kinds().await
        );
    }

    async fn lanes_due_by(&self, at_ms: i64) -> usize {
        let store = self.app.state.engine.store();
        store.due_lanes(at_ms, LANES).await.unwrap().len()
    }

    async fn is_at_rest(&self) -> bool {
        let now_ms = self.now_ms();
        let due = self.lanes_due_by(now_ms).await;
        let waiting = self.lanes_due_by(now_ms + LEASE_MS / 2).await;
        let all = self.lanes_due_by(now_ms + LEASE_MS * 2).await;
        due == 0 && waiting == all
    }

    /// Waits until nothing is performed and nothing is due; a hundred customers at once may take a while.
    pub async fn rests(&self) {
        for _ in 0..3 {
            let still = eventually(|| async { self.is_at_rest().await.then_some(()) });
            if still.await.is_some() {
                return;
            }
        }
        panic!("the lanes don't come to rest");
    }

    /// Waits until no lane holds anything.
    pub async fn empties(&self) {
        let empty = eventually(|| async {
            (self.lanes_due_by(self.now_ms() + LEASE_MS * 2).await == 0).then_some(())
        });
        assert!(empty.await.is_some(), "the lanes don't become empty");
    }

    /// Lets so much time pass at once, and what is due then be tried.
    pub async fn passes(&self, ms: i64) {
        self.clock.advance_ms(ms);
        self.rests().await;
    }

    /// The same up to an instant; nothing when it is over.
    pub async fn reaches(&self, at_ms: i64) {
        self.passes((at_ms - self.now_ms()).max(0)).await;
    }

    /// Lets short waits end: the pace, and those who wait while one knocks.
    pub async fn settles(&self) {
        for _ in 0..30 {
            self.rests().await;
            if self.lanes_due_by(self.now_ms() + 3_000).await == 0 {
                return;
            }
            self.clock.advance_ms(1_000);
        }
        panic!("something is always due in a moment");
    }

    pub fn stopped(&self) -> Vec<Stopped> {
        self.app.state.dispatcher.stopped()
    }

    /// All dead letters.
    pub async fn letters(&self) -> Vec<DeadLetter> {
        let store = self.app.state.engine.store();
        store
            .dead_letters(&LetterFilter::default(), None, LANES)
            .await
            .unwrap()
    }

    /// Those about one customer.
    pub async fn letters_of(&self, phone: &Handset<'_>) -> Vec<DeadLetter> {
        let mut letters = self.letters().await;
        letters.retain(|letter| letter.body.contains(&phone.user_id));
        letters
    }
}

/// The one refusal of a phone: with that code, and a title of its own.
pub async fn refused_once(phone: &Handset<'_>, code: i64) -> i64 {
    let refusals = phone.refusals().await;
    assert_eq!(refusals.len(), 1, "{code}: {refusals:?}");
    assert_eq!(refusals[0]["code"], code);
    assert_ne!(refusals[0]["title"], NO_TITLE, "{code} has no title");
    refusals[0]["at_ms"].as_i64().unwrap()
}
