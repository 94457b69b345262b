//! Customers with names that nothing else has write, share, buy, pay, are refused, and meet every fault that repeats their words; what
//! the gateway wrote meanwhile, at trace level, knows none of it.

use sacola::whatsapp::signature;
use serde_json::{Value, json};

use super::needles::Needles;
use super::stage::{ACCESS_TOKEN, API_KEY, APP_SECRET, Form, Stage};
use crate::support::program::{Handset, NUMBER, eventually};

const NAME: &str = "Zoroastro Quintanilha";
const WA_ID: &str = "5511987650143";
const USER_ID: &str = "BR.ZQ7719200431";
/// Without its country.
const BARE_USER_ID: &str = "ZQ7719200431";
const WORDS: &str = "quero uma lembrança para a tia Hermengarda";
const PLACE: &str = "Rua das Acácias Prateadas 1987";
const PLACE_NAME: &str = "Sobrado da Hermengarda";
const LATITUDE: &str = "-23.5629417";
const NOTE: &str = "sem lactose, entregar à vizinha Clotilde";
const SECOND_NAME: &str = "Berenice Quaresma";
const SECOND_WA_ID: &str = "5521976540288";

fn needles() -> Needles {
    let mut needles = Stage::secrets();
    needles.name("the customer's name", NAME);
    needles.number("the customer's number", WA_ID);
    needles.text("the customer's user id", USER_ID);
    needles.text("the customer's user id", BARE_USER_ID);
    needles.text("the customer's words", WORDS);
    needles.text("a name in the customer's words", "Hermengarda");
    needles.text("the customer's address", PLACE);
    needles.text("the customer's address", "Prateadas");
    needles.text("the customer's address", PLACE_NAME);
    needles.text("the customer's place", LATITUDE);
    needles.text("the note of an order", NOTE);
    needles.text("a name in the note of an order", "Clotilde");
    needles.name("the second customer's name", SECOND_NAME);
    needles.number("the second customer's number", SECOND_WA_ID);
    needles
}

/// What a careless backend or provider writes into an error.
fn careless(about: &str) -> String {
    json!({ "error": about, "customer": NAME, "wa_id": WA_ID, "code": "refused", "text": WORDS,
        "other": { "name": SECOND_NAME, "wa_id": SECOND_WA_ID } })
    .to_string()
}

impl Stage {
    async fn does(&self, phone: &Handset<'_>, what: &str, body: Value) {
        let path = format!("/emulator/phones/{}/devices/android/{what}", phone.id);
        self.outside.post(&path, body).await;
    }

    async fn asks(&self, path: &str, key: &str) -> u16 {
        let url = format!("{}{path}", self.public);
        let request = self.outside.http.get(url).bearer_auth(key);
        request.send().await.unwrap().status().as_u16()
    }

    async fn webhook(&self, body: &str, secret: &str) -> u16 {
        let signed = signature::sign(body.as_bytes(), secret.as_bytes());
        let url = format!("{}/webhooks/whatsapp", self.public);
        let request = self.outside.http.post(url).header(signature::HEADER, signed);
        request
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }
}

/// Writes, shares, buys and pays; adds what only this purchase has to what is looked for.
async fn buys_and_pays(stage: &Stage, phone: &Handset<'_>, needles: &mut Needles) {
    stage.outside.post("/shop/payment", json!({ "pix": true })).await;
    phone.text(WORDS).await;
    let place =
        json!({ "latitude": LATITUDE, "longitude": "-46.6546091", "name": PLACE_NAME, "address": PLACE });
    stage.does(phone, "location", place).await;
    stage.does(phone, "contact", json!({})).await;
    stage.does(phone, "image", json!({ "caption": WORDS })).await;
    let cart = phone.fills_a_cart().await;
    stage.between.answers("/quotes", 500, &careless("boom"));
    let summary = phone.taps(&cart, "checkout", "summary").await;
    let pix = phone.taps(&summary, "confirm", "pix").await;
    for (at, what) in [("code", "a Pix code"), ("payment_link", "a payment link")] {
        for text in texts_under(&pix, at) {
            needles.text(what, &text);
        }
    }
    assert!(!texts_under(&pix, "code").is_empty(), "{pix}");
    let purchases = stage.outside.purchases().await;
    let id = purchases[0]["purchase_id"].as_str().unwrap();
    stage
        .outside
        .post(&format!("/shop/purchases/{id}/pay"), json!({}))
        .await;
    phone.waits_for("paid", 1).await;
    stage
        .outside
        .post(&format!("/emulator/phones/{}/read", phone.id), json!({}))
        .await;
}

/// Every text that stands under a key of this name, however deep.
fn texts_under(value: &Value, key: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, inner)| match inner.as_str() {
                Some(text) if name == key && text.len() >= 20 => vec![text.to_owned()],
                _ => texts_under(inner, key),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|item| texts_under(item, key)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Orders with a note; the merchant refuses in careless words.
async fn is_refused(stage: &Stage, phone: &Handset<'_>) {
    let products = stage.outside.get("/shop/products").await;
    let id = products["products"][3]["retailer_id"].as_str().unwrap();
    stage
        .between
        .answers("/purchases", 403, &careless("who is that?"));
    let order = json!({ "items": [{ "retailer_id": id, "quantity": 1 }], "text": NOTE });
    stage.does(phone, "order", order).await;
    phone.waits_for("purchase_declined", 1).await;
}

/// Bodies that can't be read, or aren't the provider's, and callbacks of nobody.
async fn strange_webhooks(stage: &Stage) {
    let body = |from: Value, text: Value| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "1", "phone_number_id": NUMBER },
            "contacts": [{ "profile": { "name": NAME }, "wa_id": WA_ID }],
            "messages": [{ "from": from, "id": { "of": WORDS }, "timestamp": NAME, "type": NAME, "text": text }],
            "errors": [{ "code": 130_429, "title": NAME, "error_data": { "details": careless("x") } }],
        } }, { "field": NAME, "value": { "phone": WA_ID } }] }] })
        .to_string()
    };
    // Ids that are none, and numbers of nobody's.
    let told = |number: &str, id: &str| {
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "1", "phone_number_id": number },
            "statuses": [{ "id": id, "status": "read", "timestamp": "1", "recipient_id": WA_ID }],
            "errors": [{ "code": 131_031, "title": NAME }],
        } }] }] })
        .to_string()
    };
    let strange = [
        told(NUMBER, BARE_USER_ID),
        told(WA_ID, "Quintanilha5511987650143"),
        body(json!(WA_ID), json!({ "body": WORDS })),
        body(json!([WA_ID]), json!(WORDS)),
        format!("{{\"object\": \"{NAME}\", \"entry\": \"{WORDS}\"}}"),
        format!("not JSON at all: {NAME} {WA_ID}"),
    ];
    for body in strange {
        assert_eq!(stage.webhook(&body, APP_SECRET).await, 200, "{body}");
        assert_eq!(stage.webhook(&body, "another secret").await, 401);
    }
    let url = format!("{}/webhooks/merchants/demo", stage.public);
    let callback = stage.outside.http.post(url).body(careless("callback"));
    let callback = callback
        .header("webhook-id", WA_ID)
        .header("webhook-signature", "v1,bad");
    assert_eq!(callback.send().await.unwrap().status().as_u16(), 401);
}

/// The merchant API is asked about customers by their numbers, with a good key and a wrong one.
async fn asks_by_number(stage: &Stage) {
    let path = format!("/v1/conversations/{NUMBER}/{WA_ID}");
    assert_eq!(stage.asks(&path, API_KEY).await, 200);
    assert_eq!(stage.asks(&format!("{path}/journal"), API_KEY).await, 200);
    assert_eq!(stage.asks(&path, "not a key of this gateway").await, 401);
    let listed = format!("/v1/products?cursor={WA_ID}");
    assert_ne!(stage.asks(&listed, API_KEY).await, 500);
    let verify =
        format!("/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token={API_KEY}&hub.challenge={WA_ID}");
    assert_eq!(stage.asks(&verify, API_KEY).await, 403);
}

/// Sends that the provider refuses in words that repeat the customer and the token; the last refusal ends the token's life.
async fn sends_that_fail(stage: &Stage, phone: &Handset<'_>) {
    let words = format!("Malformed access token {ACCESS_TOKEN} for {NAME} ({WA_ID}): '{WORDS}'");
    for (code, http) in [(131_016, 500), (131_009, 400), (190, 401)] {
        let fault = json!({ "action": "error", "code": code, "http": http, "details": words });
        stage
            .outside
            .post("/emulator/faults", json!({ "send": [fault] }))
            .await;
        phone.text("ajuda").await;
        let met = eventually(|| async {
            let state = stage.outside.get("/emulator/state").await;
            (state["faults_waiting"] == 0).then_some(())
        });
        assert!(met.await.is_some(), "the fault {code} was met");
    }
}

/// No key stands twice in the span of a line, and a line that people search for leads to its trace.
fn reads_well(log: &str) {
    let spans: Vec<&str> = log
        .lines()
        .filter_map(|line| line.split_once("\"span\":{"))
        .filter_map(|(_, rest)| rest.split('}').next())
        .collect();
    assert!(
        spans.contains(&"\"task\":\"lane\",\"name\":\"task\""),
        "{spans:?}"
    );
    for span in spans {
        assert_eq!(span.matches("\"name\":").count(), 1, "{span}");
    }
    let answered = log
        .lines()
        .find(|line| line.contains("a purchase has its answer"));
    assert!(
        answered.is_some_and(|line| line.contains("\"trace_id\":\"")),
        "{answered:?}"
    );
}

async fn everything(form: Form) {
    let stage = Stage::start(form, true);
    let mut needles = needles();
    let customer = json!({ "name": NAME, "wa_id": WA_ID, "user_id": USER_ID });
    let phone = stage.outside.phone_of(customer).await;
    buys_and_pays(&stage, &phone, &mut needles).await;
    let customer = json!({ "name": SECOND_NAME, "wa_id": SECOND_WA_ID });
    let second = stage.outside.phone_of(customer).await;
    is_refused(&stage, &second).await;
    strange_webhooks(&stage).await;
    asks_by_number(&stage).await;
    sends_that_fail(&stage, &second).await;
    let (id, second_id) = (phone.user_id.clone(), second.user_id.clone());
    drop((phone, second));
    needles.text("a user id", &id);
    needles.text("a user id", &second_id);

    let written = stage.ends().await;

    for line in [
        "webhook",
        "callback",
        "decision",
        "commit",
        "attempt",
        "status",
        "api request",
    ] {
        assert!(written.log.contains(line), "{line} is logged");
    }
    if form == Form::Json {
        reads_well(&written.log);
    }
    assert!(written.metrics.contains("sacola_webhooks_total"));
    assert!(written.spans.contains("\"webhook\""));
    assert_eq!(written.leaks(&needles), Vec::<String>::new());

    // The same check on the same log finds what is planted in it.
    let mut planted = written;
    planted
        .log
        .extend([format!("\n{{\"problem\":\"no {NAME} here\"}}\n")]);
    planted.spans.push_str(WA_ID);
    assert!(planted.leaks(&needles).len() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stands_in_the_log_the_metrics_or_the_spans_of_a_full_life_at_trace_level() {
    everything(Form::Json).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_stands_in_a_plain_log_either() {
    everything(Form::Plain).await;
}
