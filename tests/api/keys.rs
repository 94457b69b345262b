//! Keys as people get and use them: made by the command, kept as a hash, each with its own rate; addresses and methods that are
//! not there; lists that are paged.

use std::process::Command;

use reqwest::Method;
use sacola::clock::{Clock, MovableClock};
use serde_json::Value;

use super::desk::{Desk, OPERATOR, OWN, SLOW, text};
use crate::support::program::{environment, runs};

#[test]
fn the_command_makes_a_fresh_key_and_a_block_that_holds_only_its_hash() {
    let (status, first, told) = runs(&["api-key", "--merchant", "cafe", "--scope", "catalog:read"]);
    assert_eq!(status, Some(0), "{told}");
    let key = first.lines().next().unwrap().to_owned();
    assert!(key.starts_with("sk_sacola_") && key.len() >= 10 + 43, "{key}");
    let (_, block) = first.split_once('\n').unwrap();
    assert!(!block.contains(&key), "{block}");
    let table: toml::Table = block.parse().unwrap();
    let digest = sacola::config::KeyDigest::of(&key).to_hex();
    assert_eq!(
        table["api_key"][0]["secret_sha256"].as_str(),
        Some(digest.as_str())
    );
    assert_eq!(table["api_key"][0]["scopes"][0].as_str(), Some("catalog:read"));

    let (status, json, _) = runs(&["api-key", "--json"]);
    assert_eq!(status, Some(0));
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_ne!(text(&told["key"]), key, "each is fresh");
    assert_eq!(runs(&["api-key", "--id", "no good"]).0, Some(2));
    assert_eq!(runs(&["api-key", "--scope", "everything"]).0, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_configured_as_a_hash_opens_and_the_command_line_takes_it_from_the_environment() {
    let desk = Desk::opens().await;
    // OWN stands as a hash in the configuration
    assert!(desk.get("/v1/products?limit=1", OWN).await["products"].is_array());

    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("hashed.toml");
    let hash = sacola::config::KeyDigest::of(OPERATOR).to_hex();
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:1\"\nops_listen = \"127.0.0.1:2\"\n[whatsapp]\nverify_token = {{ env = \
         \"VERIFY_TOKEN\" }}\napp_secrets = [{{ env = \"APP_SECRET\" }}]\n[[api_key]]\nid = \"backoffice\"\nmerchant = \
         \"*\"\nsecret_sha256 = \"{hash}\"\nscopes = [\"dead_letters:write\"]\n"
    );
    std::fs::write(&config, text).unwrap();
    let lists = |own: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sacola"));
        command
            .args(["dead-letters", "groups", "--config"])
            .arg(&config)
            .args(["--gateway", &desk.gateway.public])
            .envs(environment())
            .env_remove("SACOLA_API_KEY");
        if let Some(own) = own {
            command.env("SACOLA_API_KEY", own);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    assert_eq!(lists(Some(OPERATOR)).0, Some(0));
    let (status, told) = lists(None);
    assert_eq!(status, Some(2), "{told}");
    assert!(
        told.contains("backoffice") && told.contains("SACOLA_API_KEY"),
        "{told}"
    );
    let (status, told) = lists(Some(OWN));
    assert_eq!(status, Some(2), "{told}");
    assert!(!told.contains(OWN), "{told}");
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_has_its_own_rate_and_wrong_ones_take_nothing_from_right_ones() {
    let desk = Desk::opens().await;
    let asks = |key: &'static str| desk.sends(Method::GET, "/v1/products?limit=1", key, &[], None);
    let clock = MovableClock::fixed();
    // On a machine that stands still for seconds all ten have their time: then others are asked for.
    let limited = loop {
        let before_ms = clock.now_ms();
        let all = futures::future::join_all((0..10).map(|_| asks(SLOW))).await;
        let took_ms = clock.now_ms() - before_ms;
        let (limited, taken): (Vec<_>, Vec<_>) = all.into_iter().partition(|told| told.status == 429);
        let most = 2 + usize::try_from(took_ms / 500).unwrap();
        assert!(taken.len() <= most, "{} after {took_ms} ms", taken.len());
        if !limited.is_empty() {
            break limited;
        }
    };
    for told in limited {
        assert_eq!(told.refused(), (429, "rate_limited"));
        assert_eq!(told.retry_after.as_deref(), Some("1"));
    }
    assert_eq!(asks(OWN).await.status, 200, "another key is not slowed down");

    let mut statuses = Vec::new();
    let began_ms = clock.now_ms();
    // a hundred at once, and one more each second, which a slow machine needs for some
    while !statuses.contains(&429) {
        statuses.push(asks("sk_sacola_of-nobody").await.status);
        let took_ms = clock.now_ms() - began_ms;
        let most = 102 + usize::try_from(took_ms / 1_000).unwrap();
        assert!(statuses.len() <= most, "{} after {took_ms} ms", statuses.len());
    }
    assert!(
        statuses.iter().take(100).all(|status| *status == 401),
        "{statuses:?}"
    );
    assert_eq!(
        asks(OWN).await.status,
        200,
        "a right key of the same address still opens"
    );

    let metrics = desk.outside.http.get(format!("{}/metrics", desk.gateway.ops));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    for line in [
        r#"sacola_api_refused_total{why="rate"}"#,
        r#"sacola_api_refused_total{why="wrong_key"}"#,
        r#"sacola_api_requests_total{route="/v1/products",status="2xx"}"#,
        r#"sacola_api_requests_total{route="/v1/products",status="4xx"}"#,
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_told_as_a_problem() {
    let desk = Desk::opens().await;
    for (method, path, allow) in [
        (Method::DELETE, "/v1/products", "GET, HEAD"),
        (Method::POST, "/v1/products/x", "PUT"),
        (Method::PATCH, "/v1/dead-letters/x", "DELETE, GET, HEAD"),
        (Method::GET, "/v1/messages/products", "POST"),
        (Method::HEAD, "/v1/messages/products", "POST"),
        (Method::OPTIONS, "/openapi.json", "GET, HEAD"),
        (Method::POST, "/docs", "GET, HEAD"),
        (Method::PUT, "/webhooks/whatsapp", "GET, HEAD, POST"),
        (Method::GET, "/webhooks/merchants/demo", "POST"),
    ] {
        let told = desk.sends(method.clone(), path, OWN, &[], None).await;
        let code = if method == Method::HEAD {
            "no code"
        } else {
            "invalid_request"
        };
        assert_eq!(told.refused(), (405, code), "{method} {path}");
        assert_eq!(told.allow.as_deref(), Some(allow), "{method} {path}");
    }
    for path in [
        "/v1",
        "/v1/none",
        "/v2/products",
        "/v1/products/",
        "/web/console/main.js",
        "/console",
    ] {
        let told = desk.sends(Method::GET, path, OWN, &[], None).await;
        assert_eq!(told.refused(), (404, "not_found"), "{path}");
    }
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_list_is_paged_to_its_end_and_foreign_cursors_are_refused() {
    let desk = Desk::opens().await;
    let conversation = format!(
        "/v1/conversations/{}/{}",
        crate::support::program::NUMBER,
        desk.customer
    );
    for (path, list) in [
        ("/v1/products?merchant=demo&".to_owned(), "products"),
        ("/v1/dead-letters?".to_owned(), "dead_letters"),
        (format!("{conversation}?"), "timeline"),
    ] {
        let whole = desk.get(&format!("{path}limit=100"), OPERATOR).await;
        let whole = whole[list].as_array().unwrap().clone();
        assert!(whole.len() >= 2, "{path}");
        let (mut paged, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let behind = cursor
                .map(|cursor| format!("&cursor={cursor}"))
                .unwrap_or_default();
            let page = desk.get(&format!("{path}limit=1{behind}"), OPERATOR).await;
            let entries = page[list].as_array().unwrap();
            assert_eq!(entries.len(), 1, "{path}");
            paged.extend(entries.iter().cloned());
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = Some(next.to_owned());
        }
        assert_eq!(paged, whole, "{path}");
        for query in [
            "cursor=none-of-ours",
            "cursor=1790000000000.dl-00ff",
            "cursor=",
            "limit=0",
            "limit=101",
            "limit=x",
            "curser=1",
            "limit=1&limit=1",
        ] {
            let told = desk
                .sends(Method::GET, &format!("{path}{query}"), OPERATOR, &[], None)
                .await;
            assert_eq!(told.refused(), (400, "invalid_request"), "{path}{query}");
        }
    }
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_answered_as_get_without_a_body() {
    let desk = Desk::opens().await;
    let ops = ["/livez", "/readyz", "/metrics", "/unrecognised", "/console"]
        .map(|path| format!("{}{path}", desk.gateway.ops));
    let public = [
        "/docs",
        "/web/docs/main.js",
        "/openapi.json",
        "/v1/products",
        "/v1/dead-letters",
    ];
    let public = public.map(|path| format!("{}{path}", desk.gateway.public));
    for url in ops.iter().chain(&public) {
        let request = desk.outside.http.head(url).bearer_auth(OWN);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{url}");
        let length = answer.headers()["content-length"].to_str().unwrap();
        assert!(length.parse::<u64>().unwrap() > 0, "{url}");
        assert!(answer.bytes().await.unwrap().is_empty(), "{url}");
    }
    let told = desk.sends(Method::HEAD, "/v1/products", "", &[], None).await;
    assert_eq!(told.status, 401);
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ops_listener_tells_which_methods_an_address_has() {
    let desk = Desk::opens().await;
    for (method, path, allow) in [
        (Method::POST, "/livez", "GET, HEAD"),
        (Method::DELETE, "/metrics", "GET, HEAD"),
        (Method::PUT, "/console", "GET, HEAD"),
        (Method::TRACE, "/console/api/overview", "GET, HEAD"),
        (Method::GET, "/console/api/dead-letters/replay", "POST"),
        (Method::PUT, "/console/api/session", "DELETE, GET, HEAD, POST"),
        (Method::HEAD, "/console/api/trace", "GET"),
    ] {
        let url = format!("{}{path}", desk.gateway.ops);
        let answer = desk.outside.http.request(method.clone(), url).send();
        let answer = answer.await.unwrap();
        assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    desk.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cache_keeps_what_the_api_answers() {
    let desk = Desk::opens().await;
    for (path, key, status) in [
        ("/v1/products", OWN, 200),
        ("/v1/products", "wrong", 401),
        ("/v1/purchases/x", OWN, 404),
        ("/v1/nothing", OWN, 404),
    ] {
        let url = format!("{}{path}", desk.gateway.public);
        let answer = desk.outside.http.get(url).bearer_auth(key).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
    desk.closes().await;
}
