//! `/console/api`, on the ops listener: what the console's page shows to the people on call. It owns sessions, and that personal
//! data is masked unless the key may see it; what it shows and does comes from the same functions as `/v1`. It refuses to be
//! public: whoever reaches the ops listener reaches the sign-in.

use actix_web::HttpResponse;
use serde_json::Value;

use super::State;
use super::auth::Key;
use crate::config::Scope;

pub(super) mod conversations;
mod finding;
pub(super) mod journal;
pub(super) mod lanes;
pub(super) mod letters;
mod masking;
pub(super) mod overview;
pub(super) mod price_updates;
mod sentences;
pub(super) mod session;
mod sessions;
pub(super) mod trace;

pub use sessions::Sessions;

/// The header without which nothing is changed: no form and no foreign page can set it.
const HEADER: &str = "x-sacola-console";
/// The cookie that holds a session.
const COOKIE: &str = "sacola_console";

/// True when what this key reads is shown as it is.
fn sees_personal_data(key: &Key) -> bool {
    key.may(Scope::PersonalDataRead)
}

fn answer(body: Value) -> HttpResponse {
    HttpResponse::Ok().json(body)
}

fn now_ms(state: &State) -> i64 {
    state.engine.clock().now_ms()
}
