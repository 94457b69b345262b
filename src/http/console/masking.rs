//! What of a customer is shown to a key without `personal_data:read`: enough to tell two apart, never enough to call or write to
//! one. Pure. It owns which fields of a body are personal; it refuses to guess that an unknown text is harmless: long runs of
//! digits, addresses and links in it are masked too.

use serde_json::{Map, Value, json};

use crate::domain::conversation::Customer;
use crate::whatsapp::message_id;

/// Stands for what is left out. Never as many as there were.
const DOTS: &str = "•••";
/// Digits that stay at the end of a number or id.
const TAIL: usize = 4;
/// Digits in a row that make a number of somebody.
const RUN: usize = 7;
/// How a Pix code begins (EMV QR code, payload format indicator 01).
const PIX: &str = "000201";

/// Ids of customers.
const IDS: [&str; 12] = [
    "from",
    "to",
    "wa_id",
    "recipient",
    "recipient_id",
    "user_id",
    "from_user_id",
    "recipient_user_id",
    "parent_user_id",
    "phone",
    "customer_id",
    "username",
];
/// Names of people.
const NAMES: [&str; 7] = [
    "name",
    "formatted_name",
    "first_name",
    "last_name",
    "middle_name",
    "recipient_name",
    "profile_name",
];
/// What somebody wrote, or was written.
const TEXTS: [&str; 18] = [
    "body",
    "text",
    "caption",
    "note",
    "words",
    "header",
    "footer",
    "title",
    "description",
    "label",
    "address",
    "street",
    "city",
    "zip",
    "latitude",
    "longitude",
    "filename",
    "response_json",
];
/// Numbers of the business and times, which name no customer.
const HARMLESS: [&str; 8] = [
    "phone_number_id",
    "timestamp",
    "catalog_id",
    "retailer_id",
    "product_retailer_id",
    "at_ms",
    "purchase_id",
    "number",
];

/// A phone number: `55•••••••4321` begins with the country (or part of it) and ends as the number does.
pub(super) fn wa_id(text: &str) -> String {
    let count = text.chars().count();
    if count < RUN {
        return "•".repeat(count);
    }
    let masked = text.chars().enumerate().map(|(place, letter)| {
        if place < 2 || place >= count - TAIL {
            letter
        } else {
            '•'
        }
    });
    masked.collect()
}

/// A business-scoped user id: `BR.•••1918`.
pub(super) fn user_id(text: &str) -> String {
    let Some((country, rest)) = text.split_once('.').filter(|(country, _)| country.len() <= 3) else {
        return wa_id(text);
    };
    format!("{country}.{DOTS}{}", tail(rest))
}

/// The last characters, of what has at least twice as many.
fn tail(text: &str) -> String {
    let count = text.chars().count();
    let skipped = if count < 2 * TAIL { count } else { count - TAIL };
    text.chars().skip(skipped).collect()
}

/// A name: its first letter.
pub(super) fn name(text: &str) -> String {
    let first = text.trim().chars().next().filter(|first| first.is_alphabetic());
    format!("{}{DOTS}", first.map(String::from).unwrap_or_default())
}

/// Words: how many characters there were.
pub(super) fn words(text: &str) -> String {
    match text.chars().count() {
        1 => "[1 character]".to_owned(),
        count => format!("[{count} characters]"),
    }
}

/// A link: where it leads.
pub(super) fn link(text: &str) -> String {
    let host = text
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .and_then(|authority| authority.rsplit('@').next());
    match host {
        Some(host) => format!("[link to {}]", digits(host)),
        None => words(text),
    }
}

/// A message's id: a `wamid` holds the customer's number in clear, its inner part names nobody.
pub(super) fn message(id: &str) -> String {
    if let Some((before, wamid)) = id.split_once("wamid.") {
        let whole = format!("wamid.{wamid}");
        let inner = message_id::decode(&whole).inner;
        let told = if inner == whole {
            "[message id]"
        } else {
            inner.as_str()
        };
        return format!("{}{told}", digits(before));
    }
    whole_numbers(id)
}

/// The customer of a conversation, masked or as it is.
pub(super) fn customer(customer: &Customer, is_masked: bool) -> Map<String, Value> {
    type Mask = fn(&str) -> String;
    let fields: [(&str, &Option<String>, Mask); 3] = [
        ("name", &customer.name, name),
        ("wa_id", &customer.wa_id, wa_id),
        ("user_id", &customer.user_id, user_id),
    ];
    let told = fields.into_iter().filter_map(|(field, text, mask)| {
        let text = text.as_deref()?;
        let text = if is_masked { mask(text) } else { text.to_owned() };
        Some((field.to_owned(), json!(text)))
    });
    told.collect()
}

/// A body of JSON with all that is personal in it masked; another body: its length.
pub(super) fn body(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => json_value(value, "").to_string(),
        Err(_) => words(text),
    }
}

/// A value that was found under this key.
pub(super) fn json_value(value: Value, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let masked = fields.into_iter().map(|(name, value)| {
                let value = json_value(value, &name);
                (digits(&name), value)
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| json_value(item, key)).collect(),
        Value::String(text) => Value::String(text_under(&text, key)),
        Value::Number(number) if TEXTS.contains(&key) || IDS.contains(&key) => {
            Value::String(words(&number.to_string()))
        }
        other @ (Value::Number(_) | Value::Bool(_) | Value::Null) => other,
    }
}

fn text_under(text: &str, key: &str) -> String {
    if HARMLESS.contains(&key) && !text.contains("wamid.") {
        text.to_owned()
    } else if IDS.contains(&key) {
        user_id(text)
    } else if key == "id" {
        message(text)
    } else if NAMES.contains(&key) {
        name(text)
    } else if TEXTS.contains(&key) {
        words(text)
    } else {
        scrubbed(text)
    }
}

/// A text of which nothing is known.
pub(super) fn scrubbed(text: &str) -> String {
    if text.contains("wamid.") {
        message(text)
    } else if text.starts_with(PIX) {
        "[Pix code]".to_owned()
    } else if text.contains("://") {
        link(text)
    } else if text.contains('@') {
        words(text)
    } else {
        digits(text)
    }
}

/// The same for an id: only what is nothing but digits between its separators, so that a digest stays as it is.
fn whole_numbers(id: &str) -> String {
    let parts = id.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric());
    let masked = parts.map(|part| {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { digits(part) } else { part.to_owned() }
    });
    masked.collect()
}

/// Runs of digits that are long enough to be a number of somebody, masked but for their last ones.
pub(super) fn digits(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for letter in text.chars() {
        if letter.is_ascii_digit() {
            run.push(letter);
        } else {
            end_run(&mut masked, &mut run);
            masked.push(letter);
        }
    }
    end_run(&mut masked, &mut run);
    masked
}

fn end_run(masked: &mut String, run: &mut String) {
    if run.len() < RUN {
        masked.push_str(run);
    } else {
        masked.push_str(DOTS);
        masked.push_str(&tail(run));
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_is_masked_in_its_own_way() {
        assert_eq!(wa_id("5511987654321"), "55•••••••4321");
        assert_eq!(wa_id("12345"), "•••••");
        assert_eq!(user_id("BR.13491208655302741918"), "BR.•••1918");
        assert_eq!(user_id("BR.1001"), "BR.•••");
        assert_eq!(user_id("5511987654321"), "55•••••••4321");
        assert_eq!(name("Ana Souza"), "A•••");
        assert_eq!(name("5511987654321"), "•••");
        assert_eq!(words("a message of 23 letters"), "[23 characters]");
        assert_eq!(
            link("https://pay.example.com/p/1?x=y"),
            "[link to pay.example.com]"
        );
        assert_eq!(scrubbed("write to ana@example.com"), "[24 characters]");
        assert_eq!(scrubbed("00020126580014br.gov.bcb.pix"), "[Pix code]");
        assert_eq!(scrubbed("from 5511987654321 on"), "from •••4321 on");
        assert_eq!(message("in:3A001234567890FF"), "in:3A001234567890FF");
        assert_eq!(message("in:5511987654321"), "in:•••4321");
        assert_eq!(message("in:wamid.NOTBASE64!"), "in:[message id]");
    }

    #[test]
    fn a_webhook_keeps_its_shape_and_loses_its_customer() {
        let raw = r#"{"entry":[{"changes":[{"value":{"metadata":{"phone_number_id":"106540352242922"},
            "contacts":[{"profile":{"name":"Ana Souza"},"wa_id":"5511987654321","user_id":"BR.13491208655302741918"}],
            "messages":[{"from":"5511987654321","id":"wamid.x","timestamp":"1790000000","type":"text",
            "text":{"body":"call me at 5511987654321"}},{"type":"location","location":{"latitude":-23.5617,"longitude":-46.6559}}]}}]}]}"#;
        let masked = body(raw);
        for gone in ["Ana", "1198765", "call me", "BR.1349", "wamid", "23.56"] {
            assert!(!masked.contains(gone), "{gone} is in {masked}");
        }
        for kept in [
            "106540352242922",
            "1790000000",
            "\"type\":\"text\"",
            "[24 characters]",
            "4321",
        ] {
            assert!(masked.contains(kept), "{kept} is not in {masked}");
        }
        assert_eq!(body("no json of Ana"), "[14 characters]");
    }

    /// True when seven digits in a row of the phone number are in the text.
    fn betrays(text: &str, phone: &str) -> bool {
        let digits: Vec<char> = phone.chars().collect();
        let mut runs = digits.windows(RUN).map(|run| run.iter().collect::<String>());
        runs.any(|run| text.contains(&run))
    }

    proptest! {
        #[test]
        fn no_seven_digits_of_a_phone_number_survive(
            phone in "[1-9][0-9]{9,14}", word in "[a-zA-Z ]{0,12}", key in "[a-z_]{1,10}",
        ) {
            let told = Customer {
                user_id: Some(format!("BR.{phone}")),
                wa_id: Some(phone.clone()),
                name: Some(format!("{phone}{word}")),
            };
            let shown = Value::Object(customer(&told, true)).to_string();
            prop_assert!(!betrays(&shown, &phone), "{}", shown);
            prop_assume!(key != "id" && !HARMLESS.contains(&key.as_str()));
            let raw = json!({
                "from": phone, "messages": [{ "text": { "body": format!("{word}{phone}{word}") }, "id": format!("in:{phone}") }],
                key: format!("{word}{phone}"), "to": format!("BR.{phone}"), "contact": { "phones": [{ "phone": format!("+{phone}") }] },
                "pay": format!("https://{phone}.example.com/{phone}"), "mail": format!("{phone}@example.com"),
                phone.as_str(): true,
            });
            let masked = body(&raw.to_string());
            prop_assert!(!betrays(&masked, &phone), "{}", masked);
        }

        #[test]
        fn whatever_a_body_is_it_can_be_masked(text in ".{0,200}") {
            prop_assert!(!body(&text).is_empty());
            prop_assert!(name(&text).chars().count() <= 4);
        }
    }
}
