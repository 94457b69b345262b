//! App secrets: the order of an exchange, the moment when one ends, a file that is half written, and one that is none. A key of the
//! console that is replaced.

use std::process::Command;

use reqwest::Method;
use sacola::clock::{Clock, MovableClock};
use serde_json::json;

use super::{ANA, House, NEVER_S};
use crate::kills::vault::app_secret;
use crate::support::program::API_KEY;

/// How long the secret lives that ends while the gateway runs: longer than what happens before.
const LIFE_S: i64 = 15;

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_signs_before_gateways_know_it_is_401_and_what_came_comes_again() {
    let mut house = House::opens(NEVER_S).await;
    let webhook = ANA.words("ajuda");
    house.stand.post.signs_with(&app_secret(2));
    assert_eq!(house.stand.post.once(0, &webhook).await, 401, "too early");
    let refused = "sacola_webhooks_total{outcome=\"bad_signature\"}";
    assert_eq!(house.metric(refused).await, "1");

    house.live.app = vec![2, 1];
    house.applies(|text| text).await;
    assert_eq!(
        house.stand.post.once(0, &webhook).await,
        200,
        "the provider repeats it"
    );
    house.stand.post.signs_with(&app_secret(1));
    assert_eq!(house.stand.post.once(0, &webhook).await, 200, "both are live");
    house.live.app = vec![2];
    house.applies(|text| text).await;
    assert_eq!(
        house.stand.post.once(0, &webhook).await,
        401,
        "the old one is gone"
    );
    house.stand.post.signs_with(&app_secret(2));
    assert_eq!(house.says(&ANA, "oi").await, 200);
    house.hears(&ANA, &["help", "menu"]).await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_ends_at_its_moment_and_one_that_has_ended_verifies_nothing() {
    let mut house = House::opens(NEVER_S).await;
    house.live.app = vec![2, 1];
    let old = house.stand.vault().source("app_secret_1");
    let ending = |at_s: i64| {
        let at = jiff::Timestamp::from_second(at_s).unwrap();
        old.replace(" }", &format!(", expires_at = \"{at}\" }}"))
    };
    let clock = MovableClock::fixed();
    let end_s = clock.now_ms() / 1_000 + LIFE_S;
    house.applies(|text| text.replace(&old, &ending(end_s))).await;
    assert_eq!(
        house
            .metric("sacola_secret_expires_at_seconds{secret=\"whatsapp.app_secrets[1]\"}")
            .await,
        end_s.to_string()
    );
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    assert!(
        clock.now_ms() < end_s * 1_000,
        "this machine is too slow for this test"
    );
    let has_ended = || clock.now_ms() >= end_s * 1_000;
    house.stand.until("the secret ended", has_ended).await;
    assert_eq!(house.says(&ANA, "oi").await, 401, "it has ended");
    house.stand.post.signs_with(&app_secret(2));
    assert_eq!(house.says(&ANA, "oi").await, 200);
    house.hears(&ANA, &["help", "menu"]).await;

    house.live.app = vec![1, 2];
    house
        .applies(|text| text.replace(&old, &ending(end_s - 86_400)))
        .await;
    house.stand.post.signs_with(&app_secret(1));
    assert_eq!(house.says(&ANA, "ajuda").await, 401, "it had ended before");
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_emptied_or_missing_in_the_midst_of_a_rewrite_is_refused_and_the_old_one_stays() {
    let mut house = House::opens(NEVER_S).await;
    house.stand.vault().writes_over("app_secret_1", "");
    let told = house.is_refused().await;
    assert!(told.contains("app_secrets[0]"), "{told}");
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.stand.vault().removes("app_secret_1");
    let told = house.is_refused().await;
    assert!(told.contains("app_secret_1"), "{told}");
    assert!(!told.contains(&app_secret(1)), "a secret is told: {told}");
    assert_eq!(house.says(&ANA, "oi").await, 200);
    assert_eq!(house.asks(Method::GET, "/v1/dead-letters", API_KEY).await.0, 200);

    house.stand.vault().writes_over("app_secret_1", &app_secret(2));
    house.is_mended().await;
    assert_eq!(house.says(&ANA, "pedidos").await, 401);
    house.stand.post.signs_with(&app_secret(2));
    assert_eq!(house.says(&ANA, "pedidos").await, 200);
    house.hears(&ANA, &["help", "menu", "purchase_state"]).await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_the_place_of_a_secret_keeps_nobody_waiting() {
    let mut house = House::opens(NEVER_S).await;
    let place = house.stand.vault().path("app_secret_1");
    house.stand.vault().removes("app_secret_1");
    assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
    let told = house.is_refused().await;
    assert!(told.contains("app_secret_1") && told.contains("a pipe"), "{told}");
    assert_eq!(house.says(&ANA, "ajuda").await, 200);

    std::fs::remove_file(&place).unwrap();
    house.stand.vault().writes_over("app_secret_1", &app_secret(1));
    house.is_mended().await;
    house.hears(&ANA, &["help"]).await;
    house.closes().await;
}

/// The status of the console's session with that cookie.
async fn session(house: &House, cookie: &str) -> u16 {
    let url = format!("{}/console/api/session", house.stand.ops(0));
    let request = house.http.get(url).header("cookie", cookie);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signed_in_with_a_secret_is_out_when_another_takes_its_place() {
    let mut house = House::opens(NEVER_S).await;
    let with_key = |text: String, secret: &str| {
        let key = format!("id = \"desk\"\nmerchant = \"*\"\nsecret = \"{secret}\"");
        format!("{text}[[api_key]]\n{key}\nscopes = [\"dead_letters:read\"]\n")
    };
    house
        .applies(|text| with_key(text, "a secret that somebody has seen"))
        .await;
    let url = format!("{}/console/api/session", house.stand.ops(0));
    let signs_in = house.http.post(url).header("x-sacola-console", "1");
    let answer = signs_in
        .json(&json!({ "key": "a secret that somebody has seen" }))
        .send()
        .await
        .unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(session(&house, &cookie).await, 200);

    house
        .applies(|text| with_key(text, "a secret that nobody knows yet"))
        .await;
    assert_eq!(session(&house, &cookie).await, 401);
    house.closes().await;
}
