//! The screen on which a message is drawn, line by line and part by part: media, places, people, and interactive messages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::shop::Product;
use super::{
    Amount, Button, Card, Contact, Header, Link, Location, Media, ProductCard, Reaction, Section, Shown,
    array_at, some_text, text_at,
};

/// Collects what is shown.
pub struct Screen<'a> {
    lines: Vec<String>,
    pub shown: Shown,
    catalog: &'a BTreeMap<String, Product>,
}

impl<'a> Screen<'a> {
    /// An empty screen.
    pub fn new(catalog: &'a BTreeMap<String, Product>) -> Screen<'a> {
        Screen {
            lines: Vec::new(),
            shown: Shown::default(),
            catalog,
        }
    }

    /// What was drawn.
    pub fn done(self) -> Shown {
        Shown {
            text: self.lines.join("\n"),
            ..self.shown
        }
    }

    /// One more line of words.
    pub fn line(&mut self, text: &str) {
        if !text.is_empty() {
            self.lines.push(text.to_owned());
        }
    }

    /// A picture, film, sound, file or sticker.
    pub fn media(&mut self, kind: &str, media: &Value) {
        let url = some_text(media, "/link");
        if kind == "image" {
            self.shown.image.clone_from(&url);
        }
        let (filename, caption) = (some_text(media, "/filename"), some_text(media, "/caption"));
        for words in [&filename, &caption].into_iter().flatten() {
            self.line(words);
        }
        self.shown.media = Some(Media {
            kind: kind.to_owned(),
            url,
            id: some_text(media, "/id"),
            filename,
            caption,
            voice: media.get("voice").and_then(Value::as_bool),
        });
    }

    /// A point on earth.
    pub fn location(&mut self, location: &Value) {
        let degrees = |name: &str| match location.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let location = Location {
            latitude: degrees("latitude"),
            longitude: degrees("longitude"),
            name: some_text(location, "/name"),
            address: some_text(location, "/address"),
        };
        for words in [&location.name, &location.address].into_iter().flatten() {
            self.line(words);
        }
        self.line(&format!("{}, {}", location.latitude, location.longitude));
        self.shown.location = Some(location);
    }

    /// Contact cards.
    pub fn contacts(&mut self, contacts: &[Value]) {
        for contact in contacts {
            let phones = array_at(contact, "/phones").iter();
            let contact = Contact {
                name: text_at(contact, "/name/formatted_name"),
                phones: phones.filter_map(|phone| some_text(phone, "/phone")).collect(),
            };
            self.line(&contact.name);
            for phone in &contact.phones {
                self.line(phone);
            }
            self.shown.contacts.push(contact);
        }
    }

    /// An emoji on another message.
    pub fn reaction(&mut self, reaction: &Value) {
        let emoji = text_at(reaction, "/emoji");
        self.line(&emoji);
        self.shown.reaction = Some(Reaction {
            message_id: text_at(reaction, "/message_id"),
            emoji,
        });
    }

    /// Everything that has a header, a body, a footer and an action.
    pub fn interactive(&mut self, interactive: &Value) {
        self.header(interactive.get("header"));
        self.shown.body = some_text(interactive, "/body/text");
        self.line(&text_at(interactive, "/body/text"));
        self.action(interactive);
        self.shown.footer = some_text(interactive, "/footer/text");
        self.line(&text_at(interactive, "/footer/text"));
        let asks = match text_at(interactive, "/type").as_str() {
            "request_contact_info" => Some("contact"),
            "location_request_message" => Some("location"),
            "address_message" => Some("address"),
            "flow" => Some("flow"),
            _ => None,
        };
        self.shown.asks = asks.map(str::to_owned);
        self.shown.ask_button = some_text(interactive, "/action/parameters/flow_cta");
    }

    /// What stands above the body, of a message or as a template's parameter: both have the same form.
    pub fn header(&mut self, header: Option<&Value>) {
        let Some(header) = header.and_then(header_of) else {
            return;
        };
        self.line(header.text.as_deref().unwrap_or_default());
        if header.kind == "image" {
            self.shown.image.clone_from(&header.url);
        }
        self.shown.header = Some(header);
    }

    fn action(&mut self, interactive: &Value) {
        for button in array_at(interactive, "/action/buttons") {
            self.reply(button.get("reply").unwrap_or(&Value::Null), false);
        }
        self.shown.list_button = some_text(interactive, "/action/button");
        self.line(&text_at(interactive, "/action/button"));
        self.sections(interactive.get("action").unwrap_or(&Value::Null));
        for card in array_at(interactive, "/action/cards") {
            self.card(card);
        }
        self.product(&text_at(interactive, "/action/product_retailer_id"));
        self.thumbnail(&text_at(
            interactive,
            "/action/parameters/thumbnail_product_retailer_id",
        ));
        if let Some(link) = self.link(interactive) {
            self.shown.link = Some(link);
        }
        self.order(interactive.pointer("/action/parameters").unwrap_or(&Value::Null));
    }

    /// The sections of a list or of a choice of products.
    pub fn sections(&mut self, action: &Value) {
        for section in array_at(action, "/sections") {
            let mut drawn = Section {
                title: some_text(section, "/title"),
                ..Section::default()
            };
            self.line(&text_at(section, "/title"));
            for row in array_at(section, "/rows") {
                drawn.rows.push(text_at(row, "/id"));
                self.reply(row, true);
            }
            for item in array_at(section, "/product_items") {
                let known = self.product(&text_at(item, "/product_retailer_id"));
                drawn.products.extend(known);
            }
            self.shown.sections.push(drawn);
        }
    }

    fn card(&mut self, card: &Value) {
        let before = self.shown.buttons.len();
        self.line(&text_at(card, "/body/text"));
        let product = self.product(&text_at(card, "/action/product_retailer_id"));
        let link = self.link(card);
        for button in array_at(card, "/action/buttons") {
            self.reply(button.get("quick_reply").unwrap_or(&Value::Null), false);
        }
        self.shown.cards.push(Card {
            header: card.get("header").and_then(header_of),
            body: some_text(card, "/body/text"),
            link,
            buttons: self.shown.buttons.iter().skip(before).cloned().collect(),
            product,
        });
    }

    fn link(&mut self, holder: &Value) -> Option<Link> {
        let url = some_text(holder, "/action/parameters/url")?;
        let text = text_at(holder, "/action/parameters/display_text");
        self.line(&format!("[{text}] {url}"));
        Some(Link { text, url })
    }

    fn reply(&mut self, reply: &Value, row: bool) {
        self.button(Button {
            id: text_at(reply, "/id"),
            title: text_at(reply, "/title"),
            description: reply
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned),
            row,
        });
    }

    /// One more thing to tap.
    pub fn button(&mut self, button: Button) {
        match &button.description {
            Some(description) => self.line(&format!("[{}] {description}", button.title)),
            None => self.line(&format!("[{}]", button.title)),
        }
        self.shown.buttons.push(button);
    }

    /// One more product; `None` for one that the catalog doesn't have.
    pub fn product(&mut self, retailer_id: &str) -> Option<String> {
        let product = self.catalog.get(retailer_id)?;
        self.line(&format!("{} · {}", product.title, product.price_label()));
        self.shown.products.push(retailer_id.to_owned());
        self.shown.product_cards.push(product_card(product));
        Some(retailer_id.to_owned())
    }

    /// The product whose picture stands for the catalog; it is not offered by itself.
    pub fn thumbnail(&mut self, retailer_id: &str) {
        if let Some(product) = self.catalog.get(retailer_id) {
            self.shown.product_cards.push(product_card(product));
        }
    }
}

/// A header, or a parameter of a template's header.
pub fn header_of(header: &Value) -> Option<Header> {
    let kind = some_text(header, "/type")?;
    let part = |name: &str| some_text(header, &format!("/{kind}/{name}"));
    Some(Header {
        text: some_text(header, "/text"),
        url: part("link"),
        id: part("id"),
        filename: part("filename"),
        kind,
    })
}

fn product_card(product: &Product) -> ProductCard {
    let id = &product.retailer_id;
    let availability = if product.available() {
        "in_stock"
    } else {
        "out_of_stock"
    };
    ProductCard {
        retailer_id: id.clone(),
        title: product.title.clone(),
        description: product.description.clone(),
        price: Amount {
            amount: product.price_text(),
            currency: product.currency.clone(),
        },
        availability: availability.to_owned(),
        image_url: format!("/shop/images/{id}.png"),
    }
}
