//! `sacola emulator`: the provider's and a shop's side alone, for developing a gateway against them.

use std::collections::BTreeMap;
use std::net::TcpListener;

use anyhow::Context;
use serde_json::{Value, json};

use super::{Failure, out, start_logs, stop_signal};
use crate::clock::MovableClock;
use crate::emulator::{Emulator, EmulatorConfig};
use crate::tasks::Tasks;

/// Fixed identities of the emulated world; they guard nothing but loopback.
pub(super) const ACCESS_TOKEN: &str = "emulator-access-token";
pub(super) const APP_SECRET: &str = "emulator-app-secret";
pub(super) const VERIFY_TOKEN: &str = "emulator-verify-token";
pub(super) const MERCHANT_SECRET: &str = "whsec_c2Fjb2xhLWVtdWxhdG9yLXNoYXJlZC1zZWNyZXQh";
pub(super) const PHONE_NUMBER_ID: &str = "106540352242922";
pub(super) const WABA_ID: &str = "102290129340398";
pub(super) const CATALOG_ID: &str = "367025965434465";

/// The emulator's settings on a listener that is bound already.
pub(super) fn settings(
    listener: TcpListener,
    webhook_url: Option<String>,
    callback_url: Option<String>,
    clock: MovableClock,
) -> EmulatorConfig {
    EmulatorConfig {
        listener,
        webhook_url,
        callback_url,
        clock,
        access_token: ACCESS_TOKEN.to_owned(),
        app_secret: APP_SECRET.to_owned(),
        verify_token: VERIFY_TOKEN.to_owned(),
        merchant_secret: MERCHANT_SECRET.to_owned(),
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        display_phone_number: "+55 11 4000-1234".to_owned(),
        waba_id: WABA_ID.to_owned(),
        catalog_id: CATALOG_ID.to_owned(),
    }
}

/// All addresses and identities, for the line that says "ready".
pub(super) fn described(base_url: &str) -> Value {
    json!({
        "emulator": base_url,
        "graph_url": base_url,
        "shop": format!("{base_url}/shop/products"),
        "shop_api": format!("{base_url}/shop/api"),
        "phone_number_id": PHONE_NUMBER_ID,
        "waba_id": WABA_ID,
        "catalog_id": CATALOG_ID,
        "access_token": ACCESS_TOKEN,
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
        "merchant_secret": MERCHANT_SECRET,
    })
}

pub(super) async fn run(
    environment: &BTreeMap<String, String>,
    listen: &str,
    webhook_url: Option<String>,
    callback_url: Option<String>,
) -> Result<(), Failure> {
    start_logs(environment, "info");
    let listener =
        TcpListener::bind(listen).with_context(|| format!("--listen {listen}: cannot listen there"))?;
    let tasks = Tasks::new();
    let config = settings(listener, webhook_url, callback_url, MovableClock::fixed());
    let emulator = Emulator::start(config, &tasks)?;
    let mut ready = described(emulator.base_url());
    if let Some(map) = ready.as_object_mut() {
        map.insert("ready".to_owned(), json!(true));
    }
    out(&ready.to_string());
    stop_signal().await?;
    emulator.stop().await;
    tasks.stop(5_000).await;
    Ok(())
}
