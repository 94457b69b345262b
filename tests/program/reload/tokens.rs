//! A dead access token: its number is parked, the person on call is told, and all goes on in order with the new one.

use sacola::clock::{Clock, MovableClock};
use serde_json::json;

use super::{ANA, BIA, House, NEVER_S, STOPPED};
use crate::kills::outside::Accepted;
use crate::kills::vault::{Live, token};
use crate::support::program::eventually;

/// Before the knock of a closed gate, which comes a minute after it closed: lanes look by themselves each 5 s.
const SOON_MS: i64 = 30_000;

impl House {
    /// Waits until the number stands still.
    async fn stands_still(&self) {
        let stopped = eventually(|| async { (self.metric(STOPPED).await == "1").then_some(()) });
        assert!(stopped.await.is_some(), "the number was not parked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_parks_its_number_alarms_and_all_goes_on_in_order_with_the_new_one() {
    let mut house = House::opens(NEVER_S).await;
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;

    house.stand.outside.takes_tokens(&[token(2)]);
    assert_eq!(house.says(&ANA, "oi").await, 200);
    house.stands_still().await;
    let (status, ready) = house.stand.readyz(0).await.unwrap();
    assert_eq!(status, 200, "webhooks are still taken: {ready}");
    let stopped = &ready["stopped"][0];
    assert_eq!(
        (&stopped["gate"], &stopped["code"]),
        (&json!("number 106540352242922"), &json!(190))
    );
    for (caller, words) in [
        (&ANA, "pedidos"),
        (&BIA, "ajuda"),
        (&ANA, "sacola"),
        (&BIA, "oi"),
        (&ANA, "ajuda"),
    ] {
        assert_eq!(house.says(caller, words).await, 200, "{words}");
    }
    house.stand.waits(1_500).await;
    assert_eq!(house.stand.outside.message_count(), 1, "nothing passes");

    let clock = MovableClock::fixed();
    let began_ms = clock.now_ms();
    house.live.tokens = vec![2];
    house.applies(|text| text).await;
    let anas = ["help", "menu", "purchase_state", "cart", "help"];
    house.hears(&ANA, &anas).await;
    house.hears(&BIA, &["help", "menu"]).await;
    let took_ms = clock.now_ms() - began_ms;
    assert!(took_ms < SOON_MS, "they came after {took_ms} ms");
    let messages = house.stand.outside.messages_to(ANA.wa_id);
    assert!(messages.is_sorted_by_key(Accepted::place), "{messages:?}");
    assert_eq!(house.metric(STOPPED).await, "0");
    assert_eq!(house.stand.readyz(0).await.unwrap().1["stopped"], json!([]));
    house.has_no_letters().await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tokens_the_second_is_used_when_the_first_is_dead_and_nothing_is_parked() {
    let live = Live {
        tokens: vec![1, 2],
        ..Live::first()
    };
    let house = House::opens_with(live, NEVER_S).await;
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    assert_eq!(house.stand.outside.refused().0, 0, "the first is used first");

    house.stand.outside.takes_tokens(&[token(2)]);
    assert_eq!(house.says(&ANA, "oi").await, 200);
    house.hears(&ANA, &["help", "menu"]).await;
    assert!(house.stand.outside.refused().0 > 0, "the first was tried");
    assert_eq!(house.says(&BIA, "ajuda").await, 200);
    house.hears(&BIA, &["help"]).await;
    assert_ne!(house.metric(STOPPED).await, "1");
    assert_eq!(house.stand.readyz(0).await.unwrap().1["stopped"], json!([]));

    // With both dead it is parked as with one.
    house.stand.outside.takes_tokens(&[token(3)]);
    assert_eq!(house.says(&BIA, "oi").await, 200);
    house.stands_still().await;
    house.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_ended_is_not_shown_to_the_provider() {
    let mut house = House::opens(NEVER_S).await;
    house.live.tokens = vec![1, 2];
    house.stand.outside.takes_tokens(&[token(2)]);
    let first = house.stand.vault().source("access_token_1");
    let ended = first.replace(" }", ", expires_at = \"2026-01-01T00:00:00Z\" }");
    house.applies(|text| text.replace(&first, &ended)).await;
    assert_eq!(house.says(&ANA, "ajuda").await, 200);
    house.hears(&ANA, &["help"]).await;
    assert_eq!(house.stand.outside.refused(), (0, 0));
    house.closes().await;
}
