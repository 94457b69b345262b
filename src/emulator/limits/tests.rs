use serde_json::{Value, json};

use super::super::shop;
use super::*;

fn code(body: &Value) -> i64 {
    let items = shop::menu(0);
    match check(
        body,
        Catalog {
            id: "cat",
            items: &items,
        },
    ) {
        Ok(()) => 0,
        Err(refusal) => refusal.code,
    }
}

fn interactive(value: &Value) -> Value {
    json!({"messaging_product": "whatsapp", "to": "55", "type": "interactive", "interactive": value})
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
fn text_and_callback_data_limits() {
    let text = |body: &str, opaque: &str| {
        code(
            &json!({"messaging_product": "whatsapp", "to": "55", "type": "text", "text": {"body": body},
            "biz_opaque_callback_data": opaque}),
        )
    };

    assert_eq!(text(&"x".repeat(4096), "s1.menu.1"), 0);
    assert_eq!(text(&"x".repeat(4097), ""), 131_009);
    assert_eq!(text("oi", &"x".repeat(513)), 131_009);
    assert_eq!(text("", ""), 131_008);
}
