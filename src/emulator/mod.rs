//! A WhatsApp Cloud API emulator and a demo shop in one HTTP program: what the gateway talks to on a desk without Meta.
//! It refuses to know the gateway: both sides meet over HTTP only, so everything here could run in another process.

mod answers;
mod control;
mod deliver;
mod faults;
mod feed;
mod graph;
mod inbound;
mod limits;
mod orders;
mod phones;
mod refusals;
mod render;
mod shop;
mod titles;
mod wamid;
mod wire;
mod world;

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context;

use crate::clock::MovableClock;
use crate::tasks::Tasks;
use world::{Settings, World};

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
    /// Shown in `GET /emulator/state`, for the handshake of a gateway under test.
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
}

/// A running emulator. Dropping the handle doesn't stop it; [`Emulator::stop`] or the end of its [`Tasks`] does.
pub struct Emulator {
    world: Arc<World>,
    server: ServerHandle,
}

impl Emulator {
    /// Starts the HTTP server and the delivery worker as background tasks. Must run inside a tokio runtime.
    pub fn start(config: EmulatorConfig, tasks: &Tasks) -> anyhow::Result<Emulator> {
        let address = config
            .listener
            .local_addr()
            .context("the emulator's listener has no address")?;
        let (deliveries, inbox) = tokio::sync::mpsc::channel(deliver::QUEUE);
        let settings = Settings {
            base_url: format!("http://{address}"),
            access_token: config.access_token,
            app_secret: config.app_secret,
            verify_token: config.verify_token,
            merchant_key: wire::webhook_key(&config.merchant_secret)
                .context("the merchant secret must be whsec_ followed by base64")?,
            phone_number_id: config.phone_number_id,
            display_phone_number: config.display_phone_number,
            waba_id: config.waba_id,
            catalog_id: config.catalog_id,
        };
        let world = Arc::new(World::new(settings, config.clock, deliveries)?);
        world.set_targets(config.webhook_url, config.callback_url);
        deliver::start(&world, inbox, tasks);

        let data = web::Data::from(Arc::clone(&world));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(BODY_LIMIT))
                .configure(routes)
        })
        .workers(WORKERS)
        .disable_signals()
        .shutdown_timeout(STOP_GRACE_S)
        .listen(config.listener)
        .context("the emulator can't listen")?
        .run();
        let handle = server.handle();
        tasks.spawn(
            "emulator-server",
            serve(server, handle.clone(), tasks.stop_token()),
        );
        Ok(Emulator {
            world,
            server: handle,
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> &str {
        &self.world.settings.base_url
    }

    /// Where webhooks and callbacks go from now on.
    pub fn set_targets(&self, webhook_url: &str, callback_url: &str) {
        self.world
            .set_targets(Some(webhook_url.to_owned()), Some(callback_url.to_owned()));
    }

    /// Ends the HTTP server; deliveries end with the [`Tasks`] that carry them.
    pub async fn stop(&self) {
        self.server.stop(true).await;
    }
}

async fn serve(
    server: actix_web::dev::Server,
    handle: ServerHandle,
    stop: tokio_util::sync::CancellationToken,
) {
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

fn routes(app: &mut web::ServiceConfig) {
    control::routes(app);
    phones::routes(app);
    refusals::routes(app);
    shop::routes(app);
    graph::routes(app);
}
