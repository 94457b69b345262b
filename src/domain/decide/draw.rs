//! Messages that several flows share: the cart, help, a person.

use super::{Turn, notice};
use crate::domain::button::{Action, Slice, Subject};
use crate::domain::cart::{Cart, Line};
use crate::domain::message::{BODY_MAX, Choices, Kind, Message, Row};
use crate::domain::money::Money;
use crate::domain::purchase::Purchase;
use crate::domain::replies::Phrase;
use crate::domain::text::{fit, plain};

/// Rows that one cart message offers for changing lines.
const LINE_ROWS: usize = 6;
/// Longest title inside a sentence.
const TITLE_MAX: usize = 60;

/// A merchant's title inside a sentence: one line, no WhatsApp markup, never nothing.
pub(super) fn plain_title(title: &str) -> String {
    let plain = plain(title);
    if plain.is_empty() {
        "–".to_owned()
    } else {
        fit(&plain, TITLE_MAX)
    }
}

/// The shop's name inside a sentence.
pub(super) fn shop_name(turn: &Turn<'_>) -> String {
    plain_title(&turn.facts.shop.name)
}

/// A purchase's number inside a sentence.
pub(super) fn purchase_label(purchase: &Purchase) -> String {
    plain_title(&purchase.label())
}

/// A cart as text.
pub(super) struct CartText {
    /// Its title and lines.
    pub(super) lines: String,
    /// Its total and what waits for acceptance: stays beside the buttons.
    pub(super) total: String,
}

/// A cart as text: `count` lines from `from` on.
pub(super) fn cart_text(turn: &Turn<'_>, cart: &Cart, from: usize, count: usize) -> CartText {
    if cart.is_empty() {
        return CartText {
            lines: turn.say(Phrase::CartEmpty),
            total: String::new(),
        };
    }
    let mut lines = vec![turn.say(Phrase::CartTitle)];
    let shown = cart.lines.iter().skip(from).take(count);
    lines.extend(shown.map(|line| line_text(turn, line)));
    let rest = cart.lines.len().saturating_sub(from.saturating_add(count));
    if rest > 0 {
        lines.push(turn.say(Phrase::MoreLines { count: rest }));
    }
    let mut total = vec![turn.say(Phrase::Total {
        total: &total_text(turn, cart),
    })];
    total.extend(waiting_text(turn, cart));
    CartText {
        lines: lines.join("\n"),
        total: total.join("\n"),
    }
}

fn line_text(turn: &Turn<'_>, line: &Line) -> String {
    let unit_price = turn.money(&line.shown.price);
    let line_total = line
        .shown
        .price
        .times(line.quantity)
        .map_or_else(|_| "?".to_owned(), |sum| turn.money(&sum));
    turn.say(Phrase::CartLine {
        title: &plain_title(&line.shown.title),
        quantity: line.quantity,
        unit_price: &unit_price,
        line_total: &line_total,
    })
}

/// The total of a cart as text.
pub(super) fn total_text(turn: &Turn<'_>, cart: &Cart) -> String {
    let currency = turn.facts.shop.currency;
    turn.money(&cart.total(currency).unwrap_or(Money::zero(currency)))
}

/// Changes that a cart view reminds of; the checkout tells all of them.
const REMINDED: usize = 5;

/// What was told and waits for acceptance, so that no view of the cart hides it.
fn waiting_text(turn: &Turn<'_>, cart: &Cart) -> Option<String> {
    let waiting = cart
        .lines
        .iter()
        .filter_map(|line| Some(notice::differences(turn, &line.shown, line.noticed.as_ref()?)));
    let told: Vec<String> = waiting.flatten().take(REMINDED).collect();
    let title = turn.say(Phrase::ChangesTitle);
    let hint = turn.say(Phrase::AcceptToGoOn);
    (!told.is_empty()).then(|| format!("\n{title}\n{}\n{hint}", told.join("\n")))
}

/// What comes next for a cart with lines: the checkout, or first accepting what changed.
fn next_step(cart: &Cart) -> (Action, Phrase<'static>) {
    if cart.lines.iter().any(|line| line.noticed.is_some()) {
        (Action::AcceptPrices(Subject::Cart), Phrase::AcceptLabel)
    } else {
        (Action::Checkout, Phrase::CheckoutLabel)
    }
}

/// The cart after a change, short: what happened, the lines, what next.
pub(super) fn cart_after(turn: &Turn<'_>, kind: Kind, lead: &str) -> Vec<Message> {
    let cart = turn.cart();
    let text = cart_text(turn, &cart, 0, usize::MAX);
    let lines = format!("{lead}\n\n{}", text.lines);
    if cart.is_empty() {
        let choices = Choices::of([
            turn.choice(Action::Menu, Phrase::MenuLabel),
            turn.choice(Action::Person, Phrase::PersonLabel),
        ]);
        return Message::buttons(kind, &lines, choices);
    }
    if lines.chars().count() + 1 + text.total.chars().count() > BODY_MAX {
        return cart_list(turn, kind, Some(lead), 0);
    }
    let (step, label) = next_step(&cart);
    let choices = Choices::of([
        turn.choice(step, label),
        turn.choice(Action::Cart, Phrase::CartLabel),
        turn.choice(Action::Menu, Phrase::MenuLabel),
    ]);
    Message::buttons_beside(kind, &lines, &text.total, choices)
}

/// The cart with everything that can be done to it. Its first page tells all lines, a later one those that it can change.
pub(super) fn cart_list(turn: &Turn<'_>, kind: Kind, lead: Option<&str>, from: usize) -> Vec<Message> {
    let cart = turn.cart();
    if cart.is_empty() {
        return cart_after(turn, kind, lead.unwrap_or_default());
    }
    let count = if from == 0 { usize::MAX } else { LINE_ROWS };
    let text = cart_text(turn, &cart, from, count);
    let lines = lead.map_or_else(|| text.lines.clone(), |lead| format!("{lead}\n\n{}", text.lines));
    let sections = vec![
        turn.section(Phrase::MoreSection, step_rows(turn, &cart, from)),
        turn.section(Phrase::LinesSection, line_rows(turn, &cart, from)),
    ];
    let opener = turn.label(Phrase::OptionsOpener);
    Message::list_beside(kind, &lines, &text.total, &opener, sections)
}

/// What can be done with the whole cart, and its next page.
fn step_rows(turn: &Turn<'_>, cart: &Cart, from: usize) -> Vec<Row> {
    let (step, label) = next_step(cart);
    let row = |action: Action, phrase: Phrase<'_>, about: Option<&str>| {
        Row::new(turn.target(action), &turn.say(phrase), about)
    };
    let mut rows = vec![
        row(step, label, Some(&total_text(turn, cart))),
        row(Action::Menu, Phrase::KeepShoppingLabel, None),
        row(Action::Empty, Phrase::EmptyLabel, None),
    ];
    let next = from + LINE_ROWS;
    if next < cart.lines.len() {
        let slice = Slice::Cart {
            from: u16::try_from(next).unwrap_or(u16::MAX),
        };
        rows.push(row(Action::Page(slice), Phrase::NextRow, None));
    }
    rows
}

/// With few lines each can be changed or removed at once; with many, each row opens its line.
fn line_rows(turn: &Turn<'_>, cart: &Cart, from: usize) -> Vec<Row> {
    let lines: Vec<&Line> = cart.lines.iter().skip(from).collect();
    let mut rows = Vec::new();
    let both = lines.len() * 2 <= LINE_ROWS;
    for line in lines.iter().take(LINE_ROWS) {
        let title = plain_title(&line.shown.title);
        let about = format!("{} × {}", line.quantity, turn.money(&line.shown.price));
        let change = turn.target(Action::Quantity(line.retailer_id.clone(), None));
        rows.push(Row::new(
            change,
            &turn.say(Phrase::ChangeRow { title: &title }),
            Some(&about),
        ));
        if both {
            let remove = turn.target(Action::Remove(line.retailer_id.clone()));
            rows.push(Row::new(
                remove,
                &turn.say(Phrase::RemoveRow { title: &title }),
                None,
            ));
        }
    }
    rows
}

/// What can be done here.
pub(super) fn help(turn: &Turn<'_>) -> Vec<Message> {
    let body = turn.say(Phrase::Help {
        shop: &shop_name(turn),
    });
    let choices = Choices::of([
        turn.choice(Action::Menu, Phrase::MenuLabel),
        turn.choice(Action::Cart, Phrase::CartLabel),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ]);
    Message::buttons(Kind::Help, &body, choices)
}

/// A person was called, or is on the way.
pub(super) fn person(turn: &Turn<'_>, called_now: bool) -> Vec<Message> {
    let phrase = if called_now {
        Phrase::PersonCalled
    } else {
        Phrase::PersonComing
    };
    let choices = Choices::of([turn.choice(Action::Resume, Phrase::ResumeLabel)]);
    Message::buttons(Kind::Person, &turn.say(phrase), choices)
}

/// Web clients are asked to use the phone (rule R5, `phone_only`).
pub(super) fn use_phone(turn: &Turn<'_>) -> Vec<Message> {
    let choices = Choices::of([turn.choice(Action::Person, Phrase::PersonLabel)]);
    Message::buttons(Kind::Help, &turn.say(Phrase::UsePhone), choices)
}

/// Something did not work: what, and what now.
pub(super) fn error(turn: &Turn<'_>, phrase: Phrase<'_>) -> Vec<Message> {
    let choices = Choices::of([
        turn.choice(Action::Cart, Phrase::CartLabel),
        turn.choice(Action::Menu, Phrase::MenuLabel),
        turn.choice(Action::Person, Phrase::PersonLabel),
    ]);
    Message::buttons(Kind::Error, &turn.say(phrase), choices)
}
