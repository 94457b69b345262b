//! Who people are: numbers that are hidden, numbers and user ids that change, and message ids under either envelope, read back by
//! the gateway's own parser.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sacola::whatsapp::inbound::{self, Update};
use sacola::whatsapp::message_id::decode;
use serde_json::json;

use super::phones::{last, text};
use super::receiver::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_number_is_in_no_webhook_and_in_no_message_id() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    let hidden = stage
        .outside
        .post(&ana.path("username"), json!({ "hidden": true }))
        .await;
    assert_eq!(
        (&hidden["hidden"], &hidden["wa_id"]),
        (&json!(true), &json!(ana.wa_id))
    );

    let said = ana.does("text", json!({ "body": "oi" })).await;
    let message = json!({ "messaging_product": "whatsapp", "recipient": ana.user_id, "type": "text", "text": { "body": "olá" } });
    let (status, answer) = stage.sends(message).await;
    assert_eq!(status, 200, "{answer}");
    stage.waits_for(3).await;

    for hook in stage.hooks() {
        assert!(!hook.text.contains(&ana.wa_id), "{}", hook.text);
        assert!(hook.text.contains(&ana.user_id));
    }
    let username = text(&hidden, "username");
    let contact = stage.hooks()[0].items("contacts").remove(0);
    assert_eq!(contact["profile"], json!({ "name": "Ana", "username": username }));
    for id in [&said["message_id"], &answer["messages"][0]["id"]] {
        let bytes = STANDARD
            .decode(id.as_str().unwrap().strip_prefix("wamid.").unwrap())
            .unwrap();
        let user = ana.user_id.as_bytes();
        assert_eq!(&bytes[3..3 + user.len()], user);
        assert_eq!(&bytes[3 + user.len()..][..2], [0x15, 20], "kind 10");
    }

    stage
        .outside
        .post(&ana.path("username"), json!({ "hidden": false }))
        .await;
    ana.text("de novo").await;
    assert_eq!(last(&stage)["from"], json!(ana.wa_id));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_may_name_its_message_under_the_envelope_of_the_user_id() {
    let stage = Stage::start().await;
    let (ana, bia) = (stage.person("Ana").await, stage.person("Bia").await);
    ana.text("oi").await;
    bia.text("oi").await;
    let (hers, other) = (ana.gets("a").await, bia.gets("b").await);
    stage
        .outside
        .post(&ana.path("username"), json!({ "scoped_context_ids": true }))
        .await;

    ana.does("text", json!({ "body": "sim", "reply_to": hers })).await;
    let scoped = last(&stage);
    bia.does("text", json!({ "body": "sim", "reply_to": other }))
        .await;
    assert_eq!(last(&stage)["context"]["id"], json!(other));
    stage.faults(json!({ "scoped_context_ids": true })).await;
    bia.does("reaction", json!({ "message_id": other, "emoji": "🙏" }))
        .await;
    let reaction = last(&stage);

    for (told, id) in [
        (&scoped["context"]["id"], &hers),
        (&reaction["reaction"]["message_id"], &other),
    ] {
        let told = told.as_str().unwrap();
        assert_ne!(told, id);
        assert_eq!(decode(told).inner, decode(id).inner);
    }
    assert_eq!(
        scoped["from"],
        json!(ana.wa_id),
        "the message's own id stays as it is"
    );
    let chat = ana.messages().await;
    assert_eq!(chat.last().unwrap()["reply_to"], json!(hers));
    assert_eq!(bia.messages().await[1]["reactions"][0]["emoji"], "🙏");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_number_comes_with_another_user_id_and_the_former_ones_lead_nowhere() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let new = "5521987650000";
    let moved = stage
        .outside
        .post(&ana.path("number"), json!({ "wa_id": new }))
        .await;
    assert_eq!(
        (&moved["wa_id"], &moved["webhook_status"]),
        (&json!(new), &json!(200))
    );
    assert_ne!(moved["user_id"], json!(ana.user_id));
    let hooks = stage.waits_for(3).await;

    let system = hooks[1].items("messages").remove(0);
    assert!(hooks[1].items("contacts").is_empty());
    assert_eq!(
        (&system["type"], &system["from"]),
        (&json!("system"), &json!(ana.wa_id))
    );
    assert_eq!(system["from_user_id"], json!(ana.user_id));
    assert_eq!(text(&system["system"], "type"), "user_changed_number");
    assert_eq!(
        (&system["system"]["wa_id"], &system["system"]["user_id"]),
        (&json!(new), &moved["user_id"])
    );
    let inner = decode(text(&system, "id")).inner;
    assert!(inner.bytes().all(|digit| digit.is_ascii_digit()), "{inner}");
    let change = &hooks[2].body["entry"][0]["changes"][0];
    assert_eq!(change["field"], "user_id_update");
    let ids = json!({ "previous": ana.user_id, "current": moved["user_id"] });
    assert_eq!(change["value"]["user_id_update"][0]["user_id"], ids);
    for hook in &hooks[1..] {
        let updates = inbound::parse(hook.text.as_bytes()).unwrap();
        let Update::Moved { from, to, .. } = &updates[0] else {
            panic!("{updates:?}")
        };
        assert_eq!(from.user_id.as_deref(), Some(ana.user_id.as_str()));
        assert_eq!(
            (to.wa_id.as_deref(), to.user_id.as_deref()),
            (Some(new), moved["user_id"].as_str())
        );
    }

    let message = |to: &str| json!({ "messaging_product": "whatsapp", "to": to, "type": "text", "text": { "body": "a" } });
    let (status, refused) = stage.sends(message(&ana.wa_id)).await;
    assert_eq!((status, &refused["error"]["code"]), (400, &json!(131_026)));
    assert_eq!(stage.sends(message(new)).await.0, 200);
    let (status, problem) = stage
        .tries(&stage.person("Bia").await.path("number"), json!({ "wa_id": new }))
        .await;
    assert_eq!((status, &problem["code"]), (409, &json!("address_taken")));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_user_id_alone_is_told_in_both_ways() {
    let stage = Stage::start().await;
    let ana = stage.person("Ana").await;
    ana.text("oi").await;
    let moved = stage
        .outside
        .post(&ana.path("user-id"), json!({ "user_id": "BR.42" }))
        .await;
    assert_eq!(
        (&moved["user_id"], &moved["wa_id"]),
        (&json!("BR.42"), &json!(ana.wa_id))
    );
    let hooks = stage.waits_for(3).await;

    let system = hooks[1].items("messages").remove(0);
    assert_eq!(text(&system["system"], "type"), "user_changed_user_id");
    assert_eq!(
        text(&system["system"], "body"),
        format!("User Ana changed from {} to BR.42", ana.user_id)
    );
    assert!(matches!(
        &inbound::parse(hooks[2].text.as_bytes()).unwrap()[0],
        Update::Moved { .. }
    ));
    assert_eq!(ana.text("sou eu").await, 200);
    assert_eq!(last(&stage)["from_user_id"], "BR.42");
    stage.stop().await;
}
