//! What a business keeps at Meta: its number, its settings, subscriptions, templates, catalog and token.

use serde_json::{Value, json};

use super::bot::{Bot, CATALOG, TOKEN, WABA, delete, get, message, post, sent, writer};
use crate::support::program::{NUMBER, Outside};

#[tokio::test(flavor = "multi_thread")]
async fn the_number_tells_what_it_is_asked_and_refuses_strange_fields() {
    let outside = Outside::start();

    let fields = "quality_rating,throughput{level},status,name_status,health_status,webhook_configuration,account_mode";
    let answer = get(&outside, &format!("{NUMBER}?fields={fields}")).await;
    assert_eq!(answer.http, 200, "{}", answer.body);
    assert_eq!(answer.body["throughput"], json!({"level": "STANDARD"}));
    assert_eq!(answer.body["health_status"]["can_send_message"], "AVAILABLE");
    assert_eq!(answer.body["id"], NUMBER);
    assert!(answer.body.get("verified_name").is_none());
    let usage = answer.headers["x-business-use-case-usage"].to_str().unwrap();
    assert!(usage.contains(WABA), "{usage}");

    let strange = get(&outside, &format!("{NUMBER}?fields=messaging_limit_tier")).await;
    assert_eq!((strange.http, strange.code()), (400, 100));
    let message = strange.body["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("nonexistent field (messaging_limit_tier)"),
        "{message}"
    );
    let listed = get(&outside, &format!("{WABA}/phone_numbers")).await;
    assert_eq!(listed.body["data"][0]["display_phone_number"], "+55 11 4000-1234");
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_the_number_are_kept_and_a_hidden_catalog_refuses_its_message() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let catalog = json!({"type": "catalog_message", "body": {"text": "Tudo"}, "action": {"name": "catalog_message",
        "parameters": {"thumbnail_product_retailer_id": "cafe-coado"}}});
    assert_eq!(
        message(&outside, &to, "interactive", catalog.clone()).await.http,
        200
    );

    let path = format!("{NUMBER}/whatsapp_commerce_settings?is_catalog_visible=false");
    assert_eq!(
        post(&outside, &path, json!({})).await.body,
        json!({"success": true})
    );
    let commerce = get(&outside, &format!("{NUMBER}/whatsapp_commerce_settings"))
        .await
        .body;
    assert_eq!(commerce["data"][0]["is_cart_enabled"], true);
    assert_eq!(commerce["data"][0]["is_catalog_visible"], false);
    let hidden = message(&outside, &to, "interactive", catalog).await;
    assert_eq!((hidden.http, hidden.code()), (400, 131_009));

    let check = json!({"user_identity_change": {"enable_identity_key_check": true}});
    assert_eq!(
        post(&outside, &format!("{NUMBER}/settings"), check).await.http,
        200
    );
    let settings = get(&outside, &format!("{NUMBER}/settings")).await.body;
    assert_eq!(
        settings["user_identity_change"]["enable_identity_key_check"],
        true
    );
    assert_eq!(settings["storage_configuration"]["status"], "DEFAULT");

    let path = format!("{NUMBER}/whatsapp_business_profile");
    let profile = json!({"messaging_product": "whatsapp", "about": "Aberto", "vertical": "RESTAURANT"});
    assert_eq!(post(&outside, &path, profile).await.http, 200);
    let long = json!({"messaging_product": "whatsapp", "about": "a".repeat(140)});
    assert_eq!(post(&outside, &path, long).await.code(), 100);
    let profile = get(&outside, &format!("{path}?fields=about,vertical,email"))
        .await
        .body;
    assert_eq!(
        profile["data"][0],
        json!({"messaging_product": "whatsapp", "about": "Aberto", "vertical": "RESTAURANT"})
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_left_sends_nothing_until_it_is_registered_again() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;

    assert_eq!(
        post(&outside, &format!("{NUMBER}/deregister"), json!({}))
            .await
            .http,
        200
    );
    let gone = message(&outside, &to, "text", json!({"body": "a"})).await;
    assert_eq!((gone.http, gone.code()), (400, 133_010));
    let health = get(&outside, &format!("{NUMBER}?fields=health_status,status"))
        .await
        .body;
    assert_eq!(health["health_status"]["can_send_message"], "BLOCKED");
    assert_eq!(health["status"], "DISCONNECTED");

    let register = |pin: &str| json!({"messaging_product": "whatsapp", "pin": pin});
    let path = format!("{NUMBER}/register");
    assert_eq!(post(&outside, &path, register("12345")).await.code(), 100);
    assert_eq!(post(&outside, &path, register("123456")).await.http, 200);
    assert_eq!(post(&outside, &path, register("654321")).await.code(), 133_005);
    assert_eq!(
        message(&outside, &to, "text", json!({"body": "a"})).await.http,
        200
    );

    let code = json!({"code_method": "SMS", "language": "pt_BR"});
    assert_eq!(
        post(&outside, &format!("{NUMBER}/request_code"), code).await.http,
        200
    );
    let path = format!("{NUMBER}/verify_code");
    assert_eq!(post(&outside, &path, json!({"code": "000000"})).await.http, 400);
    assert_eq!(post(&outside, &path, json!({"code": "123456"})).await.http, 200);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_blocked_only_when_they_wrote_and_qr_codes_come_and_go() {
    let outside = Outside::start();
    let (_, wrote, _) = writer(&outside).await;
    let silent = outside.post("/emulator/phones", json!({"name": "Bia"})).await;
    let silent = silent["wa_id"].as_str().unwrap();
    let path = format!("{NUMBER}/block_users");
    let users = |numbers: &[&str]| {
        let users: Vec<Value> = numbers.iter().map(|number| json!({"user": number})).collect();
        json!({"messaging_product": "whatsapp", "block_users": users})
    };

    let some = post(&outside, &path, users(&[wrote.as_str(), silent])).await;
    assert_eq!((some.http, some.code()), (400, 139_100));
    assert_eq!(some.body["block_users"]["added_users"][0]["wa_id"], wrote);
    assert_eq!(some.body["block_users"]["failed_users"][0]["input"], silent);
    assert_eq!(get(&outside, &path).await.body["data"][0]["wa_id"], wrote);
    let freed = delete(&outside, &path, users(&[wrote.as_str()])).await;
    assert_eq!(freed.body["block_users"]["removed_users"][0]["wa_id"], wrote);
    assert_eq!(get(&outside, &path).await.body, json!({"data": []}));

    let path = format!("{NUMBER}/message_qrdls");
    let made = post(
        &outside,
        &path,
        json!({"prefilled_message": "Oi", "generate_qr_image": "SVG"}),
    )
    .await
    .body;
    let code = made["code"].as_str().unwrap().to_owned();
    assert_eq!(code.len(), 14);
    let picture = outside
        .http
        .get(made["qr_image_url"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert!(picture.text().await.unwrap().contains(&code));
    let other = json!({"code": code, "prefilled_message": "Olá"});
    assert_eq!(
        post(&outside, &path, other).await.body["prefilled_message"],
        "Olá"
    );
    let one = get(&outside, &format!("{path}/{code}")).await.body;
    assert_eq!(
        one["data"][0]["deep_link_url"],
        format!("https://wa.me/message/{code}")
    );
    assert_eq!(
        delete(&outside, &format!("{path}/{code}"), json!({})).await.http,
        200
    );
    assert_eq!(get(&outside, &format!("{path}/{code}")).await.code(), 100);
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_go_to_the_override_that_is_nearest_and_only_after_its_handshake() {
    let outside = Outside::start();
    let (app, waba, number) = (Bot::start("app"), Bot::start("waba"), Bot::start("number"));
    outside.emulator.set_targets(&app.url, &app.url);
    writer(&outside).await;
    assert_eq!((app.count(), waba.count(), number.count()), (1, 0, 0));

    let path = format!("{WABA}/subscribed_apps");
    let wrong = json!({"override_callback_uri": waba.url, "verify_token": "wrong"});
    let refused = post(&outside, &path, wrong).await;
    assert_eq!((refused.http, refused.code()), (400, 2200));
    let right = json!({"override_callback_uri": waba.url, "verify_token": "waba"});
    assert_eq!(post(&outside, &path, right).await.body, json!({"success": true}));
    writer(&outside).await;
    assert_eq!((app.count(), waba.count(), number.count()), (1, 1, 0));

    let configuration = |url: &str| json!({"webhook_configuration": {"override_callback_uri": url, "verify_token": "number"}});
    assert_eq!(post(&outside, NUMBER, configuration(&number.url)).await.http, 200);
    let known = get(&outside, &format!("{NUMBER}?fields=webhook_configuration"))
        .await
        .body;
    let expected =
        json!({"phone_number": number.url, "whatsapp_business_account": waba.url, "application": app.url});
    assert_eq!(known["webhook_configuration"], expected);
    writer(&outside).await;
    assert_eq!((app.count(), waba.count(), number.count()), (1, 1, 1));

    assert_eq!(post(&outside, NUMBER, configuration("")).await.http, 200);
    assert_eq!(post(&outside, &path, json!({})).await.http, 200);
    writer(&outside).await;
    assert_eq!((app.count(), waba.count(), number.count()), (2, 1, 1));
    for bot in [app, waba, number] {
        bot.server.stop(false).await;
    }
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_left_the_account_is_told_nothing() {
    let outside = Outside::start();
    let app = Bot::start("app");
    outside.emulator.set_targets(&app.url, &app.url);
    let path = format!("{WABA}/subscribed_apps");
    let listed = get(&outside, &path).await.body;
    let app_id = listed["data"][0]["whatsapp_business_api_data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();

    assert_eq!(
        delete(&outside, &path, json!({})).await.body,
        json!({"success": true})
    );
    assert_eq!(get(&outside, &path).await.body, json!({"data": []}));
    writer(&outside).await;
    assert_eq!(app.count(), 0);

    let callback = json!({"object": "whatsapp_business_account", "callback_url": app.url, "verify_token": "wrong",
        "fields": "messages"});
    let refused = post(&outside, &format!("{app_id}/subscriptions"), callback).await;
    assert_eq!(refused.code(), 2200);
    let other = Bot::start("other");
    let callback = json!({"object": "whatsapp_business_account", "callback_url": other.url, "verify_token": "other",
        "fields": ["messages", "user_id_update"]});
    assert_eq!(
        post(&outside, &format!("{app_id}/subscriptions"), callback)
            .await
            .http,
        200
    );
    assert_eq!(post(&outside, &path, json!({})).await.http, 200);
    writer(&outside).await;
    assert!(other.count() >= 1);
    let known = get(&outside, &format!("{app_id}/subscriptions")).await.body;
    assert_eq!(known["data"][0]["callback_url"], other.url);
    assert_eq!(known["data"][0]["fields"][1]["name"], "user_id_update");
    for bot in [app, other] {
        bot.server.stop(false).await;
    }
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_templates_are_listed_in_pages_and_held_against_sends() {
    let outside = Outside::start();
    let (_, to, _) = writer(&outside).await;
    let path = format!("{WABA}/message_templates");
    let hello = json!({"name": "hello_world", "language": {"code": "en_US"}});
    assert_eq!(message(&outside, &to, "template", hello.clone()).await.http, 200);

    for name in ["sale_a", "sale_b"] {
        let template = json!({"name": name, "language": "pt_BR", "category": "MARKETING",
            "components": [{"type": "BODY", "text": "Oi {{1}}, só hoje."}]});
        let made = post(&outside, &path, template.clone()).await;
        assert_eq!((made.http, &made.body["status"]), (200, &json!("APPROVED")));
        assert_eq!(post(&outside, &path, template).await.code(), 100);
    }
    let trailing = json!({"name": "sale_c", "language": "pt_BR", "category": "MARKETING",
        "components": [{"type": "BODY", "text": "Oi {{1}}"}]});
    let refused = post(&outside, &path, trailing).await;
    assert_eq!((refused.http, refused.code()), (400, 100));
    assert_eq!(refused.body["error"]["error_subcode"], 2_388_299);
    let first = get(&outside, &format!("{path}?limit=2&fields=name")).await.body;
    assert_eq!(first["data"].as_array().unwrap().len(), 2);
    let next = first["paging"]["next"].as_str().unwrap();
    let second = sent(outside.http.get(next).bearer_auth(TOKEN)).await.body;
    assert_eq!(second["data"][0]["name"], "sale_b");
    assert!(second["paging"].get("next").is_none());
    assert_eq!(get(&outside, &format!("{path}?after=***")).await.code(), 131_059);
    let named = get(&outside, &format!("{path}?name=sale_a")).await.body;
    assert_eq!(named["data"].as_array().unwrap().len(), 1);

    let sale = |values: usize| {
        let values: Vec<Value> = (0..values)
            .map(|_| json!({"type": "text", "text": "Ana"}))
            .collect();
        json!({"name": "sale_a", "language": {"code": "pt_BR"}, "components": [{"type": "body", "parameters": values}]})
    };
    assert_eq!(message(&outside, &to, "template", sale(1)).await.http, 200);
    let wrong = message(&outside, &to, "template", sale(2)).await;
    assert_eq!((wrong.http, wrong.code()), (400, 132_000));
    let unknown = json!({"name": "other", "language": {"code": "pt_BR"}});
    let unknown = message(&outside, &to, "template", unknown).await;
    assert_eq!((unknown.http, unknown.code()), (404, 132_001));
    assert_eq!(message(&outside, &to, "template", hello).await.http, 200);
    assert_eq!(
        delete(&outside, &format!("{path}?name=sale_a"), json!({}))
            .await
            .http,
        200
    );
    assert_eq!(
        delete(&outside, &format!("{path}?name=sale_a"), json!({}))
            .await
            .code(),
        100
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_changes_the_catalog_and_tells_each_items_error() {
    let outside = Outside::start();
    let batch = json!({"item_type": "PRODUCT_ITEM", "requests": [
        {"method": "UPDATE", "data": {"id": "cafe-coado", "price": "7.25 BRL"}},
        {"method": "UPDATE", "data": {"id": "cafe-latte", "availability": "out of stock"}},
        {"method": "CREATE", "data": {"id": "cha-verde", "title": "Chá verde", "price": "8.00 BRL",
            "availability": "in stock", "image_link": "https://example.com/cha.png"}},
        {"method": "UPDATE", "data": {"id": "cafe-mocha", "price": "14.9"}},
    ]});

    let taken = post(&outside, &format!("{CATALOG}/items_batch"), batch).await;
    assert_eq!(taken.http, 200, "{}", taken.body);
    let handle = taken.body["handles"][0].as_str().unwrap();
    let status = get(
        &outside,
        &format!("{CATALOG}/check_batch_request_status?handle={handle}"),
    )
    .await
    .body;
    assert_eq!(status["data"][0]["status"], "finished");
    assert_eq!(status["data"][0]["errors_total_count"], 1);
    assert_eq!(status["data"][0]["errors"][0]["id"], "cafe-mocha");
    let unknown = get(
        &outside,
        &format!("{CATALOG}/check_batch_request_status?handle=Acz0"),
    )
    .await;
    assert_eq!((unknown.http, unknown.code()), (400, 100));

    let filter = "%7B%22retailer_id%22%3A%7B%22is_any%22%3A%5B%22cafe-coado%22%2C%22cafe-latte%22%2C%22cha-verde%22%5D%7D%7D";
    let fields = "retailer_id,price,availability,image_url";
    let found = get(
        &outside,
        &format!("{CATALOG}/products?fields={fields}&filter={filter}"),
    )
    .await
    .body;
    assert_eq!(found["data"][0]["price"], "R$ 7,25");
    assert_eq!(found["data"][1]["availability"], "out of stock");
    assert_eq!(found["data"][2]["image_url"], "https://example.com/cha.png");
    let page = get(&outside, &format!("{CATALOG}/products?limit=10")).await.body;
    assert_eq!(page["data"].as_array().unwrap().len(), 10);
    assert!(page["paging"]["next"].as_str().unwrap().contains("after="));
    let catalogs = get(&outside, &format!("{WABA}/product_catalogs")).await.body;
    assert_eq!(catalogs["data"][0]["id"], CATALOG);

    let too_many: Vec<Value> = (0..5_001)
        .map(|_| json!({"method": "DELETE", "data": {"id": "x"}}))
        .collect();
    let too_many = json!({"item_type": "PRODUCT_ITEM", "requests": too_many});
    assert_eq!(
        post(&outside, &format!("{CATALOG}/items_batch"), too_many)
            .await
            .code(),
        100
    );
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_tells_what_it_is_good_for() {
    let outside = Outside::start();

    let good = get(&outside, "debug_token?input_token=a%20token").await.body;
    assert_eq!(good["data"]["type"], "SYSTEM_USER");
    assert_eq!(good["data"]["is_valid"], true);
    assert_eq!(good["data"]["expires_at"], 0);
    let scopes = good["data"]["scopes"].as_array().unwrap();
    assert!(scopes.contains(&json!("whatsapp_business_messaging")));
    let bad = get(&outside, "debug_token?input_token=other").await;
    assert_eq!((bad.http, &bad.body["data"]["is_valid"]), (200, &json!(false)));
    assert_eq!(bad.body["data"]["error"]["code"], 190);
    assert_eq!(get(&outside, "debug_token").await.code(), 100);
    assert_eq!(get(&outside, "me").await.http, 200);
    assert_eq!(get(&outside, "app").await.body["id"], good["data"]["app_id"]);
    outside.stop().await;
}
