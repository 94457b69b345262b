//! Where the emulator says no to its own controls, and where Meta treats two things differently that look alike.

use serde_json::{Value, json};

use super::bot::{Bot, TOKEN, WABA, delete, get, post, sent, url};
use super::receiver::Stage;
use crate::support::program::{NUMBER, eventually};

const DAY_S: i64 = 24 * 3_600;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_known_by_digits_and_by_a_user_id_of_metas_form() {
    let stage = Stage::start().await;

    let phone = json!({ "name": "Ana", "wa_id": "+55 (11) 98888-0000" });
    let (status, made) = stage.tries("/emulator/phones", phone).await;
    assert_eq!((status, &made["wa_id"]), (201, &json!("5511988880000")));
    let again = json!({ "wa_id": "5511988880000" });
    assert_eq!(stage.tries("/emulator/phones", again).await.0, 200);
    for wrong in [
        json!({ "wa_id": "" }),
        json!({ "wa_id": "Ana" }),
        json!({ "user_id": "Ana" }),
        json!({ "user_id": "BR.1 2" }),
    ] {
        let (status, problem) = stage.tries("/emulator/phones", wrong.clone()).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid_request")),
            "{wrong}"
        );
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_refuse_what_would_break_the_world() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;

    let refusal = |http: u16| json!({ "send": [{ "action": "error", "code": 1, "http": http }] });
    for (path, body) in [
        ("/emulator/clock", json!({ "advance_s": i64::MAX })),
        ("/emulator/clock", json!({ "advance_s": i64::MIN })),
        ("/emulator/clock", json!({ "advance_s": 1_000 * 366 * DAY_S })),
        ("/emulator/targets", json!({ "webhook_url": "localhost:3000" })),
        ("/emulator/faults", refusal(200)),
        ("/emulator/faults", refusal(99)),
    ] {
        let (status, problem) = stage.tries(path, body.clone()).await;
        assert_eq!(
            (status, &problem["code"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
    }

    assert_eq!(ana.text("oi").await, 200);
    ana.gets("olá").await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_between_the_business_and_who_it_has_blocked() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let path = format!("{NUMBER}/block_users");
    let users = json!({ "messaging_product": "whatsapp", "block_users": [{ "user": ana.wa_id }] });
    assert_eq!(post(&stage.outside, &path, users.clone()).await.http, 200);

    assert_eq!(ana.text("alguém aí?").await, 0);
    ana.gets("olá").await;
    let failed = stage.waits_for_items("statuses", 1).await.remove(0);
    assert_eq!(failed["errors"][0]["code"], 131_026);
    let messages = |stage: &Stage| {
        let hooks = stage.hooks();
        hooks
            .iter()
            .map(|hook| hook.items("messages").len())
            .sum::<usize>()
    };
    assert_eq!(messages(&stage), 1);

    assert_eq!(delete(&stage.outside, &path, users).await.http, 200);
    assert_eq!(ana.text("voltei").await, 200);
    assert_eq!(messages(&stage), 2);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_status_names_the_person_as_the_message_did() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let late = json!({ "send": [{ "times": 3, "action": "fail_late", "code": 131_026 }] });
    stage.faults(late).await;

    ana.gets("um").await;
    let to_number = stage.waits_for_items("statuses", 1).await.remove(0);
    let body = json!({
        "messaging_product": "whatsapp", "recipient": ana.user_id, "type": "text", "text": { "body": "dois" },
    });
    assert_eq!(stage.sends(body).await.0, 200);
    let to_user_id = stage.waits_for_items("statuses", 2).await.remove(1);
    let hide = json!({ "hidden": true });
    stage.outside.post(&ana.path("username"), hide).await;
    ana.gets("três").await;
    let to_hidden = stage.waits_for_items("statuses", 3).await.remove(2);

    for failed in [to_number, to_hidden] {
        assert_eq!(failed["recipient_id"], json!(ana.wa_id));
        assert!(failed.get("recipient_user_id").is_none(), "{failed}");
    }
    assert_eq!(to_user_id["recipient_user_id"], json!(ana.user_id));
    let contacts: Vec<Value> = stage
        .hooks()
        .iter()
        .filter(|hook| !hook.items("statuses").is_empty())
        .flat_map(|hook| hook.items("contacts"))
        .collect();
    let (number, user_id) = (json!({ "wa_id": ana.wa_id }), json!({ "user_id": ana.user_id }));
    assert_eq!(contacts, [number.clone(), user_id, number]);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_go_to_phone_numbers_and_never_to_user_ids() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let declared = json!({ "name": "otp", "language": "pt_BR", "category": "AUTHENTICATION",
        "components": [{ "type": "BODY", "add_security_recommendation": true }] });
    let templates = format!("{WABA}/message_templates");
    assert_eq!(post(&stage.outside, &templates, declared).await.http, 200);
    let to = |field: &str, address: &str| {
        let template = json!({ "name": "otp", "language": { "code": "pt_BR" } });
        json!({ "messaging_product": "whatsapp", field: address, "type": "template", "template": template })
    };

    let (status, refused) = stage.sends(to("recipient", &ana.user_id)).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!(131_062)));
    assert_eq!(stage.sends(to("to", &ana.wa_id)).await.0, 200);
    let status = stage.waits_for_items("statuses", 1).await.remove(0);
    assert_eq!(status["pricing"]["category"], "authentication");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overrides_lead_messages_away_and_nothing_else() {
    let stage = Stage::start().await;
    let waba = Bot::start("waba");
    let overridden = json!({ "override_callback_uri": waba.url, "verify_token": "waba" });
    let path = format!("{WABA}/subscribed_apps");
    assert_eq!(post(&stage.outside, &path, overridden).await.http, 200);
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    assert_eq!((waba.count(), stage.hooks().len()), (1, 0));

    for (number, together) in [(1, 0), (2, 10)] {
        stage
            .faults(json!({ "batch": together, "batch_wait_ms": 50 }))
            .await;
        stage.outside.post(&ana.path("user-id"), json!({})).await;
        let hook = stage.waits_for(number).await.remove(number - 1);
        assert_eq!(hook.body["entry"][0]["changes"][0]["field"], "user_id_update");
        assert_eq!(waba.count(), 1 + number, "the system message is a message");
    }
    waba.server.stop(false).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_person_sent_is_fetched_at_once_or_within_seven_days() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.does("image", json!({})).await;
    let image: Value = stage.waits_for_items("messages", 1).await.remove(0)["image"].clone();

    let url = image["url"].as_str().unwrap();
    let fetched = stage
        .outside
        .http
        .get(url)
        .bearer_auth(TOKEN)
        .send()
        .await
        .unwrap();
    assert_eq!(fetched.status().as_u16(), 200);
    assert_eq!(fetched.headers()["content-type"], "image/png");
    let id = image["id"].as_str().unwrap();
    stage.advances(7 * DAY_S - 60).await;
    assert_eq!(get(&stage.outside, id).await.http, 200);
    stage.advances(60).await;
    assert_eq!(get(&stage.outside, id).await.http, 400);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_carts_a_client_offers_no_button() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let settings = |on: bool| format!("{NUMBER}/whatsapp_commerce_settings?is_cart_enabled={on}");
    let coffee = |quantity: u64| json!({ "retailer_id": "cafe-coado", "quantity": quantity });
    let cart = ana.path("devices/web/cart/items");
    post(&stage.outside, &settings(false), json!({})).await;

    let (status, problem) = stage.tries(&cart, coffee(1)).await;
    assert_eq!((status, &problem["code"]), (409, &json!("cart_disabled")));
    assert_eq!(stage.tries(&cart, coffee(0)).await.0, 200);

    post(&stage.outside, &settings(true), json!({})).await;
    assert_eq!(stage.tries(&cart, coffee(1)).await.0, 200);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_other_answer_than_200_brings_the_webhook_again() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    for (status, delivered) in [201_u16, 202, 204, 302, 404, 500].into_iter().zip(1_u64..) {
        stage.answers(status);
        assert_eq!(ana.text("oi").await, u64::from(status));
        stage.answers(200);
        let taken = eventually(|| async {
            stage.advances(60).await;
            (stage.count("webhooks_delivered").await == delivered).then_some(())
        });
        assert!(taken.await.is_some(), "{status}");
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_a_form_take_no_more_than_a_body_does() {
    let stage = Stage::start().await;
    let text = "a".repeat(2 * 1024 * 1024 + 32 * 1024);
    let part =
        |name: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let upload = |body: String| {
        let request = stage
            .outside
            .http
            .post(url(&stage.outside, &format!("/v26.0/{NUMBER}/media")));
        let kind = "multipart/form-data; boundary=b";
        sent(request.bearer_auth(TOKEN).header("content-type", kind).body(body))
    };

    let one = upload(format!("{}--b--\r\n", part("one"))).await;
    assert_eq!((one.http, one.code()), (400, 100));
    let two = upload(format!("{}{}--b--\r\n", part("one"), part("two"))).await;
    assert_eq!((two.http, two.code()), (413, 1));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delayed_does_not_outlive_a_reset() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let late = json!({ "action": "delay_ms", "ms": 60_000 });
    stage.faults(json!({ "webhooks": [late] })).await;
    assert_eq!(ana.text("devagar").await, 0);

    stage.outside.post("/emulator/reset", json!({})).await;
    stage.advances(61).await;
    let bia = stage.person("Bia").await;
    assert_eq!(bia.text("oi").await, 200);

    let hooks = stage.hooks();
    assert_eq!(hooks.len(), 1);
    assert_eq!(hooks[0].items("messages")[0]["text"]["body"], "oi");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_app_secret_is_named_as_such() {
    let stage = Stage::start().await;
    let query = "grant_type=client_credentials&client_id=428136705219480&client_secret=wrong";
    let address = url(&stage.outside, &format!("/v26.0/oauth/access_token?{query}"));

    let refused = sent(stage.outside.http.get(address)).await;

    assert_eq!((refused.http, refused.code()), (400, 1));
    stage.stop().await;
}
