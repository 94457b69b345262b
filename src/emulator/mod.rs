//! A WhatsApp Cloud API emulator and a demo shop in one HTTP program: what the gateway talks to on a desk without Meta.
//! It refuses to know the gateway: both sides meet over HTTP only, so everything here could run in another process.

mod answers;
mod control;
mod deliver;
mod events;
mod faults;
mod feed;
mod graph;
mod handshake;
mod inbound;
mod judge;
mod keeping;
mod limits;
mod orders;
mod phones;
mod playground;
mod proxy;
mod refusals;
mod render;
mod shop;
mod titles;
mod tls;
mod wamid;
mod whole_file;
mod wire;
mod world;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use rustls::ServerConfig;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::MovableClock;
use crate::tasks::Tasks;
use deliver::Delivery;
use events::Watchers;
use world::{Settings, World};

pub use handshake::Answered;

const BODY_LIMIT: usize = 4 * 1024 * 1024;
const WORKERS: usize = 2;
const STOP_GRACE_S: u64 = 1;

/// What the emulator needs to know before it starts.
pub struct EmulatorConfig {
    /// Already bound, loopback.
    pub listener: TcpListener,
    /// The gateway's `POST /webhooks/whatsapp`; may be set later with [`Emulator::set_targets`].
    pub webhook_url: Option<String>,
    /// The gateway's `POST /webhooks/merchants/{merchant}`; may be set later.
    pub callback_url: Option<String>,
    /// The world's clock; `POST /emulator/clock` moves it.
    pub clock: MovableClock,
    /// The bearer token that the Graph side accepts.
    pub access_token: String,
    /// Signs webhooks (`X-Hub-Signature-256`).
    pub app_secret: String,
    /// What the handshake offers, and `GET /emulator/state` shows.
    pub verify_token: String,
    /// `whsec_…`, the Standard Webhooks secret that shop and gateway share.
    pub merchant_secret: String,
    /// The one business number of this world.
    pub phone_number_id: String,
    /// As people read it, for example `+55 11 4000-1234`.
    pub display_phone_number: String,
    /// The WhatsApp Business Account, `entry[].id` of each webhook.
    pub waba_id: String,
    /// The catalog connected to the number.
    pub catalog_id: String,
    /// Throughput and pair-rate limits as Meta has them, from the start.
    pub strict: bool,
    /// The file that keeps the state between two runs; memory alone when absent.
    pub data: Option<PathBuf>,
    /// HTTPS beside HTTP.
    pub tls: Option<TlsConfig>,
}

/// HTTPS for programs whose Graph host can't be changed.
pub struct TlsConfig {
    /// Already bound, loopback.
    pub listener: TcpListener,
    /// Where the authority that signs for Meta's host names is kept; made when it isn't there.
    pub directory: PathBuf,
    /// Already bound, loopback: a proxy that leads Meta's host names to `listener`.
    pub proxy: Option<TcpListener>,
}

/// Where the emulator is reached over HTTPS.
#[derive(Clone, Debug)]
pub struct Https {
    /// `https://127.0.0.1:PORT`.
    pub url: String,
    /// The certificate that a client must trust.
    pub ca_file: PathBuf,
    /// `http://127.0.0.1:PORT`, for `HTTPS_PROXY`.
    pub proxy_url: Option<String>,
}

/// A running emulator. Dropping the handle doesn't stop it; [`Emulator::stop`] or the end of its [`Tasks`] does.
pub struct Emulator {
    world: Arc<World>,
    watchers: web::Data<Watchers>,
    server: ServerHandle,
    stop: CancellationToken,
    https: Option<Https>,
}

impl Emulator {
    /// Starts the HTTP server and the delivery worker as background tasks. Must run inside a tokio runtime.
    pub fn start(config: EmulatorConfig, tasks: &Tasks) -> anyhow::Result<Emulator> {
        let kept = config.data.as_deref().map(keeping::open).transpose()?;
        let plain = own_address(&config.listener)?;
        let (world, inbox) = empty_world(&config)?;
        if let Some((keeping, former)) = kept {
            if let Some(former) = former {
                keeping::restore(&world, former);
            }
            keeping::start(&world, keeping, tasks);
        }
        world.set_targets(config.webhook_url, config.callback_url);
        set_strict(&world, config.strict);
        deliver::start(&world, inbox, tasks);

        // Ends what would keep the server waiting: streams and tunnels never end by themselves.
        let stop = tasks.stop_token().child_token();
        let watchers = web::Data::new(Watchers::new(stop.clone()));
        let (https, secured) = match config.tls {
            Some(tls) => {
                let (https, secured) = secured(tls, plain, tasks, &stop)?;
                (Some(https), Some(secured))
            }
            None => (None, None),
        };
        let routes = controls(web::Data::from(Arc::clone(&world)), watchers.clone());
        let server = server(routes, config.listener, secured)?;
        let handle = server.handle();
        tasks.spawn(
            "emulator-server",
            serve(server, handle.clone(), tasks.stop_token()),
        );
        Ok(Emulator {
            world,
            watchers,
            server: handle,
            stop,
            https,
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.world.settings.base_url
    }

    /// Where it is reached over HTTPS, when it is.
    pub fn https(&self) -> Option<&Https> {
        self.https.as_ref()
    }

    /// Where webhooks and callbacks go from now on.
    pub fn set_targets(&self, webhook_url: &str, callback_url: &str) {
        self.world
            .set_targets(Some(webhook_url.to_owned()), Some(callback_url.to_owned()));
    }

    /// Where webhooks go at present.
    pub fn webhook_url(&self) -> Option<String> {
        self.world.state().webhook_url.clone()
    }

    /// Meets the webhook address as Meta does before it sends anything there; nothing while there is none.
    pub async fn handshake(&self) -> Option<Answered> {
        let url = self.webhook_url()?;
        let challenge = wamid::decimal(&self.world.mixed(), 10);
        let settings = &self.world.settings;
        Some(handshake::shake(&self.world.http, &url, &settings.verify_token, &challenge).await)
    }

    /// Registers phones, controls, live events and the demo shop of this world on another listener too: not the Graph API.
    pub fn controls(&self) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + Sync + 'static + use<> {
        controls(web::Data::from(Arc::clone(&self.world)), self.watchers.clone())
    }

    /// Ends the HTTP server; deliveries and the state's file end with the [`Tasks`] that carry them.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.server.stop(true).await;
    }
}

/// Whether a demo shop can sign with it: `whsec_` and base64.
pub fn is_merchant_secret(text: &str) -> bool {
    wire::webhook_key(text).is_some()
}

fn empty_world(config: &EmulatorConfig) -> anyhow::Result<(Arc<World>, mpsc::Receiver<Delivery>)> {
    let settings = Settings {
        base_url: format!("http://{}", own_address(&config.listener)?),
        access_token: config.access_token.clone(),
        app_secret: config.app_secret.clone(),
        verify_token: config.verify_token.clone(),
        merchant_key: wire::webhook_key(&config.merchant_secret)
            .context("the merchant secret must be whsec_ followed by base64")?,
        phone_number_id: config.phone_number_id.clone(),
        display_phone_number: config.display_phone_number.clone(),
        waba_id: config.waba_id.clone(),
        catalog_id: config.catalog_id.clone(),
    };
    let (deliveries, inbox) = mpsc::channel(deliver::QUEUE);
    let world = World::new(settings, config.clock.clone(), deliveries)?;
    Ok((Arc::new(world), inbox))
}

/// `--strict`: what `POST /emulator/strict` does, from the start. It never switches a limit off that a kept state has on.
fn set_strict(world: &World, strict: bool) {
    if strict {
        let limits = &mut world.state().strict;
        limits.throughput = true;
        limits.pair_rate = true;
    }
}

/// Where the emulator is reached in the clear.
fn own_address(listener: &TcpListener) -> anyhow::Result<SocketAddr> {
    let address = listener.local_addr();
    address
        .map(reachable)
        .context("the emulator's listener has no address")
}

/// What listens on every address is reached on this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        given @ (IpAddr::V4(_) | IpAddr::V6(_)) => given,
    };
    SocketAddr::new(ip, listen.port())
}

/// The certificate for the HTTPS listener, and the proxy that leads to it.
fn secured(
    config: TlsConfig,
    plain: SocketAddr,
    tasks: &Tasks,
    stop: &CancellationToken,
) -> anyhow::Result<(Https, (TcpListener, ServerConfig))> {
    let address = config
        .listener
        .local_addr()
        .context("the HTTPS listener has no address")?;
    let identity = tls::prepared(&config.directory, address)?;
    let address = reachable(address);
    let proxy_url = match config.proxy {
        Some(listener) => {
            let own = listener
                .local_addr()
                .context("the proxy's listener has no address")?;
            let led = proxy::Led {
                plain,
                https: address,
            };
            proxy::start(listener, led, tasks, stop.clone())?;
            Some(format!("http://{}", reachable(own)))
        }
        None => None,
    };
    let https = Https {
        url: format!("https://{address}"),
        ca_file: absolute(&identity.ca_file),
        proxy_url,
    };
    Ok((https, (config.listener, identity.config)))
}

/// Named in the environment of programs that run elsewhere; as given when this program's own place is unknown.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn controls(
    world: web::Data<World>,
    watchers: web::Data<Watchers>,
) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + Sync + 'static {
    move |app: &mut web::ServiceConfig| {
        app.app_data(world.clone())
            .app_data(watchers.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT));
        control::routes(app);
        phones::routes(app);
        refusals::routes(app);
        events::routes(app);
        graph::own_routes(app);
        shop::routes(app);
    }
}

fn server(
    controls: impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static,
    listener: TcpListener,
    secured: Option<(TcpListener, ServerConfig)>,
) -> anyhow::Result<Server> {
    let mut server = HttpServer::new(move || {
        App::new()
            .configure(controls.clone())
            .configure(playground::routes)
            .configure(graph::routes)
    })
    .workers(WORKERS)
    .disable_signals()
    .shutdown_timeout(STOP_GRACE_S)
    .listen(listener)
    .context("the emulator can't listen")?;
    if let Some((listener, config)) = secured {
        server = server
            .listen_rustls_0_23(listener, config)
            .context("the emulator can't listen for HTTPS")?;
    }
    Ok(server.run())
}

async fn serve(server: Server, handle: ServerHandle, stop: CancellationToken) {
    let mut server = std::pin::pin!(server);
    let ended = tokio::select! {
        ended = server.as_mut() => ended,
        () = stop.cancelled() => {
            // The command leaves when `stop` is called; the server must still be polled to obey it.
            let stopping = handle.stop(true);
            let ended = server.as_mut().await;
            stopping.await;
            ended
        }
    };
    if let Err(error) = ended {
        tracing::error!(%error, "the emulator's server ended");
    }
}
