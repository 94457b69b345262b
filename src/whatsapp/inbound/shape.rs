//! The shape of an item without its contents, so that what is not understood can be looked at by people who may not read
//! customers' words: letters become `x`, digits `0`, and only what names a kind stays as it is.

use serde_json::{Map, Value};

/// Longest sample, in characters.
const SAMPLE_MAX: usize = 2_000;
/// Longest word that may name a kind.
const WORD_MAX: usize = 60;
/// Meta's codes are below this; larger numbers may be addresses.
const CODES: u64 = 10_000_000;
/// Keys whose values name kinds and states, never people.
const KINDS: [&str; 8] = [
    "type",
    "field",
    "event",
    "status",
    "object",
    "messaging_product",
    "origin",
    "code",
];

/// The masked form of a piece of JSON, cut to a readable length.
pub fn of(raw: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(raw) else {
        return masked(raw).chars().take(SAMPLE_MAX).collect();
    };
    let text = shape(None, value).to_string();
    if text.chars().count() <= SAMPLE_MAX {
        return text;
    }
    text.chars().take(SAMPLE_MAX).chain("…".chars()).collect()
}

fn shape(key: Option<&str>, value: Value) -> Value {
    let names_a_kind = key.is_some_and(|key| KINDS.contains(&key));
    match value {
        Value::String(text) if names_a_kind && is_word(&text) => Value::String(text),
        Value::String(text) => Value::String(masked(&text)),
        Value::Number(number) if key == Some("code") && number.as_u64().is_some_and(|code| code < CODES) => {
            Value::Number(number)
        }
        Value::Number(number) => Value::String(masked(&number.to_string())),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| shape(key, item)).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(key, value)| {
                    let value = shape(Some(&key), value);
                    (if is_word(&key) { key } else { masked(&key) }, value)
                })
                .collect::<Map<String, Value>>(),
        ),
        Value::Bool(_) | Value::Null => value,
    }
}

/// A word such as `user_changed_number` or `APPROVED`, all in one case, with no digits that could be an address.
fn is_word(text: &str) -> bool {
    let all = |letter: fn(&u8) -> bool| text.bytes().all(|b| letter(&b) || b == b'_' || b == b'-');
    let one_case = all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase);
    !text.is_empty() && text.len() <= WORD_MAX && one_case
}

fn masked(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_numeric() => '0',
            c if c.is_alphabetic() => 'x',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_shows_the_kind_and_nothing_personal() {
        let raw =
            r#"{"type":"poll","from":"5511999990000","poll":{"name":"Ana?","votes":[12,"sim"]},"5511":"y"}"#;
        let sample = of(raw);
        assert!(sample.contains(r#""type":"poll""#), "{sample}");
        assert!(sample.contains(r#""from":"0000000000000""#), "{sample}");
        let tricky = of(r#"{"status":"Ana","code":5511999990000,"origin":5511999990000,"type":"APPROVED"}"#);
        assert!(
            tricky.contains("APPROVED") && !tricky.contains("Ana") && !tricky.contains("5511"),
            "{tricky}"
        );
        for secret in ["Ana", "5511", "12", "sim"] {
            assert!(!sample.contains(secret), "{sample}");
        }
        assert_eq!(of("not json 12"), "xxx xxxx 00");
        assert!(
            of(&format!("[{}]", vec!["\"é\""; 5_000].join(",")))
                .chars()
                .count()
                <= SAMPLE_MAX + 1
        );
    }
}
