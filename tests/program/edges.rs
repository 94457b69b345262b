//! The outer edges: signatures, bodies, unknown numbers, keys, configuration.

use std::process::{Command, Stdio};

use sacola::whatsapp::signature;
use serde_json::{Value, json};

use crate::support::program::{
    API_KEY, APP_SECRET, Gateway, NUMBER, Outside, eventually, runs, write_config,
};

struct Edge {
    outside: Outside,
    gateway: Gateway,
    _directory: tempfile::TempDir,
}

impl Edge {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = format!("embedded:{}", directory.path().join("data").display());
        let outside = Outside::start();
        let gateway = Gateway::start(&write_config(directory.path(), &outside, &store, 2_000), &outside);
        Self {
            outside,
            gateway,
            _directory: directory,
        }
    }

    async fn posts(&self, body: &[u8], header: Option<(&str, String)>) -> u16 {
        let mut request = self
            .outside
            .http
            .post(format!("{}/webhooks/whatsapp", self.gateway.public));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request
            .body(body.to_vec())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    async fn posts_signed(&self, body: &Value) -> u16 {
        let bytes = body.to_string().into_bytes();
        let header = signature::sign(&bytes, APP_SECRET.as_bytes());
        self.posts(&bytes, Some((signature::HEADER, header))).await
    }

    async fn letters(&self) -> Vec<Value> {
        let answer = self.gateway.api(&self.outside, "/v1/dead-letters").await;
        answer["dead_letters"].as_array().unwrap().clone()
    }

    async fn asks(
        &self,
        method: reqwest::Method,
        path: &str,
        key: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = self
            .outside
            .http
            .request(method, format!("{}{path}", self.gateway.public))
            .bearer_auth(key);
        if let Some(body) = body {
            request = request.json(&body).header("idempotency-key", "k-1");
        }
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            response.json().await.unwrap_or(Value::Null),
        )
    }
}

fn message(number: &str, item: &Value) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{ "field": "messages", "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "1", "phone_number_id": number },
        "messages": [item],
    } }] }] })
}

fn said(id: &str, seconds: i64) -> Value {
    json!({ "from": "5511999990000", "id": id, "timestamp": seconds.to_string(), "type": "text", "text": { "body": "oi" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_missing_short_and_sha1_signatures_are_401_and_store_nothing() {
    let edge = Edge::start();
    let body = message(NUMBER, &said("wamid.x", 1_795_000_000))
        .to_string()
        .into_bytes();
    let good = signature::sign(&body, APP_SECRET.as_bytes());
    let bad = [
        None,
        Some((signature::HEADER, String::new())),
        Some((signature::HEADER, good[..30].to_owned())),
        Some((signature::HEADER, signature::sign(&body, b"another secret"))),
        Some((
            "X-Hub-Signature",
            "sha1=0123456789012345678901234567890123456789".to_owned(),
        )),
    ];
    for header in bad {
        assert_eq!(edge.posts(&body, header.clone()).await, 401, "{header:?}");
    }
    assert!(edge.letters().await.is_empty());
    let path = format!("/v1/conversations/{NUMBER}/5511999990000");
    assert_eq!(
        edge.asks(reqwest::Method::GET, &path, API_KEY, None).await.1["code"],
        "unknown_customer"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_nonsense_is_parked_and_a_poison_item_never_harms_its_siblings() {
    let edge = Edge::start();
    let nonsense = b"this is no JSON";
    let header = signature::sign(nonsense, APP_SECRET.as_bytes());
    assert_eq!(edge.posts(nonsense, Some((signature::HEADER, header))).await, 200);
    let now = sacola::clock::Clock::now_ms(&sacola::clock::MovableClock::fixed()) / 1000;
    let mut batch = message(NUMBER, &said("wamid.one", now));
    let items = batch["entry"][0]["changes"][0]["value"]["messages"]
        .as_array_mut()
        .unwrap();
    items.insert(0, json!({ "id": 7, "type": [] }));
    items.push(json!({ "from": "5511999990000", "id": "wamid.two", "timestamp": now.to_string(), "type": "hologram" }));
    assert_eq!(edge.posts_signed(&batch).await, 200);
    let reasons: Vec<String> = edge
        .letters()
        .await
        .iter()
        .map(|letter| letter["reason"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.contains(&"unparseable".to_owned()) && reasons.contains(&"poison".to_owned()));
    let path = format!("/v1/conversations/{NUMBER}/5511999990000");
    let conversation = edge.gateway.api(&edge.outside, &path).await;
    let inbound = conversation["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["direction"] == "in")
        .count();
    assert_eq!(inbound, 2, "both siblings were taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_number_is_kept_and_a_body_that_is_too_large_is_413() {
    let edge = Edge::start();
    assert_eq!(
        edge.posts_signed(&message("999", &said("wamid.x", 1_795_000_000)))
            .await,
        200
    );
    assert_eq!(edge.letters().await[0]["reason"], "unknown_number");
    // One byte too many: who answers before all of a body is there may cut off the one who still writes it.
    let huge = vec![b' '; 3 * 1024 * 1024 + 1];
    let header = signature::sign(&huge, APP_SECRET.as_bytes());
    assert_eq!(edge.posts(&huge, Some((signature::HEADER, header))).await, 413);
    let id = edge.letters().await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/dead-letters/{id}/replay");
    let (status, answer) = edge
        .asks(reqwest::Method::POST, &path, API_KEY, Some(json!({})))
        .await;
    assert_eq!(
        (status, answer["outcome"].as_str()),
        (202, Some("parked_again")),
        "still not configured"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_answers_the_challenge_only_for_our_token() {
    let edge = Edge::start();
    let ask = |token: &str| {
        let url = format!(
            "{}/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}",
            edge.gateway.public
        );
        edge.outside.http.get(url).send()
    };
    let right = ask("a%20verify%20token").await.unwrap();
    assert_eq!(right.status().as_u16(), 200);
    assert_eq!(right.text().await.unwrap(), "1158201444");
    assert_eq!(ask("wrong").await.unwrap().status().as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_shown_through_the_api_once_per_key_and_only_in_conversation() {
    let edge = Edge::start();
    let ana = edge.outside.phone("Ana").await;
    let ids: Vec<Value> = edge.outside.get("/shop/products").await["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["retailer_id"].clone())
        .collect();
    let mut wanted: Vec<Value> = ids.iter().take(31).cloned().collect();
    wanted.push(json!("no-such-product"));
    let body = json!({ "number": NUMBER, "customer": ana.user_id, "products": wanted });
    let path = "/v1/messages/products";
    let before = edge
        .asks(reqwest::Method::POST, path, API_KEY, Some(body.clone()))
        .await;
    assert_eq!(
        (before.0, before.1["code"].as_str()),
        (404, Some("unknown_customer"))
    );
    ana.text("oi").await;
    ana.waits_for("menu", 1).await;
    let (status, answer) = edge
        .asks(reqwest::Method::POST, path, API_KEY, Some(body.clone()))
        .await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(
        answer["effects"].as_array().unwrap().len(),
        2,
        "31 products are two messages"
    );
    assert_eq!(answer["dropped"], json!(["no-such-product"]));
    let again = edge
        .asks(reqwest::Method::POST, path, API_KEY, Some(body.clone()))
        .await;
    assert_eq!(again.1, answer, "the same key gives the same answer");
    let other = json!({ "number": NUMBER, "customer": ana.user_id, "products": ["x"] });
    let conflict = edge.asks(reqwest::Method::POST, path, API_KEY, Some(other)).await;
    assert_eq!(
        (conflict.0, conflict.1["code"].as_str()),
        (409, Some("idempotency_conflict"))
    );
    ana.waits_for("catalog", 1).await;
    ana.waits_for("product", 1).await;
    assert_eq!(
        edge.asks(reqwest::Method::GET, "/v1/products", "wrong", None)
            .await
            .0,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_put_with_a_version_reaches_every_cart_and_can_be_asked_about() {
    let edge = Edge::start();
    let ana = edge.outside.phone("Ana").await;
    ana.fills_a_cart().await;
    let path = format!("/v1/conversations/{NUMBER}/{}", ana.user_id);
    let conversation = edge.gateway.api(&edge.outside, &path).await;
    let id = conversation["carts"][0]["lines"][0]["retailer_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let product = json!({
        "title": "Outro nome", "price": { "amount": "3.21", "currency": "BRL" },
        "availability": "in_stock", "version": 99_999_999_999_999_i64,
    });
    let path = format!("/v1/products/{id}");
    let (status, answer) = edge
        .asks(reqwest::Method::PUT, &path, API_KEY, Some(product))
        .await;
    assert_eq!(status, 202, "{answer}");
    let notice = ana.waits_for("price_change", 1).await;
    assert!(notice["text"].as_str().unwrap().contains("3,21"));
    let update = format!(
        "/v1/price-updates/{}",
        answer["price_update_id"].as_str().unwrap()
    );
    let done = eventually(|| async {
        let update = edge.gateway.api(&edge.outside, &update).await;
        (update["state"] == "done").then_some(update)
    });
    assert_eq!(done.await.unwrap()["notified"], 1);
    let wrong =
        json!({ "title": "x", "price": { "amount": 3.5, "currency": "BRL" }, "availability": "in_stock" });
    let (status, answer) = edge.asks(reqwest::Method::PUT, &path, API_KEY, Some(wrong)).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("invalid_money")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_tell_metrics_and_the_durability_that_a_200_has() {
    let edge = Edge::start();
    let ana = edge.outside.phone("Ana").await;
    ana.text("oi").await;
    ana.waits_for("menu", 1).await;
    let ready: Value = edge
        .outside
        .http
        .get(format!("{}/readyz", edge.gateway.ops))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(ready["ready"], true);
    assert!(ready["store"]["durability"].as_str().unwrap().len() > 10);
    assert_eq!(ready["store"]["level"], "power_loss");
    let metrics = edge
        .outside
        .http
        .get(format!("{}/metrics", edge.gateway.ops))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("sacola_webhooks_total") && metrics.contains("sacola_messages_sent_total"),
        "{metrics}"
    );
    let document: Value = edge
        .outside
        .http
        .get(format!("{}/openapi.json", edge.gateway.public))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(document["openapi"], "3.1.0");
}

#[test]
fn a_bad_configuration_is_status_2_and_every_fault_is_named_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.toml");
    std::fs::write(
        &path,
        "[server]\nlisten = 80\nlistn = \"x\"\n[whatsapp]\napp_secrets = [{ env = \"NOT_SET_ANYWHERE\" }]\n[[number]]\nphone_number_id = \"1\"\n",
    )
    .unwrap();
    let (status, _, stderr) = runs(&["serve", "--config", path.to_str().unwrap()]);
    assert_eq!(status, Some(2), "{stderr}");
    for named in [
        "server.listen",
        "listn",
        "NOT_SET_ANYWHERE",
        "access_token",
        "verify_token",
    ] {
        assert!(stderr.contains(named), "{named} is not named in:\n{stderr}");
    }
    assert_eq!(runs(&["serve", "--config", "/does/not/exist"]).0, Some(2));
}

#[test]
fn who_reads_only_the_beginning_of_an_answer_sees_no_complaint() {
    let answers: [&[&str]; 3] = [&["config", "reference"], &["explain"], &["--help"]];
    for arguments in answers {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sacola"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(
            (ended.status.code(), told.as_ref()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn help_is_plain_text_where_no_terminal_shows_it() {
    let (_, help, _) = runs(&["serve", "--help"]);
    assert!(help.contains("Usage: sacola serve"), "{help}");
    let (status, _, refusal) = runs(&["serve", "--nonsense"]);
    assert_eq!(status, Some(2));
    assert!(
        refusal.contains("error: unexpected argument '--nonsense'"),
        "{refusal}"
    );
}

#[test]
fn the_reference_and_the_openapi_document_are_printed() {
    let (status, reference, _) = runs(&["config", "reference"]);
    assert_eq!(status, Some(0));
    assert_eq!(
        reference,
        include_str!("../../docs/CONFIGURATION.md"),
        "docs/CONFIGURATION.md is generated"
    );
    let (status, document, _) = runs(&["openapi"]);
    assert_eq!(status, Some(0));
    let document: Value = serde_json::from_str(&document).unwrap();
    assert!(
        document["paths"]
            .as_object()
            .unwrap()
            .contains_key("/v1/messages/products")
    );
}

#[tokio::test]
async fn r6_a_redis_that_may_evict_carts_is_refused_with_the_mend() {
    use crate::support::redis_server::{AppendOnly, RedisServer};
    let settings = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let server = RedisServer::start_with(AppendOnly::No, &settings).unwrap();
    let refused =
        sacola::store::redis::connect(&server.url(), sacola::store::redis::Options::default()).await;
    let problem = refused
        .expect_err("an evicting server must be refused")
        .to_string();
    assert!(problem.contains("noeviction"), "{problem}");
}
