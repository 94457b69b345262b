//! Every route on one screen, by who calls it.

use actix_web::dev::Service as _;
use actix_web::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{QueryConfig, ServiceConfig, delete, get, post, put, resource, scope, to};
use actix_web::{HttpResponse, Resource, Route};

use super::console::{self, journal, lanes, letters, overview, price_updates, session, trace};
use super::{
    callbacks, conversations, counted, dead_letters, erasures, messages, openapi, ops, problem, products,
    webhook,
};
use crate::assets::{self, reads};

/// The public listener.
pub(super) fn public(config: &mut ServiceConfig) {
    config
        .app_data(QueryConfig::default().error_handler(|_, _| problem::unreadable_query().into()))
        // the provider
        .service(
            resource("/webhooks/whatsapp")
                .route(reads().to(webhook::handshake))
                .route(post().to(webhook::receive))
                .default_service(others("GET, HEAD, POST")),
        )
        // merchants' backends
        .service(only_post(
            "/webhooks/merchants/{merchant}",
            post().to(callbacks::receive),
        ))
        // merchants' developers
        .service(
            scope("/v1")
                .wrap(kept_by_nobody())
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
        .service(only_get("/openapi.json", reads().to(openapi::serve)))
        .service(only_get("/docs", reads().to(assets::docs_page)))
        .configure(assets::docs_files)
        .default_service(to(problem::nothing_here));
}

/// What merchants' developers call, below `/v1`.
fn merchant_api(config: &mut ServiceConfig) {
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

/// An address that is read.
fn only_get(path: &str, route: Route) -> Resource {
    resource(path).route(route).default_service(others("GET, HEAD"))
}

/// An address that things are sent to.
fn only_post(path: &str, route: Route) -> Resource {
    resource(path).route(route).default_service(others("POST"))
}

/// What answers a method that an address does not have.
fn others(allow: &'static str) -> Route {
    to(move || async move { Err::<HttpResponse, _>(problem::other_method(allow)) })
}

/// The headers of answers that may hold what customers are called and write: no cache and no history of a browser keeps them.
fn kept_by_nobody() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((CACHE_CONTROL, "no-store"))
        .add((X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

/// The ops listener.
pub(super) fn ops(config: &mut ServiceConfig) {
    config
        .service(only_get("/livez", reads().to(ops::livez)))
        .service(only_get("/readyz", reads().to(ops::readyz)))
        .service(only_get("/metrics", reads().to(ops::metrics)))
        .service(only_get("/unrecognised", reads().to(ops::unrecognised)))
        // the people on call: the page, and what it asks
        .service(only_get("/console", reads().to(assets::console_page)))
        .configure(assets::all_files)
        .service(
            scope("/console/api")
                .wrap(kept_by_nobody())
                .app_data(QueryConfig::default().error_handler(|_, _| problem::unreadable_query().into()))
                .configure(console_api),
        )
        .default_service(to(problem::nothing_here));
}

/// What the console asks, below `/console/api`.
fn console_api(config: &mut ServiceConfig) {
    config
        .service(
            resource("/session")
                .route(post().to(session::sign_in))
                .route(reads().to(session::show))
                .route(delete().to(session::sign_out))
                .default_service(others("DELETE, GET, HEAD, POST")),
        )
        .service(only_get("/overview", reads().to(overview::show)))
        .service(only_get(
            "/conversations",
            reads().to(console::conversations::find),
        ))
        .service(only_get(
            "/conversations/{home}",
            reads().to(console::conversations::show),
        ))
        .service(only_get(
            "/conversations/{home}/journal",
            reads().to(journal::show),
        ))
        .service(only_get("/lanes", reads().to(lanes::list)))
        .service(only_get("/price-updates", reads().to(price_updates::list)))
        .service(only_get("/dead-letters", reads().to(letters::list)))
        .service(only_get("/dead-letters/groups", reads().to(letters::groups)))
        .service(only_post("/dead-letters/replay", post().to(letters::replay_many)))
        .service(
            resource("/dead-letters/{id}")
                .route(reads().to(letters::show))
                .route(delete().to(letters::discard))
                .default_service(others("DELETE, GET, HEAD")),
        )
        .service(only_post(
            "/dead-letters/{id}/replay",
            post().to(letters::replay_one),
        ))
        // a stream has no end: it is not begun for its head
        .service(
            resource("/trace")
                .route(get().to(trace::watch))
                .default_service(others("GET")),
        );
}
