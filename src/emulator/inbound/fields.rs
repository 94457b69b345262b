//! JSON objects whose fields keep their order and whose numbers keep their text.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::super::wire;

/// The fields of one object.
#[derive(Default)]
pub struct Fields(Vec<(&'static str, Box<RawValue>)>);

impl Fields {
    /// One more field.
    pub fn add(&mut self, name: &'static str, value: &impl Serialize) {
        self.0.push((name, wire::raw(value)));
    }

    /// One more field, when there is a value.
    pub fn add_some(&mut self, name: &'static str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            self.add(name, &value);
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
