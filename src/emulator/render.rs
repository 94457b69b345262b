//! What a person would see of a message: its text, its buttons, its link, its products.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shop::Product;

/// A message as it appears on a screen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Shown {
    pub text: String,
    pub buttons: Vec<Button>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    pub products: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

/// A reply button or a list row.
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

/// Renders a body that passed the limits. Products missing from `catalog` are left out, as Meta leaves them out.
pub fn shown(body: &Value, catalog: &BTreeMap<String, Product>) -> Shown {
    let mut screen = Screen {
        lines: Vec::new(),
        shown: Shown::default(),
        catalog,
    };
    match text_at(body, "/type").as_str() {
        "image" => {
            let link = text_at(body, "/image/link");
            screen.shown.image = (!link.is_empty()).then_some(link);
            screen.line(&text_at(body, "/image/caption"));
        }
        "interactive" => screen.interactive(body.get("interactive").unwrap_or(&Value::Null)),
        "template" => screen.template(body.get("template").unwrap_or(&Value::Null)),
        "reaction" => screen.line(&text_at(body, "/reaction/emoji")),
        _ => screen.line(&text_at(body, "/text/body")),
    }
    let mut shown = screen.shown;
    shown.text = screen.lines.join("\n");
    shown
}

/// The string at a JSON pointer, or nothing.
pub fn text_at(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The array at a JSON pointer, or nothing.
pub fn array_at<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

struct Screen<'a> {
    lines: Vec<String>,
    shown: Shown,
    catalog: &'a BTreeMap<String, Product>,
}

impl Screen<'_> {
    fn line(&mut self, text: &str) {
        if !text.is_empty() {
            self.lines.push(text.to_owned());
        }
    }

    fn interactive(&mut self, interactive: &Value) {
        self.line(&text_at(interactive, "/header/text"));
        let image = text_at(interactive, "/header/image/link");
        self.shown.image = (!image.is_empty()).then_some(image);
        self.line(&text_at(interactive, "/body/text"));
        self.action(interactive);
        self.line(&text_at(interactive, "/footer/text"));
    }

    fn action(&mut self, interactive: &Value) {
        for button in array_at(interactive, "/action/buttons") {
            self.button(button.get("reply").unwrap_or(&Value::Null), false);
        }
        self.line(&text_at(interactive, "/action/button"));
        for section in array_at(interactive, "/action/sections") {
            self.line(&text_at(section, "/title"));
            for row in array_at(section, "/rows") {
                self.button(row, true);
            }
            for item in array_at(section, "/product_items") {
                self.product(&text_at(item, "/product_retailer_id"));
            }
        }
        for card in array_at(interactive, "/action/cards") {
            self.line(&text_at(card, "/body/text"));
            self.product(&text_at(card, "/action/product_retailer_id"));
        }
        self.product(&text_at(interactive, "/action/product_retailer_id"));
        let (text, url) = (
            text_at(interactive, "/action/parameters/display_text"),
            text_at(interactive, "/action/parameters/url"),
        );
        if !url.is_empty() {
            self.line(&format!("[{text}] {url}"));
            self.shown.link = Some(Link { text, url });
        }
        self.order(interactive.pointer("/action/parameters").unwrap_or(&Value::Null));
    }

    fn button(&mut self, reply: &Value, row: bool) {
        let (id, title) = (text_at(reply, "/id"), text_at(reply, "/title"));
        let description = reply
            .get("description")
            .and_then(Value::as_str)
            .map(str::to_owned);
        match &description {
            Some(description) => self.line(&format!("[{title}] {description}")),
            None => self.line(&format!("[{title}]")),
        }
        self.shown.buttons.push(Button {
            id,
            title,
            description,
            row,
        });
    }

    fn product(&mut self, retailer_id: &str) {
        if let Some(product) = self.catalog.get(retailer_id) {
            self.line(&format!("{} · {}", product.title, product.price_label()));
            self.shown.products.push(retailer_id.to_owned());
        }
    }

    /// The parts of an `order_details` message (Meta, payments in Brazil, orders page).
    fn order(&mut self, parameters: &Value) {
        for item in array_at(parameters, "/order/items") {
            let quantity = item.get("quantity").and_then(Value::as_i64).unwrap_or(1);
            let amount = minor_units(item.pointer("/amount/value"));
            self.line(&format!("{quantity} × {} · {amount}", text_at(item, "/name")));
        }
        if parameters.get("total_amount").is_some() {
            self.line(&format!(
                "Total: {}",
                minor_units(parameters.pointer("/total_amount/value"))
            ));
        }
        for setting in array_at(parameters, "/payment_settings") {
            self.line(&text_at(setting, "/pix_dynamic_code/code"));
            let url = text_at(setting, "/payment_link/uri");
            if !url.is_empty() {
                self.line(&url);
                self.shown.link = Some(Link {
                    text: "payment link".to_owned(),
                    url,
                });
            }
        }
    }

    fn template(&mut self, template: &Value) {
        self.line(&text_at(template, "/name"));
        for component in array_at(template, "/components") {
            for parameter in array_at(component, "/parameters") {
                self.line(&text_at(parameter, "/text"));
            }
        }
    }
}

fn minor_units(value: Option<&Value>) -> String {
    let cents = value.and_then(Value::as_i64).unwrap_or_default();
    format!("R$ {},{:02}", cents / 100, cents.rem_euclid(100))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_shows_every_row_and_text() {
        let body = json!({"type": "interactive", "interactive": {
            "type": "list", "header": {"type": "text", "text": "Cardápio"}, "body": {"text": "Escolha"},
            "action": {"button": "Ver", "sections": [
                {"title": "Cafés", "rows": [{"id": "r1", "title": "Coado", "description": "R$ 6,00"}]}]}}});

        let shown = shown(&body, &BTreeMap::new());

        assert_eq!(shown.text, "Cardápio\nEscolha\nVer\nCafés\n[Coado] R$ 6,00");
        assert_eq!(shown.buttons.len(), 1);
        assert!(shown.buttons[0].row);
    }

    #[test]
    fn a_link_button_is_found() {
        let body = json!({"type": "interactive", "interactive": {
            "type": "cta_url", "body": {"text": "Pague"},
            "action": {"name": "cta_url", "parameters": {"display_text": "Pagar", "url": "https://pay.example"}}}});

        let shown = shown(&body, &BTreeMap::new());

        assert_eq!(
            shown.link.map(|link| link.url).as_deref(),
            Some("https://pay.example")
        );
    }
}
