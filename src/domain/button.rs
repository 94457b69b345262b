//! What a button or a list row asks for. Ids are drawn and checked at the edge; here they are values.

use serde::{Deserialize, Serialize};

use super::device::Device;
use super::ids::{PurchaseId, RetailerId};

/// A slice of a list that is browsed in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slice {
    /// Categories of the menu, from that one on.
    Menu {
        /// Index of the first.
        from: u16,
    },
    /// Products of a category, `from..to` in its order.
    Category {
        /// The category's key.
        key: String,
        /// Index of the first.
        from: u16,
        /// Index after the last.
        to: u16,
    },
    /// Lines of the cart, from that one on.
    Cart {
        /// Index of the first.
        from: u16,
    },
    /// WhatsApp's own catalog of this shop.
    NativeCatalog,
}

/// What is confirmed or accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// The cart of the button's device.
    Cart,
    /// A native order, by its key.
    Order(String),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// The shop's entrance.
    Menu,
    /// A category, by key.
    Category(String),
    /// A further part of a list.
    Page(Slice),
    /// One product.
    Product(RetailerId),
    /// One unit more of a product.
    Add(RetailerId),
    /// Choose (`None`) or set the units of a line.
    Quantity(RetailerId, Option<u8>),
    /// Take a line out.
    Remove(RetailerId),
    /// Show the cart.
    Cart,
    /// Take all lines out.
    Empty,
    /// Ask for the final price.
    Checkout,
    /// Buy at the shown price.
    Confirm(Subject),
    /// Agree to the changes that were told.
    AcceptPrices(Subject),
    /// Give up one waiting native order.
    DropLine(String),
    /// Copy another device's cart into this one.
    CopyCart(Device),
    /// Show a purchase (`None`: the list).
    Purchase(Option<PurchaseId>),
    /// A person, please.
    Person,
    /// Back from the person to the shop.
    Resume,
}

impl Action {
    /// The readable word in a button id.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Category(_) => "category",
            Self::Page(_) => "page",
            Self::Product(_) => "product",
            Self::Add(_) => "add",
            Self::Quantity(..) => "quantity",
            Self::Remove(_) => "remove",
            Self::Cart => "cart",
            Self::Empty => "empty",
            Self::Checkout => "checkout",
            Self::Confirm(_) => "confirm",
            Self::AcceptPrices(_) => "accept_prices",
            Self::DropLine(_) => "drop_line",
            Self::CopyCart(_) => "copy_cart",
            Self::Purchase(_) => "purchase",
            Self::Person => "person",
            Self::Resume => "resume",
        }
    }
}

/// A drawn button: what it asks, for which cart, as of which revision, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What it asks for.
    pub action: Action,
    /// Whose cart it was drawn for.
    pub device: Device,
    /// That cart's revision when it was drawn.
    pub revision: u64,
    /// When it ends, in Unix milliseconds.
    pub expires_at_ms: i64,
}

/// Whether a button still means what its reader saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// It does.
    Fresh,
    /// It doesn't: no mutation, the current cart is shown.
    Stale,
}
