//! What a customer sees, free of any provider's JSON. Constructors keep every text within the smallest limit of the
//! surfaces that we know (WhatsApp Cloud API, interactive messages pages, 2025-11): what a merchant wrote too long is cut
//! between words with an ellipsis; what we compose is split by its composer, never cut.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use super::button::Action;
use super::device::Device;
use super::ids::{PurchaseId, RetailerId};

/// Longest body of a message with reply buttons, a link or a product.
pub const BODY_MAX: usize = 1024;
/// Longest body of a list or a plain text.
pub const LONG_BODY_MAX: usize = 4096;
/// Longest label of a reply button, a link or a list's opener.
pub const LABEL_MAX: usize = 20;
/// Longest title of a row or a section.
pub const ROW_TITLE_MAX: usize = 24;
/// Longest description of a row.
pub const ROW_DESCRIPTION_MAX: usize = 72;
/// Most rows in a list, over all sections.
pub const ROWS_MAX: usize = 10;
/// Most reply buttons.
pub const BUTTONS_MAX: usize = 3;
/// Most products in one product list, over all sections (rule R2).
pub const PRODUCTS_MAX: usize = 30;
/// Longest header text.
pub const HEADER_MAX: usize = 60;

/// Cuts a text to `max` characters, between words where it can, never inside a grapheme, with an ellipsis.
pub fn fit(text: &str, max: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(1);
    let (mut kept, mut used) = (String::new(), 0);
    for grapheme in text.graphemes(true) {
        let width = grapheme.chars().count();
        if used + width > room {
            break;
        }
        used += width;
        kept.push_str(grapheme);
    }
    let at_word = kept.rfind(char::is_whitespace).filter(|at| *at * 2 > kept.len());
    let cut = at_word.and_then(|at| kept.get(..at)).unwrap_or(&kept).trim_end();
    format!("{cut}…")
}

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
    pub const ALL: [Self; 16] = [
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
            | Self::Paid
            | Self::PurchaseState
            | Self::Person
            | Self::Error => None,
        }
    }

    /// True for what a customer must get even at the price of getting it twice: money and purchases.
    pub fn must_arrive(self) -> bool {
        match self {
            Self::PurchaseAccepted
            | Self::PurchaseDeclined
            | Self::PaymentLink
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

/// What a tap on a drawn button will ask, and for which cart as of which revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What it asks.
    pub action: Action,
    /// Whose cart.
    pub device: Device,
    /// As of which revision.
    pub revision: u64,
}

/// A reply button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What it asks.
    pub target: Target,
    /// Its label, [`LABEL_MAX`] characters at most.
    pub label: String,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it asks.
    pub target: Target,
    /// Its title, [`ROW_TITLE_MAX`] characters at most.
    pub title: String,
    /// More about it, [`ROW_DESCRIPTION_MAX`] characters at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Row {
    /// A row; a title that does not fit is cut, and told whole in the description where that has room.
    pub fn new(target: Target, title: &str, description: Option<&str>) -> Self {
        let short = fit(title, ROW_TITLE_MAX);
        let whole = if short == title.trim() {
            None
        } else {
            Some(title.trim())
        };
        let description = match (whole, description) {
            (Some(whole), Some(more)) => Some(format!("{more} · {whole}")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
            (None, None) => None,
        };
        Self {
            target,
            title: short,
            description: description.map(|text| fit(&text, ROW_DESCRIPTION_MAX)),
        }
    }
}

/// A titled group of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title, [`ROW_TITLE_MAX`] characters at most.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// The body of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text.
        body: String,
    },
    /// Text with one to three reply buttons.
    Buttons {
        /// A picture above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// The text.
        body: String,
        /// The buttons.
        choices: Vec<Choice>,
    },
    /// Text with a list that opens.
    List {
        /// The text.
        body: String,
        /// The label that opens it.
        opener: String,
        /// Its sections.
        sections: Vec<Section>,
    },
    /// Text with a link.
    Link {
        /// The text.
        body: String,
        /// The link's label.
        label: String,
        /// Where it leads.
        url: String,
    },
    /// WhatsApp's own message of one product.
    NativeProduct {
        /// A text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// The product.
        retailer_id: RetailerId,
    },
    /// WhatsApp's own message of up to 30 products.
    NativeProducts {
        /// The header, required.
        header: String,
        /// The text.
        body: String,
        /// Title and products of each section.
        sections: Vec<(String, Vec<RetailerId>)>,
    },
    /// WhatsApp's own entrance to the shop's catalog.
    NativeCatalog {
        /// The text.
        body: String,
        /// The product whose picture is shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thumbnail: Option<RetailerId>,
    },
}

/// A message to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// What it shows.
    pub content: Content,
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
            purchase: None,
            news_of: Vec::new(),
        }
    }

    /// Plain text.
    pub fn text(kind: Kind, body: &str) -> Self {
        Self::new(
            kind,
            Content::Text {
                body: fit(body, LONG_BODY_MAX),
            },
        )
    }

    /// Text with reply buttons; the body becomes a list's when it is too long for buttons.
    pub fn buttons(kind: Kind, body: &str, image_url: Option<String>, choices: Vec<Choice>) -> Self {
        if body.chars().count() > BODY_MAX {
            let rows = choices
                .into_iter()
                .map(|choice| Row::new(choice.target, &choice.label, None))
                .collect();
            return Self::list(
                kind,
                body,
                "Menu",
                vec![Section {
                    title: "Menu".to_owned(),
                    rows,
                }],
            );
        }
        Self::new(
            kind,
            Content::Buttons {
                image_url,
                body: body.trim().to_owned(),
                choices,
            },
        )
    }

    /// Text with a list.
    pub fn list(kind: Kind, body: &str, opener: &str, sections: Vec<Section>) -> Self {
        let sections = sections
            .into_iter()
            .filter(|section| !section.rows.is_empty())
            .collect();
        Self::new(
            kind,
            Content::List {
                body: fit(body, LONG_BODY_MAX),
                opener: fit(opener, LABEL_MAX),
                sections,
            },
        )
    }

    /// The same, about that purchase.
    pub fn about(mut self, purchase: &PurchaseId) -> Self {
        self.purchase = Some(purchase.clone());
        self
    }

    /// True for the kinds that rule R1 names: they never go out once the service window has closed.
    pub fn shows_products(&self) -> bool {
        match self.content {
            Content::NativeProduct { .. }
            | Content::NativeProducts { .. }
            | Content::NativeCatalog { .. } => true,
            Content::Text { .. } | Content::Buttons { .. } | Content::List { .. } | Content::Link { .. } => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_words_and_never_inside_a_grapheme() {
        assert_eq!(fit("Café especial torrado na hora", 24), "Café especial torrado…");
        assert_eq!(fit("curto", 24), "curto");
        let family = "👨‍👩‍👧‍👦".repeat(5);
        let cut = fit(&family, 16);
        assert!(cut.chars().count() <= 16);
        assert_eq!(cut, format!("{}…", "👨‍👩‍👧‍👦".repeat(2)));
        assert_eq!(fit("x", 1), "x");
    }
}
