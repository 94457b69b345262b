//! `/console/api/conversations/{home}/journal`: each event with its versions and digests. What the event says, above all what the
//! customer wrote, is told only to a key that may see it.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::conversations::visible;
use super::session::visitor_with;
use super::{answer, masking, sees_personal_data};
use crate::config::Scope;
use crate::engine::journal::{Outline, outline};
use crate::http::State;
use crate::http::problem::ApiError;

/// `GET /console/api/conversations/{home}/journal`
pub(in crate::http) async fn show(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::ConversationsRead)?;
    let conversation = visible(&state, &visitor.key, &path.into_inner()).await?;
    let entries = state.engine.store().journal(&conversation.home).await?;
    let is_masked = !sees_personal_data(&visitor.key);
    let told = entries.iter().map(|entry| match outline(entry) {
        Ok(outline) => entry_json(&outline, is_masked),
        Err(_) => json!({ "problem": "this version can't read the entry" }),
    });
    Ok(answer(json!({
        "home": conversation.home,
        "revision": conversation.revision,
        "entries": told.collect::<Vec<Value>>(),
    })))
}

fn entry_json(entry: &Outline, is_masked: bool) -> Value {
    let event = entry.occurrence.as_ref();
    let mut told = json!({
        "revision": entry.revision,
        "version": entry.version,
        "event": event.map(|occurrence| occurrence.event.word()),
        "id": event.map(|occurrence| masking::message(&occurrence.id)),
        "at_ms": event.map(|occurrence| occurrence.at_ms),
        "parked": entry.parked,
        "stands_in": entry.stands_in,
        "state_digest": entry.state,
        "effects_digest": entry.effects,
        "has_state": entry.has_state,
    });
    if let (false, Some(fields), Some(occurrence)) = (is_masked, told.as_object_mut(), event) {
        fields.insert("content".to_owned(), json!(occurrence.event));
    }
    told
}
