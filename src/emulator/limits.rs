//! The rules a message body must obey, as Meta publishes them (send-messages pages, per kind; error-codes page).
//! Lengths count characters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::orders;
use super::render::array_at;
use super::shop::Product;
use super::titles;

const BODY: usize = 1024;
const LONG_BODY: usize = 4096;
const CALLBACK_DATA: usize = 512;

/// A refusal in the Graph API's own terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub http: u16,
    pub code: i64,
    pub subcode: Option<i64>,
    pub details: String,
}

impl Refusal {
    /// Any code with the HTTP status it is published with.
    pub fn new(code: i64, details: impl Into<String>) -> Refusal {
        Refusal {
            http: titles::http_of(code),
            code,
            subcode: None,
            details: details.into(),
        }
    }

    /// 131009, parameter value is not valid.
    pub fn bad(details: impl Into<String>) -> Refusal {
        Refusal::new(131_009, details)
    }

    /// 131008, required parameter is missing.
    pub fn missing(field: &str) -> Refusal {
        Refusal::new(131_008, format!("{field} is required"))
    }

    /// 100, invalid parameter.
    pub fn invalid(details: impl Into<String>) -> Refusal {
        Refusal::new(100, details)
    }
}

/// What the emulated catalog holds.
#[derive(Clone, Copy)]
pub struct Catalog<'a> {
    pub id: &'a str,
    pub items: &'a BTreeMap<String, Product>,
}

type Checked = Result<(), Refusal>;

/// Checks a whole body, except recipient and window.
pub fn check(body: &Value, catalog: Catalog<'_>) -> Checked {
    if body.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(Refusal::invalid("messaging_product must be whatsapp"));
    }
    if let Some(opaque) = body.get("biz_opaque_callback_data") {
        let opaque = opaque
            .as_str()
            .ok_or_else(|| Refusal::invalid("biz_opaque_callback_data must be text"))?;
        within(opaque, CALLBACK_DATA, "biz_opaque_callback_data")?;
    }
    match body.get("type").and_then(Value::as_str).unwrap_or("text") {
        "text" => required(body, "/text/body", LONG_BODY),
        "image" => image(body),
        "reaction" => required(body, "/reaction/message_id", LONG_BODY),
        "template" => {
            required(body, "/template/name", CALLBACK_DATA)?;
            required(body, "/template/language/code", 20)
        }
        "interactive" => {
            let interactive = body
                .get("interactive")
                .ok_or_else(|| Refusal::missing("interactive"))?;
            check_interactive(interactive, catalog)
        }
        "audio" | "video" | "document" | "sticker" | "location" | "contacts" => Ok(()),
        other => Err(Refusal::invalid(format!("type {other} is not known"))),
    }
}

fn check_interactive(interactive: &Value, catalog: Catalog<'_>) -> Checked {
    optional(interactive, "/footer/text", 60)?;
    optional(interactive, "/header/text", 60)?;
    let kind = interactive.get("type").and_then(Value::as_str);
    match kind.ok_or_else(|| Refusal::missing("interactive.type"))? {
        "button" => {
            required(interactive, "/body/text", BODY)?;
            buttons(interactive)
        }
        "list" => {
            required(interactive, "/body/text", LONG_BODY)?;
            required(interactive, "/action/button", 20)?;
            rows(interactive)
        }
        "cta_url" => {
            required(interactive, "/body/text", BODY)?;
            required(interactive, "/action/parameters/display_text", 20)?;
            required(interactive, "/action/parameters/url", LONG_BODY)?;
            web_address(interactive, "/action/parameters/url")
        }
        "product" => single_product(interactive, catalog),
        "product_list" => product_list(interactive, catalog),
        "catalog_message" => catalog_message(interactive, catalog),
        "carousel" => carousel(interactive, catalog),
        "order_details" => {
            required(interactive, "/body/text", BODY)?;
            orders::check_details(interactive)
        }
        "order_status" => {
            required(interactive, "/body/text", BODY)?;
            required(interactive, "/action/parameters/reference_id", 60)
        }
        "request_contact_info" | "location_request_message" | "address_message" | "flow" => {
            required(interactive, "/body/text", BODY)
        }
        other => Err(Refusal::bad(format!("interactive type {other} is not known"))),
    }
}

fn image(body: &Value) -> Checked {
    optional(body, "/image/caption", BODY)?;
    if body.pointer("/image/id").is_some() {
        return required(body, "/image/id", BODY);
    }
    required(body, "/image/link", LONG_BODY)?;
    web_address(body, "/image/link")
}

/// Reply buttons: at most three, ids and titles unique (interactive reply buttons page).
fn buttons(interactive: &Value) -> Checked {
    let buttons = array_at(interactive, "/action/buttons");
    if buttons.is_empty() || buttons.len() > 3 {
        return Err(Refusal::bad("between 1 and 3 buttons are allowed"));
    }
    let mut seen = BTreeSet::new();
    for button in buttons {
        required(button, "/reply/id", 256)?;
        required(button, "/reply/title", 20)?;
        let id = pointed(button, "/reply/id");
        if id.trim() != id {
            return Err(Refusal::bad("a button id may not begin or end with a space"));
        }
        let unique = seen.insert(("id", id)) && seen.insert(("title", pointed(button, "/reply/title")));
        if !unique {
            return Err(Refusal::bad("button ids and titles must be unique"));
        }
    }
    Ok(())
}

/// List rows: ten sections, ten rows in all (interactive list messages page).
fn rows(interactive: &Value) -> Checked {
    let sections = array_at(interactive, "/action/sections");
    section_titles(sections)?;
    let (mut seen, mut count) = (BTreeSet::new(), 0);
    for section in sections {
        let rows = array_at(section, "/rows");
        if rows.is_empty() {
            return Err(Refusal::missing("section.rows"));
        }
        count += rows.len();
        for row in rows {
            required(row, "/id", 200)?;
            required(row, "/title", 24)?;
            optional(row, "/description", 72)?;
            if !seen.insert(pointed(row, "/id")) {
                return Err(Refusal::bad("row ids must be unique"));
            }
        }
    }
    if count > 10 {
        return Err(Refusal::bad(format!("a list holds 10 rows in all, not {count}")));
    }
    Ok(())
}

fn section_titles(sections: &[Value]) -> Checked {
    if sections.is_empty() || sections.len() > 10 {
        return Err(Refusal::bad("between 1 and 10 sections are allowed"));
    }
    sections.iter().try_for_each(|section| {
        if sections.len() > 1 {
            required(section, "/title", 24)
        } else {
            optional(section, "/title", 24)
        }
    })
}

/// One product: a header isn't allowed (single-product messages page).
fn single_product(interactive: &Value, catalog: Catalog<'_>) -> Checked {
    no_header(interactive)?;
    optional(interactive, "/body/text", BODY)?;
    same_catalog(interactive, "/action/catalog_id", catalog)?;
    required(interactive, "/action/product_retailer_id", BODY)?;
    known(interactive, "/action/product_retailer_id", catalog)
}

/// Up to thirty products in all; unknown ones are dropped unless all are (multi-product messages page).
fn product_list(interactive: &Value, catalog: Catalog<'_>) -> Checked {
    required(interactive, "/header/text", 60)?;
    required(interactive, "/body/text", BODY)?;
    same_catalog(interactive, "/action/catalog_id", catalog)?;
    let sections = array_at(interactive, "/action/sections");
    section_titles(sections)?;
    let (mut count, mut found) = (0, 0);
    for section in sections {
        let items = array_at(section, "/product_items");
        if items.is_empty() {
            return Err(Refusal::missing("section.product_items"));
        }
        for item in items {
            required(item, "/product_retailer_id", BODY)?;
            count += 1;
            found += usize::from(catalog.items.contains_key(pointed(item, "/product_retailer_id")));
        }
    }
    if count > 30 {
        return Err(Refusal::bad(format!(
            "a product list holds 30 products in all, not {count}"
        )));
    }
    if found == 0 {
        return Err(Refusal::bad("Products not found in FB Catalog"));
    }
    Ok(())
}

fn catalog_message(interactive: &Value, catalog: Catalog<'_>) -> Checked {
    no_header(interactive)?;
    required(interactive, "/body/text", BODY)?;
    if interactive
        .pointer("/action/parameters/thumbnail_product_retailer_id")
        .is_some()
    {
        known(
            interactive,
            "/action/parameters/thumbnail_product_retailer_id",
            catalog,
        )?;
    }
    Ok(())
}

/// Two to ten cards; product cards all of one catalog (interactive carousel pages, December 2025).
fn carousel(interactive: &Value, catalog: Catalog<'_>) -> Checked {
    no_header(interactive)?;
    required(interactive, "/body/text", BODY)?;
    let cards = array_at(interactive, "/action/cards");
    if cards.len() < 2 || cards.len() > 10 {
        return Err(Refusal::bad("a carousel has 2 to 10 cards"));
    }
    for card in cards
        .iter()
        .filter(|card| card.get("type").and_then(Value::as_str) == Some("product"))
    {
        same_catalog(card, "/action/catalog_id", catalog)?;
        required(card, "/action/product_retailer_id", BODY)?;
        known(card, "/action/product_retailer_id", catalog)?;
    }
    Ok(())
}

fn no_header(interactive: &Value) -> Checked {
    match interactive.get("header") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(Refusal::bad("a header is not allowed for this interactive type")),
    }
}

fn same_catalog(value: &Value, pointer: &str, catalog: Catalog<'_>) -> Checked {
    required(value, pointer, BODY)?;
    if pointed(value, pointer) == catalog.id {
        return Ok(());
    }
    Err(Refusal::bad("Products not found in FB Catalog"))
}

fn known(value: &Value, pointer: &str, catalog: Catalog<'_>) -> Checked {
    if catalog.items.contains_key(pointed(value, pointer)) {
        return Ok(());
    }
    Err(Refusal::bad("Products not found in FB Catalog"))
}

fn web_address(value: &Value, pointer: &str) -> Checked {
    let address = pointed(value, pointer);
    if address.starts_with("https://") || address.starts_with("http://") {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "{} must be a web address",
        name_of(pointer)
    )))
}

/// The text at `pointer` must be there, not empty, and at most `limit` characters long.
pub fn required(value: &Value, pointer: &str, limit: usize) -> Checked {
    if pointed(value, pointer).is_empty() {
        return Err(Refusal::missing(&name_of(pointer)));
    }
    optional(value, pointer, limit)
}

/// The text at `pointer`, if there, must be at most `limit` characters long.
pub fn optional(value: &Value, pointer: &str, limit: usize) -> Checked {
    match value.pointer(pointer) {
        None => Ok(()),
        Some(Value::String(text)) => within(text, limit, &name_of(pointer)),
        Some(_) => Err(Refusal::invalid(format!("{} must be text", name_of(pointer)))),
    }
}

fn within(text: &str, limit: usize, name: &str) -> Checked {
    let length = text.chars().count();
    if length <= limit {
        return Ok(());
    }
    Err(Refusal::bad(format!(
        "{name} holds {limit} characters, not {length}"
    )))
}

fn pointed<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn name_of(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
