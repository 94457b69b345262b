//! Taps on our buttons: who may press what, what is stale, and which flow takes it.

use super::{Turn, browse, carts, checkout, draw, history, notice, orders, words};
use crate::domain::button::{Action, Button, Freshness, Slice, Subject};
use crate::domain::event::Tap;
use crate::domain::message::{Choices, Kind, Message};
use crate::domain::replies::Phrase;

/// The customer tapped.
pub(super) fn tapped(turn: &mut Turn<'_>, tap: &Tap) {
    match tap {
        Tap::Refused => refused(turn),
        Tap::Button(button) => pressed(turn, button),
    }
}

fn refused(turn: &mut Turn<'_>) {
    let choices = Choices::of([
        turn.choice(Action::Menu, Phrase::MenuLabel),
        turn.choice(Action::Cart, Phrase::CartLabel),
    ]);
    let messages = Message::buttons(Kind::Refused, &turn.say(Phrase::RefusedButton), choices);
    turn.reply(messages);
}

fn pressed(turn: &mut Turn<'_>, button: &Button) {
    if turn.facts.now_ms >= button.expires_at_ms {
        return stale(turn);
    }
    let other_device = button.device != turn.device;
    if other_device && acts_on_cart(&button.action) {
        return other_devices_button(turn, button);
    }
    let drawn_for = turn.conversation.cart(button.device);
    if drawn_for.freshness(button) == Freshness::Stale && !names_an_order(&button.action) {
        return stale(turn);
    }
    if !matches!(button.action, Action::Person | Action::Purchase(_)) {
        turn.leave_human_mode();
    }
    act(turn, button);
}

fn act(turn: &mut Turn<'_>, button: &Button) {
    match &button.action {
        Action::Menu | Action::Resume => browse::menu(turn, 0),
        Action::Category(key) => browse::category(turn, key, None),
        Action::Page(Slice::Menu { from }) => browse::menu(turn, usize::from(*from)),
        Action::Page(Slice::Category { key, from, to }) => {
            browse::category(turn, key, Some((usize::from(*from), usize::from(*to))));
        }
        Action::Page(Slice::Cart { from }) => carts::show_from(turn, usize::from(*from)),
        Action::Page(Slice::NativeCatalog) => browse::native_catalog(turn),
        Action::Product(id) => browse::product(turn, id),
        Action::Add(id) => carts::add(turn, id),
        Action::Quantity(id, None) => carts::choose_quantity(turn, id),
        Action::Quantity(id, Some(quantity)) => carts::set_quantity(turn, id, *quantity),
        Action::Remove(id) => carts::remove(turn, id),
        Action::Cart => carts::show(turn, None),
        Action::Empty => carts::empty(turn),
        Action::Checkout => checkout::asked(turn),
        Action::Confirm(Subject::Cart) => checkout::confirmed(turn),
        Action::Confirm(Subject::Order(key)) | Action::AcceptPrices(Subject::Order(key)) => {
            orders::confirmed(turn, key, button.revision);
        }
        Action::AcceptPrices(Subject::Cart) => notice::accepted(turn),
        Action::DropLine(key) => orders::dropped(turn, key),
        Action::CopyCart(device) => carts::copy_from(turn, *device),
        Action::Purchase(Some(id)) => history::show(turn, id),
        Action::Purchase(None) => history::list(turn),
        Action::Person => words::call_person(turn),
    }
}

fn acts_on_cart(action: &Action) -> bool {
    match action {
        Action::Add(_)
        | Action::Quantity(..)
        | Action::Remove(_)
        | Action::Cart
        | Action::Page(Slice::Cart { .. })
        | Action::Empty
        | Action::Checkout
        | Action::Confirm(Subject::Cart)
        | Action::AcceptPrices(Subject::Cart)
        | Action::CopyCart(_) => true,
        Action::Menu
        | Action::Category(_)
        | Action::Page(Slice::Menu { .. } | Slice::Category { .. } | Slice::NativeCatalog)
        | Action::Product(_)
        | Action::Confirm(Subject::Order(_))
        | Action::AcceptPrices(Subject::Order(_))
        | Action::DropLine(_)
        | Action::Purchase(_)
        | Action::Person
        | Action::Resume => false,
    }
}

/// Buttons of a native order rest on that order, not on a cart.
pub(super) fn names_an_order(action: &Action) -> bool {
    matches!(
        action,
        Action::Confirm(Subject::Order(_)) | Action::AcceptPrices(Subject::Order(_)) | Action::DropLine(_)
    )
}

/// An old button: nothing changes, the present cart is shown with fresh buttons.
pub(super) fn stale(turn: &mut Turn<'_>) {
    let lead = turn.say(Phrase::StaleButton);
    let message = draw::cart_after(turn, Kind::Stale, &lead);
    turn.reply(message);
}

/// A button of another device's cart opens this device's own and offers to copy the other (rule R4).
fn other_devices_button(turn: &mut Turn<'_>, button: &Button) {
    let lead = turn.say(Phrase::OtherDevice);
    let text = draw::cart_text(turn, &turn.cart(), 0, usize::MAX);
    let lines = format!("{lead}\n\n{}", text.lines);
    let cart = turn.choice(Action::Cart, Phrase::CartLabel);
    let menu = turn.choice(Action::Menu, Phrase::MenuLabel);
    let choices = if turn.conversation.cart(button.device).is_empty() {
        Choices::of([cart, menu])
    } else {
        let copy = turn.choice(Action::CopyCart(button.device), Phrase::CopyCartLabel);
        Choices::of([copy, cart, menu])
    };
    let messages = Message::buttons_beside(Kind::Cart, &lines, &text.total, choices);
    turn.reply(messages);
}
