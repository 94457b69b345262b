//! People and their devices: what they send, in the shapes that Meta documents, read back by the gateway's own parser; whom they
//! block and what they see; and the carts that only their clients know. Who they are is in `phones_ids`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sacola::whatsapp::inbound::{self, Body, Update};
use sacola::whatsapp::message_id::decode;
use serde_json::{Value, json};

use super::receiver::{Hook, Stage};

pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

/// The last webhook that carried a message; statuses come when they will.
fn last_hook(stage: &Stage) -> Hook {
    let mut latest_first = stage.hooks().into_iter().rev();
    latest_first
        .find(|hook| !hook.items("messages").is_empty())
        .unwrap()
}

/// What the gateway reads in it.
fn body(stage: &Stage) -> Body {
    let mut updates = inbound::parse(last_hook(stage).text.as_bytes()).unwrap();
    match updates.pop() {
        Some(Update::Message(message)) => message.body,
        other => panic!("{other:?}"),
    }
}

pub(super) fn last(stage: &Stage) -> Value {
    last_hook(stage).items("messages").remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_share_comes_in_the_shape_of_its_type() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let place = json!({ "latitude": "-23.5614000", "longitude": "-46.65", "name": "Paulista" });
    let cases = [
        ("image", json!({ "caption": "Tem este?" }), "image"),
        ("audio", json!({}), "audio"),
        ("document", json!({ "filename": "pedido.pdf" }), "document"),
        ("sticker", json!({}), "sticker"),
        ("location", place, "location"),
        ("contact", json!({}), "contacts"),
        ("unsupported", json!({ "type": "poll" }), "unsupported"),
    ];
    for (what, sent, kind) in cases {
        let answer = ana.does(what, sent).await;
        assert_eq!(answer["webhook_status"], 200, "{what}");
        let message = last(&stage);
        assert_eq!(message["type"], kind);
        assert_eq!(
            (&message["from"], &message["from_user_id"]),
            (&json!(ana.wa_id), &json!(ana.user_id))
        );
        assert_eq!(body(&stage), Body::Other(kind.to_owned()));
    }
    let messages = stage.waits_for_items("messages", 7).await;
    let image = &messages[0]["image"];
    assert_eq!(
        (text(image, "mime_type"), text(image, "caption")),
        ("image/png", "Tem este?")
    );
    assert_eq!(STANDARD.decode(text(image, "sha256")).unwrap().len(), 32);
    assert!(text(image, "id").bytes().all(|digit| digit.is_ascii_digit()));
    assert_eq!(messages[1]["audio"]["voice"], true);
    assert_eq!(messages[2]["document"]["filename"], "pedido.pdf");
    let hooks = stage.hooks();
    assert!(
        hooks[4].text.contains(r#""latitude":-23.5614000,"#),
        "{}",
        hooks[4].text
    );
    assert_eq!(messages[5]["origin"], "other");
    assert_eq!(messages[5]["contacts"][0]["phones"][0]["wa_id"], json!(ana.wa_id));
    assert_eq!(messages[6]["errors"][0]["code"], 131_051);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_questions_forwards_and_reactions_say_what_they_are_about() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let id = ana.gets("Bom dia!").await;

    ana.does("text", json!({ "body": "sim", "reply_to": id })).await;
    let reply = stage.waits_for_items("messages", 2).await.remove(1);
    assert_eq!(reply["context"], json!({ "from": "551140001234", "id": id }));

    ana.does("text", json!({ "body": "tem?", "about": "cafe-coado" }))
        .await;
    let asked = stage.waits_for_items("messages", 3).await.remove(2);
    assert_eq!(decode(text(&asked["context"], "id")).inner, "product_inquiry");
    let product = json!({ "catalog_id": "367025965434465", "product_retailer_id": "cafe-coado" });
    assert_eq!(asked["context"]["referred_product"], product);

    ana.does("text", json!({ "body": "olha", "forwarded": true }))
        .await;
    let forwarded = stage.waits_for_items("messages", 4).await.remove(3);
    assert_eq!(forwarded["context"], json!({ "forwarded": true }));

    ana.does("reaction", json!({ "message_id": id, "emoji": "👍" }))
        .await;
    let reaction = stage.waits_for_items("messages", 5).await.remove(4);
    assert_eq!(reaction["reaction"], json!({ "message_id": id, "emoji": "👍" }));

    let chat = ana.messages().await;
    assert_eq!(chat[1]["reactions"], json!([{ "by": "person", "emoji": "👍" }]));
    assert_eq!(chat[2]["reply_to"], json!(id));
    assert_eq!(
        (&chat[3]["about"], chat[3].get("reply_to")),
        (&json!("cafe-coado"), None)
    );
    assert_eq!(text(&chat[1], "inner_id"), decode(&id).inner);

    ana.does("reaction", json!({ "message_id": id, "emoji": "" }))
        .await;
    assert_eq!(last(&stage)["reaction"], json!({ "message_id": id }));
    assert_eq!(ana.messages().await[1]["reactions"], json!([]));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_templates_quick_reply_comes_as_a_button_and_a_form_as_json_in_a_text() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let parameters = json!([{ "type": "payload", "payload": "s1.menu.x" }]);
    let template = json!({
        "name": "promo", "language": { "code": "pt_BR" },
        "components": [{ "type": "button", "sub_type": "quick_reply", "index": "0", "parameters": parameters }],
    });
    let message =
        json!({ "messaging_product": "whatsapp", "to": ana.wa_id, "type": "template", "template": template });
    let (status, answer) = stage.sends(message).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["messages"][0]["id"].clone();

    ana.does("tap", json!({ "message_id": id, "id": "s1.menu.x" }))
        .await;
    let tapped = stage.waits_for_items("messages", 2).await.remove(1);
    assert_eq!(
        (&tapped["type"], &tapped["context"]["id"]),
        (&json!("button"), &id)
    );
    assert_eq!(tapped["button"]["payload"], "s1.menu.x");

    let response = json!({ "flow_token": "t1", "size": "large" });
    ana.does("flow", json!({ "message_id": id, "response": response }))
        .await;
    let form = stage.waits_for_items("messages", 3).await.remove(2);
    let reply = &form["interactive"]["nfm_reply"];
    assert_eq!(
        (&form["interactive"]["type"], &reply["name"]),
        (&json!("nfm_reply"), &json!("flow"))
    );
    let inside: Value = serde_json::from_str(text(reply, "response_json")).unwrap();
    assert_eq!(inside, response);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_asked_for_is_shared_as_the_answer() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let interactive = json!({
        "type": "request_contact_info", "body": { "text": "Seu número?" },
        "action": { "name": "request_contact_info" },
    });
    let message = json!({
        "messaging_product": "whatsapp", "recipient": ana.user_id, "type": "interactive", "interactive": interactive,
    });
    let (status, answer) = stage.sends(message).await;
    assert_eq!(status, 200, "{answer}");

    for origin in ["contact_request", "other"] {
        ana.does("contact", json!({})).await;
        let messages = stage.waits_for_items("messages", 2).await;
        assert_eq!(messages.last().unwrap()["origin"], origin);
    }
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_blocked_the_business_gets_nothing_and_says_nothing() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    stage
        .outside
        .post(&ana.path("block"), json!({ "blocked": true }))
        .await;

    let id = ana.gets("olá").await;
    let failed = stage.waits_for_items("statuses", 1).await.remove(0);
    assert_eq!((&failed["id"], &failed["status"]), (&json!(id), &json!("failed")));
    assert_eq!(failed["errors"][0]["code"], 131_026);
    assert!(text(&failed["errors"][0], "href").starts_with("https://"));
    let contact = stage.hooks().last().unwrap().items("contacts").remove(0);
    assert_eq!(contact, json!({ "wa_id": ana.wa_id }));
    let (status, problem) = stage
        .tries(&ana.path("devices/web/text"), json!({ "body": "oi" }))
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("blocked")));
    let shown = ana.messages().await.remove(1);
    assert_eq!(
        (&shown["status"], &shown["error"]["code"]),
        (&json!("failed"), &json!(131_026))
    );

    stage
        .outside
        .post(&ana.path("block"), json!({ "blocked": false }))
        .await;
    assert_eq!(ana.text("voltei").await, 200);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_tells_its_window_and_what_the_business_has_read() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    assert_eq!(ana.shown().await["window_open_until_ms"], Value::Null);
    let said = ana.does("text", json!({ "body": "oi" })).await;

    let shown = ana.shown().await;
    let last_ms = shown["last_inbound_ms"].as_i64().unwrap();
    assert_eq!(shown["window_open_until_ms"], last_ms + 24 * 3_600_000);
    assert_eq!(ana.messages().await[0]["read_by_business"], false);
    let receipt = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": said["message_id"],
        "typing_indicator": { "type": "text" },
    });
    assert_eq!(stage.sends(receipt).await.0, 200);

    assert_eq!(ana.messages().await[0]["read_by_business"], true);
    assert!(ana.shown().await["typing_until_ms"].is_i64());
    ana.gets("olá").await;
    assert_eq!(ana.shown().await["typing_until_ms"], Value::Null);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_device_has_its_own_cart_that_follows_the_catalog() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let item = |id: &str, quantity: u64| json!({ "retailer_id": id, "quantity": quantity });
    ana.does("cart/items", item("cafe-coado", 2)).await;
    let cart = ana.does("cart/items", item("pao-queijo", 1)).await;
    assert_eq!(cart["total"], json!({ "amount": "17.50", "currency": "BRL" }));
    assert_eq!(cart["items"][0]["price"]["amount"], "6.00");
    let web = stage.outside.get(&ana.path("devices/web/cart")).await;
    assert_eq!((&web["items"], &web["total"]), (&json!([]), &Value::Null));
    let refused = [("cafe-coado", 100, "too_many"), ("nada", 1, "unknown_product")];
    for (id, quantity, code) in refused {
        let (status, problem) = stage
            .tries(&ana.path("devices/android/cart/items"), item(id, quantity))
            .await;
        assert_eq!((status, &problem["code"]), (422, &json!(code)));
    }

    stage
        .outside
        .put(
            "/shop/products/cafe-coado",
            json!({ "price": "7.25", "notify": false }),
        )
        .await;
    stage
        .outside
        .put(
            "/shop/products/pao-queijo",
            json!({ "stock": 0, "notify": false }),
        )
        .await;
    let path = ana.path("devices/android/cart");
    let cart = stage.outside.get(&path).await;
    assert_eq!(cart["total"]["amount"], "14.50");
    let notice = json!([
        { "retailer_id": "cafe-coado", "title": "Café coado", "what": "price", "from": "6.00", "to": "7.25" },
        { "retailer_id": "pao-queijo", "title": "Pão de queijo", "what": "removed" },
    ]);
    assert_eq!(cart["notice"], notice);
    assert_eq!(
        stage.outside.get(&format!("{path}?seen=true")).await["notice"],
        notice
    );
    assert_eq!(stage.outside.get(&path).await["notice"], json!([]));
    let (status, problem) = stage
        .tries(&ana.path("devices/android/cart/items"), item("pao-queijo", 1))
        .await;
    assert_eq!((status, &problem["code"]), (422, &json!("out_of_stock")));
    let catalog = stage.outside.get("/emulator/catalog").await;
    let products = catalog["products"].as_array().unwrap();
    let cheese = products
        .iter()
        .find(|product| product["retailer_id"] == "pao-queijo")
        .unwrap();
    assert_eq!(cheese["availability"], "out_of_stock");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_holds_what_the_client_last_showed_and_empties_the_cart() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.does(
        "cart/items",
        json!({ "retailer_id": "cafe-coado", "quantity": 3 }),
    )
    .await;
    stage
        .outside
        .put(
            "/shop/products/cafe-coado",
            json!({ "price": "7.25", "notify": false }),
        )
        .await;

    let sent = ana.does("order", json!({ "text": "Sem açúcar" })).await;
    assert_eq!(sent["webhook_status"], 200);

    let hook = stage.hooks().pop().unwrap();
    assert!(
        hook.text
            .contains(r#""quantity":3,"item_price":6.00,"currency":"BRL""#),
        "{}",
        hook.text
    );
    let order = &hook.items("messages")[0]["order"];
    assert_eq!(order["text"], "Sem açúcar");
    assert!(matches!(body(&stage), Body::Order { items, .. } if items[0].item_price == "6.00"));
    let (status, problem) = stage.tries(&ana.path("devices/android/order"), json!({})).await;
    assert_eq!((status, &problem["code"]), (422, &json!("empty_cart")));

    let forced = json!({ "items": [{ "retailer_id": "nada", "quantity": "x", "item_price": "0.1" }] });
    stage.outside.put(&ana.path("devices/web/cart"), forced).await;
    let cart = stage.outside.get(&ana.path("devices/web/cart")).await;
    assert_eq!(
        (&cart["items"][0]["available"], &cart["total"]),
        (&json!(false), &Value::Null)
    );
    stage.stop().await;
}
