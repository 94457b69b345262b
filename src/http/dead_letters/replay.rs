//! One letter, replayed: a new event against today's state, under a lease, so that one letter is replayed by one at a time and one
//! conversation's letters in turn. Marks make a second replay of the same letter harmless; the lease only spares the work. It
//! refuses to choose letters.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::would::Foreseen;
use super::{visible, would};
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Occurrence};
use crate::domain::ids::{MerchantId, PurchaseId};
use crate::domain::purchase::Purchase;
use crate::engine::addresses::digest;
use crate::engine::items::LaneBody;
use crate::engine::{Happened, Taken, What, Who, replay_id};
use crate::http::auth::Key;
use crate::http::idempotency::random_name;
use crate::http::problem::{ApiError, Code};
use crate::http::{State, callbacks, intake};
use crate::merchants::MerchantNews;
use crate::store::DeadLetter;
use crate::whatsapp::inbound::{self, Update};

/// How long one replay may take; after that another one may try, and marks keep the two apart.
const LEASE_MS: i64 = 60_000;
/// How long a webhook can be replayed, in milliseconds (8 days). Its items that were taken when it came have done-marks, which
/// last 9 days; without them they would be taken anew.
const WEBHOOK_REPLAYABLE_MS: i64 = 8 * 24 * 60 * 60 * 1000;

/// What became of a letter, or would become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is in today's state; the letter is gone.
    Taken,
    /// Its cause is still there: it is a letter again.
    ParkedAgain,
    /// Not tried: an earlier letter of its conversation was not taken, or somebody else replays there.
    Skipped,
    /// It can't be replayed as things are.
    NotReplayable,
    /// The store or the conversation did not take it; it may be tried again.
    Failed,
}

impl Outcome {
    pub(super) const ALL: [Self; 5] = [
        Self::Taken,
        Self::ParkedAgain,
        Self::Skipped,
        Self::NotReplayable,
        Self::Failed,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::ParkedAgain => "parked_again",
            Self::Skipped => "skipped",
            Self::NotReplayable => "not_replayable",
            Self::Failed => "failed",
        }
    }
}

/// What is told of one letter.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) id: String,
    pub(super) outcome: Outcome,
    pub(super) problem: Option<String>,
    /// In a dry run, what would happen.
    pub(super) events: Option<Vec<Value>>,
    /// The conversations that it belongs to, as far as it tells.
    pub(super) conversations: BTreeSet<String>,
}

impl Report {
    fn of(letter: &DeadLetter, outcome: Outcome, problem: Option<String>) -> Self {
        Self {
            id: letter.id.clone(),
            outcome,
            problem,
            events: None,
            conversations: BTreeSet::new(),
        }
    }

    /// Of an id that leads to no letter of this key.
    pub(super) fn missing(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            outcome: Outcome::NotReplayable,
            problem: Some("no such dead letter for this key".to_owned()),
            events: None,
            conversations: BTreeSet::new(),
        }
    }

    pub(super) fn json(&self) -> Value {
        let mut told = json!({ "id": self.id, "outcome": self.outcome.word() });
        if let Some(fields) = told.as_object_mut() {
            fields.extend(
                self.problem
                    .iter()
                    .map(|text| ("problem".to_owned(), json!(text))),
            );
            fields.extend(self.events.iter().map(|all| ("events".to_owned(), json!(all))));
        }
        told
    }
}

/// How a replay went.
enum Again {
    Taken,
    ParkedAgain,
}

/// Replays a letter, or tells what a replay would do. `None`: there is no such letter for this key. What belongs to one of the
/// `blocked` conversations is skipped.
pub(super) async fn once(
    state: &State,
    key: &Key,
    id: &str,
    is_dry: bool,
    blocked: &BTreeSet<String>,
) -> Result<Option<Report>, ApiError> {
    let Some(letter) = visible(state, key, id).await? else {
        return Ok(None);
    };
    let conversations = conversations(state, &letter).await?;
    if !conversations.is_disjoint(blocked) {
        let problem = "an earlier letter of this conversation was not taken in this run".to_owned();
        return Ok(Some(Report {
            conversations,
            ..Report::of(&letter, Outcome::Skipped, Some(problem))
        }));
    }
    let report = if is_dry {
        Some(foreseen(&letter, would::replayed(state, &letter).await))
    } else {
        under_lease(state, key, &letter).await?
    };
    Ok(report.map(|report| Report {
        conversations,
        ..report
    }))
}

fn foreseen(letter: &DeadLetter, foreseen: Result<Foreseen, ApiError>) -> Report {
    match foreseen {
        Ok(foreseen) => Report {
            events: Some(foreseen.events),
            ..Report::of(letter, foreseen.outcome, foreseen.problem)
        },
        Err(error) => not_taken(letter, &error),
    }
}

async fn under_lease(state: &State, key: &Key, letter: &DeadLetter) -> Result<Option<Report>, ApiError> {
    let store = state.engine.store();
    let now_ms = || state.engine.clock().now_ms();
    let (name, owner) = (lease_of(letter), random_name()?);
    if !store.hold(&name, &owner, LEASE_MS, now_ms()).await? {
        let problem = "somebody else replays this letter, or another one of its conversation; try again";
        let skipped = Report::of(letter, Outcome::Skipped, Some(problem.to_owned()));
        return Ok(Some(skipped));
    }
    let report = read_and_replay(state, key, &letter.id).await;
    // Given back at once; when that fails, it ends by itself.
    if let Err(error) = store.hold(&name, &owner, 0, now_ms()).await {
        tracing::warn!(%error, "the lease of a replay could not be given back");
    }
    report
}

/// Under the lease the letter is what it is now: others may have replayed it since it was listed.
async fn read_and_replay(state: &State, key: &Key, id: &str) -> Result<Option<Report>, ApiError> {
    let Some(letter) = visible(state, key, id).await? else {
        return Ok(None);
    };
    let report = match replayed(state, &letter).await {
        Ok(Again::Taken) => Report::of(&letter, Outcome::Taken, None),
        Ok(Again::ParkedAgain) => {
            let problem = "its cause is still there".to_owned();
            Report::of(&letter, Outcome::ParkedAgain, Some(problem))
        }
        Err(error) => not_taken(&letter, &error),
    };
    let outcome = report.outcome.word();
    tracing::info!(
        letter = report.id,
        reason = letter.reason,
        key = key.id,
        outcome,
        "a dead letter was replayed"
    );
    metrics::counter!("sacola_dead_letters_replayed_total", "outcome" => outcome).increment(1);
    Ok(Some(report))
}

fn not_taken(letter: &DeadLetter, error: &ApiError) -> Report {
    let outcome = if error.code() == Code::StoreUnavailable {
        Outcome::Failed
    } else {
        Outcome::NotReplayable
    };
    Report::of(letter, outcome, Some(error.detail().to_owned()))
}

async fn replayed(state: &State, letter: &DeadLetter) -> Result<Again, ApiError> {
    match letter.source.as_str() {
        "webhook" => {
            check_age(letter, state.engine.clock().now_ms())?;
            let parked = intake::webhook(state, letter.body.as_bytes()).await?;
            keep_place(state, letter, parked).await
        }
        "event" | "effect" => event_again(state, letter).await,
        source => {
            let merchant = source.strip_prefix("callback:").ok_or_else(no_source)?;
            let id = callback_id(letter);
            let parked =
                callbacks::take(state, &MerchantId::new(merchant), &id, letter.body.as_bytes()).await?;
            keep_place(state, letter, parked).await
        }
    }
}

pub(super) fn no_source() -> ApiError {
    ApiError::new(
        Code::InvalidRequest,
        "a single unreadable item can't be replayed; the provider must send it again in a readable form",
    )
}

/// Refuses a webhook whose items may have lost their done-marks.
pub(super) fn check_age(letter: &DeadLetter, now_ms: i64) -> Result<(), ApiError> {
    if now_ms.saturating_sub(letter.at_ms) <= WEBHOOK_REPLAYABLE_MS {
        return Ok(());
    }
    Err(ApiError::new(
        Code::InvalidRequest,
        "the webhook is older than 8 days: what was taken of it then could be taken twice; discard the letter",
    ))
}

/// The id of a replayed callback: the same for the same body.
pub(super) fn callback_id(letter: &DeadLetter) -> String {
    format!("replay-{}", digest(&letter.body))
}

/// A body that was parked again stays in its place, so that the order of letters outlasts replays. A letter is removed last, so that
/// a crash in between loses nothing: what was taken has its marks.
async fn keep_place(state: &State, letter: &DeadLetter, parked: Option<String>) -> Result<Again, ApiError> {
    let store = state.engine.store();
    let Some(id) = parked else {
        store.remove_dead_letter(&letter.id).await?;
        return Ok(Again::Taken);
    };
    if let Some(again) = store.dead_letter(&id).await? {
        let again = DeadLetter {
            at_ms: letter.at_ms,
            ..again
        };
        store.park(&again, intake::UNKNOWN_NUMBERS_KEPT).await?;
    }
    if id != letter.id {
        store.remove_dead_letter(&letter.id).await?;
    }
    Ok(Again::ParkedAgain)
}

/// An event as it was: its own time, so that an old message opens no window, and its own purchase id. Or an effect, as the event
/// that asks for it again, with what is recorded of its purchase today.
pub(super) async fn event_of(state: &State, letter: &DeadLetter) -> Result<Happened, ApiError> {
    let home = letter.home.clone();
    let home = home.ok_or_else(|| ApiError::new(Code::InvalidRequest, "the letter names no conversation"))?;
    let mut occurrence: Occurrence = if letter.source == "effect" {
        let body: LaneBody =
            serde_json::from_str(&letter.body).map_err(|error| unreadable("effect", &error))?;
        Occurrence {
            id: letter.id.clone(),
            at_ms: letter.at_ms,
            purchase_id: PurchaseId::new(digest(&letter.id)),
            event: Event::EffectReplayed {
                effect: Box::new(body.effect),
                record: None,
            },
        }
    } else {
        serde_json::from_str(&letter.body).map_err(|error| unreadable("event", &error))?
    };
    if let Event::EffectReplayed { effect, record } = &mut occurrence.event
        && let Effect::Forward(purchase) = &**effect
    {
        let known = undecided(state, letter, &purchase.purchase_id).await?;
        *record = Some(Box::new(known));
    }
    Ok(Happened {
        who: Who::Home(home),
        id: replay_id(&occurrence.id, letter.at_ms),
        at_ms: occurrence.at_ms,
        purchase_id: occurrence.purchase_id,
        root: None,
        what: What::Event(occurrence.event),
    })
}

/// The purchase as recorded, when its merchant may be asked about it again: never one that the customer was told has ended.
async fn undecided(state: &State, letter: &DeadLetter, id: &PurchaseId) -> Result<Purchase, ApiError> {
    let refused = |problem: String| Err(ApiError::new(Code::InvalidRequest, problem));
    if letter.source == "effect" && letter.reason == "rejected" {
        return refused("the customer was told no and confirms again; discard the letter".to_owned());
    }
    let Some(record) = state.engine.purchase(id).await? else {
        return refused(format!(
            "nothing is recorded of the purchase {id}; discard the letter"
        ));
    };
    let now = record.purchase.state;
    if now.may_be_asked_again() {
        return Ok(record.purchase);
    }
    let now = serde_json::to_value(now).ok();
    let now = now.as_ref().and_then(Value::as_str).unwrap_or("answered");
    refused(format!(
        "the purchase {id} is {now}: only one without an answer is forwarded again; discard the letter"
    ))
}

fn unreadable(what: &str, error: &serde_json::Error) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("the {what} can't be read: {error}"))
}

async fn event_again(state: &State, letter: &DeadLetter) -> Result<Again, ApiError> {
    let store = state.engine.store();
    let was_parked = match state.engine.take(event_of(state, letter).await?).await? {
        Taken::Done { parked: false, .. } => {
            store.remove_dead_letter(&letter.id).await?;
            return Ok(Again::Taken);
        }
        Taken::Done { parked: true, .. } => true,
        Taken::Duplicate => false,
        Taken::NoConversation => {
            return Err(ApiError::new(Code::NotFound, "the letter's conversation is gone"));
        }
    };
    // An event that was parked again has replaced this letter; an effect is another letter now, the event that asks for it.
    let now = store.dead_letter(&letter.id).await?;
    let is_replaced = now.is_some_and(|now| now.body != letter.body);
    if !is_replaced {
        store.remove_dead_letter(&letter.id).await?;
    }
    Ok(if was_parked || is_replaced {
        Again::ParkedAgain
    } else {
        Again::Taken
    })
}

/// The conversations that a letter belongs to, as far as it tells: by the ids that a webhook names, by the purchase that a
/// callback is about.
async fn conversations(state: &State, letter: &DeadLetter) -> Result<BTreeSet<String>, ApiError> {
    if let Some(home) = &letter.home {
        return Ok(BTreeSet::from([home.to_string()]));
    }
    let mut found = BTreeSet::new();
    if letter.source == "webhook" {
        let addresses = state.engine.addresses();
        for update in inbound::parse(letter.body.as_bytes()).unwrap_or_default() {
            let named = match update {
                Update::Message(message) => Some((message.number, message.customer)),
                Update::Echo { number, customer, .. } => Some((number, customer)),
                Update::Status(_)
                | Update::Moved { .. }
                | Update::History { .. }
                | Update::AccountError { .. }
                | Update::Unrecognised { .. }
                | Update::Poison { .. } => None,
            };
            let homes = named.map(|(number, customer)| addresses.homes(&number, &customer));
            found.extend(homes.into_iter().flatten().map(|home| home.to_string()));
        }
    } else if let Some(merchant) = letter.source.strip_prefix("callback:") {
        let connector = state.dispatcher.connector(&MerchantId::new(merchant));
        let now_ms = state.engine.clock().now_ms();
        let read = connector.and_then(|one| {
            one.parse_callback(&callback_id(letter), letter.body.as_bytes(), now_ms)
                .ok()
        });
        if let Some(MerchantNews::Purchase { purchase_id, .. }) = read.map(|callback| callback.news) {
            let record = state.engine.purchase(&purchase_id).await?;
            found.extend(record.map(|record| record.home.to_string()));
            found.insert(format!("purchase {purchase_id}"));
        }
    }
    Ok(found)
}

/// Conversations are replayed by one at a time; letters without one share a few names, because a name may be kept for ever.
fn lease_of(letter: &DeadLetter) -> String {
    match &letter.home {
        Some(home) => format!("replay:{home}"),
        None => format!("replay:{}", digest(&letter.id).get(..2).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_replayed_only_while_its_items_have_their_marks() {
        let letter = DeadLetter {
            id: "0f".to_owned(),
            reason: "unknown_number".to_owned(),
            detail: String::new(),
            merchant: None,
            home: None,
            at_ms: 1_790_000_000_000,
            source: "webhook".to_owned(),
            body: "{}".to_owned(),
        };
        let days = |days: i64| letter.at_ms + days * 24 * 60 * 60 * 1000;
        assert!(check_age(&letter, days(0)).is_ok());
        assert!(check_age(&letter, days(8)).is_ok());
        let refused = check_age(&letter, days(8) + 1).unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest);
        assert!(refused.detail().contains("8 days"), "{}", refused.detail());
        assert!(check_age(&letter, days(9)).is_err());
    }
}
