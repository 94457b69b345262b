//! A configuration that changes while the program runs, as operators change it: files are edited, the program is told by
//! SIGHUP or looks by itself, `/readyz` and the metrics tell what became of it. The secrets lie in files; the provider and the
//! shop look at tokens and signatures.

use std::sync::atomic::{AtomicU64, Ordering};

use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};

use crate::kills::stand::{Settings, Stand};
use crate::kills::vault::{Hand, Live};
use crate::support::program::{API_KEY, NUMBER, eventually};

mod files;
mod numbers;
mod secrets;
mod tokens;

/// Nobody looks by himself meanwhile.
const NEVER_S: u64 = 3_600;
/// Longer than a busy machine holds anybody up: a lane that is taken over is a message that may come twice, for nobody tells statuses.
const LEASE_MS: u64 = 30_000;
/// A second business number.
const SECOND: &str = "207000000000001";
/// The gauge of the first number's gate.
const STOPPED: &str = "sacola_stopped{gate=\"number 106540352242922\"}";

/// One gateway on its embedded store, and its outside.
struct House {
    stand: Stand,
    live: Live,
    http: reqwest::Client,
}

/// A customer of a business number.
struct Caller {
    number: &'static str,
    wa_id: &'static str,
}

const ANA: Caller = Caller {
    number: NUMBER,
    wa_id: "5511900000001",
};
const BIA: Caller = Caller {
    number: NUMBER,
    wa_id: "5511900000002",
};

impl Caller {
    /// A webhook with one message; no two have the same id.
    fn webhook(&self, what: &Value) -> Vec<u8> {
        let now_ms = MovableClock::fixed().now_ms();
        let mut message = json!({
            "from": self.wa_id,
            "id": format!("wamid.{}", new_id()),
            "timestamp": (now_ms / 1_000).to_string(),
        });
        for (name, value) in what.as_object().unwrap() {
            message[name.as_str()] = value.clone();
        }
        let value = json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "551140001234", "phone_number_id": self.number },
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": self.wa_id }],
            "messages": [message],
        });
        let entry = json!({ "id": "102290129340398", "changes": [{ "field": "messages", "value": value }] });
        json!({ "object": "whatsapp_business_account", "entry": [entry] })
            .to_string()
            .into_bytes()
    }

    fn words(&self, words: &str) -> Vec<u8> {
        self.webhook(&json!({ "type": "text", "text": { "body": words } }))
    }
}

/// A text that no other call gets.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("reload{:08}", NEXT.fetch_add(1, Ordering::SeqCst))
}

impl House {
    /// With a gateway that looks at its files every `reload_s`.
    async fn opens(reload_s: u64) -> Self {
        Self::opens_with(Live::first(), reload_s).await
    }

    async fn opens_with(live: Live, reload_s: u64) -> Self {
        let settings = Settings {
            store: None,
            gateways: 1,
            lease_ms: LEASE_MS,
            tells_statuses: false,
        };
        let mut stand = Stand::keeping(&settings, Hand::Renamed, reload_s);
        stand.puts(&live, |text| text);
        stand.starts(0, None).await;
        Self {
            stand,
            live,
            http: sacola::outgoing::provider(60_000).unwrap(),
        }
    }

    /// Puts the edited configuration, says so, and waits until it is applied.
    async fn applies(&mut self, edit: impl FnOnce(String) -> String) {
        let before = self.stand.generation(0).await;
        self.stand.puts(&self.live, edit);
        self.stand.signals(0, "-HUP").await;
        self.stand.applies(0, before).await;
    }

    /// Says that something changed and waits until that is refused; returns the faults that are told.
    async fn is_refused(&self) -> String {
        self.stand.signals(0, "-HUP").await;
        let told = eventually(|| async {
            let refused = self.config().await["refused"].clone();
            refused.as_array().map(|lines| json!(lines).to_string())
        });
        told.await.expect("nothing was refused")
    }

    /// Says that something was mended and waits until nothing is refused any more.
    async fn is_mended(&self) {
        self.stand.signals(0, "-HUP").await;
        let mended = eventually(|| async { self.config().await["refused"].is_null().then_some(()) });
        assert!(mended.await.is_some(), "{}", self.config().await);
    }

    /// What `/readyz` tells of the configuration; the gateway is ready meanwhile.
    async fn config(&self) -> Value {
        let (status, ready) = self.stand.readyz(0).await.unwrap();
        assert_eq!(status, 200, "{ready}");
        ready["config"].clone()
    }

    async fn metric(&self, series: &str) -> String {
        self.stand.metric(0, series).await.unwrap_or_default()
    }

    /// A customer writes; returns what the provider was answered.
    async fn says(&self, caller: &Caller, words: &str) -> u16 {
        self.stand.post.once(0, &caller.words(words)).await
    }

    /// The kinds of what a customer got, in its order.
    fn kinds(&self, caller: &Caller) -> Vec<String> {
        let messages = self.stand.outside.messages_to(caller.wa_id);
        messages.into_iter().map(|message| message.kind).collect()
    }

    /// Waits until a customer got as many messages as these, and compares them.
    async fn hears(&self, caller: &Caller, kinds: &[&str]) {
        let all = eventually(|| async { (self.kinds(caller).len() >= kinds.len()).then_some(()) });
        all.await;
        assert_eq!(self.kinds(caller), kinds, "{}", caller.wa_id);
        assert!(self.stand.outside.repeated().1 <= 1, "a message came twice");
    }

    /// A request to the API with that key: its status and its answer.
    async fn asks(&self, method: reqwest::Method, path: &str, key: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.stand.post.door(0));
        let answer = self
            .http
            .request(method, url)
            .bearer_auth(key)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    /// Dead letters: id and reason.
    async fn letters(&self) -> Vec<(String, String)> {
        let (status, answer) = self.asks(reqwest::Method::GET, "/v1/dead-letters", API_KEY).await;
        assert_eq!(status, 200, "{answer}");
        let text = |letter: &Value, name: &str| letter[name].as_str().unwrap().to_owned();
        let letters = answer["dead_letters"].as_array().unwrap().iter();
        letters
            .map(|letter| (text(letter, "id"), text(letter, "reason")))
            .collect()
    }

    async fn has_no_letters(&self) {
        let letters = self.letters().await;
        assert!(letters.is_empty(), "{letters:?}");
    }

    /// Replays the only dead letter, which is about a number that nobody had configured.
    async fn replays_the_only_letter(&self) {
        let letters = self.letters().await;
        let [(id, reason)] = letters.as_slice() else {
            panic!("not one letter: {letters:?}");
        };
        assert_eq!(reason, "unknown_number");
        let path = format!("/v1/dead-letters/{id}/replay");
        let (status, answer) = self.asks(reqwest::Method::POST, &path, API_KEY).await;
        assert_eq!((status, &answer["outcome"]), (202, &json!("taken")), "{answer}");
        self.has_no_letters().await;
    }

    async fn closes(self) {
        self.stand.ends_all().await;
    }
}

/// The configuration without its first number and merchant.
fn without_number(text: &str) -> String {
    let (before, rest) = text.split_once("[[number]]").unwrap();
    let (_, after) = rest.split_once("[outgoing]").unwrap();
    format!("{before}[outgoing]{after}")
}
