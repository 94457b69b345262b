use serde_json::json;

use super::super::shop;
use super::*;

fn drawn(kind: &str, part: &Value) -> Value {
    let body = json!({"type": kind, kind: part});
    serde_json::to_value(shown(&body, &shop::menu(0))).unwrap()
}

#[test]
fn a_list_shows_every_row_and_text() {
    let list = drawn(
        "interactive",
        &json!({"type": "list", "header": {"type": "text", "text": "Cardápio"}, "body": {"text": "Escolha"},
            "action": {"button": "Ver", "sections": [
                {"title": "Cafés", "rows": [{"id": "r1", "title": "Coado", "description": "R$ 6,00"}]}]}}),
    );

    assert_eq!(list["text"], "Cardápio\nEscolha\nVer\nCafés\n[Coado] R$ 6,00");
    assert_eq!(list["buttons"].as_array().unwrap().len(), 1);
    assert_eq!(list["list_button"], "Ver");
    assert_eq!(list["sections"], json!([{"title": "Cafés", "rows": ["r1"]}]));
    assert_eq!(list["header"], json!({"kind": "text", "text": "Cardápio"}));
    assert_eq!(list["body"], "Escolha");
}

#[test]
fn a_row_is_told_from_a_button() {
    let of = |interactive: Value| {
        shown(
            &json!({"type": "interactive", "interactive": interactive}),
            &BTreeMap::new(),
        )
    };
    let list = of(json!({"action": {"sections": [{"rows": [{"id": "r1", "title": "a"}]}]}}));
    let buttons = of(json!({"action": {"buttons": [{"reply": {"id": "b1", "title": "a"}}]}}));

    assert!(list.buttons[0].row);
    assert!(!buttons.buttons[0].row);
}

#[test]
fn a_link_button_is_found() {
    let link = drawn(
        "interactive",
        &json!({"type": "cta_url", "body": {"text": "Pague"},
            "action": {"name": "cta_url", "parameters": {"display_text": "Pagar", "url": "https://pay.example"}}}),
    );

    assert_eq!(
        link["link"],
        json!({"text": "Pagar", "url": "https://pay.example"})
    );
    assert_eq!(link["text"], "Pague\n[Pagar] https://pay.example");
}

#[test]
fn what_is_not_there_is_not_written() {
    let text = drawn("text", &json!({"body": "oi"}));

    assert_eq!(text, json!({"text": "oi", "buttons": [], "products": []}));
}

#[test]
fn a_product_has_its_card_and_an_unknown_one_has_none() {
    let items = json!([{"product_retailer_id": "cafe-coado"}, {"product_retailer_id": "gone"}]);
    let list = drawn(
        "interactive",
        &json!({"type": "product_list", "action": {"sections": [{"title": "Cafés", "product_items": items}]}}),
    );

    assert_eq!(list["products"], json!(["cafe-coado"]));
    assert_eq!(
        list["sections"],
        json!([{"title": "Cafés", "products": ["cafe-coado"]}])
    );
    let card = &list["product_cards"][0];
    assert_eq!(card["price"], json!({"amount": "6.00", "currency": "BRL"}));
    assert_eq!(card["image_url"], "/shop/images/cafe-coado.png");
    assert_eq!(card["availability"], "in_stock");
}

#[test]
fn an_order_shows_its_money_as_decimal_text_and_its_code_to_copy() {
    let money = |value: i64| json!({"value": value, "offset": 100});
    let pix = json!({"code": "00020126", "merchant_name": "Café", "key": "x@y.br", "key_type": "EMAIL"});
    let item = json!({"retailer_id": "a", "name": "Coado", "amount": money(600), "quantity": 2});
    let parameters = json!({"reference_id": "P-1", "currency": "BRL", "total_amount": money(1205),
        "payment_settings": [{"type": "pix_dynamic_code", "pix_dynamic_code": pix}],
        "order": {"status": "pending", "expiration": {"timestamp": "1795435200"}, "items": [item],
            "subtotal": money(1200), "tax": money(5)}});
    let order = drawn(
        "interactive",
        &json!({"type": "order_details", "body": {"text": "Seu pedido"}, "action": {"parameters": parameters}}),
    );

    assert_eq!(
        order["text"],
        "Seu pedido\n2 × Coado · R$ 6,00\nTotal: R$ 12,05\n00020126"
    );
    let shown = &order["order"];
    assert_eq!(shown["total"], json!({"amount": "12.05", "currency": "BRL"}));
    assert_eq!(shown["tax"]["amount"], "0.05");
    assert_eq!(shown["pix"], pix);
    assert_eq!(shown["expires_at_ms"], 1_795_435_200_000_i64);
    assert!(shown.get("shipping").is_none());
}

#[test]
fn news_of_an_order_show_its_state_and_its_payment() {
    let news = drawn(
        "interactive",
        &json!({"type": "order_status", "body": {"text": "Pago"}, "action": {"name": "review_order",
            "parameters": {"reference_id": "P-1", "order": {"status": "processing"},
                "payment": {"status": "captured"}}}}),
    );

    assert_eq!(
        news["order"],
        json!({"reference_id": "P-1", "status": "processing", "payment": "captured"})
    );
}

#[test]
fn quick_replies_of_templates_and_cards_can_be_tapped() {
    let payload = json!({"type": "button", "sub_type": "quick_reply", "index": "0",
        "parameters": [{"type": "payload", "payload": "s1.menu.x"}]});
    let template = drawn(
        "template",
        &json!({"name": "volte", "language": {"code": "pt_BR"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}, payload]}),
    );
    assert_eq!(
        template["buttons"],
        json!([{"id": "s1.menu.x", "title": "s1.menu.x"}])
    );
    assert_eq!(
        template["template"],
        json!({"name": "volte", "language": "pt_BR"})
    );
    assert_eq!(template["text"], "volte\nAna\n[s1.menu.x]");

    let card = json!({"card_index": 0, "type": "cta_url", "header": {"type": "image", "image": {"link": "https://a/b"}},
        "body": {"text": "Bolo"}, "action": {"buttons": [
            {"type": "quick_reply", "quick_reply": {"id": "q1", "title": "Quero"}}]}});
    let carousel = drawn(
        "interactive",
        &json!({"type": "carousel", "body": {"text": "b"}, "action": {"cards": [card]}}),
    );
    assert_eq!(carousel["buttons"], json!([{"id": "q1", "title": "Quero"}]));
    assert_eq!(carousel["cards"][0]["buttons"], carousel["buttons"]);
    assert_eq!(
        carousel["cards"][0]["header"],
        json!({"kind": "image", "url": "https://a/b"})
    );
}

#[test]
fn media_places_people_and_wishes_are_drawn() {
    let document = drawn(
        "document",
        &json!({"link": "https://a/b.pdf", "filename": "b.pdf", "caption": "Nota"}),
    );
    assert_eq!(document["text"], "b.pdf\nNota");
    assert_eq!(
        document["media"],
        json!({"kind": "document", "url": "https://a/b.pdf", "filename": "b.pdf", "caption": "Nota"})
    );

    let place = drawn(
        "location",
        &json!({"latitude": -23.5, "longitude": "-46.6", "name": "Praça"}),
    );
    assert_eq!(
        place["location"],
        json!({"latitude": "-23.5", "longitude": "-46.6", "name": "Praça"})
    );

    let people = json!([{"name": {"formatted_name": "Ana Lima"}, "phones": [{"phone": "+55 11 9"}]}]);
    assert_eq!(
        drawn("contacts", &people)["contacts"],
        json!([{"name": "Ana Lima", "phones": ["+55 11 9"]}])
    );

    let asked = drawn(
        "interactive",
        &json!({"type": "request_contact_info", "body": {"text": "b"}}),
    );
    assert_eq!(asked["asks"], "contact");
}
