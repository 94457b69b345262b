//! What a customer sees of earlier purchases: the list, and one of them.

use super::purchases::state_message;
use super::{Turn, draw};
use crate::domain::button::Action;
use crate::domain::ids::PurchaseId;
use crate::domain::message::{Choices, Kind, Message, ROWS_MAX, Row};
use crate::domain::purchase::Purchase;
use crate::domain::replies::Phrase;

/// The customer asks about one purchase.
pub(super) fn show(turn: &mut Turn<'_>, id: &PurchaseId) {
    match turn.conversation.purchase(id).cloned() {
        Some(purchase) => {
            let messages = state_message(turn, &purchase, None);
            turn.reply_about(id, messages);
        }
        None => list(turn),
    }
}

/// The customer's purchases.
pub(super) fn list(turn: &mut Turn<'_>) {
    if turn.conversation.purchases.is_empty() {
        let choices = Choices::of([turn.choice(Action::Menu, Phrase::MenuLabel)]);
        let message = Message::buttons(Kind::PurchaseState, &turn.say(Phrase::NoPurchases), choices);
        return turn.reply(message);
    }
    let row = |purchase: &Purchase| {
        let target = turn.target(Action::Purchase(Some(purchase.purchase_id.clone())));
        let state = turn.say(Phrase::StateName {
            state: purchase.state,
        });
        let about = format!("{}, {state}", turn.money(&purchase.quote.total));
        Row::new(target, &draw::purchase_label(purchase), Some(&about))
    };
    let rows = turn
        .conversation
        .purchases
        .iter()
        .rev()
        .take(ROWS_MAX)
        .map(row)
        .collect();
    let sections = vec![turn.section(Phrase::PurchasesRow, rows)];
    let body = turn.say(Phrase::PurchasesBody);
    let message = Message::list(
        Kind::PurchaseState,
        &body,
        &turn.label(Phrase::OptionsOpener),
        sections,
    );
    turn.reply(message);
}
