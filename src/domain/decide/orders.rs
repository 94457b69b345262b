//! WhatsApp's own cart: an `order` message is a frozen snapshot. It is looked up and priced at the merchant first; equal to
//! what the customer's app showed, it is forwarded at once; different in anything, the customer confirms first.

use super::{Turn, checkout, draw, taps};
use crate::domain::button::{Action, Subject};
use crate::domain::cart::{LINES_MAX, QUANTITY_MAX};
use crate::domain::conversation::{OrderStage, PendingOrder};
use crate::domain::effect::{Effect, QuoteFor};
use crate::domain::event::{OrderItem, QuoteAnswer};
use crate::domain::ids::RetailerId;
use crate::domain::message::{Kind, Message, fit};
use crate::domain::money::{Currency, Money};
use crate::domain::product::Product;
use crate::domain::purchase::{PurchaseLine, Quote, Source, sum_of};
use crate::domain::replies::Phrase;

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
    let title = |id: &RetailerId| turn.facts.product(id).map(|product| product.title.clone());
    let lines = match read_lines(items, turn.facts.shop.currency, &title) {
        Ok(lines) => lines,
        Err(Unreadable::Money) => {
            let message = draw::error(turn, Phrase::OrderUnreadable);
            return turn.reply(message);
        }
        Err(Unreadable::Quantity(id)) => {
            let title = fit(id.as_str(), 40);
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
        differs: Vec::new(),
        at_ms: turn.occurrence.at_ms,
    };
    turn.conversation.orders.insert(key.clone(), order);
    ask(turn, key, lines);
}

fn ask(turn: &mut Turn<'_>, key: String, lines: Vec<PurchaseLine>) {
    let quote_for = QuoteFor {
        subject: Subject::Order(key),
        device: turn.device,
        revision: 0,
    };
    turn.effects.push(Effect::Quote { quote_for, lines });
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
pub(super) fn quoted(turn: &mut Turn<'_>, key: &str, answer: &QuoteAnswer) {
    let Some(order) = turn
        .conversation
        .orders
        .get(key)
        .filter(|order| order.stage == OrderStage::Asked)
        .cloned()
    else {
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
    let changed = differs.len() > order.differs.len();
    if let Some(stored) = turn.conversation.orders.get_mut(key) {
        stored.lines.clone_from(&lines);
        stored.differs.clone_from(&differs);
    }
    if lost_lines {
        return ask(turn, key.to_owned(), lines);
    }
    let Some(quote) = quote
        .as_ref()
        .filter(|quote| checkout::is_for(quote, &lines, turn))
    else {
        return failed(turn, key, Phrase::QuoteWrong);
    };
    let as_shown = sum_of(&order.lines, turn.facts.shop.currency).ok();
    if differs.is_empty() && !changed && as_shown == Some(quote.total) {
        turn.conversation.orders.remove(key);
        return checkout::forward(turn, order.purchase_id, quote.clone(), Source::Order, order.note);
    }
    show(turn, key, quote, &differs);
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
        title: product.title.clone(),
        unit_price: product.price,
        ..line.clone()
    })
}

fn show(turn: &mut Turn<'_>, key: &str, quote: &Quote, differs: &[String]) {
    if let Some(order) = turn.conversation.orders.get_mut(key) {
        order.stage = OrderStage::Shown { quote: quote.clone() };
    }
    let subject = Subject::Order(key.to_owned());
    let message = if differs.is_empty() {
        checkout::summary(turn, Kind::Summary, Phrase::SummaryTitle, &[], quote, subject)
    } else {
        checkout::summary(
            turn,
            Kind::PriceChange,
            Phrase::OrderDiffers,
            differs,
            quote,
            subject,
        )
    };
    turn.reply(message);
}

fn failed(turn: &mut Turn<'_>, key: &str, phrase: Phrase<'_>) {
    let subject = Subject::Order(key.to_owned());
    let choices = vec![
        turn.choice(Action::Confirm(subject), Phrase::RetryLabel),
        turn.choice(Action::DropLine(key.to_owned()), Phrase::DropOrderLabel),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ];
    let message = Message::buttons(Kind::Error, &turn.say(phrase), None, choices);
    turn.reply(message);
}

/// The customer confirms a native order that differed, or asks to try again.
pub(super) fn confirmed(turn: &mut Turn<'_>, key: &str) {
    let Some(order) = turn.conversation.orders.get(key).cloned() else {
        return taps::stale(turn);
    };
    let quote = match &order.stage {
        OrderStage::Shown { quote } if turn.facts.now_ms < quote.expires_at_ms => quote.clone(),
        OrderStage::Shown { .. } | OrderStage::Asked => {
            if let Some(stored) = turn.conversation.orders.get_mut(key) {
                stored.stage = OrderStage::Asked;
            }
            turn.device = order.device;
            return ask(turn, key.to_owned(), order.lines);
        }
    };
    turn.conversation.orders.remove(key);
    turn.device = order.device;
    checkout::forward(
        turn,
        turn.occurrence.purchase_id.clone(),
        quote,
        Source::Order,
        order.note,
    );
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
    let key = turn.occurrence.purchase_id.as_str().to_owned();
    let order = PendingOrder {
        purchase_id: turn.occurrence.purchase_id.clone(),
        device: turn.device,
        lines: lines.clone(),
        note,
        stage: OrderStage::Asked,
        differs: told,
        at_ms: turn.facts.now_ms,
    };
    turn.conversation.orders.insert(key.clone(), order);
    ask(turn, key, lines);
}
