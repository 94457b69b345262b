//! From a verified body to events. Also what a dead letter's replay goes through: there is one way in.

use std::sync::Arc;

use futures::future::join_all;

use super::problem::ApiError;
use super::{State, statuses};
use crate::domain::conversation::Customer;
use crate::domain::event::Event;
use crate::domain::ids::{HomeId, MerchantId, NumberId, PurchaseId};
use crate::engine::addresses::{digest, purchase_id};
use crate::engine::{Engine, Happened, Refused, Taken, What, Who};
use crate::store::DeadLetter;
use crate::whatsapp::errors;
use crate::whatsapp::inbound::{self, Body, InboundMessage, Update};

/// Most letters about numbers that nobody configured.
pub(super) const UNKNOWN_NUMBERS_KEPT: usize = 1_000;

/// Takes a provider's webhook: every item alone, the answer when all are durable. Items of different conversations go side by
/// side, those of one in their order. Returns the letter that the whole body was parked as, if it was.
pub(super) async fn webhook(state: &State, bytes: &[u8]) -> Result<Option<String>, ApiError> {
    let updates = match inbound::parse(bytes) {
        Ok(updates) => updates,
        Err(problem) => {
            let letter = park(state, "unparseable", &problem, None, "webhook", bytes).await?;
            return Ok(Some(letter));
        }
    };
    let engine = &state.engine;
    let now_ms = engine.clock().now_ms();
    let (mut taking, mut statuses) = (Vec::new(), Vec::new());
    let mut unknown_number = false;
    for update in updates {
        match update {
            Update::Message(message) => match engine.number(&message.number) {
                Some(number) => {
                    state.heard.message(&message.number, now_ms);
                    match happened(*message, number.shop.catalog_id.as_deref()) {
                        Ok(happened) => taking.push(happened),
                        Err(what) => state.samples.keep(&what, None),
                    }
                }
                None => unknown_number = true,
            },
            Update::Status(status) => {
                if engine.number(&status.number).is_some() {
                    state.heard.status(&status.number, now_ms);
                }
                statuses.push(status);
            }
            Update::Moved { number, id, from, to } => moved(engine, number, &id, &from, &to).await?,
            Update::Echo {
                number,
                id,
                at_ms,
                customer,
            } => echoed(engine, &number, (&id, at_ms), &customer).await?,
            Update::History { number, messages } => {
                history(state, configured(engine, &number), messages);
            }
            Update::AccountError {
                number,
                code,
                details,
            } => account_error(configured(engine, &number), code, &details),
            Update::Unrecognised { what, raw } => state.samples.keep(&what, Some(&raw)),
            Update::Poison { number, raw, problem } => {
                let merchant = number
                    .and_then(|number| engine.number(&number))
                    .map(|n| n.shop.merchant.clone());
                park(state, "poison", &problem, merchant, "item", raw.as_bytes()).await?;
            }
        }
    }
    let mut parked = None;
    if unknown_number {
        let detail = "a webhook for a phone_number_id that is not configured; configure it, then replay";
        parked = Some(park(state, "unknown_number", detail, None, "webhook", bytes).await?);
    }
    // None holds back another: what fails is told when all others are done, and comes again.
    let recorded = statuses::record_all(state, &statuses).await;
    let taken = join_all(taking.into_iter().map(|one| engine.take(one))).await;
    recorded?;
    for one in taken {
        if one? == Taken::Duplicate {
            metrics::counter!("sacola_duplicates_total").increment(1);
        }
    }
    Ok(parked)
}

/// What was said before the number came to us.
fn history(state: &State, number: &str, messages: usize) {
    tracing::info!(
        number,
        messages,
        "history of the WhatsApp Business app; not acted on"
    );
    state.samples.keep("history", None);
}

/// What a customer's message means; the error names what needs no decision. `ours` is the number's catalog.
pub(super) fn happened(message: InboundMessage, ours: Option<&str>) -> Result<Happened, String> {
    let device = message.device;
    let what = match message.body {
        Body::Text { text, about } => What::Event(Event::Said { text, about, device }),
        Body::Tap(id) => What::Tap { id, device },
        Body::Order {
            catalog_id,
            items,
            note,
        } => {
            // An order of another catalog says nothing about this shop's products: read as empty, it is answered as
            // unreadable and buys nothing.
            let foreign = ours.is_some() && catalog_id.is_some() && catalog_id.as_deref() != ours;
            let items = if foreign { Vec::new() } else { items };
            What::Event(Event::Ordered { items, note, device })
        }
        Body::Welcome => What::Event(Event::Welcomed { device }),
        Body::Other(what) => What::Event(Event::Arrived { what, device }),
        Body::Silent(what) => return Err(what),
    };
    let purchase_id = purchase_id(&message.number, &message.customer, &message.id);
    let who = Who::Customer {
        number: message.number,
        customer: message.customer,
    };
    Ok(Happened {
        who,
        id: format!("in:{}", message.id),
        at_ms: message.at_ms,
        purchase_id,
        root: None,
        what,
    })
}

/// News about a customer, for a conversation that exists.
async fn tell(
    engine: &Arc<Engine>,
    who: Who,
    (id, at_ms): (&str, i64),
    event: Event,
) -> Result<(), ApiError> {
    let happened = Happened {
        who,
        purchase_id: PurchaseId::new(digest(id)),
        id: format!("in:{id}"),
        at_ms,
        root: None,
        what: What::Event(event),
    };
    match engine.take(happened).await {
        Ok(_) | Err(Refused::UnknownNumber) => Ok(()),
        Err(refused) => Err(refused.into()),
    }
}

/// A customer's new number or user id: it leads to the same conversation, and answers go there.
async fn moved(
    engine: &Arc<Engine>,
    number: Option<NumberId>,
    id: &str,
    from: &Customer,
    to: &Customer,
) -> Result<(), ApiError> {
    let all = engine.numbers().into_iter().map(|known| known.number.clone());
    let numbers: Vec<NumberId> = match number {
        Some(number) => all.filter(|known| *known == number).collect(),
        None => all.collect(),
    };
    for number in numbers {
        if let Some(home) = engine.link(&number, from, to).await? {
            metrics::counter!("sacola_customers_moved_total").increment(1);
            tell(engine, Who::Home(home), (id, 0), Event::Moved { to: to.clone() }).await?;
        }
    }
    Ok(())
}

/// A person of the business wrote to the customer in the WhatsApp Business app: the bot stays out of it.
async fn echoed(
    engine: &Arc<Engine>,
    number: &NumberId,
    told: (&str, i64),
    customer: &Customer,
) -> Result<(), ApiError> {
    if engine.number(number).is_none() {
        return Ok(());
    }
    match engine.known(number, customer).await? {
        Some(who) => tell(engine, who, told, Event::Echoed).await,
        None => Ok(()),
    }
}

/// A number for the log, when it is ours: what else stands in its place may be anybody's.
fn configured<'n>(engine: &Engine, number: &'n NumberId) -> &'n str {
    if engine.number(number).is_some() {
        number.as_str()
    } else {
        "(not configured)"
    }
}

/// Something is wrong with the number or the account: for the person on call.
fn account_error(number: &str, code: Option<i64>, details: &str) {
    let code = code.unwrap_or(errors::NO_CODE);
    let (cause, mend) = errors::explain(code, details);
    tracing::error!(
        number,
        code,
        cause,
        mend,
        "the provider reports a fault of the number or its account"
    );
    metrics::counter!("sacola_account_errors_total", "code" => errors::label(code)).increment(1);
}

/// Keeps what can't be taken, and returns the letter's id; 503 when even that fails.
pub(super) async fn park(
    state: &State,
    reason: &'static str,
    detail: &str,
    merchant: Option<MerchantId>,
    source: &str,
    body: &[u8],
) -> Result<String, ApiError> {
    metrics::counter!("sacola_dead_letters_total", "reason" => reason).increment(1);
    let text = String::from_utf8_lossy(body).into_owned();
    let letter = DeadLetter {
        id: format!("dl-{}", digest(&format!("{reason}\n{text}"))),
        reason: reason.to_owned(),
        detail: detail.chars().take(300).collect(),
        merchant,
        home: None::<HomeId>,
        at_ms: state.engine.clock().now_ms(),
        source: source.to_owned(),
        body: text,
    };
    state.engine.store().park(&letter, UNKNOWN_NUMBERS_KEPT).await?;
    Ok(letter.id)
}
