//! The rules a message body must obey, as Meta publishes them (send-messages pages, per kind; error-codes page,
//! 2025-12-12), and what Meta takes first and refuses later. Each kind has its file. It decides and keeps nothing; window,
//! faults and statuses are left to others.

mod carousel;
mod contacts;
mod fields;
mod interactive;
mod location;
mod media;
mod orders;
mod products;
mod reaction;
mod templates;

use std::collections::BTreeMap;

use serde_json::Value;

use super::orders::Orders;
use super::shop::Product;
use super::titles;
use fields::{Checked, flag, object, one_of, optional, optional_object, required, text};

const BODY: usize = 1024;
const LONG_BODY: usize = 4096;
const CALLBACK_DATA: usize = 512;
/// Digits of a phone number with its country code (E.164), with some grace at the lower end.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// Characters of a business-scoped user id after its country (business-scoped user ids page, 2026-05-28).
const USER_ID: usize = 128;

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

    /// 100, invalid parameter: a wrong JSON type, or something that has no place here.
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

/// What else a body is judged by.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub now_ms: i64,
    /// The business number's own digits: nobody writes to themselves.
    pub own_digits: &'a str,
    /// The number's orders by reference.
    pub orders: &'a Orders,
    /// `is_catalog_visible` of the number's commerce settings.
    pub catalog_visible: bool,
    /// Tells whether a media id can be sent. Absent: every id can.
    pub media: Option<&'a dyn Fn(&str) -> bool>,
}

/// Checks a whole body, except whether the recipient is there and the window is open.
pub fn check(body: &Value, catalog: Catalog<'_>, known: &Known<'_>) -> Checked {
    if text(body, "/messaging_product")? != Some("whatsapp") {
        return Err(Refusal::invalid("messaging_product must be whatsapp"));
    }
    common(body)?;
    recipient(body, known)?;
    match text(body, "/type")?.unwrap_or("text") {
        "text" => {
            required(body, "/text/body", LONG_BODY)?;
            flag(body, "/text/preview_url")
        }
        kind @ ("image" | "video" | "audio" | "document" | "sticker") => media::check(body, kind, known),
        "location" => location::check(object(body, "/location")?),
        "contacts" => contacts::check(body),
        "reaction" => reaction::check(body),
        "interactive" => interactive::check(object(body, "/interactive")?, catalog, known),
        "template" => templates::check(object(body, "/template")?, catalog, known),
        other => Err(Refusal::new(131_051, format!("type {other} is not supported"))),
    }
}

/// The code with which a body that passed is refused after all, by a `failed` status, for what the body itself says.
pub fn late(body: &Value, known: &Known<'_>) -> Option<i64> {
    orders::late(body, known).or_else(|| media::late(body))
}

/// What every kind of message may carry (messages API).
fn common(body: &Value) -> Checked {
    optional(body, "/biz_opaque_callback_data", CALLBACK_DATA)?;
    optional(body, "/recipient_identity_key_hash", CALLBACK_DATA)?;
    if optional_object(body, "/context")?.is_some() {
        required(body, "/context/message_id", CALLBACK_DATA)?;
    }
    match text(body, "/category")? {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid(
            "category: sending without a template (Direct Send) is not enabled for this account",
        )),
    }
}

/// `to` wins over `recipient` (business-scoped user ids page).
fn recipient(body: &Value, known: &Known<'_>) -> Checked {
    if text(body, "/recipient_type")?.is_some()
        && one_of(body, "/recipient_type", &["individual", "group"])? == "group"
    {
        return Err(Refusal::new(131_041, "there is no group with this id"));
    }
    let filled = |found: Option<&str>| found.is_some_and(|text| !text.is_empty());
    if filled(text(body, "/to")?) {
        let digits = phone_digits(required(body, "/to", BODY)?)
            .ok_or_else(|| Refusal::bad("to must be a phone number with its country code"))?;
        if digits == known.own_digits {
            return Err(Refusal::new(131_021, "a number can't write to itself"));
        }
        return Ok(());
    }
    if !filled(text(body, "/recipient")?) {
        return Err(Refusal::missing("to or recipient"));
    }
    if is_user_id(required(body, "/recipient", BODY)?) {
        return Ok(());
    }
    Err(Refusal::bad(
        "recipient must be a business-scoped user id, for example BR.13491208655302741918",
    ))
}

/// The digits of a phone number that may be written with `+`, spaces, hyphens and brackets.
pub fn phone_digits(to: &str) -> Option<String> {
    let digits: String = to.chars().filter(char::is_ascii_digit).collect();
    let punctuated = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')');
    (to.chars().all(punctuated) && DIGITS.contains(&digits.len())).then_some(digits)
}

/// `CC.` and up to 128 letters and digits; a parent's id has `ENT.` between.
pub fn is_user_id(id: &str) -> bool {
    let Some((country, rest)) = id.split_once('.') else {
        return false;
    };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    let named = country.len() == 2 && country.chars().all(|c| c.is_ascii_uppercase());
    named && (1..=USER_ID).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
