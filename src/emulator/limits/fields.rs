//! Reads single fields of a body and refuses what is missing, of a wrong JSON type, too long or not on a list. JSON's null
//! counts as absent. Lengths count characters. It knows no kind of message.

use serde_json::Value;
use url::Url;

use super::Refusal;

/// A check that only passes or refuses.
pub type Checked = Result<(), Refusal>;

/// What is at `pointer`, if anything; a step into something that is no object is refused.
pub fn at<'a>(value: &'a Value, pointer: &str) -> Result<Option<&'a Value>, Refusal> {
    let mut found = value;
    let mut walked = String::new();
    for step in pointer.split('/').skip(1) {
        let Some(fields) = found.as_object() else {
            let name = if walked.is_empty() {
                "this part of the body"
            } else {
                walked.as_str()
            };
            return Err(Refusal::invalid(format!("{name} must be an object")));
        };
        found = match fields.get(step) {
            None | Some(Value::Null) => return Ok(None),
            Some(next) => next,
        };
        if !walked.is_empty() {
            walked.push('.');
        }
        walked.push_str(step);
    }
    Ok(Some(found))
}

/// The text at `pointer`, if there.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Result<Option<&'a str>, Refusal> {
    match at(value, pointer)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong_type(pointer, "text")),
    }
}

/// The text at `pointer` must be there, not empty, and at most `limit` characters long.
pub fn required<'a>(value: &'a Value, pointer: &str, limit: usize) -> Result<&'a str, Refusal> {
    match text(value, pointer)? {
        None | Some("") => Err(Refusal::missing(&name_of(pointer))),
        Some(text) => within(text, limit, &name_of(pointer)),
    }
}

/// The text at `pointer`, if there, must be at most `limit` characters long.
pub fn optional<'a>(value: &'a Value, pointer: &str, limit: usize) -> Result<Option<&'a str>, Refusal> {
    let found = text(value, pointer)?;
    found
        .map(|text| within(text, limit, &name_of(pointer)))
        .transpose()
}

/// The required text at `pointer`, one of those.
pub fn one_of<'a>(value: &'a Value, pointer: &str, allowed: &[&str]) -> Result<&'a str, Refusal> {
    let found = text(value, pointer)?.ok_or_else(|| Refusal::missing(&name_of(pointer)))?;
    if allowed.contains(&found) {
        return Ok(found);
    }
    Err(Refusal::bad(format!(
        "{} must be {}, not {found}",
        name_of(pointer),
        allowed.join(" or ")
    )))
}

/// The object at `pointer` must be there.
pub fn object<'a>(value: &'a Value, pointer: &str) -> Result<&'a Value, Refusal> {
    optional_object(value, pointer)?.ok_or_else(|| Refusal::missing(&name_of(pointer)))
}

/// The object at `pointer`, if there.
pub fn optional_object<'a>(value: &'a Value, pointer: &str) -> Result<Option<&'a Value>, Refusal> {
    match at(value, pointer)? {
        Some(found) if !found.is_object() => Err(wrong_type(pointer, "an object")),
        found => Ok(found),
    }
}

/// The list at `pointer` must be there and hold `least` to `most` entries.
pub fn list<'a>(value: &'a Value, pointer: &str, least: usize, most: usize) -> Result<&'a [Value], Refusal> {
    let Some(found) = optional_list(value, pointer)? else {
        return Err(Refusal::missing(&name_of(pointer)));
    };
    if (least..=most).contains(&found.len()) {
        return Ok(found);
    }
    Err(Refusal::bad(format!(
        "{} holds {least} to {most} entries, not {}",
        name_of(pointer),
        found.len()
    )))
}

/// The list at `pointer`, if there.
pub fn optional_list<'a>(value: &'a Value, pointer: &str) -> Result<Option<&'a [Value]>, Refusal> {
    match at(value, pointer)? {
        None => Ok(None),
        Some(Value::Array(entries)) => Ok(Some(entries)),
        Some(_) => Err(wrong_type(pointer, "a list")),
    }
}

/// The list at `pointer` must be there and hold something.
pub fn filled_list<'a>(value: &'a Value, pointer: &str) -> Result<&'a [Value], Refusal> {
    let found = optional_list(value, pointer)?.unwrap_or_default();
    if found.is_empty() {
        return Err(Refusal::missing(&name_of(pointer)));
    }
    Ok(found)
}

/// The truth value at `pointer`, if there.
pub fn flag(value: &Value, pointer: &str) -> Checked {
    match at(value, pointer)? {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(wrong_type(pointer, "true or false")),
    }
}

/// The whole number at `pointer`, if there.
pub fn whole(value: &Value, pointer: &str) -> Result<Option<i64>, Refusal> {
    match at(value, pointer)? {
        None => Ok(None),
        Some(Value::Number(number)) => number
            .as_i64()
            .map(Some)
            .ok_or_else(|| Refusal::bad(format!("{} must be a whole number", name_of(pointer)))),
        Some(_) => Err(wrong_type(pointer, "a whole number")),
    }
}

/// The required text at `pointer` must be an address on the web.
pub fn web_address<'a>(value: &'a Value, pointer: &str, limit: usize) -> Result<&'a str, Refusal> {
    let address = required(value, pointer, limit)?;
    let read = Url::parse(address).ok();
    if read.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Ok(address);
    }
    Err(Refusal::bad(format!(
        "{} must be a web address",
        name_of(pointer)
    )))
}

/// Text of at most `limit` characters.
fn within<'a>(text: &'a str, limit: usize, name: &str) -> Result<&'a str, Refusal> {
    let length = text.chars().count();
    if length <= limit {
        return Ok(text);
    }
    Err(Refusal::bad(format!(
        "{name} holds {limit} characters, not {length}"
    )))
}

fn wrong_type(pointer: &str, wanted: &str) -> Refusal {
    Refusal::invalid(format!("{} must be {wanted}", name_of(pointer)))
}

fn name_of(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}
