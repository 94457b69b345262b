//! Delivery statuses as webhooks bring them: of a message that a phone got or did not get, before or after its sender knows.

use std::sync::Arc;

use futures::FutureExt as _;
use sacola::delivery::Dispatcher;
use sacola::domain::ids::{EffectId, HomeId};
use sacola::domain::message::Kind;
use sacola::store::{DeliveryStatus, StatusTarget, Store};
use sacola::whatsapp::inbound::{DeliveryWord, StatusUpdate};
use sacola::whatsapp::message_id;

use super::chat::Call;
use super::world::{Phone, World, number};

/// What one status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    pub word: DeliveryWord,
    pub code: Option<i64>,
    pub has_callback_data: bool,
}

impl Says {
    /// Without a code, and with our callback data.
    pub fn word(word: DeliveryWord) -> Self {
        Self {
            word,
            code: None,
            has_callback_data: true,
        }
    }

    pub fn failed(code: i64) -> Self {
        Self {
            code: Some(code),
            ..Self::word(DeliveryWord::Failed)
        }
    }

    /// The same, found by the message's id alone.
    pub fn without_callback_data(self) -> Self {
        Self {
            has_callback_data: false,
            ..self
        }
    }

    /// The status that a webhook would bring of that message.
    pub fn of(self, phone: &Phone, call: &Call) -> StatusUpdate {
        let data = format!("s1.{}.{}", call.kind.word(), call.effect_id);
        StatusUpdate {
            number: number(),
            message: Some(message_id::decode(&call.message_id).inner),
            customer: phone.customer.clone(),
            status: self.word,
            callback_data: self.has_callback_data.then_some(data),
            code: self.code,
            details: String::new(),
            pricing: None,
        }
    }
}

pub async fn take_all(dispatcher: &Arc<Dispatcher>, phone: &Phone, call: &Call, told: &[Says]) {
    for one in told {
        dispatcher.take_status(&one.of(phone, call)).await.unwrap();
    }
}

/// The status that is kept of an effect; asking raises it, so it is the last thing that a test does.
pub async fn kept(store: &Arc<dyn Store>, effect_id: &EffectId, now_ms: i64) -> Option<DeliveryStatus> {
    let target = StatusTarget::Effect(effect_id.clone());
    let mut kept = None;
    for status in DeliveryStatus::ALL {
        if store.record_status(&target, status, now_ms).await.unwrap().raised {
            break;
        }
        kept = Some(status);
    }
    kept
}

impl World {
    /// Where a phone's conversation is, or will be.
    pub fn home_of(&self, phone: &Phone) -> HomeId {
        let homes = self.engine.addresses().homes(&number(), &phone.customer);
        homes.into_iter().next().unwrap()
    }

    /// The last call about a message of that kind to that phone.
    pub fn call(&self, phone: &Phone, kind: Kind) -> Call {
        let calls = self.chat.calls(&self.home_of(phone));
        let last = calls.into_iter().rev().find(|call| call.kind == kind);
        last.unwrap_or_else(|| panic!("no {kind:?} was sent"))
    }

    /// Kinds of all calls to that phone, successful or not.
    pub fn called(&self, phone: &Phone) -> Vec<Kind> {
        let calls = self.chat.calls(&self.home_of(phone));
        calls.into_iter().map(|call| call.kind).collect()
    }

    /// Statuses come of the last message of that kind, and what they cause is stepped.
    pub async fn hears(&mut self, phone: &Phone, kind: Kind, told: &[Says]) {
        let call = self.call(phone, kind);
        take_all(&self.dispatcher, phone, &call, told).await;
        self.settle().await;
    }

    /// Statuses will come of the next message of that kind before its sender knows that it was taken.
    pub fn will_hear_early(&self, phone: &Phone, kind: Kind, told: &[Says]) {
        let (dispatcher, phone, told) = (Arc::clone(&self.dispatcher), phone.clone(), told.to_vec());
        self.chat.meanwhile(kind, move |call| {
            async move { take_all(&dispatcher, &phone, &call, &told).await }.boxed()
        });
    }

    /// Lets parked statuses be tried, and what they cause be done; returns how many still wait.
    pub async fn tries_parked(&mut self) -> usize {
        let waiting = self.dispatcher.try_parked().await.unwrap();
        self.settle().await;
        waiting
    }

    /// How often the timeline of a conversation has that entry.
    pub async fn noted(&self, phone: &Phone, what: &str) -> usize {
        let recent = self.conversation(phone).await.recent;
        recent.iter().filter(|trace| trace.what == what).count()
    }
}
