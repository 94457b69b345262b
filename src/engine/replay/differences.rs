//! What differs between two states, by path. It refuses to show words: only numbers, ids of products and our own words are told
//! as they are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Difference;
use crate::domain::conversation::Conversation;

/// Most differences that are told.
const TOLD_MAX: usize = 20;
/// Fields whose texts are amounts, ids of products or words of ours.
const SHOWN: [&str; 9] = [
    "amount",
    "currency",
    "device",
    "i",
    "locale",
    "mode",
    "retailer_id",
    "source",
    "state",
];

/// The differences, in the order of the fields' names.
pub(super) fn between(recorded: &Conversation, replayed: &Conversation) -> Vec<Difference> {
    let mut found = Vec::new();
    if let (Ok(recorded), Ok(replayed)) = (serde_json::to_value(recorded), serde_json::to_value(replayed)) {
        compare("", Some(&recorded), Some(&replayed), &mut found);
    }
    found
}

fn compare(path: &str, recorded: Option<&Value>, replayed: Option<&Value>, found: &mut Vec<Difference>) {
    if recorded == replayed || found.len() >= TOLD_MAX {
        return;
    }
    if let (Some(Value::Object(one)), Some(Value::Object(other))) = (recorded, replayed) {
        let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
        for name in names {
            let dot = if path.is_empty() { "" } else { "." };
            compare(
                &format!("{path}{dot}{name}"),
                one.get(name),
                other.get(name),
                found,
            );
        }
        return;
    }
    if let (Some(Value::Array(one)), Some(Value::Array(other))) = (recorded, replayed) {
        for index in 0..one.len().max(other.len()) {
            compare(
                &format!("{path}[{index}]"),
                one.get(index),
                other.get(index),
                found,
            );
        }
        return;
    }
    found.push(Difference {
        path: path.to_owned(),
        recorded: shown(path, recorded),
        replayed: shown(path, replayed),
    });
}

fn shown(path: &str, value: Option<&Value>) -> String {
    let field = path.rsplit('.').next().unwrap_or_default();
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if SHOWN.contains(&field) => text.clone(),
        Some(Value::String(text)) => format!("a text of {} characters", text.chars().count()),
        Some(Value::Array(entries)) => format!("{} entries", entries.len()),
        Some(Value::Object(fields)) => format!("{} fields", fields.len()),
        Some(plain @ (Value::Null | Value::Bool(_) | Value::Number(_))) => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{HomeId, NumberId};

    #[test]
    fn a_number_is_told_and_what_a_customer_is_called_is_not() {
        let one = Conversation::new(HomeId::new("0a00000000000000000001"), NumberId::new("1"));
        let mut other = one.clone();
        other.revision = 7;
        other.customer.name = Some("Ana".to_owned());
        other.customer.wa_id = Some("5511999990000".to_owned());
        let found = between(&one, &other);
        let told: Vec<(&str, &str, &str)> = found
            .iter()
            .map(|one| (one.path.as_str(), one.recorded.as_str(), one.replayed.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("customer.name", "nothing", "a text of 3 characters"),
                ("customer.wa_id", "nothing", "a text of 13 characters"),
                ("revision", "0", "7"),
            ]
        );
    }
}
