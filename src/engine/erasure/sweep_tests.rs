//! An erasure that is cut off between two conversations of one person.

use std::sync::Arc;

use super::sweep::Work;
use super::{Asked, Outcome};
use crate::clock::ManualClock;
use crate::domain::conversation::Customer;
use crate::domain::device::Device;
use crate::domain::event::Event;
use crate::domain::facts::{Shop, WebClients};
use crate::domain::ids::{MerchantId, NumberId, PurchaseId};
use crate::domain::money::Currency;
use crate::domain::replies::Locale;
use crate::engine::addresses::Addresses;
use crate::engine::{Engine, Happened, LaneSettings, LaneWork, NumberSettings, Parts, What, Who};
use crate::store::{DeadLetter, embedded};
use crate::tasks::Tasks;
use crate::trace::Trace;
use crate::whatsapp::buttons::Keyring;

const NOON_MS: i64 = 1_795_435_200_000;
const USER: &str = "BR.77001234";
const WA: &str = "5511987654321";

fn number() -> NumberId {
    NumberId::new("106540352242922")
}

fn engine(directory: &std::path::Path) -> (Arc<Engine>, ManualClock, tokio::sync::mpsc::Receiver<LaneWork>) {
    let clock = ManualClock::at(NOON_MS);
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
        store: Arc::new(embedded::open(directory).unwrap()),
        clock: Arc::new(clock.clone()),
        addresses: Addresses::new(b"identity".to_vec()),
        keys: Keyring::new(Vec::new(), 30),
        numbers: [(number(), settings)].into(),
        lanes: LaneSettings {
            lease_ms: 10_000,
            unknown_hold_ms: 60_000,
            pace_ms: 300,
            pace_ahead: 0,
        },
        trace: Trace::off(),
    };
    let (engine, lane_work) = Engine::new(parts, Tasks::new(), 100);
    (engine, clock, lane_work)
}

async fn writes(engine: &Arc<Engine>, id: &str, user_id: Option<&str>, wa_id: Option<&str>) {
    let customer = Customer {
        user_id: user_id.map(str::to_owned),
        wa_id: wa_id.map(str::to_owned),
        name: Some("Anabela".to_owned()),
    };
    let event = Event::Said {
        text: "oi".to_owned(),
        about: None,
        device: Device::Android,
    };
    let happened = Happened {
        who: Who::Customer {
            number: number(),
            customer,
        },
        id: format!("in:{id}"),
        at_ms: engine.clock().now_ms(),
        purchase_id: PurchaseId::new("00"),
        root: None,
        what: What::Event(event),
    };
    engine.take(happened).await.unwrap();
}

/// The number alone, then the user id alone, then both: two conversations of one person, and one leads to the other.
async fn has_two_conversations(engine: &Arc<Engine>) {
    writes(engine, "1", None, Some(WA)).await;
    writes(engine, "2", Some(USER), None).await;
    writes(engine, "3", Some(USER), Some(WA)).await;
}

#[tokio::test]
async fn what_one_conversation_leads_to_is_erased_before_it_so_that_a_second_try_finds_both() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, clock, _lane_work) = engine(directory.path());
    has_two_conversations(&engine).await;
    clock.advance_ms(3_000);
    let asked = Asked {
        number: number(),
        customer: USER.to_owned(),
        whose: None,
        is_dry: false,
    };
    let person = engine.person(&asked.number, USER).await.unwrap();
    assert_eq!(person.conversations.len(), 2);
    let led_to = person.conversations[1].home.clone();
    let mut work = Work::of(&engine, &asked, person, "test");
    // They write there meanwhile.
    work.person.conversations[1].revision += 1;
    assert!(!work.end_conversations().await.unwrap());

    let again = engine.person(&asked.number, USER).await.unwrap();
    let homes: Vec<_> = again.conversations.iter().map(|one| &one.home).collect();
    assert!(homes.contains(&&led_to), "{homes:?}");
    work.now_about(again);
    assert!(work.person.ids.contains(WA));

    let Outcome::Done(report) = engine.erase(&asked).await.unwrap() else {
        panic!("it can be erased");
    };
    assert_eq!(
        (report.erased.conversations, report.proof.found),
        (2, 0),
        "{report:#?}"
    );
    assert!(engine.conversation(&led_to).await.unwrap().is_none());
}

#[tokio::test]
async fn the_number_leads_to_the_conversation_of_the_user_id_that_nothing_else_leads_to() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, clock, _lane_work) = engine(directory.path());
    has_two_conversations(&engine).await;
    clock.advance_ms(3_000);
    let asked = Asked {
        number: number(),
        customer: WA.to_owned(),
        whose: None,
        is_dry: false,
    };
    let Outcome::Done(report) = engine.erase(&asked).await.unwrap() else {
        panic!("it can be erased");
    };
    let proof = (report.proof.found, report.proof.elsewhere);
    assert_eq!(
        (report.erased.conversations, proof),
        (2, (0, Some(0))),
        "{report:#?}"
    );
    assert!(!engine.person(&asked.number, USER).await.unwrap().ids.contains(WA));
}

#[tokio::test]
async fn a_number_that_two_people_claim_leads_to_neither() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, clock, _lane_work) = engine(directory.path());
    writes(&engine, "1", None, Some(WA)).await;
    for (id, user) in [("2", USER), ("3", "BR.77005678")] {
        writes(&engine, id, Some(user), None).await;
        writes(&engine, &format!("{id}b"), Some(user), Some(WA)).await;
    }
    clock.advance_ms(3_000);
    let asked = Asked {
        number: number(),
        customer: WA.to_owned(),
        whose: None,
        is_dry: false,
    };
    let Outcome::Done(report) = engine.erase(&asked).await.unwrap() else {
        panic!("it can be erased");
    };
    assert_eq!(report.erased.conversations, 1, "{report:#?}");
    assert!(report.proof.elsewhere.is_some_and(|places| places > 0));
}

#[tokio::test]
async fn what_was_known_of_a_person_is_still_known_when_it_leads_nowhere_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, clock, _lane_work) = engine(directory.path());
    writes(&engine, "1", Some(USER), Some(WA)).await;
    clock.advance_ms(3_000);
    let asked = Asked {
        number: number(),
        customer: USER.to_owned(),
        whose: None,
        is_dry: false,
    };
    let person = engine.person(&asked.number, USER).await.unwrap();
    let mut work = Work::of(&engine, &asked, person, "test");
    assert!(work.end_conversations().await.unwrap());
    let after = engine.person(&asked.number, USER).await.unwrap();
    assert!(
        !after.ids.contains(WA),
        "the conversation that told the number is gone"
    );
    work.now_about(after);
    assert!(work.person.ids.contains(WA) && work.person.names.contains("Anabela"));
    assert!(work.texts.telling.any(format!("\"{WA}\"").as_bytes()));
}

#[tokio::test]
async fn a_letter_of_a_longer_number_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (engine, _clock, _lane_work) = engine(directory.path());
    // As a message's own id holds the number: behind its length, and something else behind it.
    let raw = format!("\u{1c}\u{18}\u{d}{WA}\u{15}\u{2}");
    let id = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw);
    let letter = DeadLetter {
        id: "dl-1".to_owned(),
        reason: "unparseable".to_owned(),
        detail: "not a webhook body".to_owned(),
        merchant: None,
        home: None,
        at_ms: NOON_MS,
        source: "webhook".to_owned(),
        body: format!(r#"{{"id":"wamid.{id}"}}"#),
    };
    engine.parts.store.park(&letter, usize::MAX).await.unwrap();
    let asked = |customer: &str| Asked {
        number: number(),
        customer: customer.to_owned(),
        whose: None,
        is_dry: false,
    };
    let shorter = WA.strip_suffix('1').unwrap();
    assert_eq!(engine.erase(&asked(shorter)).await.unwrap(), Outcome::Unknown);
    assert!(engine.parts.store.dead_letter("dl-1").await.unwrap().is_some());
    let Outcome::Done(report) = engine.erase(&asked(WA)).await.unwrap() else {
        panic!("the number itself is in it");
    };
    assert_eq!(report.erased.dead_letters, 1);
}
