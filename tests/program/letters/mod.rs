//! Dead letters as an operator meets them: the real binary on a real Redis, in which letters are planted, its `/v1` and its
//! command line.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use reqwest::Method;
use sacola::clock::{Clock, MovableClock};
use sacola::domain::device::Device;
use sacola::domain::event::{Event, Occurrence, OrderItem};
use sacola::domain::ids::{HomeId, MerchantId, PurchaseId, RetailerId};
use sacola::engine::addresses::digest;
use sacola::store::{DeadLetter, LetterFilter, Store, redis};
use sacola::whatsapp::signature;
use serde_json::{Value, json};

use crate::support::program::{
    API_KEY, APP_SECRET, Gateway, Handset, NUMBER, Outside, environment, write_config,
};
use crate::support::redis_server::{AppendOnly, RedisServer};

mod commands;
mod reading;
mod refusals;
mod replays;

const READER: &str = "a key of the shop that only reads";
const WRITER: &str = "a key of the shop that may replay";

/// The gateway, its surroundings, and a hand in its store.
struct Desk {
    outside: Outside,
    gateway: Gateway,
    store: Arc<dyn Store>,
    config: PathBuf,
    _server: RedisServer,
    _directory: tempfile::TempDir,
}

impl Desk {
    async fn opens() -> Self {
        let server = RedisServer::start(AppendOnly::Off).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let outside = Outside::start();
        let config = write_config(directory.path(), &outside, &server.url(), 2_000);
        let mut text = std::fs::read_to_string(&config).unwrap();
        for (id, secret, scope) in [("reader", READER, "read"), ("writer", WRITER, "write")] {
            let key = format!("id = \"{id}\"\nmerchant = \"demo\"\nsecret = \"{secret}\"");
            text = format!("{text}[[api_key]]\n{key}\nscopes = [\"dead_letters:{scope}\"]\n");
        }
        std::fs::write(&config, text).unwrap();
        let gateway = Gateway::start(&config, &outside);
        let connected = redis::connect(&server.url(), redis::Options::default()).await;
        Self {
            outside,
            gateway,
            store: Arc::new(connected.unwrap()),
            config,
            _server: server,
            _directory: directory,
        }
    }

    async fn asks(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1/dead-letters{path}", self.gateway.public);
        let mut request = self.outside.http.request(method, url).bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    async fn gets(&self, path: &str) -> Value {
        let (status, answer) = self.asks(Method::GET, path, API_KEY, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn replays(&self, body: Value) -> Value {
        let (status, answer) = self.asks(Method::POST, "/replay", API_KEY, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// A customer who has said hello and seen the menu.
    async fn customer(&self, name: &str) -> (Handset<'_>, HomeId) {
        let phone = self.outside.phone(name).await;
        assert_eq!(phone.text("oi").await, 200);
        phone.waits_for("menu", 1).await;
        let path = format!("/v1/conversations/{NUMBER}/{}", phone.user_id);
        let conversation = self.gateway.api(&self.outside, &path).await;
        let home = HomeId::new(conversation["customer"]["id"].as_str().unwrap());
        (phone, home)
    }

    /// Puts a letter into the store, as if the `n`-th event of that day had failed.
    async fn plants(&self, home: &HomeId, n: i64, event: Event) -> String {
        let occurrence = Occurrence {
            id: format!("in:planted-{home}-{n}"),
            at_ms: now_ms(),
            purchase_id: PurchaseId::new(format!("00{n:032}")),
            event,
        };
        let letter = DeadLetter {
            id: format!("{home}.{}", digest(&occurrence.id)),
            home: Some(home.clone()),
            source: "event".to_owned(),
            body: serde_json::to_string(&occurrence).unwrap(),
            ..letter("panic", Some("demo"), n)
        };
        assert!(self.store.park(&letter, 1).await.unwrap());
        letter.id
    }

    async fn letters(&self) -> Vec<DeadLetter> {
        let all = LetterFilter::default();
        self.store.dead_letters(&all, None, 1_000).await.unwrap()
    }

    /// A signed webhook for a number that nobody configured.
    async fn takes_a_stray_webhook(&self) {
        let item = json!({ "from": "5511999990000", "id": "wamid.stray", "timestamp": (now_ms() / 1_000).to_string(),
            "type": "text", "text": { "body": "oi" } });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages",
            "value": { "messaging_product": "whatsapp", "metadata": { "display_phone_number": "1", "phone_number_id": "999" },
            "messages": [item] } }] }] });
        let bytes = body.to_string().into_bytes();
        let header = signature::sign(&bytes, APP_SECRET.as_bytes());
        let request = self
            .outside
            .http
            .post(format!("{}/webhooks/whatsapp", self.gateway.public))
            .header(signature::HEADER, header)
            .body(bytes);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }

    /// `sacola dead-letters …` with this configuration and gateway: exit status, stdout, stderr.
    fn runs(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .arg("dead-letters")
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .args(["--gateway", &self.gateway.public])
            .envs(environment())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

fn now_ms() -> i64 {
    MovableClock::fixed().now_ms()
}

/// A letter without a conversation, parked `n` milliseconds after an hour ago.
fn letter(reason: &str, merchant: Option<&str>, n: i64) -> DeadLetter {
    DeadLetter {
        id: format!("dl-{reason}-{n}"),
        reason: reason.to_owned(),
        detail: "planted".to_owned(),
        merchant: merchant.map(MerchantId::from),
        home: None,
        at_ms: now_ms() - 3_600_000 + n,
        source: "item".to_owned(),
        body: "what a customer wrote".to_owned(),
    }
}

fn said(text: &str) -> Event {
    Event::Said {
        text: text.to_owned(),
        about: None,
        device: Device::Android,
    }
}

/// No conversation has room for it.
fn poison() -> Event {
    let item = OrderItem {
        retailer_id: RetailerId::new("x".repeat(70_000)),
        quantity: 1,
        item_price: "1.00".to_owned(),
        currency: "BRL".to_owned(),
    };
    Event::Ordered {
        items: vec![item],
        note: None,
        device: Device::Android,
    }
}

/// Ids and outcomes, in the order in which they are told.
fn outcomes(answer: &Value) -> Vec<(String, String)> {
    let letters = answer["letters"].as_array().unwrap();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    letters
        .iter()
        .map(|one| (text(one, "id"), text(one, "outcome")))
        .collect()
}

fn pairs(expected: &[(&String, &str)]) -> Vec<(String, String)> {
    let owned = |(id, outcome): &(&String, &str)| ((*id).clone(), (*outcome).to_owned());
    expected.iter().map(owned).collect()
}
