//! The operations of the public listener: from `public.json`, with the problems that each can answer by code, and the limits
//! that the handlers really have.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::http::problem::Code;

/// One operation an entry, in the order of the page of the documentation.
const OPERATIONS: &str = include_str!("public.json");
/// When each code is answered, and an example of its detail.
const PROBLEMS: &str = include_str!("problems.json");
/// What every operation with a key may answer.
const WITH_A_KEY: [Code; 5] = [
    Code::InvalidRequest,
    Code::NotAuthorised,
    Code::ForbiddenScope,
    Code::RateLimited,
    Code::StoreUnavailable,
];

/// What a part of the document is read from; text that is no JSON is a bug that a test finds.
pub(super) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Every operation: path, method, description.
pub(super) fn operations() -> Vec<(String, String, Value)> {
    let (all, problems) = (read(OPERATIONS), read(PROBLEMS));
    let all = all.as_array().into_iter().flatten();
    all.map(|one| {
        let (path, method) = (text(one, "path"), text(one, "method"));
        (path.to_owned(), method.to_owned(), described(one, &problems))
    })
    .collect()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

fn described(one: &Value, problems: &Value) -> Value {
    let parameters = items(one, "parameters").filter_map(Value::as_str);
    let parameters: Vec<Value> = parameters.map(|name| component("parameters", name)).collect();
    let scope = one.get("scope").and_then(Value::as_str);
    let mut description = text(one, "description").to_owned();
    if let Some(scope) = scope {
        if !description.is_empty() {
            description.push(' ');
        }
        description.extend(["Needs the scope `", scope, "`."]);
    }
    let mut told = json!({
        "operationId": text(one, "operationId"),
        "tags": [text(one, "tag")],
        "summary": text(one, "summary"),
        "description": description,
        "parameters": parameters,
        "security": scope.map_or_else(|| json!([]), |scope| json!([{ "key": [scope] }])),
        "responses": responses(one, scope.is_some(), problems),
    });
    if let (Some(body), Some(fields)) = (one.get("body"), told.as_object_mut()) {
        let content = content(body);
        fields.insert(
            "requestBody".to_owned(),
            json!({ "required": true, "content": content }),
        );
    }
    told
}

/// What a body is, by its type.
fn content(body: &Value) -> Value {
    let is = |name: &str| body.get(name).is_some();
    let (kind, schema) = if is("text") {
        ("text/plain", json!({ "type": "string" }))
    } else if is("html") {
        ("text/html", json!({ "type": "string" }))
    } else if is("any") {
        ("application/json", json!({}))
    } else {
        ("application/json", component("schemas", text(body, "schema")))
    };
    let mut told = json!({ "schema": schema });
    if let (Some(example), Some(fields)) = (body.get("example"), told.as_object_mut()) {
        fields.insert("example".to_owned(), example.clone());
    }
    json!({ kind: told })
}

fn responses(one: &Value, has_key: bool, problems: &Value) -> Value {
    let mut all = Map::new();
    for success in items(one, "success") {
        let mut told = json!({ "description": text(success, "description") });
        let is_empty = !["schema", "text", "html", "any"]
            .iter()
            .any(|kind| success.get(kind).is_some());
        if let (false, Some(fields)) = (is_empty, told.as_object_mut()) {
            fields.insert("content".to_owned(), content(success));
        }
        all.insert(text(success, "status").to_owned(), told);
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    let named = items(one, "problems").filter_map(Value::as_str);
    let named = named.filter_map(|word| Code::ALL.into_iter().find(|code| code.word() == word));
    for code in WITH_A_KEY.into_iter().filter(|_| has_key).chain(named) {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    if one.get("body").is_some() {
        // a body that takes too long
        by_status.insert(408, vec![Code::InvalidRequest]);
    }
    for (status, codes) in by_status {
        all.insert(status.to_string(), problem(status, &codes, problems));
    }
    Value::Object(all)
}

fn problem(status: u16, codes: &[Code], problems: &Value) -> Value {
    let words: Vec<&str> = codes.iter().map(|code| code.word()).collect();
    let about = |word: &str, name: &str| {
        let entry = problems.get(word).unwrap_or(&Value::Null);
        text(entry, name).to_owned()
    };
    let lines = words
        .iter()
        .map(|word| format!("`{word}`: {}.", about(word, "when")));
    let description = if status == 408 {
        "`invalid_request`: the body took longer than 10 seconds.".to_owned()
    } else {
        lines.collect::<Vec<String>>().join(" ")
    };
    let example = words.first().map(|word| {
        json!({ "type": "about:blank", "title": title(status), "status": status, "code": word, "detail": about(word, "detail") })
    });
    let narrowed = json!({ "properties": { "status": { "const": status }, "code": { "enum": words } } });
    let schema = json!({ "allOf": [component("schemas", "Problem"), narrowed] });
    let mut told = json!({
        "description": description,
        "content": { "application/problem+json": { "schema": schema, "example": example } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", "Challenge")),
        409 if codes.contains(&Code::IdempotencyConflict) => Some(("Retry-After", "MayRetryAfter")),
        429 | 503 => Some(("Retry-After", "RetryAfter")),
        _ => None,
    };
    if let (Some((name, what)), Some(fields)) = (header, told.as_object_mut()) {
        fields.insert("headers".to_owned(), json!({ name: component("headers", what) }));
    }
    told
}

fn title(status: u16) -> &'static str {
    let status = actix_web::http::StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("error")
}
