//! `sacola emulator`: the provider's and a shop's side alone, for developing any bot against them.

mod options;
mod told;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

pub(super) use options::{HELP, Options};

use super::demo::temporary_directory;
use super::{Failure, StopSignal, err, out, start_logs};
use crate::clock::{Clock, MovableClock};
use crate::emulator::{Answered, Emulator, EmulatorConfig, TlsConfig};
use crate::tasks::Tasks;

/// Fixed identities of the emulated world; they guard nothing but loopback.
pub(super) const ACCESS_TOKEN: &str = "emulator-access-token";
pub(super) const APP_SECRET: &str = "emulator-app-secret";
pub(super) const VERIFY_TOKEN: &str = "emulator-verify-token";
pub(super) const MERCHANT_SECRET: &str = "whsec_c2Fjb2xhLWVtdWxhdG9yLXNoYXJlZC1zZWNyZXQh";
pub(super) const PHONE_NUMBER_ID: &str = "106540352242922";
pub(super) const WABA_ID: &str = "102290129340398";
pub(super) const CATALOG_ID: &str = "367025965434465";

/// Between two handshakes with a bot that is not up yet.
const HANDSHAKE_PAUSE_MS: u64 = 2_000;

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
        strict: false,
        data: None,
        tls: None,
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

pub(super) async fn run(environment: &BTreeMap<String, String>, options: Options) -> Result<(), Failure> {
    start_logs(environment, "info");
    let options = options
        .with_secret_files()
        .map_err(|error| Failure::Configuration(vec![format!("{error:#}")]))?;
    let temporary = if options.tls_listen.is_some() && options.tls_dir.is_none() {
        Some(temporary_directory()?)
    } else {
        None
    };
    let ended = live(&options, temporary.clone()).await;
    if let Some(directory) = temporary {
        std::fs::remove_dir_all(directory)?;
    }
    ended
}

async fn live(options: &Options, temporary: Option<PathBuf>) -> Result<(), Failure> {
    let clock = MovableClock::fixed();
    let mut config = settings(
        bound("--listen", &options.listen)?,
        options.webhook_url.clone(),
        options.callback_url.clone(),
        clock.clone(),
    );
    config.access_token.clone_from(&options.access_token);
    config.app_secret.clone_from(&options.app_secret);
    config.verify_token.clone_from(&options.verify_token);
    config.merchant_secret.clone_from(&options.merchant_secret);
    config.phone_number_id.clone_from(&options.phone_number_id);
    config.waba_id.clone_from(&options.waba_id);
    config.data.clone_from(&options.data);
    config.strict = options.strict;
    config.tls = tls(options, temporary)?;

    let mut stop = StopSignal::listen()?;
    let tasks = Tasks::new();
    let emulator = Emulator::start(config, &tasks)?;
    out(&told::ready_line(&emulator, options).to_string());
    err(&told::explained(&emulator, options));
    let meeting = async {
        meet(&emulator, &clock).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stop.comes() => {}
        () = meeting => {}
    }
    emulator.stop().await;
    tasks.stop(5_000).await;
    Ok(())
}

fn bound(option: &str, address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("{option} {address}: cannot listen there; stop what does, or take another port")
    })
}

fn tls(options: &Options, temporary: Option<PathBuf>) -> anyhow::Result<Option<TlsConfig>> {
    let Some(address) = &options.tls_listen else {
        return Ok(None);
    };
    let proxy = options
        .proxy_listen
        .as_deref()
        .map(|address| bound("--proxy-listen", address))
        .transpose()?;
    Ok(Some(TlsConfig {
        listener: bound("--tls-listen", address)?,
        directory: options.tls_dir.clone().or(temporary).unwrap_or_default(),
        proxy,
    }))
}

/// Does the handshake until the bot answers well, and says what is amiss when that changes.
async fn meet(emulator: &Emulator, clock: &MovableClock) {
    let mut said = None;
    while let Some(answered) = emulator.handshake().await {
        let url = emulator.webhook_url().unwrap_or_default();
        match answered {
            Answered::Well => {
                err(&format!("Your bot at {url} answered the handshake well."));
                return;
            }
            Answered::Badly(words) if said.as_ref() != Some(&words) => {
                err(&format!(
                    "Your bot at {url} {words}. It is tried again; webhooks are sent all the same."
                ));
                said = Some(words);
            }
            Answered::Badly(_) => {}
        }
        clock.sleep_ms(HANDSHAKE_PAUSE_MS).await;
    }
}
