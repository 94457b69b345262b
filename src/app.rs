//! Builds everything once from a configuration, runs it, drains it, stops it. The only place that knows all the others.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use tokio::signal::unix::Signal;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::delivery::{self, Dispatcher, MerchantSettings};
use crate::domain::expiring::Expiring;
use crate::domain::ids::{MerchantId, NumberId};
use crate::engine::addresses::Addresses;
use crate::engine::{self, Engine, LaneSettings};
use crate::http::auth::{Keys, Strangers};
use crate::http::{self, State};
use crate::live::Live;
use crate::merchants::Connectors;
use crate::merchants::payment_link::LinkRule;
use crate::store::{Health, Store};
use crate::tasks::{Streak, Tasks};
use crate::telemetry;
use crate::trace::Trace;
use crate::whatsapp::Provider;
use crate::whatsapp::buttons::Keyring;
use crate::whatsapp::client::GraphClient;

mod adapters;
mod reload;
mod stores;
mod traces;

pub(crate) use adapters::connectors;
use adapters::{expiring, graph_client, numbers};
use reload::Reload;
pub(crate) use reload::Source;
pub use stores::open_store;
use stores::{IDENTITY, judged, kept_secret};
pub(crate) use stores::{demanded, engine_for_reading};

/// Lane work that may wait in memory; what does not fit is found by the sweeper.
const LANE_WORK_MAX: usize = 10_000;
/// How long the start waits for the first reading of the catalogs.
const FIRST_MIRROR: Duration = Duration::from_secs(2);
/// How long connections are told to leave before the listener stops: a request on a kept connection meets an answer, and
/// not its end.
const LEAVE: Duration = Duration::from_millis(500);
/// How long requests may take that were read before the listener stopped; half of a shorter drain.
const FINISH_S: u64 = 10;
/// How long the listeners' tasks may take once they have stopped.
const LISTENERS_MS: u64 = 1_000;
/// How long the last spans may take to reach their collector.
const SPANS_MS: u64 = 3_000;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Milliseconds of an hour.
const HOUR_MS: i64 = 60 * 60 * 1000;
/// Pause between superseding messages of one conversation: a burst of clicks becomes a handful of messages.
const PACE_MS: i64 = 300;
/// So many may go ahead of that pace after a pause: fifty clicks in one second stay below ten messages, and who taps as people do
/// waits for nothing.
const PACE_AHEAD: i64 = 3;

/// What the demo adds around a gateway: nothing in production.
pub(crate) struct Around {
    /// Who watches.
    pub(crate) trace: Trace,
    /// Further routes of the public listener.
    pub(crate) routes: http::MoreRoutes,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            trace: Trace::on_demand(),
            routes: Arc::new(|_| {}),
        }
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct App {
    /// Where the public listener is.
    pub public: SocketAddr,
    /// Where the ops listener is.
    pub ops: SocketAddr,
    /// What handlers share.
    pub state: Arc<State>,
    /// How the store was at the start, and what a 200 means on it.
    pub store: Health,
    reload: Arc<Reload>,
    drain: Duration,
    public_server: ServerHandle,
    ops_server: ServerHandle,
    /// Lanes, turns, mirrors, price updates, the sampler, the look at the configuration's files.
    tasks: Tasks,
    /// The listeners: the ops side answers until all else has ended.
    listeners: Tasks,
    /// What follows the steps of all others, and so ends last.
    spans: Tasks,
}

impl App {
    /// Starts a gateway.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let store = open_store(config).await?;
        Self::start_on(config, clock, store).await
    }

    /// Starts a gateway that also serves what the demo adds.
    pub(crate) async fn start_with(
        config: &Config,
        clock: Arc<dyn Clock>,
        around: Around,
    ) -> anyhow::Result<Self> {
        let store = open_store(config).await?;
        Self::start_within(config, clock, store, around).await
    }

    /// Starts a gateway on a store that is open already.
    pub async fn start_on(
        config: &Config,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
    ) -> anyhow::Result<Self> {
        Self::start_within(config, clock, store, Around::default()).await
    }

    async fn start_within(
        config: &Config,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        around: Around,
    ) -> anyhow::Result<Self> {
        let metrics = telemetry::metrics();
        let health = judged(store.as_ref(), demanded(config)).await?;
        let public = bound("server.listen", config.server.listen)?;
        let ops = bound("server.ops_listen", config.server.ops_listen)?;
        let (public_address, ops_address) = (public.local_addr()?, ops.local_addr()?);

        let tasks = Tasks::new();
        let keys = keyring(config, store.as_ref()).await?;
        let graph = Arc::new(graph_client(config, keys.clone())?);
        let provider: Arc<dyn Provider> = Arc::<GraphClient>::clone(&graph);
        let connectors = connectors(config, &clock)?;
        let spans = Tasks::new();
        let replica = replica_name();
        let collector = traces::start(config, &replica, &around.trace, &spans)?;
        let parts = engine::Parts {
            addresses: Addresses::new(kept_secret(store.as_ref(), IDENTITY).await?),
            store,
            clock: Arc::clone(&clock),
            keys,
            numbers: numbers(config)?,
            lanes: lane_settings(config),
            trace: around.trace,
        };
        let (engine, lane_work) = Engine::new(parts, tasks.clone(), LANE_WORK_MAX);
        let parts = dispatcher_parts(config, (Arc::clone(&engine), replica), provider, connectors);
        let dispatcher = Dispatcher::new(parts, tasks.clone());
        let mirrored = first_mirror(&dispatcher).await;
        dispatcher.run(lane_work, &mirrored);
        if let Some(days) = config.retention.dead_letters_days {
            dispatcher.remove_old_letters(i64::from(days) * DAY_MS);
        }

        let state = Arc::new(shared_state(config, engine, dispatcher, metrics));
        let reload = Reload::new(config, Arc::clone(&state), (graph, collector), clock);
        http::sample(Arc::clone(&state), &tasks);
        let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
        let listeners = Tasks::new();
        let finish_s = FINISH_S.min(config.server.drain_s / 2).max(1);
        let public_server = http::serve_public(
            Arc::clone(&state),
            public,
            around.routes,
            (workers, finish_s),
            &listeners,
        )?;
        let ops_server = http::serve_ops(Arc::clone(&state), ops, &listeners)?;
        Ok(Self {
            public: public_address,
            ops: ops_address,
            state,
            store: health,
            reload,
            drain: Duration::from_secs(config.server.drain_s),
            public_server,
            ops_server,
            tasks,
            listeners,
            spans,
        })
    }

    /// Uses another configuration from now on, as far as it needs no restart.
    pub async fn use_configuration(&self, config: Config) {
        self.reload.apply(config).await;
    }

    /// Looks at the configuration's files on schedule and whenever `hangup` comes, and uses what changed.
    pub(crate) fn watch(&self, source: Source, hangup: Signal) {
        let (reload, stop) = (Arc::clone(&self.reload), self.tasks.stop_token());
        self.tasks.spawn("configuration", async move {
            reload.watch(source, hangup, stop).await;
        });
    }

    /// Drains and stops, in this order: not ready any more, no new requests, what is performed is ended and settled, what is
    /// leased and not begun is given back. Returns false when something was still busy after `server.drain_s`; its lease ends
    /// by itself.
    pub async fn stop(self) -> bool {
        self.state.draining.store(true, Ordering::Relaxed);
        let limit = tokio::time::sleep(self.drain);
        tokio::pin!(limit);
        tokio::time::sleep(LEAVE).await;
        self.public_server.stop(true).await;
        let is_idle = tokio::select! {
            // first, so that everything is told to end even when no time is left
            biased;
            is_idle = self.tasks.stop(u64::MAX) => is_idle,
            () = &mut limit => false,
        };
        self.ops_server.stop(true).await;
        self.listeners.stop(LISTENERS_MS).await;
        self.spans.stop(SPANS_MS).await;
        self.state.engine.store().close().await;
        is_idle
    }
}

fn bound(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| {
        format!("{key}: cannot listen on {address}; stop what listens there, or give another address or port")
    })
}

async fn keyring(config: &Config, store: &dyn Store) -> anyhow::Result<Keyring> {
    let configured = &config.buttons.keys;
    let keys = if configured.is_empty() {
        tracing::warn!(
            "no [buttons] keys: one was made and is kept in the store; set SACOLA_BUTTON_KEY to keep buttons alive when the store is lost"
        );
        let kept = Expiring::lasting(kept_secret(store, "buttons").await?);
        vec![("s".to_owned(), kept)]
    } else {
        configured
            .iter()
            .map(|key| {
                (
                    key.id.clone(),
                    expiring(&key.secret, |text| text.as_bytes().to_vec()),
                )
            })
            .collect()
    };
    Ok(Keyring::ending(keys, config.buttons.expiry_days))
}

fn lane_settings(config: &Config) -> LaneSettings {
    let ms = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    LaneSettings {
        lease_ms: ms(config.delivery.lease_ms),
        unknown_hold_ms: ms(config.delivery.unknown_hold_s.saturating_mul(1000)),
        pace_ms: PACE_MS,
        pace_ahead: PACE_AHEAD,
    }
}

/// The outsides as the dispatcher knows them.
fn sides(config: &Config, connectors: Connectors) -> delivery::Sides {
    let settings = |merchant: &config::Merchant| {
        let links = LinkRule {
            hosts: merchant.payment_hosts.clone(),
            allow_private: config.outgoing.allow_private.clone(),
        };
        let settings = MerchantSettings {
            links,
            mirror_interval_ms: merchant.mirror_interval_s.saturating_mul(1000),
            timeout_ms: merchant.timeout_ms,
        };
        (MerchantId::new(&merchant.id), settings)
    };
    let rate = |number: &config::Number| (NumberId::new(&number.phone_number_id), number.messages_per_second);
    delivery::Sides {
        connectors,
        merchants: config.merchants.iter().map(settings).collect(),
        rates: config.numbers.iter().map(rate).collect(),
    }
}

fn dispatcher_parts(
    config: &Config,
    (engine, replica): (Arc<Engine>, String),
    provider: Arc<dyn Provider>,
    connectors: Connectors,
) -> delivery::Parts {
    delivery::Parts {
        engine,
        provider,
        sides: sides(config, connectors),
        replica,
        lanes: delivery::LanesAtOnce::default(),
    }
}

fn replica_name() -> String {
    let mut bytes = [0_u8; 8];
    let filled = getrandom::fill(&mut bytes);
    debug_assert!(filled.is_ok(), "the system gives random bytes");
    hex::encode(bytes)
}

/// Reads the catalogs before the first customer comes, as far as the merchants answer in time.
async fn first_mirror(dispatcher: &Arc<Dispatcher>) -> BTreeSet<MerchantId> {
    let merchants = dispatcher.merchants();
    let read = merchants.into_iter().map(|merchant| async move {
        match tokio::time::timeout(FIRST_MIRROR, dispatcher.mirror(&merchant)).await {
            Ok(Ok(found)) => {
                tracing::info!(%merchant, products = found.products, "catalog read");
                Some(merchant)
            }
            Ok(Err(error)) => {
                tracing::warn!(%merchant, error = error.in_log(), "the catalog could not be read yet");
                None
            }
            Err(_) => {
                tracing::warn!(%merchant, "reading the catalog takes long; going on in the background");
                None
            }
        }
    });
    futures::future::join_all(read)
        .await
        .into_iter()
        .flatten()
        .collect()
}

fn shared_state(
    config: &Config,
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
    metrics: metrics_exporter_prometheus::PrometheusHandle,
) -> State {
    State {
        engine,
        dispatcher,
        access: Live::new(access(config)),
        keys: Live::new(keys(config)),
        strangers: Strangers::default(),
        configuration: Live::new(http::Configuration::default()),
        webhook_body_bytes: config.server.webhook_body_bytes,
        api_body_bytes: config.server.api_body_bytes,
        idempotency_ms: i64::from(config.retention.idempotency_hours) * HOUR_MS,
        metrics,
        draining: AtomicBool::new(false),
        required: demanded(config),
        samples: http::Samples::default(),
        heard: http::Heard::default(),
        bad_signatures: AtomicU64::new(0),
        health_looks: Streak::default(),
        console: http::Sessions::default(),
    }
}

/// Who is let in at the webhooks.
fn access(config: &Config) -> http::Access {
    let whatsapp = &config.whatsapp;
    let secrets = whatsapp.app_secrets.iter();
    http::Access {
        verify_token: expiring(&whatsapp.verify_token, str::to_owned),
        app_secrets: secrets
            .map(|secret| expiring(secret, |text| text.as_bytes().to_vec()))
            .collect(),
        merchants: config
            .merchants
            .iter()
            .map(|merchant| (merchant.id.clone(), merchant.name.clone()))
            .collect(),
    }
}

/// Who is let in at the merchant API.
fn keys(config: &Config) -> Keys {
    Keys::of(&config.api_keys)
}
