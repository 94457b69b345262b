//! Changing a cart by taps: add, set, remove, empty, copy. Every change is told with the cart as it is then.

use super::{Turn, draw, taps};
use crate::domain::button::Action;
use crate::domain::cart::{LINES_MAX, QUANTITY_MAX, Refusal};
use crate::domain::device::Device;
use crate::domain::ids::RetailerId;
use crate::domain::message::{Kind, Message, Row};
use crate::domain::product::Offer;
use crate::domain::replies::Phrase;

/// Shows the cart with everything that can be done to it.
pub(super) fn show(turn: &mut Turn<'_>, lead: Option<&str>) {
    let message = draw::cart_list(turn, Kind::Cart, lead, 0);
    turn.reply(message);
}

/// Shows a later part of a long cart.
pub(super) fn show_from(turn: &mut Turn<'_>, from: usize) {
    let from = from.min(turn.cart().lines.len().saturating_sub(1));
    let message = draw::cart_list(turn, Kind::Cart, None, from);
    turn.reply(message);
}

/// Adds one unit.
pub(super) fn add(turn: &mut Turn<'_>, id: &RetailerId) {
    turn.used.insert(id.clone());
    let Some(product) = turn.facts.product(id) else {
        let message = draw::error(turn, Phrase::ProductGone);
        return turn.reply(message);
    };
    let (offer, in_stock) = (product.offer(), product.in_stock());
    let title = draw::plain_title(&offer.title);
    if !in_stock {
        let lead = turn.say(Phrase::CannotAddSoldOut { title: &title });
        return tell(turn, &lead);
    }
    if !turn.has_room() {
        let lead = turn.say(Phrase::NoRoom);
        return tell(turn, &lead);
    }
    let device = turn.device;
    let told = turn
        .facts
        .product(id)
        .cloned()
        .map(|product| super::notice::absorb(turn, id, Some(&product), device))
        .unwrap_or_default();
    if !told.is_empty() {
        return super::notice::send_notice(turn, &told, std::slice::from_ref(id));
    }
    let added = turn.conversation.cart_mut(device).add(id, offer, 1);
    let lead = match added {
        Ok(quantity) => turn.say(Phrase::Added {
            title: &title,
            quantity,
        }),
        Err(refusal) => refusal_text(turn, refusal, &title),
    };
    tell(turn, &lead);
}

/// Sets the units of a line.
pub(super) fn set_quantity(turn: &mut Turn<'_>, id: &RetailerId, quantity: u8) {
    let device = turn.device;
    let title = turn
        .cart()
        .line(id)
        .map(|line| draw::plain_title(&line.shown.title))
        .unwrap_or_default();
    let lead = match turn.conversation.cart_mut(device).set_quantity(id, quantity) {
        Ok(()) => turn.say(Phrase::QuantitySet {
            title: &title,
            quantity,
        }),
        Err(Refusal::NoSuchLine) => return taps::stale(turn),
        Err(refusal) => refusal_text(turn, refusal, &title),
    };
    tell(turn, &lead);
}

/// Takes a line out.
pub(super) fn remove(turn: &mut Turn<'_>, id: &RetailerId) {
    let device = turn.device;
    let Some(line) = turn.conversation.cart_mut(device).remove(id) else {
        return taps::stale(turn);
    };
    let title = draw::plain_title(&line.shown.title);
    let lead = turn.say(Phrase::Removed { title: &title });
    tell(turn, &lead);
}

/// Takes all lines out.
pub(super) fn empty(turn: &mut Turn<'_>) {
    let device = turn.device;
    turn.conversation.cart_mut(device).empty();
    let lead = turn.say(Phrase::Emptied);
    tell(turn, &lead);
}

/// Copies another device's cart into this one: what is here stays, the larger quantity wins.
pub(super) fn copy_from(turn: &mut Turn<'_>, other: Device) {
    if !turn.has_room() {
        let lead = turn.say(Phrase::NoRoom);
        return tell(turn, &lead);
    }
    let source = turn.conversation.cart(other);
    let device = turn.device;
    let mut left_out = false;
    for line in source.lines {
        let cart = turn.conversation.cart_mut(device);
        let here = cart.line(&line.retailer_id).map_or(0, |own| own.quantity);
        if line.quantity <= here {
            continue;
        }
        let added = cart.add(&line.retailer_id, line.shown, line.quantity - here);
        left_out |= added.is_err();
        // What was told about the line there is told about it here too: the checkout waits until it is accepted.
        let copied = cart
            .lines
            .iter_mut()
            .find(|own| own.retailer_id == line.retailer_id);
        if let (Ok(_), Some(copied)) = (added, copied) {
            copied.noticed = line.noticed;
        }
    }
    let phrase = if left_out {
        Phrase::CartFull { max: LINES_MAX }
    } else {
        Phrase::CartCopied
    };
    let lead = turn.say(phrase);
    tell(turn, &lead);
}

/// Offers quantities for a line.
pub(super) fn choose_quantity(turn: &mut Turn<'_>, id: &RetailerId) {
    let Some(line) = turn.cart().line(id).cloned() else {
        return taps::stale(turn);
    };
    let title = draw::plain_title(&line.shown.title);
    let body = turn.say(Phrase::ChooseQuantity {
        title: &title,
        quantity: line.quantity,
    });
    let mut rows: Vec<Row> = quantities_near(line.quantity)
        .into_iter()
        .map(|quantity| {
            let target = turn.target(Action::Quantity(id.clone(), Some(quantity)));
            let total = line.shown.price.times(quantity).ok().map(|sum| turn.money(&sum));
            Row::new(target, &turn.say(Phrase::UnitsRow { quantity }), total.as_deref())
        })
        .collect();
    rows.push(Row::new(
        turn.target(Action::Remove(id.clone())),
        &turn.say(Phrase::RemoveLabel),
        None,
    ));
    let sections = vec![turn.section(Phrase::QuantitiesSection, rows)];
    let message = Message::list(Kind::Cart, &body, &turn.label(Phrase::OptionsOpener), sections);
    turn.reply(message);
}

/// Nine quantities from which every other one is a few taps away: the neighbours, then round numbers.
fn quantities_near(now: u8) -> Vec<u8> {
    let wishes = [
        now.saturating_add(1),
        now.saturating_sub(1),
        now.saturating_add(10),
        now.saturating_sub(10),
    ];
    let round = [5, 10, 25, 50, 75, 2, 3, 99, 20, 1];
    let mut chosen: Vec<u8> = Vec::new();
    for quantity in wishes.into_iter().chain(round) {
        let possible = (1..=QUANTITY_MAX).contains(&quantity) && quantity != now;
        if possible && !chosen.contains(&quantity) && chosen.len() < 9 {
            chosen.push(quantity);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Puts lines back into a cart after a merchant declined them; returns the titles of what did not fit.
pub(super) fn restore(
    turn: &mut Turn<'_>,
    device: Device,
    lines: Vec<(RetailerId, u8, Offer)>,
) -> Vec<String> {
    let mut left_out = Vec::new();
    for (id, quantity, offer) in lines {
        let title = draw::plain_title(&offer.title);
        let cart = turn.conversation.cart_mut(device);
        let here = cart.line(&id).map_or(0, |own| own.quantity);
        let units = quantity.min(QUANTITY_MAX.saturating_sub(here));
        let fits = units > 0 && cart.add(&id, offer, units).is_ok();
        if !fits || units < quantity {
            left_out.push(title);
        }
    }
    left_out
}

fn refusal_text(turn: &Turn<'_>, refusal: Refusal, title: &str) -> String {
    match refusal {
        Refusal::TooManyLines => turn.say(Phrase::CartFull { max: LINES_MAX }),
        Refusal::TooManyUnits => turn.say(Phrase::LineFull {
            title,
            max: QUANTITY_MAX,
        }),
        Refusal::NoSuchLine => turn.say(Phrase::ProductGone),
    }
}

fn tell(turn: &mut Turn<'_>, lead: &str) {
    let message = draw::cart_after(turn, Kind::Cart, lead);
    turn.reply(message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_is_a_few_taps_away() {
        for start in 1..=QUANTITY_MAX {
            let mut reached: std::collections::BTreeSet<u8> = [start].into();
            for _ in 0..7 {
                let next: Vec<u8> = reached.iter().flat_map(|q| quantities_near(*q)).collect();
                reached.extend(next);
            }
            assert_eq!(reached.len(), usize::from(QUANTITY_MAX), "from {start}");
            assert!(quantities_near(start).len() <= 9);
        }
    }
}
