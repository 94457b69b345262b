//! Messages that several flows share: the cart, help, a person.

use super::{Turn, notice};
use crate::domain::button::{Action, Slice, Subject};
use crate::domain::cart::{Cart, Line};
use crate::domain::message::{BODY_MAX, Kind, LONG_BODY_MAX, Message, Row, Section, fit};
use crate::domain::money::Money;
use crate::domain::replies::Phrase;

/// Lines that one cart message tells; more are a tap away.
pub(super) const CART_LINES_SHOWN: usize = 30;
/// Rows that one cart message offers for changing lines.
const LINE_ROWS: usize = 6;
/// Longest title inside a sentence.
const TITLE_MAX: usize = 60;

/// A merchant's title inside a sentence: one line, no WhatsApp markup.
pub(super) fn plain_title(title: &str) -> String {
    let clean: String = title
        .chars()
        .map(|c| if "*_~`\n\r".contains(c) { ' ' } else { c })
        .collect();
    let words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    match (words.is_empty(), title.trim().is_empty()) {
        (false, _) => fit(&words, TITLE_MAX),
        (true, false) => fit(title, TITLE_MAX),
        (true, true) => "–".to_owned(),
    }
}

/// The lines of a cart from `from` on, and its total, as text.
pub(super) fn cart_text(turn: &Turn<'_>, cart: &Cart, from: usize) -> String {
    if cart.is_empty() {
        return turn.say(Phrase::CartEmpty);
    }
    let mut text = vec![turn.say(Phrase::CartTitle)];
    let shown = cart.lines.iter().skip(from).take(CART_LINES_SHOWN);
    text.extend(shown.map(|line| line_text(turn, line)));
    let rest = cart.lines.len().saturating_sub(from + CART_LINES_SHOWN);
    if rest > 0 {
        text.push(turn.say(Phrase::MoreLines { count: rest }));
    }
    text.push(turn.say(Phrase::Total {
        total: &total_text(turn, cart),
    }));
    text.extend(waiting_text(turn, cart));
    text.join("\n")
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
pub(super) fn cart_after(turn: &Turn<'_>, kind: Kind, lead: &str) -> Message {
    let cart = turn.cart();
    let body = format!("{lead}\n\n{}", cart_text(turn, &cart, 0));
    if body.chars().count() > BODY_MAX {
        return cart_list(turn, kind, Some(lead), 0);
    }
    let (step, label) = next_step(&cart);
    let choices = if cart.is_empty() {
        vec![
            turn.choice(Action::Menu, Phrase::MenuLabel),
            turn.choice(Action::Person, Phrase::PersonLabel),
        ]
    } else {
        vec![
            turn.choice(step, label),
            turn.choice(Action::Cart, Phrase::CartLabel),
            turn.choice(Action::Menu, Phrase::MenuLabel),
        ]
    };
    Message::buttons(kind, &body, None, choices)
}

/// The cart with everything that can be done to it.
pub(super) fn cart_list(turn: &Turn<'_>, kind: Kind, lead: Option<&str>, from: usize) -> Message {
    let cart = turn.cart();
    if cart.is_empty() {
        return cart_after(turn, kind, lead.unwrap_or_default());
    }
    let text = cart_text(turn, &cart, from);
    let body = lead.map_or_else(|| text.clone(), |lead| format!("{lead}\n\n{text}"));
    let (step, label) = next_step(&cart);
    let mut more = vec![
        Row::new(
            turn.target(step),
            &turn.say(label),
            Some(&total_text(turn, &cart)),
        ),
        Row::new(
            turn.target(Action::Menu),
            &turn.say(Phrase::KeepShoppingLabel),
            None,
        ),
        Row::new(turn.target(Action::Empty), &turn.say(Phrase::EmptyLabel), None),
    ];
    let lines: Vec<&Line> = cart.lines.iter().skip(from).collect();
    let rows = line_rows(turn, &lines);
    if lines.len() > LINE_ROWS {
        let next = Action::Page(Slice::Cart {
            from: u16::try_from(from + LINE_ROWS).unwrap_or(u16::MAX),
        });
        more.push(Row::new(turn.target(next), &turn.say(Phrase::NextRow), None));
    }
    let sections = vec![
        Section {
            title: turn.say(Phrase::MoreSection),
            rows: more,
        },
        Section {
            title: turn.say(Phrase::LinesSection),
            rows,
        },
    ];
    Message::list(
        kind,
        &fit(&body, LONG_BODY_MAX),
        &turn.say(Phrase::OptionsOpener),
        sections,
    )
}

/// With few lines each can be changed or removed at once; with many, each row opens its line.
fn line_rows(turn: &Turn<'_>, lines: &[&Line]) -> Vec<Row> {
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
pub(super) fn help(turn: &Turn<'_>) -> Message {
    let body = turn.say(Phrase::Help {
        shop: &turn.facts.shop.name,
    });
    Message::buttons(
        Kind::Help,
        &body,
        None,
        vec![
            turn.choice(Action::Menu, Phrase::MenuLabel),
            turn.choice(Action::Cart, Phrase::CartLabel),
            turn.choice(Action::Person, Phrase::PersonLabel),
        ],
    )
}

/// A person was called, or is on the way.
pub(super) fn person(turn: &Turn<'_>, called_now: bool) -> Message {
    let phrase = if called_now {
        Phrase::PersonCalled
    } else {
        Phrase::PersonComing
    };
    let choices = vec![turn.choice(Action::Resume, Phrase::ResumeLabel)];
    Message::buttons(Kind::Person, &turn.say(phrase), None, choices)
}

/// Web clients are asked to use the phone (rule R5, `phone_only`).
pub(super) fn use_phone(turn: &Turn<'_>) -> Message {
    let choices = vec![turn.choice(Action::Person, Phrase::PersonLabel)];
    Message::buttons(Kind::Help, &turn.say(Phrase::UsePhone), None, choices)
}

/// Something did not work: what, and what now.
pub(super) fn error(turn: &Turn<'_>, phrase: Phrase<'_>) -> Message {
    Message::buttons(
        Kind::Error,
        &turn.say(phrase),
        None,
        vec![
            turn.choice(Action::Cart, Phrase::CartLabel),
            turn.choice(Action::Menu, Phrase::MenuLabel),
            turn.choice(Action::Person, Phrase::PersonLabel),
        ],
    )
}
