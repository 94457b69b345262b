//! A real Prometheus that reads a real gateway by the shipped configuration and rules, while a customer buys.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use sacola::clock::{Clock, MovableClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::support::program::{Gateway, Handset, NUMBER, Outside, eventually, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

use super::dashboard::queries;
use super::pages::questions;
use super::rules::{RULES, rules};
use super::{of_project, text_of};

/// Queries by their beginnings that may have no answer while all is well, and why.
const MAY_BE_EMPTY: [(&str, &str); 6] = [
    ("max by (alertname, severity) (ALERTS", "no alert fires"),
    (
        "max by (gate) (sacola_stopped",
        "absent while nothing was ever stopped",
    ),
    (
        "sum by (number) (sacola:number_events:usual1h",
        "a baseline needs a week",
    ),
    (
        "sum by (category) (sacola:messages_priced:usual1d",
        "a baseline needs a week",
    ),
    (
        "sum by (code) (sacola:needs_person:new1h",
        "begins with the first such answer",
    ),
    (
        "sum by (code) (sacola:account_errors:new1h",
        "begins with the first such webhook",
    ),
];

/// How long every query may take to find an answer.
const PATIENCE_MS: i64 = 60_000;

struct Prometheus {
    process: Child,
    url: String,
    _directory: TempDir,
}

impl Prometheus {
    /// Reads `target` each second and judges the shipped rules as often.
    async fn start(target: &str, http: &reqwest::Client) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("prometheus.yaml");
        std::fs::write(&config, configuration(target)).unwrap();
        let log = directory.path().join("log");
        let mut command = Command::new("prometheus");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                directory.path().join("data").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        let process = command.spawn().unwrap_or_else(|error| {
            panic!("prometheus can't be started ({error}). Mend: scripts/test --step prometheus")
        });
        let mut prometheus = Self {
            process,
            url: String::new(),
            _directory: directory,
        };
        let address = eventually(|| async { address_in(&log) }).await;
        let address = address.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(&log).unwrap()));
        prometheus.url = format!("http://{address}");
        // It listens before its storage is open, and refuses all questions until then.
        let ready = format!("{}/-/ready", prometheus.url);
        let is_ready = eventually(|| async {
            let answer = http.get(&ready).send().await.ok()?;
            answer.status().is_success().then_some(())
        });
        let told = || std::fs::read_to_string(&log).unwrap();
        assert!(is_ready.await.is_some(), "{}", told());
        prometheus
    }

    /// Asks an API of Prometheus; what went wrong comes as text.
    async fn asks(
        &self,
        http: &reqwest::Client,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, String> {
        let url = Url::parse_with_params(&format!("{}/api/v1/{path}", self.url), query)
            .map_err(|error| error.to_string())?;
        let sent = http.get(url.as_str()).send().await;
        let response = sent.map_err(|error| error.to_string())?;
        let answer: Value = response.json().await.map_err(|error| error.to_string())?;
        if answer["status"] == "success" {
            Ok(answer["data"].clone())
        } else {
            Err(answer.to_string())
        }
    }

    async fn alerts(&self, http: &reqwest::Client) -> Vec<Value> {
        let data = self.asks(http, "alerts", &[]).await.unwrap();
        data["alerts"].as_array().unwrap().clone()
    }

    /// What is left of `queries` that has no answer when all of them have had their time. A query that fails is a fault.
    async fn unanswered(
        &self,
        http: &reqwest::Client,
        mut queries: Vec<(String, String)>,
    ) -> Vec<(String, String)> {
        let clock = MovableClock::fixed();
        let until_ms = clock.now_ms() + PATIENCE_MS;
        loop {
            let mut left = Vec::new();
            for (place, query) in queries {
                let data = self.asks(http, "query", &[("query", query.as_str())]).await;
                let data = data.unwrap_or_else(|error| panic!("{place}: {query}\n{error}"));
                if data["result"].as_array().is_none_or(Vec::is_empty) {
                    left.push((place, query));
                }
            }
            if left.is_empty() || clock.now_ms() > until_ms {
                return left;
            }
            queries = left;
            clock.sleep_ms(250).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            drop(self.process.wait());
        }
    }
}

/// The shipped configuration with another target, other times and the rules where they are.
fn configuration(target: &str) -> String {
    let rules = Value::String(of_project(RULES).display().to_string());
    let rules = format!("- {rules}");
    let mut text = text_of("deploy/prometheus/prometheus.yaml");
    for (from, to) in [
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ("- alerts.yaml", rules.as_str()),
        ("sacola:9090", target),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    text
}

/// Where Prometheus listens, as its log says once it does.
fn address_in(log: &Path) -> Option<String> {
    let text = std::fs::read_to_string(log).ok()?;
    let (_, rest) = text.split_once("msg=\"Listening on\"")?;
    let (line, _) = rest.split_once('\n')?;
    let mut words = line.split_whitespace();
    words
        .find_map(|word| word.strip_prefix("address="))
        .map(str::to_owned)
}

/// A query as Grafana would send it, with all of each variable.
fn filled_in(query: &str) -> String {
    query
        .replace("$__rate_interval", "10s")
        .replace("$namespace", ".*")
        .replace("$instance", ".*")
        .replace("$number", ".*")
}

/// The end of a secret, so that there is one to tell.
fn give_a_secret_an_end(config: &Path) {
    let text = std::fs::read_to_string(config).unwrap();
    let (from, to) = (
        "{ env = \"APP_SECRET\" }",
        "{ env = \"APP_SECRET\", expires_at = \"2099-01-01T00:00:00Z\" }",
    );
    assert!(text.contains(from));
    std::fs::write(config, text.replace(from, to)).unwrap();
}

/// From hello over a change of price to a paid purchase.
async fn buys(outside: &Outside, gateway: &Gateway, ana: &Handset<'_>) {
    ana.fills_a_cart().await;
    let path = format!("/v1/conversations/{NUMBER}/{}", ana.user_id);
    let conversation = gateway.api(outside, &path).await;
    let product = conversation["carts"][0]["lines"][0]["retailer_id"]
        .as_str()
        .unwrap();
    let price = json!({ "price": "1.23" });
    outside.put(&format!("/shop/products/{product}"), price).await;
    let notice = ana.waits_for("price_change", 1).await;
    let cart = ana.taps(&notice, "accept_prices", "cart").await;
    let summary = ana.taps(&cart, "checkout", "summary").await;
    ana.taps(&summary, "confirm", "payment_link").await;
    let purchases = outside.purchases().await;
    let purchase = purchases[0]["purchase_id"].as_str().unwrap();
    outside
        .post(&format!("/shop/purchases/{purchase}/pay"), json!({}))
        .await;
    ana.waits_for("paid", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_healthy_run_every_query_answers_and_no_alert_stirs_until_the_gateway_ends() {
    let store = RedisServer::start_with(AppendOnly::EverySecond, &["--maxmemory", "256mb"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let outside = Outside::start();
    let config = write_config(directory.path(), &outside, &store.url(), 2_000);
    give_a_secret_an_end(&config);
    let gateway = Gateway::start(&config, &outside);
    let prometheus = Prometheus::start(gateway.ops.trim_start_matches("http://"), &outside.http).await;
    let ana = outside.phone("Ana").await;
    buys(&outside, &gateway, &ana).await;

    every_query_answers(&prometheus, &outside.http).await;
    every_rule_is_judged(&prometheus, &outside.http).await;
    no_alert_stirs(&prometheus, &outside.http).await;

    assert_eq!(gateway.terminates(), Some(0));
    let down = eventually(|| async {
        let alerts = prometheus.alerts(&outside.http).await;
        alerts
            .into_iter()
            .find(|alert| alert["labels"]["alertname"] == "SacolaDown")
    });
    let down = down.await.expect("nobody notices that the gateway has ended");
    assert_eq!(down["labels"]["severity"], "page");
    outside.stop().await;
}

/// A look at the gateway that came too late on a busy machine stirs `SacolaDown` until the next; nothing pardons any other alert.
async fn no_alert_stirs(prometheus: &Prometheus, http: &reqwest::Client) {
    let calm = eventually(|| async {
        let alerts = prometheus.alerts(http).await;
        let is_late_look = |alert: &Value| alert["labels"]["alertname"] == "SacolaDown";
        let is_pardoned = alerts.iter().all(is_late_look);
        assert!(is_pardoned, "alerts on a healthy run: {alerts:#?}");
        alerts.is_empty().then_some(())
    });
    if calm.await.is_none() {
        let stirring = prometheus.alerts(http).await;
        panic!("alerts on a healthy run: {stirring:#?}");
    }
}

async fn every_query_answers(prometheus: &Prometheus, http: &reqwest::Client) {
    let asked: Vec<(String, String)> = queries()
        .into_iter()
        .map(|(place, query)| (place, filled_in(&query)))
        .collect();
    for (begins, why) in MAY_BE_EMPTY {
        let is_asked = asked.iter().any(|(_, query)| query.starts_with(begins));
        assert!(is_asked, "nothing asks for {begins}, which may be empty: {why}");
    }
    let (may_be_empty, asked): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(_, query)| {
        let mut beginnings = MAY_BE_EMPTY.iter();
        beginnings.any(|(begins, _)| query.starts_with(begins))
    });
    let unanswered = prometheus.unanswered(http, asked).await;
    assert!(unanswered.is_empty(), "no answer to {unanswered:#?}");
    for (place, query) in may_be_empty.into_iter().chain(questions()) {
        let answer = prometheus.asks(http, "query", &[("query", query.as_str())]).await;
        assert!(answer.is_ok(), "{place}: {query}\n{answer:?}");
    }
}

async fn every_rule_is_judged(prometheus: &Prometheus, http: &reqwest::Client) {
    let all = rules().len();
    let judged = eventually(|| async {
        let data = prometheus.asks(http, "rules", &[]).await.unwrap();
        let groups = data["groups"].as_array().unwrap();
        let rules: Vec<&Value> = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap())
            .collect();
        let well = rules.iter().filter(|rule| rule["health"] == "ok").count();
        (well == all && rules.len() == all).then_some(())
    });
    if judged.await.is_none() {
        let seen = prometheus.asks(http, "rules", &[]).await.unwrap();
        panic!("not all of the {all} rules are well: {seen:#}");
    }
}
