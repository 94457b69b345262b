//! A webhook that was parked whole may hold what several people wrote. It owns how one person's part is taken out of it, byte for
//! byte the same for all others; it refuses to guess: what can't be read in this way goes whole.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use crate::store::Needles;

/// A JSON object, its values as they were written.
type Fields = BTreeMap<String, Box<RawValue>>;

/// Who is who in a change: without a message beside it, it says nothing.
const CONTACTS: &str = "contacts";

/// The body without whatever one of these texts stands in; `None` when nothing of use is left.
pub(super) fn without(body: &str, telling: &Needles) -> Option<String> {
    let (trimmed, left) = envelope(body, telling)?;
    (left > 0 && !telling.any(trimmed.as_bytes())).then_some(trimmed)
}

/// The body without those parts, and how many parts are left in it.
fn envelope(body: &str, telling: &Needles) -> Option<(String, usize)> {
    let mut left = 0;
    let mut top: Fields = serde_json::from_str(body).ok()?;
    let mut entries: Vec<Fields> = read(&top, "entry")?;
    for entry in &mut entries {
        let mut changes: Vec<Fields> = read(entry, "changes")?;
        for change in &mut changes {
            let mut value: Fields = read(change, "value")?;
            for (name, list) in &mut value {
                let Ok(mut items) = serde_json::from_str::<Vec<Box<RawValue>>>(list.get()) else {
                    continue;
                };
                items.retain(|item| !telling.any(item.get().as_bytes()));
                left += if name == CONTACTS { 0 } else { items.len() };
                *list = to_raw_value(&items).ok()?;
            }
            change.insert("value".to_owned(), to_raw_value(&value).ok()?);
        }
        entry.insert("changes".to_owned(), to_raw_value(&changes).ok()?);
    }
    top.insert("entry".to_owned(), to_raw_value(&entries).ok()?);
    Some((serde_json::to_string(&top).ok()?, left))
}

fn read<T: serde::de::DeserializeOwned>(fields: &Fields, name: &str) -> Option<T> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Edge;

    fn of(wa_id: &str) -> Needles {
        let mut needles = Needles::default();
        needles.add(wa_id.as_bytes(), Edge::Word);
        needles
    }

    fn webhook(messages: &str) -> String {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"999"}},"contacts":[{{"wa_id":"551190001","profile":{{"name":"Ana"}}}},{{"wa_id":"551190002","profile":{{"name":"Bruno"}}}}],"messages":[{messages}]}}}}]}}]}}"#
        )
    }

    #[test]
    fn one_person_goes_and_the_other_stays_as_it_was_written() {
        let ana = r#"{"from":"551190001","text":{"body":"oi"}}"#;
        let bruno = r#"{"from":"551190002","order":{"product_items":[{"item_price":12.90}]}}"#;
        let body = webhook(&format!("{ana},{bruno}"));
        let left = without(&body, &of("551190001")).unwrap();
        assert!(!left.contains("551190001") && !left.contains("Ana"), "{left}");
        assert!(
            left.contains(bruno) && left.contains("Bruno"),
            "the price too: {left}"
        );
        assert!(crate::whatsapp::inbound::parse(left.as_bytes()).unwrap().len() == 1);
    }

    #[test]
    fn what_holds_nobody_else_goes_whole() {
        let ana = r#"{"from":"551190001","text":{"body":"oi"}}"#;
        assert_eq!(without(&webhook(ana), &of("551190001")), None);
        for body in [
            "",
            "not a webhook",
            "[]",
            r#"{"entry":[{"changes":[{"field":"x"}]}]}"#,
        ] {
            assert_eq!(without(body, &of("551190001")), None, "{body}");
        }
        let beside = webhook(r#"{"from":"551190002"}"#).replace("\"999\"", "\"551190001\"");
        assert_eq!(
            without(&beside, &of("551190001")),
            None,
            "where no part can be taken out"
        );
    }
}
