//! WhatsApp's own cart: an `order` message is a frozen snapshot. It is looked up and priced at the merchant first; equal to
//! what the customer's app showed, it is forwarded at once; different in anything, the customer confirms first.

use super::{Turn, checkout, draw, taps};
use crate::domain::button::{Action, Subject};
use crate::domain::cart::{LINES_MAX, QUANTITY_MAX};
use crate::domain::conversation::{OrderStage, PendingOrder};
use crate::domain::effect::{Effect, QuoteFor};
use crate::domain::event::{OrderItem, QuoteAnswer};
use crate::domain::ids::RetailerId;
use crate::domain::message::{Choice, Choices, Kind, Message, Target};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Product;
use crate::domain::purchase::{PurchaseLine, Source, sum_of};
use crate::domain::replies::Phrase;
use crate::domain::text::fit;

/// Longest note that is forwarded.
const NOTE_MAX: usize = 1000;

enum Unreadable {
    Money,
    Quantity(RetailerId),
}

/// The customer sent WhatsApp's own cart.
pub(super) fn ordered(turn: &mut Turn<'_>, items: &[OrderItem], note: Option<&str>) {
    if checkout::has_too_many_open(turn) {
        let message = draw::error(turn, Phrase::TooManyOpen);
        return turn.reply(message);
    }
    if !turn.has_room() {
        let message = draw::error(turn, Phrase::NoRoom);
        return turn.reply(message);
    }
    let title = |id: &RetailerId| turn.facts.product(id).map(|product| fit(&product.title, 60));
    let lines = match read_lines(items, turn.facts.shop.currency, &title) {
        Ok(lines) => lines,
        Err(Unreadable::Money) => {
            let message = draw::error(turn, Phrase::OrderUnreadable);
            return turn.reply(message);
        }
        Err(Unreadable::Quantity(id)) => {
            let title = draw::plain_title(id.as_str());
            let message = draw::error(turn, Phrase::OrderQuantity { title: &title });
            return turn.reply(message);
        }
    };
    turn.leave_human_mode();
    let key = turn.occurrence.purchase_id.as_str().to_owned();
    let order = PendingOrder {
        purchase_id: turn.occurrence.purchase_id.clone(),
        device: turn.device,
        lines: lines.clone(),
        note: note
            .filter(|text| !text.trim().is_empty())
            .map(|text| fit(text, NOTE_MAX)),
        stage: OrderStage::Asked,
        round: 0,
        owed: false,
        differs: Vec::new(),
        at_ms: turn.occurrence.at_ms,
    };
    turn.conversation.orders.insert(key.clone(), order);
    ask(turn, &key);
}

/// Has an order priced at the merchant: a new round, so that buttons and answers of earlier ones mean nothing any more.
pub(super) fn ask(turn: &mut Turn<'_>, key: &str) {
    let Some(order) = turn.conversation.orders.get_mut(key) else {
        return;
    };
    order.stage = OrderStage::Asked;
    order.round += 1;
    let quote_for = QuoteFor {
        subject: Subject::Order(key.to_owned()),
        device: order.device,
        revision: order.round,
    };
    let lines = order.lines.clone();
    turn.effects.push(Effect::Quote { quote_for, lines });
}

/// A button of an order: bound to its round.
pub(super) fn choice(turn: &Turn<'_>, action: Action, key: &str, label: Phrase<'_>) -> Choice {
    let round = turn.conversation.orders.get(key).map_or(0, |order| order.round);
    let target = Target {
        revision: round,
        ..turn.target(action)
    };
    Choice {
        target,
        label: turn.label(label),
    }
}

/// Lines as received; the same product twice is one line.
fn read_lines(
    items: &[OrderItem],
    currency: Currency,
    title: &dyn Fn(&RetailerId) -> Option<String>,
) -> Result<Vec<PurchaseLine>, Unreadable> {
    let mut lines: Vec<PurchaseLine> = Vec::new();
    for item in items {
        let quantity = u8::try_from(item.quantity)
            .ok()
            .filter(|q| (1..=QUANTITY_MAX).contains(q));
        let quantity = quantity.ok_or_else(|| Unreadable::Quantity(item.retailer_id.clone()))?;
        let same_currency = item.currency == currency.code();
        let price = Money::parse(&item.item_price, currency)
            .ok()
            .filter(|_| same_currency);
        let unit_price = price.ok_or(Unreadable::Money)?;
        if let Some(line) = lines.iter_mut().find(|line| line.retailer_id == item.retailer_id) {
            let sum = line.quantity.checked_add(quantity).filter(|q| *q <= QUANTITY_MAX);
            line.quantity = sum.ok_or_else(|| Unreadable::Quantity(item.retailer_id.clone()))?;
            if line.unit_price != unit_price {
                return Err(Unreadable::Money);
            }
            continue;
        }
        let title = title(&item.retailer_id).unwrap_or_else(|| fit(item.retailer_id.as_str(), 40));
        lines.push(PurchaseLine {
            retailer_id: item.retailer_id.clone(),
            title,
            quantity,
            unit_price,
        });
    }
    if lines.is_empty() || lines.len() > LINES_MAX {
        Err(Unreadable::Money)
    } else {
        Ok(lines)
    }
}

/// The merchant priced a native order.
pub(super) fn quoted(turn: &mut Turn<'_>, key: &str, round: u64, answer: &QuoteAnswer) {
    let asked = |order: &&PendingOrder| order.stage == OrderStage::Asked && order.round == round;
    let Some(order) = turn.conversation.orders.get(key).filter(asked).cloned() else {
        return;
    };
    let QuoteAnswer::Priced { products, quote } = answer else {
        return failed(turn, key, Phrase::QuoteFailed);
    };
    let mut lines = Vec::new();
    let mut differs = order.differs.clone();
    for line in &order.lines {
        let product = products.get(&line.retailer_id).and_then(Option::as_ref);
        lines.extend(compare(turn, line, product, &mut differs));
    }
    if lines.is_empty() {
        turn.conversation.orders.remove(key);
        let message = draw::error(turn, Phrase::OrderNothingLeft);
        return turn.reply(message);
    }
    let lost_lines = lines.len() != order.lines.len();
    if let Some(stored) = turn.conversation.orders.get_mut(key) {
        stored.lines.clone_from(&lines);
        stored.differs.clone_from(&differs);
    }
    if lost_lines {
        return ask(turn, key);
    }
    let Some(quote) = quote
        .as_ref()
        .filter(|quote| checkout::is_for(quote, &lines, turn))
    else {
        return failed(turn, key, Phrase::QuoteWrong);
    };
    let as_shown = sum_of(&order.lines, turn.facts.shop.currency).ok();
    if differs.is_empty() && as_shown == Some(quote.total) {
        turn.conversation.orders.remove(key);
        return checkout::forward(turn, order.purchase_id, quote.clone(), Source::Order, order.note);
    }
    if let Some(stored) = turn.conversation.orders.get_mut(key) {
        stored.stage = OrderStage::Shown { quote: quote.clone() };
    }
    show(turn, key);
}

/// One line against the merchant's product: the line at today's price, or nothing when it can't be sold.
fn compare(
    turn: &Turn<'_>,
    line: &PurchaseLine,
    product: Option<&Product>,
    differs: &mut Vec<String>,
) -> Option<PurchaseLine> {
    let Some(product) = product else {
        differs.push(turn.say(Phrase::GoneChange {
            title: &draw::plain_title(&line.title),
        }));
        return None;
    };
    let title = draw::plain_title(&product.title);
    if !product.in_stock() {
        differs.push(turn.say(Phrase::SoldOutChange { title: &title }));
        return None;
    }
    if product.price != line.unit_price {
        let (old, new) = (turn.money(&line.unit_price), turn.money(&product.price));
        differs.push(turn.say(Phrase::PriceChange {
            title: &title,
            old: &old,
            new: &new,
        }));
    }
    Some(PurchaseLine {
        title: fit(&product.title, 60),
        unit_price: product.price,
        ..line.clone()
    })
}

/// Shows a priced order with fresh buttons, or owes it until the customer writes again.
fn show(turn: &mut Turn<'_>, key: &str) {
    let open = turn.window_is_open();
    let Some(order) = turn.conversation.orders.get_mut(key) else {
        return;
    };
    order.round += 1;
    order.owed = !open;
    let order = order.clone();
    let OrderStage::Shown { quote } = &order.stage else {
        return;
    };
    if !open {
        return;
    }
    let subject = Subject::Order(key.to_owned());
    let message = if order.differs.is_empty() {
        checkout::summary(turn, Kind::Summary, Phrase::SummaryTitle, &[], quote, &subject)
    } else {
        checkout::summary(
            turn,
            Kind::PriceChange,
            Phrase::OrderDiffers,
            &order.differs,
            quote,
            &subject,
        )
    };
    turn.reply(message);
}

fn failed(turn: &mut Turn<'_>, key: &str, phrase: Phrase<'_>) {
    if !turn.window_is_open() {
        if let Some(order) = turn.conversation.orders.get_mut(key) {
            order.owed = true;
        }
        return;
    }
    let confirm = Action::Confirm(Subject::Order(key.to_owned()));
    let choices = Choices::of([
        choice(turn, confirm, key, Phrase::RetryLabel),
        choice(
            turn,
            Action::DropLine(key.to_owned()),
            key,
            Phrase::DropOrderLabel,
        ),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ]);
    let message = Message::buttons(Kind::Error, &turn.say(phrase), choices);
    turn.reply(message);
}

/// The customer is here again: orders that could not be shown are shown, or priced again when their quote has ended.
pub(super) fn show_owed(turn: &mut Turn<'_>) {
    let owed: Vec<String> = turn
        .conversation
        .orders
        .iter()
        .filter(|(_, order)| order.owed)
        .map(|(key, _)| key.clone())
        .collect();
    for key in owed {
        if let Some(order) = turn.conversation.orders.get_mut(&key) {
            order.owed = false;
        }
        show_or_ask(turn, &key);
    }
}

fn show_or_ask(turn: &mut Turn<'_>, key: &str) {
    let now_ms = turn.facts.now_ms;
    let order = turn.conversation.orders.get(key);
    let holds = order.is_some_and(|order| match &order.stage {
        OrderStage::Shown { quote } => now_ms < quote.expires_at_ms,
        OrderStage::Asked => false,
    });
    if holds { show(turn, key) } else { ask(turn, key) }
}

/// A message about an order did not arrive: it is shown again later.
pub(super) fn owe_shown(turn: &mut Turn<'_>) {
    for order in turn.conversation.orders.values_mut() {
        order.owed |= order.stage != OrderStage::Asked;
    }
}

/// The customer confirms a native order that differed, or asks to try again. Only a button of the present round buys.
pub(super) fn confirmed(turn: &mut Turn<'_>, key: &str, drawn_at: u64) {
    let Some(order) = turn.conversation.orders.get(key).cloned() else {
        return taps::stale(turn);
    };
    turn.device = order.device;
    match &order.stage {
        OrderStage::Shown { quote } if drawn_at == order.round && turn.facts.now_ms < quote.expires_at_ms => {
            turn.conversation.orders.remove(key);
            let id = turn.occurrence.purchase_id.clone();
            checkout::forward(turn, id, quote.clone(), Source::Order, order.note);
        }
        OrderStage::Shown { .. } | OrderStage::Asked => show_or_ask(turn, key),
    }
}

/// The customer gives up a native order that waits.
pub(super) fn dropped(turn: &mut Turn<'_>, key: &str) {
    if turn.conversation.orders.remove(key).is_none() {
        return taps::stale(turn);
    }
    let lead = turn.say(Phrase::OrderDropped);
    let message = draw::cart_after(turn, Kind::Cart, &lead);
    turn.reply(message);
}

/// A forwarded native order was declined for its prices or stock: it is priced again and shown, never silently merged.
pub(super) fn reopen(turn: &mut Turn<'_>, lines: Vec<PurchaseLine>, note: Option<String>, told: Vec<String>) {
    if lines.is_empty() {
        let text = format!("{}\n{}", turn.say(Phrase::OrderNothingLeft), told.join("\n"));
        let choices = Choices::of([
            turn.choice(Action::Menu, Phrase::MenuLabel),
            turn.choice(Action::Person, Phrase::PersonLabel),
        ]);
        let message = Message::buttons(Kind::PurchaseDeclined, &text, choices);
        return turn.reply(message);
    }
    let key = turn.occurrence.purchase_id.as_str().to_owned();
    let order = PendingOrder {
        purchase_id: turn.occurrence.purchase_id.clone(),
        device: turn.device,
        lines,
        note,
        stage: OrderStage::Asked,
        round: 0,
        owed: false,
        differs: told,
        at_ms: turn.facts.now_ms,
    };
    turn.conversation.orders.insert(key.clone(), order);
    ask(turn, &key);
}
