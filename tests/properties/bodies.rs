//! Webhook bodies in the shapes that Meta documents, written by us: one update each. It refuses broken ones; breaking
//! them is for `mutator`.

use serde_json::{Value, json};

const ANDROID: &str = "wamid.HBgNNTUxMTk5OTk5MDAwMBUCABIYIEFDRjEyOTJBOUVCMTk5MUQxN0M1NzVEREEyQTZCNTg3AA==";
const IOS: &str = "wamid.HBgLMTY1MDM4Nzk0MzUVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA=";
/// Its inner id has 18 characters: sent by another business's API.
const FROM_API: &str = "wamid.HBgNNTUxMTk5OTk5MDAwMBUCABIYEjFGMkUzRDRDNUI2QTc5ODgwMAA=";

/// Every kind; a native order is the sixth.
pub(super) fn bodies() -> Vec<Value> {
    let mut all = Vec::new();
    for (kind, content) in answers().into_iter().chain(media()).chain(notices()) {
        let mut item = message(kind);
        item[kind] = content;
        all.push(with("messages", &item));
    }
    all.extend(extras().iter().map(|item| with("messages", item)));
    all.extend(statuses().iter().map(|item| with("statuses", item)));
    all.extend(errors().iter().map(|item| with("errors", item)));
    all.extend(fields().iter().map(|(field, value)| wrap(field, value)));
    all
}

fn wrap(field: &str, value: &Value) -> Value {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102", "time": 1_795_435_200,
        "changes": [{ "field": field, "value": value }] }] })
}

fn metadata() -> Value {
    json!({ "display_phone_number": "551140001234", "phone_number_id": "106540352242922" })
}

fn with(key: &str, item: &Value) -> Value {
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": metadata(),
        "contacts": [{ "profile": { "name": "Ana", "username": "@ana" }, "wa_id": "5511999990000", "user_id": "BR.1" }],
    });
    value[key] = json!([item]);
    wrap("messages", &value)
}

fn message(kind: &str) -> Value {
    json!({ "from": "5511999990000", "from_user_id": "BR.1", "timestamp": "1795435200", "type": kind, "id": IOS })
}

fn answers() -> Vec<(&'static str, Value)> {
    vec![
        ("text", json!({ "body": "oi 👋" })),
        (
            "interactive",
            json!({ "type": "button_reply", "button_reply": { "id": "s1.menu.k1.a0.0..x", "title": "Menu" } }),
        ),
        (
            "interactive",
            json!({ "type": "list_reply",
                "list_reply": { "id": "s1.add.k1.a0.0.px.y", "title": "Add", "description": "one more" } }),
        ),
        (
            "interactive",
            json!({ "type": "nfm_reply", "nfm_reply": { "name": "flow", "body": "Sent", "response_json": "{}" } }),
        ),
        (
            "button",
            json!({ "payload": "s1.menu.k1.a0.0..x", "text": "Menu" }),
        ),
        (
            "order",
            json!({ "catalog_id": "3", "text": "", "product_items": [
                { "product_retailer_id": "a", "quantity": 2, "item_price": 7.99, "currency": "BRL" },
                { "product_retailer_id": "b", "quantity": 1, "item_price": 11000, "currency": "IDR" },
            ] }),
        ),
        ("button", json!({ "payload": "PROMO", "text": "Carrinho" })),
        (
            "interactive",
            json!({ "type": "call_permission_reply",
                "call_permission_reply": { "response": "accept", "is_permanent": false } }),
        ),
        ("request_welcome", json!({})),
    ]
}

fn media() -> Vec<(&'static str, Value)> {
    let vcard = "BEGIN:VCARD\nVERSION:3.0\nN:Silva;Ana;;;\nTEL;TYPE=CELL:+55 11 99999-0000\nEND:VCARD";
    vec![
        (
            "image",
            json!({ "id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "is it this one?" }),
        ),
        (
            "audio",
            json!({ "id": "1", "mime_type": "audio/ogg; codecs=opus", "voice": true }),
        ),
        (
            "sticker",
            json!({ "id": "1", "mime_type": "image/webp", "animated": false }),
        ),
        (
            "document",
            json!({ "id": "1", "mime_type": "application/pdf", "filename": "lista de compras.pdf" }),
        ),
        (
            "location",
            json!({ "latitude": -23.5, "longitude": -46.6, "name": "Praça", "address": "Rua 1" }),
        ),
        (
            "contacts",
            json!([{ "name": { "formatted_name": "Ana Silva", "first_name": "Ana" }, "vcard": vcard,
                "phones": [{ "phone": "+55 11 99999-0000", "wa_id": "5511999990000", "type": "CELL" }] }]),
        ),
        ("hologram", json!({ "id": "1" })),
    ]
}

fn notices() -> Vec<(&'static str, Value)> {
    vec![
        ("reaction", json!({ "message_id": ANDROID, "emoji": "👍" })),
        ("reaction", json!({ "message_id": ANDROID })),
        (
            "system",
            json!({ "body": "Ana changed", "type": "user_changed_number", "wa_id": "5511888880000", "user_id": "BR.2" }),
        ),
        (
            "system",
            json!({ "body": "Ana changed", "type": "customer_changed_number", "new_wa_id": "5511888880000",
                "identity": "x", "customer": "5511999990000" }),
        ),
        (
            "system",
            json!({ "body": "Ana changed", "type": "user_changed_user_id", "user_id": "BR.2" }),
        ),
        ("system", json!({ "type": "customer_identity_changed" })),
        (
            "edit",
            json!({ "original_message_id": ANDROID, "message": { "type": "text", "text": { "body": "dois" } } }),
        ),
        ("revoke", json!({ "original_message_id": ANDROID })),
        ("unsupported", json!({ "type": "poll" })),
    ]
}

/// Messages that have something beside their content.
fn extras() -> Vec<Value> {
    let text = |id: &str, key: &str, beside: Value| {
        let mut item = message("text");
        item["text"] = json!({ "body": "tem?" });
        item["id"] = json!(id);
        item[key] = beside;
        item
    };
    let mut unsupported = message("unsupported");
    unsupported["id"] = json!(FROM_API);
    unsupported["errors"] = json!([{ "code": 131_051, "title": "Message type unknown",
        "error_data": { "details": "Message type is currently not supported." } }]);
    vec![
        text(
            ANDROID,
            "context",
            json!({ "from": "551140001234", "id": IOS,
            "referred_product": { "catalog_id": "3", "product_retailer_id": "a" } }),
        ),
        text(
            ANDROID,
            "context",
            json!({ "forwarded": true, "frequently_forwarded": true }),
        ),
        text(
            IOS,
            "referral",
            json!({ "source_url": "https://fb.me/x", "source_id": "1", "source_type": "ad", "headline": "Café",
            "body": "novo", "media_type": "image", "image_url": "https://x.example.com", "ctwa_clid": "c" }),
        ),
        text(IOS, "group_id", json!("g")),
        text(IOS, "from", Value::Null),
        unsupported,
    ]
}

fn statuses() -> Vec<Value> {
    vec![
        json!({ "id": ANDROID, "status": "failed", "timestamp": "1795435200", "recipient_id": "5511999990000",
            "biz_opaque_callback_data": "s1.menu.0a00000000000000000001.3.0",
            "errors": [{ "code": 131_047, "title": "Re-engagement message", "message": "Re-engagement message",
                "error_data": { "details": "More than 24 hours have passed" }, "href": "https://x.example.com" }] }),
        json!({ "id": ANDROID, "status": "delivered", "timestamp": "1795435200", "recipient_id": "5511999990000",
            "recipient_user_id": "BR.1", "biz_opaque_callback_data": "s1.menu.0a00000000000000000001.3.0",
            "conversation": { "id": "c", "expiration_timestamp": "1795521600", "origin": { "type": "service" } },
            "pricing": { "billable": true, "pricing_model": "PMP", "type": "regular", "category": "authentication-international" } }),
        json!({ "id": ANDROID, "status": "read", "timestamp": 1_795_435_200 }),
        json!({ "id": ANDROID, "status": "played" }),
        json!({ "id": ANDROID, "status": "sent", "recipient_id": "g", "recipient_type": "group" }),
        json!({ "id": ANDROID, "status": "captured", "type": "payment",
            "payment": { "reference_id": "r", "amount": { "value": 21000, "offset": 100 }, "currency": "INR" } }),
        json!({}),
    ]
}

fn errors() -> Vec<Value> {
    vec![
        json!({ "code": 130_429 }),
        json!({ "code": 131_031, "title": "Account locked", "message": "Account locked",
            "error_data": { "details": "policy" } }),
    ]
}

/// What comes under other fields than `messages`.
fn fields() -> Vec<(&'static str, Value)> {
    let echo = json!({ "from": "551140001234", "to": "5511999990000", "to_user_id": "BR.1", "id": ANDROID,
        "timestamp": "1795435200", "type": "text", "text": { "body": "já vai" } });
    let old = |from: &str| {
        json!({ "from": from, "id": IOS, "timestamp": "1790000000", "type": "text",
        "text": { "body": "bom dia" }, "history_context": { "status": "read" } })
    };
    let chunk = json!({ "metadata": { "phase": 0, "chunk_order": 1, "progress": 50 },
        "threads": [{ "id": "5511999990000", "messages": [old("5511999990000"), old("551140001234")] }] });
    let moved = json!({ "wa_id": "5511888880000", "detail": "x", "timestamp": 1_795_435_200,
        "user_id": { "previous": "BR.1", "current": "BR.2" } });
    vec![
        ("account_update", json!({ "event": "x" })),
        (
            "smb_message_echoes",
            json!({ "messaging_product": "whatsapp", "metadata": metadata(), "message_echoes": [echo] }),
        ),
        (
            "history",
            json!({ "messaging_product": "whatsapp", "metadata": metadata(), "history": [chunk] }),
        ),
        (
            "user_id_update",
            json!({ "messaging_product": "whatsapp", "metadata": metadata(), "user_id_update": [moved] }),
        ),
        (
            "message_template_status_update",
            json!({ "event": "APPROVED", "message_template_id": 1, "message_template_name": "x",
                "message_template_language": "pt_BR", "reason": "NONE" }),
        ),
    ]
}
