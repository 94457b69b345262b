//! What the merchant says of a purchase, at once or later, and how it is told. Only the merchant's word moves a purchase;
//! late or repeated news is recorded and inert; an amount that is not the confirmed one goes to a person.

use super::{Turn, carts, draw, notice, orders, payments};
use crate::domain::button::{Action, Subject};
use crate::domain::cart::LINES_MAX;
use crate::domain::effect::Effect;
use crate::domain::event::{DeclineReason, Event, Objection, PurchaseAnswer};
use crate::domain::ids::{PurchaseId, RetailerId};
use crate::domain::message::{Choices, Kind, Message};
use crate::domain::money::Money;
use crate::domain::product::Offer;
use crate::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Source};
use crate::domain::replies::Phrase;
use crate::domain::text::{Fitted, fit, plain};

/// The merchant answered a purchase request.
pub(super) fn answered(turn: &mut Turn<'_>, id: &PurchaseId, answer: &PurchaseAnswer) {
    let Some(purchase) = turn.conversation.purchase(id).cloned() else {
        return;
    };
    turn.device = purchase.device;
    match answer {
        PurchaseAnswer::Accepted { .. } => accepted(turn, &purchase, answer),
        PurchaseAnswer::Declined { reason, objections } => declined(turn, &purchase, *reason, objections),
        PurchaseAnswer::InDoubt => {
            if advance(turn, id, PurchaseState::InDoubt) {
                tell_state(turn, id);
            }
        }
        PurchaseAnswer::GaveUp => review(turn, id, "the merchant never said what became of it"),
        PurchaseAnswer::Conflicting => review(turn, id, "the merchant has another purchase under this id"),
    }
}

fn accepted(turn: &mut Turn<'_>, purchase: &Purchase, answer: &PurchaseAnswer) {
    let PurchaseAnswer::Accepted {
        merchant_order_id,
        total,
        payment_url,
        payment_url_allowed,
        pix,
        expires_at_ms,
        state,
    } = answer
    else {
        return;
    };
    let id = &purchase.purchase_id;
    if let Some(own) = turn.conversation.purchase_mut(id) {
        own.merchant_order_id
            .get_or_insert_with(|| fit(merchant_order_id, 60));
    }
    turn.changed.insert(id.clone());
    if *total != purchase.quote.total {
        return review(
            turn,
            id,
            &format!("confirmed {} but the merchant says {total}", purchase.quote.total),
        );
    }
    if payment_url.is_some() && !payment_url_allowed {
        return review(
            turn,
            id,
            "the payment link is not on a host that the merchant listed, or not https",
        );
    }
    if let Some(own) = turn.conversation.purchase_mut(id) {
        own.payment_url.clone_from(payment_url);
        own.pix.clone_from(pix);
        own.payable_until_ms = *expires_at_ms;
    }
    let implied = if payment_url.is_some() || pix.is_some() {
        PurchaseState::AwaitingPayment
    } else {
        PurchaseState::Accepted
    };
    let next = state.filter(|told| implied.moves_to(*told)).unwrap_or(implied);
    if advance(turn, id, next) {
        tell_state(turn, id);
    }
}

fn declined(turn: &mut Turn<'_>, purchase: &Purchase, reason: DeclineReason, objections: &[Objection]) {
    if !advance(turn, &purchase.purchase_id, PurchaseState::Declined) {
        return;
    }
    let told = objections_told(turn, purchase, objections);
    match (purchase.source, reason) {
        (Source::Order, DeclineReason::PriceChanged | DeclineReason::OutOfStock) if !told.is_empty() => {
            orders::reopen(turn, repriced(purchase, objections), purchase.note.clone(), told);
        }
        (Source::Order | Source::Buttons, _) => back_to_cart(turn, purchase, reason, objections, &told),
    }
}

/// What the merchant objects to, old → new.
fn objections_told(turn: &Turn<'_>, purchase: &Purchase, objections: &[Objection]) -> Vec<String> {
    let mut told = Vec::new();
    for line in &purchase.quote.lines {
        let Some(objection) = objections.iter().find(|o| o.retailer_id == line.retailer_id) else {
            continue;
        };
        let title = draw::plain_title(&line.title);
        if let Some(new) = objection.unit_price.filter(|new| *new != line.unit_price) {
            let (old, new) = (turn.money(&line.unit_price), turn.money(&new));
            told.push(turn.say(Phrase::PriceChange {
                title: &title,
                old: &old,
                new: &new,
            }));
        }
        match objection.available {
            Some(0) => told.push(turn.say(Phrase::SoldOutChange { title: &title })),
            Some(left) if left < u64::from(line.quantity) => {
                told.push(turn.say(Phrase::OnlyLeft {
                    title: &title,
                    available: left,
                }));
            }
            Some(_) | None => {}
        }
    }
    told
}

fn repriced(purchase: &Purchase, objections: &[Objection]) -> Vec<PurchaseLine> {
    let line = |line: &PurchaseLine| {
        let objection = objections.iter().find(|o| o.retailer_id == line.retailer_id);
        let unit_price = objection.and_then(|o| o.unit_price).unwrap_or(line.unit_price);
        let left = objection
            .and_then(|o| o.available)
            .and_then(|left| u8::try_from(left).ok());
        let quantity = left.map_or(line.quantity, |left| line.quantity.min(left));
        (quantity > 0).then(|| PurchaseLine {
            quantity,
            unit_price,
            ..line.clone()
        })
    };
    purchase.quote.lines.iter().filter_map(line).collect()
}

/// The lines return to the cart they came from, with what the merchant said about them.
fn back_to_cart(
    turn: &mut Turn<'_>,
    purchase: &Purchase,
    reason: DeclineReason,
    objections: &[Objection],
    told: &[String],
) {
    let offer = |line: &PurchaseLine| Offer {
        title: line.title.clone(),
        price: line.unit_price,
        in_stock: true,
        options: turn
            .facts
            .product(&line.retailer_id)
            .and_then(|product| product.options.clone()),
    };
    let lines: Vec<(RetailerId, u8, Offer)> = purchase
        .quote
        .lines
        .iter()
        .map(|line| (line.retailer_id.clone(), line.quantity, offer(line)))
        .collect();
    let left_out = carts::restore(turn, purchase.device, lines);
    let cart = turn.conversation.cart_mut(purchase.device);
    for line in &mut cart.lines {
        let Some(objection) = objections.iter().find(|o| o.retailer_id == line.retailer_id) else {
            continue;
        };
        let price = objection.unit_price.unwrap_or(line.shown.price);
        let in_stock = objection.available != Some(0);
        let offer = Offer {
            price,
            in_stock,
            ..line.shown.clone()
        };
        line.noticed = (offer != line.shown).then_some(offer);
    }
    cart.touch();
    if reason == DeclineReason::PriceChanged && !told.is_empty() {
        let news_of: Vec<RetailerId> = objections
            .iter()
            .map(|objection| objection.retailer_id.clone())
            .collect();
        return notice::send_notice(turn, told, &news_of);
    }
    let mut text = vec![turn.say(Phrase::Declined)];
    text.extend(told.iter().cloned());
    if !left_out.is_empty() {
        text.push(turn.say(Phrase::CartFull { max: LINES_MAX }));
        text.push(left_out.join(", "));
    }
    let lead = text.join("\n");
    let waits = turn.cart().lines.iter().any(|line| line.noticed.is_some());
    let messages = if waits {
        let choices = Choices::of([
            turn.choice(Action::AcceptPrices(Subject::Cart), Phrase::AcceptLabel),
            turn.choice(Action::Cart, Phrase::CartLabel),
            turn.choice(Action::Menu, Phrase::MenuLabel),
        ]);
        Message::buttons(Kind::PurchaseDeclined, &lead, choices)
    } else {
        draw::cart_list(turn, Kind::PurchaseDeclined, Some(&lead), 0)
    };
    turn.reply_or_owe(&purchase.purchase_id, messages);
}

/// A person looked at an effect that was given up and wants it performed again. Where a purchase stands is what the conversation
/// or its record says, never what the effect remembers: the customer may have been told no and have bought again since.
pub(super) fn replayed(turn: &mut Turn<'_>, effect: &Effect, record: Option<&Purchase>) {
    let Effect::Forward(purchase) = effect else {
        return turn.effects.push(effect.clone());
    };
    let id = &purchase.purchase_id;
    let recorded = record.filter(|known| known.purchase_id == *id && known.state.may_be_asked_again());
    if let (None, Some(known)) = (turn.conversation.purchase(id), recorded) {
        turn.conversation.purchases.push(known.clone());
    }
    let Some(own) = turn
        .conversation
        .purchase_mut(id)
        .filter(|own| own.state.may_be_asked_again())
    else {
        return;
    };
    own.state = PurchaseState::InDoubt;
    own.review = None;
    turn.changed.insert(id.clone());
    // In doubt: the merchant is asked by id before anything is sent again.
    let again = Purchase {
        state: PurchaseState::InDoubt,
        ..(**purchase).clone()
    };
    turn.effects.push(Effect::Forward(Box::new(again)));
}

/// Longest link to a parcel; a cut one would lead nowhere.
const URL_MAX: usize = 500;

/// Later news from the merchant.
pub(super) fn news(turn: &mut Turn<'_>, event: &Event) {
    let Event::PurchaseNews {
        purchase_id,
        state,
        total,
        merchant_order_id,
        tracking_url,
        reason,
        record,
    } = event
    else {
        return;
    };
    if let (None, Some(known)) = (turn.conversation.purchase(purchase_id), record) {
        turn.conversation.purchases.push((**known).clone());
    }
    let Some(purchase) = turn.conversation.purchase_mut(purchase_id) else {
        return;
    };
    if let Some(id) = merchant_order_id {
        purchase.merchant_order_id.get_or_insert_with(|| fit(id, 60));
    }
    if let Some(url) = tracking_url.as_deref().and_then(Fitted::<URL_MAX>::whole) {
        purchase.tracking_url = Some(url.to_string());
    }
    let (present, confirmed, device) = (purchase.state, purchase.quote.total, purchase.device);
    turn.device = device;
    turn.changed.insert(purchase_id.clone());
    let is_payment = *state == PurchaseState::Paid && !present.is_paid_already();
    if is_payment && let Some(problem) = payment_problem(present, confirmed, *total) {
        return review(turn, purchase_id, &problem);
    }
    if advance(turn, purchase_id, *state) {
        tell_news(turn, purchase_id, reason.as_deref());
    }
}

/// Why a payment can't simply be taken for this purchase.
fn payment_problem(present: PurchaseState, confirmed: Money, paid: Option<Money>) -> Option<String> {
    if paid != Some(confirmed) {
        let paid = paid.map_or_else(|| "nothing it names".to_owned(), |amount| amount.to_string());
        return Some(format!("confirmed {confirmed} but the payment is of {paid}"));
    }
    let too_late = matches!(
        present,
        PurchaseState::Expired | PurchaseState::Cancelled | PurchaseState::Declined
    );
    too_late.then(|| "paid after it had ended".to_owned())
}

/// Moves a purchase forward; false when the news is late or repeated.
fn advance(turn: &mut Turn<'_>, id: &PurchaseId, next: PurchaseState) -> bool {
    let Some(purchase) = turn
        .conversation
        .purchase_mut(id)
        .filter(|purchase| purchase.state.moves_to(next))
    else {
        return false;
    };
    purchase.state = next;
    turn.changed.insert(id.clone());
    true
}

/// A person must look at it; the customer is told not to pay.
fn review(turn: &mut Turn<'_>, id: &PurchaseId, why: &str) {
    if let Some(purchase) = turn.conversation.purchase_mut(id) {
        purchase.review = Some(why.to_owned());
        turn.changed.insert(id.clone());
    }
    let Some(purchase) = turn
        .conversation
        .purchase_mut(id)
        .filter(|p| p.state != PurchaseState::NeedsReview)
    else {
        return;
    };
    purchase.state = PurchaseState::NeedsReview;
    tell_state(turn, id);
}

/// Tells where a purchase stands.
pub(super) fn tell_state(turn: &mut Turn<'_>, id: &PurchaseId) {
    tell_news(turn, id, None);
}

fn tell_news(turn: &mut Turn<'_>, id: &PurchaseId, reason: Option<&str>) {
    let Some(purchase) = turn.conversation.purchase(id).cloned() else {
        return;
    };
    let messages = state_message(turn, &purchase, reason);
    turn.reply_or_owe(id, messages);
}

pub(super) fn state_message(turn: &Turn<'_>, purchase: &Purchase, reason: Option<&str>) -> Vec<Message> {
    payments::message(turn, purchase).unwrap_or_else(|| plain_state(turn, purchase, reason))
}

fn plain_state(turn: &Turn<'_>, purchase: &Purchase, reason: Option<&str>) -> Vec<Message> {
    let (kind, text) = state_text(turn, purchase);
    let mut text = vec![text];
    let reason = reason.map(plain).filter(|words| !words.is_empty());
    text.extend(reason.map(|words| {
        turn.say(Phrase::Reason {
            text: &fit(&words, 300),
        })
    }));
    let tracked = purchase.state == PurchaseState::Shipped;
    text.extend(
        purchase
            .tracking_url
            .as_ref()
            .filter(|_| tracked)
            .map(|url| turn.say(Phrase::Tracking { url })),
    );
    let choices = Choices::of([
        turn.choice(
            Action::Purchase(Some(purchase.purchase_id.clone())),
            Phrase::PurchaseLabel,
        ),
        turn.choice(Action::Menu, Phrase::MenuLabel),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ]);
    Message::buttons(kind, &text.join("\n"), choices)
}

fn state_text(turn: &Turn<'_>, purchase: &Purchase) -> (Kind, String) {
    let label = draw::purchase_label(purchase);
    let total = turn.money(&purchase.quote.total);
    match purchase.state {
        PurchaseState::Accepted => (
            Kind::PurchaseAccepted,
            turn.say(Phrase::Accepted {
                label: &label,
                total: &total,
            }),
        ),
        PurchaseState::Paid => (
            Kind::Paid,
            turn.say(Phrase::Paid {
                label: &label,
                total: &total,
            }),
        ),
        PurchaseState::InDoubt => (Kind::PurchaseState, turn.say(Phrase::InDoubt { label: &label })),
        PurchaseState::NeedsReview => (
            Kind::PurchaseState,
            turn.say(Phrase::NeedsReview { label: &label }),
        ),
        state @ (PurchaseState::Forwarded
        | PurchaseState::Declined
        | PurchaseState::AwaitingPayment
        | PurchaseState::Preparing
        | PurchaseState::Shipped
        | PurchaseState::Delivered
        | PurchaseState::Cancelled
        | PurchaseState::Expired
        | PurchaseState::PaymentFailed
        | PurchaseState::Refunded
        | PurchaseState::ChargedBack) => (
            Kind::PurchaseState,
            turn.say(Phrase::State { label: &label, state }),
        ),
    }
}

impl PurchaseState {
    fn is_paid_already(self) -> bool {
        match self {
            Self::Paid
            | Self::Preparing
            | Self::Shipped
            | Self::Delivered
            | Self::Refunded
            | Self::ChargedBack => true,
            Self::Forwarded
            | Self::InDoubt
            | Self::Declined
            | Self::Accepted
            | Self::AwaitingPayment
            | Self::Cancelled
            | Self::Expired
            | Self::PaymentFailed
            | Self::NeedsReview => false,
        }
    }
}

impl Turn<'_> {
    /// Sends messages about a purchase.
    pub(super) fn reply_about(&mut self, id: &PurchaseId, messages: Vec<Message>) {
        self.reply(messages.into_iter().map(|message| message.about(id)).collect());
    }

    /// The same, or owes it until the customer writes again when the window is closed.
    fn reply_or_owe(&mut self, id: &PurchaseId, messages: Vec<Message>) {
        if self.window_is_open() {
            return self.reply_about(id, messages);
        }
        self.conversation.owed_purchases.insert(id.clone());
    }
}
