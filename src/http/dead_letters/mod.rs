//! `/v1/dead-letters`: what could not be handled: listed, grouped by cause, shown, discarded, and replayed once its cause is
//! mended, one by one or many at a limited rate. A key sees its merchant's letters; those of no merchant need an operator's key.

use std::convert;

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Key, admitted};
use super::console::letters::mask_detail;
use super::problem::{ApiError, Code};
use super::products::with_next;
use super::queries::{limit, no_query, query};
use super::{State, body, conversations, idempotency};
use crate::config::Scope;
use crate::store::{DeadLetter, LetterFilter};

mod causes;
mod places;
mod replay;
mod runs;
mod would;

pub(super) use causes::counted_by_reason;
pub(super) use runs::{Asked as Many, LETTERS_MAX, PER_SECOND_MAX, many as replay_many, run};

use places::Place;
use replay::Outcome;

/// Letters on a page, unless another number is asked for.
const PAGE: usize = 50;
/// More than nothing needs in a body.
const BODY_BYTES: usize = 16;

/// Which letters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    reason: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// How to replay one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manner {
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// A letter, when the key may see it.
async fn visible(state: &State, key: &Key, id: &str) -> Result<Option<DeadLetter>, ApiError> {
    let letter = state.engine.store().dead_letter(id).await?;
    Ok(letter.filter(|letter| match &letter.merchant {
        Some(merchant) => key.sees(merchant),
        None => key.merchant.is_none(),
    }))
}

fn none_such() -> ApiError {
    ApiError::new(Code::NotFound, "no such dead letter for this key")
}

/// Without the body: it may hold what customers wrote.
pub(super) fn shown(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "merchant": letter.merchant,
        "conversation": letter.home,
        "at": conversations::instant(letter.at_ms),
        "source": letter.source,
    })
}

/// `GET /v1/dead-letters`
pub(super) async fn list(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::DeadLettersRead)?;
    let listing: Listing = query(&request)?;
    let mut page = page_of(&state, &key, &listing).await?;
    if !key.may(Scope::DeadLettersWrite) {
        let letters = page.get_mut("dead_letters").and_then(Value::as_array_mut);
        letters.into_iter().flatten().for_each(mask_detail);
    }
    Ok(HttpResponse::Ok().json(page))
}

/// A page of the letters that the key may see.
pub(super) async fn page_of(state: &State, key: &Key, listing: &Listing) -> Result<Value, ApiError> {
    let limit = limit(listing.limit.as_deref(), PAGE)?;
    let behind = match &listing.cursor {
        Some(cursor) => Some(Place::parse(cursor)?),
        None => None,
    };
    let filter = LetterFilter {
        merchant: key.merchant.clone(),
        reason: listing.reason.clone(),
    };
    let store = state.engine.store().as_ref();
    let mut letters = places::page(store, &filter, behind.as_ref(), limit + 1).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| more);
    let next = next.map(|letter| Place::of(letter).cursor());
    let page = json!({ "dead_letters": letters.iter().map(shown).collect::<Vec<Value>>() });
    Ok(with_next(page, next))
}

/// `GET /v1/dead-letters/groups`
pub(super) async fn groups(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::DeadLettersRead)?;
    no_query(&request)?;
    Ok(HttpResponse::Ok().json(groups_of(&state, &key).await?))
}

/// The letters that the key may see, counted by reason.
pub(super) async fn groups_of(state: &State, key: &Key) -> Result<Value, ApiError> {
    let store = state.engine.store();
    let groups = store.dead_letter_groups(key.merchant.as_ref()).await?;
    let told = groups.iter().map(|group| {
        let cause = causes::of(&group.reason);
        json!({
            "reason": group.reason,
            "count": group.count,
            "oldest": conversations::instant(group.oldest_ms),
            "newest": conversations::instant(group.newest_ms),
            "what_happened": cause.what_happened,
            "what_to_do": cause.what_to_do,
        })
    });
    Ok(json!({ "groups": told.collect::<Vec<Value>>() }))
}

/// `GET /v1/dead-letters/{id}`
pub(super) async fn show(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::DeadLettersRead)?;
    no_query(&request)?;
    let letter = letter_of(&state, &key, &path.into_inner()).await?;
    if key.may(Scope::DeadLettersWrite) {
        return Ok(HttpResponse::Ok().json(explained(&letter, Some(letter.body.clone()))));
    }
    // A detail may quote the body.
    let mut told = explained(&letter, None);
    mask_detail(&mut told);
    Ok(HttpResponse::Ok().json(told))
}

/// One letter that the key may see.
pub(super) async fn letter_of(state: &State, key: &Key, id: &str) -> Result<DeadLetter, ApiError> {
    visible(state, key, id).await?.ok_or_else(none_such)
}

/// A letter with what its reason means, and its body if it is given.
pub(super) fn explained(letter: &DeadLetter, body: Option<String>) -> Value {
    let cause = causes::of(&letter.reason);
    let mut answer = shown(letter);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("what_happened".to_owned(), json!(cause.what_happened));
        fields.insert("what_to_do".to_owned(), json!(cause.what_to_do));
        fields.extend(body.map(|body| ("body".to_owned(), json!(body))));
    }
    answer
}

/// `DELETE /v1/dead-letters/{id}`: for what will never be replayed.
pub(super) async fn discard(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::DeadLettersWrite)?;
    no_query(&request)?;
    removed(&state, &key, &path.into_inner()).await
}

/// Removes a letter that the key may see.
pub(super) async fn removed(state: &State, key: &Key, id: &str) -> Result<HttpResponse, ApiError> {
    let letter = letter_of(state, key, id).await?;
    state.engine.store().remove_dead_letter(&letter.id).await?;
    tracing::info!(
        letter = letter.id,
        reason = letter.reason,
        key = key.id,
        "a dead letter was discarded"
    );
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /v1/dead-letters/{id}/replay`
pub(super) async fn replay_one(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let key = admitted(&state, &request, Scope::DeadLettersWrite)?;
    let manner: Manner = query(&request)?;
    no_body(payload).await?;
    let idempotency_key = idempotency::key_of(&request)?;
    let id = path.into_inner();
    let work = report_of(&state, &key, &id, manner.dry_run, convert::identity);
    if manner.dry_run {
        return Ok(HttpResponse::Ok().json(work.await?));
    }
    let asked = format!("POST /v1/dead-letters/{id}/replay");
    let told = idempotency::once(&state, (&key, idempotency_key.as_deref()), &asked, work).await?;
    Ok(HttpResponse::Accepted().json(told))
}

/// Refuses a body where none is read: the replay of many takes `dry_run` there, and who sends it here too must not be heard as
/// somebody who means it. An empty object says nothing; some clients always send one.
async fn no_body(payload: Payload) -> Result<(), ApiError> {
    let read = body::read(payload, BODY_BYTES).await;
    if read.is_ok_and(|bytes| matches!(bytes.trim_ascii(), b"" | b"{}")) {
        return Ok(());
    }
    let detail = "this address takes no body: dry_run stands in the query, ?dry_run=true";
    Err(ApiError::new(Code::InvalidRequest, detail))
}

/// Replays a letter that the key may see, or tells what a replay would do; `retold` says what of the report is told.
pub(super) async fn replayed(
    state: &State,
    key: &Key,
    id: &str,
    is_dry: bool,
    retold: fn(Value) -> Value,
) -> Result<HttpResponse, ApiError> {
    let told = report_of(state, key, id, is_dry, retold).await?;
    Ok(if is_dry {
        HttpResponse::Ok().json(told)
    } else {
        HttpResponse::Accepted().json(told)
    })
}

/// What became of a letter, or would become of it. One that could not be replayed is an error, unless it is only tried.
async fn report_of(
    state: &State,
    key: &Key,
    id: &str,
    is_dry: bool,
    retold: fn(Value) -> Value,
) -> Result<Value, ApiError> {
    let nothing_blocked = std::collections::BTreeSet::new();
    let report = replay::once(state, key, id, is_dry, &nothing_blocked).await?;
    let report = report.ok_or_else(none_such)?;
    let told = retold(report.json());
    if is_dry {
        return Ok(told);
    }
    let problem = told
        .get("problem")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    match report.outcome {
        Outcome::Taken | Outcome::ParkedAgain | Outcome::Skipped => Ok(told),
        Outcome::NotReplayable => Err(ApiError::new(Code::InvalidRequest, problem)),
        Outcome::Failed => Err(ApiError::new(Code::StoreUnavailable, problem)),
    }
}
