//! From a message to the JSON of `POST /{version}/{phone_number_id}/messages`. Texts and lists come in types that can't be
//! over a limit; what is missing to address or sign a message is refused here.
//!
//! Shapes: Meta, interactive messages and catalog pages, 2025-11 to 2026-06.

use serde_json::{Value, json};

use super::buttons::Keyring;
use super::{Sending, order_details};
use crate::domain::message::{Body, Choices, Content, Header, Label, LongBody, Sections, Shelves, Target};

/// A message that can't be built: a fault of ours, kept as a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A button id would be too long, or there is no key.
    #[error("no button id can be drawn for {0}")]
    ButtonId(&'static str),
    /// The customer has neither a user id nor a wa_id.
    #[error("the customer has no address")]
    NoAddress,
    /// An amount that is no whole number of cents.
    #[error("an amount of the order can't be written")]
    Amount,
    /// A native product message without a connected catalog.
    #[error("the number has no catalog_id")]
    NoCatalog,
}

/// Builds the request body.
pub fn build(sending: &Sending, keys: &Keyring, catalog_id: Option<&str>) -> Result<Value, BuildError> {
    let drawing = Drawing {
        sending,
        keys,
        catalog_id,
    };
    let (kind, content) = drawing.content()?;
    // At most 512 characters (Meta, messages API): a kind's word and an effect id of a home and two numbers are far below.
    let mut data = format!("s1.{}.{}", sending.message.kind.word(), sending.effect_id);
    if let Some(root) = sending.root {
        data.extend([".r".to_owned(), root.to_string()]);
    }
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        "biz_opaque_callback_data": data,
    });
    let customer = &sending.customer;
    match (&customer.wa_id, &customer.user_id) {
        (Some(wa_id), _) => put(&mut body, "to", json!(wa_id)),
        (None, Some(user_id)) => put(&mut body, "recipient", json!(user_id)),
        (None, None) => return Err(BuildError::NoAddress),
    }
    put(&mut body, kind, content);
    Ok(body)
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

struct Drawing<'a> {
    sending: &'a Sending,
    keys: &'a Keyring,
    catalog_id: Option<&'a str>,
}

impl Drawing<'_> {
    fn content(&self) -> Result<(&'static str, Value), BuildError> {
        let content = match &self.sending.message.content {
            Content::Text { body } => {
                return Ok(("text", json!({ "body": body, "preview_url": false })));
            }
            Content::Buttons {
                image_url,
                body,
                choices,
            } => self.buttons(image_url.as_deref(), body, choices)?,
            Content::List {
                body,
                opener,
                sections,
            } => self.list(body, opener, sections)?,
            Content::Link { body, label, url } => link(body, label, url),
            Content::NativeProduct { body, retailer_id } => {
                self.product(body.as_ref(), retailer_id.as_str())?
            }
            Content::NativeProducts {
                header,
                body,
                sections,
            } => self.products(header, body, sections)?,
            Content::OrderDetails(details) => order_details::drawn(details, self.sending)?,
            Content::NativeCatalog { body, thumbnail } => {
                self.catalog()?;
                let mut action = json!({ "name": "catalog_message" });
                if let Some(id) = thumbnail {
                    let parameters = json!({ "thumbnail_product_retailer_id": id });
                    put(&mut action, "parameters", parameters);
                }
                json!({ "type": "catalog_message", "body": { "text": body }, "action": action })
            }
        };
        Ok(("interactive", content))
    }

    fn catalog(&self) -> Result<&str, BuildError> {
        self.catalog_id.ok_or(BuildError::NoCatalog)
    }

    fn id(&self, target: &Target) -> Result<String, BuildError> {
        let id = self.keys.sign(target, &self.sending.home, self.sending.now_ms);
        id.ok_or(BuildError::ButtonId(target.action.word()))
    }

    fn buttons(&self, image: Option<&str>, body: &Body, choices: &Choices) -> Result<Value, BuildError> {
        let mut buttons = Vec::new();
        for choice in &**choices {
            let reply = json!({ "id": self.id(&choice.target)?, "title": choice.label });
            buttons.push(json!({ "type": "reply", "reply": reply }));
        }
        let mut interactive =
            json!({ "type": "button", "body": { "text": body }, "action": { "buttons": buttons } });
        if let Some(link) = image {
            let header = json!({ "type": "image", "image": { "link": link } });
            put(&mut interactive, "header", header);
        }
        Ok(interactive)
    }

    fn list(&self, body: &LongBody, opener: &Label, sections: &Sections) -> Result<Value, BuildError> {
        let mut drawn = Vec::new();
        for section in &**sections {
            let mut rows = Vec::new();
            for row in &section.rows {
                let mut entry = json!({ "id": self.id(&row.target)?, "title": row.title });
                if let Some(description) = &row.description {
                    put(&mut entry, "description", json!(description));
                }
                rows.push(entry);
            }
            drawn.push(json!({ "title": section.title, "rows": rows }));
        }
        Ok(json!({
            "type": "list",
            "body": { "text": body },
            "action": { "button": opener, "sections": drawn },
        }))
    }

    fn product(&self, body: Option<&Body>, retailer_id: &str) -> Result<Value, BuildError> {
        let action = json!({ "catalog_id": self.catalog()?, "product_retailer_id": retailer_id });
        let mut interactive = json!({ "type": "product", "action": action });
        if let Some(text) = body {
            put(&mut interactive, "body", json!({ "text": text }));
        }
        Ok(interactive)
    }

    fn products(&self, header: &Header, body: &Body, shelves: &Shelves) -> Result<Value, BuildError> {
        let mut sections = Vec::new();
        for (title, products) in &**shelves {
            let items: Vec<Value> = products
                .iter()
                .map(|id| json!({ "product_retailer_id": id }))
                .collect();
            sections.push(json!({ "title": title, "product_items": items }));
        }
        Ok(json!({
            "type": "product_list",
            "header": { "type": "text", "text": header },
            "body": { "text": body },
            "action": { "catalog_id": self.catalog()?, "sections": sections },
        }))
    }
}

fn link(body: &Body, label: &Label, url: &str) -> Value {
    let parameters = json!({ "display_text": label, "url": url });
    json!({
        "type": "cta_url",
        "body": { "text": body },
        "action": { "name": "cta_url", "parameters": parameters },
    })
}
