//! What proves nothing: codes of no row with a fault of the server, and lost answers. Such a message is held for its status;
//! then it is sent once more or dropped, and never twice when a status came.

use futures::future::join_all;
use sacola::whatsapp::errors::rows;
use serde_json::{Value, json};

use super::house::{HOLD_MS, House};
use super::{Course, NO_CODE, course};

/// So long before its time a message is looked for that must not be there yet.
const EARLY_MS: i64 = 10_000;

fn lost(times: u32) -> Value {
    json!({ "action": "error", "code": NO_CODE, "http": 500, "times": times })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_server_holds_the_message_and_then_sends_it_once_more() {
    let house = House::opens().await;
    let of_rows = rows()
        .filter(|row| course(row) == Course::Unknown)
        .map(|row| super::error(row.first));
    let faults = [lost(1), json!({ "action": "http_500" })];
    let phones = join_all(faults.into_iter().chain(of_rows).map(|fault| house.greets(fault))).await;
    house.rests().await;
    let mut held = Vec::new();
    for phone in &phones {
        let refusals = phone.refusals().await;
        assert_eq!(refusals.len(), 1, "{refusals:?}");
        held.push((phone, refusals[0]["at_ms"].as_i64().unwrap() + HOLD_MS));
    }
    let first_ms = held.iter().map(|(_, due_ms)| *due_ms).min().unwrap();
    house.reaches(first_ms - EARLY_MS).await;
    for (phone, due_ms) in &held {
        let early = phone.kinds().await;
        assert!(
            house.now_ms() >= *due_ms || early.is_empty(),
            "it came early: {early:?}"
        );
    }
    house.passes(EARLY_MS + 10_000).await;
    for _ in 0..2 {
        for (phone, due_ms) in &held {
            assert_eq!(phone.kinds().await, ["menu"]);
            assert!(phone.messages().await[0]["at_ms"].as_i64().unwrap() >= *due_ms);
        }
        house.passes(2 * HOLD_MS).await;
    }
    assert!(house.letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_unknown_outcome_is_dropped_after_its_repeat_or_a_newer_reply() {
    let house = House::opens().await;
    let (ana, bia) = (house.greets(lost(2)).await, house.greets(lost(1)).await);
    house.rests().await;
    assert_eq!(bia.text("atendente").await, 200);
    house.rests().await;
    assert_eq!(bia.kinds().await, ["person"], "a later reply passes what is held");
    for _ in 0..3 {
        house.passes(HOLD_MS + 1_000).await;
    }
    assert_eq!(ana.refusals().await.len(), 2);
    assert!(ana.kinds().await.is_empty());
    assert_eq!(bia.refusals().await.len(), 1);
    assert_eq!(bia.kinds().await, ["person"]);
    house.empties().await;
    assert!(house.letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_settled_by_the_status_and_never_sent_twice() {
    let house = House::opens().await;
    let phone = house.greets(json!({ "action": "drop_after_accept" })).await;
    phone.waits_for("menu", 1).await;
    house.empties().await;
    for _ in 0..2 {
        house.passes(HOLD_MS + 1_000).await;
        assert_eq!(phone.kinds().await, ["menu"]);
    }
    assert!(phone.refusals().await.is_empty());
    assert!(house.letters().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_no_row_is_judged_by_its_http_status() {
    let house = House::opens().await;
    let fault = |http: u16| json!({ "action": "error", "code": NO_CODE, "http": http });
    let (final_one, throttled) = (house.greets(fault(400)).await, house.greets(fault(429)).await);
    house.settles().await;
    assert_eq!(final_one.kinds().await, ["help"]);
    let letters = house.letters().await;
    assert_eq!(letters.len(), 1);
    assert!(
        letters[0].detail.contains("400 with code 999999: "),
        "{}",
        letters[0].detail
    );
    assert_eq!(throttled.kinds().await, ["menu"]);
    let refused_ms = throttled.refusals().await[0]["at_ms"].as_i64().unwrap();
    let arrived_ms = throttled.messages().await[0]["at_ms"].as_i64().unwrap();
    assert!(
        arrived_ms - refused_ms >= 2_000,
        "after {} ms",
        arrived_ms - refused_ms
    );
}
