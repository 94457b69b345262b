//! `/console/api/dead-letters`: the same answers as `/v1/dead-letters`, with bodies masked unless the key may see them.

use std::convert;

use actix_web::web::{Data, Path, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::session::visitor_with;
use super::{answer, masking, sees_personal_data, sentences};
use crate::config::Scope;
use crate::http::auth::Key;
use crate::http::dead_letters::{self, Listing, Manner, Many};
use crate::http::problem::{ApiError, Code};
use crate::http::{State, body};

/// Hides what a letter's detail may quote.
pub(in crate::http) fn mask_detail(letter: &mut Value) {
    if let Some(Value::String(detail)) = letter.get_mut("detail") {
        *detail = sentences::masked(detail);
    }
}

/// Hides what the report of a replay may quote of its letter.
fn report_masked(mut report: Value) -> Value {
    if let Some(Value::String(problem)) = report.get_mut("problem") {
        *problem = sentences::masked(problem);
    }
    let events = report.get_mut("events").and_then(Value::as_array_mut);
    for event in events.into_iter().flatten() {
        if let Some(Value::String(kind)) = event.get_mut("event") {
            *kind = masking::plain(kind);
        }
        if let Some(Value::String(note)) = event.get_mut("note") {
            *note = sentences::masked(note);
        }
    }
    report
}

/// How a report is told to that key.
fn retelling(key: &Key) -> fn(Value) -> Value {
    if sees_personal_data(key) {
        convert::identity
    } else {
        report_masked
    }
}

/// `GET /console/api/dead-letters`
pub(in crate::http) async fn list(
    state: Data<State>,
    request: HttpRequest,
    listing: Query<Listing>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersRead)?;
    let mut page = dead_letters::page_of(&state, &visitor.key, &listing).await?;
    if !sees_personal_data(&visitor.key) {
        let letters = page.get_mut("dead_letters").and_then(Value::as_array_mut);
        letters.into_iter().flatten().for_each(mask_detail);
    }
    Ok(answer(page))
}

/// `GET /console/api/dead-letters/groups`
pub(in crate::http) async fn groups(
    state: Data<State>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersRead)?;
    Ok(answer(dead_letters::groups_of(&state, &visitor.key).await?))
}

/// `GET /console/api/dead-letters/{id}`
pub(in crate::http) async fn show(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersRead)?;
    let letter = dead_letters::letter_of(&state, &visitor.key, &path.into_inner()).await?;
    if sees_personal_data(&visitor.key) {
        return Ok(answer(dead_letters::explained(
            &letter,
            Some(letter.body.clone()),
        )));
    }
    let mut told = dead_letters::explained(&letter, Some(masking::body(&letter.body)));
    mask_detail(&mut told);
    Ok(answer(told))
}

/// `DELETE /console/api/dead-letters/{id}`
pub(in crate::http) async fn discard(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersWrite)?;
    dead_letters::removed(&state, &visitor.key, &path.into_inner()).await
}

/// `POST /console/api/dead-letters/{id}/replay`
pub(in crate::http) async fn replay_one(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersWrite)?;
    let bytes = body::read(payload, state.api_body_bytes).await?;
    let manner = if bytes.is_empty() {
        Manner::default()
    } else {
        serde_json::from_slice(&bytes).map_err(|error| {
            let detail = format!("the body must be {{\"dry_run\": true or false}}: {error}");
            ApiError::new(Code::InvalidRequest, detail)
        })?
    };
    let retold = retelling(&visitor.key);
    dead_letters::replayed(&state, &visitor.key, &path.into_inner(), manner.dry_run, retold).await
}

/// `POST /console/api/dead-letters/replay`
pub(in crate::http) async fn replay_many(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::DeadLettersWrite)?;
    let (asked, _): (Many, _) = body::json(payload, state.api_body_bytes).await?;
    let mut told = dead_letters::run(&state, &visitor.key, &asked).await?;
    let retold = retelling(&visitor.key);
    let reports = told.get_mut("letters").and_then(Value::as_array_mut);
    for report in reports.into_iter().flatten() {
        *report = retold(report.take());
    }
    Ok(answer(told))
}
