//! What of a customer is shown to a key without `personal_data:read`: enough to tell two apart, never enough to call or write to
//! one. Pure. Of a body it shows the shape, and the words that machines say under names that are known here; it refuses to guess
//! that a text under any other name is harmless, whoever invented the name.

use serde_json::{Map, Number, Value, json};

use super::sentences::numbers;
use crate::domain::conversation::Customer;
use crate::whatsapp::message_id;

/// Stands for what is left out. Never as many as there were.
pub(super) const DOTS: &str = "•••";
/// Digits that stay at the end of a number or id.
const TAIL: usize = 4;
/// Digits in a row that make a number of somebody.
pub(super) const RUN: usize = 7;
/// How a Pix code begins (EMV QR code, payload format indicator 01).
pub(super) const PIX: &str = "000201";

/// Longest word of a machine.
const PLAIN_MAX: usize = 64;

/// Ids of customers.
const IDS: [&str; 11] = [
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
];
/// Names of people.
const NAMES: [&str; 8] = [
    "name",
    "formatted_name",
    "first_name",
    "last_name",
    "middle_name",
    "recipient_name",
    "profile_name",
    "username",
];
/// Numbers of the business, amounts and times, which name no customer.
const HARMLESS: [&str; 13] = [
    "amount",
    "effect_id",
    "news_of",
    "purchase",
    "phone_number_id",
    "timestamp",
    "catalog_id",
    "retailer_id",
    "product_retailer_id",
    "at_ms",
    "expires_at_ms",
    "payable_until_ms",
    "purchase_id",
];
/// Under these names stands a word of a machine: a kind, a state.
const WORDS: [&str; 31] = [
    "action",
    "availability",
    "category",
    "code",
    "currency",
    "device",
    "event",
    "failure",
    "field",
    "format",
    "kind",
    "language",
    "locale",
    "merchant",
    "merchant_order_id",
    "messaging_product",
    "mime_type",
    "object",
    "outcome",
    "phase",
    "pricing_model",
    "quote_for",
    "reason",
    "revision",
    "source",
    "state",
    "status",
    "target",
    "type",
    "version",
    "what",
];

/// A phone number: `55•••••••4321` begins with the country (or part of it) and ends as the number does; of a short one only the
/// end is told. What is no phone number: its length.
pub(super) fn wa_id(text: &str) -> String {
    let is_of_phone = |letter: char| letter.is_ascii_digit() || " +-().".contains(letter);
    if !text.chars().all(is_of_phone) {
        return words(text);
    }
    let count = text.chars().count();
    if count < RUN {
        return "•".repeat(count);
    }
    let begins = if count < 2 * TAIL + 2 { 0 } else { 2 };
    let masked = text.chars().enumerate().map(|(place, letter)| {
        if place < begins || place >= count - TAIL {
            letter
        } else {
            '•'
        }
    });
    masked.collect()
}

/// A business-scoped user id: `BR.•••1918`.
pub(super) fn user_id(text: &str) -> String {
    let is_country =
        |country: &str| country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    let parts = text.split_once('.');
    match parts.filter(|(country, rest)| is_country(country) && is_plain(rest)) {
        Some((country, rest)) => format!("{country}.{DOTS}{}", tail(rest)),
        None => wa_id(text),
    }
}

/// The last characters, of what has at least twice as many.
pub(super) fn tail(text: &str) -> String {
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
    let rest = text.split_once("://").map(|(_, rest)| rest);
    let is_of_host = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]@".contains(letter);
    let authority = rest.and_then(|rest| rest.split(|letter: char| !is_of_host(letter)).next());
    match authority.and_then(|authority| authority.rsplit('@').next()) {
        Some(host) if !host.is_empty() => format!("[link to {}]", digits(host)),
        Some(_) | None => words(text),
    }
}

/// A message's id: a `wamid` holds the customer's number in clear, its inner part names nobody. An id that is none: its length.
pub(super) fn message(id: &str) -> String {
    let (before, wamid) = match id.split_once("wamid.") {
        Some((before, wamid)) => (before, Some(format!("wamid.{wamid}"))),
        None => (id, None),
    };
    if !is_of_machines(before) {
        return words(id);
    }
    let told = match wamid.map(|whole| message_id::decode(&whole).inner) {
        Some(inner) if is_plain(&inner) => whole_numbers(&inner),
        Some(_) => "[message id]".to_owned(),
        None => String::new(),
    };
    format!("{}{told}", whole_numbers(before))
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
                (plain(&name), value)
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| json_value(item, key)).collect(),
        Value::String(text) => Value::String(text_under(&text, key)),
        Value::Number(number) if !is_harmless(&number, key) => Value::String(words(&number.to_string())),
        other @ (Value::Number(_) | Value::Bool(_) | Value::Null) => other,
    }
}

/// A small whole number counts something; a long one, or one with a fraction, may be a phone, a document or a place.
fn is_harmless(number: &Number, key: &str) -> bool {
    let is_short = number.to_string().len() < RUN && (number.is_i64() || number.is_u64());
    HARMLESS.contains(&key) || (is_short && !IDS.contains(&key))
}

fn text_under(text: &str, key: &str) -> String {
    if IDS.contains(&key) {
        user_id(text)
    } else if key == "id" {
        message(text)
    } else if NAMES.contains(&key) {
        name(text)
    } else if HARMLESS.contains(&key) && is_plain(text) {
        text.to_owned()
    } else if WORDS.contains(&key) && is_plain(text) {
        numbers(text)
    } else if text.contains(PIX) {
        "[Pix code]".to_owned()
    } else {
        link(text)
    }
}

/// True for what a machine says: short, of plain letters and digits, without a space.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= PLAIN_MAX && !text.contains("wamid.") && is_of_machines(text)
}

fn is_of_machines(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.:-/+".contains(&byte))
}

/// A word of a machine as it is, anything else by its length.
pub(super) fn plain(text: &str) -> String {
    if is_plain(text) {
        numbers(text)
    } else {
        words(text)
    }
}

/// An id with its numbers masked: only what is nothing but digits and marks between its colons, or digits between its marks, so that
/// a digest stays as it is.
fn whole_numbers(id: &str) -> String {
    let parts = id.split_inclusive(':').flat_map(|part| {
        let has_letters = part.bytes().any(|byte| byte.is_ascii_alphabetic());
        let ends = |letter: char| has_letters && !letter.is_ascii_alphanumeric();
        part.split_inclusive(ends).collect::<Vec<&str>>()
    });
    let masked = parts.map(|part| {
        let has_letters = part.bytes().any(|byte| byte.is_ascii_alphabetic());
        if has_letters {
            part.to_owned()
        } else {
            numbers(part)
        }
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
        assert_eq!(wa_id("7654321"), "•••4321");
        assert_eq!(wa_id("Ana Souza"), "[9 characters]");
        assert_eq!(user_id("a.Ana Souza"), "[11 characters]");
        assert_eq!(link("see https://a.example and Ana"), "[link to a.example]");
        assert_eq!(message("Ana Souza"), "[9 characters]");
        assert_eq!(message("in:11-98765-4321"), "in:•••4321");
        assert_eq!(
            message("a30123456789abcdef0123.7.0"),
            "a30123456789abcdef0123.7.0"
        );
        assert_eq!(plain("55-11-98765-4321"), "•••4321");
        assert_eq!(message("in:3A001234567890FF"), "in:3A001234567890FF");
        assert_eq!(message("in:5511987654321"), "in:•••4321");
        assert_eq!(message("in:wamid.NOTBASE64!"), "in:[message id]");
    }

    #[test]
    fn what_stands_under_a_name_that_nobody_knows_is_masked() {
        let raw = json!({
            "shout": "Ana Souza", "msisdn": 5_511_987_654_321_i64, "fone": "+55 11 98765-4321", "cpf": "123.456.789-09",
            "lat": -23.5617, "birthday": "1990-12-31", "org": { "company": "Souza Advogados" }, "who": "ana",
            "see": "https://a.example and Ana Souza", "id": "Ana Souza", "number": "5511987654321", "timestamp": "Ana Souza",
            "username": "ana.souza", "object": "Ana Souza", "Ana Souza": true, "type": "text", "amount": "13.50", "revision": 7,
        });
        let masked = body(&raw.to_string());
        for gone in ["Souza", "ana", "Ana", "98765", "456", "23.5", "1990"] {
            assert!(!masked.contains(gone), "{gone} is in {masked}");
        }
        for kept in [
            "\"type\":\"text\"",
            "\"amount\":\"13.50\"",
            "\"revision\":7",
            "[link to a.example]",
        ] {
            assert!(masked.contains(kept), "{kept} is not in {masked}");
        }
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
