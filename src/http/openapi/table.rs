//! Operations that are told in one line each: those of the console, which has one reader, our own page.

use serde_json::{Value, json};

use crate::http::problem::Code;

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    summary: &'static str,
    scope: Option<&'static str>,
    success: (&'static str, &'static str),
    errors: &'static [Code],
}

pub(super) const fn operation(
    method: &'static str,
    path: &'static str,
    scope: Option<&'static str>,
    success: (&'static str, &'static str),
    summary: &'static str,
    errors: &'static [Code],
) -> Operation {
    Operation {
        method,
        path,
        summary,
        scope,
        success,
        errors,
    }
}

/// The operation as the document tells it.
pub(super) fn described(one: &Operation) -> Value {
    let problem =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let mut responses = serde_json::Map::new();
    responses.insert(one.success.0.to_owned(), json!({ "description": one.success.1 }));
    let codes: Vec<&str> = one.errors.iter().map(|code| code.word()).collect();
    if !codes.is_empty() {
        let description = format!("one of: {}", codes.join(", "));
        responses.insert(
            "default".to_owned(),
            json!({ "description": description, "content": problem }),
        );
    }
    let parameters: Vec<Value> = one
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let scope = one.scope.filter(|scope| !scope.is_empty());
    let security = match (one.scope, scope) {
        (None, _) => json!([]),
        (Some(_), None) => json!([{ "session": [] }, { "key": [] }]),
        (Some(_), Some(scope)) => json!([{ "session": [] }, { "key": [scope] }]),
    };
    let needs = scope
        .map(|scope| format!(" Needs the scope `{scope}`."))
        .unwrap_or_default();
    json!({
        "summary": one.summary,
        "description": format!("On the ops listener.{needs}"),
        "tags": ["console"],
        "parameters": parameters,
        "security": security,
        "responses": responses,
    })
}
