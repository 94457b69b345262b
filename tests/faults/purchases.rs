//! What a customer must get: a payment link that did not arrive, for whatever reason, is told with the customer's next
//! message, once.

use futures::future::join_all;
use sacola::whatsapp::errors::{Late, Row, rows};
use serde_json::{Value, json};

use super::house::{HOLD_MS, House};
use super::{Course, KNOCK_MS, NO_CODE, closes, course, error, gate, late};
use crate::support::program::Handset;

const LINK: &str = "payment_link";

fn first_row(is: impl Fn(&Row) -> bool) -> &'static Row {
    rows().find(|row| is(row)).unwrap()
}

async fn links(phone: &Handset<'_>) -> Vec<Value> {
    let mut messages = phone.messages().await;
    messages.retain(|message| message["kind"] == LINK);
    messages
}

/// Everything after the summary.
async fn kinds_since(phone: &Handset<'_>) -> Vec<String> {
    let kinds = phone.kinds().await;
    let bought = kinds.iter().rposition(|kind| kind == "summary").unwrap();
    kinds[bought + 1..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_link_that_fails_late_is_told_with_the_next_message() {
    let house = House::opens().await;
    let codes = [Late::TellAgain, Late::Final, Late::WindowClosed]
        .map(|kind| first_row(|row| row.late == kind).first);
    let phones = join_all(codes.map(|code| house.buys(late(code)))).await;
    let failed = format!("failed:{LINK}");
    join_all(phones.iter().map(|phone| house.hears(phone, &failed))).await;
    house.passes(KNOCK_MS).await;
    for (code, phone) in codes.iter().zip(&phones) {
        assert_eq!(
            kinds_since(phone).await,
            [LINK],
            "{code}: it waits for the customer"
        );
        assert_eq!(phone.text("ajuda").await, 200);
        phone.waits_for(LINK, 2).await;
        assert_eq!(kinds_since(phone).await, [LINK, "help", LINK], "{code}");
        let links = links(phone).await;
        assert_eq!(links[0]["status"], "failed");
        assert_eq!(links[0]["link"], links[1]["link"], "{code}");
        assert_eq!(phone.text("ajuda").await, 200);
    }
    house.settles().await;
    for phone in &phones {
        assert_eq!(links(phone).await.len(), 2, "told once");
    }
    assert!(house.letters().await.is_empty());
    assert_eq!(house.outside.purchases().await.len(), phones.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_link_that_stops_the_sending_late_follows_once_the_gate_is_open() {
    let house = House::opens().await;
    for kind in [Late::StopNumber, Late::StopMerchant] {
        let row = first_row(|row| row.late == kind);
        let phone = house.buys(late(row.first)).await;
        house.hears(&phone, &format!("failed:{LINK}")).await;
        let stopped = house.stopped();
        assert_eq!(stopped.len(), 1, "{stopped:?}");
        assert_eq!(stopped[0].gate, gate(closes(kind).unwrap()));
        assert_eq!(phone.text("ajuda").await, 200);
        house.rests().await;
        assert_eq!(kinds_since(&phone).await, [LINK], "{}", row.first);
        house.passes(KNOCK_MS).await;
        assert_eq!(kinds_since(&phone).await, [LINK, "help"], "{}", row.first);
        house.passes(11_000).await;
        house.settles().await;
        assert_eq!(kinds_since(&phone).await, [LINK, "help", LINK], "{}", row.first);
        assert!(house.stopped().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_link_that_is_refused_is_told_with_the_next_message() {
    let house = House::opens().await;
    let given_up = [Course::Rejected, Course::Exhausted, Course::Template];
    let codes = given_up.map(|wanted| first_row(|row| course(row) == wanted).first);
    let phones = join_all(codes.map(|code| house.buys(error(code)))).await;
    let failed = format!("failed:{LINK}");
    join_all(phones.iter().map(|phone| house.hears(phone, &failed))).await;
    house.passes(KNOCK_MS).await;
    for ((wanted, code), phone) in given_up.iter().zip(codes).zip(&phones) {
        assert!(
            kinds_since(phone).await.is_empty(),
            "{code}: nothing is said instead"
        );
        let letters = usize::from(*wanted != Course::Template);
        assert_eq!(house.letters_of(phone).await.len(), letters, "{code}");
        assert_eq!(phone.text("ajuda").await, 200);
        phone.waits_for(LINK, 1).await;
        assert_eq!(kinds_since(phone).await, ["help", LINK], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_link_of_unknown_outcome_is_repeated_once_and_then_owed() {
    let house = House::opens().await;
    let fault = json!({ "action": "error", "code": NO_CODE, "http": 500, "times": 2 });
    let phone = house.buys(fault).await;
    house.rests().await;
    for attempts in [1, 2, 2] {
        assert_eq!(phone.refusals().await.len(), attempts);
        house.passes(HOLD_MS + 1_000).await;
    }
    house.hears(&phone, &format!("failed:{LINK}")).await;
    let letters = house.letters_of(&phone).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, "unknown_outcome");
    assert!(links(&phone).await.is_empty());
    assert_eq!(phone.text("ajuda").await, 200);
    phone.waits_for(LINK, 1).await;
    house.settles().await;
    assert_eq!(links(&phone).await.len(), 1);
}
