//! A gateway with two merchants, keys of each, and something of everything that the API tells: a customer with a cart and a
//! purchase, a price update, dead letters of a merchant and of nobody.

use reqwest::{Method, Response};
use sacola::clock::{Clock, MovableClock};
use sacola::merchants::standard_webhooks::{self, Secret};
use sacola::whatsapp::signature;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{
    API_KEY, APP_SECRET, Gateway, NUMBER, Outside, environment, eventually, write_config,
};

/// The second merchant's number.
pub const OTHER_NUMBER: &str = "206540352242922";
/// A key of the first merchant with every scope.
pub const OWN: &str = "sk_sacola_of-the-first-merchant";
/// A key of the second merchant with every scope.
pub const FOREIGN: &str = "sk_sacola_of-the-second-merchant";
/// A key of the first merchant that may do nothing of this.
pub const BARE: &str = "sk_sacola_that-may-do-nothing-here";
/// A key that may ask twice a second.
pub const SLOW: &str = "sk_sacola_that-may-ask-twice";
/// What the operator's key of the configuration sends.
pub const OPERATOR: &str = API_KEY;

const SCOPES: &str =
    r#""messages:write", "conversations:read", "catalog:write", "dead_letters:write", "customers:erase""#;

/// As in a shop, for nothing dies here: a machine that stands still for seconds makes nobody send a message again.
const LEASE_MS: u64 = 10_000;

/// The gateway and what it knows.
pub struct Desk {
    pub outside: Outside,
    pub gateway: Gateway,
    /// The phone that has written.
    pub phone: String,
    /// Its user id.
    pub customer: String,
    pub purchase: String,
    pub price_update: String,
    /// A letter of the first merchant.
    pub letter: String,
    /// A letter of nobody.
    pub stray: String,
    _directory: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub retry_after: Option<String>,
    pub allow: Option<String>,
    pub body: Value,
}

impl Told {
    async fn of(response: Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(ToOwned::to_owned)
        };
        let (retry_after, allow) = (header("retry-after"), header("allow"));
        Self {
            status: response.status().as_u16(),
            retry_after,
            allow,
            body: response.json().await.unwrap_or(Value::Null),
        }
    }

    /// Status and code of what was refused.
    pub fn refused(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or("no code"))
    }
}

fn configured(base: &str, hash: &str) -> String {
    let mut text = format!(
        r#"
[[number]]
phone_number_id = "{OTHER_NUMBER}"
waba_id = "202290129340398"
access_token = {{ env = "ACCESS_TOKEN" }}
merchant = "other"
[[merchant]]
id = "other"
name = "Outra Praça"
base_url = "{base}/shop/api"
currency = "BRL"
secrets = [{{ env = "MERCHANT_SECRET" }}]
[[api_key]]
id = "own"
merchant = "demo"
secret_sha256 = "{hash}"
scopes = [{SCOPES}]
requests_per_second = 1000
"#
    );
    for (id, merchant, secret, scopes, rate) in [
        ("foreign", "other", FOREIGN, SCOPES, 1_000),
        ("bare", "demo", BARE, r#""personal_data:read""#, 1_000),
        ("slow", "demo", SLOW, SCOPES, 2),
    ] {
        text.extend([format!(
            "[[api_key]]\nid = \"{id}\"\nmerchant = \"{merchant}\"\nsecret = \"{secret}\"\nscopes = [{scopes}]\n\
             requests_per_second = {rate}\n"
        )]);
    }
    text
}

impl Desk {
    /// A gateway that knows something of everything.
    pub async fn opens() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let outside = Outside::start();
        let store = format!("embedded:{}", directory.path().join("data").display());
        let config = write_config(directory.path(), &outside, &store, LEASE_MS);
        let hash = sacola::config::KeyDigest::of(OWN).to_hex();
        let text =
            std::fs::read_to_string(&config).unwrap() + &configured(outside.emulator.base_url(), &hash);
        std::fs::write(&config, text.replace("timeout_ms = 1000", "timeout_ms = 15000")).unwrap();
        let gateway = Gateway::start(&config, &outside);
        let mut desk = Self {
            outside,
            gateway,
            phone: String::new(),
            customer: String::new(),
            purchase: String::new(),
            price_update: String::new(),
            letter: String::new(),
            stray: String::new(),
            _directory: directory,
        };
        desk.fills().await;
        desk
    }

    async fn fills(&mut self) {
        let ana = self.outside.phone("Ana").await;
        let order = json!([{ "retailer_id": "cafe-coado", "quantity": 2 }]);
        assert_eq!(ana.order(order).await, 200);
        ana.waits_for("payment_link", 1).await;
        ana.fills_a_cart().await;
        let (phone, customer) = (ana.id.clone(), ana.user_id.clone());
        let path = format!("/v1/conversations/{NUMBER}/{customer}");
        let conversation = self.get(&path, OPERATOR).await;
        let purchase = text(&conversation["purchases"][0]["purchase_id"]);
        (self.phone, self.customer, self.purchase) = (phone, customer, purchase);

        let product = json!({
            "title": "Café coado", "price": { "amount": "6.50", "currency": "BRL" }, "availability": "in_stock",
            "version": "99999999999999",
        });
        let told = self
            .sends(Method::PUT, "/v1/products/cafe-coado", OWN, &[], Some(&product))
            .await;
        self.price_update = text(&told.body["price_update_id"]);
        let path = format!("/v1/price-updates/{}", self.price_update);
        let ended = eventually(|| async {
            let update = self.get(&path, OWN).await;
            (update["state"] == "done").then_some(())
        });
        ended.await.unwrap();

        self.calls_back(b"no JSON").await;
        self.takes(b"no webhook").await;
        let letters = self.get("/v1/dead-letters", OPERATOR).await;
        let of_reason = |reason: &str| {
            let mut all = letters["dead_letters"].as_array().unwrap().iter();
            text(&all.find(|one| one["reason"] == reason).unwrap()["id"])
        };
        (self.letter, self.stray) = (of_reason("unreadable_callback"), of_reason("unparseable"));
    }

    /// A signed callback of the first merchant.
    async fn calls_back(&self, body: &[u8]) {
        let secret = Secret::parse(&environment()["MERCHANT_SECRET"]).unwrap();
        let (id, timestamp_s) = ("msg_1", MovableClock::fixed().now_ms() / 1_000);
        let url = format!("{}/webhooks/merchants/demo", self.gateway.public);
        let request = self.outside.http.post(url).body(body.to_vec());
        let request = request
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp_s.to_string())
            .header(
                "webhook-signature",
                standard_webhooks::sign(&secret, id, timestamp_s, body),
            );
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    }

    /// A signed webhook.
    async fn takes(&self, body: &[u8]) {
        let header = signature::sign(body, APP_SECRET.as_bytes());
        let url = format!("{}/webhooks/whatsapp", self.gateway.public);
        let request = self.outside.http.post(url).header(signature::HEADER, header);
        let answer = request.body(body.to_vec()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }

    /// One request; `""` is no key.
    pub async fn sends(
        &self,
        method: Method,
        path: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Told {
        let url = format!("{}{path}", self.gateway.public);
        let mut request = self.outside.http.request(method, url);
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Told::of(request.send().await.unwrap()).await
    }

    /// What a key reads there.
    pub async fn get(&self, path: &str, key: &str) -> Value {
        let told = self.sends(Method::GET, path, key, &[], None).await;
        assert_eq!(told.status, 200, "{path}: {}", told.body);
        told.body
    }

    /// How many messages with products the customer has.
    pub async fn products_shown(&self) -> usize {
        let path = format!("/emulator/phones/{}/messages", self.phone);
        let messages = self.outside.get(&path).await;
        let all = messages["messages"].as_array().unwrap().iter();
        all.filter(|one| one["kind"] == "product" || one["kind"] == "catalog")
            .count()
    }

    /// The OpenAPI document as it is served.
    pub async fn document(&self) -> Value {
        let url = format!("{}/openapi.json", self.gateway.public);
        let answer = self.outside.http.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    pub async fn closes(self) {
        drop(self.gateway);
        self.outside.stop().await;
    }
}

/// A text in an answer.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}
