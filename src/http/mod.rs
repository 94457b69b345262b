//! The gateway's HTTP sides: the public listener (webhooks, callbacks, merchant API) and the ops listener. It owns body
//! limits, authentication and the shape of answers; it refuses business decisions.

use std::collections::BTreeMap;
use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use actix_web::dev::{ServerHandle, Service as _};
use actix_web::http::ConnectionType;
use actix_web::{App, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::delivery::Dispatcher;
use crate::domain::expiring::Expiring;
use crate::engine::Engine;
use crate::live::Live;
use crate::store::Loss;
use crate::tasks::{Streak, Tasks};

pub mod auth;
mod body;
mod callbacks;
mod console;
mod conversations;
mod counted;
mod cursors;
mod dead_letters;
mod erasures;
mod heard;
mod idempotency;
mod intake;
mod logged;
mod messages;
mod openapi;
mod ops;
mod problem;
mod products;
mod queries;
mod routes;
mod samples;
mod sampling;
mod statuses;
mod timeline;
pub mod traced;
mod tries;
mod webhook;

pub use console::Sessions;
pub use heard::Heard;
pub use openapi::document as openapi_document;
pub use samples::Samples;
pub use sampling::sample;

/// What handlers share.
pub struct State {
    /// Takes events.
    pub engine: Arc<Engine>,
    /// Knows merchants and price updates.
    pub dispatcher: Arc<Dispatcher>,
    /// Who is let in at the webhooks, and what merchants are called.
    pub access: Live<Access>,
    /// API keys.
    pub keys: Live<auth::Keys>,
    /// Requests without a right key.
    pub strangers: auth::Strangers,
    /// How the configuration fares.
    pub configuration: Live<Configuration>,
    /// Largest webhook or callback body.
    pub webhook_body_bytes: usize,
    /// Largest API body.
    pub api_body_bytes: usize,
    /// How long the answer to an idempotent call is repeated.
    pub idempotency_ms: i64,
    /// Renders metrics.
    pub metrics: PrometheusHandle,
    /// True while shutting down.
    pub draining: AtomicBool,
    /// What a 200 must survive for this gateway to be ready; `None`: whatever it does.
    pub required: Option<Loss>,
    /// What webhooks told that we have no use for.
    pub samples: Samples,
    /// When each number was last heard of.
    pub heard: Heard,
    /// Webhooks in a row whose signature was wrong.
    pub bad_signatures: AtomicU64,
    /// Looks at the store for `/readyz` and the sampler.
    pub health_looks: Streak,
    /// Who is signed in to the console.
    pub console: Sessions,
}

/// Who is let in at the webhooks, and what merchants are called.
#[derive(Clone)]
pub struct Access {
    /// What the provider repeats in its handshake, while it is live.
    pub verify_token: Expiring<String>,
    /// App secrets; any live one verifies.
    pub app_secrets: Vec<Expiring<Vec<u8>>>,
    /// Names of merchants by id, for pages.
    pub merchants: BTreeMap<String, String>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("merchants", &self.merchants)
            .finish_non_exhaustive()
    }
}

/// How the configuration fares, for `/readyz`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Configuration {
    /// Grows by one with each change that is applied; 1 at the start.
    pub generation: u64,
    /// When the present one was applied, in Unix milliseconds.
    pub loaded_at_ms: i64,
    /// Why the files as they are now are not used; `None`: they are.
    pub refused: Option<Vec<String>>,
    /// Keys that were changed and are used from the next start on.
    pub restart_needed: Vec<String>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("draining", &self.draining.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// How long a request's head may take.
const HEAD_MS: u64 = 5_000;
/// Idle connections are kept that long; less than common proxies' 75 s would make them race.
const KEEP_ALIVE_S: u64 = 75;
/// Most connections per worker.
const CONNECTIONS_MAX: usize = 10_000;

/// Routes that somebody adds to the public listener.
pub type MoreRoutes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// Starts the public listener as a background task. While the gateway drains each answer tells its connection to close, so
/// that the next request goes elsewhere; when the listener stops, requests that were read are answered, `finish_s` at most.
pub fn serve_public(
    state: Arc<State>,
    listener: TcpListener,
    more: MoreRoutes,
    (workers, finish_s): (usize, u64),
    tasks: &Tasks,
) -> std::io::Result<ServerHandle> {
    let data = web::Data::from(state);
    let app = move || {
        let (state, more) = (data.clone(), Arc::clone(&more));
        App::new()
            .app_data(data.clone())
            .wrap_fn(move |request, service| {
                let (state, begun) = (state.clone(), logged::begun(&request));
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    logged::ended(&answer, begun);
                    if state.draining.load(Ordering::Relaxed) {
                        let head = answer.response_mut().head_mut();
                        head.set_connection_type(ConnectionType::Close);
                    }
                    Ok(answer)
                }
            })
            .configure(|config| more(config))
            .configure(routes::public)
    };
    let server = HttpServer::new(app)
        .workers(workers)
        .client_request_timeout(std::time::Duration::from_millis(HEAD_MS))
        .keep_alive(std::time::Duration::from_secs(KEEP_ALIVE_S))
        .max_connections(CONNECTIONS_MAX)
        .disable_signals()
        .shutdown_timeout(finish_s)
        .listen(listener)?
        .run();
    let handle = server.handle();
    tasks.spawn("public-listener", async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the public listener ended");
        }
    });
    Ok(handle)
}

/// Starts the ops listener as a background task.
pub fn serve_ops(state: Arc<State>, listener: TcpListener, tasks: &Tasks) -> std::io::Result<ServerHandle> {
    let data = web::Data::from(state);
    let server = HttpServer::new(move || App::new().app_data(data.clone()).configure(routes::ops))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)?
        .run();
    let handle = server.handle();
    tasks.spawn("ops-listener", async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the ops listener ended");
        }
    });
    Ok(handle)
}
