//! The console as the people on call meet it: a gateway on an embedded store, real HTTP on its ops listener, and customers who buy.

use std::sync::Arc;

use reqwest::{Method, Response};
use sacola::app::App;
use sacola::clock::{Clock as _, MovableClock};
use sacola::config;
use serde_json::{Value, json};

use crate::support::program::{API_KEY, Handset, Outside, environment, knows_products, write_config};

mod letters;
mod looking;
mod signing;

/// An operator who may see customers.
const SEES: &str = "a key that sees personal data";
/// Somebody of all merchants who only reads.
const READER: &str = "a key that only reads things";
/// The shop's own key.
const OWN: &str = "a key of the shop of this test";
/// Another shop's key.
const FOREIGN: &str = "a key of another shop entirely";

struct Desk {
    outside: Outside,
    app: App,
    clock: MovableClock,
    base: String,
    _directory: tempfile::TempDir,
}

/// What came back.
struct Told {
    status: u16,
    cookie: Option<String>,
    cache: Option<String>,
    body: Value,
}

impl Told {
    async fn of(response: Response) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (cookie, cache) = (header("set-cookie"), header("cache-control"));
        Self {
            status: response.status().as_u16(),
            cookie,
            cache,
            body: response.json().await.unwrap_or(Value::Null),
        }
    }

    /// The body of what went well.
    fn good(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "{}: {}",
            self.status,
            self.body
        );
        self.body
    }

    /// Status and code of what did not.
    fn refused(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or("no code"))
    }
}

/// Somebody's browser.
struct Visit<'a> {
    desk: &'a Desk,
    cookie: String,
}

impl Desk {
    async fn opens() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = MovableClock::fixed();
        let outside = Outside::on(clock.clone());
        let store = format!("embedded:{}", directory.path().join("data").display());
        let file = write_config(directory.path(), &outside, &store, 5_000);
        let mut text = std::fs::read_to_string(file).unwrap();
        let base = outside.emulator.base_url().to_owned();
        text += &another_merchant(&base);
        let reads = r#""conversations:read", "dead_letters:read", "catalog:read""#;
        let all = format!(r#"{reads}, "dead_letters:write", "personal_data:read""#);
        for (id, merchant, secret, scopes) in [
            ("sees", "*", SEES, all.as_str()),
            ("reader", "*", READER, reads),
            ("own", "demo", OWN, reads),
            ("foreign", "other", FOREIGN, reads),
        ] {
            let key = format!("id = \"{id}\"\nmerchant = \"{merchant}\"\nsecret = \"{secret}\"");
            text = format!("{text}[[api_key]]\n{key}\nscopes = [{scopes}]\n");
        }
        let config = config::load(&text, &environment()).unwrap().config;
        let app = App::start(&config, Arc::new(clock.clone())).await.unwrap();
        let public = format!("http://{}", app.public);
        tokio::task::block_in_place(|| knows_products(&public, API_KEY));
        outside.emulator.set_targets(
            &format!("{public}/webhooks/whatsapp"),
            &format!("{public}/webhooks/merchants/demo"),
        );
        Self {
            base: format!("http://{}/console/api", app.ops),
            outside,
            app,
            clock,
            _directory: directory,
        }
    }

    /// One request with these headers.
    async fn asks(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Told {
        let mut request = self.outside.http.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Told::of(request.send().await.unwrap()).await
    }

    async fn tries(&self, key: &str) -> Told {
        let own = [("x-sacola-console", "1")];
        self.asks(Method::POST, "/session", &own, Some(json!({ "key": key })))
            .await
    }

    async fn signs_in(&self, key: &str) -> Visit<'_> {
        let told = self.tries(key).await;
        let cookie = told.cookie.clone().unwrap_or_default();
        told.good();
        let pair = cookie.split(';').next().unwrap().to_owned();
        Visit {
            desk: self,
            cookie: pair,
        }
    }

    /// A customer's phone number.
    async fn wa_id(&self, phone: &Handset<'_>) -> String {
        let shown = self.outside.get(&format!("/emulator/phones/{}", phone.id)).await;
        shown["wa_id"].as_str().unwrap().to_owned()
    }

    /// A new customer buys something; returns the phone and the purchase's id.
    async fn sells(&self, name: &str) -> (Handset<'_>, String) {
        let phone = self.outside.phone(name).await;
        let cart = phone.fills_a_cart().await;
        let summary = phone.taps(&cart, "checkout", "summary").await;
        phone.taps(&summary, "confirm", "payment_link").await;
        let purchases = self.outside.purchases().await;
        let id = purchases.last().unwrap()["purchase_id"].as_str().unwrap();
        (phone, id.to_owned())
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }
}

impl Visit<'_> {
    async fn gets(&self, path: &str) -> Told {
        let headers = [("cookie", self.cookie.as_str())];
        self.desk.asks(Method::GET, path, &headers, None).await
    }

    /// The stream of steps.
    async fn watches(&self) -> Response {
        let request = self.desk.outside.http.get(format!("{}/trace", self.desk.base));
        request.header("cookie", &self.cookie).send().await.unwrap()
    }

    async fn does(&self, method: Method, path: &str, body: Option<Value>) -> Told {
        let headers = [("cookie", self.cookie.as_str()), ("x-sacola-console", "1")];
        self.desk.asks(method, path, &headers, body).await
    }

    /// The only conversation that is found.
    async fn finds_one(&self, query: &str) -> Value {
        let told = self.gets(&format!("/conversations?{query}")).await.good();
        let found = told["found"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{query}: {told}");
        assert!(!told["searched"].as_array().unwrap().is_empty());
        found[0].clone()
    }
}

/// A second merchant with a number of its own, on the same demo shop.
fn another_merchant(base: &str) -> String {
    format!(
        r#"
[[number]]
phone_number_id = "206540352242999"
waba_id = "202290129340398"
access_token = {{ env = "ACCESS_TOKEN" }}
merchant = "other"
[[merchant]]
id = "other"
name = "Outra"
connector = "standard"
base_url = "{base}/shop/api"
currency = "BRL"
secrets = [{{ env = "MERCHANT_SECRET" }}]
payment_hosts = ["127.0.0.1"]
"#
    )
}

/// True when seven digits of the number in a row are in the text.
fn betrays(text: &str, number: &str) -> bool {
    let digits: Vec<char> = number.chars().collect();
    let mut runs = digits.windows(7).map(|run| run.iter().collect::<String>());
    runs.any(|run| text.contains(&run))
}

/// A text for a query.
fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The conversation that something is about.
fn home_of(found: &Value) -> String {
    found["home"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_with_a_bearer_key_needs_no_session() {
    let desk = Desk::opens().await;
    for scheme in ["Bearer", "bearer"] {
        let bearer = format!("{scheme} {API_KEY}");
        let headers = [("authorization", bearer.as_str())];
        let told = desk.asks(Method::GET, "/session", &headers, None).await.good();
        assert_eq!(
            (&told["key_id"], &told["expires_at"]),
            (&json!("backoffice"), &Value::Null)
        );
    }
    let wrong = [("authorization", "Bearer of bad news")];
    let told = desk.asks(Method::GET, "/overview", &wrong, None).await;
    assert_eq!(told.refused(), (401, "not_authorised"));
    desk.outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_served_beside_its_api_and_not_on_the_public_listener() {
    let desk = Desk::opens().await;
    let page = |address: std::net::SocketAddr, path: &str| {
        let request = desk.outside.http.get(format!("http://{address}{path}"));
        async move { request.send().await.unwrap() }
    };
    let shown = page(desk.app.ops, "/console").await;
    assert_eq!(shown.status(), 200);
    let policy = shown.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    for path in ["/console", "/console/api/overview"] {
        assert_eq!(page(desk.app.public, path).await.status(), 404, "{path}");
    }
    desk.outside.stop().await;
}
