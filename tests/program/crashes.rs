//! `kill -9`, a store that goes away, an answer that is cut on the wire.

use std::process::{Command, Stdio};

use sacola::clock::{Clock, MovableClock};
use sacola::store::embedded;
use serde_json::json;

use crate::support::program::{Gateway, Outside, environment, eventually, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_200_and_the_send_the_message_goes_out_exactly_once_embedded() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    killed_before_the_send(&store, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_200_and_the_send_the_message_goes_out_exactly_once_redis() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    killed_before_the_send(&server.url(), directory.path()).await;
}

/// How long a message of unknown outcome waits for its status. It begins when the gateway that starts anew takes the lane over, and
/// the message goes on only after that start was waited for, its catalog included; its status may be repeated after pauses of up to 4 s.
const HOLD_MS: u64 = 20_000;
/// For ever: what hangs goes on when the outside's clock is moved.
const HANGS_MS: u64 = 600_000;

/// The first message hangs at the provider, so the second is committed, answered with 200 and not yet begun when the
/// program is killed. The provider takes the first one then.
async fn killed_before_the_send(store: &str, directory: &std::path::Path) {
    let outsides_clock = MovableClock::fixed();
    let outside = Outside::on(outsides_clock.clone());
    let config = write_config(directory, &outside, store, 1_000);
    let text = std::fs::read_to_string(&config).unwrap();
    let hold = format!("unknown_hold_s = {}", HOLD_MS / 1_000);
    std::fs::write(&config, text.replace("unknown_hold_s = 3", &hold)).unwrap();
    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    outside
        .post(
            "/emulator/faults",
            json!({ "send": [{ "times": 1, "action": "delay_ms", "ms": HANGS_MS }] }),
        )
        .await;
    assert_eq!(ana.text("oi").await, 200);
    let hanging = eventually(|| async {
        let waiting = outside.get("/emulator/state").await["faults_waiting"].as_i64()?;
        (waiting == 0).then_some(())
    });
    assert!(hanging.await.is_some(), "the first message reached the provider");
    assert_eq!(ana.text("ajuda").await, 200);
    let gateway = gateway.dies_and_another_starts(&outside);
    outsides_clock.advance_ms(1);
    ana.waits_for("help", 1).await;
    ana.waits_for("menu", 1).await;
    // Longer than the hold of an unknown send: whatever would be doubled would be doubled by then.
    MovableClock::fixed().sleep_ms(HOLD_MS + 1_500).await;
    let kinds = ana.kinds().await;
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "help").count(),
        1,
        "{kinds:?}"
    );
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "menu").count(),
        1,
        "its status came within the hold: {kinds:?}"
    );
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_webhooks_and_once_it_has_room_they_are_taken_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let outside = Outside::start();
    let gateway = Gateway::start(&write_config(directory.path(), &outside, &store, 1_000), &outside);
    let ana = outside.phone("Ana").await;
    let cart = ana.fills_a_cart().await;

    gateway.has_room(Some(4_096));
    for _ in 0..3 {
        assert_eq!(
            ana.text("carrinho").await,
            503,
            "nothing is taken that can't be kept"
        );
    }
    assert!(!is_ready(&outside, &gateway).await);

    gateway.has_room(None);
    let ready = eventually(|| async { is_ready(&outside, &gateway).await.then_some(()) });
    assert!(ready.await.is_some(), "somebody has to restart it");
    let summary = ana.taps(&cart, "checkout", "summary").await;
    ana.taps(&summary, "confirm", "payment_link").await;
    assert_eq!(outside.purchases().await.len(), 1);
    assert_eq!(gateway.terminates(), Some(0));
    outside.stop().await;
}

async fn is_ready(outside: &Outside, gateway: &Gateway) -> bool {
    let asked = outside.http.get(format!("{}/readyz", gateway.ops)).send().await;
    asked.is_ok_and(|answer| answer.status().is_success())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merchants_answer_cut_on_the_wire_and_the_program_killed_is_one_purchase() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let outside = Outside::start();
    let gateway = Gateway::start(&write_config(directory.path(), &outside, &store, 1_000), &outside);
    let ana = outside.phone("Ana").await;
    let cart = ana.fills_a_cart().await;
    let summary = ana.taps(&cart, "checkout", "summary").await;
    outside
        .post("/shop/mode", json!({ "mode": "cut_after_commit", "times": 1 }))
        .await;
    assert_eq!(ana.press(&summary, "confirm").await, 200);
    let gateway = gateway.dies_and_another_starts(&outside);
    ana.waits_for("payment_link", 1).await;
    assert_eq!(outside.purchases().await.len(), 1);
    assert_eq!(
        ana.kinds()
            .await
            .iter()
            .filter(|kind| *kind == "payment_link")
            .count(),
        1
    );
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_means_503_and_nothing_is_lost_when_it_is_back() {
    let mut server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &server.url(), 1_000);
    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    ana.fills_a_cart().await;
    server.kill().unwrap();
    assert_eq!(ana.text("sacola").await, 503);
    let ready = outside
        .http
        .get(format!("{}/readyz", gateway.ops))
        .send()
        .await
        .unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    let alive = outside
        .http
        .get(format!("{}/livez", gateway.ops))
        .send()
        .await
        .unwrap();
    assert_eq!(alive.status().as_u16(), 200);
    server.restart().unwrap();
    let cart = ana.waits_for("cart", 2).await;
    assert!(
        cart["text"].as_str().unwrap().contains("Total"),
        "the cart survived: {cart}"
    );
    let ready = eventually(|| async {
        let answer = outside
            .http
            .get(format!("{}/readyz", gateway.ops))
            .send()
            .await
            .ok()?;
        (answer.status().as_u16() == 200).then_some(())
    });
    assert!(ready.await.is_some());
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_webhook_after_a_restart_of_redis_is_taken() {
    let mut server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &server.url(), 1_000);
    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    ana.fills_a_cart().await;
    for _ in 0..2 {
        server.kill().unwrap();
        server.restart().unwrap();
        assert_eq!(ana.text("sacola").await, 200);
    }
    drop(gateway);
    outside.stop().await;
}

/// A file that is half made could not be told from a damaged one, and every later start would refuse it.
#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_makes_its_store_it_starts_again() {
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    for round in 0..10 {
        let data = directory.path().join(format!("data-{round}"));
        let store = format!("embedded:{}", data.display());
        let config = write_config(directory.path(), &outside, &store, 1_000);
        let mut program = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(["serve", "--config"])
            .arg(&config)
            .envs(environment())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let has_begun = || std::fs::read_dir(&data).is_ok_and(|mut files| files.next().is_some());
        while !has_begun() {
            assert!(
                program.try_wait().unwrap().is_none(),
                "it ended before it made a store"
            );
            std::thread::yield_now();
        }
        program.kill().unwrap();
        program.wait().unwrap();
        if let Err(problem) = embedded::open(&data) {
            panic!("round {round}: {problem}");
        }
    }
    outside.stop().await;
}
