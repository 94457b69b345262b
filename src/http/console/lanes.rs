//! `/console/api/lanes`: what waits, for how long, and who holds it. Looking claims nothing.

use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::finding::is_home;
use super::session::visitor_with;
use super::{answer, masking, now_ms, sees_personal_data};
use crate::config::Scope;
use crate::domain::ids::HomeId;
use crate::engine::items::LaneBody;
use crate::http::State;
use crate::http::auth::Key;
use crate::http::problem::{ApiError, Code};
use crate::http::products::with_next;
use crate::store::{DueLane, ItemLook, LaneId, LaneKind, LaneLook, LanePage, Phase};

/// Lanes on a page, unless asked for fewer.
const PAGE: usize = 50;

/// Pages of others' lanes that one request looks through.
const PAGES_MAX: usize = 20;

/// Which lanes.
#[derive(Deserialize)]
pub(in crate::http) struct Listing {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// `GET /console/api/lanes`
pub(in crate::http) async fn list(
    state: Data<State>,
    request: HttpRequest,
    listing: Query<Listing>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::ConversationsRead)?;
    let mut after = match listing.cursor.as_deref() {
        Some(text) => Some(place_of(text).ok_or_else(|| {
            let detail = "the cursor is none of ours: repeat the request without it";
            ApiError::new(Code::InvalidRequest, detail)
        })?),
        None => None,
    };
    let limit = listing.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let (store, now_ms) = (state.engine.store(), now_ms(&state));
    let is_masked = !sees_personal_data(&visitor.key);
    let (mut told, mut pages) = (Vec::new(), 0);
    let (page, next) = loop {
        let page = store.lanes(after.as_ref(), limit, now_ms).await?;
        let ids: Vec<LaneId> = page.lanes.iter().map(|place| place.lane.clone()).collect();
        let looks = store.look_at_lanes(&ids, 1).await?;
        let lanes = page.lanes.iter().zip(&looks);
        told.extend(lanes.filter_map(|seen| lane_json(&visitor.key, seen, now_ms, is_masked)));
        let next = page
            .lanes
            .last()
            .filter(|_| page.lanes.len() == limit)
            .map(cursor_of);
        pages += 1;
        // A merchant's own key is not shown empty pages because others' lanes come first.
        if !told.is_empty() || next.is_none() || pages == PAGES_MAX {
            break (page, next);
        }
        after = page.lanes.last().cloned();
    };
    let told = json!({ "lanes": told, "totals": totals(&visitor.key, &page), "now_ms": now_ms });
    Ok(answer(with_next(told, next)))
}

/// Counts are of all merchants: a merchant's own key is not told them.
pub(super) fn totals(key: &Key, page: &LanePage) -> Value {
    let (total, due) = match key.merchant {
        None => (Some(page.total), Some(page.due)),
        Some(_) => (None, None),
    };
    json!({ "total": total, "due": due, "unread_shards": page.unread_shards })
}

/// A lane, when the key may see whose it is.
fn lane_json(key: &Key, (place, look): (&DueLane, &LaneLook), now_ms: i64, is_masked: bool) -> Option<Value> {
    let head = look.items.first();
    let body = head.and_then(|head| LaneBody::read(&head.item.body));
    let is_seen = match &body {
        Some(body) => key.sees(&body.merchant),
        None => key.merchant.is_none(),
    };
    let leased = look.lease_until_ms.is_some_and(|until_ms| until_ms > now_ms);
    let late_ms = if leased { 0 } else { now_ms - place.due_ms };
    is_seen.then(|| {
        json!({
            "home": place.lane.home,
            "kind": kind_word(place.lane.kind),
            "number": body.as_ref().map(|body| &body.number),
            "merchant": body.as_ref().map(|body| &body.merchant),
            "due_ms": place.due_ms,
            "late_ms": late_ms.max(0),
            "waits_ms": body.as_ref().map_or(0, |body| (now_ms - body.at_ms).max(0)),
            "leased": leased,
            "length": look.length,
            "head": head.map(|head| item_json(head, is_masked)),
        })
    })
}

/// An item of a lane; its words, and the amounts in them, only when nothing is masked.
pub(super) fn item_json(item: &ItemLook, is_masked: bool) -> Value {
    let body = LaneBody::read(&item.item.body);
    let phase = match item.phase {
        Phase::Queued if item.is_started => "started",
        Phase::Queued => "queued",
        Phase::Unknown => "unknown",
    };
    let mut told = json!({
        "effect_id": item.item.effect_id,
        "word": body.as_ref().map_or_else(|| "unreadable".to_owned(), LaneBody::word),
        "phase": phase,
        "attempts": item.attempts,
        "unknowns": item.unknowns,
        "due_ms": item.due_ms,
        "started_at_ms": item.started_at_ms,
        "at_ms": body.as_ref().map(|body| body.at_ms),
        "purchase_id": body.as_ref().and_then(|body| body.effect.purchase_id()),
    });
    if let Some(fields) = told.as_object_mut() {
        let effect = body.map_or(Value::Null, |body| json!(body.effect));
        let content = if is_masked {
            masking::json_value(effect, "")
        } else {
            effect
        };
        fields.insert("content".to_owned(), content);
    }
    told
}

/// A lane's kind, in a word.
pub(super) fn kind_word(kind: LaneKind) -> &'static str {
    match kind {
        LaneKind::Provider => "provider",
        LaneKind::Merchant => "merchant",
    }
}

fn cursor_of(place: &DueLane) -> String {
    format!("{}.{}{}", place.due_ms, place.lane.home, place.lane.kind.letter())
}

fn place_of(cursor: &str) -> Option<DueLane> {
    let (due_ms, lane) = cursor.split_once('.')?;
    let (home, kind) = match lane.strip_suffix('p') {
        Some(home) => (home, LaneKind::Provider),
        None => (lane.strip_suffix('m')?, LaneKind::Merchant),
    };
    is_home(home).then_some(())?;
    let lane = LaneId {
        home: HomeId::new(home),
        kind,
    };
    Some(DueLane {
        lane,
        due_ms: due_ms.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_place() {
        for kind in [LaneKind::Provider, LaneKind::Merchant] {
            let lane = LaneId {
                home: HomeId::new("a30123456789abcdef0123"),
                kind,
            };
            let place = DueLane {
                lane,
                due_ms: 1_790_000_000_000,
            };
            assert_eq!(place_of(&cursor_of(&place)), Some(place));
        }
        for text in [
            "",
            "5",
            "5.a30123456789abcdef0123",
            "x.a30123456789abcdef0123p",
            "5.ap",
        ] {
            assert_eq!(place_of(text), None, "{text}");
        }
    }
}
