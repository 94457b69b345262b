//! Messages to the customer: what each is about, and how a text of ours becomes one or several of them. What we compose is
//! split, never cut, and only the last message of a reply has the buttons; what a merchant wrote too long is cut between
//! words with an ellipsis. It refuses any provider's JSON, and limits: those are in the types of [`super::content`].

use serde::{Deserialize, Serialize};

pub use super::content::{
    BUTTONS_MAX, Choice, Choices, Content, PRODUCTS_MAX, ROWS_MAX, Row, Section, Sections, Shelves, Target,
};
use super::ids::{PurchaseId, RetailerId};
use super::payment::OrderDetails;
pub use super::text::{
    BODY_MAX, Body, HEADER_MAX, Header, LABEL_MAX, LONG_BODY_MAX, Label, LongBody, ROW_DESCRIPTION_MAX,
    ROW_TITLE_MAX, RowTitle,
};
use super::text::{Fitted, parts};

/// What a message is about: the word in our callback data, and the policy of its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The shop's entrance.
    Menu,
    /// Products of a category, several products, or WhatsApp's own catalog.
    Catalog,
    /// One product.
    Product,
    /// The cart.
    Cart,
    /// An old button was pressed: nothing changed, here is the cart.
    Stale,
    /// A button that is not this customer's.
    Refused,
    /// Something in the cart changed (rule R7).
    PriceChange,
    /// The final price, to be confirmed.
    Summary,
    /// The merchant took the purchase.
    PurchaseAccepted,
    /// The merchant did not.
    PurchaseDeclined,
    /// Where to pay (rule R9).
    PaymentLink,
    /// A Pix code to copy (rule R9).
    Pix,
    /// The payment arrived.
    Paid,
    /// Where a purchase stands.
    PurchaseState,
    /// A person was called.
    Person,
    /// What can be done here.
    Help,
    /// Something did not work; what to do now.
    Error,
}

impl Kind {
    /// The word in `biz_opaque_callback_data`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Catalog => "catalog",
            Self::Product => "product",
            Self::Cart => "cart",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::PriceChange => "price_change",
            Self::Summary => "summary",
            Self::PurchaseAccepted => "purchase_accepted",
            Self::PurchaseDeclined => "purchase_declined",
            Self::PaymentLink => "payment_link",
            Self::Pix => "pix",
            Self::Paid => "paid",
            Self::PurchaseState => "purchase_state",
            Self::Person => "person",
            Self::Help => "help",
            Self::Error => "error",
        }
    }

    /// The kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Menu,
        Self::Catalog,
        Self::Product,
        Self::Cart,
        Self::Stale,
        Self::Refused,
        Self::PriceChange,
        Self::Summary,
        Self::PurchaseAccepted,
        Self::PurchaseDeclined,
        Self::PaymentLink,
        Self::Pix,
        Self::Paid,
        Self::PurchaseState,
        Self::Person,
        Self::Help,
        Self::Error,
    ];

    /// The key under which a newer message makes an unsent older one pointless.
    pub fn supersedes(self) -> Option<&'static str> {
        match self {
            Self::Menu => Some("menu"),
            Self::Cart | Self::Stale => Some("cart"),
            Self::Refused => Some("refused"),
            Self::Help => Some("help"),
            Self::Catalog
            | Self::Product
            | Self::PriceChange
            | Self::Summary
            | Self::PurchaseAccepted
            | Self::PurchaseDeclined
            | Self::PaymentLink
            | Self::Pix
            | Self::Paid
            | Self::PurchaseState
            | Self::Person
            | Self::Error => None,
        }
    }

    /// True for what only shows how things stand: a newer reply makes it pointless. News of a price is no such view: no other
    /// message tells what changed (rule R7).
    pub fn is_view(self) -> bool {
        match self {
            Self::Menu
            | Self::Catalog
            | Self::Product
            | Self::Cart
            | Self::Stale
            | Self::Refused
            | Self::Summary
            | Self::Person
            | Self::Help
            | Self::Error => true,
            Self::PriceChange
            | Self::PurchaseAccepted
            | Self::PurchaseDeclined
            | Self::PaymentLink
            | Self::Pix
            | Self::Paid
            | Self::PurchaseState => false,
        }
    }

    /// True for what a customer must get even at the price of getting it twice: money and purchases.
    pub fn must_arrive(self) -> bool {
        match self {
            Self::PurchaseAccepted
            | Self::PurchaseDeclined
            | Self::PaymentLink
            | Self::Pix
            | Self::Paid
            | Self::PurchaseState => true,
            Self::Menu
            | Self::Catalog
            | Self::Product
            | Self::Cart
            | Self::Stale
            | Self::Refused
            | Self::PriceChange
            | Self::Summary
            | Self::Person
            | Self::Help
            | Self::Error => false,
        }
    }
}

/// A message to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// What it shows.
    pub content: Content,
    /// True when another message of the same reply follows: it stands or falls alone, whatever newer reply comes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
    /// The purchase that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<PurchaseId>,
    /// The products whose change it tells (rule R7): owed again when it can't be sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news_of: Vec<RetailerId>,
}

impl Message {
    /// A message of that kind and content.
    pub fn new(kind: Kind, content: Content) -> Self {
        Self {
            kind,
            content,
            unfinished: false,
            purchase: None,
            news_of: Vec::new(),
        }
    }

    /// Text with reply buttons; what does not fit beside them goes ahead as plain text.
    pub fn buttons(kind: Kind, body: &str, choices: Choices) -> Vec<Self> {
        Self::buttons_beside(kind, body, "", choices)
    }

    /// The same where `beside` must stay with the buttons: a total, and what they mean.
    pub fn buttons_beside(kind: Kind, ahead: &str, beside: &str, choices: Choices) -> Vec<Self> {
        let (texts, body) = split(ahead, beside);
        let last = Content::Buttons {
            image_url: None,
            body,
            choices,
        };
        reply(kind, texts, vec![last])
    }

    /// Text with a picture above and reply buttons.
    pub fn pictured(kind: Kind, body: &str, image_url: Option<String>, choices: Choices) -> Vec<Self> {
        let (texts, body) = split(body, "");
        let last = Content::Buttons {
            image_url,
            body,
            choices,
        };
        reply(kind, texts, vec![last])
    }

    /// Text with a list; rows that one list can't hold follow in another. Without rows it is plain text.
    pub fn list(kind: Kind, body: &str, opener: &Label, groups: Vec<Section>) -> Vec<Self> {
        Self::list_beside(kind, body, "", opener, groups)
    }

    /// The same where `beside` must stay with the list.
    pub fn list_beside(
        kind: Kind,
        ahead: &str,
        beside: &str,
        opener: &Label,
        groups: Vec<Section>,
    ) -> Vec<Self> {
        let (mut texts, body) = split(ahead, beside);
        let pages = Sections::pages(groups);
        if pages.is_empty() {
            texts.push(body);
            return reply(kind, texts, Vec::new());
        }
        let further = std::iter::repeat_with(|| LongBody::cut(opener));
        let lists = std::iter::once(body).chain(further).zip(pages);
        let lists = lists.map(|(body, sections)| Content::List {
            body,
            opener: opener.clone(),
            sections,
        });
        reply(kind, texts, lists.collect())
    }

    /// Text with a link.
    pub fn link(kind: Kind, body: &str, label: Label, url: String) -> Vec<Self> {
        let (texts, body) = split(body, "");
        reply(kind, texts, vec![Content::Link { body, label, url }])
    }

    /// The amounts of a purchase with a Pix code to copy.
    pub fn order_details(kind: Kind, details: OrderDetails) -> Vec<Self> {
        vec![Self::new(kind, Content::OrderDetails(Box::new(details)))]
    }

    /// Plain texts, each a message of its own: what is in one can be copied alone.
    pub fn texts(kind: Kind, texts: &[&str]) -> Vec<Self> {
        let texts = texts.iter().flat_map(|text| parts(text)).collect();
        reply(kind, texts, Vec::new())
    }

    /// The same, about that purchase.
    pub fn about(mut self, purchase: &PurchaseId) -> Self {
        self.purchase = Some(purchase.clone());
        self
    }

    /// The key under which a newer message makes this one, unsent, pointless.
    pub fn supersedes(&self) -> Option<&'static str> {
        self.kind.supersedes().filter(|_| !self.unfinished)
    }

    /// True for the kinds that rule R1 names: they never go out once the service window has closed.
    pub fn shows_products(&self) -> bool {
        match self.content {
            Content::NativeProduct { .. }
            | Content::NativeProducts { .. }
            | Content::NativeCatalog { .. } => true,
            Content::Text { .. }
            | Content::Buttons { .. }
            | Content::List { .. }
            | Content::Link { .. }
            | Content::OrderDetails(_) => false,
        }
    }
}

/// Texts, then what ends the reply.
fn reply(kind: Kind, texts: Vec<LongBody>, ends: Vec<Content>) -> Vec<Message> {
    let texts = texts.into_iter().map(|body| Content::Text { body });
    let mut messages: Vec<Message> = texts
        .chain(ends)
        .map(|content| Message {
            unfinished: true,
            ..Message::new(kind, content)
        })
        .collect();
    if let Some(last) = messages.last_mut() {
        last.unfinished = false;
    }
    messages
}

/// A text for a message that holds `MAX` characters: all of it when it fits, else `beside`, and what goes ahead of it.
fn split<const MAX: usize>(ahead: &str, beside: &str) -> (Vec<LongBody>, Fitted<MAX>) {
    let together = format!("{ahead}\n{beside}");
    if let Some(whole) = Fitted::whole(&together) {
        return (Vec::new(), whole);
    }
    if let Some(last) = Fitted::whole(beside) {
        return (parts(ahead), last);
    }
    let mut pieces: Vec<Fitted<MAX>> = parts(&together);
    let last = pieces.pop().unwrap_or_else(|| Fitted::cut(""));
    (
        pieces
            .iter()
            .flat_map(|piece| parts::<LONG_BODY_MAX>(piece))
            .collect(),
        last,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::button::Action;
    use crate::domain::device::Device;

    fn choices() -> Choices {
        Choices::of([Choice {
            target: Target {
                action: Action::Menu,
                device: Device::Android,
                revision: 0,
            },
            label: Label::cut("Menu"),
        }])
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages
            .iter()
            .filter_map(|message| message.content.body())
            .collect()
    }

    #[test]
    fn a_text_too_long_for_buttons_goes_ahead_and_the_total_stays_with_them() {
        let lines = ["a line of a cart"; 100].join("\n");
        let messages = Message::buttons_beside(Kind::Cart, &lines, "Total", choices());
        assert_eq!(bodies(&messages), [&*lines, "Total"]);
        assert_eq!(
            (messages[0].supersedes(), messages[1].supersedes()),
            (None, Some("cart"))
        );
        let short = Message::buttons_beside(Kind::Cart, "One line", "Total", choices());
        assert_eq!(bodies(&short), ["One line\nTotal"]);
    }

    #[test]
    fn without_a_part_that_stays_the_end_of_the_text_is_with_the_buttons() {
        let lines: Vec<String> = (0..200).map(|n| format!("line number {n}")).collect();
        let messages = Message::buttons(Kind::PriceChange, &lines.join("\n"), choices());
        assert_eq!(bodies(&messages).join("\n"), lines.join("\n"));
        assert!(matches!(
            messages.last().unwrap().content,
            Content::Buttons { .. }
        ));
    }

    #[test]
    fn a_list_without_rows_is_a_text() {
        let messages = Message::list(Kind::Menu, "Oi", &Label::cut("Ver"), Vec::new());
        assert_eq!(bodies(&messages), ["Oi"]);
        assert!(matches!(messages[0].content, Content::Text { .. }));
    }
}
