//! `/v1/dead-letters`: what could not be handled, and trying it again once its cause is mended.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::problem::{ApiError, Code};
use super::products::{Paging, with_next};
use super::{State, callbacks, conversations, intake};
use crate::config::Scope;
use crate::domain::event::{Event, Occurrence};
use crate::domain::ids::{MerchantId, PurchaseId};
use crate::engine::addresses::digest;
use crate::engine::items::LaneBody;
use crate::engine::{Happened, Taken, What, Who};
use crate::store::{DeadLetter, LetterFilter};

/// Letters on a page, unless asked for fewer.
const PAGE: usize = 50;

/// `GET /v1/dead-letters`
pub(super) async fn list(
    state: Data<State>,
    request: HttpRequest,
    paging: Query<Paging>,
) -> Result<HttpResponse, ApiError> {
    let key = state
        .keys
        .authorise(&request, Scope::DeadLettersRead, state.engine.clock().now_ms())?;
    let limit = paging.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let store = state.engine.store();
    let filter = LetterFilter {
        merchant: key.merchant.clone(),
        reason: None,
    };
    let mut letters = store
        .dead_letters(&filter, paging.cursor.as_deref(), limit + 1)
        .await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    let next = letters.last().filter(|_| more).map(|letter| letter.id.clone());
    let page = json!({ "dead_letters": letters.iter().map(shown).collect::<Vec<Value>>() });
    Ok(HttpResponse::Ok().json(with_next(page, next)))
}

/// Without the body: it may hold what customers wrote.
fn shown(letter: &DeadLetter) -> Value {
    json!({
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "merchant": letter.merchant,
        "at": conversations::instant(letter.at_ms),
        "source": letter.source,
    })
}

/// `POST /v1/dead-letters/{id}/replay`
pub(super) async fn replay(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = state
        .keys
        .authorise(&request, Scope::DeadLettersWrite, state.engine.clock().now_ms())?;
    let id = path.into_inner();
    let letter = state.engine.store().dead_letter(&id).await?;
    let visible = letter.filter(|letter| match &letter.merchant {
        Some(merchant) => key.sees(merchant),
        None => key.merchant.is_none(),
    });
    let letter = visible.ok_or_else(|| ApiError::new(Code::NotFound, "no such dead letter for this key"))?;
    again(&state, &letter).await?;
    // Removed last, so that a crash in between loses nothing. When the cause is still there, the same letter was parked
    // again under the same id with a time of its own, and stays.
    let store = state.engine.store();
    let kept = store.dead_letter(&letter.id).await?;
    let outcome = if kept.is_some_and(|kept| kept.at_ms != letter.at_ms) {
        "parked_again"
    } else {
        store.remove_dead_letter(&letter.id).await?;
        "taken"
    };
    Ok(HttpResponse::Accepted().json(json!({ "id": letter.id, "outcome": outcome })))
}

async fn again(state: &State, letter: &DeadLetter) -> Result<(), ApiError> {
    match letter.source.as_str() {
        "webhook" => intake::webhook(state, letter.body.as_bytes()).await,
        "effect" => effect_again(state, letter).await,
        "event" => event_again(state, letter).await,
        source => match source.strip_prefix("callback:") {
            Some(merchant) => {
                let id = format!("replay-{}", digest(&letter.body));
                callbacks::take(state, &MerchantId::new(merchant), &id, letter.body.as_bytes()).await
            }
            None => Err(ApiError::new(
                Code::InvalidRequest,
                "a single unreadable item can't be replayed; the provider must send it again in a readable form",
            )),
        },
    }
}

async fn effect_again(state: &State, letter: &DeadLetter) -> Result<(), ApiError> {
    let body: LaneBody = serde_json::from_str(&letter.body)
        .map_err(|error| ApiError::new(Code::InvalidRequest, format!("the effect can't be read: {error}")))?;
    let event = Event::EffectReplayed {
        effect: Box::new(body.effect),
    };
    let now_ms = state.engine.clock().now_ms();
    let purchase_id = PurchaseId::new(digest(&letter.id));
    take_again(
        state,
        letter,
        Occurrence {
            id: letter.id.clone(),
            at_ms: now_ms,
            purchase_id,
            event,
        },
    )
    .await
}

async fn event_again(state: &State, letter: &DeadLetter) -> Result<(), ApiError> {
    let occurrence: Occurrence = serde_json::from_str(&letter.body)
        .map_err(|error| ApiError::new(Code::InvalidRequest, format!("the event can't be read: {error}")))?;
    take_again(state, letter, occurrence).await
}

/// The event as it was: its own time, so that an old message opens no window, and its own purchase id. Only the mark is
/// new, because the old one is set; it is the letter's, so that a letter replayed twice before it is removed is one event.
async fn take_again(state: &State, letter: &DeadLetter, occurrence: Occurrence) -> Result<(), ApiError> {
    let home = letter.home.clone();
    let home = home.ok_or_else(|| ApiError::new(Code::InvalidRequest, "the letter names no conversation"))?;
    let happened = Happened {
        who: Who::Home(home),
        id: format!("replay:{}:{}", occurrence.id, letter.at_ms),
        at_ms: occurrence.at_ms,
        purchase_id: occurrence.purchase_id,
        what: What::Event(occurrence.event),
    };
    match state.engine.take(happened).await? {
        Taken::Done { .. } | Taken::Duplicate => Ok(()),
        Taken::NoConversation => Err(ApiError::new(Code::NotFound, "the letter's conversation is gone")),
    }
}
