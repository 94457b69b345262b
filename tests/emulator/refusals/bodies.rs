//! Bodies as Meta documents them, and a way to change one place of them.

use serde_json::{Value, json};

use super::ANA;

pub const CATALOG: &str = "367025965434465";

/// A message to Ana.
pub fn message(kind: &str, part: &Value) -> Value {
    json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": ANA, "type": kind, kind: part })
}

pub fn text(body: &str) -> Value {
    message("text", &json!({ "body": body }))
}

pub fn interactive(part: &Value) -> Value {
    message("interactive", part)
}

/// The same body with another value at a place; a place that is not there is made.
pub fn with(body: &Value, pointer: &str, value: Value) -> Value {
    let mut body = body.clone();
    let (holder, name) = pointer.rsplit_once('/').unwrap();
    let holder = body.pointer_mut(holder).expect(pointer);
    if holder.is_array() {
        holder[name.parse::<usize>().unwrap()] = value;
    } else {
        holder[name] = value;
    }
    body
}

/// The same body without what is at a place.
pub fn without(body: &Value, pointer: &str) -> Value {
    let mut body = body.clone();
    let (holder, name) = pointer.rsplit_once('/').unwrap();
    let holder = body.pointer_mut(holder).expect(pointer);
    let removed = if holder.is_array() {
        Some(holder.as_array_mut().unwrap().remove(name.parse().unwrap()))
    } else {
        holder.as_object_mut().unwrap().remove(name)
    };
    assert!(removed.is_some(), "nothing is at {pointer}");
    body
}

pub fn words(count: usize) -> String {
    "é".repeat(count)
}

pub fn buttons(count: usize) -> Value {
    let button =
        |n: usize| json!({ "type": "reply", "reply": { "id": format!("b{n}"), "title": format!("B {n}") } });
    let buttons: Vec<Value> = (0..count).map(button).collect();
    interactive(&json!({ "type": "button", "body": { "text": "Escolha" }, "action": { "buttons": buttons } }))
}

/// A list of sections with so many rows each.
pub fn list(sections: &[usize]) -> Value {
    let section = |(s, rows): (usize, &usize)| {
        let row = |n: usize| json!({ "id": format!("r{s}.{n}"), "title": format!("Linha {n}") });
        let rows: Vec<Value> = (0..*rows).map(row).collect();
        json!({ "title": format!("Parte {s}"), "rows": rows })
    };
    let sections: Vec<Value> = sections.iter().enumerate().map(section).collect();
    interactive(&json!({
        "type": "list", "body": { "text": "Escolha" }, "action": { "button": "Ver", "sections": sections },
    }))
}

pub fn link() -> Value {
    interactive(&json!({
        "type": "cta_url", "body": { "text": "Pague aqui" },
        "action": { "name": "cta_url", "parameters": { "display_text": "Pagar", "url": "https://pay.example/1" } },
    }))
}

pub fn product() -> Value {
    interactive(&json!({
        "type": "product", "body": { "text": "Novo" },
        "action": { "catalog_id": CATALOG, "product_retailer_id": "cafe-coado" },
    }))
}

/// A list of so many products, all the same one.
pub fn products(counts: &[usize]) -> Value {
    let section = |(s, count): (usize, &usize)| {
        let items = vec![json!({ "product_retailer_id": "cafe-coado" }); *count];
        json!({ "title": format!("Parte {s}"), "product_items": items })
    };
    let sections: Vec<Value> = counts.iter().enumerate().map(section).collect();
    interactive(&json!({
        "type": "product_list", "header": { "type": "text", "text": "Cardápio" }, "body": { "text": "Escolha" },
        "action": { "catalog_id": CATALOG, "sections": sections },
    }))
}

pub fn catalog() -> Value {
    interactive(&json!({
        "type": "catalog_message", "body": { "text": "Tudo" },
        "action": { "name": "catalog_message", "parameters": { "thumbnail_product_retailer_id": "cafe-coado" } },
    }))
}

pub fn product_carousel(count: usize) -> Value {
    let action = json!({ "catalog_id": CATALOG, "product_retailer_id": "pao-queijo" });
    let card = |n: usize| json!({ "card_index": n, "type": "product", "action": action });
    let cards: Vec<Value> = (0..count).map(card).collect();
    interactive(&json!({ "type": "carousel", "body": { "text": "Hoje" }, "action": { "cards": cards } }))
}

/// A carousel of pictures with a link on each card.
pub fn media_carousel(count: usize) -> Value {
    let parameters = json!({ "display_text": "Abrir", "url": "https://shop.example/1" });
    let card = |n: usize| {
        json!({
            "card_index": n, "type": "cta_url", "body": { "text": "Bolo" },
            "header": { "type": "image", "image": { "link": "https://shop.example/1.png" } },
            "action": { "name": "cta_url", "parameters": parameters },
        })
    };
    let cards: Vec<Value> = (0..count).map(card).collect();
    interactive(&json!({ "type": "carousel", "body": { "text": "Hoje" }, "action": { "cards": cards } }))
}

/// The action of a card that has quick replies in place of a link.
pub fn quick_replies(count: usize) -> Value {
    let reply = |n: usize| {
        let reply = json!({ "id": format!("q{n}"), "title": format!("Q {n}") });
        json!({ "type": "quick_reply", "quick_reply": reply })
    };
    let replies: Vec<Value> = (0..count).map(reply).collect();
    json!({ "buttons": replies })
}

pub fn flow() -> Value {
    interactive(&json!({
        "type": "flow", "header": { "type": "text", "text": "Entrega" }, "body": { "text": "Onde?" },
        "footer": { "text": "Um minuto" },
        "action": { "name": "flow", "parameters": {
            "flow_message_version": "3", "flow_token": "t1", "flow_id": "1234567890", "flow_cta": "Preencher",
            "mode": "published", "flow_action": "navigate", "flow_action_payload": { "screen": "START" },
        } },
    }))
}

/// Asks for something that the client knows.
pub fn asking(kind: &str, action: &str) -> Value {
    interactive(&json!({ "type": kind, "body": { "text": "Por favor" }, "action": { "name": action } }))
}

pub fn money(value: i64) -> Value {
    json!({ "value": value, "offset": 100 })
}

/// Where the fields of an order are in its body.
pub const ORDER: &str = "/interactive/action/parameters";

/// An order of two coffees that may be paid by Pix.
pub fn order(reference: &str) -> Value {
    let pix = json!({
        "code": "00020126580014br.gov.bcb.pix", "merchant_name": "Café da Praça", "key": "39580525000189",
        "key_type": "CNPJ",
    });
    interactive(&json!({
        "type": "order_details", "body": { "text": "Seu pedido" }, "footer": { "text": "Obrigado" },
        "action": { "name": "review_and_pay", "parameters": {
            "reference_id": reference, "type": "physical-goods", "payment_type": "br", "currency": "BRL",
            "payment_settings": [{ "type": "pix_dynamic_code", "pix_dynamic_code": pix }],
            "total_amount": money(1500),
            "order": {
                "status": "pending", "catalog_id": CATALOG,
                "items": [{ "retailer_id": "cafe-coado", "name": "Café coado", "amount": money(600), "quantity": 2 }],
                "subtotal": money(1200), "tax": money(0), "shipping": money(500),
                "discount": { "value": 200, "offset": 100, "description": "Primeira compra" },
            },
        } },
    }))
}

/// An order without its lines.
pub fn simple_order(reference: &str) -> Value {
    without(&order(reference), &format!("{ORDER}/order"))
}

pub fn payment(kind: &str, means: &Value) -> Value {
    json!([{ "type": kind, kind: means }])
}

/// News of an order.
pub fn news(reference: &str, status: &str) -> Value {
    interactive(&json!({
        "type": "order_status", "body": { "text": "Novidades" },
        "action": { "name": "review_order", "parameters": {
            "reference_id": reference, "order": { "status": status, "description": "Hoje" },
        } },
    }))
}

/// News of a payment.
pub fn paid(reference: &str, status: &str) -> Value {
    let body = without(&news(reference, "pending"), &format!("{ORDER}/order"));
    with(
        &body,
        &format!("{ORDER}/payment"),
        json!({ "status": status, "timestamp": 1_795_435_200 }),
    )
}

pub fn template(components: &Value) -> Value {
    message(
        "template",
        &json!({ "name": "volte", "language": { "code": "pt_BR" }, "components": components }),
    )
}

pub fn values(kind: &str, parameters: &Value) -> Value {
    template(&json!([{ "type": kind, "parameters": parameters }]))
}

pub fn template_button(sub_type: &str, parameter: &Value) -> Value {
    template(&json!([{ "type": "button", "sub_type": sub_type, "index": "0", "parameters": [parameter] }]))
}

/// A template's carousel of products.
pub fn template_carousel(count: usize) -> Value {
    let product = json!({ "catalog_id": CATALOG, "product_retailer_id": "bolo-fuba" });
    let header = json!({ "type": "header", "parameters": [{ "type": "product", "product": product }] });
    let card = |n: usize| json!({ "card_index": n, "components": [header] });
    let cards: Vec<Value> = (0..count).map(card).collect();
    template(&json!([{ "type": "carousel", "cards": cards }]))
}

pub fn contact() -> Value {
    message(
        "contacts",
        &json!([{
            "name": { "formatted_name": "Ana Lima", "first_name": "Ana" }, "birthday": "1990-08-18",
            "phones": [{ "phone": "+55 11 98765-4321", "type": "WORK", "wa_id": ANA }],
            "emails": [{ "email": "ana@example.com", "type": "WORK" }],
            "urls": [{ "url": "https://example.com", "type": "WORK" }],
            "addresses": [{ "street": "Rua A, 1", "city": "São Paulo", "country_code": "br", "type": "WORK" }],
            "org": { "company": "Café da Praça", "department": "Balcão", "title": "Barista" },
        }]),
    )
}
