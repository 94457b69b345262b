//! From a message to the JSON of `POST /{version}/{phone_number_id}/messages`. Limits are checked once more here, in the
//! unit that counts (characters), so nothing that Meta would refuse leaves the house.
//!
//! Shapes and limits: Meta, interactive messages and catalog pages, 2025-11 to 2026-06.

use serde_json::{Value, json};

use super::Sending;
use super::buttons::Keyring;
use crate::domain::message::{
    BODY_MAX, BUTTONS_MAX, Choice, Content, HEADER_MAX, LABEL_MAX, LONG_BODY_MAX, PRODUCTS_MAX,
    ROW_DESCRIPTION_MAX, ROW_TITLE_MAX, ROWS_MAX, Section, Target,
};

/// Longest callback data (Meta, messages API).
const CALLBACK_DATA_MAX: usize = 512;

/// A message that can't be built: a fault of ours, kept as a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A text is longer than its place allows.
    #[error("{place} has {chars} characters, {max} fit")]
    TooLong {
        /// Where.
        place: &'static str,
        /// How long it is.
        chars: usize,
        /// The limit.
        max: usize,
    },
    /// More or fewer entries than allowed.
    #[error("{place} has {count} entries, 1 to {max} are allowed")]
    Count {
        /// Where.
        place: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// A button id would be too long, or there is no key.
    #[error("no button id can be drawn for {0}")]
    ButtonId(&'static str),
    /// The customer has neither a user id nor a wa_id.
    #[error("the customer has no address")]
    NoAddress,
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
    let data = format!("s1.{}.{}", sending.message.kind.word(), sending.effect_id);
    within("biz_opaque_callback_data", &data, CALLBACK_DATA_MAX)?;
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

fn within(place: &'static str, text: &str, max: usize) -> Result<(), BuildError> {
    let chars = text.chars().count();
    if chars > max || chars == 0 {
        Err(BuildError::TooLong { place, chars, max })
    } else {
        Ok(())
    }
}

fn counted(place: &'static str, count: usize, max: usize) -> Result<(), BuildError> {
    if count == 0 || count > max {
        Err(BuildError::Count { place, count, max })
    } else {
        Ok(())
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
                within("text.body", body, LONG_BODY_MAX)?;
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
            Content::Link { body, label, url } => link(body, label, url)?,
            Content::NativeProduct { body, retailer_id } => {
                self.product(body.as_deref(), retailer_id.as_str())?
            }
            Content::NativeProducts {
                header,
                body,
                sections,
            } => {
                let total = sections.iter().map(|(_, ids)| ids.len()).sum();
                counted("product_list", total, PRODUCTS_MAX)?;
                within("header", header, HEADER_MAX)?;
                within("body", body, BODY_MAX)?;
                let sections: Vec<Value> = sections
                    .iter()
                    .map(|(title, ids)| {
                        let items: Vec<Value> = ids
                            .iter()
                            .map(|id| json!({ "product_retailer_id": id }))
                            .collect();
                        json!({ "title": title, "product_items": items })
                    })
                    .collect();
                json!({
                    "type": "product_list",
                    "header": { "type": "text", "text": header },
                    "body": { "text": body },
                    "action": { "catalog_id": self.catalog()?, "sections": sections },
                })
            }
            Content::NativeCatalog { body, thumbnail } => {
                within("body", body, BODY_MAX)?;
                self.catalog()?;
                let mut action = json!({ "name": "catalog_message" });
                if let Some(id) = thumbnail {
                    put(
                        &mut action,
                        "parameters",
                        json!({ "thumbnail_product_retailer_id": id }),
                    );
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

    fn buttons(&self, image: Option<&str>, body: &str, choices: &[Choice]) -> Result<Value, BuildError> {
        counted("buttons", choices.len(), BUTTONS_MAX)?;
        within("body", body, BODY_MAX)?;
        let mut buttons = Vec::new();
        for choice in choices {
            within("button title", &choice.label, LABEL_MAX)?;
            let reply = json!({ "id": self.id(&choice.target)?, "title": choice.label });
            buttons.push(json!({ "type": "reply", "reply": reply }));
        }
        let mut interactive =
            json!({ "type": "button", "body": { "text": body }, "action": { "buttons": buttons } });
        if let Some(link) = image {
            put(
                &mut interactive,
                "header",
                json!({ "type": "image", "image": { "link": link } }),
            );
        }
        Ok(interactive)
    }

    fn list(&self, body: &str, opener: &str, sections: &[Section]) -> Result<Value, BuildError> {
        within("body", body, LONG_BODY_MAX)?;
        within("list button", opener, LABEL_MAX)?;
        counted(
            "list rows",
            sections.iter().map(|section| section.rows.len()).sum(),
            ROWS_MAX,
        )?;
        let mut drawn = Vec::new();
        for section in sections {
            within("section title", &section.title, ROW_TITLE_MAX)?;
            let mut rows = Vec::new();
            for row in &section.rows {
                within("row title", &row.title, ROW_TITLE_MAX)?;
                let mut entry = json!({ "id": self.id(&row.target)?, "title": row.title });
                if let Some(description) = row.description.as_deref().filter(|text| !text.is_empty()) {
                    within("row description", description, ROW_DESCRIPTION_MAX)?;
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

    fn product(&self, body: Option<&str>, retailer_id: &str) -> Result<Value, BuildError> {
        let action = json!({ "catalog_id": self.catalog()?, "product_retailer_id": retailer_id });
        let mut interactive = json!({ "type": "product", "action": action });
        if let Some(text) = body.filter(|text| !text.is_empty()) {
            within("body", text, BODY_MAX)?;
            put(&mut interactive, "body", json!({ "text": text }));
        }
        Ok(interactive)
    }
}

fn link(body: &str, label: &str, url: &str) -> Result<Value, BuildError> {
    within("body", body, BODY_MAX)?;
    within("link label", label, LABEL_MAX)?;
    let parameters = json!({ "display_text": label, "url": url });
    Ok(json!({
        "type": "cta_url",
        "body": { "text": body },
        "action": { "name": "cta_url", "parameters": parameters },
    }))
}
