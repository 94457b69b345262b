//! The whole program: the real binary with a configuration file, against the emulator over real HTTP.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sacola::clock::{Clock, MovableClock};
use sacola::emulator::{Emulator, EmulatorConfig};
use sacola::tasks::Tasks;
use serde_json::{Value, json};

pub const APP_SECRET: &str = "an app secret";
pub const NUMBER: &str = "106540352242922";
pub const API_KEY: &str = "a key of the back office";
const MERCHANT_SECRET: &str = "whsec_c2Fjb2xhLWVtdWxhdG9yLXNoYXJlZC1zZWNyZXQh";
const BUTTON_KEY: &str = "a button key for tests of the program";
/// Longest that anything is waited for. What is well comes within a moment, also on a machine that is busy with others.
const PATIENCE_MS: i64 = 60_000;
/// Pause between looks.
const LOOK_MS: u64 = 20;

/// Somebody else's side: provider, phones, shop.
pub struct Outside {
    pub emulator: Emulator,
    pub http: reqwest::Client,
    tasks: Tasks,
}

impl Outside {
    pub fn start() -> Self {
        Self::on(MovableClock::fixed())
    }

    /// The same under a clock that others share.
    pub fn on(clock: MovableClock) -> Self {
        Self::with_secrets(clock, ["a token", APP_SECRET, "a verify token"])
    }

    /// The same with another access token, app secret and verify token.
    pub fn with_secrets(clock: MovableClock, [access_token, app_secret, verify_token]: [&str; 3]) -> Self {
        let tasks = Tasks::new();
        let config = EmulatorConfig {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            webhook_url: None,
            callback_url: None,
            clock,
            access_token: access_token.to_owned(),
            app_secret: app_secret.to_owned(),
            verify_token: verify_token.to_owned(),
            merchant_secret: MERCHANT_SECRET.to_owned(),
            phone_number_id: NUMBER.to_owned(),
            display_phone_number: "+55 11 4000-1234".to_owned(),
            waba_id: "102290129340398".to_owned(),
            catalog_id: "367025965434465".to_owned(),
            strict: false,
            data: None,
            tls: None,
        };
        let emulator = Emulator::start(config, &tasks).unwrap();
        Self {
            emulator,
            http: sacola::outgoing::provider(30_000).unwrap(),
            tasks,
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let response = self
            .http
            .get(format!("{}{path}", self.emulator.base_url()))
            .send()
            .await
            .unwrap();
        assert!(
            response.status().is_success(),
            "GET {path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.emulator.base_url());
        let response = self.http.post(url).json(&body).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.emulator.base_url());
        let response = self.http.put(url).json(&body).send().await.unwrap();
        assert!(
            response.status().is_success(),
            "PUT {path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    /// A new customer's phone.
    pub async fn phone(&self, name: &str) -> Handset<'_> {
        self.phone_of(json!({ "name": name })).await
    }

    /// The phone of a new customer with these fields: `name`, `wa_id`, `user_id`.
    pub async fn phone_of(&self, customer: Value) -> Handset<'_> {
        let phone = self.post("/emulator/phones", customer).await;
        Handset {
            outside: self,
            id: phone["id"].as_str().unwrap().to_owned(),
            user_id: phone["user_id"].as_str().unwrap().to_owned(),
            device: "android",
        }
    }

    pub async fn purchases(&self) -> Vec<Value> {
        self.get("/shop/purchases").await["purchases"]
            .as_array()
            .unwrap()
            .clone()
    }

    pub async fn stop(self) {
        self.emulator.stop().await;
        self.tasks.stop(2_000).await;
    }
}

/// A customer's phone.
#[derive(Clone)]
pub struct Handset<'a> {
    outside: &'a Outside,
    pub id: String,
    pub user_id: String,
    pub device: &'static str,
}

impl Handset<'_> {
    pub fn on(&self, device: &'static str) -> Self {
        Self {
            device,
            ..self.clone()
        }
    }

    /// Sends something; returns the status of the webhook's first delivery.
    async fn does(&self, what: &str, body: Value) -> i64 {
        let path = format!("/emulator/phones/{}/devices/{}/{what}", self.id, self.device);
        self.outside.post(&path, body).await["webhook_status"]
            .as_i64()
            .unwrap()
    }

    pub async fn text(&self, words: &str) -> i64 {
        self.does("text", json!({ "body": words })).await
    }

    pub async fn order(&self, items: Value) -> i64 {
        self.does("order", json!({ "items": items })).await
    }

    pub async fn press(&self, message: &Value, action: &str) -> i64 {
        let prefix = format!("s1.{action}.");
        let buttons = message["buttons"].as_array().unwrap();
        let id = buttons
            .iter()
            .filter_map(|b| b["id"].as_str())
            .find(|id| id.starts_with(&prefix));
        let id = id.unwrap_or_else(|| panic!("no {action} on {message}"));
        self.does("tap", json!({ "message_id": message["message_id"], "id": id }))
            .await
    }

    pub async fn messages(&self) -> Vec<Value> {
        let path = format!("/emulator/phones/{}/messages", self.id);
        let all = self.outside.get(&path).await["messages"]
            .as_array()
            .unwrap()
            .clone();
        all.into_iter()
            .filter(|message| message["direction"] == "out")
            .collect()
    }

    /// Waits until `count` messages of that kind are there and returns the last one.
    pub async fn waits_for(&self, kind: &str, count: usize) -> Value {
        let seen = eventually(|| async {
            let of_kind: Vec<Value> = self
                .messages()
                .await
                .into_iter()
                .filter(|m| m["kind"] == kind)
                .collect();
            (of_kind.len() >= count).then(|| of_kind.last().cloned().unwrap())
        });
        match seen.await {
            Some(message) => message,
            None => panic!(
                "no {count} messages of kind {kind}; there are {:#?}",
                self.kinds().await
            ),
        }
    }

    pub async fn kinds(&self) -> Vec<String> {
        self.messages()
            .await
            .iter()
            .map(|m| m["kind"].as_str().unwrap_or("-").to_owned())
            .collect()
    }

    /// What the provider refused to bring to this phone.
    pub async fn refusals(&self) -> Vec<Value> {
        let path = format!("/emulator/phones/{}/refusals", self.id);
        let answer = self.outside.get(&path).await;
        answer["refusals"].as_array().unwrap().clone()
    }

    /// Presses a button and waits for one more message of that kind.
    pub async fn taps(&self, message: &Value, action: &str, kind: &str) -> Value {
        let before = self.kinds().await.iter().filter(|known| *known == kind).count();
        assert_eq!(self.press(message, action).await, 200);
        self.waits_for(kind, before + 1).await
    }

    /// From hello to one product in the cart.
    pub async fn fills_a_cart(&self) -> Value {
        let menus = self.kinds().await.iter().filter(|kind| *kind == "menu").count();
        assert_eq!(self.text("oi").await, 200);
        let menu = self.waits_for("menu", menus + 1).await;
        let list = self.taps(&menu, "category", "catalog").await;
        let product = self.taps(&list, "product", "product").await;
        self.taps(&product, "add", "cart").await
    }
}

/// Asks again and again, for at most a minute.
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> Option<T> {
    let clock = MovableClock::fixed();
    let until_ms = clock.now_ms() + PATIENCE_MS;
    loop {
        if let Some(answer) = ask().await {
            return Some(answer);
        }
        if clock.now_ms() > until_ms {
            return None;
        }
        clock.sleep_ms(LOOK_MS).await;
    }
}

/// A running `sacola serve`.
pub struct Gateway {
    child: Child,
    pub public: String,
    pub ops: String,
    config: PathBuf,
}

/// A configuration file for the binary.
pub fn write_config(directory: &Path, outside: &Outside, store: &str, lease_ms: u64) -> PathBuf {
    let base = outside.emulator.base_url();
    let text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
[store]
url = "{store}"
[delivery]
lease_ms = {lease_ms}
unknown_hold_s = 3
[buttons]
keys = [{{ id = "k1", env = "BUTTON_KEY" }}]
[whatsapp]
graph_url = "{base}"
verify_token = {{ env = "VERIFY_TOKEN" }}
app_secrets = [{{ env = "APP_SECRET" }}]
[[number]]
phone_number_id = "{NUMBER}"
waba_id = "102290129340398"
access_token = {{ env = "ACCESS_TOKEN" }}
catalog_id = "367025965434465"
merchant = "demo"
[[merchant]]
id = "demo"
name = "Café da Praça"
connector = "standard"
base_url = "{base}/shop/api"
currency = "BRL"
secrets = [{{ env = "MERCHANT_SECRET" }}]
payment_hosts = ["127.0.0.1"]
timeout_ms = 1000
[outgoing]
allow_private = ["127.0.0.0/8"]
[[api_key]]
id = "backoffice"
merchant = "*"
secret = {{ env = "API_KEY" }}
scopes = ["messages:write", "conversations:read", "catalog:write", "dead_letters:write"]
requests_per_second = 1000
"#
    );
    let path = directory.join("sacola.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// What the configuration file takes from the environment.
pub fn environment() -> BTreeMap<String, String> {
    let own = [
        ("BUTTON_KEY", BUTTON_KEY),
        ("VERIFY_TOKEN", "a verify token"),
        ("APP_SECRET", APP_SECRET),
        ("ACCESS_TOKEN", "a token"),
        ("MERCHANT_SECRET", MERCHANT_SECRET),
        ("API_KEY", API_KEY),
        ("RUST_LOG", "warn"),
    ];
    own.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Through a shell, so that a limit of file sizes is an error of the write, as a full disk is, and no signal.
fn command(config: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" serve --config \"$1\""])
        .arg(env!("CARGO_BIN_EXE_sacola"))
        .arg(config)
        .envs(environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command
}

impl Gateway {
    /// Starts the binary, waits until it is ready and knows the shop's products, and points the outside at it: only then, because
    /// what the outside brings again after a restart must find products too.
    pub fn start(config: &Path, outside: &Outside) -> Self {
        let mut child = command(config).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}"));
        let gateway = Self {
            child,
            public: ready["listen"].as_str().unwrap().to_owned(),
            ops: ready["ops_listen"].as_str().unwrap().to_owned(),
            config: config.to_owned(),
        };
        let public = &gateway.public;
        knows_products(public, API_KEY);
        outside.emulator.set_targets(
            &format!("{public}/webhooks/whatsapp"),
            &format!("{public}/webhooks/merchants/demo"),
        );
        gateway
    }

    /// `kill -9`, then another one on the same store.
    pub fn dies_and_another_starts(mut self, outside: &Outside) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Self::start(&self.config.clone(), outside)
    }

    /// From now on nothing is written behind that place of a file: a disk that is full, or one that has room again (`None`).
    pub fn has_room(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let set = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--fsize={soft}:unlimited"))
            .status()
            .unwrap();
        assert!(set.success());
    }

    /// SIGTERM; returns the exit status.
    pub fn terminates(mut self) -> Option<i32> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }

    pub async fn api(&self, outside: &Outside, path: &str) -> Value {
        let request = outside
            .http
            .get(format!("{}{path}", self.public))
            .bearer_auth(API_KEY);
        let response = request.send().await.unwrap();
        assert!(
            response.status().is_success(),
            "GET {path}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// Waits until a gateway tells products of the shop `demo`. A start waits for a catalog two seconds at most, and who greets a
/// gateway before it has read one sees a menu without categories.
pub fn knows_products(public: &str, key: &str) {
    let clock = MovableClock::fixed();
    let until_ms = clock.now_ms() + PATIENCE_MS;
    while !tells_products(public, key).unwrap_or_default() {
        assert!(clock.now_ms() < until_ms, "the catalog was not read");
        std::thread::sleep(Duration::from_millis(LOOK_MS));
    }
}

fn tells_products(public: &str, key: &str) -> std::io::Result<bool> {
    let address = public.trim_start_matches("http://");
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let request = format!(
        "GET /v1/products?merchant=demo&limit=1 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         connection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer.contains("retailer_id"))
}

/// Runs the binary to its end: exit status, stdout, stderr.
pub fn runs(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sacola"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stdout, stderr)
}
