//! The store of a configuration: how it is opened, judged, and used by commands where no gateway runs. It refuses a store whose
//! 200 survives less than is demanded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use tokio::sync::oneshot;

use super::adapters::numbers;
use super::lane_settings;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::engine::addresses::Addresses;
use crate::engine::{self, Engine};
use crate::store::{self, Health, Level, Loss, Store};
use crate::tasks::Tasks;
use crate::trace::Trace;
use crate::whatsapp::buttons::Keyring;

/// The secret that home ids rest on.
pub(super) const IDENTITY: &str = "identity";

/// What `store.require` demands.
pub(crate) fn demanded(config: &Config) -> Option<Loss> {
    config.store.require.map(|demand| match demand {
        config::Demand::ProcessDeath => Loss::ProcessDeath,
        config::Demand::PowerLoss => Loss::PowerLoss,
        config::Demand::PrimaryLoss => Loss::PrimaryLoss,
    })
}

/// Asks the store how it is, tells what the person on call should know, and refuses it when a 200 would survive less than is
/// demanded.
pub(super) async fn judged(store: &dyn Store, demanded: Option<Loss>) -> anyhow::Result<Health> {
    let health = store.health().await.context("the store does not answer")?;
    for warning in &health.warnings {
        tracing::warn!(warning, "store");
    }
    if let Some(unmet) = health.unmet(demanded) {
        return Err(unmet.into());
    }
    match health.level {
        Level::None => {
            let durability = &health.durability;
            tracing::error!(
                durability,
                "A 200 SURVIVES NOTHING: what is answered may be lost. For trials only"
            );
        }
        Level::Unknown => tracing::warn!("what a 200 survives is not known: the server does not say"),
        Level::ProcessDeath | Level::PowerLoss | Level::PrimaryLoss => {}
    }
    Ok(health)
}

/// Opens the configured store. Whoever waits for it may give up at any moment.
pub async fn open_store(config: &Config) -> anyhow::Result<Arc<dyn Store>> {
    let url = config.store.url.expose();
    if let Some(directory) = url.strip_prefix("embedded:") {
        let store = open_beside(directory.into(), kept(config))
            .await
            .with_context(|| format!("store.url: cannot open the embedded store in {directory}"))?;
        return Ok(Arc::new(store));
    }
    Ok(Arc::new(open_redis(config).await?))
}

/// Opens the file in a thread of its own, which keeps no program from ending: checking a large one takes long.
async fn open_beside(
    directory: PathBuf,
    retention: store::Retention,
) -> anyhow::Result<store::embedded::EmbeddedStore> {
    let (answer, opened) = oneshot::channel();
    let thread = std::thread::Builder::new().name("store-opening".to_owned());
    thread.spawn(move || drop(answer.send(store::embedded::open_with(&directory, retention))))?;
    Ok(opened.await.context("the library gave up on it")??)
}

/// How long the engines keep what ends by itself.
fn kept(config: &Config) -> store::Retention {
    store::Retention {
        journal_days: config.retention.journal_days,
        statuses_days: config.retention.statuses_days,
    }
}

async fn open_redis(config: &Config) -> anyhow::Result<store::redis::RedisStore> {
    let options = store::redis::Options {
        wait_replicas: config.store.wait_replicas,
        key_prefix: config.store.key_prefix.clone(),
        retention: kept(config),
        ..store::redis::Options::default()
    };
    let store = store::redis::connect(config.store.url.expose(), options).await;
    store.with_context(|| format!("store.url: cannot use {}", config.store.shown_url()))
}

/// An engine for commands, on a store that a gateway has used; `None` when none has. It serves no lane and knows no key of buttons:
/// it reads, and it erases.
pub(crate) async fn engine_for_reading(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<Engine>>> {
    let Some((store, identity)) = open_used(config).await? else {
        return Ok(None);
    };
    let Some(identity) = identity else {
        store.close().await;
        return Ok(None);
    };
    let identity = hex::decode(&identity).context("the secret identity in the store is damaged")?;
    let parts = engine::Parts {
        store,
        clock,
        addresses: Addresses::new(identity),
        keys: Keyring::new(Vec::new(), config.buttons.expiry_days),
        numbers: numbers(config)?,
        lanes: lane_settings(config),
        trace: Trace::off(),
    };
    let (engine, _) = Engine::new(parts, Tasks::new(), 1);
    Ok(Some(engine))
}

/// Opens the configured store and reads its identity; an embedded one is not made.
async fn open_used(config: &Config) -> anyhow::Result<Option<(Arc<dyn Store>, Option<String>)>> {
    if let Some(directory) = config.store.url.expose().strip_prefix("embedded:") {
        let opened = store::embedded::open_existing(Path::new(directory), kept(config))
            .with_context(|| format!("store.url: cannot open the embedded store in {directory}"))?;
        let Some(opened) = opened else {
            return Ok(None);
        };
        let identity = opened.kept_secret(IDENTITY)?;
        let store: Arc<dyn Store> = Arc::new(opened);
        return Ok(Some((store, identity)));
    }
    let opened = open_redis(config).await?;
    let identity = opened.kept_secret(IDENTITY).await?;
    let store: Arc<dyn Store> = Arc::new(opened);
    Ok(Some((store, identity)))
}

/// A secret that is made once and kept in the store.
pub(super) async fn kept_secret(store: &dyn Store, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut candidate = [0_u8; 32];
    getrandom::fill(&mut candidate).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let kept = store.secret(name, &hex::encode(candidate)).await?;
    hex::decode(&kept).with_context(|| format!("the secret {name} in the store is damaged"))
}
