//! Webhook bodies that nobody would send, by the million: parsing them never panics, and over HTTP each signed one is
//! answered with 200 by a gateway that lives on. `SACOLA_MUTATIONS` says how many, `SACOLA_MUTATION_SEED` from which seed,
//! `SACOLA_BODIES` names a folder with further bodies to start from. It refuses to judge what is understood of them.

use std::net::SocketAddr;
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use futures::StreamExt;
use sacola::app::App;
use sacola::clock::{Clock, MovableClock};
use sacola::config::{self, Config};
use sacola::whatsapp::inbound::{self, Update, shape};
use sacola::whatsapp::signature;
use serde_json::{Value, json};

use super::bodies::bodies;
use super::mutator::{Dice, mutated};
use crate::support::program::{API_KEY, APP_SECRET, NUMBER, Outside};

const COUNT: u64 = 30_000;
const SEED: u64 = 20_261_125;
/// One of so many is also posted, within bounds: each costs a commit.
const POSTED_ONE_IN: u64 = 100;
const POSTED_MAX: u64 = 20_000;
const AT_ONCE: usize = 8;
/// Longest that an answer is waited for: some bodies hold a thousand items, and a disk may take seconds for a flush.
const PATIENCE_MS: u64 = 300_000;
const WEBHOOK_BYTES: usize = 3 * 1024 * 1024;
/// The emulator's shop signs with it.
const MERCHANT_SECRET: &str = "whsec_c2Fjb2xhLWVtdWxhdG9yLXNoYXJlZC1zZWNyZXQh";
const WORDS: [&str; 8] = [
    "oi",
    "menu",
    "sacola",
    "finalizar",
    "2",
    "café",
    "atendente",
    "cancelar",
];

/// Panics that began in our own source.
static PANICS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn any_mutation_of_a_webhook_is_parsed_or_refused_and_never_panics() {
    let (count, seed, pool) = (count(), seed(), pool());
    say(&format!(
        "parsing {count} mutations of {} bodies, seed {seed}",
        pool.len()
    ));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for first in 0..workers {
            let pool = &pool;
            scope.spawn(move || {
                let first = u64::try_from(first).unwrap();
                for index in (first..count).step_by(workers) {
                    is_read(pool, seed, index);
                }
            });
        }
    });
}

/// How often somebody comes back who met others at a conversation.
const COMES_BACK: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn any_signed_mutation_is_answered_with_200_and_the_gateway_lives_on() {
    let (count, seed) = ((count() / POSTED_ONE_IN).clamp(1, POSTED_MAX), seed());
    say(&format!("posting {count} mutations, seed {seed}"));
    count_panics();
    let directory = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(directory.path()).await;
    let unchanged = gateway.pool.len();
    let bodies = (0..unchanged).map(|at| gateway.body(u64::try_from(at).unwrap(), at));
    let changed = (0..count).map(|index| {
        let mut dice = Dice::of(seed, index);
        let at = dice.below(unchanged);
        let body = gateway.body(index + 1_000, at);
        mutated(body, &gateway.pool, &mut dice)
    });
    let all = bodies.map(|body| body.to_string().into_bytes()).chain(changed);
    futures::stream::iter(all.enumerate())
        .for_each_concurrent(AT_ONCE, |(at, body)| gateway.takes(at, body))
        .await;
    gateway.takes_three_mebibytes_and_no_more().await;
    gateway.still_answers().await;
}

/// What the intake does with a body before it decides.
fn is_read(pool: &[Value], seed: u64, index: u64) {
    let mut dice = Dice::of(seed, index);
    let base = dice.pick(pool).clone();
    let body = mutated(base, pool, &mut dice);
    if catch_unwind(|| read(&body)).is_err() {
        let shown: String = String::from_utf8_lossy(&body).chars().take(4_000).collect();
        panic!("mutation {index} of seed {seed} is not read: {shown}");
    }
}

fn read(body: &[u8]) {
    let Ok(updates) = inbound::parse(body) else {
        return;
    };
    for update in &updates {
        match update {
            Update::Message(message) => {
                let customer = &message.customer;
                assert!(
                    customer.wa_id.is_some() || customer.user_id.is_some(),
                    "{message:?}"
                );
                assert!((0..=4_102_444_800_000).contains(&message.at_ms), "{message:?}");
                assert!(
                    !message.id.is_empty() && !message.number.as_str().is_empty(),
                    "{message:?}"
                );
            }
            Update::Status(status) => {
                assert!(
                    status.message.is_some() || status.callback_data.is_some(),
                    "{status:?}"
                );
                assert!(status.details.chars().count() <= 300, "{status:?}");
            }
            Update::Moved { id, from, to, .. } => {
                assert!(from.wa_id.is_some() || from.user_id.is_some(), "{id}: {from:?}");
                assert!(to.wa_id.is_some() || to.user_id.is_some(), "{id}: {to:?}");
            }
            Update::Echo { customer, .. } => {
                assert!(
                    customer.wa_id.is_some() || customer.user_id.is_some(),
                    "{customer:?}"
                );
            }
            Update::History { number, .. } => assert!(!number.as_str().is_empty()),
            Update::AccountError { details, .. } => assert!(details.chars().count() <= 300, "{details}"),
            Update::Unrecognised { what, raw } => {
                assert!(what.chars().count() <= 50, "{what}");
                assert!(shape::of(raw).chars().count() <= 2_001, "{what}");
            }
            Update::Poison { raw, problem, .. } => assert!(!raw.is_empty() && !problem.is_empty()),
        }
    }
}

/// A gateway in this process, its provider and shop, and the bodies that fit it.
struct Gateway {
    outside: Outside,
    public: SocketAddr,
    ops: SocketAddr,
    pool: Vec<Value>,
    shelf: Vec<Value>,
    now_s: String,
    _app: App,
}

impl Gateway {
    async fn start(directory: &Path) -> Self {
        let mut outside = Outside::start();
        outside.http = sacola::outgoing::provider(PATIENCE_MS).unwrap();
        let config = configuration(directory, outside.emulator.base_url());
        let clock = MovableClock::fixed();
        let now_s = (clock.now_ms() / 1000).to_string();
        let app = App::start(&config, Arc::new(clock)).await.unwrap();
        let products = outside.get("/shop/products").await;
        let products = products["products"].as_array().unwrap();
        Self {
            shelf: products
                .iter()
                .map(|product| product["retailer_id"].clone())
                .collect(),
            public: app.public,
            ops: app.ops,
            pool: pool(),
            outside,
            now_s,
            _app: app,
        }
    }

    /// A body of the pool as news for this gateway: its number, products of its shop, an id of its own.
    fn body(&self, serial: u64, at: usize) -> Value {
        let mut body = self.pool[at].clone();
        self.address(&mut body, serial);
        body
    }

    fn address(&self, part: &mut Value, serial: u64) {
        match part {
            Value::Array(items) => items.iter_mut().for_each(|item| self.address(item, serial)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    let turn = usize::try_from(serial).unwrap();
                    match (key.as_str(), &*value) {
                        ("phone_number_id", _) => *value = json!(NUMBER),
                        ("catalog_id", _) => *value = json!("367025965434465"),
                        ("timestamp", Value::String(_)) => *value = json!(self.now_s),
                        ("product_retailer_id", _) => *value = self.shelf[turn % self.shelf.len()].clone(),
                        ("id", Value::String(id)) if id.starts_with("wamid.") => {
                            *value = json!(wamid(serial));
                        }
                        ("body", Value::String(_)) => *value = json!(WORDS[turn % WORDS.len()]),
                        _ => self.address(value, serial),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    async fn posts(&self, body: Vec<u8>) -> u16 {
        self.answer(body).await.0
    }

    /// The status and what is said with it.
    async fn answer(&self, body: Vec<u8>) -> (u16, String) {
        let header = signature::sign(&body, APP_SECRET.as_bytes());
        let url = format!("http://{}/webhooks/whatsapp", self.public);
        let request = self.outside.http.post(url).header(signature::HEADER, header);
        let answer = request.body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// All bodies name a handful of customers, by one id or the other: where two writers meet at one conversation again and again,
    /// one is asked to come back, and does, as Meta does.
    async fn takes(&self, at: usize, body: Vec<u8>) {
        let shown: String = String::from_utf8_lossy(&body).chars().take(2_000).collect();
        let mut answer = self.answer(body.clone()).await;
        for _ in 0..COMES_BACK {
            if answer.0 != 503 || !answer.1.contains("the conversation is busy") {
                break;
            }
            answer = self.answer(body.clone()).await;
        }
        assert_eq!(answer, (200, String::new()), "body {at}: {shown}");
        assert_eq!(
            PANICS.load(Ordering::Relaxed),
            0,
            "at body {at} or just before: {shown}"
        );
    }

    async fn takes_three_mebibytes_and_no_more(&self) {
        let mut body = self.body(1, 0).to_string().into_bytes();
        body.resize(WEBHOOK_BYTES, b' ');
        assert_eq!(self.posts(body.clone()).await, 200);
        body.push(b' ');
        assert_eq!(self.posts(body).await, 413);
    }

    async fn still_answers(&self) {
        let item = json!({ "from": "5511777770000", "from_user_id": "BR.777", "id": "wamid.last", "timestamp": self.now_s,
            "type": "text", "text": { "body": "oi" } });
        let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages",
            "value": { "metadata": { "phone_number_id": NUMBER }, "messages": [item] } }] }] });
        assert_eq!(self.posts(body.to_string().into_bytes()).await, 200);
        let (public, ops) = (self.public, self.ops);
        for url in [
            format!("http://{public}/v1/conversations/{NUMBER}/BR.777"),
            format!("http://{ops}/livez"),
            format!("http://{ops}/readyz"),
            format!("http://{ops}/metrics"),
        ] {
            let answer = self
                .outside
                .http
                .get(&url)
                .bearer_auth(API_KEY)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{url}");
        }
        assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    }
}

fn configuration(directory: &Path, outside: &str) -> Config {
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[store]
url = "embedded:{store}"
[buttons]
keys = [{{ id = "k1", value = "a button key for mutations" }}]
[whatsapp]
graph_url = "{outside}"
verify_token = "a verify token"
app_secrets = ["{APP_SECRET}"]
[[number]]
phone_number_id = "{NUMBER}"
waba_id = "102290129340398"
access_token = "a token"
catalog_id = "367025965434465"
merchant = "demo"
[[merchant]]
id = "demo"
name = "Café da Praça"
base_url = "{outside}/shop/api"
currency = "BRL"
secrets = ["{MERCHANT_SECRET}"]
payment_hosts = ["127.0.0.1"]
[outgoing]
allow_private = ["127.0.0.0/8"]
[[api_key]]
id = "backoffice"
merchant = "*"
secret = "{API_KEY}"
scopes = ["conversations:read"]
requests_per_second = 1000
"#,
        store = directory.join("data").display(),
    );
    config::load(&text, &std::collections::BTreeMap::new())
        .unwrap()
        .config
}

/// A message id of an Android phone.
fn wamid(serial: u64) -> String {
    let inner = format!("AC{serial:030X}");
    let head = b"\x1c\x18\x0d5511999990000\x15\x02\x00\x12\x18\x20".as_slice();
    let bytes = [head, inner.as_bytes(), b"\x00"].concat();
    format!(
        "wamid.{}",
        base64::engine::general_purpose::STANDARD.encode(bytes)
    )
}

/// Our bodies, and those of the folder that `SACOLA_BODIES` names.
fn pool() -> Vec<Value> {
    let mut pool = bodies();
    if let Some(folder) = setting("SACOLA_BODIES") {
        let before = pool.len();
        gather(Path::new(&folder), &mut pool);
        assert!(
            pool.len() > before,
            "SACOLA_BODIES: no *.json with an object in {folder}"
        );
    }
    pool
}

fn gather(folder: &Path, pool: &mut Vec<Value>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            gather(&path, pool);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let body = serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap());
            pool.extend(body.ok().filter(Value::is_object));
        }
    }
}

/// From now on panics of our own source are counted, caught ones too.
fn count_panics() {
    let shown = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_some_and(|at| at.file().starts_with("src/")) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        shown(panic);
    }));
}

fn count() -> u64 {
    number("SACOLA_MUTATIONS").unwrap_or(COUNT)
}

fn seed() -> u64 {
    number("SACOLA_MUTATION_SEED").unwrap_or(SEED)
}

fn number(name: &str) -> Option<u64> {
    let text = setting(name)?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no whole number")),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much is tried, and on what, is chosen by whoever runs the tests"
)]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[expect(clippy::print_stderr, reason = "who sees a failure needs the seed")]
fn say(text: &str) {
    eprintln!("mutations: {text}");
}
