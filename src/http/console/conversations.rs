//! `/console/api/conversations`: found, and shown with what waits in their lanes.

use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::finding::{Finder, Search, is_home, may_see};
use super::lanes::{item_json, kind_word};
use super::session::visitor_with;
use super::{answer, masking, now_ms, sees_personal_data, sentences};
use crate::config::Scope;
use crate::domain::conversation::{Conversation, Mode};
use crate::domain::ids::{EffectId, HomeId, NumberId};
use crate::http::State;
use crate::http::auth::Key;
use crate::http::conversations::{PAGE, instant, page};
use crate::http::problem::{ApiError, Code};
use crate::store::{LaneId, LaneKind};

/// Items of a lane that are shown.
const ITEMS_SHOWN: usize = 100;
/// Conversations of one search that are told.
const FOUND_MAX: usize = 50;

/// What is looked for.
#[derive(Deserialize)]
pub(in crate::http) struct Asked {
    customer: Option<String>,
    message: Option<String>,
    purchase: Option<String>,
    number: Option<String>,
}

/// `GET /console/api/conversations`
pub(in crate::http) async fn find(
    state: Data<State>,
    request: HttpRequest,
    asked: Query<Asked>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::ConversationsRead)?;
    let finder = Finder {
        state: &state,
        key: &visitor.key,
        number: given(asked.number.as_deref()).map(NumberId::new),
    };
    let customer = given(asked.customer.as_deref());
    let (message, purchase) = (given(asked.message.as_deref()), given(asked.purchase.as_deref()));
    let search = match (customer, message, purchase) {
        (Some(customer), None, None) => finder.customer(customer).await?,
        (customer, Some(message), None) => finder.message(message, customer).await?,
        (None, None, Some(purchase)) => finder.purchase(purchase).await?,
        (None, None, None) | (Some(_), None, Some(_)) | (_, Some(_), Some(_)) => {
            let detail = "look for ?customer=, ?message= (with ?customer= too, if you know it) or ?purchase=";
            return Err(ApiError::new(Code::InvalidRequest, detail));
        }
    };
    let mut told = found_json(&search, !sees_personal_data(&visitor.key));
    if let Some(fields) = told.as_object_mut() {
        fields.insert("now_ms".to_owned(), json!(now_ms(&state)));
    }
    Ok(answer(told))
}

/// What was given, if it says anything.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn found_json(search: &Search, is_masked: bool) -> Value {
    let told = search.found.iter().take(FOUND_MAX).map(|(found, about)| {
        let mut told = json!({
            "number": found.number,
            "home": found.home,
            "customer": masking::customer(&found.customer, is_masked),
            "mode": mode(found),
            "window_open_until": instant(found.window_open_until_ms),
            "carts": found.carts.values().filter(|cart| !cart.is_empty()).count(),
            "purchases": found.purchases.len(),
        });
        if let (Some(about), Some(fields)) = (about, told.as_object_mut()) {
            fields.insert("message".to_owned(), about.clone());
        }
        told
    });
    json!({
        "found": told.collect::<Vec<Value>>(),
        "more": search.found.len().saturating_sub(FOUND_MAX),
        "searched": search.searched,
        "not_searched": search.not_searched,
    })
}

fn mode(conversation: &Conversation) -> &'static str {
    match conversation.mode {
        Mode::Bot => "bot",
        Mode::Human => "human",
    }
}

/// The conversation of that home, when the key may see it.
pub(super) async fn visible(state: &State, key: &Key, home: &str) -> Result<Conversation, ApiError> {
    let none_such = || ApiError::new(Code::NotFound, "no such conversation for this key");
    if !is_home(home) {
        return Err(none_such());
    }
    let found = state.engine.conversation(&HomeId::new(home)).await?;
    let found = found.filter(|found| may_see(state, key, &found.number));
    found.ok_or_else(none_such)
}

/// `GET /console/api/conversations/{home}`
pub(in crate::http) async fn show(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let visitor = visitor_with(&state, &request, Scope::ConversationsRead)?;
    let conversation = visible(&state, &visitor.key, &path.into_inner()).await?;
    let settings = state.engine.number(&conversation.number).ok_or_else(|| {
        let detail = "its business number is not configured any more: what its prices mean is not known";
        ApiError::new(Code::UnknownNumber, detail)
    })?;
    let locale = conversation.locale.unwrap_or(settings.shop.locale).tag();
    let mut told = page(&conversation, settings.shop.currency, locale, 0, PAGE);
    name_effects(&mut told, &conversation);
    let is_masked = !sees_personal_data(&visitor.key);
    if is_masked {
        mask(&mut told, &conversation);
    }
    let lanes = lanes_of(&state, &conversation.home, is_masked).await?;
    if let Some(fields) = told.as_object_mut() {
        let own = [
            ("home", json!(conversation.home)),
            ("number", json!(conversation.number)),
            ("merchant", json!(settings.shop.merchant)),
            ("revision", json!(conversation.revision)),
            ("changed_at_ms", json!(conversation.changed_at_ms)),
            ("now_ms", json!(now_ms(&state))),
            ("lanes", json!(lanes)),
        ];
        fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(answer(told))
}

/// Names the effect and the purchase of each entry of the timeline, where they are known, so that attempts and money stand beside it.
fn name_effects(told: &mut Value, conversation: &Conversation) {
    let entries = told.get_mut("timeline").and_then(Value::as_array_mut);
    let entries = entries.into_iter().flatten().filter_map(Value::as_object_mut);
    for (entry, trace) in entries.zip(conversation.recent.iter().rev()) {
        if let Some((revision, place)) = trace.effect {
            let effect = EffectId::of(&conversation.home, revision, place);
            entry.insert("effect_id".to_owned(), json!(effect));
        }
        if let Some(purchase) = &trace.purchase {
            entry.insert("purchase_id".to_owned(), json!(purchase));
        }
    }
}

/// Masks what `/v1` tells of a conversation: the customer, and links that open a payment or a parcel.
fn mask(told: &mut Value, conversation: &Conversation) {
    if let Some(customer) = told.get_mut("customer").and_then(Value::as_object_mut) {
        customer.extend(masking::customer(&conversation.customer, true));
    }
    let purchases = told.get_mut("purchases").and_then(Value::as_array_mut);
    for purchase in purchases.into_iter().flatten() {
        for field in ["payment_url", "tracking_url"] {
            if let Some(Value::String(text)) = purchase.get_mut(field) {
                *text = masking::link(text);
            }
        }
        if let Some(Value::String(review)) = purchase.get_mut("review") {
            *review = sentences::masked(review);
        }
    }
}

async fn lanes_of(state: &State, home: &HomeId, is_masked: bool) -> Result<Vec<Value>, ApiError> {
    let now_ms = now_ms(state);
    let lanes = [LaneKind::Provider, LaneKind::Merchant].map(|kind| LaneId {
        home: home.clone(),
        kind,
    });
    let looks = state.engine.store().look_at_lanes(&lanes, ITEMS_SHOWN).await?;
    let told = lanes.iter().zip(looks).map(|(lane, look)| {
        let items = look.items.iter().map(|item| item_json(item, is_masked));
        json!({
            "kind": kind_word(lane.kind),
            "leased": look.lease_until_ms.is_some_and(|until_ms| until_ms > now_ms),
            "length": look.length,
            "items": items.collect::<Vec<Value>>(),
        })
    });
    Ok(told.collect())
}
