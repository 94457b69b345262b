//! Signing in and out, and what a foreign page can't do.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Desk, FOREIGN, READER, SEES};
use crate::support::program::API_KEY;

const MINUTE_MS: i64 = 60_000;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_signs_in_looks_and_signs_out() {
    let desk = Desk::opens().await;
    let nobody = desk.asks(Method::GET, "/session", &[], None).await;
    assert_eq!(nobody.refused(), (401, "not_authorised"));
    assert_eq!(nobody.cache.as_deref(), Some("no-store"));

    let told = desk.tries(API_KEY).await;
    let cookie = told.cookie.clone().unwrap();
    for flag in [
        "sacola_console=",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/console",
        "Max-Age=28800",
    ] {
        assert!(cookie.contains(flag), "{flag} is not in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "this is http");
    assert!(!cookie.contains(API_KEY));
    let told = told.good();
    assert_eq!(told["role"], "operator");
    assert_eq!(
        (&told["key_id"], &told["sees_personal_data"], &told["merchant"]),
        (&json!("backoffice"), &json!(false), &Value::Null)
    );
    assert!(told["expires_at"].as_str().unwrap().ends_with('Z'));

    let visit = desk.signs_in(API_KEY).await;
    let again = visit.gets("/session").await;
    assert_eq!(again.cache.as_deref(), Some("no-store"));
    assert_eq!(again.good()["key_id"], "backoffice");
    assert_eq!(visit.does(Method::DELETE, "/session", None).await.status, 204);
    assert_eq!(visit.gets("/session").await.status, 401);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_has_its_role_and_its_merchant() {
    let desk = Desk::opens().await;
    for (key, role, sees, merchant) in [
        (SEES, "operator", true, Value::Null),
        (READER, "reader", false, Value::Null),
        (FOREIGN, "reader", false, json!("other")),
    ] {
        let told = desk.tries(key).await.good();
        assert_eq!((&told["role"], &told["merchant"]), (&json!(role), &merchant));
        assert_eq!(told["sees_personal_data"], sees);
    }
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_are_refused_and_soon_not_even_tried() {
    let desk = Desk::opens().await;
    for _ in 0..5 {
        let told = desk.tries("a wrong key").await;
        assert_eq!(told.refused(), (401, "not_authorised"));
        assert!(told.cookie.is_none());
    }
    assert_eq!(desk.tries(API_KEY).await.refused(), (429, "rate_limited"));
    desk.clock.advance_ms(MINUTE_MS);
    desk.tries(API_KEY).await.good();
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_rests_for_half_an_hour() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(API_KEY).await;
    for _ in 0..3 {
        desk.clock.advance_ms(20 * MINUTE_MS);
        visit.gets("/session").await.good();
    }
    desk.clock.advance_ms(31 * MINUTE_MS);
    assert_eq!(visit.gets("/session").await.status, 401);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_something_needs_the_header_and_comes_from_our_own_page() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(API_KEY).await;
    let cookie = ("cookie", visit.cookie.as_str());
    let own = ("x-sacola-console", "1");
    let foreign = ("origin", "https://evil.example");
    for headers in [vec![cookie], vec![cookie, own, foreign]] {
        for (method, path) in [
            (Method::POST, "/dead-letters/replay"),
            (Method::DELETE, "/dead-letters/any"),
            (Method::DELETE, "/session"),
        ] {
            let told = desk.asks(method, path, &headers, Some(json!({}))).await;
            assert_eq!(told.refused(), (403, "cross_site"), "{path}");
        }
    }
    let sign_in = desk
        .asks(Method::POST, "/session", &[], Some(json!({ "key": API_KEY })))
        .await;
    assert_eq!(sign_in.refused(), (403, "cross_site"));
    visit.gets("/session").await.good();
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_watches_the_steps_that_happen_meanwhile_until_they_sign_out() {
    let desk = Desk::opens().await;
    let ana = desk.outside.phone("Ana").await;
    assert_eq!(ana.text("oi").await, 200);
    ana.waits_for("menu", 1).await;
    let visit = desk.signs_in(READER).await;
    let mut stream = visit.watches().await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-store");
    let first = stream.chunk().await.unwrap().unwrap();
    assert_eq!(&first[..], b": alive\n\n", "what happened before is not told");

    assert_eq!(ana.text("ajuda").await, 200);
    ana.waits_for("help", 1).await;
    let mut told = String::new();
    while !told.contains("\"effect\":\"help\",\"toward\"") {
        let chunk = stream.chunk().await.unwrap().expect("the stream goes on");
        told.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(told.contains("\"event\":\"said\""), "{told}");
    assert!(!told.contains("ajuda") && !told.contains(&ana.user_id), "{told}");

    assert_eq!(visit.does(Method::DELETE, "/session", None).await.status, 204);
    assert_eq!(ana.text("oi").await, 200);
    let mut rest = String::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(!rest.contains("\"event\":\"said\""), "{rest}");
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_are_not_for_a_merchants_key() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(FOREIGN).await;
    assert_eq!(visit.gets("/trace").await.refused(), (403, "forbidden_scope"));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_anew_leaves_no_session_behind() {
    let desk = Desk::opens().await;
    let former = desk.signs_in(SEES).await;
    let headers = [("cookie", former.cookie.as_str()), ("x-sacola-console", "1")];
    let body = json!({ "key": READER });
    desk.asks(Method::POST, "/session", &headers, Some(body))
        .await
        .good();
    assert_eq!(former.gets("/session").await.status, 401);
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_cant_be_read_is_refused_like_everything_else_and_repeats_nothing() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(READER).await;
    for path in [
        "/lanes?limit=5511987654321x",
        "/conversations?number=1&number=5511987654321",
    ] {
        let told = visit.gets(path).await;
        assert_eq!(told.refused(), (400, "invalid_request"), "{path}");
        assert!(!told.body.to_string().contains("98765"), "{}", told.body);
    }
    desk.outside.stop().await;
}
