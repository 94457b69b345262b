//! Messages that are taken: every kind of §4.1, §4.2 and §8, at its limits where it has some.

use serde_json::{Value, json};

use super::Good;
use super::bodies::{
    ORDER, asking, buttons, catalog, contact, flow, link, list, media_carousel, message, news, order, paid,
    payment, product, product_carousel, products, quick_replies, simple_order, template, template_button,
    template_carousel, text, values, with, without, words,
};

pub fn rows(now_ms: i64) -> Vec<Good> {
    let mut rows = plain();
    rows.extend(interactive());
    rows.extend(orders(now_ms));
    rows.extend(templates());
    rows
}

/// §4.1: what is not interactive.
#[rustfmt::skip]
fn plain() -> Vec<Good> {
    let media = |kind: &str, part: Value| message(kind, &part);
    let oi = text("oi");
    vec![
        ("a text", oi.clone()),
        ("a text of 4096 characters", text(&words(4096))),
        ("a text without its type", without(&oi, "/type")),
        ("a text without a recipient type", without(&oi, "/recipient_type")),
        ("a text with a preview", with(&oi, "/text/preview_url", json!(true))),
        ("a text to a number with signs", with(&oi, "/to", json!("+55 (11) 98765-4321"))),
        ("a text with callback data of 512 characters", with(&oi, "/biz_opaque_callback_data", json!(words(512)))),
        ("an answer to a message", with(&oi, "/context", json!({ "message_id": "wamid.HBgL" }))),
        ("an image by its link", media("image", json!({ "link": "https://shop.example/1.png", "caption": words(1024) }))),
        ("a video by its link", media("video", json!({ "link": "https://shop.example/1.mp4", "caption": "Bolo" }))),
        ("a sound by its link", media("audio", json!({ "link": "https://shop.example/1.ogg", "voice": true }))),
        ("a document by its link", media("document", json!({ "link": "http://shop.example/1.pdf", "filename": "nota.pdf", "caption": "Nota" }))),
        ("a sticker by its link", media("sticker", json!({ "link": "https://shop.example/1.webp" }))),
        ("a place in numbers", media("location", json!({ "latitude": -23.55, "longitude": -46.63, "name": "Café", "address": "Praça 1" }))),
        ("a place in text", media("location", json!({ "latitude": "-90", "longitude": "180.0" }))),
        ("a contact", contact()),
        ("a contact with an empty birthday", with(&contact(), "/contacts/0/birthday", json!(""))),
        ("a reaction", media("reaction", json!({ "message_id": "wamid.HBgL", "emoji": "👍🏽" }))),
        ("a reaction taken back", media("reaction", json!({ "message_id": "wamid.HBgL", "emoji": "" }))),
    ]
}

/// §4.1: what is interactive.
#[rustfmt::skip]
fn interactive() -> Vec<Good> {
    let header = |kind: &str| {
        let header = json!({ "type": kind, kind: { "link": "https://shop.example/1" } });
        with(&buttons(3), "/interactive/header", header)
    };
    let first = with(
        &media_carousel(2),
        "/interactive/action/cards/0/action",
        quick_replies(2),
    );
    let replies = with(&first, "/interactive/action/cards/1/action", quick_replies(2));
    let unknown = "/interactive/action/sections/0/product_items/0/product_retailer_id";
    vec![
        ("three buttons", buttons(3)),
        ("buttons under a text", with(&buttons(1), "/interactive/header", json!({ "type": "text", "text": words(60) }))),
        ("buttons under an image", header("image")),
        ("buttons under a video", header("video")),
        ("buttons under a document", header("document")),
        ("ten rows in two sections", list(&[4, 6])),
        ("one section without a title", without(&list(&[1]), "/interactive/action/sections/0/title")),
        ("a link", link()),
        ("a product", product()),
        ("a product without a body", without(&product(), "/interactive/body")),
        ("thirty products in two sections", products(&[15, 15])),
        ("products of which one is unknown", with(&products(&[2]), unknown, json!("none"))),
        ("the catalog", catalog()),
        ("the catalog without a thumbnail", without(&catalog(), ORDER)),
        ("ten cards of products", product_carousel(10)),
        ("two cards of media with links", media_carousel(2)),
        ("two cards of media with replies", replies),
        ("a flow", flow()),
        ("a request for contacts", asking("request_contact_info", "request_contact_info")),
        ("a request for a place", asking("location_request_message", "send_location")),
        ("a request for an address", asking("address_message", "address_message")),
    ]
}

/// §8: orders and what becomes of them.
#[rustfmt::skip]
fn orders(now_ms: i64) -> Vec<Good> {
    let later = (now_ms / 1000 + 3600).to_string();
    let expiration = json!({ "timestamp": later, "description": "Pix" });
    let paying = |reference: &str, kind: &str, means: Value| {
        with(
            &order(reference),
            &format!("{ORDER}/payment_settings"),
            payment(kind, &means),
        )
    };
    let picture = json!({ "type": "image", "image": { "link": "https://shop.example/1.png" } });
    vec![
        ("an order with Pix", order("GOOD.1_a-b")),
        ("an order under a picture", with(&order("GOOD-2"), "/interactive/header", picture)),
        ("an order that expires", with(&order("GOOD-3"), &format!("{ORDER}/order/expiration"), expiration)),
        ("an order with a payment link", paying("GOOD-4", "payment_link", json!({ "uri": "https://pay.example/1" }))),
        ("an order with a boleto", paying("GOOD-5", "boleto", json!({ "digitable_line": "03399026944140000002628346101018898510000008848" }))),
        ("an order with a card", paying("GOOD-6", "offsite_card_pay", json!({ "last_four_digits": "1234", "credential_id": "c1" }))),
        ("an order without lines", simple_order("GOOD-7")),
        ("an order is on its way in part", news("ORDER-1", "partially_shipped")),
        ("an order is paid", paid("ORDER-1", "captured")),
    ]
}

/// §4.2: templates.
#[rustfmt::skip]
fn templates() -> Vec<Good> {
    let action = |action: Value| json!({ "type": "action", "action": action });
    let items = vec![json!({ "product_retailer_id": "cafe-coado" }); 30];
    let mpm = json!({ "thumbnail_product_retailer_id": "cafe-coado", "sections": [{ "title": "Cafés", "product_items": items }] });
    let details = order("GOOD-8")["interactive"]["action"]["parameters"].clone();
    let product = json!({ "catalog_id": super::bodies::CATALOG, "product_retailer_id": "cafe-coado" });
    let currency = json!({ "fallback_value": "$100.99", "code": "USD", "amount_1000": 100_990 });
    let body = json!([
        { "type": "text", "text": "Ana" }, { "type": "currency", "currency": currency },
        { "type": "date_time", "date_time": { "fallback_value": "25 de fevereiro" } },
    ]);
    vec![
        ("a template", template(&json!([]))),
        ("a template without components", without(&template(&json!([])), "/template/components")),
        ("a template with values", values("body", &body)),
        ("a template with a picture", values("header", &json!([{ "type": "image", "image": { "link": "https://shop.example/1.png" } }]))),
        ("a template with a quick reply", template_button("quick_reply", &json!({ "type": "payload", "payload": "s1.menu.x" }))),
        ("a template with a link", template_button("url", &json!({ "type": "text", "text": "P-1" }))),
        ("a template with the catalog", template_button("CATALOG", &action(json!({ "thumbnail_product_retailer_id": "cafe-coado" })))),
        ("a template with thirty products", template_button("mpm", &action(mpm))),
        ("a template with a product", values("header", &json!([{ "type": "product", "product": product }]))),
        ("a template with cards", template_carousel(2)),
        ("a template with an order", template_button("order_details", &action(json!({ "order_details": details })))),
        ("a template with a flow", template_button("flow", &action(json!({ "flow_token": "t1" })))),
    ]
}
