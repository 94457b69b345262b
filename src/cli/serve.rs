//! `sacola serve`: the gateway with a configuration file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Failure, StopSignal, load_config, out, start_logs};
use crate::app::App;
use crate::clock::MovableClock;

pub(super) async fn run(environment: &BTreeMap<String, String>, path: &Path) -> Result<(), Failure> {
    start_logs(environment, "info");
    let config = load_config(path, environment)?;
    let mut stop = StopSignal::listen()?;
    let app = App::start(&config, Arc::new(MovableClock::fixed())).await?;
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
    out(&ready.to_string());
    stop.comes().await;
    tracing::info!("draining");
    if app.stop().await {
        tracing::info!("drained");
        return Ok(());
    }
    let text =
        "some work was still running after server.drain_s; its leases will end and another replica goes on";
    Err(Failure::Running(anyhow::anyhow!(text)))
}
