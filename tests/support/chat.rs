//! A provider with phones behind it: keeps what customers see, checks every message against the real limits, and fails on
//! request. A stateful world, not a list of expected calls.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sacola::domain::ids::{EffectId, HomeId};
use sacola::domain::message::Kind;
use sacola::whatsapp::buttons::Keyring;
use sacola::whatsapp::{Provider, SendError, Sending, Sent, outbound};
use serde_json::Value;
use tokio::sync::Notify;

/// What a send meets instead of success.
#[derive(Clone, Debug)]
pub enum Mishap {
    /// Neither the message nor an answer arrives.
    Lost,
    /// No connection.
    Unreachable,
    /// An error code.
    Refused(i64),
    /// The number was taken out of the configuration.
    TakenOut,
    /// Success, once somebody notifies.
    Slow(Arc<Notify>),
}

/// A message on a phone.
#[derive(Clone, Debug)]
pub struct Seen {
    pub kind: Kind,
    pub json: Value,
}

impl Seen {
    /// All a person would read in the body.
    pub fn body(&self) -> String {
        let inner = &self.json["interactive"]["body"]["text"];
        inner
            .as_str()
            .or(self.json["text"]["body"].as_str())
            .unwrap_or_default()
            .to_owned()
    }

    /// Ids and titles of buttons and rows.
    pub fn buttons(&self) -> Vec<(String, String)> {
        let action = &self.json["interactive"]["action"];
        let reply = |one: &Value| (text(&one["reply"]["id"]), text(&one["reply"]["title"]));
        let row = |one: &Value| (text(&one["id"]), text(&one["title"]));
        let buttons = action["buttons"].as_array().into_iter().flatten().map(reply);
        let sections = action["sections"].as_array().into_iter().flatten();
        let rows = sections
            .flat_map(|section| section["rows"].as_array().into_iter().flatten())
            .map(row);
        buttons.chain(rows).collect()
    }

    /// The id of the first button with that action.
    pub fn button(&self, action: &str) -> String {
        let prefix = format!("s1.{action}.");
        let found = self.buttons().into_iter().find(|(id, _)| id.starts_with(&prefix));
        found
            .unwrap_or_else(|| panic!("no button {action} on {:?}: {}", self.kind, self.body()))
            .0
    }

    /// True when there is such a button.
    pub fn has(&self, action: &str) -> bool {
        self.buttons()
            .iter()
            .any(|(id, _)| id.starts_with(&format!("s1.{action}.")))
    }

    /// Where a link button leads.
    pub fn link(&self) -> String {
        text(&self.json["interactive"]["action"]["parameters"]["url"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// One call, successful or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub effect_id: EffectId,
    pub kind: Kind,
    /// The id that the message has at the provider, whether or not the caller hears of it.
    pub message_id: String,
}

/// What happens between a message's arrival and the answer to its sender.
struct Meanwhile {
    kind: Kind,
    happens: Box<dyn FnOnce(Call) -> BoxFuture<'static, ()> + Send>,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Inner {
    phones: BTreeMap<HomeId, Vec<Seen>>,
    mishaps: VecDeque<Mishap>,
    calls: Vec<Call>,
    meanwhile: Option<Meanwhile>,
}

/// The provider.
#[derive(Debug)]
pub struct Chat {
    keys: Keyring,
    inner: Mutex<Inner>,
}

impl Chat {
    pub fn new(keys: Keyring) -> Self {
        Self {
            keys,
            inner: Mutex::default(),
        }
    }

    /// What the next sends meet, in order.
    pub fn will_meet(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.inner.lock().unwrap().mishaps.extend(mishaps);
    }

    /// All that one customer's phone shows.
    pub fn phone(&self, home: &HomeId) -> Vec<Seen> {
        self.inner
            .lock()
            .unwrap()
            .phones
            .get(home)
            .cloned()
            .unwrap_or_default()
    }

    /// How many calls were made, successful or not.
    pub fn attempts(&self) -> usize {
        self.inner.lock().unwrap().calls.len()
    }

    /// All calls about one customer, successful or not.
    pub fn calls(&self, home: &HomeId) -> Vec<Call> {
        let inner = self.inner.lock().unwrap();
        let own = inner
            .calls
            .iter()
            .filter(|call| call.effect_id.home().as_ref() == Some(home));
        own.cloned().collect()
    }

    /// Lets something happen while the next message of a kind is under way: it has arrived, its sender does not know.
    pub fn meanwhile(
        &self,
        kind: Kind,
        happens: impl FnOnce(Call) -> BoxFuture<'static, ()> + Send + 'static,
    ) {
        let happens = Box::new(happens);
        self.inner.lock().unwrap().meanwhile = Some(Meanwhile { kind, happens });
    }
}

#[async_trait]
impl Provider for Chat {
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError> {
        let json = outbound::build(sending, &self.keys, Some("367025965434465"))
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        let kind = sending.message.kind;
        let (call, mishap, meanwhile) = {
            let mut inner = self.inner.lock().unwrap();
            let call = Call {
                effect_id: sending.effect_id.clone(),
                kind,
                message_id: format!("wamid.test{}", inner.calls.len() + 1),
            };
            inner.calls.push(call.clone());
            let mishap = inner.mishaps.pop_front();
            (call, mishap, inner.meanwhile.take_if(|next| next.kind == kind))
        };
        if let Some(Mishap::Slow(answer)) = &mishap {
            answer.notified().await;
        }
        if matches!(mishap, None | Some(Mishap::Slow(_))) {
            let seen = Seen { kind, json };
            let mut inner = self.inner.lock().unwrap();
            inner.phones.entry(sending.home.clone()).or_default().push(seen);
        }
        if let Some(meanwhile) = meanwhile {
            (meanwhile.happens)(call.clone()).await;
        }
        match mishap {
            None | Some(Mishap::Slow(_)) => Ok(Sent {
                message_id: call.message_id,
            }),
            Some(Mishap::Lost) => Err(SendError::Lost("cut".to_owned())),
            Some(Mishap::Unreachable) => Err(SendError::Unreachable("refused".to_owned())),
            Some(Mishap::TakenOut) => Err(SendError::NotConfigured),
            Some(Mishap::Refused(code)) => Err(SendError::Refused {
                http: 400,
                code,
                subcode: None,
                details: String::new(),
            }),
        }
    }
}
