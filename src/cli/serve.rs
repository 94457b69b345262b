//! `sacola serve`: the gateway with a configuration file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Failure, load_config, out, start_logs, stop_signal};
use crate::app::App;
use crate::clock::MovableClock;

pub(super) async fn run(environment: &BTreeMap<String, String>, path: &Path) -> Result<(), Failure> {
    start_logs(environment, "info");
    let config = load_config(path, environment)?;
    let app = App::start(&config, Arc::new(MovableClock::fixed())).await?;
    tracing::info!(durability = app.durability, "a 200 means");
    let ready = json!({
        "ready": true,
        "listen": format!("http://{}", app.public),
        "ops_listen": format!("http://{}", app.ops),
        "webhook_url": format!("http://{}/webhooks/whatsapp", app.public),
        "durability": app.durability,
    });
    out(&ready.to_string());
    stop_signal().await?;
    tracing::info!("draining");
    if !app.stop().await {
        tracing::warn!("some work was still running; its leases will end and another replica goes on");
    }
    Ok(())
}
