//! Several webhooks as one, the way Meta batches: entries of up to a hundred updates, and in an entry one change per business
//! number with the messages and one with the statuses. Texts stay as they were written, escapes and prices included.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::wire;

/// Updates of one entry; more begin another entry, so that who looks at the first one only is found out.
const ENTRY: usize = 100;

#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    entry: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct ReadEntry {
    id: Box<RawValue>,
    changes: Vec<ReadChange>,
}

#[derive(Deserialize)]
struct ReadChange {
    field: String,
    value: Box<RawValue>,
}

#[derive(Deserialize)]
struct ReadValue {
    metadata: Box<RawValue>,
    #[serde(default)]
    contacts: Vec<Box<RawValue>>,
    #[serde(default)]
    messages: Vec<Box<RawValue>>,
    #[serde(default)]
    statuses: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
struct Batch {
    object: &'static str,
    entry: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    /// Kept as it came: a field other than `messages`.
    Whole(Box<RawValue>),
    Joined(Joined),
}

#[derive(Serialize)]
struct Joined {
    id: Box<RawValue>,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    field: &'static str,
    value: Values,
}

#[derive(Serialize)]
struct Values {
    messaging_product: &'static str,
    metadata: Box<RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statuses: Vec<Box<RawValue>>,
}

/// The bodies as one body.
pub fn merged<'a>(bodies: impl Iterator<Item = &'a str>) -> serde_json::Result<String> {
    let mut entries = Vec::new();
    for body in bodies {
        let read: Read = serde_json::from_str(body)?;
        for entry in read.entry {
            add(&mut entries, entry)?;
        }
    }
    let batch = Batch {
        object: "whatsapp_business_account",
        entry: entries,
    };
    Ok(wire::raw(&batch).get().to_owned())
}

fn add(entries: &mut Vec<Entry>, raw: Box<RawValue>) -> serde_json::Result<()> {
    let entry: ReadEntry = serde_json::from_str(raw.get())?;
    if entry.changes.iter().any(|change| change.field != "messages") {
        entries.push(Entry::Whole(raw));
        return Ok(());
    }
    for change in entry.changes {
        let value: ReadValue = serde_json::from_str(change.value.get())?;
        join(entries, &entry.id, value);
    }
    Ok(())
}

/// Into the last entry of this account that has room; a new one if need be.
fn join(entries: &mut Vec<Entry>, id: &RawValue, value: ReadValue) {
    let open = entries.iter_mut().rev().find_map(|entry| match entry {
        Entry::Joined(joined) => Some(joined).filter(|joined| joined.has_room(id)),
        Entry::Whole(_) => None,
    });
    if let Some(joined) = open {
        return joined.take(value);
    }
    let mut joined = Joined {
        id: id.to_owned(),
        changes: Vec::new(),
    };
    joined.take(value);
    entries.push(Entry::Joined(joined));
}

impl Joined {
    fn has_room(&self, id: &RawValue) -> bool {
        let counts = self
            .changes
            .iter()
            .map(|change| change.value.messages.len() + change.value.statuses.len());
        self.id.get() == id.get() && counts.sum::<usize>() < ENTRY
    }

    fn take(&mut self, value: ReadValue) {
        let statuses = value.messages.is_empty();
        let open = self.changes.iter_mut().find(|change| {
            change.value.metadata.get() == value.metadata.get()
                && change.value.messages.is_empty() == statuses
        });
        match open {
            Some(change) => change.value.take(value),
            None => self.changes.push(Change {
                field: "messages",
                value: Values {
                    messaging_product: "whatsapp",
                    metadata: value.metadata,
                    contacts: value.contacts,
                    messages: value.messages,
                    statuses: value.statuses,
                },
            }),
        }
    }
}

impl Values {
    fn take(&mut self, value: ReadValue) {
        for contact in value.contacts {
            if self.contacts.iter().all(|known| known.get() != contact.get()) {
                self.contacts.push(contact);
            }
        }
        self.messages.extend(value.messages);
        self.statuses.extend(value.statuses);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn body(part: &str, item: &str) -> String {
        format!(
            r#"{{"object":"whatsapp_business_account","entry":[{{"id":"77","changes":[{{"field":"messages","value":
            {{"messaging_product":"whatsapp","metadata":{{"phone_number_id":"1"}},"contacts":[{{"wa_id":"5"}}],"{part}":[{item}]}}}}]}}]}}"#
        )
    }

    #[test]
    fn messages_and_statuses_of_one_number_share_a_change_each_and_keep_their_text() {
        let bodies = [
            body("messages", r#"{"price":7.999,"u":"https:\/\/x","t":"\u00e3"}"#),
            body("statuses", r#"{"id":"a"}"#),
            body("messages", r#"{"id":"b"}"#),
        ];

        let whole = merged(bodies.iter().map(String::as_str)).unwrap();

        assert!(
            whole.contains(r#"{"price":7.999,"u":"https:\/\/x","t":"\u00e3"}"#),
            "{whole}"
        );
        let read: Value = serde_json::from_str(&whole).unwrap();
        let changes = read["entry"][0]["changes"].as_array().unwrap();
        assert_eq!((read["entry"].as_array().unwrap().len(), changes.len()), (1, 2));
        assert_eq!(changes[0]["value"]["messages"].as_array().unwrap().len(), 2);
        assert_eq!(changes[0]["value"]["contacts"], json!([{"wa_id": "5"}]));
        assert_eq!(changes[1]["value"]["statuses"], json!([{"id": "a"}]));
    }

    #[test]
    fn a_hundred_updates_fill_an_entry_and_other_fields_keep_their_own() {
        let update = r#"{"object":"o","entry":[{"id":"77","time":1,"changes":[{"field":"user_id_update","value":{}}]}]}"#;
        let mut bodies: Vec<String> = (0..250).map(|_| body("messages", r#"{"id":"b"}"#)).collect();
        bodies.insert(3, update.to_owned());

        let whole = merged(bodies.iter().map(String::as_str)).unwrap();

        let read: Value = serde_json::from_str(&whole).unwrap();
        let entries = read["entry"].as_array().unwrap();
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[1]["time"], 1);
        assert!(merged(["no json"].into_iter()).is_err());
    }
}
