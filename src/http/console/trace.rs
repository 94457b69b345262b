//! `GET /console/api/trace`: the gateway's steps, as they happen, as server-sent events. They name no customer, but they are those
//! of all merchants, so an operator's key is needed. The stream ends with its session, with its key, and with the gateway.

use std::sync::atomic::Ordering;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::session::visitor;
use crate::http::problem::{ApiError, Code};
use crate::http::{State, traced};

/// `GET /console/api/trace`
pub(in crate::http) async fn watch(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor(&state, &request)?;
    if visitor.key.merchant.is_some() {
        let detail = "the steps are those of all merchants: sign in with an operator's key (merchant \"*\")";
        return Err(ApiError::new(Code::ForbiddenScope, detail));
    }
    let session = visitor.session.map(|(digest, _)| digest);
    let stop = state.dispatcher.tasks().stop_token();
    let (own, name) = (state.clone(), visitor.key.name());
    let is_over = move || {
        let now_ms = own.engine.clock().now_ms();
        let has_ended = session
            .as_ref()
            .is_some_and(|digest| !own.console.holds(digest, now_ms));
        let key = own.keys.load().named(&name, now_ms);
        let may_no_more = key.is_none_or(|key| key.merchant.is_some());
        has_ended || may_no_more || own.draining.load(Ordering::Relaxed)
    };
    Ok(traced::watch(state.engine.trace(), &request, stop, is_over))
}
