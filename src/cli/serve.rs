//! `sacola serve`: the gateway with a configuration file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, StopSignal, load_config, out, start_logs};
use crate::app::{App, Source, open_store};
use crate::clock::MovableClock;

pub(super) async fn run(environment: &BTreeMap<String, String>, path: &Path) -> Result<(), Failure> {
    // Before all else: who reloads a gateway that has just started must not end it. It looks once it runs.
    let hangup = signal(SignalKind::hangup())?;
    start_logs(environment, "info");
    let config = load_config(path, environment)?;
    // Before the store: a container's first process hears no signal that it does not listen to.
    let mut stop = StopSignal::listen()?;
    let opened = tokio::select! {
        opened = open_store(&config) => opened?,
        () = stop.comes() => {
            tracing::info!("told to stop before the store was open");
            return Ok(());
        }
    };
    let app = App::start_on(&config, Arc::new(MovableClock::fixed()), opened).await?;
    let store = &app.store;
    tracing::info!(
        level = store.level.word(),
        durability = store.durability,
        "what a 200 means"
    );
    let ready = json!({
        "ready": true,
        "listen": format!("http://{}", app.public),
        "ops_listen": format!("http://{}", app.ops),
        "webhook_url": format!("http://{}/webhooks/whatsapp", app.public),
        "level": store.level,
        "survives": store.survives,
        "durability": store.durability,
    });
    app.watch(Source::new(path.to_owned(), environment.clone()), hangup);
    out(&ready.to_string());
    stop.comes().await;
    tracing::info!("draining");
    if app.stop().await {
        tracing::info!("drained");
    } else {
        tracing::warn!(
            "some work still ran after server.drain_s; when its leases end another replica goes on"
        );
    }
    Ok(())
}
