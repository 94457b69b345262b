//! `sacola demo`: gateway, emulator and demo shop on this machine, over real HTTP; the demo path is the production path.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::emulator::{
    ACCESS_TOKEN, APP_SECRET, CATALOG_ID, MERCHANT_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN, WABA_ID, described,
    settings,
};
use super::playground::{self, Settings};
use super::{Failure, err, out, start_logs, stop_signal};
use crate::app::{App, Around};
use crate::clock::{Clock, MovableClock};
use crate::config::Fault;
use crate::domain::ids::MerchantId;
use crate::emulator::Emulator;
use crate::tasks::Tasks;
use crate::trace::Trace;

/// The operator's key of the demo.
pub(super) const API_KEY: &str = "demo-operator-key";
/// How long the demo waits for its own shop's products, and its pause between looks.
const PRODUCTS_MS: i64 = 30_000;
const LOOK_MS: u64 = 20;

/// Gateway and emulator, running.
pub(super) struct Demo {
    pub(super) app: App,
    pub(super) emulator: Emulator,
    tasks: Tasks,
    /// Ends the live streams of open pages.
    stop_streams: CancellationToken,
}

impl Demo {
    /// Starts both. `listen` is the gateway's public address, `data` the embedded store's directory.
    pub(super) async fn start(listen: &str, data: &Path) -> Result<Self, Failure> {
        let clock = MovableClock::fixed();
        let tasks = Tasks::new();
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port for the emulator")?;
        let emulator = Emulator::start(settings(listener, None, None, clock.clone()), &tasks)?;
        let text = configuration(listen, data, emulator.base_url());
        let loaded = crate::config::load(&text, &BTreeMap::new())
            .map_err(|faults| Failure::Configuration(faults.iter().map(in_its_own_words).collect()))?;
        let (trace, stop_streams, told) = (Trace::on(), CancellationToken::new(), Settings::default());
        let routes = playground::routes(&trace, &stop_streams, &told, emulator.controls());
        let app = App::start_with(&loaded.config, Arc::new(clock.clone()), Around { trace, routes })
            .await
            .context("the demo can't start (its server.listen is --listen, its store.url is --data)")?;
        knows_products(&app, &clock).await;
        let public = format!("http://{}", app.public);
        let page = json!({
            "gateway": true, "api_key": API_KEY, "ops_url": format!("http://{}", app.ops), "public_url": public,
            "emulator_url": emulator.base_url(), "version": env!("CARGO_PKG_VERSION"),
        });
        drop(told.set(page));
        emulator.set_targets(
            &format!("{public}/webhooks/whatsapp"),
            &format!("{public}/webhooks/merchants/demo"),
        );
        Ok(Self {
            app,
            emulator,
            tasks,
            stop_streams,
        })
    }

    /// Stops both.
    pub(super) async fn stop(self) {
        self.stop_streams.cancel();
        self.emulator.stop().await;
        self.app.stop().await;
        self.tasks.stop(5_000).await;
    }
}

/// Waits until the gateway knows what the shop sells. On a busy machine it starts before that, and who is quick sees a menu without
/// categories.
async fn knows_products(app: &App, clock: &MovableClock) {
    let (engine, shop) = (&app.state.engine, MerchantId::new("demo"));
    let until_ms = clock.now_ms() + PRODUCTS_MS;
    while clock.now_ms() < until_ms {
        let read = engine.catalogs().follow(engine.store().as_ref(), &shop).await;
        if read.is_ok() && !engine.catalogs().products(&shop).is_empty() {
            return;
        }
        clock.sleep_ms(LOOK_MS).await;
    }
    tracing::warn!("the demo's shop has not told its products yet: the menu may be empty; ask for it again");
}

/// The demo has no file: who started it wrote options.
fn in_its_own_words(fault: &Fault) -> String {
    fault.to_string().replacen("server.listen", "--listen", 1)
}

/// The demo's configuration: the same format as everybody's.
fn configuration(listen: &str, data: &Path, emulator: &str) -> String {
    let data = data.display().to_string();
    format!(
        r#"
[server]
listen = "{listen}"
ops_listen = "127.0.0.1:0"
[store]
url = {store}
[buttons]
keys = [{{ id = "demo", value = "a key that guards nothing but this demo" }}]
[whatsapp]
graph_url = "{emulator}"
verify_token = "{VERIFY_TOKEN}"
app_secrets = ["{APP_SECRET}"]
[[number]]
phone_number_id = "{PHONE_NUMBER_ID}"
waba_id = "{WABA_ID}"
access_token = "{ACCESS_TOKEN}"
catalog_id = "{CATALOG_ID}"
payments = "order_details"
merchant = "demo"
[[merchant]]
id = "demo"
name = "Café da Praça"
connector = "standard"
base_url = "{emulator}/shop/api"
currency = "BRL"
secrets = ["{MERCHANT_SECRET}"]
payment_hosts = ["127.0.0.1"]
[outgoing]
allow_private = ["127.0.0.0/8"]
[[api_key]]
id = "operator"
merchant = "*"
secret = "{API_KEY}"
scopes = ["messages:write", "conversations:read", "catalog:write", "dead_letters:write", "customers:erase"]
requests_per_second = 200
"#,
        store = toml::Value::String(format!("embedded:{data}")),
    )
}

/// A fresh directory for a store that nobody asked to keep.
pub(super) fn temporary_directory() -> anyhow::Result<PathBuf> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let directory = std::env::temp_dir().join(format!("sacola-demo-{}", hex::encode(bytes)));
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

pub(super) async fn run(
    environment: &BTreeMap<String, String>,
    listen: &str,
    data: Option<PathBuf>,
    open: bool,
) -> Result<(), Failure> {
    start_logs(environment, "warn");
    let temporary = if data.is_none() {
        Some(temporary_directory()?)
    } else {
        None
    };
    let directory = data.or_else(|| temporary.clone()).unwrap_or_default();
    let started = Demo::start(listen, &directory).await;
    let demo = match (started, &temporary) {
        (Ok(demo), _) => demo,
        (Err(failure), made) => {
            if let Some(directory) = made {
                std::fs::remove_dir_all(directory)?;
            }
            return Err(failure);
        }
    };
    let ready = ready_line(&demo);
    out(&ready.to_string());
    explain(&demo);
    if open {
        open_in_browser(&format!("http://{}/playground", demo.app.public));
    }
    stop_signal().await?;
    demo.stop().await;
    if let Some(directory) = temporary {
        std::fs::remove_dir_all(directory)?;
    }
    Ok(())
}

fn ready_line(demo: &Demo) -> Value {
    let mut ready = described(demo.emulator.base_url());
    if let Some(map) = ready.as_object_mut() {
        map.insert("ready".to_owned(), json!(true));
        map.insert("listen".to_owned(), json!(format!("http://{}", demo.app.public)));
        map.insert("ops_listen".to_owned(), json!(format!("http://{}", demo.app.ops)));
        map.insert(
            "webhook_url".to_owned(),
            json!(format!("http://{}/webhooks/whatsapp", demo.app.public)),
        );
        map.insert(
            "playground".to_owned(),
            json!(format!("http://{}/playground", demo.app.public)),
        );
        map.insert(
            "console".to_owned(),
            json!(format!("http://{}/console", demo.app.ops)),
        );
        map.insert("api_key".to_owned(), json!(API_KEY));
    }
    ready
}

/// What to try, for a person at the terminal.
fn explain(demo: &Demo) {
    let (public, ops) = (demo.app.public, demo.app.ops);
    err("Sacola demo is running. Hold a phone in your browser, buy something, break things on purpose:");
    err(&format!("  playground  http://{public}/playground"));
    err(&format!("  console     http://{ops}/console   (key: {API_KEY})"));
    err(&format!("  the API     http://{public}/docs"));
    err("A guided rehearsal: the same address with ?story=price-change. By hand, from another terminal:");
    err(&format!(
        "  curl -s {public}/emulator/phones -d '{{\"name\":\"Ana\"}}' -H 'content-type: application/json'"
    ));
    err(&format!(
        "  curl -s {public}/v1/products -H 'authorization: Bearer {API_KEY}'"
    ));
    err("Or watch a whole purchase: sacola demo --script. Ctrl-C ends.");
}

fn open_in_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    if let Err(error) = std::process::Command::new(opener).arg(url).spawn() {
        err(&format!("cannot open a browser ({error}); open {url} yourself"));
    }
}
