//! Every route on one screen, by who calls it.

use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, scope, to};

use super::console::{self, journal, lanes, letters, overview, price_updates, session, trace};
use super::{
    callbacks, conversations, dead_letters, erasures, messages, openapi, ops, problem, products, webhook,
};
use crate::assets;

/// The public listener.
pub(super) fn public(config: &mut ServiceConfig) {
    config
        // the provider
        .service(
            resource("/webhooks/whatsapp")
                .route(get().to(webhook::handshake))
                .route(post().to(webhook::receive))
                .default_service(to(problem::method)),
        )
        // merchants' backends
        .route("/webhooks/merchants/{merchant}", post().to(callbacks::receive))
        // merchants' developers
        .route("/v1/messages/products", post().to(messages::products))
        .route("/v1/products", get().to(products::list))
        .route("/v1/products/{retailer_id}", put().to(products::put))
        .route("/v1/price-updates/{id}", get().to(products::price_update))
        .route(
            "/v1/conversations/{number}/{customer}",
            get().to(conversations::show),
        )
        .route(
            "/v1/conversations/{number}/{customer}/journal",
            get().to(conversations::journal),
        )
        .route("/v1/purchases/{id}", get().to(conversations::purchase))
        .route("/v1/dead-letters", get().to(dead_letters::list))
        .route("/v1/dead-letters/groups", get().to(dead_letters::groups))
        .route("/v1/dead-letters/replay", post().to(dead_letters::replay_many))
        .route("/v1/dead-letters/{id}", get().to(dead_letters::show))
        .route("/v1/dead-letters/{id}", delete().to(dead_letters::discard))
        .route(
            "/v1/dead-letters/{id}/replay",
            post().to(dead_letters::replay_one),
        )
        .route("/v1/erasures", post().to(erasures::erase))
        // anyone
        .route("/openapi.json", get().to(openapi::serve))
        .default_service(to(problem::nothing_here));
}

/// The ops listener.
pub(super) fn ops(config: &mut ServiceConfig) {
    config
        .route("/livez", get().to(ops::livez))
        .route("/readyz", get().to(ops::readyz))
        .route("/metrics", get().to(ops::metrics))
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
