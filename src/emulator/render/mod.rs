//! What a person would see of a message: its text, its buttons, its link, its products, and the parts of which a phone
//! draws it. It takes bodies that passed the limits and refuses nothing.

mod order;
mod screen;
mod template;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shop::Product;
use order::Order;
use screen::Screen;

/// A message as it appears on a screen. `text` has all its words in their order; the parts say them again, each in its
/// place.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    pub text: String,
    /// Everything that can be tapped and answers, on whatever card or row.
    pub buttons: Vec<Button>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// The label of the button that opens a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_button: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// The products as the catalog had them when the message came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub product_cards: Vec<ProductCard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Box<Order>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reaction: Option<Reaction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// `contact`, `location`, `address` or `flow`: what the person is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<String>,
    /// The label of the button that opens what is asked, where the business writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_button: Option<String>,
}

/// A reply button or a list row. A template's quick reply has its payload as id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Button {
    pub id: String,
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True for the row of a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub row: bool,
}

/// A button that opens a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    pub text: String,
    pub url: String,
}

/// What stands above the body; `kind` is text, image, video or document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
}

/// One section of a list: ids of its rows, or of its products.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
}

/// One card of a carousel.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Card {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

/// A product as a client draws it. Its picture's address has no host: the page's own host serves the shop's pictures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProductCard {
    pub retailer_id: String,
    pub title: String,
    pub description: String,
    pub price: Amount,
    pub availability: String,
    pub image_url: String,
}

/// Decimal text and a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub amount: String,
    pub currency: String,
}

/// A picture, a film, a sound, a file or a sticker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Media {
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<bool>,
}

/// A point on earth, as it was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Location {
    pub latitude: String,
    pub longitude: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A contact card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    pub name: String,
    pub phones: Vec<String>,
}

/// An emoji on a message; an empty one takes the former back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reaction {
    pub message_id: String,
    pub emoji: String,
}

/// Which template a message was made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    pub name: String,
    pub language: String,
}

/// Renders a body that passed the limits. Products missing from `catalog` are left out, as Meta leaves them out.
pub fn shown(body: &Value, catalog: &BTreeMap<String, Product>) -> Shown {
    let mut screen = Screen::new(catalog);
    let part = |name: &str| body.get(name).unwrap_or(&Value::Null);
    match text_at(body, "/type").as_str() {
        kind @ ("image" | "video" | "audio" | "document" | "sticker") => screen.media(kind, part(kind)),
        "location" => screen.location(part("location")),
        "contacts" => screen.contacts(array_at(body, "/contacts")),
        "reaction" => screen.reaction(part("reaction")),
        "interactive" => screen.interactive(part("interactive")),
        "template" => screen.template(part("template")),
        _ => screen.line(&text_at(body, "/text/body")),
    }
    screen.done()
}

/// The string at a JSON pointer, or nothing.
pub fn text_at(value: &Value, pointer: &str) -> String {
    some_text(value, pointer).unwrap_or_default()
}

/// The array at a JSON pointer, or nothing.
pub fn array_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The string at a JSON pointer, if there is one that says something.
fn some_text(value: &Value, pointer: &str) -> Option<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests;
