//! A provider with phones behind it: keeps what customers see, checks every message against the real limits, and fails on
//! request. A stateful world, not a list of expected calls.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sacola::domain::ids::HomeId;
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

#[derive(Debug, Default)]
struct Inner {
    phones: BTreeMap<HomeId, Vec<Seen>>,
    mishaps: VecDeque<Mishap>,
    attempts: usize,
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

    /// Calls made, successful or not.
    pub fn attempts(&self) -> usize {
        self.inner.lock().unwrap().attempts
    }
}

#[async_trait]
impl Provider for Chat {
    async fn send(&self, sending: &Sending) -> Result<Sent, SendError> {
        let json = outbound::build(sending, &self.keys, Some("367025965434465"))
            .map_err(|error| SendError::Unbuildable(error.to_string()))?;
        let (number, mishap) = {
            let mut inner = self.inner.lock().unwrap();
            inner.attempts += 1;
            (inner.attempts, inner.mishaps.pop_front())
        };
        if let Some(Mishap::Slow(answer)) = &mishap {
            answer.notified().await;
        }
        let mut inner = self.inner.lock().unwrap();
        if matches!(mishap, None | Some(Mishap::Slow(_))) {
            let seen = Seen {
                kind: sending.message.kind,
                json,
            };
            inner.phones.entry(sending.home.clone()).or_default().push(seen);
        }
        match mishap {
            None | Some(Mishap::Slow(_)) => Ok(Sent {
                message_id: format!("wamid.test{number}"),
            }),
            Some(Mishap::Lost) => Err(SendError::Lost("cut".to_owned())),
            Some(Mishap::Unreachable) => Err(SendError::Unreachable("refused".to_owned())),
            Some(Mishap::Refused(code)) => Err(SendError::Refused {
                http: 400,
                code,
                subcode: None,
                details: String::new(),
            }),
        }
    }
}
