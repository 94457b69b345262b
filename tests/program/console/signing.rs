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
async fn the_steps_can_only_be_watched_while_tracing_is_on() {
    let desk = Desk::opens().await;
    let visit = desk.signs_in(READER).await;
    let told = visit.gets("/trace").await;
    assert_eq!(told.refused(), (404, "not_found"));
    assert!(told.body["detail"].as_str().unwrap().contains("tracing is off"));
    let visit = desk.signs_in(FOREIGN).await;
    assert_eq!(visit.gets("/trace").await.refused(), (403, "forbidden_scope"));
    desk.outside.stop().await;
}
