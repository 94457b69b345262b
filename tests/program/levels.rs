//! A demanded level: what the program does on a store where a 200 survives less, at its start and while it runs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::program::{Gateway, Outside, environment, eventually, write_config};
use crate::support::redis_server::{AppendOnly, PRIMARY, RedisServer};

/// A configuration that demands `power_loss` of that server.
fn demanding(directory: &Path, outside: &Outside, server: &RedisServer) -> PathBuf {
    let path = write_config(directory, outside, &server.url(), 1_000);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replacen("[delivery]", "require = \"power_loss\"\n[delivery]", 1);
    std::fs::write(&path, text).unwrap();
    path
}

async fn ready(outside: &Outside, gateway: &Gateway) -> (u16, Value) {
    let url = format!("{}/readyz", gateway.ops);
    let answer = outside.http.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The body once it is ready: one look may fall into a moment in which a disk or a replica is slow.
async fn once_ready(outside: &Outside, gateway: &Gateway) -> Value {
    let seen = eventually(|| async {
        let (status, told) = ready(outside, gateway).await;
        (status == 200).then_some(told)
    });
    match seen.await {
        Some(told) => told,
        None => panic!("never ready: {:?}", ready(outside, gateway).await),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_survives_less_than_is_demanded_is_refused_at_the_start() {
    let server = RedisServer::start(AppendOnly::EverySecond).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = demanding(directory.path(), &outside, &server);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(["serve", "--config"])
        .arg(&config)
        .envs(environment())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(output.stdout.is_empty(), "it never was ready");
    for told in [
        "store.require is power_loss",
        "only process_death",
        "appendfsync always",
    ] {
        assert!(stderr.contains(told), "{told} is not in {stderr}");
    }
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_drops_while_it_runs_is_told_and_makes_it_unready_until_it_is_back() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = demanding(directory.path(), &outside, &server);
    let gateway = Gateway::start(&config, &outside);
    let told = once_ready(&outside, &gateway).await;
    assert_eq!(told["reasons"], json!([]));
    assert_eq!(told["store"]["level"], "power_loss");
    assert_eq!(told["store"]["survives"], json!(["process_death", "power_loss"]));

    assert_eq!(server.asks("CONFIG SET appendfsync everysec").unwrap(), "+OK");
    let (status, told) = ready(&outside, &gateway).await;
    assert_eq!((status, &told["ready"]), (503, &json!(false)));
    assert_eq!(told["store"]["level"], "process_death");
    let reason = told["reasons"][0].as_str().unwrap();
    assert!(reason.contains("store.require is power_loss"), "{reason}");

    assert_eq!(server.asks("CONFIG SET appendfsync always").unwrap(), "+OK");
    once_ready(&outside, &gateway).await;
    drop(gateway);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_frozen_makes_webhooks_503_and_the_gateway_unready() {
    // Neither waits for a disk, which may be busy for longer than a primary waits for its replica.
    let primary = RedisServer::start_with(AppendOnly::No, &PRIMARY).unwrap();
    let replica = RedisServer::replica_of(&primary, AppendOnly::Off).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    // A lease outlasts what waits for the replica: it is not taken over, and the menu does not come twice.
    let config = write_config(directory.path(), &outside, &primary.url(), 10_000);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        text.replacen("[delivery]", "wait_replicas = 1\n[delivery]", 1),
    )
    .unwrap();
    let gateway = Gateway::start(&config, &outside);
    let ana = outside.phone("Ana").await;
    // A replica that is slower than a second costs one more delivery.
    let told = ana.text("oi").await;
    assert!(matches!(told, 200 | 503), "{told}");
    ana.waits_for("menu", 1).await;
    let told = once_ready(&outside, &gateway).await;
    assert_eq!(told["store"]["level"], "primary_loss");

    replica.freeze().unwrap();
    assert_eq!(ana.text("ajuda").await, 503);
    let (status, told) = ready(&outside, &gateway).await;
    assert_eq!(
        (status, &told["reasons"]),
        (503, &json!(["the store takes no writes"]))
    );
    assert_eq!(ana.kinds().await, ["menu"], "nothing was sent");

    replica.thaw().unwrap();
    ana.waits_for("help", 1).await;
    once_ready(&outside, &gateway).await;
    assert_eq!(ana.kinds().await, ["menu", "help"], "each once");
    drop(gateway);
    outside.stop().await;
}
