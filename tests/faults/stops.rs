//! Rows that stop a number or a merchant when they answer a send: everybody waits in order, nobody is forgotten, and each
//! message passes once when the cause is gone.

use sacola::domain::verdict::StopScope;
use sacola::whatsapp::errors::{explain, rows, token_problem};
use serde_json::{Value, json};

use super::house::House;
use super::{Course, KNOCK_MS, NO_CODE, NO_TITLE, course, error, gate};
use crate::support::program::Handset;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_holds_everybody_in_order_until_a_message_passes() {
    let house = House::opens().await;
    let mut rows_played = 0;
    for row in rows() {
        let Course::Stopped(scope) = course(row) else {
            continue;
        };
        let words = (row.cause, row.mend);
        everybody_waits(&house, &gate(scope), words, error(row.first)).await;
        rows_played += 1;
    }
    assert!(rows_played > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_no_row_stops_the_number_when_the_answer_is_401_or_403() {
    let house = House::opens().await;
    let number = gate(StopScope::Number);
    for http in [401, 403] {
        let fault = json!({ "action": "error", "code": NO_CODE, "http": http });
        everybody_waits(&house, &number, explain(NO_CODE, ""), fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_is_explained_by_its_subcode() {
    let house = House::opens().await;
    for subcode in [463, 460] {
        let fault = json!({ "action": "error", "code": 190, "subcode": subcode });
        let ana = house.greets(fault).await;
        house.rests().await;
        let stopped = house.stopped();
        assert_eq!(stopped.len(), 1, "{stopped:?}");
        assert_eq!(stopped[0].cause, token_problem(Some(subcode)));
        assert_ne!(stopped[0].cause, token_problem(None));
        house.passes(KNOCK_MS).await;
        assert_eq!(ana.kinds().await, ["menu"]);
        assert!(house.stopped().is_empty());
    }
}

/// The fault meets the first message and the first knock.
async fn everybody_waits(house: &House, gate: &str, words: (&str, &str), mut fault: Value) {
    fault["times"] = json!(2);
    let code = fault["code"].as_i64().unwrap();
    assert!(house.stopped().is_empty());
    house.ails_anybody(fault).await;
    let ana = house.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    house.rests().await;
    let since_ms = is_stopped(house, gate, code, words);
    let (bia, caio) = (
        house.outside.phone("Bia").await,
        house.outside.phone("Caio").await,
    );
    for (phone, said) in [(&bia, "oi"), (&caio, "oi"), (&bia, "atendente")] {
        assert_eq!(phone.text(said).await, 200);
    }
    house.rests().await;
    let all = [&ana, &bia, &caio];
    assert_eq!(refused(&all, code).await, 1, "{code}");
    house.passes(KNOCK_MS).await;
    assert_eq!(
        refused(&all, code).await,
        2,
        "{code}: one message a minute knocks"
    );
    assert_eq!(is_stopped(house, gate, code, words), since_ms);
    for phone in all {
        assert!(phone.kinds().await.is_empty(), "{code}");
    }
    house.passes(KNOCK_MS).await;
    house.settles().await;
    assert_eq!(ana.kinds().await, ["menu"], "{code}");
    assert_eq!(bia.kinds().await, ["menu", "person"], "{code}");
    assert_eq!(caio.kinds().await, ["menu"], "{code}");
    assert_eq!(refused(&all, code).await, 2, "{code}");
    assert!(house.stopped().is_empty(), "{code}");
    assert!(house.letters().await.is_empty(), "{code}");
}

/// Checks what the person on call reads; returns since when it stands still.
fn is_stopped(house: &House, gate: &str, code: i64, words: (&str, &str)) -> i64 {
    let stopped = house.stopped();
    assert_eq!(stopped.len(), 1, "{code}: {stopped:?}");
    let one = &stopped[0];
    assert_eq!((one.gate.as_str(), one.code), (gate, code));
    assert_eq!((one.cause, one.mend), words, "{code}");
    one.since_ms
}

/// How often these phones were not sent to.
async fn refused(phones: &[&Handset<'_>], code: i64) -> usize {
    let mut count = 0;
    for phone in phones {
        for refusal in phone.refusals().await {
            assert_eq!(refusal["code"], code);
            assert_eq!(
                refusal["title"] == NO_TITLE,
                code == NO_CODE,
                "{code} has no title"
            );
            count += 1;
        }
    }
    count
}
