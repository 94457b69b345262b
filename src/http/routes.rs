//! Every route on one screen, by who calls it.

use actix_web::dev::Service as _;
use actix_web::guard;
use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, route, scope, to};
use actix_web::{HttpResponse, Route};

use super::console::{self, journal, lanes, letters, overview, price_updates, session, trace};
use super::{
    callbacks, conversations, counted, dead_letters, erasures, messages, openapi, ops, problem, products,
    webhook,
};
use crate::assets;

/// The public listener.
pub(super) fn public(config: &mut ServiceConfig) {
    config
        .app_data(QueryConfig::default().error_handler(|_, _| problem::unreadable_query().into()))
        // the provider
        .service(
            resource("/webhooks/whatsapp")
                .route(get().to(webhook::handshake))
                .route(post().to(webhook::receive))
                .default_service(others("GET, POST")),
        )
        // merchants' backends
        .service(
            resource("/webhooks/merchants/{merchant}")
                .route(post().to(callbacks::receive))
                .default_service(others("POST")),
        )
        // merchants' developers
        .service(
            scope("/v1")
                .wrap_fn(|request, service| {
                    let answer = service.call(request);
                    async move {
                        let answer = answer.await?;
                        counted::answer(answer.request(), answer.status());
                        Ok(answer)
                    }
                })
                .configure(merchant_api)
                .default_service(to(problem::nothing_here)),
        )
        // anyone
        .service(
            resource("/openapi.json")
                .route(reads().to(openapi::serve))
                .default_service(others("GET, HEAD")),
        )
        .service(
            resource("/docs")
                .route(reads().to(assets::docs_page))
                .default_service(others("GET, HEAD")),
        )
        .configure(assets::docs_files)
        .default_service(to(problem::nothing_here));
}

/// What merchants' developers call, below `/v1`.
fn merchant_api(config: &mut ServiceConfig) {
    let only_get =
        |path: &str, route: Route| resource(path).route(route).default_service(others("GET, HEAD"));
    let only_post = |path: &str, route: Route| resource(path).route(route).default_service(others("POST"));
    config
        .service(only_post("/messages/products", post().to(messages::products)))
        .service(only_get("/products", reads().to(products::list)))
        .service(
            resource("/products/{retailer_id}")
                .route(put().to(products::put))
                .default_service(others("PUT")),
        )
        .service(only_get(
            "/price-updates/{id}",
            reads().to(products::price_update),
        ))
        .service(only_get(
            "/conversations/{number}/{customer}",
            reads().to(conversations::show),
        ))
        .service(only_get(
            "/conversations/{number}/{customer}/journal",
            reads().to(conversations::journal),
        ))
        .service(only_get("/purchases/{id}", reads().to(conversations::purchase)))
        .service(only_get("/dead-letters", reads().to(dead_letters::list)))
        .service(only_get("/dead-letters/groups", reads().to(dead_letters::groups)))
        .service(only_post(
            "/dead-letters/replay",
            post().to(dead_letters::replay_many),
        ))
        .service(
            resource("/dead-letters/{id}")
                .route(reads().to(dead_letters::show))
                .route(delete().to(dead_letters::discard))
                .default_service(others("DELETE, GET, HEAD")),
        )
        .service(only_post("/erasures", post().to(erasures::erase)))
        .service(only_post(
            "/dead-letters/{id}/replay",
            post().to(dead_letters::replay_one),
        ));
}

/// What answers a method that an address does not have.
fn others(allow: &'static str) -> Route {
    to(move || async move { Err::<HttpResponse, _>(problem::other_method(allow)) })
}

/// GET, and HEAD: the same without a body (RFC 9110, 9.3.2). Who watches from outside often asks so.
fn reads() -> Route {
    route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// The ops listener.
pub(super) fn ops(config: &mut ServiceConfig) {
    config
        .route("/livez", reads().to(ops::livez))
        .route("/readyz", reads().to(ops::readyz))
        .route("/metrics", reads().to(ops::metrics))
        .route("/unrecognised", get().to(ops::unrecognised))
        // the people on call: the page, and what it asks
        .configure(assets::console)
        .service(
            scope("/console/api")
                .wrap(
                    DefaultHeaders::new()
                        .add((CACHE_CONTROL, "no-store"))
                        .add((X_CONTENT_TYPE_OPTIONS, "nosniff")),
                )
                .app_data(QueryConfig::default().error_handler(|_, _| problem::unreadable_query().into()))
                .configure(console_api),
        )
        .default_service(to(problem::nothing_here));
}

/// What the console asks, below `/console/api`.
fn console_api(config: &mut ServiceConfig) {
    config
        .route("/session", post().to(session::sign_in))
        .route("/session", get().to(session::show))
        .route("/session", delete().to(session::sign_out))
        .route("/overview", get().to(overview::show))
        .route("/conversations", get().to(console::conversations::find))
        .route("/conversations/{home}", get().to(console::conversations::show))
        .route("/conversations/{home}/journal", get().to(journal::show))
        .route("/lanes", get().to(lanes::list))
        .route("/price-updates", get().to(price_updates::list))
        .route("/dead-letters", get().to(letters::list))
        .route("/dead-letters/groups", get().to(letters::groups))
        .route("/dead-letters/replay", post().to(letters::replay_many))
        .route("/dead-letters/{id}", get().to(letters::show))
        .route("/dead-letters/{id}", delete().to(letters::discard))
        .route("/dead-letters/{id}/replay", post().to(letters::replay_one))
        .route("/trace", get().to(trace::watch));
}
