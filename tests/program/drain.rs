//! SIGTERM while customers write and sends hang: what was answered is neither lost nor doubled, and whoever starts next goes
//! on at once. The leases here are longer than any wait, so only what was given back can be served in time.

use std::path::Path;

use futures::future::join_all;
use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::program::{Gateway, Handset, NUMBER, Outside, eventually, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

const LEASE_MS: u64 = 120_000;
const CUSTOMERS: usize = 12;
/// For ever: what hangs goes on when the outside's clock is moved.
const HANGS_MS: u64 = 600_000;
/// Once it listens no more, requests that were read may take 10 s, and actix looks each second whether they still do. Only
/// then is nothing more begun. Shorter than a drain of 25 s.
const AFTERWARDS_MS: u64 = 12_000;
/// Longer than any wait, and shorter than the lease.
const SEND_TIMEOUT_MS: u64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_term_in_the_middle_of_sends_loses_and_doubles_nothing_embedded() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    terminated_in_the_middle(&store, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_in_the_middle_of_sends_loses_and_doubles_nothing_redis() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    terminated_in_the_middle(&server.url(), directory.path()).await;
}

/// The same configuration, in which a send may take long.
fn is_patient(config: &Path) {
    let text = std::fs::read_to_string(config).unwrap();
    let patient = format!("[delivery]\nsend_timeout_ms = {SEND_TIMEOUT_MS}");
    std::fs::write(config, text.replace("[delivery]", &patient)).unwrap();
}

/// Waits until a gateway listens no more, and for the moment that it then needs to begin nothing more either.
async fn has_stopped(outside: &Outside, public: &str) {
    let closed = eventually(|| async {
        let answer = outside.http.get(format!("{public}/livez")).send().await;
        answer.is_err_and(|error| error.is_connect()).then_some(())
    });
    assert!(closed.await.is_some(), "it still listens");
    MovableClock::fixed().sleep_ms(AFTERWARDS_MS).await;
}

async fn terminated_in_the_middle(store: &str, directory: &Path) {
    let outsides_clock = MovableClock::fixed();
    let outside = Outside::on(outsides_clock.clone());
    let config = write_config(directory, &outside, store, LEASE_MS);
    is_patient(&config);
    let gateway = Gateway::start(&config, &outside);
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        customers.push(outside.phone(&format!("Ana {n}")).await);
    }
    let hang = json!({ "times": CUSTOMERS, "action": "delay_ms", "ms": HANGS_MS });
    outside.post("/emulator/faults", json!({ "send": [hang] })).await;
    for customer in &customers {
        assert_eq!(customer.text("oi").await, 200);
    }
    let all_hang = eventually(|| async {
        let waiting = outside.get("/emulator/state").await["faults_waiting"].as_i64()?;
        (waiting == 0).then_some(())
    });
    assert!(all_hang.await.is_some(), "all first messages are under way");
    for customer in &customers {
        assert_eq!(customer.text("ajuda").await, 200);
    }

    let (ready, public) = (format!("{}/readyz", gateway.ops), gateway.public.clone());
    let stopping = tokio::task::spawn_blocking(move || gateway.terminates());
    let unready = eventually(|| async {
        let answer = outside.http.get(&ready).send().await.ok()?;
        (answer.status().as_u16() == 503).then_some(answer)
    });
    let unready: Value = unready.await.unwrap().json().await.unwrap();
    assert_eq!(
        (&unready["draining"], &unready["reasons"]),
        (&json!(true), &json!(["the gateway is draining"]))
    );
    has_stopped(&outside, &public).await;
    outsides_clock.advance_ms(1);
    assert_eq!(stopping.await.unwrap(), Some(0), "all attempts ended in time");
    for customer in &customers {
        assert_eq!(customer.kinds().await, ["menu"], "what was begun was ended");
    }
    let gateway = Gateway::start(&config, &outside);
    for customer in &customers {
        customer.waits_for("help", 1).await;
        let mut kinds = customer.kinds().await;
        kinds.sort();
        assert_eq!(kinds, ["help", "menu"]);
    }
    drop(gateway);
    outside.stop().await;
}

/// Words of each customer; with their answers they fit the timeline of a conversation.
const WORDS: usize = 20;
/// After so many the program is told to stop.
const BEFORE: usize = 5;
const BETWEEN_MS: u64 = 60;

/// Writes one word after the other, whatever becomes of them; returns what the first tries were answered.
async fn writes(customer: &Handset<'_>, is_under_way: &Notify) -> Vec<i64> {
    let clock = MovableClock::fixed();
    let mut answers = Vec::with_capacity(WORDS);
    for n in 0..WORDS {
        if n == BEFORE {
            is_under_way.notify_one();
        }
        answers.push(customer.text("ajuda").await);
        clock.sleep_ms(BETWEEN_MS).await;
    }
    answers
}

/// How many messages of a customer the gateway has taken.
async fn heard(gateway: &Gateway, outside: &Outside, customer: &Handset<'_>) -> usize {
    let path = format!("/v1/conversations/{NUMBER}/{}", customer.user_id);
    let page = gateway.api(outside, &path).await;
    let timeline = page["timeline"].as_array().unwrap();
    timeline.iter().filter(|entry| entry["direction"] == "in").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_come_while_it_stops_are_taken_or_refused_and_none_is_lost_or_doubled() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &server.url(), LEASE_MS);
    let gateway = Gateway::start(&config, &outside);
    let mut customers = Vec::new();
    for n in 0..CUSTOMERS {
        customers.push(outside.phone(&format!("Bia {n}")).await);
    }
    let is_under_way = Notify::new();
    let restarted = async {
        is_under_way.notified().await;
        let status = tokio::task::spawn_blocking(move || gateway.terminates()).await;
        assert_eq!(status.unwrap(), Some(0));
        Gateway::start(&config, &outside)
    };
    let writing = customers.iter().map(|customer| writes(customer, &is_under_way));
    let (gateway, answers) = tokio::join!(restarted, join_all(writing));
    for answer in answers.iter().flatten() {
        // 0: nobody listens, or an idle connection was closed before the request was read
        assert!(matches!(answer, 200 | 503 | 0), "{answer}");
    }
    // The provider repeats what was not answered with 200.
    for customer in &customers {
        let complete =
            eventually(|| async { (heard(&gateway, &outside, customer).await >= WORDS).then_some(()) });
        assert!(complete.await.is_some(), "{} was not heard in full", customer.id);
    }
    for customer in &customers {
        assert_eq!(
            heard(&gateway, &outside, customer).await,
            WORDS,
            "{}",
            customer.id
        );
        customer.waits_for("help", 1).await;
    }
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_meets_somebody_who_does_not_answer_hands_over_and_exits_with_0() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let outsides_clock = MovableClock::fixed();
    let outside = Outside::on(outsides_clock.clone());
    let config = write_config(directory.path(), &outside, &store, LEASE_MS);
    is_patient(&config);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("[server]", "[server]\ndrain_s = 5")).unwrap();
    let gateway = Gateway::start(&config, &outside);
    let customer = outside.phone("Ana").await;
    let hang = json!({ "times": 1, "action": "delay_ms", "ms": HANGS_MS });
    outside.post("/emulator/faults", json!({ "send": [hang] })).await;
    assert_eq!(customer.text("oi").await, 200);
    let hangs = eventually(|| async {
        let waiting = outside.get("/emulator/state").await["faults_waiting"].as_i64()?;
        (waiting == 0).then_some(())
    });
    assert!(hangs.await.is_some(), "its message is under way");
    let clock = MovableClock::fixed();
    let began_ms = clock.now_ms();
    let status = tokio::task::spawn_blocking(move || gateway.terminates()).await;
    assert_eq!(status.unwrap(), Some(0));
    let took_ms = clock.now_ms() - began_ms;
    assert!(
        (4_500..30_000).contains(&took_ms),
        "it waited to the limit: {took_ms} ms"
    );
    outsides_clock.advance_ms(1);
    outside.stop().await;
}
