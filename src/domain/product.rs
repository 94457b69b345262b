//! Products as the merchant tells them, and the part of a product that a customer was shown.

use serde::{Deserialize, Serialize};

use super::ids::RetailerId;
use super::money::Money;

/// Whether it can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It can.
    InStock,
    /// It can't now.
    OutOfStock,
}

/// A product of a merchant's catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its id at the merchant.
    pub retailer_id: RetailerId,
    /// Its name.
    pub title: String,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The category that it is listed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Unit price.
    pub price: Money,
    /// Whether it can be bought.
    pub availability: Availability,
    /// Units left, when the merchant says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<u64>,
    /// A picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Its page in the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Parameters such as size or colour, as canonical text: compared, never interpreted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
    /// The merchant's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Product {
    /// What a customer is told about it.
    pub fn offer(&self) -> Offer {
        Offer {
            title: self.title.clone(),
            price: self.price,
            in_stock: self.in_stock(),
            options: self.options.clone(),
        }
    }

    /// True when it can be bought now.
    pub fn in_stock(&self) -> bool {
        self.availability == Availability::InStock && self.stock != Some(0)
    }
}

/// The part of a product whose change must be told (rule R7): price, title, options, availability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Name.
    #[serde(rename = "t")]
    pub title: String,
    /// Unit price.
    #[serde(rename = "p")]
    pub price: Money,
    /// Whether it could be bought.
    #[serde(rename = "a")]
    pub in_stock: bool,
    /// Parameters.
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
}
