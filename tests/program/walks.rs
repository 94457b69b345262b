//! Whole purchases through the real program, on both stores.

use serde_json::json;

use crate::support::program::{Gateway, Outside, eventually, runs, write_config};
use crate::support::redis_server::{AppendOnly, RedisServer};

#[tokio::test]
async fn the_demo_script_ends_well() {
    let (status, stdout, stderr) = tokio::task::spawn_blocking(|| runs(&["demo", "--script"]))
        .await
        .unwrap();
    assert_eq!(status, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains("still one purchase"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_by_taps_a_native_order_and_a_price_change_with_the_embedded_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("embedded:{}", directory.path().join("data").display());
    everything(&store, directory.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_by_taps_a_native_order_and_a_price_change_with_redis() {
    let server = RedisServer::start(AppendOnly::Always).unwrap();
    let directory = tempfile::tempdir().unwrap();
    everything(&server.url(), directory.path()).await;
}

async fn everything(store: &str, directory: &std::path::Path) {
    let outside = Outside::start();
    let gateway = Gateway::start(&write_config(directory, &outside, store, 2_000), &outside);
    let ana = outside.phone("Ana").await;
    by_taps(&outside, &ana).await;
    native_order(&outside, &ana).await;
    price_change(&outside, &gateway, &ana).await;
    let path = format!(
        "/v1/conversations/{}/{}",
        crate::support::program::NUMBER,
        ana.user_id
    );
    let conversation = gateway.api(&outside, &path).await;
    assert_eq!(conversation["purchases"].as_array().unwrap().len(), 2);
    assert_eq!(conversation["mode"], "bot");
    let purchase = conversation["purchases"][0]["purchase_id"].as_str().unwrap();
    let one = gateway.api(&outside, &format!("/v1/purchases/{purchase}")).await;
    assert_eq!(one["total"], conversation["purchases"][0]["total"]);
    assert_eq!(gateway.terminates(), Some(0));
    outside.stop().await;
}

async fn by_taps(outside: &Outside, ana: &crate::support::program::Handset<'_>) {
    let cart = ana.fills_a_cart().await;
    let summary = ana.taps(&cart, "checkout", "summary").await;
    let link = ana.taps(&summary, "confirm", "payment_link").await;
    assert!(link["link"]["url"].as_str().unwrap().contains("/shop/pay/"));
    let purchases = outside.purchases().await;
    assert_eq!(purchases.len(), 1);
    let id = purchases[0]["purchase_id"].as_str().unwrap();
    outside
        .post(&format!("/shop/purchases/{id}/pay"), json!({}))
        .await;
    ana.waits_for("paid", 1).await;
}

async fn native_order(outside: &Outside, ana: &crate::support::program::Handset<'_>) {
    let products = outside.get("/shop/products").await;
    let id = products["products"][3]["retailer_id"].as_str().unwrap();
    assert_eq!(
        ana.on("ios")
            .order(json!([{ "retailer_id": id, "quantity": 2 }]))
            .await,
        200
    );
    ana.waits_for("payment_link", 2).await;
    let purchases = outside.purchases().await;
    assert_eq!(purchases.len(), 2);
    assert!(purchases.iter().all(|purchase| purchase["times_posted"] == 1));
}

async fn price_change(outside: &Outside, gateway: &Gateway, ana: &crate::support::program::Handset<'_>) {
    ana.fills_a_cart().await;
    let path = format!(
        "/v1/conversations/{}/{}",
        crate::support::program::NUMBER,
        ana.user_id
    );
    let conversation = gateway.api(outside, &path).await;
    let id = conversation["carts"][0]["lines"][0]["retailer_id"]
        .as_str()
        .unwrap()
        .to_owned();
    outside
        .put(&format!("/shop/products/{id}"), json!({ "price": "1.23" }))
        .await;
    let notice = ana.waits_for("price_change", 1).await;
    assert!(notice["text"].as_str().unwrap().contains("1,23"));
    ana.taps(&notice, "accept_prices", "cart").await;
    let told = eventually(|| async {
        let products = gateway.api(outside, "/v1/products").await;
        let all = products["products"].as_array().unwrap().clone();
        all.into_iter()
            .find(|product| product["retailer_id"] == *id && product["price"]["amount"] == "1.23")
    });
    assert!(told.await.is_some(), "the catalog follows");
}
