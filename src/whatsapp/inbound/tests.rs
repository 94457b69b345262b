//! Every kind of item that Meta documents, one by one, and what is wrong on purpose.
#![expect(
    clippy::needless_pass_by_value,
    clippy::wildcard_enum_match_arm,
    reason = "tests hand over what they have just built, and panic at whatever else it is"
)]

use serde_json::{Value, json};

use super::*;

const ANDROID: &str = "wamid.HBgNNTUxMTk5OTk5MDAwMBUCABIYIEFDRjEyOTJBOUVCMTk5MUQxN0M1NzVEREEyQTZCNTg3AA==";

fn change(field: &str, value: &Value) -> Vec<Update> {
    let body = json!({ "object": "whatsapp_business_account",
        "entry": [{ "id": "102", "time": 1, "changes": [{ "field": field, "value": value }] }] });
    parse(body.to_string().as_bytes()).unwrap()
}

fn value(part: &str, item: Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "551140001234", "phone_number_id": "106" },
        "contacts": [{ "profile": { "name": "Ana", "username": "ana" }, "wa_id": "5511999990000", "user_id": "BR.1" }],
    });
    value[part] = json!([item]);
    value
}

fn item(extra: Value) -> Value {
    let mut item =
        json!({ "from": "5511999990000", "from_user_id": "BR.1", "id": ANDROID, "timestamp": "1795435200" });
    for (key, value) in extra.as_object().unwrap() {
        item[key] = value.clone();
    }
    item
}

fn body(extra: Value) -> Body {
    match change("messages", &value("messages", item(extra))).remove(0) {
        Update::Message(message) => message.body,
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> Body {
    Body::Text {
        text: text.to_owned(),
        about: None,
    }
}

#[test]
fn words_taps_and_orders_are_read() {
    assert_eq!(
        body(json!({ "type": "text", "text": { "body": "oi" } })),
        text("oi")
    );
    let referral = json!({ "source_url": "https://fb.me/x", "source_type": "ad", "ctwa_clid": "c" });
    let advert = json!({ "type": "text", "text": { "body": "oi" }, "referral": referral, "context": { "forwarded": true } });
    assert_eq!(body(advert), text("oi"));
    let referred = json!({ "catalog_id": "3", "product_retailer_id": "coffee" });
    let question = json!({ "type": "text", "text": { "body": "tem?" },
        "context": { "from": "55", "id": "wamid.x", "referred_product": referred } });
    let about = Some(RetailerId::new("coffee"));
    let asked = "tem?".to_owned();
    assert_eq!(body(question), Body::Text { text: asked, about });
    for (kind, reply) in [("button_reply", "s1.menu.x"), ("list_reply", "s1.add.y")] {
        let mut interactive = json!({ "type": kind });
        interactive[kind] = json!({ "id": reply, "title": "t" });
        assert_eq!(
            body(json!({ "type": "interactive", "interactive": interactive })),
            Body::Tap(reply.to_owned())
        );
    }
    let ours = json!({ "type": "button", "button": { "payload": "s1.menu.x", "text": "Menu" } });
    assert_eq!(body(ours), Body::Tap("s1.menu.x".to_owned()));
    let theirs = json!({ "type": "button", "button": { "payload": "PROMO", "text": "Carrinho" } });
    assert_eq!(body(theirs), text("Carrinho"));
    let items = json!([{ "product_retailer_id": 7, "quantity": "2", "item_price": 7.99, "currency": "BRL" }]);
    let Body::Order { items, note, .. } = body(
        json!({ "type": "order", "order": { "catalog_id": "3", "text": "Love these!", "product_items": items } }),
    ) else {
        panic!("no order");
    };
    assert_eq!((items[0].retailer_id.as_str(), items[0].quantity), ("7", 2));
    assert_eq!(
        (items[0].item_price.as_str(), note.as_deref()),
        ("7.99", Some("Love these!"))
    );
    let broken = json!({ "type": "order", "order": { "product_items": [{ "quantity": 1 }] } });
    assert!(matches!(body(broken), Body::Order { items, .. } if items.is_empty()));
}

#[test]
fn whatever_else_a_person_sends_waits_for_an_answer() {
    for (extra, what) in [
        (
            json!({ "type": "image", "image": { "id": "1", "mime_type": "image/jpeg" } }),
            "image",
        ),
        (
            json!({ "type": "audio", "audio": { "id": "1", "voice": true } }),
            "audio",
        ),
        (
            json!({ "type": "location", "location": { "latitude": -23.5, "longitude": -46.6 } }),
            "location",
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": {}, "vcard": "x" }], "origin": "contact_request" }),
            "contacts",
        ),
        (
            json!({ "type": "unsupported", "errors": [{ "code": 131_051 }], "unsupported": { "type": "poll" } }),
            "unsupported",
        ),
        (json!({ "type": "brand_new", "brand_new": {} }), "brand_new"),
        (json!({ "type": "text" }), "text"),
        (json!({ "type": "text", "text": 7 }), "text"),
        (
            json!({ "type": "interactive", "interactive": { "type": "nfm_reply", "nfm_reply": { "response_json": "{}" } } }),
            "interactive_nfm_reply",
        ),
        (
            json!({ "type": "interactive", "interactive": { "type": "payment_method", "payment_method": {} } }),
            "interactive_payment_method",
        ),
        (
            json!({ "type": "interactive", "interactive": "odd" }),
            "interactive",
        ),
    ] {
        assert_eq!(body(extra), Body::Other(what.to_owned()));
    }
    assert_eq!(body(json!({ "type": "request_welcome" })), Body::Welcome);
    for (extra, what) in [
        (
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.x" } }),
            "reaction",
        ),
        (
            json!({ "type": "edit", "edit": { "original_message_id": "wamid.x" } }),
            "edit",
        ),
        (
            json!({ "type": "revoke", "revoke": { "original_message_id": "wamid.x" } }),
            "revoke",
        ),
        (
            json!({ "type": "system", "system": { "type": "customer_identity_changed" } }),
            "system",
        ),
        (
            json!({ "type": "interactive", "interactive": { "type": "call_permission_reply" } }),
            "call_permission_reply",
        ),
    ] {
        assert_eq!(body(extra), Body::Silent(what.to_owned()));
    }
}

#[test]
fn another_business_is_not_answered_and_a_group_is_nobody() {
    let api = "wamid.HBgNNTUxMTk5OTk5MDAwMBUCABIYEjFGMkUzRDRDNUI2QTc5ODgwMAA=";
    assert_eq!(crate::whatsapp::message_id::decode(api).inner.len(), 18);
    let from_a_bot = json!({ "type": "unsupported", "id": api, "errors": [{ "code": 131_051 }] });
    assert_eq!(body(from_a_bot), Body::Silent("unsupported".to_owned()));
    let in_a_group = item(json!({ "type": "text", "text": { "body": "oi" }, "group_id": "g" }));
    let read = change("messages", &value("messages", in_a_group));
    assert!(matches!(&read[..], [Update::Unrecognised { what, .. }] if what == "group:text"));
}

#[test]
fn a_customer_who_moved_is_told_in_either_schema() {
    for (system, wa_id, user_id) in [
        (
            json!({ "type": "user_changed_number", "wa_id": "5511888880000", "user_id": "BR.2" }),
            Some("5511888880000"),
            Some("BR.2"),
        ),
        (
            json!({ "type": "user_changed_number", "new_wa_id": "5511888880000", "body": "x" }),
            Some("5511888880000"),
            None,
        ),
        (
            json!({ "type": "user_changed_user_id", "user_id": "BR.2" }),
            None,
            Some("BR.2"),
        ),
    ] {
        let told = item(json!({ "type": "system", "system": system }));
        let [Update::Moved { number, from, to, .. }] = &change("messages", &value("messages", told))[..]
        else {
            panic!("not moved");
        };
        assert_eq!(number.as_ref().map(NumberId::as_str), Some("106"));
        assert_eq!(from.wa_id.as_deref(), Some("5511999990000"));
        assert_eq!((to.wa_id.as_deref(), to.user_id.as_deref()), (wa_id, user_id));
    }
    let update = json!([{ "wa_id": "5511888880000", "user_id": { "previous": "BR.1", "current": "BR.2" }, "timestamp": 1 }]);
    let read = change(
        "user_id_update",
        &json!({ "messaging_product": "whatsapp", "user_id_update": update }),
    );
    assert!(
        matches!(&read[..], [Update::Moved { number: None, from, .. }] if from.user_id.as_deref() == Some("BR.1"))
    );
}

#[test]
fn customers_are_known_by_either_id() {
    let sender = |extra: Value| match change("messages", &value("messages", item(extra))).remove(0) {
        Update::Message(message) => Ok(message.customer),
        Update::Poison { problem, .. } => Err(problem),
        other => panic!("{other:?}"),
    };
    let by_user = sender(json!({ "type": "text", "text": { "body": "x" }, "from": null })).unwrap();
    assert_eq!(
        (by_user.wa_id.as_deref(), by_user.name.as_deref()),
        (Some("5511999990000"), Some("Ana"))
    );
    let stranger = json!({ "type": "text", "text": { "body": "x" }, "from": null, "from_user_id": "BR.9" });
    assert_eq!(sender(stranger).unwrap().wa_id, None);
    let as_number =
        sender(json!({ "type": "text", "text": { "body": "x" }, "from": 5_511_999_990_000_i64 })).unwrap();
    assert_eq!(as_number.user_id.as_deref(), Some("BR.1"));
    let nobody = sender(json!({ "type": "text", "from": "", "from_user_id": null }));
    assert!(nobody.unwrap_err().contains("from_user_id"));
    let when = |timestamp: Value| {
        let item = item(json!({ "type": "text", "text": { "body": "x" }, "timestamp": timestamp }));
        match change("messages", &value("messages", item)).remove(0) {
            Update::Message(message) => message.at_ms,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(when(json!("1795435200")), 1_795_435_200_000);
    for none in [Value::Null, json!("soon"), json!(-1), json!(i64::MAX)] {
        assert_eq!(when(none), 0, "it opens no window");
    }
    assert!(sender(json!({ "type": "text", "timestamp": 1_795_435_200 })).is_ok());
    let named = |id: Value| match change(
        "messages",
        &value("messages", item(json!({ "type": "text", "id": id }))),
    )
    .remove(0)
    {
        Update::Message(message) => message.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        named(json!("")),
        named(json!("")),
        "the same bytes are the same message"
    );
    assert_ne!(named(json!("")), named(Value::Null));
}

#[test]
fn a_status_may_lack_nearly_everything() {
    let status = |item: Value| match change("messages", &value("statuses", item)).remove(0) {
        Update::Status(status) => Ok(*status),
        Update::Unrecognised { what, .. } => Err(what),
        other => panic!("{other:?}"),
    };
    let full = status(json!({ "id": ANDROID, "status": "delivered", "timestamp": "1795435200", "recipient_id": "5511999990000",
        "recipient_user_id": "BR.1", "biz_opaque_callback_data": "s1.menu.x", "conversation": { "id": "c", "origin": { "type": "service" } },
        "pricing": { "billable": true, "pricing_model": "PMP", "type": "regular", "category": "authentication-international" } }))
    .unwrap();
    assert_eq!(full.pricing.unwrap().category, "authentication_international");
    assert_eq!(full.message.as_deref(), Some("ACF1292A9EB1991D17C575DDA2A6B587"));
    let bare = status(json!({ "id": ANDROID, "status": "played" })).unwrap();
    assert_eq!(
        (bare.status, bare.pricing, bare.customer.wa_id),
        (DeliveryWord::Read, None, None)
    );
    let error = json!({ "code": 131_049, "title": "t", "error_data": { "details": "healthy ecosystem" } });
    let failed =
        status(json!({ "biz_opaque_callback_data": "s1.x", "status": "failed", "errors": [error] })).unwrap();
    assert_eq!(
        (failed.code, failed.details.as_str(), failed.message),
        (Some(131_049), "healthy ecosystem", None)
    );
    let odd = status(json!({ "id": "x", "status": "failed", "errors": "none", "pricing": 7 })).unwrap();
    assert_eq!((odd.code, odd.details.as_str()), (None, ""));
    for (item, what) in [
        (json!({ "id": "x", "status": "teleported" }), "status:teleported"),
        (json!({ "id": "x" }), "status:"),
        (json!({ "status": "sent" }), "status:nameless"),
        (
            json!({ "id": "x", "status": "captured", "type": "payment" }),
            "status:payment",
        ),
        (
            json!({ "id": "x", "status": "sent", "recipient_type": "group" }),
            "status:group",
        ),
    ] {
        assert_eq!(status(item).unwrap_err(), what);
    }
}

#[test]
fn errors_echoes_history_and_unknown_fields_are_told_apart() {
    let error = json!({ "code": 131_031, "title": "locked", "error_data": { "details": "policy" } });
    let read = change("messages", &value("errors", error));
    assert!(
        matches!(&read[..], [Update::AccountError { code: Some(131_031), details, .. }] if details == "policy")
    );
    let metadata = json!({ "phone_number_id": "106" });
    let echoes = json!([{ "from": "55", "to": "5511999990000", "id": ANDROID, "timestamp": "1", "type": "text", "text": { "body": "x" } }]);
    let read = change(
        "smb_message_echoes",
        &json!({ "metadata": metadata, "message_echoes": echoes }),
    );
    assert!(
        matches!(&read[..], [Update::Echo { customer, .. }] if customer.wa_id.as_deref() == Some("5511999990000"))
    );
    let threads = json!([{ "id": "1", "messages": [{}, {}] }, { "id": "2", "messages": [{}] }]);
    let read = change(
        "history",
        &json!({ "metadata": metadata, "history": [{ "metadata": {}, "threads": threads }] }),
    );
    assert!(matches!(&read[..], [Update::History { messages: 3, .. }]));
    for field in [
        "account_update",
        "flows",
        "calls",
        "message_template_status_update",
        "smb_message_echoes",
    ] {
        let read = change(field, &json!({ "event": "x" }));
        assert!(
            matches!(&read[..], [Update::Unrecognised { what, .. }] if *what == format!("field:{field}"))
        );
    }
}

#[test]
fn one_bad_item_harms_no_sibling() {
    let mut value = value(
        "messages",
        item(json!({ "type": "text", "text": { "body": "oi" } })),
    );
    let good = value["messages"][0].clone();
    value["messages"] = json!([good, 7, { "id": {} }, good]);
    value["statuses"] = json!("none");
    value["contacts"] = json!([null, 3, { "profile": 7, "wa_id": "5511999990000" }]);
    let entries = json!([null, { "changes": 7 }, { "changes": [null, { "field": "messages" }, { "field": "messages", "value": value }] }]);
    let body = json!({ "object": "whatsapp_business_account", "entry": entries }).to_string();
    let updates = parse(body.as_bytes()).unwrap();
    let messages = updates
        .iter()
        .filter(|update| matches!(update, Update::Message(_)))
        .count();
    let poison = updates
        .iter()
        .filter(|update| matches!(update, Update::Poison { .. }))
        .count();
    assert_eq!((messages, poison), (2, 6), "{updates:#?}");
}

#[test]
fn a_text_cut_in_the_middle_of_an_emoji_is_still_read() {
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages",
        "value": value("messages", item(json!({ "type": "text", "text": { "body": "oi CUT" } }))) }] }] });
    let body = body
        .to_string()
        .replace("CUT", "\\ud83d")
        .replace("\"Ana\"", "\"Ana \\uD83D\"");
    let Update::Message(message) = parse(body.as_bytes()).unwrap().remove(0) else {
        panic!("no message");
    };
    assert_eq!(message.body, text("oi \u{fffd}"));
    assert_eq!(message.customer.name.as_deref(), Some("Ana \u{fffd}"));
}

#[test]
fn what_is_no_webhook_says_why() {
    for (body, why) in [
        ("", "not a webhook body"),
        ("[]", "not a webhook body"),
        (r#"{"entry":[]}"#, "the object is not named"),
        (r#"{"hello":1}"#, "the object is not named"),
        (r#"{"object":"page","entry":[]}"#, "\"page\""),
    ] {
        let problem = parse(body.as_bytes()).unwrap_err();
        assert!(problem.contains(why), "{body}: {problem}");
    }
    assert_eq!(
        parse(br#"{"object":"whatsapp_business_account"}"#).unwrap(),
        Vec::new()
    );
}

#[test]
fn a_thousand_updates_in_three_megabytes_are_read() {
    let one = item(json!({ "type": "text", "text": { "body": "x".repeat(2_500) } }));
    let mut all = value("messages", one.clone());
    all["messages"] = json!(vec![one; 1_000]);
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "changes": [{ "field": "messages", "value": all }] }] });
    let bytes = body.to_string();
    assert!(bytes.len() > 2_600_000 && bytes.len() < 3 * 1024 * 1024);
    assert_eq!(parse(bytes.as_bytes()).unwrap().len(), 1_000);
}
