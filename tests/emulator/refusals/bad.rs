//! Messages that are refused at once. Codes by §6.2: 131008 something is missing, 131009 a value is not valid, 100 a wrong
//! JSON type or a thing without a place, 131051 a type that is not supported.

use serde_json::{Value, json};

use super::bodies::{
    ORDER, asking, buttons, catalog, contact, flow, interactive, link, list, media_carousel, message, money,
    news, order, paid, payment, product, product_carousel, products, quick_replies, simple_order, template,
    template_button, template_carousel, text, values, with, without, words,
};
use super::{Bad, Good};

const MISSING: i64 = 131_008;
const VALUE: i64 = 131_009;
const PARAMETER: i64 = 100;

pub fn rows(now_ms: i64) -> Vec<Bad> {
    let mut rows = envelopes();
    for (code, group) in [
        (MISSING, missing()),
        (VALUE, texts_and_media()),
        (VALUE, reactions_and_places()),
        (VALUE, buttons_and_lists()),
        (VALUE, products_and_catalog()),
        (VALUE, carousels()),
        (VALUE, flows_and_links()),
        (VALUE, orders(now_ms)),
        (VALUE, payments_and_news()),
        (VALUE, templates()),
        (PARAMETER, wrong_types()),
    ] {
        rows.extend(group.into_iter().map(|(name, body)| (name, body, code, 400)));
    }
    rows.extend(codes_of_their_own());
    rows
}

fn named(parameter: &str) -> String {
    format!("{ORDER}{parameter}")
}

/// §4, what all messages carry, and §3.4, Direct Send.
#[rustfmt::skip]
fn envelopes() -> Vec<Bad> {
    let oi = text("oi");
    let bad = |name: &'static str, body: Value, code: i64| (name, body, code, 400);
    vec![
        bad("no messaging_product", without(&oi, "/messaging_product"), PARAMETER),
        bad("another messaging_product", with(&oi, "/messaging_product", json!("sms")), PARAMETER),
        bad("neither to nor recipient", without(&oi, "/to"), MISSING),
        bad("an empty to", with(&oi, "/to", json!("")), MISSING),
        bad("to is no phone number", with(&oi, "/to", json!("Ana")), VALUE),
        bad("recipient is a phone number", with(&without(&oi, "/to"), "/recipient", json!("5511987654321")), VALUE),
        bad("an unknown recipient_type", with(&oi, "/recipient_type", json!("crowd")), VALUE),
        bad("callback data of 513 characters", with(&oi, "/biz_opaque_callback_data", json!(words(513))), VALUE),
        bad("a context without a message", with(&oi, "/context", json!({})), MISSING),
        bad("Direct Send, which is not enabled", with(&oi, "/category", json!("utility")), PARAMETER),
    ]
}

/// §4.1, §4.2, §8: what each kind can't be without.
#[rustfmt::skip]
fn missing() -> Vec<Good> {
    vec![
        ("a text without its body", message("text", &json!({}))),
        ("a text without its object", without(&text("oi"), "/text")),
        ("an empty text", text("")),
        ("an image without id and link", message("image", &json!({ "caption": "Bolo" }))),
        ("a video without its object", without(&message("video", &json!({})), "/video")),
        ("an audio with an empty id", message("audio", &json!({ "id": "" }))),
        ("a location without a longitude", message("location", &json!({ "latitude": -23.5 }))),
        ("no contacts", without(&contact(), "/contacts")),
        ("a contact without a name", without(&contact(), "/contacts/0/name")),
        ("a contact without a formatted name", without(&contact(), "/contacts/0/name/formatted_name")),
        ("a contact with a formatted name only", without(&contact(), "/contacts/0/name/first_name")),
        ("a reaction without a target", message("reaction", &json!({ "emoji": "👍" }))),
        ("a reaction without an emoji", message("reaction", &json!({ "message_id": "wamid.x" }))),
        ("an interactive message of no type", without(&buttons(1), "/interactive/type")),
        ("buttons without a body", without(&buttons(1), "/interactive/body")),
        ("no buttons", buttons(0)),
        ("a button without a title", without(&buttons(1), "/interactive/action/buttons/0/reply/title")),
        ("a button without an id", with(&buttons(1), "/interactive/action/buttons/0/reply/id", json!(""))),
        ("a list without its button", without(&list(&[1]), "/interactive/action/button")),
        ("two sections, one without a title", without(&list(&[1, 1]), "/interactive/action/sections/1/title")),
        ("a section without rows", list(&[1, 0])),
        ("a link without its address", without(&link(), &named("/url"))),
        ("a link action without its name", without(&link(), "/interactive/action/name")),
        ("products without a header", without(&products(&[1]), "/interactive/header")),
        ("products without a body", without(&products(&[1]), "/interactive/body")),
        ("a product without its catalog", without(&product(), "/interactive/action/catalog_id")),
        ("a catalog without a body", without(&catalog(), "/interactive/body")),
        ("a carousel without a body", without(&product_carousel(2), "/interactive/body")),
        ("a card without an index", without(&product_carousel(2), "/interactive/action/cards/1/card_index")),
        ("a media card without a header", without(&media_carousel(2), "/interactive/action/cards/0/header")),
        ("a flow without id and name", without(&flow(), &named("/flow_id"))),
        ("a flow without a label", without(&flow(), &named("/flow_cta"))),
        ("a request for contacts without its action", without(&asking("request_contact_info", "x"), "/interactive/action")),
        ("an order without a reference", without(&order("P-1"), &named("/reference_id"))),
        ("an order of no type", without(&order("P-1"), &named("/type"))),
        ("an order without a total", without(&order("P-1"), &named("/total_amount"))),
        ("an order without items", with(&order("P-1"), &named("/order/items"), json!([]))),
        ("an order without tax", without(&order("P-1"), &named("/order/tax"))),
        ("an order without lines and ways to pay", without(&simple_order("P-1"), &named("/payment_settings"))),
        ("Pix without its code", without(&order("P-1"), &named("/payment_settings/0/pix_dynamic_code/code"))),
        ("news of an order that say nothing", without(&news("ORDER-1", "shipped"), &named("/order"))),
        ("a template without a name", without(&template(&json!([])), "/template/name")),
        ("a template without a language", without(&template(&json!([])), "/template/language")),
        ("a template's button without an index", without(&button_of_template(), "/template/components/0/index")),
    ]
}

fn button_of_template() -> Value {
    template_button("quick_reply", &json!({ "type": "payload", "payload": "p" }))
}

/// §4.1: text and media.
#[rustfmt::skip]
fn texts_and_media() -> Vec<Good> {
    let image = message("image", &json!({ "link": "https://shop.example/1.png" }));
    vec![
        ("a text of 4097 characters", text(&words(4097))),
        ("an image with id and link", with(&image, "/image/id", json!("1"))),
        ("a caption of 1025 characters", with(&image, "/image/caption", json!(words(1025)))),
        ("a link that is no web address", message("video", &json!({ "link": "ftp://shop.example/1.mp4" }))),
        ("a link without a host", message("document", &json!({ "link": "https://" }))),
    ]
}

/// §4.1: reactions, locations, contacts.
#[rustfmt::skip]
fn reactions_and_places() -> Vec<Good> {
    let reaction = message("reaction", &json!({ "message_id": "wamid.x", "emoji": "👍" }));
    let at = |latitude: Value, longitude: Value| {
        message(
            "location",
            &json!({ "latitude": latitude, "longitude": longitude }),
        )
    };
    vec![
        ("a reaction of two emoji", with(&reaction, "/reaction/emoji", json!("👍👍"))),
        ("a reaction of letters", with(&reaction, "/reaction/emoji", json!("ok"))),
        ("a reaction in a context", with(&reaction, "/context", json!({ "message_id": "wamid.x" }))),
        ("a latitude beyond the pole", at(json!("90.000001"), json!(0))),
        ("a longitude beyond the date line", at(json!(0), json!(-180.5))),
        ("a latitude in words", at(json!("north"), json!(0))),
        ("an empty list of contacts", message("contacts", &json!([]))),
        ("a birthday of another form", with(&contact(), "/contacts/0/birthday", json!("18.8.1990"))),
    ]
}

/// §4.1: reply buttons and lists.
#[rustfmt::skip]
fn buttons_and_lists() -> Vec<Good> {
    let button = "/interactive/action/buttons/0/reply";
    let row = "/interactive/action/sections/0/rows/0";
    let of_button = |field: &str, value: &str| with(&buttons(2), &format!("{button}/{field}"), json!(value));
    let of_row = |field: &str, value: &str| with(&list(&[2]), &format!("{row}/{field}"), json!(value));
    let header = |kind: &str| json!({ "type": kind, kind: { "link": "https://shop.example/1" } });
    vec![
        ("four buttons", buttons(4)),
        ("a button's title of 21 characters", of_button("title", &words(21))),
        ("a button's id of 257 characters", of_button("id", &words(257))),
        ("a button's id with a space at its edge", of_button("id", "b0 ")),
        ("two buttons of one id", of_button("id", "b1")),
        ("two buttons of one title", of_button("title", "B 1")),
        ("a button of another type", with(&buttons(1), "/interactive/action/buttons/0/type", json!("url"))),
        ("a body of buttons of 1025 characters", with(&buttons(1), "/interactive/body/text", json!(words(1025)))),
        ("a footer of 61 characters", with(&buttons(1), "/interactive/footer", json!({ "text": words(61) }))),
        ("a header of 61 characters", with(&buttons(1), "/interactive/header", json!({ "type": "text", "text": words(61) }))),
        ("a sound as a header", with(&buttons(1), "/interactive/header", header("audio"))),
        ("eleven rows in one section", list(&[11])),
        ("eleven rows in two sections", list(&[6, 5])),
        ("eleven sections", list(&[1; 11])),
        ("a row's title of 25 characters", of_row("title", &words(25))),
        ("a row's id of 201 characters", of_row("id", &words(201))),
        ("a row's description of 73 characters", of_row("description", &words(73))),
        ("two rows of one id", of_row("id", "r0.1")),
        ("a section's title of 25 characters", with(&list(&[1]), "/interactive/action/sections/0/title", json!(words(25)))),
        ("a list's button of 21 characters", with(&list(&[1]), "/interactive/action/button", json!(words(21)))),
        ("a list's body of 4097 characters", with(&list(&[1]), "/interactive/body/text", json!(words(4097)))),
        ("a picture above a list", with(&list(&[1]), "/interactive/header", header("image"))),
    ]
}

/// §4.1 and trap 12: products, their lists, the catalog.
#[rustfmt::skip]
fn products_and_catalog() -> Vec<Good> {
    let header = json!({ "type": "text", "text": "Novo" });
    let thumbnail = named("/thumbnail_product_retailer_id");
    vec![
        ("a header above a product", with(&product(), "/interactive/header", header.clone())),
        ("a product of another catalog", with(&product(), "/interactive/action/catalog_id", json!("1"))),
        ("an unknown product", with(&product(), "/interactive/action/product_retailer_id", json!("none"))),
        ("thirty-one products", products(&[31])),
        ("thirty-one products in two sections", products(&[16, 15])),
        ("eleven sections of products", products(&[1; 11])),
        ("a list of unknown products only", with(&products(&[1]), "/interactive/action/sections/0/product_items/0/product_retailer_id", json!("none"))),
        ("products of another catalog", with(&products(&[1]), "/interactive/action/catalog_id", json!("1"))),
        ("a picture above products", with(&products(&[1]), "/interactive/header", json!({ "type": "image", "image": { "link": "https://shop.example/1.png" } }))),
        ("a header above the catalog", with(&catalog(), "/interactive/header", header)),
        ("an unknown product as a thumbnail", with(&catalog(), &thumbnail, json!("none"))),
    ]
}

/// §4.1: carousels of products and of media.
#[rustfmt::skip]
fn carousels() -> Vec<Good> {
    let card = |place: &str| format!("/interactive/action/cards/0/{place}");
    let mixed = with(&media_carousel(2), &card("action"), quick_replies(1));
    let uneven = with(&mixed, "/interactive/action/cards/1/action", quick_replies(2));
    let product_card = product_carousel(2)["interactive"]["action"]["cards"][0].clone();
    let header = json!({ "type": "text", "text": "Hoje" });
    vec![
        ("one card", product_carousel(1)),
        ("eleven cards", media_carousel(11)),
        ("two cards of one index", with(&product_carousel(2), &card("card_index"), json!(1))),
        ("a card with the index 10", with(&product_carousel(2), &card("card_index"), json!(10))),
        ("a card of another type", with(&product_carousel(2), &card("type"), json!("text"))),
        ("a card of another catalog", with(&product_carousel(2), &card("action/catalog_id"), json!("1"))),
        ("a card of an unknown product", with(&product_carousel(2), &card("action/product_retailer_id"), json!("none"))),
        ("a header above a carousel", with(&product_carousel(2), "/interactive/header", header)),
        ("a footer under a carousel", with(&product_carousel(2), "/interactive/footer", json!({ "text": "Hoje" }))),
        ("a card's body of 161 characters", with(&media_carousel(2), &card("body/text"), json!(words(161)))),
        ("a card's body with three line breaks", with(&media_carousel(2), &card("body/text"), json!("a\nb\nc\nd"))),
        ("a card with a document", with(&media_carousel(2), &card("header/type"), json!("document"))),
        ("cards with links and with replies", mixed),
        ("cards with one reply and with two", uneven),
        ("cards of products and of media", with(&media_carousel(2), "/interactive/action/cards/0", product_card)),
    ]
}

/// §4.1: links, flows and requests.
#[rustfmt::skip]
fn flows_and_links() -> Vec<Good> {
    vec![
        ("a link's label of 21 characters", with(&link(), &named("/display_text"), json!(words(21)))),
        ("a link to no web address", with(&link(), &named("/url"), json!("pay.example"))),
        ("a link action of another name", with(&link(), "/interactive/action/name", json!("open"))),
        ("a flow with id and name", with(&flow(), &named("/flow_name"), json!("entrega"))),
        ("a flow in another mode", with(&flow(), &named("/mode"), json!("test"))),
        ("a flow with another action", with(&flow(), &named("/flow_action"), json!("jump"))),
        ("a request for contacts of another name", asking("request_contact_info", "contacts")),
        ("a request for a place of another name", asking("location_request_message", "location")),
        ("an unknown interactive type", with(&buttons(1), "/interactive/type", json!("poll"))),
    ]
}

/// §8: orders.
#[rustfmt::skip]
fn orders(now_ms: i64) -> Vec<Good> {
    let of = |place: &str, value: Value| with(&order("P-1"), &named(place), value);
    let soon = (now_ms / 1000 + 200).to_string();
    let picture = json!({ "type": "image", "image": { "link": "https://shop.example/1.png" } });
    vec![
        ("a reference with a space", order("P 1")),
        ("a reference of 61 characters", order(&"x".repeat(61))),
        ("a reference that was used", order("ORDER-1")),
        ("goods of another type", of("/type", json!("services"))),
        ("a payment of another country", of("/payment_type", json!("upi"))),
        ("another currency", of("/currency", json!("USD"))),
        ("a total that does not add up", of("/total_amount", money(1501))),
        ("a subtotal that does not add up", of("/order/subtotal", money(1300))),
        ("a total of nothing", of("/total_amount", money(0))),
        ("a negative tax", of("/order/tax", money(-1))),
        ("an offset of ten", of("/total_amount/offset", json!(10))),
        ("a total with half a centavo", of("/total_amount/value", json!(1500.5))),
        ("no coffee at all", of("/order/items/0/quantity", json!(0))),
        ("an item's name of 61 characters", of("/order/items/0/name", json!(words(61)))),
        ("a reason of 61 characters", of("/order/discount/description", json!(words(61)))),
        ("an order that begins shipped", of("/order/status", json!("shipped"))),
        ("an order that expires in 200 seconds", of("/order/expiration", json!({ "timestamp": soon }))),
        ("a text above an order", with(&order("P-1"), "/interactive/header", json!({ "type": "text", "text": "Oi" }))),
        ("a picture above an order without lines", with(&simple_order("P-1"), "/interactive/header", picture)),
        ("an order action of another name", with(&order("P-1"), "/interactive/action/name", json!("pay"))),
    ]
}

/// §8: ways to pay, and what becomes of orders.
#[rustfmt::skip]
fn payments_and_news() -> Vec<Good> {
    let paying =
        |kind: &str, means: Value| with(&order("P-1"), &named("/payment_settings"), payment(kind, &means));
    vec![
        ("an unknown way to pay", paying("payment_gateway", json!({ "type": "razorpay" }))),
        ("Pix with an unknown kind of key", with(&order("P-1"), &named("/payment_settings/0/pix_dynamic_code/key_type"), json!("RG"))),
        ("a payment link that is none", paying("payment_link", json!({ "uri": "pay.example" }))),
        ("a card with three digits", paying("offsite_card_pay", json!({ "last_four_digits": "123", "credential_id": "c" }))),
        ("news of an unknown order", news("ORDER-0", "shipped")),
        ("an unknown state of an order", news("ORDER-1", "lost")),
        ("an unknown state of a payment", paid("ORDER-1", "refunded")),
        ("news of 121 characters", with(&news("ORDER-1", "shipped"), &named("/order/description"), json!(words(121)))),
        ("a header above news", with(&news("ORDER-1", "shipped"), "/interactive/header", json!({ "type": "text", "text": "Oi" }))),
    ]
}

/// §4.2: templates.
#[rustfmt::skip]
fn templates() -> Vec<Good> {
    let product = json!({ "catalog_id": "1", "product_retailer_id": "cafe-coado" });
    let action = |action: Value| json!({ "type": "action", "action": action });
    let items = vec![json!({ "product_retailer_id": "cafe-coado" }); 31];
    let mpm = json!({ "thumbnail_product_retailer_id": "cafe-coado", "sections": [{ "title": "a", "product_items": items }] });
    let mut total = order("P-1")["interactive"]["action"]["parameters"].clone();
    total["total_amount"] = money(1);
    vec![
        ("an unknown component", values("tail", &json!([]))),
        ("an unknown kind of value", values("body", &json!([{ "type": "number", "number": 1 }]))),
        ("an unknown button of a template", template_button("share", &json!({ "type": "text", "text": "a" }))),
        ("a button at place 10", with(&button_of_template(), "/template/components/0/index", json!("10"))),
        ("a template with a product of another catalog", values("header", &json!([{ "type": "product", "product": product }]))),
        ("a template with an unknown thumbnail", template_button("CATALOG", &action(json!({ "thumbnail_product_retailer_id": "none" })))),
        ("a template with thirty-one products", template_button("mpm", &action(mpm))),
        ("a template's carousel of one card", template_carousel(1)),
        ("a template whose order does not add up", template_button("order_details", &action(json!({ "order_details": total })))),
    ]
}

/// Wrong JSON types, and things without a place.
#[rustfmt::skip]
fn wrong_types() -> Vec<Good> {
    let link = json!({ "link": "https://shop.example/1" });
    vec![
        ("a number as a text", with(&text("oi"), "/text/body", json!(7))),
        ("a text in place of its object", message("text", &json!("oi"))),
        ("a word as preview_url", with(&text("oi"), "/text/preview_url", json!("yes"))),
        ("a number as type", with(&text("oi"), "/type", json!(1))),
        ("a number as to", with(&text("oi"), "/to", json!(5_511_987_654_321_i64))),
        ("a number as callback data", with(&text("oi"), "/biz_opaque_callback_data", json!(1))),
        ("a number as an image's id", message("image", &json!({ "id": 1 }))),
        ("a caption of a sound", message("audio", &with(&link, "/caption", json!("a")))),
        ("a caption of a sticker", message("sticker", &with(&link, "/caption", json!("a")))),
        ("an object as contacts", message("contacts", &json!({}))),
        ("phones that are no list", with(&contact(), "/contacts/0/phones", json!("+55"))),
        ("true as a latitude", message("location", &json!({ "latitude": true, "longitude": 0 }))),
        ("a number as an emoji", message("reaction", &json!({ "message_id": "wamid.x", "emoji": 1 }))),
        ("a list as interactive", interactive(&json!([]))),
        ("an object as buttons", with(&buttons(1), "/interactive/action/buttons", json!({}))),
        ("a text as a button", with(&buttons(1), "/interactive/action/buttons/0", json!("Ver"))),
        ("a number as a body", with(&buttons(1), "/interactive/body/text", json!(1))),
        ("a text as an amount", with(&order("P-1"), &named("/total_amount/value"), json!("1500"))),
        ("a text as a quantity", with(&order("P-1"), &named("/order/items/0/quantity"), json!("2"))),
        ("an object as payment settings", with(&order("P-1"), &named("/payment_settings"), json!({}))),
        ("an object as components", template(&json!({}))),
        ("a text as a language", with(&template(&json!([])), "/template/language", json!("pt_BR"))),
    ]
}

/// §6.2: codes that mean one thing only.
#[rustfmt::skip]
fn codes_of_their_own() -> Vec<Bad> {
    let payload = json!([{ "type": "payload", "payload": "p" }]);
    let group = with(&text("oi"), "/recipient_type", json!("group"));
    vec![
        ("an unknown type", message("poll", &json!({})), 131_051, 400),
        ("a message to oneself", with(&text("oi"), "/to", json!("+55 11 4000-1234")), 131_021, 400),
        ("a message to an unknown group", group, 131_041, 400),
        ("a request for calls, which are off", asking("call_permission_request", "call_permission_request"), 138_000, 400),
        ("a template that is too long", values("header", &json!([{ "type": "text", "text": words(61) }])), 132_005, 400),
        ("a payload in a template's body", values("body", &payload), 132_012, 400),
        ("a payload behind a template's link", template_button("url", &payload[0]), 132_012, 400),
    ]
}
