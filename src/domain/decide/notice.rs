//! Rule R7: when price, title, options or availability of something in a cart change, the customer is told once per change
//! set, old → new, and the checkout waits until the changes are accepted. What can't be told now is told with the next
//! message.

use super::{Turn, draw, orders, payments, purchases, taps};
use crate::domain::button::{Action, Subject};
use crate::domain::conversation::{Conversation, OrderStage, PendingOrder};
use crate::domain::device::Device;
use crate::domain::event::{Event, SendFailure};
use crate::domain::ids::{PurchaseId, RetailerId};
use crate::domain::message::{Choices, Content, Kind, Message};
use crate::domain::product::{Offer, Product};
use crate::domain::replies::Phrase;
use crate::domain::text::{BODY_MAX, fit, parts, plain};

/// Notices that wait for the next message, at most; older ones are merged into the cart that is shown with them.
const OWED_TEXTS_MAX: usize = 5;

/// Takes over what is now known of a product into the carts that hold it and returns what to tell, per device.
pub(super) fn absorb(
    turn: &mut Turn<'_>,
    id: &RetailerId,
    now: Option<&Product>,
    device: Device,
) -> Vec<String> {
    let Some(line) = turn.conversation.cart(device).line(id).cloned() else {
        return Vec::new();
    };
    let Some(product) = now else {
        turn.conversation.cart_mut(device).remove(id);
        return vec![turn.say(Phrase::GoneChange {
            title: &draw::plain_title(&line.shown.title),
        })];
    };
    let offer = product.offer();
    let last_told = line.noticed.as_ref().unwrap_or(&line.shown);
    if offer == *last_told {
        return Vec::new();
    }
    let told = differences(turn, last_told, &offer);
    let noticed = (offer != line.shown).then_some(offer);
    let cart = turn.conversation.cart_mut(device);
    if let Some(own) = cart.lines.iter_mut().find(|own| own.retailer_id == *id) {
        own.noticed = noticed;
    }
    cart.touch();
    told
}

/// Old → new, one sentence per difference.
pub(super) fn differences(turn: &Turn<'_>, old: &Offer, new: &Offer) -> Vec<String> {
    let title = draw::plain_title(&new.title);
    let mut told = Vec::new();
    if old.title != new.title {
        told.push(turn.say(Phrase::TitleChange {
            old: &draw::plain_title(&old.title),
            new: &title,
        }));
    }
    if old.price != new.price {
        let (before, now) = (turn.money(&old.price), turn.money(&new.price));
        told.push(turn.say(Phrase::PriceChange {
            title: &title,
            old: &before,
            new: &now,
        }));
    }
    if old.options != new.options {
        let text = |options: &Option<String>| {
            let words = options.as_deref().map(plain).filter(|words| !words.is_empty());
            words.map_or_else(|| "—".to_owned(), |words| fit(&words, 60))
        };
        let (before, now) = (text(&old.options), text(&new.options));
        told.push(turn.say(Phrase::OptionsChange {
            title: &title,
            old: &before,
            new: &now,
        }));
    }
    if old.in_stock && !new.in_stock {
        told.push(turn.say(Phrase::SoldOutChange { title: &title }));
    }
    if !old.in_stock && new.in_stock {
        told.push(turn.say(Phrase::BackInStock { title: &title }));
    }
    told
}

/// A product changed somewhere; carts and native orders that hold it hear of it.
pub(super) fn product_changed(turn: &mut Turn<'_>, id: &RetailerId) {
    turn.used.insert(id.clone());
    let holders: Vec<Device> = turn
        .conversation
        .carts
        .iter()
        .filter(|(_, cart)| cart.line(id).is_some())
        .map(|(device, _)| *device)
        .collect();
    reprice_orders(turn, id);
    if holders.is_empty() {
        return;
    }
    if !turn.window_is_open() {
        turn.conversation.owed_news.insert(id.clone());
        return;
    }
    let Some(fact) = turn.facts.products.get(id).cloned() else {
        return;
    };
    let mut told: Vec<String> = Vec::new();
    for device in holders {
        let news = absorb(turn, id, fact.product.as_ref(), device);
        if told.is_empty() && !news.is_empty() {
            turn.device = device;
            told = news;
        }
    }
    if !told.is_empty() {
        send_notice(turn, &told, std::slice::from_ref(id));
    }
}

/// Native orders that wait with that product are priced again.
fn reprice_orders(turn: &mut Turn<'_>, id: &RetailerId) {
    let holds = |order: &PendingOrder| order.lines.iter().any(|line| line.retailer_id == *id);
    let keys: Vec<String> = turn
        .conversation
        .orders
        .iter()
        .filter(|(_, order)| holds(order) && order.stage != OrderStage::Asked)
        .map(|(key, _)| key.clone())
        .collect();
    for key in keys {
        orders::ask(turn, &key);
    }
}

/// Tells changes of the present device's cart. Many go over several messages; only the last has the button that accepts.
pub(super) fn send_notice(turn: &mut Turn<'_>, told: &[String], news_of: &[RetailerId]) {
    if told.is_empty() {
        return;
    }
    let mut messages = notice(turn, told);
    for message in &mut messages {
        message.news_of = news_of.to_vec();
    }
    turn.reply(messages);
}

fn notice(turn: &Turn<'_>, told: &[String]) -> Vec<Message> {
    let lines = format!("{}\n{}", turn.say(Phrase::ChangesTitle), told.join("\n"));
    let cart = turn.choice(Action::Cart, Phrase::CartLabel);
    let menu = turn.choice(Action::Menu, Phrase::MenuLabel);
    if turn.cart().lines.iter().all(|line| line.noticed.is_none()) {
        return Message::buttons(Kind::PriceChange, &lines, Choices::of([cart, menu]));
    }
    let accept = turn.choice(Action::AcceptPrices(Subject::Cart), Phrase::AcceptLabel);
    let choices = Choices::of([accept, cart, menu]);
    let hint = format!("\n{}", turn.say(Phrase::AcceptToGoOn));
    Message::buttons_beside(Kind::PriceChange, &lines, &hint, choices)
}

/// Everything in the present cart that waits for acceptance, told again with fresh buttons. False when nothing waits.
pub(super) fn repeat_waiting(turn: &mut Turn<'_>) -> bool {
    let cart = turn.cart();
    let waiting: Vec<(RetailerId, Vec<String>)> = cart
        .lines
        .iter()
        .filter_map(|line| {
            let noticed = line.noticed.as_ref()?;
            Some((line.retailer_id.clone(), differences(turn, &line.shown, noticed)))
        })
        .collect();
    if waiting.is_empty() {
        return false;
    }
    let told: Vec<String> = waiting
        .iter()
        .flat_map(|(_, told)| told.iter().cloned())
        .collect();
    let ids: Vec<RetailerId> = waiting.into_iter().map(|(id, _)| id).collect();
    send_notice(turn, &told, &ids);
    true
}

/// Compares the present cart with the facts at hand. True when something differs: then it has been told.
pub(super) fn tells_differences(turn: &mut Turn<'_>) -> bool {
    let ids: Vec<RetailerId> = turn
        .cart()
        .lines
        .iter()
        .map(|line| line.retailer_id.clone())
        .collect();
    turn.used.extend(ids.iter().cloned());
    let device = turn.device;
    let mut told = Vec::new();
    for id in &ids {
        if let Some(fact) = turn.facts.products.get(id).cloned() {
            told.extend(absorb(turn, id, fact.product.as_ref(), device));
        }
    }
    if told.is_empty() {
        return repeat_waiting(turn);
    }
    send_notice(turn, &told, &ids);
    true
}

/// The customer agrees to what was told: shown = told; what is sold out leaves, as announced.
pub(super) fn accepted(turn: &mut Turn<'_>) {
    if !turn.cart().lines.iter().any(|line| line.noticed.is_some()) {
        return taps::stale(turn);
    }
    let ids: Vec<RetailerId> = turn
        .cart()
        .lines
        .iter()
        .map(|line| line.retailer_id.clone())
        .collect();
    let device = turn.device;
    let mut newer = Vec::new();
    for id in &ids {
        if let Some(fact) = turn.facts.products.get(id).cloned() {
            newer.extend(absorb(turn, id, fact.product.as_ref(), device));
        }
    }
    turn.used.extend(ids);
    if !newer.is_empty() {
        return send_notice(turn, &newer, &[]);
    }
    let cart = turn.conversation.cart_mut(device);
    let sold_out: Vec<RetailerId> = cart
        .lines
        .iter()
        .filter(|line| line.noticed.as_ref().is_some_and(|offer| !offer.in_stock))
        .map(|line| line.retailer_id.clone())
        .collect();
    for id in &sold_out {
        cart.remove(id);
    }
    for line in &mut cart.lines {
        if let Some(noticed) = line.noticed.take() {
            line.shown = noticed;
        }
    }
    cart.touch();
    super::carts::show(turn, None);
}

/// Notices whose words are kept: what happened in the last minutes, as a status may tell late that one did not arrive.
const NOTICES_KEPT: usize = 3;

/// Keeps the words of a notice: a product that is gone has left the cart, and nobody could name it again.
pub(super) fn remember(conversation: &mut Conversation, message: &Message) {
    let text = message.content.body().unwrap_or_default().to_owned();
    conversation.notices.push_back((conversation.revision, text));
    while conversation.notices.len() > NOTICES_KEPT {
        conversation.notices.pop_front();
    }
}

/// A notice did not arrive: its words are told with the next message.
fn owe_notice(turn: &mut Turn<'_>, revision: u64) {
    let mut lost = Vec::new();
    turn.conversation.notices.retain(|(own, text)| {
        if *own == revision {
            lost.push(text.clone());
        }
        *own != revision
    });
    for text in lost {
        owe_text(&mut turn.conversation, &text);
    }
}

fn owe_text(conversation: &mut Conversation, text: &str) {
    let owed = &mut conversation.owed_texts;
    owed.extend(parts::<BODY_MAX>(text).iter().map(ToString::to_string));
    let surplus = owed.len().saturating_sub(OWED_TEXTS_MAX);
    owed.drain(..surplus);
}

/// A message did not reach the customer: what must be told is owed, what can be said otherwise is.
pub(super) fn send_failed(turn: &mut Turn<'_>, event: &Event) {
    let Event::SendFailed {
        effect_id,
        kind,
        message,
        failure,
    } = event
    else {
        return;
    };
    // A status tells no more than which effect it was, and without our callback data not even its kind.
    let sent = turn.conversation.sent(effect_id).cloned();
    let noted = sent.as_ref().and_then(|trace| Kind::of_word(&trace.what));
    let told = message.as_ref().map(|message| message.kind);
    let Some(kind) = told.or(*kind).or(noted) else {
        return;
    };
    turn.conversation
        .note(turn.facts.now_ms, false, &format!("failed:{}", kind.word()));
    if kind.must_arrive() {
        let told = message.as_ref().and_then(|message| message.purchase.clone());
        let told = told.or_else(|| sent.and_then(|trace| trace.purchase));
        // So much happened since that nobody knows which purchase it was: rather tell one twice than one never.
        if let (Kind::Pix, SendFailure::Rejected { .. }, Some(id)) = (kind, failure, &told)
            && payments::otherwise(turn, id)
        {
            return;
        }
        let possible = turn.conversation.purchases.iter();
        let possible: Vec<PurchaseId> = possible.map(|purchase| purchase.purchase_id.clone()).collect();
        match told {
            Some(id) => drop(turn.conversation.owed_purchases.insert(id)),
            None => turn.conversation.owed_purchases.extend(possible),
        }
        return;
    }
    if matches!(kind, Kind::Summary | Kind::PriceChange) {
        orders::owe_shown(turn);
    }
    let refused = matches!(
        failure,
        SendFailure::Rejected { .. } | SendFailure::Owed { soon: true, .. }
    );
    let speaks = refused && turn.window_is_open() && !matches!(kind, Kind::Error | Kind::Help);
    let Some(message) = message else {
        if kind == Kind::PriceChange {
            return owe_notice(turn, effect_id.revision());
        }
        // It failed late and nobody knows its words any more: what can be done here is said instead.
        if speaks {
            let help = draw::help(turn);
            turn.reply(help);
        }
        return;
    };
    if kind == Kind::PriceChange && !message.news_of.is_empty() {
        owe_text(&mut turn.conversation, message.content.body().unwrap_or_default());
    }
    if speaks {
        let instead = instead_of(turn, message);
        turn.reply(instead);
    }
}

/// What is said when the provider refuses a message for good: the same without its picture, or what can be done otherwise.
fn instead_of(turn: &Turn<'_>, message: &Message) -> Vec<Message> {
    if message.shows_products() {
        return draw::error(turn, Phrase::ProductGone);
    }
    match &message.content {
        Content::Buttons {
            image_url: Some(_),
            body,
            choices,
        } => Message::buttons(message.kind, body, choices.clone()),
        Content::Text { .. }
        | Content::OrderDetails(_)
        | Content::Buttons { .. }
        | Content::List { .. }
        | Content::Link { .. }
        | Content::NativeProduct { .. }
        | Content::NativeProducts { .. }
        | Content::NativeCatalog { .. } => draw::help(turn),
    }
}

/// The customer is here again: tells what could not be told.
pub(super) fn tell_owed(turn: &mut Turn<'_>) {
    for id in std::mem::take(&mut turn.conversation.owed_purchases) {
        purchases::tell_state(turn, &id);
    }
    for text in std::mem::take(&mut turn.conversation.owed_texts) {
        let choices = Choices::of([
            turn.choice(Action::Cart, Phrase::CartLabel),
            turn.choice(Action::Menu, Phrase::MenuLabel),
        ]);
        let messages = Message::buttons(Kind::PriceChange, &text, choices);
        turn.reply(messages);
    }
    orders::show_owed(turn);
    tell_owed_news(turn);
}

/// One notice per cart for everything that changed meanwhile.
fn tell_owed_news(turn: &mut Turn<'_>) {
    let ids = std::mem::take(&mut turn.conversation.owed_news);
    let speaker = turn.device;
    let devices: Vec<Device> = turn.conversation.carts.keys().copied().collect();
    for device in devices {
        turn.device = device;
        let mut told = Vec::new();
        for id in &ids {
            if let Some(fact) = turn.facts.products.get(id).cloned() {
                turn.used.insert(id.clone());
                told.extend(absorb(turn, id, fact.product.as_ref(), device));
            }
        }
        let about: Vec<RetailerId> = ids.iter().cloned().collect();
        send_notice(turn, &told, &about);
    }
    turn.device = speaker;
}
