//! What `sacola demo` adds to the gateway's public listener: the playground's page, its settings, the live trace, and the
//! emulator's controls, all at one address. `serve` has none of it.

use std::sync::{Arc, OnceLock};

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::http::{self, MoreRoutes};
use crate::trace::Trace;

/// What the page is told about this program; known once all listeners are.
pub(super) type Settings = Arc<OnceLock<Value>>;

/// The routes. `controls` are the emulator's.
pub(super) fn routes(
    trace: &Trace,
    stop: &CancellationToken,
    settings: &Settings,
    controls: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
) -> MoreRoutes {
    let (trace, stop, settings) = (trace.clone(), stop.clone(), Arc::clone(settings));
    Arc::new(move |app| {
        let settings = Arc::clone(&settings);
        app.route(
            "/playground/settings",
            web::get().to(move || std::future::ready(shown(&settings))),
        );
        let (trace, stop) = (trace.clone(), stop.clone());
        app.route(
            "/playground/trace",
            web::get().to(move |request: HttpRequest| {
                std::future::ready(http::traced::watch(&trace, &request, stop.clone(), || false))
            }),
        );
        crate::assets::playground(app);
        controls(app);
    })
}

fn shown(settings: &Settings) -> HttpResponse {
    match settings.get() {
        Some(settings) => HttpResponse::Ok()
            .insert_header(("cache-control", "no-store"))
            .json(settings),
        None => HttpResponse::ServiceUnavailable().finish(),
    }
}
