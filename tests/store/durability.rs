//! What a real server's settings make of a 200, while they are changed under a running store.

use std::collections::BTreeSet;

use sacola::store::redis as redis_store;
use sacola::store::{Health, Level, Loss, Store};

use super::harness::Embedded;
use crate::support::redis_server::{AppendOnly, RedisServer, patient};

async fn health(store: &impl Store) -> Health {
    store.health().await.expect("an answer")
}

/// Changes a setting of a running server.
fn set(server: &RedisServer, setting: &str) {
    let answer = server.asks(&format!("CONFIG SET {setting}")).expect("an answer");
    assert_eq!(answer, "+OK", "{setting}");
}

#[tokio::test]
async fn the_embedded_store_survives_a_power_cut() {
    let engine = Embedded::open();
    let health = engine.store().health().await.expect("an answer");
    assert_eq!(health.level, Level::PowerLoss);
    assert_eq!(
        health.survives,
        BTreeSet::from([Loss::ProcessDeath, Loss::PowerLoss])
    );
    assert_eq!(health.unmet(Some(Loss::PowerLoss)), None);
    assert!(health.unmet(Some(Loss::PrimaryLoss)).is_some());
}

#[tokio::test]
async fn a_level_follows_the_servers_settings_while_it_runs() {
    let server = RedisServer::start(AppendOnly::EverySecond).expect("a Redis server");
    let store = redis_store::connect(&server.url(), patient())
        .await
        .expect("a store");
    assert_eq!(health(&store).await.level, Level::ProcessDeath);
    for (setting, level, warned) in [
        ("appendfsync always", Level::PowerLoss, ""),
        (
            "no-appendfsync-on-rewrite yes",
            Level::ProcessDeath,
            "no-appendfsync-on-rewrite no",
        ),
        ("no-appendfsync-on-rewrite no", Level::PowerLoss, ""),
        ("appendfsync no", Level::ProcessDeath, ""),
        ("maxmemory-policy allkeys-lru", Level::None, "noeviction"),
        ("maxmemory-policy noeviction", Level::ProcessDeath, ""),
        ("appendonly no", Level::None, "appendonly yes"),
    ] {
        set(&server, setting);
        let health = health(&store).await;
        assert_eq!(health.level, level, "{setting}");
        let warnings = health.warnings.join("\n");
        assert!(warnings.contains(warned), "{setting}: {warnings}");
        assert_eq!(warnings.is_empty(), warned.is_empty(), "{setting}: {warnings}");
    }
    store.close().await;
}

#[tokio::test]
async fn a_server_that_does_not_say_is_unknown_and_meets_only_what_is_sure() {
    let server = RedisServer::start(AppendOnly::Always).expect("a Redis server");
    let user = "ACL SETUSER shy on >secret ~* &* +@all -config";
    assert_eq!(server.asks(user).expect("an answer"), "+OK");
    let url = server.url().replace("redis://", "redis://shy:secret@");
    let store = redis_store::connect(&url, patient()).await.expect("a store");
    let health = health(&store).await;
    assert_eq!(health.level, Level::Unknown);
    assert!(
        health.warnings.iter().any(|text| text.contains("+config|get")),
        "{:?}",
        health.warnings
    );
    assert_eq!(health.unmet(Some(Loss::ProcessDeath)), None);
    assert!(health.unmet(Some(Loss::PowerLoss)).is_some(), "nobody knows");
    store.close().await;
}
