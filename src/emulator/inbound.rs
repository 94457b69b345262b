//! Webhook bodies: messages from people and statuses of ours, in Meta's envelope (webhooks reference, `messages`).

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::wire;
use super::world::{CartItem, Phone, Settings};

/// What a person did.
pub enum Said {
    Text(String),
    /// A tap on a reply button.
    Button {
        id: String,
        title: String,
        message_id: String,
    },
    /// A tap on a list row.
    Row {
        id: String,
        title: String,
        description: Option<String>,
        message_id: String,
    },
    /// WhatsApp's own cart, sent.
    Order(Order),
}

impl Said {
    /// `type` of the message.
    pub fn message_type(&self) -> &'static str {
        match self {
            Said::Text(_) => "text",
            Said::Button { .. } | Said::Row { .. } => "interactive",
            Said::Order(_) => "order",
        }
    }

    /// What the person's own screen shows.
    pub fn label(&self) -> String {
        match self {
            Said::Text(body) => body.clone(),
            Said::Button { title, .. } | Said::Row { title, .. } => title.clone(),
            Said::Order(order) => order.label(),
        }
    }
}

/// The `order` object: prices are JSON numbers in major units, written as the catalog's text has them.
#[derive(Clone, Debug, Serialize)]
pub struct Order {
    pub catalog_id: String,
    pub text: String,
    pub product_items: Vec<OrderItem>,
}

impl Order {
    fn label(&self) -> String {
        let lines: Vec<String> = self
            .product_items
            .iter()
            .map(|item| format!("{} × {}", item.quantity.get(), item.product_retailer_id))
            .collect();
        lines.join("\n")
    }
}

/// One line of an order.
#[derive(Clone, Debug, Serialize)]
pub struct OrderItem {
    pub product_retailer_id: String,
    pub quantity: Box<RawValue>,
    pub item_price: Box<RawValue>,
    pub currency: String,
}

impl OrderItem {
    /// A line as the client writes it; `price` and `currency` are the catalog's unless the item overrides them.
    pub fn new(item: &CartItem, price: &str, currency: &str) -> OrderItem {
        let price = item.item_price.as_deref().unwrap_or(price);
        OrderItem {
            product_retailer_id: item.retailer_id.clone(),
            quantity: item.quantity.clone().unwrap_or_else(|| wire::raw(&1)),
            item_price: verbatim(price),
            currency: item.currency.clone().unwrap_or_else(|| currency.to_owned()),
        }
    }
}

/// Text that is a JSON value stays as it is; anything else becomes a JSON string.
fn verbatim(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_else(|_| wire::raw(&text))
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "`type` is a keyword of Rust")]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    from_user_id: &'a str,
    id: &'a str,
    timestamp: String,
    #[serde(rename = "type")]
    message_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interactive: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<&'a Order>,
}

/// The message object a person's client causes.
pub fn message(settings: &Settings, phone: &Phone, id: &str, at_ms: i64, said: &Said) -> Box<RawValue> {
    let context = |message_id: &str| json!({"from": settings.business_digits(), "id": message_id});
    let mut message = Message {
        from: phone.wa_id.as_deref(),
        from_user_id: &phone.user_id,
        id,
        timestamp: seconds(at_ms),
        message_type: said.message_type(),
        context: None,
        text: None,
        interactive: None,
        order: None,
    };
    match said {
        Said::Text(body) => message.text = Some(json!({"body": body})),
        Said::Button {
            id,
            title,
            message_id,
        } => {
            message.context = Some(context(message_id));
            message.interactive =
                Some(json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}));
        }
        Said::Row {
            id,
            title,
            description,
            message_id,
        } => {
            let mut reply = json!({"id": id, "title": title});
            if let (Some(description), Some(fields)) = (description, reply.as_object_mut()) {
                fields.insert("description".to_owned(), json!(description));
            }
            message.context = Some(context(message_id));
            message.interactive = Some(json!({"type": "list_reply", "list_reply": reply}));
        }
        Said::Order(order) => message.order = Some(order),
    }
    wire::raw(&message)
}

/// A status of one outbound message.
pub struct StatusFacts<'a> {
    pub message_id: &'a str,
    pub status: &'a str,
    pub opaque: Option<&'a str>,
    pub at_ms: i64,
    /// Present on `sent` only: `service` or `utility`.
    pub category: Option<&'a str>,
    /// Present on `failed` only.
    pub error: Option<i64>,
}

/// The status object (status webhooks page, November 2025, with the user-id fields of 2026).
pub fn status(phone: &Phone, facts: &StatusFacts<'_>) -> Value {
    let mut status = json!({
        "id": facts.message_id, "status": facts.status, "timestamp": seconds(facts.at_ms),
    });
    let Some(fields) = status.as_object_mut() else {
        return status;
    };
    if let Some(wa_id) = &phone.wa_id {
        fields.insert("recipient_id".to_owned(), json!(wa_id));
    }
    if facts.error.is_none() || phone.wa_id.is_none() {
        fields.insert("recipient_user_id".to_owned(), json!(phone.user_id));
    }
    if let Some(opaque) = facts.opaque {
        fields.insert("biz_opaque_callback_data".to_owned(), json!(opaque));
    }
    if let Some(category) = facts.category {
        let pricing =
            json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": category});
        fields.insert("pricing".to_owned(), pricing);
    }
    if let Some(code) = facts.error {
        let title = super::titles::title_of(code);
        let error = json!({"code": code, "title": title, "message": title, "error_data": {"details": title}});
        fields.insert("errors".to_owned(), json!([error]));
    }
    status
}

/// A webhook body that carries messages, in ASCII as Meta writes it.
pub fn messages_body(settings: &Settings, phone: &Phone, messages: Vec<Box<RawValue>>) -> String {
    envelope(settings, Some(contact(phone)), Some(messages), None)
}

/// A webhook body that carries statuses; `failed` ones come without contacts.
pub fn statuses_body(settings: &Settings, phone: &Phone, statuses: Vec<Value>, failed: bool) -> String {
    envelope(settings, (!failed).then(|| contact(phone)), None, Some(statuses))
}

#[derive(Serialize)]
struct Values {
    messaging_product: &'static str,
    metadata: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<[Value; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<Box<RawValue>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statuses: Option<Vec<Value>>,
}

#[derive(Serialize)]
struct Change {
    field: &'static str,
    value: Values,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    changes: [Change; 1],
}

#[derive(Serialize)]
struct Envelope<'a> {
    object: &'static str,
    entry: [Entry<'a>; 1],
}

fn envelope(
    settings: &Settings,
    contact: Option<Value>,
    messages: Option<Vec<Box<RawValue>>>,
    statuses: Option<Vec<Value>>,
) -> String {
    let metadata = json!({
        "display_phone_number": settings.business_digits(), "phone_number_id": settings.phone_number_id,
    });
    let value = Values {
        messaging_product: "whatsapp",
        metadata,
        contacts: contact.map(|contact| [contact]),
        messages,
        statuses,
    };
    let changes = [Change {
        field: "messages",
        value,
    }];
    let body = Envelope {
        object: "whatsapp_business_account",
        entry: [Entry {
            id: &settings.waba_id,
            changes,
        }],
    };
    wire::ascii_json(wire::raw(&body).get())
}

fn contact(phone: &Phone) -> Value {
    let mut contact = json!({"profile": {"name": phone.name}, "user_id": phone.user_id});
    if let (Some(wa_id), Some(fields)) = (&phone.wa_id, contact.as_object_mut()) {
        fields.insert("wa_id".to_owned(), json!(wa_id));
    }
    contact
}

fn seconds(at_ms: i64) -> String {
    at_ms.div_euclid(1000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(price: Option<&str>) -> CartItem {
        CartItem {
            retailer_id: "cafe-coado".to_owned(),
            quantity: None,
            item_price: price.map(str::to_owned),
            currency: None,
        }
    }

    #[test]
    fn prices_are_numbers_written_verbatim() {
        let price =
            |over: Option<&str>| serde_json::to_string(&OrderItem::new(&item(over), "12.90", "BRL")).unwrap();

        assert!(price(None).contains(r#""item_price":12.90,"#), "{}", price(None));
        assert!(price(Some("7.999")).contains(r#""item_price":7.999,"#));
        assert!(price(Some("0.1000000000000000055511151231257827")).contains("0055511151231257827,"));
        assert!(price(Some("abc")).contains(r#""item_price":"abc","#));
        assert!(price(None).contains(r#""quantity":1,"#));
    }
}
