//! What the Graph side did not take, phone by phone, so that tests can count attempts and measure pauses. It only keeps
//! the record; refusing is done in `graph`.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Path};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers;
use super::graph;
use super::titles::title_of;
use super::world::World;

/// A message to this phone that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    pub at_ms: i64,
    pub http: u16,
    /// Absent for a bare 500.
    pub code: Option<i64>,
    pub title: Option<String>,
    pub kind: Option<String>,
}

/// Registers the route.
pub fn routes(app: &mut web::ServiceConfig) {
    app.service(web::resource("/emulator/phones/{id}/refusals").route(web::get().to(list)));
}

/// Keeps that the message in `body` was refused; one to nobody is forgotten.
pub fn note(world: &World, body: &Value, http: u16, code: Option<i64>) {
    let refused = Refused {
        at_ms: world.now_ms(),
        http,
        code,
        title: code.map(|code| title_of(code).to_owned()),
        kind: graph::kind_of(body),
    };
    let Some(address) = graph::addressee(body) else {
        return;
    };
    let mut state = world.state();
    if let Some(phone) = state.phone_at(address) {
        phone.refusals.push(refused);
    }
}

async fn list(world: Data<World>, id: Path<String>) -> HttpResponse {
    match world.state().phones.get(id.as_str()) {
        Some(phone) => answers::json(200, &json!({"refusals": phone.refusals})),
        None => answers::not_found("phone"),
    }
}
