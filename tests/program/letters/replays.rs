//! Letters replayed over `/v1`: order, rate, repetition, and runs that only look.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, letter, now_ms, outcomes, pairs, poison, said};
use crate::support::program::{API_KEY, NUMBER, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_replay_keeps_each_customers_order_and_its_rate() {
    let desk = Desk::opens().await;
    let (ana, anas) = desk.customer("Ana").await;
    let (bia, bias) = desk.customer("Bia").await;
    let mut ids = Vec::new();
    for (n, text) in (0..).zip(["ajuda", "oi", "pedidos"]) {
        ids.push(desk.plants(&anas, 2 * n, said(text)).await);
        ids.push(desk.plants(&bias, 2 * n + 1, said(text)).await);
    }
    let began_ms = now_ms();
    let answer = desk.replays(json!({ "reason": "panic", "per_second": 20 })).await;
    assert!(now_ms() - began_ms >= 5 * 50, "six letters at twenty a second");
    let expected: Vec<(&String, &str)> = ids.iter().map(|id| (id, "taken")).collect();
    assert_eq!(outcomes(&answer), pairs(&expected), "oldest first");
    assert_eq!(answer["counts"]["taken"], 6);
    assert_eq!(answer.get("next_cursor"), None);
    assert!(desk.letters().await.is_empty());
    for phone in [&ana, &bia] {
        phone.waits_for("purchase_state", 1).await;
        assert_eq!(phone.kinds().await, ["menu", "help", "menu", "purchase_state"]);
    }
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_letter_is_not_taken_those_of_its_customer_wait_and_others_go_on() {
    let desk = Desk::opens().await;
    let (ana, anas) = desk.customer("Ana").await;
    let (bia, bias) = desk.customer("Bia").await;
    let stuck = desk.plants(&anas, 1, poison()).await;
    let other = desk.plants(&bias, 2, said("ajuda")).await;
    let waiting = desk.plants(&anas, 3, said("ajuda")).await;
    // One letter a request: what is blocked stays blocked from one request of a run to the next.
    let (mut told, mut cursor) = (Vec::new(), None);
    loop {
        let mut body = json!({ "limit": 1, "per_second": 50 });
        if let Some(cursor) = cursor {
            body["cursor"] = cursor;
        }
        let answer = desk.replays(body).await;
        told.extend(outcomes(&answer));
        cursor = answer.get("next_cursor").cloned();
        if cursor.is_none() {
            break;
        }
    }
    let expected = [(&stuck, "parked_again"), (&other, "taken"), (&waiting, "skipped")];
    assert_eq!(told, pairs(&expected));
    bia.waits_for("help", 1).await;
    let left: Vec<String> = desk.letters().await.into_iter().map(|letter| letter.id).collect();
    assert_eq!(left, [stuck.clone(), waiting.clone()], "in their old places");

    let gone = desk
        .asks(Method::DELETE, &format!("/{stuck}"), API_KEY, None)
        .await;
    assert_eq!(gone.0, 204);
    let answer = desk.replays(json!({ "ids": [waiting, stuck] })).await;
    let expected = [(&stuck, "not_replayable"), (&waiting, "taken")];
    assert_eq!(outcomes(&answer), pairs(&expected), "what is gone is told first");
    ana.waits_for("help", 1).await;
    assert_eq!(ana.kinds().await, ["menu", "help"], "nothing came of the poison");
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_many_replay_at_once_is_one_event() {
    let desk = Desk::opens().await;
    let (ana, home) = desk.customer("Ana").await;
    let id = desk.plants(&home, 1, said("ajuda")).await;
    let path = format!("/{id}/replay");
    let all = (0..8).map(|_| desk.asks(Method::POST, &path, API_KEY, None));
    let answers = futures::future::join_all(all).await;
    let taken = answers
        .iter()
        .filter(|(_, answer)| answer["outcome"] == "taken")
        .count();
    assert_eq!(taken, 1, "{answers:?}");
    for (status, answer) in &answers {
        let is_late = *status == 404 || answer["outcome"] == "skipped" || answer["outcome"] == "taken";
        assert!(is_late, "{status} {answer}");
    }
    assert!(desk.letters().await.is_empty());
    assert_eq!(ana.text("oi").await, 200);
    ana.waits_for("menu", 2).await;
    assert_eq!(ana.kinds().await, ["menu", "help", "menu"]);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_happen_and_changes_nothing() {
    let desk = Desk::opens().await;
    let (ana, home) = desk.customer("Ana").await;
    let good = desk.plants(&home, 1, said("sacola")).await;
    let bad = desk.plants(&home, 2, poison()).await;
    let item = letter("poison", None, 3);
    assert!(desk.store.park(&item, 1).await.unwrap());
    desk.takes_a_stray_webhook().await;
    let path = format!("/v1/conversations/{NUMBER}/{}", ana.user_id);
    let before = (
        desk.letters().await,
        desk.store.journal(&home).await.unwrap(),
        desk.gateway.api(&desk.outside, &path).await,
    );
    assert_eq!(before.0.len(), 4);
    let answer = desk.replays(json!({ "dry_run": true })).await;
    let (_, one) = desk
        .asks(
            Method::POST,
            &format!("/{good}/replay?dry_run=true"),
            API_KEY,
            None,
        )
        .await;
    let after = (
        desk.letters().await,
        desk.store.journal(&home).await.unwrap(),
        desk.gateway.api(&desk.outside, &path).await,
    );
    assert_eq!(before, after);

    let stray = before.0[3].id.clone();
    let expected = [
        (&good, "taken"),
        (&bad, "parked_again"),
        (&item.id, "not_replayable"),
        (&stray, "parked_again"),
    ];
    assert_eq!(outcomes(&answer), pairs(&expected));
    let event = &answer["letters"][0]["events"][0];
    assert_eq!(
        (&event["event"], &event["window_open"]),
        (&json!("said"), &json!(true))
    );
    assert_eq!(event["effects"], json!(["send:cart"]));
    assert_eq!(one["events"][0], *event);
    let why = answer["letters"][1]["problem"].as_str().unwrap();
    assert!(why.contains("too_large"), "{why}");
    assert_eq!(ana.kinds().await, ["menu"]);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stray_webhook_stays_in_its_place_until_its_number_is_configured() {
    let desk = Desk::opens().await;
    desk.takes_a_stray_webhook().await;
    let before = desk.letters().await;
    let answer = desk.replays(json!({ "reason": "unknown_number" })).await;
    assert_eq!(outcomes(&answer), pairs(&[(&before[0].id, "parked_again")]));
    assert_eq!(desk.letters().await, before);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_from_request_to_request_until_nothing_is_left() {
    let desk = Desk::opens().await;
    let (ana, home) = desk.customer("Ana").await;
    for n in 0..45 {
        desk.plants(&home, n, said("ajuda")).await;
    }
    let (mut taken, mut cursor) = (0, Value::Null);
    for request in 0..5 {
        let mut body = json!({ "limit": 10, "per_second": 50 });
        if !cursor.is_null() {
            body["cursor"] = cursor;
        }
        let answer = desk.replays(body).await;
        taken += answer["counts"]["taken"].as_u64().unwrap();
        cursor = answer.get("next_cursor").cloned().unwrap_or_default();
        assert_eq!(cursor.is_null(), request == 4, "{answer}");
    }
    assert_eq!(taken, 45);
    assert!(desk.letters().await.is_empty());
    let last = eventually(|| async { (ana.kinds().await.len() > 1).then_some(()) });
    assert!(last.await.is_some());
    desk.outside.stop().await;
}
