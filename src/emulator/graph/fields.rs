//! `fields=`: which parts of an object an answer has. What is asked for inside a field (`throughput{level}`) is not cut
//! down further: the whole field is given.

use serde_json::{Map, Value};

use super::Answered;
use super::call::Call;
use super::failure::Failure;

/// An object's fields.
pub type Fields = Map<String, Value>;

/// The fields of a JSON object; none for anything else.
pub fn object(value: Value) -> Fields {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// The fields asked for, or the default ones. `id` is always there; a field that doesn't exist is an error.
pub fn pick(call: &Call<'_>, mut all: Fields, default: &[&str], node_type: &str) -> Answered {
    let asked = call.text("fields").map(|text| names(&text));
    let asked = asked.filter(|asked| !asked.is_empty());
    let names = asked.unwrap_or_else(|| default.iter().map(|name| (*name).to_owned()).collect());
    let mut picked = Map::new();
    if let Some(id) = all.get("id") {
        picked.insert("id".to_owned(), id.clone());
    }
    for name in names {
        match all.remove(&name) {
            // A field without a value is left out.
            Some(Value::Null) => {}
            Some(value) => {
                picked.insert(name, value);
            }
            None if picked.contains_key(&name) => {}
            None => return Err(nonexistent(&name, node_type)),
        }
    }
    Ok(Value::Object(picked))
}

fn nonexistent(name: &str, node_type: &str) -> Failure {
    Failure::parameter(format!(
        "Tried accessing nonexistent field ({name}) on node type ({node_type})"
    ))
}

/// `id,throughput{level},qr_image_url.format(SVG)` is id, throughput and qr_image_url.
fn names(text: &str) -> Vec<String> {
    let (mut names, mut name, mut depth) = (Vec::new(), String::new(), 0_usize);
    let mut inside = false;
    for character in text.chars() {
        match character {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                inside = false;
            }
            '.' if depth == 0 => inside = true,
            _ if depth == 0 && !inside && !character.is_whitespace() => name.push(character),
            _ => {}
        }
    }
    names.push(name);
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_what_is_inside_them() {
        let asked = names("id, throughput{level,more},code,qr_image_url.format(SVG),,status");

        assert_eq!(asked, ["id", "throughput", "code", "qr_image_url", "status"]);
    }
}
