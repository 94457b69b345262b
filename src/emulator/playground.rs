//! The playground on the emulator's own listener: the page, its files, and what it must know of this world. In the demo the gateway
//! serves the page and answers for itself.

use actix_web::HttpResponse;
use actix_web::web::{self, Data};
use serde_json::json;

use super::answers;
use super::world::World;

/// Registers the page and its settings.
pub fn routes(app: &mut web::ServiceConfig) {
    crate::assets::playground(app);
    app.service(web::resource("/playground/settings").route(web::get().to(settings)));
}

async fn settings(world: Data<World>) -> HttpResponse {
    let settings = &world.settings;
    let webhook_url = world.state().webhook_url.clone();
    let shown = json!({
        "gateway": false, "emulator_url": settings.base_url, "graph_url": settings.base_url,
        "access_token": settings.access_token, "app_secret": settings.app_secret,
        "verify_token": settings.verify_token, "phone_number_id": settings.phone_number_id,
        "webhook_url": webhook_url, "version": env!("CARGO_PKG_VERSION"),
    });
    answers::json(200, &shown)
}
