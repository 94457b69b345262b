//! Contact cards (contacts messages page): a name made of two parts at least, and lists of ways to reach somebody.

use serde_json::Value;

use super::fields::{Checked, list, object, optional_list, optional_object, required, text};
use super::{BODY, Refusal};

/// Contacts in one message (contacts messages page).
const CONTACTS: usize = 257;
const NAME_PARTS: [&str; 5] = ["first_name", "last_name", "middle_name", "suffix", "prefix"];
const LISTS: [(&str, &[&str]); 4] = [
    ("phones", &["phone", "type", "wa_id"]),
    ("emails", &["email", "type"]),
    ("urls", &["url", "type"]),
    (
        "addresses",
        &[
            "street",
            "city",
            "state",
            "zip",
            "country",
            "country_code",
            "type",
        ],
    ),
];

/// Checks a whole body.
pub fn check(body: &Value) -> Checked {
    list(body, "/contacts", 1, CONTACTS)?.iter().try_for_each(contact)
}

fn contact(contact: &Value) -> Checked {
    let name = object(contact, "/name")?;
    required(name, "/formatted_name", BODY)?;
    let mut parts = 0;
    for part in NAME_PARTS {
        let found = text(name, &format!("/{part}"))?;
        parts += usize::from(found.is_some_and(|text| !text.is_empty()));
    }
    if parts == 0 {
        return Err(Refusal::missing(
            "one more part of the name (first_name, last_name, middle_name, suffix or prefix)",
        ));
    }
    for (name, fields) in LISTS {
        for entry in optional_list(contact, &format!("/{name}"))?.unwrap_or_default() {
            for field in fields {
                text(entry, &format!("/{field}"))?;
            }
        }
    }
    if let Some(org) = optional_object(contact, "/org")? {
        for field in ["company", "department", "title"] {
            text(org, &format!("/{field}"))?;
        }
    }
    match text(contact, "/birthday")? {
        Some(day) if !day.is_empty() && day.parse::<jiff::civil::Date>().is_err() => {
            Err(Refusal::bad("birthday is written YYYY-MM-DD"))
        }
        Some(_) | None => Ok(()),
    }
}
