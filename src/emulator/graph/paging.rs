//! Lists with cursors, as the Graph API gives them. A cursor names the last member seen, so a list that changes meanwhile
//! neither repeats nor skips.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Answered;
use super::call::Call;
use super::failure::Failure;

const PAGE: usize = 25;
/// Longer pages are cut here; what is left is behind the cursor.
const PAGE_MAX: usize = 1_000;
const BAD_CURSOR: i64 = 131_059;

/// A member of a list. Lists are given in the order of their keys.
pub struct Entry {
    pub key: String,
    pub value: Value,
}

/// One page: `limit`, `after` and `before` of the call.
pub fn page(call: &Call<'_>, mut entries: Vec<Entry>) -> Answered {
    entries.sort_by(|left, right| left.key.cmp(&right.key));
    let limit = limit(call)?;
    let (after, before) = (cursor(call, "after")?, cursor(call, "before")?);
    let first_key = entries.first().map(|entry| entry.key.clone());
    let last_key = entries.last().map(|entry| entry.key.clone());

    let backwards = before.is_some() && after.is_none();
    let mut part: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| after.as_ref().is_none_or(|after| entry.key > *after))
        .filter(|entry| before.as_ref().is_none_or(|before| entry.key < *before))
        .collect();
    if backwards {
        part.drain(..part.len().saturating_sub(limit));
    }
    part.truncate(limit);

    let (Some(first), Some(last)) = (part.first(), part.last()) else {
        return Ok(json!({"data": []}));
    };
    let mut paging = Map::new();
    let cursors = json!({"before": written(&first.key), "after": written(&last.key)});
    paging.insert("cursors".to_owned(), cursors);
    if last_key.as_ref() != Some(&last.key) {
        paging.insert("next".to_owned(), json!(address(call, "after", &last.key)));
    }
    if first_key.as_ref() != Some(&first.key) {
        paging.insert("previous".to_owned(), json!(address(call, "before", &first.key)));
    }
    let data: Vec<Value> = part.into_iter().map(|entry| entry.value).collect();
    Ok(json!({"data": data, "paging": paging}))
}

fn limit(call: &Call<'_>) -> Result<usize, Failure> {
    let Some(text) = call.text("limit") else {
        return Ok(PAGE);
    };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(PAGE_MAX)),
        Ok(_) | Err(_) => Err(Failure::parameter("Param limit must be a positive integer")),
    }
}

fn cursor(call: &Call<'_>, name: &str) -> Result<Option<String>, Failure> {
    let Some(text) = call.text(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let bad = || Failure::new(BAD_CURSOR, format!("Invalid cursor in {name}"));
    key.map(Some).ok_or_else(bad)
}

fn written(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// The same call for another page. Its token is in there only when it came in the query.
fn address(call: &Call<'_>, name: &str, key: &str) -> String {
    let route = &call.route;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let kept = call
        .query
        .iter()
        .filter(|(known, _)| !matches!(known.as_str(), "after" | "before"));
    query.extend_pairs(kept);
    query.append_pair(name, &written(key));
    let base = &call.origin;
    format!(
        "{base}/v{}.0/{}/{}?{}",
        route.version,
        route.object,
        route.edge,
        query.finish()
    )
}
