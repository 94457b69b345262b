//! From a cart to a purchase: ask for the final price, show it, buy at exactly what was shown (rule R8).

use std::collections::BTreeMap;

use super::{Turn, carts, draw, notice, orders, taps};
use crate::domain::button::{Action, Subject};
use crate::domain::cart::{Cart, Checkout};
use crate::domain::conversation::OPEN_PURCHASES_MAX;
use crate::domain::effect::{Effect, QuoteFor};
use crate::domain::event::QuoteAnswer;
use crate::domain::ids::RetailerId;
use crate::domain::message::{Choices, Kind, Message};
use crate::domain::money::Money;
use crate::domain::product::Product;
use crate::domain::purchase::{Purchase, PurchaseLine, PurchaseState, Quote, Source};
use crate::domain::replies::Phrase;
use crate::domain::text::fit;

/// The customer wants to pay: nothing that changed may slip through.
pub(super) fn asked(turn: &mut Turn<'_>) {
    if turn.cart().is_empty() {
        return carts::show(turn, None);
    }
    if has_too_many_open(turn) {
        let message = draw::error(turn, Phrase::TooManyOpen);
        return turn.reply(message);
    }
    if notice::tells_differences(turn) {
        return;
    }
    ask_for_quote(turn);
}

/// How long an unpaid purchase counts as open.
const OPEN_FOR_MS: i64 = 3 * 24 * 60 * 60 * 1000;

/// True when no further purchase may be opened.
pub(super) fn has_too_many_open(turn: &Turn<'_>) -> bool {
    let since_ms = turn.facts.now_ms - OPEN_FOR_MS;
    let is_open = |purchase: &&Purchase| {
        purchase.state.is_unanswered() || (purchase.state.is_payable() && purchase.at_ms > since_ms)
    };
    let open = turn.conversation.purchases.iter().filter(is_open).count();
    open + turn.conversation.orders.len() >= OPEN_PURCHASES_MAX
}

fn ask_for_quote(turn: &mut Turn<'_>) {
    let device = turn.device;
    let cart = turn.conversation.cart_mut(device);
    cart.touch();
    let revision = cart.revision;
    cart.checkout = Some(Checkout::Asked { revision });
    let lines = lines_of(cart);
    let quote_for = QuoteFor {
        subject: Subject::Cart,
        device,
        revision,
    };
    turn.effects.push(Effect::Quote { quote_for, lines });
}

fn lines_of(cart: &Cart) -> Vec<PurchaseLine> {
    let line = |line: &crate::domain::cart::Line| PurchaseLine {
        retailer_id: line.retailer_id.clone(),
        title: fit(&line.shown.title, 60),
        quantity: line.quantity,
        unit_price: line.shown.price,
    };
    cart.lines.iter().map(line).collect()
}

/// The merchant answered a quote.
pub(super) fn quoted(turn: &mut Turn<'_>, quote_for: &QuoteFor, answer: &QuoteAnswer) {
    turn.device = quote_for.device;
    if let Subject::Order(key) = &quote_for.subject {
        return orders::quoted(turn, key, quote_for.revision, answer);
    }
    let asked = Some(Checkout::Asked {
        revision: quote_for.revision,
    });
    if turn.cart().checkout != asked {
        return;
    }
    match answer {
        QuoteAnswer::Failed { .. } => quote_failed(turn, Phrase::QuoteFailed),
        QuoteAnswer::Priced { products, quote } => priced(turn, products, quote.as_ref()),
    }
}

fn quote_failed(turn: &mut Turn<'_>, phrase: Phrase<'_>) {
    let device = turn.device;
    turn.conversation.cart_mut(device).checkout = None;
    let choices = Choices::of([
        turn.choice(Action::Checkout, Phrase::RetryLabel),
        turn.choice(Action::Cart, Phrase::CartLabel),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ]);
    let message = Message::buttons(Kind::Error, &turn.say(phrase), choices);
    turn.reply(message);
}

fn priced(turn: &mut Turn<'_>, products: &BTreeMap<RetailerId, Option<Product>>, quote: Option<&Quote>) {
    let device = turn.device;
    let mut told = Vec::new();
    for (id, product) in products {
        told.extend(notice::absorb(turn, id, product.as_ref(), device));
    }
    if !told.is_empty() {
        let news_of: Vec<RetailerId> = products.keys().cloned().collect();
        return notice::send_notice(turn, &told, &news_of);
    }
    let cart = turn.cart();
    let Some(quote) = quote.filter(|quote| is_for(quote, &lines_of(&cart), turn)) else {
        return quote_failed(turn, Phrase::QuoteWrong);
    };
    let checkout = Checkout::Shown {
        revision: cart.revision,
        quote: quote.clone(),
    };
    turn.conversation.cart_mut(device).checkout = Some(checkout);
    let message = summary(
        turn,
        Kind::Summary,
        Phrase::SummaryTitle,
        &[],
        quote,
        &Subject::Cart,
    );
    turn.reply(message);
}

/// True when a quote is about exactly these lines at these prices, in the shop's currency, and adds up.
pub(super) fn is_for(quote: &Quote, lines: &[PurchaseLine], turn: &Turn<'_>) -> bool {
    let key = |lines: &[PurchaseLine]| -> BTreeMap<RetailerId, (u8, String)> {
        lines
            .iter()
            .map(|l| (l.retailer_id.clone(), (l.quantity, l.unit_price.to_string())))
            .collect()
    };
    let same_lines = quote.lines.len() == lines.len() && key(&quote.lines) == key(lines);
    let not_free_by_mistake = !quote.total.is_zero() || quote.subtotal.is_zero() || quote.discount.is_some();
    same_lines && quote.adds_up(turn.facts.shop.currency) && not_free_by_mistake
}

/// The final price, to be confirmed: lines, parts, total.
pub(super) fn summary(
    turn: &Turn<'_>,
    kind: Kind,
    title: Phrase<'_>,
    notes: &[String],
    quote: &Quote,
    subject: &Subject,
) -> Vec<Message> {
    let mut lines = vec![turn.say(title)];
    lines.extend(notes.iter().cloned());
    lines.extend(quote.lines.iter().map(|line| line_text(turn, line)));
    let second = match subject {
        Subject::Cart => turn.choice(Action::Cart, Phrase::CartLabel),
        Subject::Order(key) => {
            orders::choice(turn, Action::DropLine(key.clone()), key, Phrase::DropOrderLabel)
        }
    };
    let action = Action::Confirm(subject.clone());
    let confirm = match subject {
        Subject::Cart => turn.choice(action, Phrase::ConfirmLabel),
        Subject::Order(key) => orders::choice(turn, action, key, Phrase::ConfirmLabel),
    };
    let choices = Choices::of([confirm, second]);
    Message::buttons_beside(kind, &lines.join("\n"), &totals(turn, quote), choices)
}

/// Parts, total and what confirming means: always shown whole.
fn totals(turn: &Turn<'_>, quote: &Quote) -> String {
    let mut text = Vec::new();
    if quote.total != quote.subtotal {
        text.push(turn.say(Phrase::Subtotal {
            amount: &turn.money(&quote.subtotal),
        }));
    }
    let part = |amount: &Option<Money>| {
        let some = amount.as_ref().filter(|amount| !amount.is_zero());
        some.map(|amount| turn.money(amount))
    };
    text.extend(part(&quote.discount).map(|amount| turn.say(Phrase::Discount { amount: &amount })));
    text.extend(part(&quote.shipping).map(|amount| turn.say(Phrase::Shipping { amount: &amount })));
    text.extend(part(&quote.tax).map(|amount| turn.say(Phrase::Tax { amount: &amount })));
    text.push(turn.say(Phrase::Total {
        total: &turn.money(&quote.total),
    }));
    text.push(turn.say(Phrase::ConfirmHint));
    text.join("\n")
}

fn line_text(turn: &Turn<'_>, line: &PurchaseLine) -> String {
    let total = line
        .unit_price
        .times(line.quantity)
        .map_or_else(|_| "?".to_owned(), |sum| turn.money(&sum));
    turn.say(Phrase::CartLine {
        title: &fit(&draw::plain_title(&line.title), 40),
        quantity: line.quantity,
        unit_price: &turn.money(&line.unit_price),
        line_total: &total,
    })
}

/// The customer confirms what was shown: it is forwarded, once, at exactly that price.
pub(super) fn confirmed(turn: &mut Turn<'_>) {
    let cart = turn.cart();
    let Some(Checkout::Shown { revision, quote }) = cart.checkout.clone() else {
        return taps::stale(turn);
    };
    if revision != cart.revision {
        return taps::stale(turn);
    }
    if notice::tells_differences(turn) {
        return;
    }
    if turn.facts.now_ms >= quote.expires_at_ms {
        return ask_for_quote(turn);
    }
    let device = turn.device;
    turn.conversation.cart_mut(device).empty();
    forward(
        turn,
        turn.occurrence.purchase_id.clone(),
        quote,
        Source::Buttons,
        None,
    );
}

/// Opens a purchase and forwards it.
pub(super) fn forward(
    turn: &mut Turn<'_>,
    purchase_id: crate::domain::ids::PurchaseId,
    quote: Quote,
    source: Source,
    note: Option<String>,
) {
    let purchase = Purchase {
        purchase_id,
        state: PurchaseState::Forwarded,
        device: turn.device,
        source,
        quote,
        note,
        merchant_order_id: None,
        payment_url: None,
        pix: None,
        payable_until_ms: None,
        details_refused: false,
        tracking_url: None,
        review: None,
        at_ms: turn.facts.now_ms,
    };
    turn.changed.insert(purchase.purchase_id.clone());
    turn.conversation.purchases.push(purchase.clone());
    turn.effects.push(Effect::Forward(Box::new(purchase)));
}
