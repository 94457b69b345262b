//! `decide`: how one event changes one conversation and what it asks of the world. Total and deterministic: the same
//! conversation, event and facts give the same answer, byte for byte. It refuses everything that waits.

use std::collections::BTreeSet;

use super::button::Action;
use super::cart::Cart;
use super::conversation::{
    CLOSED_PURCHASES_KEPT, Conversation, Customer, Mode, SERVICE_WINDOW_MS, STATE_BYTES_MAX, STATE_RESERVE,
};
use super::device::Device;
use super::effect::Effect;
use super::event::{Event, Occurrence, Tap};
use super::facts::{FactKeys, Facts, WebClients};
use super::ids::{PurchaseId, RetailerId};
use super::message::{Choice, Label, Message, Row, RowTitle, Section, Target};
use super::money::Money;
use super::purchase::Purchase;
use super::replies::{self, Locale, Phrase};

mod browse;
mod carts;
mod checkout;
mod draw;
mod history;
mod notice;
mod orders;
mod payments;
mod purchases;
mod requirements;
mod taps;
mod words;

/// Version of the rules: the journal keeps it with each event, so that a replay knows what it compares. It grows with every
/// change of what the same input gives: state and how it is encoded, effects, texts.
pub const VERSION: u32 = 7;

/// What `decide` answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new state and what to do.
    Decided(Box<Decided>),
    /// These facts are missing: load them and decide again.
    Needs(FactKeys),
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The conversation afterwards; its revision has grown by one.
    pub conversation: Conversation,
    /// What to do, in order.
    pub effects: Vec<Effect>,
    /// Purchases that began or changed, closed ones included.
    pub purchases: Vec<Purchase>,
    /// Products whose facts the decision rested on.
    pub used: BTreeSet<RetailerId>,
}

/// Decides one event.
pub fn decide(conversation: &Conversation, occurrence: &Occurrence, facts: &Facts) -> Outcome {
    let keys = requirements::missing(conversation, &occurrence.event, facts);
    if keys != FactKeys::default() {
        return Outcome::Needs(keys);
    }
    let mut turn = Turn::new(conversation, occurrence, facts);
    turn.begin();
    turn.take(&occurrence.event);
    turn.tell_what_is_owed(&occurrence.event);
    Outcome::Decided(Box::new(turn.end()))
}

/// One decision under way.
struct Turn<'a> {
    conversation: Conversation,
    occurrence: &'a Occurrence,
    facts: &'a Facts,
    /// The device that speaks, or whose cart the news is about.
    device: Device,
    effects: Vec<Effect>,
    changed: BTreeSet<PurchaseId>,
    used: BTreeSet<RetailerId>,
}

impl<'a> Turn<'a> {
    fn new(conversation: &Conversation, occurrence: &'a Occurrence, facts: &'a Facts) -> Self {
        Self {
            conversation: conversation.clone(),
            occurrence,
            facts,
            device: occurrence.event.customer_device().unwrap_or(Device::Unknown),
            effects: Vec::new(),
            changed: BTreeSet::new(),
            used: BTreeSet::new(),
        }
    }

    /// What every event does: the revision and its time, the service window, the timeline.
    fn begin(&mut self) {
        self.conversation.revision += 1;
        self.conversation.changed_at_ms = self.facts.now_ms;
        if self.occurrence.event.customer_device().is_some() {
            // 0: the message tells no time of its own, which Meta's always do.
            let told_ms = Some(self.occurrence.at_ms).filter(|at_ms| *at_ms > 0);
            let own_time = told_ms.unwrap_or(self.facts.now_ms).min(self.facts.now_ms);
            let until = own_time.saturating_add(SERVICE_WINDOW_MS);
            self.conversation.window_open_until_ms = self.conversation.window_open_until_ms.max(until);
            self.conversation
                .note(self.occurrence.at_ms, true, self.occurrence.event.word());
        }
    }

    fn take(&mut self, event: &Event) {
        if self.refuses_web_client(event) {
            return self.reply(draw::use_phone(self));
        }
        match event {
            Event::Said { text, about, .. } => words::said(self, text, about.as_ref()),
            Event::Welcomed { .. } => browse::menu(self, 0),
            Event::Moved { to } => self.move_to(to),
            Event::Echoed => words::person_wrote(self),
            Event::Tapped { tap, .. } => taps::tapped(self, tap),
            Event::Ordered { items, note, .. } => orders::ordered(self, items, note.as_deref()),
            Event::Arrived { .. } => words::arrived(self),
            Event::Quoted { quote_for, answer } => checkout::quoted(self, quote_for, answer),
            Event::PurchaseAnswered { purchase_id, answer } => purchases::answered(self, purchase_id, answer),
            Event::PurchaseNews { .. } => purchases::news(self, event),
            Event::ProductChanged { retailer_id } => notice::product_changed(self, retailer_id),
            Event::SendFailed { .. } => notice::send_failed(self, event),
            Event::EffectReplayed { effect, record } => purchases::replayed(self, effect, record.as_deref()),
            Event::ProductsRequested { products, body } => browse::requested(self, products, body.as_deref()),
        }
    }

    fn refuses_web_client(&self, event: &Event) -> bool {
        let phone_only = self.facts.shop.web_clients == WebClients::PhoneOnly;
        if works_everywhere(event) {
            return false;
        }
        match event {
            Event::Said { device, .. }
            | Event::Welcomed { device }
            | Event::Tapped { device, .. }
            | Event::Arrived { device, .. } => phone_only && device.is_web_client(),
            Event::Ordered { .. }
            | Event::Moved { .. }
            | Event::Echoed
            | Event::Quoted { .. }
            | Event::PurchaseAnswered { .. }
            | Event::PurchaseNews { .. }
            | Event::ProductChanged { .. }
            | Event::SendFailed { .. }
            | Event::EffectReplayed { .. }
            | Event::ProductsRequested { .. } => false,
        }
    }

    /// News that could not be told while the window was closed goes out with the customer's next message.
    fn tell_what_is_owed(&mut self, event: &Event) {
        if event.customer_device().is_some() && self.window_is_open() {
            notice::tell_owed(self);
        }
    }

    fn end(mut self) -> Decided {
        let changed = &self.changed;
        let purchases = self
            .conversation
            .purchases
            .iter()
            .filter(|p| changed.contains(&p.purchase_id))
            .cloned()
            .collect();
        let is_large = self.facts.state_bytes > STATE_BYTES_MAX / 2;
        self.conversation
            .forget_old_purchases(if is_large { 0 } else { CLOSED_PURCHASES_KEPT });
        let fresh = self.conversation.fresh_cart();
        self.conversation.carts.retain(|_, cart| *cart != fresh);
        Decided {
            conversation: self.conversation,
            effects: self.effects,
            purchases,
            used: self.used,
        }
    }

    /// True while there is room for more lines in the stored conversation.
    fn has_room(&self) -> bool {
        self.facts.state_bytes <= STATE_BYTES_MAX - STATE_RESERVE
    }

    fn window_is_open(&self) -> bool {
        self.facts.now_ms < self.conversation.window_open_until_ms
    }

    /// Sends messages in their order and notes each.
    fn reply(&mut self, messages: Vec<Message>) {
        for message in messages {
            let place = self.effects.len();
            self.conversation.note_sent(self.facts.now_ms, &message, place);
            if !message.news_of.is_empty() {
                notice::remember(&mut self.conversation, &message);
            }
            self.effects.push(Effect::Send(Box::new(message)));
        }
    }

    fn locale(&self) -> Locale {
        self.conversation.locale.unwrap_or(self.facts.shop.locale)
    }

    fn say(&self, phrase: Phrase<'_>) -> String {
        replies::say(self.locale(), phrase)
    }

    fn money(&self, amount: &Money) -> String {
        replies::money(self.locale(), amount)
    }

    /// The cart of the device that speaks.
    fn cart(&self) -> Cart {
        self.conversation.cart(self.device)
    }

    /// A target drawn for the present cart of the device that speaks.
    fn target(&self, action: Action) -> Target {
        let known = self.conversation.carts.get(&self.device);
        let revision = known.map_or_else(|| self.conversation.fresh_cart().revision, |cart| cart.revision);
        Target {
            action,
            device: self.device,
            revision,
        }
    }

    fn choice(&self, action: Action, label: Phrase<'_>) -> Choice {
        Choice {
            target: self.target(action),
            label: self.label(label),
        }
    }

    /// A label in our words; a test of the phrases holds that none is cut.
    fn label(&self, phrase: Phrase<'_>) -> Label {
        Label::cut(&self.say(phrase))
    }

    /// A titled group of rows.
    fn section(&self, title: Phrase<'_>, rows: Vec<Row>) -> Section {
        Section {
            title: RowTitle::cut(&self.say(title)),
            rows,
        }
    }

    /// Answers go to the new ids from now on. A new phone number ends the user id that came with the old one, and the other
    /// way round: what is not told anew is dead.
    fn move_to(&mut self, to: &Customer) {
        let customer = &mut self.conversation.customer;
        customer.wa_id.clone_from(&to.wa_id);
        customer.user_id.clone_from(&to.user_id);
    }

    fn leave_human_mode(&mut self) {
        self.conversation.mode = Mode::Bot;
    }
}

/// A person can be reached from everywhere, and a native order is never lost: it can be confirmed where it was sent.
fn works_everywhere(event: &Event) -> bool {
    match event {
        Event::Said { text, .. } => words::understand(text) == words::Wish::Person,
        Event::Tapped {
            tap: Tap::Button(button),
            ..
        } => taps::names_an_order(&button.action) || button.action == Action::Person,
        Event::Tapped {
            tap: Tap::Refused, ..
        }
        | Event::Arrived { .. }
        | Event::Welcomed { .. }
        | Event::Moved { .. }
        | Event::Echoed
        | Event::Ordered { .. }
        | Event::Quoted { .. }
        | Event::PurchaseAnswered { .. }
        | Event::PurchaseNews { .. }
        | Event::ProductChanged { .. }
        | Event::SendFailed { .. }
        | Event::EffectReplayed { .. }
        | Event::ProductsRequested { .. } => false,
    }
}
