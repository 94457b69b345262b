//! How a purchase is paid (rule R9): by the merchant's Pix code inside the chat, by its link, or by the code as text. It knows no
//! bank, moves no purchase, and offers nothing that has ended.

use super::{Turn, draw, purchases};
use crate::domain::ids::PurchaseId;
use crate::domain::message::{Body, Kind, Message};
use crate::domain::payment::{OrderDetails, Pix};
use crate::domain::purchase::{Purchase, PurchaseState};
use crate::domain::replies::Phrase;

/// How a purchase can be paid now: by the code inside the chat where the number may show it, else by the link, else by the code
/// as text. What ended says nothing any more.
pub(super) fn message(turn: &Turn<'_>, purchase: &Purchase) -> Option<Vec<Message>> {
    if !purchase.state.is_payable() {
        return None;
    }
    let pix = purchase.pix.as_ref().filter(|_| still_payable(turn, purchase));
    let details = pix.and_then(|pix| order_details(turn, purchase, pix));
    details
        .map(|details| Message::order_details(Kind::Pix, details))
        .or_else(|| link_message(turn, purchase))
        .or_else(|| Some(code_message(turn, purchase, pix?)))
}

fn link_message(turn: &Turn<'_>, purchase: &Purchase) -> Option<Vec<Message>> {
    let url = purchase.payment_url.clone()?;
    let body = text(turn, purchase, |label, total| Phrase::PayNow { label, total });
    Some(Message::link(
        Kind::PaymentLink,
        &body,
        turn.label(Phrase::PayLabel),
        url,
    ))
}

/// The code goes alone in a message, so that a long press copies it and nothing else.
fn code_message(turn: &Turn<'_>, purchase: &Purchase, pix: &Pix) -> Vec<Message> {
    let body = text(turn, purchase, |label, total| Phrase::PayByCode { label, total });
    Message::texts(Kind::Pix, &[&body, &pix.code])
}

/// Pix is in reais, and Meta checks that the parts add up (payments in Brazil, orders).
fn order_details(turn: &Turn<'_>, purchase: &Purchase, pix: &Pix) -> Option<OrderDetails> {
    let currency = purchase.quote.total.currency();
    let may = turn.facts.shop.order_details && !purchase.details_refused;
    let may = may && currency.code() == "BRL" && !purchase.quote.total.is_zero();
    if !may || !purchase.quote.adds_up(currency) {
        return None;
    }
    let body = text(turn, purchase, |label, total| Phrase::PayByPix { label, total });
    Some(OrderDetails {
        body: Body::cut(&body),
        purchase_id: purchase.purchase_id.clone(),
        quote: purchase.quote.clone(),
        pix: pix.clone(),
        payment_url: purchase.payment_url.clone(),
        expires_at_ms: purchase.payable_until_ms,
    })
}

fn still_payable(turn: &Turn<'_>, purchase: &Purchase) -> bool {
    purchase
        .payable_until_ms
        .is_none_or(|until_ms| turn.facts.now_ms < until_ms)
}

fn text(
    turn: &Turn<'_>,
    purchase: &Purchase,
    phrase: impl for<'a> Fn(&'a str, &'a str) -> Phrase<'a>,
) -> String {
    let label = draw::purchase_label(purchase);
    let total = turn.money(&purchase.quote.total);
    let body = turn.say(phrase(&label, &total));
    if purchase.state != PurchaseState::PaymentFailed {
        return body;
    }
    let state = turn.say(Phrase::State {
        label: &label,
        state: purchase.state,
    });
    format!("{state}\n{body}")
}

/// The provider refused the message with amounts and code: the same payment by link or by the code as text, from now on. False
/// when that must wait for the customer's next message.
pub(super) fn otherwise(turn: &mut Turn<'_>, id: &PurchaseId) -> bool {
    let Some(own) = turn.conversation.purchase_mut(id) else {
        return false;
    };
    own.details_refused = true;
    turn.changed.insert(id.clone());
    if !turn.window_is_open() {
        return false;
    }
    purchases::tell_state(turn, id);
    true
}
