//! Paying by Pix inside the chat (rule R9): the code that the merchant's bank made, and the message that carries it. It moves
//! no money and believes no customer: only the merchant's word marks a purchase as paid.

use serde::{Deserialize, Serialize};

use super::ids::PurchaseId;
use super::purchase::Quote;
use super::text::Body;

/// Longest copy-and-paste code: an EMV payload has at most 512 characters (BR Code manual, Banco Central do Brasil).
const CODE_MAX: usize = 512;
/// Longest name of who is paid.
const NAME_MAX: usize = 60;
/// Longest Pix key: an e-mail address of 77 characters (DICT, Banco Central do Brasil).
const KEY_MAX: usize = 77;

/// What kind of key names the account (Meta, payments in Brazil, dynamic Pix code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PixKeyType {
    /// A person's tax number.
    Cpf,
    /// A company's tax number.
    Cnpj,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A random key.
    Evp,
}

/// A Pix charge as the merchant gives it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pix {
    /// The copy-and-paste code.
    pub code: String,
    /// Who is paid.
    pub merchant_name: String,
    /// The account's key.
    pub key: String,
    /// Its kind.
    pub key_type: PixKeyType,
}

impl std::fmt::Debug for Pix {
    /// Without the key, which may be somebody's tax or phone number.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pix")
            .field("key_type", &self.key_type)
            .finish_non_exhaustive()
    }
}

impl Pix {
    /// What can't be sent of it, as a sentence; `None` when all can.
    pub fn problem(&self) -> Option<String> {
        let fits = |text: &str, max: usize| {
            let is_plain = text.chars().all(|c| !c.is_control());
            is_plain && !text.trim().is_empty() && text.chars().count() <= max
        };
        let parts = [
            ("code", &self.code, CODE_MAX),
            ("merchant_name", &self.merchant_name, NAME_MAX),
            ("key", &self.key, KEY_MAX),
        ];
        let (name, _, max) = parts.into_iter().find(|(_, text, max)| !fits(text, *max))?;
        Some(format!("pix.{name} must be one line of 1 to {max} characters"))
    }
}

/// A message with the amounts of a purchase and the ways to pay it (Meta, payments in Brazil, orders, 2026-05-21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetails {
    /// The text.
    pub body: Body,
    /// The purchase; the message's own reference is made of it.
    pub purchase_id: PurchaseId,
    /// Lines and sums, as confirmed.
    pub quote: Quote,
    /// The code.
    pub pix: Pix,
    /// The link, when there is one too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_url: Option<String>,
    /// When the charge ends, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pix(code: &str) -> Pix {
        Pix {
            code: code.to_owned(),
            merchant_name: "Café da Praça".to_owned(),
            key: "11999990000".to_owned(),
            key_type: PixKeyType::Phone,
        }
    }

    #[test]
    fn a_code_that_no_bank_would_read_is_named() {
        assert_eq!(pix("00020126").problem(), None);
        for wrong in ["", "  ", "a\nb", &"9".repeat(513)] {
            assert!(pix(wrong).problem().is_some_and(|told| told.contains("pix.code")));
        }
    }

    #[test]
    fn a_key_is_never_in_a_log() {
        assert!(!format!("{:?}", pix("0002")).contains("11999990000"));
    }
}
