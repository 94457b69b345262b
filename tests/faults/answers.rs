//! Rows that answer a send and concern one message only: what is tried again, what is given up, what is said instead.

use std::collections::BTreeSet;

use futures::future::join_all;
use sacola::whatsapp::errors::{Row, explain, rows};
use serde_json::json;

use super::house::{House, refused_once};
use super::{Course, KNOCK_MS, course, error};

const HOUR_MS: i64 = 60 * 60 * 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_a_pause_keeps_it_and_then_the_message_arrives_once() {
    let house = House::opens().await;
    let again: Vec<(&Row, i64)> = rows()
        .filter_map(|row| match course(row) {
            Course::Again { pause_ms } => Some((row, pause_ms)),
            Course::Exhausted
            | Course::Rejected
            | Course::Template
            | Course::Stopped(_)
            | Course::Unknown => None,
        })
        .collect();
    assert!(!again.is_empty());
    let phones = join_all(again.iter().map(|(row, _)| house.greets(error(row.first)))).await;
    house.rests().await;
    let mut tried = Vec::new();
    for ((row, pause_ms), phone) in again.iter().zip(&phones) {
        tried.push((refused_once(phone, row.first).await + pause_ms, *row, phone));
    }
    tried.sort_by_key(|(due_ms, row, _)| (*due_ms, row.first));
    for (due_ms, row, phone) in &tried {
        house.reaches(due_ms - 300).await;
        let early = phone.kinds().await;
        assert!(
            house.now_ms() >= *due_ms || early.is_empty(),
            "{} came early",
            row.first
        );
        house.reaches(due_ms + 3_000).await;
        let messages = phone.messages().await;
        assert_eq!(phone.kinds().await, ["menu"], "{}", row.first);
        assert!(
            messages[0]["at_ms"].as_i64().unwrap() >= *due_ms,
            "{} came early",
            row.first
        );
    }
    house.passes(2 * HOUR_MS).await;
    for (_, row, phone) in &tried {
        assert_eq!(phone.kinds().await, ["menu"], "{} came twice", row.first);
        refused_once(phone, row.first).await;
    }
    assert!(house.letters().await.is_empty());
    assert!(house.stopped().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_row_is_never_sent_again_and_the_customer_is_helped_where_words_may_help() {
    let house = House::opens().await;
    let given_up: Vec<&Row> = rows()
        .filter(|row| match course(row) {
            Course::Exhausted | Course::Rejected | Course::Template => true,
            Course::Again { .. } | Course::Stopped(_) | Course::Unknown => false,
        })
        .collect();
    let phones = join_all(given_up.iter().map(|row| house.greets(error(row.first)))).await;
    house.settles().await;
    house.passes(2 * HOUR_MS).await;
    let letters = house.letters().await;
    for (row, phone) in given_up.iter().zip(&phones) {
        let code = row.first;
        refused_once(phone, code).await;
        let own: Vec<_> = letters
            .iter()
            .filter(|letter| letter.body.contains(&phone.user_id))
            .collect();
        let (reasons, kinds): (&[&str], &[&str]) = match course(row) {
            Course::Rejected => (&["rejected"], &["help"]),
            Course::Exhausted => (&["exhausted"], &[]),
            Course::Template => (&[], &[]),
            Course::Again { .. } | Course::Stopped(_) | Course::Unknown => panic!("{code} is not final"),
        };
        let told: Vec<&str> = own.iter().map(|letter| letter.reason.as_str()).collect();
        assert_eq!(told, reasons, "{code}");
        assert_eq!(phone.kinds().await, kinds, "{code}");
        let named = format!("code {code}: ");
        assert!(
            own.iter().all(|letter| letter.detail.contains(&named)),
            "{code}: {own:?}"
        );
    }
    assert!(house.stopped().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn help_that_is_refused_too_is_not_followed_by_more_help() {
    let house = House::opens().await;
    let phone = house
        .greets(json!({ "action": "error", "code": 131_008, "times": 5 }))
        .await;
    house.settles().await;
    house.passes(KNOCK_MS).await;
    let refusals = phone.refusals().await;
    let kinds: Vec<_> = refusals.iter().map(|refusal| &refusal["kind"]).collect();
    assert_eq!(kinds, ["menu", "help"]);
    assert!(phone.kinds().await.is_empty());
    assert_eq!(house.letters_of(&phone).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_valid_is_told_apart_by_its_details() {
    let house = House::opens().await;
    let cases = [
        "Products not found in FB Catalog",
        "The catalog is switched off in the commerce settings of this number",
        "A header is not allowed for this interactive type",
    ];
    let refusing =
        |details: &str| house.greets(json!({ "action": "error", "code": 131_009, "details": details }));
    let phones = join_all(cases.map(refusing)).await;
    house.settles().await;
    let mut mends = BTreeSet::new();
    for (details, phone) in cases.iter().zip(&phones) {
        assert_eq!(phone.kinds().await, ["help"], "{details}");
        refused_once(phone, 131_009).await;
        let letters = house.letters_of(phone).await;
        assert_eq!(letters.len(), 1, "{details}");
        assert_eq!(letters[0].reason, "rejected");
        assert!(letters[0].detail.contains(details), "{}", letters[0].detail);
        mends.insert(explain(131_009, &letters[0].detail).1);
    }
    assert_eq!(mends.len(), cases.len(), "{mends:?}");
}
