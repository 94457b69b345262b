//! Idempotency-Key: a request that is sent again is answered as before and done once, also beside itself.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use super::desk::{BARE, Desk, FOREIGN, OPERATOR, OWN, SLOW};
use crate::support::program::{NUMBER, eventually};

const SENDING: &str = "/v1/messages/products";

fn products(desk: &Desk, ids: &[&str]) -> Value {
    json!({ "number": NUMBER, "customer": desk.customer, "products": ids })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_belongs_to_the_merchant_and_to_one_request() {
    let desk = Desk::opens().await;
    let (own, other) = (
        products(&desk, &["cafe-coado"]),
        products(&desk, &["cafe-coado", "none"]),
    );
    let headers = [("idempotency-key", "k 1")];
    let before = desk.products_shown().await;
    let first = desk.sends(Method::POST, SENDING, OWN, &headers, Some(&own)).await;
    assert_eq!(first.status, 202, "{}", first.body);
    // another key of the same merchant: the one that takes its place, for example
    for key in [OWN, SLOW] {
        let again = desk.sends(Method::POST, SENDING, key, &headers, Some(&own)).await;
        assert_eq!((again.status, &again.body), (202, &first.body), "{key}");
    }
    let conflict = desk
        .sends(Method::POST, SENDING, OWN, &headers, Some(&other))
        .await;
    assert_eq!(conflict.refused(), (409, "idempotency_conflict"));
    assert_eq!(conflict.retry_after, None, "waiting would not help");
    let elsewhere = format!("/v1/dead-letters/{}/replay", desk.letter);
    let conflict = desk.sends(Method::POST, &elsewhere, OWN, &headers, None).await;
    assert_eq!(conflict.refused(), (409, "idempotency_conflict"));
    // the operator's keys are a merchant of their own
    let operators = desk
        .sends(Method::POST, SENDING, OPERATOR, &headers, Some(&own))
        .await;
    assert_eq!(operators.status, 202);
    assert_ne!(operators.body["effects"], first.body["effects"]);
    let shown = eventually(|| async { (desk.products_shown().await >= before + 2).then_some(()) });
    shown.await.unwrap();
    assert_eq!(desk.products_shown().await, before + 2);
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_remembered_and_a_bad_key_is_refused() {
    let desk = Desk::opens().await;
    let headers = [("idempotency-key", "mended later")];
    let nothing = products(&desk, &["no-such-product"]);
    let told = desk
        .sends(Method::POST, SENDING, OWN, &headers, Some(&nothing))
        .await;
    assert_eq!(told.refused(), (422, "unknown_product"));
    let mended = products(&desk, &["cafe-coado"]);
    let told = desk
        .sends(Method::POST, SENDING, OWN, &headers, Some(&mended))
        .await;
    assert_eq!(told.status, 202, "{}", told.body);

    let long = "k".repeat(256);
    for key in ["", " ", "a\tb", long.as_str()] {
        let headers = [("idempotency-key", key)];
        let told = desk
            .sends(Method::POST, SENDING, OWN, &headers, Some(&mended))
            .await;
        assert_eq!(told.refused(), (400, "invalid_request"), "{key:?}");
    }
    let told = desk.sends(Method::POST, SENDING, OWN, &[], Some(&mended)).await;
    assert_eq!(told.refused(), (400, "invalid_request"));
    for key in [FOREIGN, BARE] {
        let told = desk
            .sends(Method::POST, SENDING, key, &headers, Some(&mended))
            .await;
        assert!(matches!(told.status, 403 | 404), "{}", told.body);
    }
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_at_once_under_one_key_send_one_message() {
    let desk = Desk::opens().await;
    let (body, before) = (products(&desk, &["cafe-coado"]), desk.products_shown().await);
    let headers = [("idempotency-key", "all at once")];
    let all = (0..20).map(|_| desk.sends(Method::POST, SENDING, OWN, &headers, Some(&body)));
    let all = futures::future::join_all(all).await;
    let mut answers = BTreeSet::new();
    for told in &all {
        if told.status == 202 {
            answers.insert(told.body.to_string());
        } else {
            assert_eq!(told.refused(), (409, "idempotency_conflict"), "{}", told.body);
            assert_eq!(
                told.retry_after.as_deref(),
                Some("1"),
                "the first is still being handled"
            );
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    let again = desk
        .sends(Method::POST, SENDING, OWN, &headers, Some(&body))
        .await;
    assert!(answers.contains(&again.body.to_string()), "{}", again.body);
    let shown = eventually(|| async { (desk.products_shown().await > before).then_some(()) });
    shown.await.unwrap();
    assert_eq!(desk.products_shown().await, before + 1);
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_under_a_key_is_answered_as_before_although_the_letter_has_gone() {
    let desk = Desk::opens().await;
    let path = "/v1/dead-letters/replay";
    let body = json!({ "ids": [desk.letter] });
    let headers = [("idempotency-key", "replay 1")];
    let first = desk.sends(Method::POST, path, OWN, &headers, Some(&body)).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.body["letters"][0]["outcome"], "parked_again");
    let letter = format!("/v1/dead-letters/{}", desk.letter);
    assert_eq!(
        desk.sends(Method::DELETE, &letter, OWN, &[], None).await.status,
        204
    );
    let again = desk.sends(Method::POST, path, OWN, &headers, Some(&body)).await;
    assert_eq!(again.body, first.body);
    let fresh = desk.sends(Method::POST, path, OWN, &[], Some(&body)).await;
    assert_eq!(fresh.body["letters"][0]["outcome"], "not_replayable");
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_told_again_under_a_key_is_the_same_price_update() {
    let desk = Desk::opens().await;
    let path = "/v1/products/cafe-coado";
    let product = |amount: &str| {
        let price = json!({ "amount": amount, "currency": "BRL" });
        json!({ "title": "Café coado", "price": price, "availability": "in_stock", "version": "9999999999999" })
    };
    let (told, other) = (product("6.70"), product("6.80"));
    let headers = [("idempotency-key", "price 1")];
    let first = desk.sends(Method::PUT, path, OWN, &headers, Some(&told)).await;
    assert_eq!(first.status, 202, "{}", first.body);
    let again = desk.sends(Method::PUT, path, OWN, &headers, Some(&told)).await;
    assert_eq!((again.status, &again.body), (202, &first.body));
    let elsewhere = "/v1/products/cafe-expresso";
    for (path, product) in [(path, &other), (elsewhere, &told)] {
        let conflict = desk.sends(Method::PUT, path, OWN, &headers, Some(product)).await;
        assert_eq!(conflict.refused(), (409, "idempotency_conflict"), "{path}");
    }
    let headers = [("idempotency-key", "")];
    let refused = desk.sends(Method::PUT, path, OWN, &headers, Some(&told)).await;
    assert_eq!(refused.refused(), (400, "invalid_request"));
    let fresh = desk.sends(Method::PUT, path, OWN, &[], Some(&told)).await;
    assert_eq!(fresh.status, 202, "{}", fresh.body);
    assert_ne!(
        fresh.body, first.body,
        "without a key each is an update of its own"
    );
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_trial_where_none_is_read_is_refused_and_nothing_is_replayed() {
    let desk = Desk::opens().await;
    let path = format!("/v1/dead-letters/{}/replay", desk.letter);
    let trial = json!({ "dry_run": true });
    let told = desk.sends(Method::POST, &path, OWN, &[], Some(&trial)).await;
    assert_eq!(told.refused(), (400, "invalid_request"));
    let detail = told.body["detail"].as_str().unwrap();
    assert!(detail.contains("?dry_run=true"), "{detail}");
    for body in [None, Some(json!({}))] {
        let told = desk.sends(Method::POST, &path, OWN, &[], body.as_ref()).await;
        assert_eq!(
            (told.status, &told.body["outcome"]),
            (202, &json!("parked_again"))
        );
    }
    desk.closes().await;
}
