//! What `/metrics` tells, against the table of measures: every name, every label, every value, after a purchase and what else a day
//! brings; and what it never tells.

use std::collections::{BTreeMap, BTreeSet};

use sacola::domain::message::Kind as MessageKind;
use sacola::telemetry::measures::{self, Kind, Label, Measure};
use sacola::whatsapp::{errors, signature};
use serde_json::{Value, json};

use crate::support::program::{
    API_KEY, APP_SECRET, Gateway, Handset, NUMBER, Outside, eventually, runs, write_config,
};
use crate::support::redis_server::{AppendOnly, RedisServer};

/// A name that stands in nothing of ours.
const NAME: &str = "Jacarandina Quaresmeira";
/// Words that stand in nothing of ours.
const WORDS: &str = "xilofone turquesa";
/// What somebody with the app's secret might send: a field and a number of their own making.
const FIELD: &str = "field_of_5511955554444";
const FOREIGN: &str = "999000111222333";

/// Metrics that the story does not move, and why.
const UNMOVED: [(&str, &str); 20] = [
    ("sacola_config_reloads_total", "nothing is reloaded"),
    ("sacola_spans_dropped_total", "nobody collects traces"),
    ("sacola_store_memory_ratio", "an embedded store has no limit"),
    ("sacola_duplicates_total", "nothing is repeated"),
    ("sacola_account_errors_total", "the account is well"),
    ("sacola_customers_moved_total", "nobody moves"),
    ("sacola_links_refused_total", "nobody moves"),
    ("sacola_statuses_foreign_total", "all messages are ours"),
    (
        "sacola_statuses_parked_total",
        "all statuses have our callback data",
    ),
    (
        "sacola_statuses_expired_total",
        "all statuses have our callback data",
    ),
    ("sacola_buttons_refused_total", "nobody forges a button"),
    ("sacola_dead_letters_replayed_total", "nothing is replayed"),
    ("sacola_send_errors_total", "the provider takes everything"),
    ("sacola_needs_person_total", "the provider takes everything"),
    ("sacola_stopped", "sending is never stopped"),
    ("sacola_window_closed_total", "the customer has just written"),
    ("sacola_budget_refusals_total", "one customer is no flood"),
    ("sacola_lanes_released_total", "nothing stops"),
    (
        "sacola_api_requests_total",
        "told by the merchant API, which the story hardly asks",
    ),
    (
        "sacola_api_refused_total",
        "told by the merchant API, which the story hardly asks",
    ),
];

/// One line of a scrape.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: String,
}

/// A scrape, read.
#[derive(Debug)]
struct Scrape {
    text: String,
    helped: BTreeSet<String>,
    types: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

impl Scrape {
    async fn of(outside: &Outside, gateway: &Gateway) -> Self {
        let answer = outside.http.get(format!("{}/metrics", gateway.ops)).send();
        Self::read(answer.await.unwrap().text().await.unwrap())
    }

    fn read(text: String) -> Self {
        let (mut helped, mut types, mut samples) = (BTreeSet::new(), BTreeMap::new(), Vec::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, meaning) = help.split_once(' ').unwrap();
                assert!(!meaning.is_empty(), "{line}");
                helped.insert(name.to_owned());
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                types.insert(name.to_owned(), kind.to_owned());
            } else {
                samples.push(sample(line));
            }
        }
        Self {
            text,
            helped,
            types,
            samples,
        }
    }

    /// The values of a metric whose labels have these values.
    fn values(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&str> {
        let fits = |sample: &&Sample| {
            let has = |(key, value): &(&str, &str)| sample.labels.get(*key).is_some_and(|one| one == value);
            sample.name == name && labels.iter().all(has)
        };
        self.samples
            .iter()
            .filter(fits)
            .map(|sample| sample.value.as_str())
            .collect()
    }

    /// True when a counter or a histogram counted something, and when a gauge is there.
    fn tells(&self, measure: &Measure) -> bool {
        match measure.kind {
            Kind::Counter => self.values(measure.name, &[]).iter().any(|value| *value != "0"),
            Kind::Histogram(_) => {
                let counts = self.values(&format!("{}_count", measure.name), &[]);
                counts.iter().any(|value| *value != "0")
            }
            Kind::Gauge | Kind::StoreGauge => !self.values(measure.name, &[]).is_empty(),
        }
    }
}

fn sample(line: &str) -> Sample {
    let (key, value) = line.rsplit_once(' ').unwrap();
    let (name, inside) = match key.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix("\"}").unwrap()),
        None => (key, ""),
    };
    let pairs = inside.split("\",").filter(|pair| !pair.is_empty());
    let labels = pairs.map(|pair| {
        let (key, value) = pair.split_once("=\"").unwrap();
        (key.to_owned(), value.to_owned())
    });
    Sample {
        name: name.to_owned(),
        labels: labels.collect(),
        value: value.to_owned(),
    }
}

/// The metric that a line belongs to.
fn measure_of(sample: &Sample) -> Option<&'static Measure> {
    measures::all().find(|measure| match measure.kind {
        Kind::Histogram(_) => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|part| sample.name.strip_suffix(part) == Some(measure.name)),
        Kind::Counter | Kind::Gauge | Kind::StoreGauge => sample.name == measure.name,
    })
}

fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge | Kind::StoreGauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

/// True when what names a label's values knows this one.
fn is_named(label: &str, value: &str) -> bool {
    match label {
        "number" => value == NUMBER,
        "merchant" => value == "demo",
        "version" => value == env!("CARGO_PKG_VERSION"),
        "gate" => value == format!("number {NUMBER}") || value == "merchant demo",
        "code" => {
            let is_known = |code: i64| errors::row(code).is_some();
            ["none", "other"].contains(&value) || value.parse().is_ok_and(is_known)
        }
        "route" => value.starts_with("/v1/"),
        "secret" => value.contains('.'),
        other => panic!("who names the values of {other}?"),
    }
}

fn label_is_right(label: &Label, value: &str) -> bool {
    match label.values() {
        Some(mut words) => words.any(|word| word == value),
        None => is_named(label.name(), value),
    }
}

/// Every line is in the table, with its help, its type, its labels and their values.
fn is_of_the_table(scrape: &Scrape) {
    for sample in &scrape.samples {
        let measure = measure_of(sample).unwrap_or_else(|| panic!("{} is not in the table", sample.name));
        assert!(
            scrape.helped.contains(measure.name),
            "{} has no HELP",
            measure.name
        );
        assert_eq!(
            scrape.types[measure.name],
            type_of(measure.kind),
            "{}",
            measure.name
        );
        let mut labels = sample.labels.clone();
        if sample.name.ends_with("_bucket") {
            assert!(labels.remove("le").is_some(), "{sample:?}");
        }
        let expected: BTreeSet<&str> = measure.labels.iter().map(Label::name).collect();
        let told: BTreeSet<&str> = labels.keys().map(String::as_str).collect();
        assert_eq!(told, expected, "{sample:?}");
        for label in measure.labels {
            assert!(label_is_right(label, &labels[label.name()]), "{sample:?}");
        }
    }
}

async fn posts(outside: &Outside, gateway: &Gateway, body: &Value, secret: &str) -> u16 {
    let bytes = body.to_string().into_bytes();
    let request = outside
        .http
        .post(format!("{}/webhooks/whatsapp", gateway.public))
        .header(signature::HEADER, signature::sign(&bytes, secret.as_bytes()));
    request.body(bytes).send().await.unwrap().status().as_u16()
}

fn webhook(changes: &Value) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [changes] }] })
}

/// A purchase to its payment, a changed price, and what a stranger sends. Returns what must stay unsaid.
async fn a_day(outside: &Outside, gateway: &Gateway) -> Vec<String> {
    let customer = outside.phone(NAME).await;
    let phone = outside.get(&format!("/emulator/phones/{}", customer.id)).await;
    let cart = customer.fills_a_cart().await;
    let summary = customer.taps(&cart, "checkout", "summary").await;
    let link = customer.taps(&summary, "confirm", "payment_link").await;
    let purchases = outside.purchases().await;
    let purchase = purchases[0]["purchase_id"].as_str().unwrap();
    outside
        .post(&format!("/shop/purchases/{purchase}/pay"), json!({}))
        .await;
    customer.waits_for("paid", 1).await;
    a_price_changes(outside, gateway, &customer).await;
    assert_eq!(customer.text(WORDS).await, 200);

    let foreign = json!({ "field": "messages", "value": { "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1", "phone_number_id": FOREIGN },
        "messages": [{ "from": "5511955554444", "id": "wamid.foreign", "timestamp": "1795000000", "type": "text",
            "text": { "body": WORDS } }] } });
    let unknown = json!({ "field": FIELD, "value": { "words": WORDS } });
    assert_eq!(posts(outside, gateway, &webhook(&foreign), APP_SECRET).await, 200);
    assert_eq!(posts(outside, gateway, &webhook(&unknown), APP_SECRET).await, 200);
    assert_eq!(posts(outside, gateway, &webhook(&unknown), "a guess").await, 401);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    vec![
        text(&phone["wa_id"]),
        customer.user_id.clone(),
        text(&link["message_id"]),
        text(&link["link"]["url"]),
        purchase.to_owned(),
    ]
}

/// The customer has one product in a new cart, and its price changes.
async fn a_price_changes(outside: &Outside, gateway: &Gateway, customer: &Handset<'_>) {
    customer.fills_a_cart().await;
    let path = format!("/v1/conversations/{NUMBER}/{}", customer.user_id);
    let conversation = gateway.api(outside, &path).await;
    let id = conversation["carts"][0]["lines"][0]["retailer_id"]
        .as_str()
        .unwrap();
    outside
        .put(&format!("/shop/products/{id}"), json!({ "price": "1.23" }))
        .await;
    customer.waits_for("price_change", 1).await;
}

/// Scrapes until it tells what it should, for many rounds of the sampler.
async fn scraped(outside: &Outside, gateway: &Gateway, is_told: impl Fn(&Scrape) -> bool) -> Scrape {
    let seen = eventually(|| async {
        let scrape = Scrape::of(outside, gateway).await;
        is_told(&scrape).then_some(scrape)
    });
    match seen.await {
        Some(scrape) => scrape,
        None => panic!("{}", Scrape::of(outside, gateway).await.text),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_all_that_is_told_is_in_the_table_and_nothing_of_a_customer_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    let outside = Outside::start();
    let gateway = Gateway::start(&write_config(directory.path(), &outside, &store, 2_000), &outside);
    let personal = a_day(&outside, &gateway).await;
    let unmoved: BTreeMap<&str, &str> = UNMOVED.into_iter().collect();
    let moved = |measure: &&Measure| !unmoved.contains_key(measure.name);
    let expected: Vec<&Measure> = measures::all().filter(moved).collect();
    assert!(expected.len() * 2 > measures::all().count(), "most are moved");
    let scrape = scraped(&outside, &gateway, |scrape| {
        expected.iter().all(|measure| scrape.tells(measure))
    })
    .await;

    is_of_the_table(&scrape);
    let value = |name: &str, labels: &[(&str, &str)]| scrape.values(name, labels).join(",");
    assert_eq!(value("sacola_purchases_total", &[("state", "paid")]), "1");
    assert_eq!(value("sacola_purchases_total", &[("state", "forwarded")]), "1");
    assert_eq!(
        value("sacola_purchase_answers_total", &[("answer", "accepted")]),
        "1"
    );
    assert_eq!(
        value("sacola_webhooks_total", &[("outcome", "bad_signature")]),
        "1"
    );
    assert_eq!(value("sacola_unrecognised_total", &[("what", "field")]), "1");
    assert_eq!(
        value("sacola_dead_letters_total", &[("reason", "unknown_number")]),
        "1"
    );
    assert_eq!(
        value("sacola_price_update_carts_total", &[("outcome", "notified")]),
        "1"
    );
    assert_ne!(value("sacola_callbacks_total", &[("outcome", "taken")]), "0");
    assert_eq!(value("sacola_ready", &[]), "1");
    assert_eq!(value("sacola_store_up", &[]), "1");
    let secrets = [APP_SECRET, API_KEY, "a verify token", "whsec_"];
    let strange = [
        NAME,
        "Jacarandina",
        WORDS,
        "xilofone",
        FIELD,
        FOREIGN,
        "5511955554444",
    ];
    let personal = personal.iter().map(String::as_str);
    for unsaid in personal.chain(secrets).chain(strange) {
        assert!(!scrape.text.contains(unsaid), "{unsaid} is in\n{}", scrape.text);
    }
    assert_eq!(gateway.terminates(), Some(0));
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_its_numbers_stay_and_it_is_told_to_be_down() {
    let mut server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &server.url(), 2_000);
    let gateway = Gateway::start(&config, &outside);
    let is = |scrape: &Scrape, name: &str, value: &str| scrape.values(name, &[]) == [value];
    let up = scraped(&outside, &gateway, |scrape| is(scrape, "sacola_store_up", "1")).await;
    let whole = [("number", NUMBER)];
    assert_eq!(up.values("sacola_budget_available_ratio", &whole), ["1"]);

    server.kill().unwrap();
    let down = scraped(&outside, &gateway, |scrape| {
        is(scrape, "sacola_store_up", "0") && is(scrape, "sacola_ready", "0")
    })
    .await;
    assert_eq!(down.values("sacola_lanes", &[]), up.values("sacola_lanes", &[]));
    assert_eq!(down.values("sacola_budget_available_ratio", &whole), ["1"]);

    server.restart().unwrap();
    scraped(&outside, &gateway, |scrape| {
        is(scrape, "sacola_store_up", "1") && is(scrape, "sacola_ready", "1")
    })
    .await;
    assert_eq!(gateway.terminates(), Some(0));
    outside.stop().await;
}

#[test]
fn the_table_is_printed_as_it_stands_in_docs() {
    let (status, document, _) = runs(&["metrics"]);
    assert_eq!(status, Some(0));
    assert_eq!(
        document,
        include_str!("../../docs/METRICS.md"),
        "docs/METRICS.md is generated"
    );
}

#[test]
fn what_is_excepted_is_in_the_table() {
    for (name, why) in UNMOVED {
        assert!(
            measures::all().any(|measure| measure.name == name),
            "{name}: {why}"
        );
    }
}

#[test]
fn the_kinds_of_messages_in_the_table_are_those_of_the_domain() {
    let kinds: BTreeSet<&str> = MessageKind::ALL.into_iter().map(MessageKind::word).collect();
    for (name, more) in [
        ("sacola_messages_sent_total", None),
        ("sacola_window_closed_total", Some("api")),
    ] {
        let measure = measures::all().find(|measure| measure.name == name).unwrap();
        let values: BTreeSet<&str> = measure.labels[0].values().unwrap().collect();
        let expected: BTreeSet<&str> = kinds.iter().copied().chain(more).collect();
        assert_eq!(values, expected, "{name}");
    }
}
