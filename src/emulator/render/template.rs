//! Templates on a screen. What a template says by itself is not known here: its name stands for it, then the values that
//! fill it and the buttons that they make.

use serde_json::Value;

use super::screen::{Screen, header_of};
use super::{Button, Card, Template, array_at, some_text, text_at};

impl Screen<'_> {
    /// A template, filled in.
    pub fn template(&mut self, template: &Value) {
        self.line(&text_at(template, "/name"));
        self.shown.template = Some(Template {
            name: text_at(template, "/name"),
            language: text_at(template, "/language/code"),
        });
        for component in array_at(template, "/components") {
            let parameters = array_at(component, "/parameters");
            match kind_of(component).as_str() {
                "header" => self.template_header(parameters),
                "button" => self.template_button(component),
                "carousel" => {
                    for card in array_at(component, "/cards") {
                        self.template_card(card);
                    }
                }
                "body" => self.shown.body = self.values(parameters),
                _ => {
                    self.values(parameters);
                    for parameter in parameters {
                        self.order(parameter.get("order_status").unwrap_or(&Value::Null));
                    }
                }
            }
        }
    }

    fn template_header(&mut self, parameters: &[Value]) {
        for parameter in parameters {
            match text_at(parameter, "/type").as_str() {
                "product" => {
                    self.product(&text_at(parameter, "/product/product_retailer_id"));
                }
                "location" => self.location(parameter.get("location").unwrap_or(&Value::Null)),
                _ => self.header(Some(parameter)),
            }
        }
    }

    /// The values of a body, as lines and as one text.
    fn values(&mut self, parameters: &[Value]) -> Option<String> {
        let said: Vec<String> = parameters.iter().filter_map(value_of).collect();
        for words in &said {
            self.line(words);
        }
        (!said.is_empty()).then(|| said.join("\n"))
    }

    fn template_button(&mut self, component: &Value) {
        let kind = text_at(component, "/sub_type").to_ascii_lowercase();
        if kind == "flow" {
            self.shown.asks = Some("flow".to_owned());
        }
        for parameter in array_at(component, "/parameters") {
            if kind == "quick_reply" {
                self.quick_reply(parameter);
            } else {
                self.template_action(parameter);
            }
        }
    }

    fn quick_reply(&mut self, parameter: &Value) {
        let words = some_text(parameter, "/text");
        let id = some_text(parameter, "/payload").or_else(|| words.clone());
        let id = id.unwrap_or_default();
        self.button(Button {
            title: words.unwrap_or_else(|| id.clone()),
            id,
            description: None,
            row: false,
        });
    }

    /// What opens a page, the catalog, a choice of products or an order.
    fn template_action(&mut self, parameter: &Value) {
        self.line(&text_at(parameter, "/text"));
        self.line(&text_at(parameter, "/coupon_code"));
        let action = parameter.get("action").unwrap_or(&Value::Null);
        self.sections(action);
        if array_at(action, "/sections").is_empty() {
            self.thumbnail(&text_at(action, "/thumbnail_product_retailer_id"));
        }
        self.order(action.get("order_details").unwrap_or(&Value::Null));
    }

    fn template_card(&mut self, card: &Value) {
        let before = self.shown.buttons.len();
        let mut drawn = Card::default();
        for component in array_at(card, "/components") {
            let parameters = array_at(component, "/parameters");
            match kind_of(component).as_str() {
                "header" => {
                    for parameter in parameters {
                        let product = self.product(&text_at(parameter, "/product/product_retailer_id"));
                        if product.is_none() {
                            drawn.header = header_of(parameter);
                        }
                        drawn.product = product.or(drawn.product);
                    }
                }
                "button" => self.template_button(component),
                _ => drawn.body = self.values(parameters),
            }
        }
        drawn.buttons = self.shown.buttons.iter().skip(before).cloned().collect();
        self.shown.cards.push(drawn);
    }
}

fn kind_of(component: &Value) -> String {
    text_at(component, "/type").to_ascii_lowercase()
}

/// The words of one value.
fn value_of(parameter: &Value) -> Option<String> {
    some_text(parameter, "/text")
        .or_else(|| some_text(parameter, "/currency/fallback_value"))
        .or_else(|| some_text(parameter, "/date_time/fallback_value"))
}
