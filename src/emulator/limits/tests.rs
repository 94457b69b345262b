use serde_json::{Value, json};

use super::super::shop;
use super::*;

const NOW_MS: i64 = 1_795_435_200_000;

/// What a number knows in these tests.
#[derive(Default)]
struct Desk {
    orders: Orders,
    catalog_hidden: bool,
    media: Option<&'static str>,
}

impl Desk {
    fn code(&self, body: &Value) -> i64 {
        self.with(body, |body, catalog, known| match check(body, catalog, known) {
            Ok(()) => 0,
            Err(refusal) => refusal.code,
        })
    }

    fn late(&self, body: &Value) -> Option<i64> {
        self.with(body, |body, _, known| late(body, known))
    }

    fn with<T>(&self, body: &Value, ask: impl FnOnce(&Value, Catalog<'_>, &Known<'_>) -> T) -> T {
        let items = shop::menu(0);
        let catalog = Catalog {
            id: "cat",
            items: &items,
        };
        let sendable = |id: &str| self.media == Some(id);
        let known = Known {
            now_ms: NOW_MS,
            own_digits: "551140001234",
            orders: &self.orders,
            catalog_visible: !self.catalog_hidden,
            media: self.media.map(|_| &sendable as &dyn Fn(&str) -> bool),
        };
        ask(body, catalog, &known)
    }
}

fn code(body: &Value) -> i64 {
    Desk::default().code(body)
}

fn message(kind: &str, part: &Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": "5511987654321", "type": kind, kind: part})
}

fn interactive(part: &Value) -> Value {
    message("interactive", part)
}

fn list_of(rows: usize, title: &str) -> Value {
    let rows: Vec<Value> = (0..rows)
        .map(|n| json!({"id": format!("r{n}"), "title": title}))
        .collect();
    interactive(&json!({"type": "list", "body": {"text": "b"},
        "action": {"button": "Ver", "sections": [{"rows": rows}]}}))
}

fn products_of(ids: &[String], header: bool) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({"product_retailer_id": id})).collect();
    let mut list = json!({"type": "product_list", "body": {"text": "b"},
        "action": {"catalog_id": "cat", "sections": [{"title": "t", "product_items": items}]}});
    if header {
        list["header"] = json!({"type": "text", "text": "h"});
    }
    interactive(&list)
}

fn money(value: i64) -> Value {
    json!({"value": value, "offset": 100})
}

fn details() -> Value {
    json!({
        "reference_id": "P-1", "type": "physical-goods", "payment_type": "br", "currency": "BRL",
        "payment_settings": [{"type": "payment_link", "payment_link": {"uri": "https://pay.example/1"}}],
        "total_amount": money(1000),
        "order": {"status": "pending",
            "items": [{"retailer_id": "a", "name": "Coado", "amount": money(600), "quantity": 2}],
            "subtotal": money(1200), "tax": money(0), "discount": money(200)},
    })
}

fn order(details: &Value) -> Value {
    interactive(&json!({"type": "order_details", "body": {"text": "b"},
        "action": {"name": "review_and_pay", "parameters": details}}))
}

/// The code for usual details of which one place was changed.
fn changed(pointer: &str, value: Value) -> i64 {
    let mut details = details();
    *details.pointer_mut(pointer).unwrap() = value;
    code(&order(&details))
}

#[test]
fn list_limits() {
    assert_eq!(code(&list_of(10, "Coado")), 0);
    assert_eq!(code(&list_of(11, "Coado")), 131_009);
    assert_eq!(code(&list_of(1, &"x".repeat(25))), 131_009);
    assert_eq!(code(&list_of(1, &"ã".repeat(24))), 0);
    assert_eq!(code(&list_of(1, "")), 131_008);
    let untitled = interactive(
        &json!({"type": "list", "body": {"text": "b"}, "action": {"button": "Ver",
        "sections": [{"rows": [{"id": "a", "title": "a"}]}, {"rows": [{"id": "b", "title": "b"}]}]}}),
    );
    assert_eq!(code(&untitled), 131_008);
}

#[test]
fn button_limits() {
    let with = |titles: &[&str]| {
        let buttons: Vec<Value> = titles
            .iter()
            .enumerate()
            .map(|(n, title)| json!({"type": "reply", "reply": {"id": format!("b{n}"), "title": title}}))
            .collect();
        code(&interactive(
            &json!({"type": "button", "body": {"text": "b"}, "action": {"buttons": buttons}}),
        ))
    };

    assert_eq!(with(&["a", "b", "c"]), 0);
    assert_eq!(with(&["a", "b", "c", "d"]), 131_009);
    assert_eq!(with(&["a", "a"]), 131_009);
    assert_eq!(with(&["123456789012345678901"]), 131_009);
    assert_eq!(with(&[]), 131_008);
}

#[test]
fn product_list_limits() {
    let known: Vec<String> = shop::menu(0).into_keys().collect();
    let first: Vec<String> = known.iter().take(30).cloned().collect();
    let more: Vec<String> = known.iter().take(31).cloned().collect();

    assert_eq!(code(&products_of(&first, true)), 0);
    assert_eq!(code(&products_of(&more, true)), 131_009);
    assert_eq!(code(&products_of(&first, false)), 131_008);
    assert_eq!(code(&products_of(&["none".to_owned()], true)), 131_009);
}

#[test]
fn headers_are_refused_where_meta_refuses_them() {
    let id = shop::menu(0).into_keys().next().unwrap();
    let header = json!({"type": "text", "text": "h"});
    let product = json!({"type": "product", "header": header, "action": {"catalog_id": "cat", "product_retailer_id": id}});
    let catalog = json!({"type": "catalog_message", "header": header, "body": {"text": "b"},
        "action": {"name": "catalog_message"}});

    assert_eq!(code(&interactive(&product)), 131_009);
    assert_eq!(code(&interactive(&catalog)), 131_009);
}

#[test]
fn a_catalog_that_is_switched_off_is_not_shown() {
    let catalog = interactive(&json!({"type": "catalog_message", "body": {"text": "b"},
        "action": {"name": "catalog_message"}}));
    let hidden = Desk {
        catalog_hidden: true,
        ..Desk::default()
    };

    assert_eq!(code(&catalog), 0);
    assert_eq!(hidden.code(&catalog), 131_009);
}

#[test]
fn text_and_callback_data_limits() {
    let text = |body: &str, opaque: &str| {
        let mut text = message("text", &json!({"body": body}));
        text["biz_opaque_callback_data"] = json!(opaque);
        code(&text)
    };

    assert_eq!(text(&"x".repeat(4096), "s1.menu.1"), 0);
    assert_eq!(text(&"x".repeat(4097), ""), 131_009);
    assert_eq!(text("oi", &"x".repeat(513)), 131_009);
    assert_eq!(text("", ""), 131_008);
}

#[test]
fn a_wrong_json_type_is_refused_wherever_it_is_and_null_counts_as_absent() {
    assert_eq!(code(&json!([])), 100);
    assert_eq!(code(&message("text", &json!("oi"))), 100);
    assert_eq!(code(&message("text", &json!({"body": 7}))), 100);
    assert_eq!(code(&message("interactive", &json!([]))), 100);
    assert_eq!(
        code(&interactive(
            &json!({"type": "button", "body": {"text": "b"}, "action": 1})
        )),
        100
    );
    assert_eq!(
        code(&interactive(
            &json!({"type": "button", "body": {"text": "b"}, "action": {"buttons": [1]}})
        )),
        100
    );
    assert_eq!(
        code(&message(
            "image",
            &json!({"link": "https://a/b", "id": null, "caption": null})
        )),
        0
    );
}

#[test]
fn recipients_are_phone_numbers_or_user_ids_and_never_oneself() {
    let to = |field: &str, address: &str| {
        code(&json!({"messaging_product": "whatsapp", field: address, "text": {"body": "oi"}}))
    };

    assert_eq!(to("to", "+55 (11) 98765-4321"), 0);
    assert_eq!(to("to", "+55 11 4000-1234"), 131_021);
    assert_eq!(to("to", "BR.13491208655302741918"), 131_009);
    assert_eq!(to("recipient", "BR.13491208655302741918"), 0);
    assert_eq!(to("recipient", "BR.ENT.11815799212886844830"), 0);
    assert_eq!(to("recipient", "5511987654321"), 131_009);
    assert_eq!(to("recipient", &format!("BR.{}", "1".repeat(129))), 131_009);
    assert_eq!(to("to", ""), 131_008);
}

#[test]
fn a_media_id_must_be_known_where_media_are_kept() {
    let desk = Desk {
        media: Some("m1"),
        ..Desk::default()
    };

    assert_eq!(desk.code(&message("image", &json!({"id": "m1"}))), 0);
    assert_eq!(desk.code(&message("image", &json!({"id": "m2"}))), 100);
    assert_eq!(code(&message("image", &json!({"id": "m2"}))), 0);
}

#[test]
fn a_link_that_leads_nowhere_fails_later() {
    let desk = Desk::default();
    let image = |link: &str| message("image", &json!({"link": link}));

    assert_eq!(desk.late(&image("https://pictures.invalid/a.png")), Some(131_053));
    assert_eq!(desk.late(&image("https://pictures.example/a.png")), None);
}

#[test]
fn coordinates_are_exact_and_on_earth() {
    let at = |latitude: Value, longitude: Value| {
        code(&message(
            "location",
            &json!({"latitude": latitude, "longitude": longitude}),
        ))
    };

    assert_eq!(at(json!(37.758_056), json!("-122.425332")), 0);
    assert_eq!(at(json!("90.0"), json!(-180)), 0);
    assert_eq!(at(json!("90.0000000001"), json!(0)), 131_009);
    assert_eq!(at(json!(0), json!(180.5)), 131_009);
    assert_eq!(at(json!("north"), json!(0)), 131_009);
    assert_eq!(at(json!(1e-7), json!(0)), 0);
    assert_eq!(at(json!(true), json!(0)), 100);
}

#[test]
fn a_reaction_is_one_emoji_or_none() {
    let react = |emoji: &str| {
        code(&message(
            "reaction",
            &json!({"message_id": "wamid.x", "emoji": emoji}),
        ))
    };

    for emoji in ["", "👍", "👍🏽", "❤️", "👨‍👩‍👧", "🇧🇷", "1️⃣"] {
        assert_eq!(react(emoji), 0, "{emoji}");
    }
    for emoji in ["👍👍", "a", "ok", "1"] {
        assert_eq!(react(emoji), 131_009, "{emoji}");
    }
}

#[test]
fn an_order_adds_up_to_the_centavo() {
    assert_eq!(code(&order(&details())), 0);
    assert_eq!(changed("/total_amount/value", json!(1001)), 131_009);
    assert_eq!(changed("/order/subtotal/value", json!(1199)), 131_009);
    assert_eq!(changed("/order/items/0/quantity", json!(3)), 131_009);
    assert_eq!(changed("/order/items/0/quantity", json!(i64::MAX)), 131_009);
    assert_eq!(changed("/order/tax/offset", json!(1000)), 131_009);
    assert_eq!(changed("/order/tax", Value::Null), 131_008);
    assert_eq!(changed("/total_amount/value", json!("1000")), 100);
    assert_eq!(changed("/total_amount/value", json!(1000.5)), 131_009);

    let mut sale = details();
    sale["order"]["items"][0]["sale_amount"] = money(600);
    sale["order"]["items"][0]["amount"] = money(900);
    assert_eq!(code(&order(&sale)), 0);
}

#[test]
fn an_order_may_expire_five_minutes_ahead_and_not_earlier() {
    let expiring = |ahead_s: i64| {
        let mut details = details();
        let at_s = NOW_MS / 1000 + ahead_s;
        details["order"]["expiration"] = json!({"timestamp": at_s.to_string(), "description": "Pix"});
        code(&order(&details))
    };

    assert_eq!(expiring(300), 0);
    assert_eq!(expiring(299), 131_009);
}

#[test]
fn without_an_order_there_must_be_a_way_to_pay_and_no_picture() {
    let mut simple = details();
    simple.as_object_mut().unwrap().remove("order");
    let mut pictured = order(&simple);
    pictured["interactive"]["header"] = json!({"type": "image", "image": {"link": "https://a/b.png"}});

    assert_eq!(code(&order(&simple)), 0);
    assert_eq!(code(&pictured), 131_009);
    simple["payment_settings"] = json!([]);
    assert_eq!(code(&order(&simple)), 131_008);
}

#[test]
fn a_reference_is_used_once_and_news_need_a_known_one() {
    let news = interactive(
        &json!({"type": "order_status", "body": {"text": "b"}, "action": {"name": "review_order",
        "parameters": {"reference_id": "P-1", "order": {"status": "canceled"}}}}),
    );
    let mut desk = Desk::default();
    assert_eq!(desk.code(&news), 131_009);

    desk.orders.note(&order(&details()));

    assert_eq!(desk.code(&order(&details())), 131_009);
    assert_eq!(desk.code(&news), 0);
    assert_eq!(desk.late(&news), None);
    desk.orders.note(&news);
    assert_eq!(desk.late(&news), Some(2046));
}

#[test]
fn values_of_a_template_must_fit_their_place() {
    let with = |component: &Value| {
        code(&message(
            "template",
            &json!({"name": "volte", "language": {"code": "pt_BR"}, "components": [component]}),
        ))
    };
    let button = |sub_type: &str, parameter: &Value| {
        with(&json!({"type": "button", "sub_type": sub_type, "index": "0", "parameters": [parameter]}))
    };

    assert_eq!(
        with(&json!({"type": "body", "parameters": [{"type": "text", "text": "Ana"}]})),
        0
    );
    assert_eq!(
        with(&json!({"type": "body", "parameters": [{"type": "payload", "payload": "x"}]})),
        132_012
    );
    assert_eq!(
        with(&json!({"type": "header", "parameters": [{"type": "text", "text": "x".repeat(61)}]})),
        132_005
    );
    assert_eq!(button("quick_reply", &json!({"type": "text", "text": true})), 0);
    assert_eq!(
        button("url", &json!({"type": "payload", "payload": "x"})),
        132_012
    );
    let details = details();
    assert_eq!(
        button(
            "order_details",
            &json!({"type": "action", "action": {"order_details": details}})
        ),
        0
    );
}
