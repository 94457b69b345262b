//! The OpenAPI document of both listeners, made from a table of operations for each.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::problem::Code;

mod console;
mod erasure;
mod public;

/// Where an operation is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listener {
    /// `server.listen`.
    Public,
    /// `server.ops_listen`: never for the world.
    Ops,
}

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    scope: Option<&'static str>,
    success: (&'static str, &'static str),
    errors: &'static [Code],
}

const fn operation(
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

/// The document.
pub fn document() -> Value {
    let mut paths = serde_json::Map::new();
    let public = public::OPERATIONS.iter().chain(&erasure::OPERATIONS);
    let public = public.map(|one| (one, Listener::Public));
    let ops = console::OPERATIONS.iter().map(|one| (one, Listener::Ops));
    for (one, listener) in public.chain(ops) {
        let entry = paths.entry(one.path).or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(one.method.to_owned(), described(one, listener));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Sacola gateway", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "MIT OR Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "sacola_console" },
            },
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["status", "code", "detail"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "code": { "type": "string", "enum": all_codes() },
                        "detail": { "type": "string" },
                    },
                },
                "Money": {
                    "type": "object",
                    "required": ["amount", "currency"],
                    "properties": {
                        "amount": { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$" },
                        "currency": { "type": "string", "pattern": "^[A-Z]{3}$" },
                    },
                    "example": { "amount": "12.90", "currency": "BRL" },
                },
            },
        },
    })
}

fn all_codes() -> Vec<&'static str> {
    let all = [
        Code::ServiceWindowClosed,
        Code::UnknownNumber,
        Code::UnknownCustomer,
        Code::UnknownProduct,
        Code::InvalidMoney,
        Code::InvalidRequest,
        Code::NotAuthorised,
        Code::ForbiddenScope,
        Code::CrossSite,
        Code::NotFound,
        Code::RateLimited,
        Code::StoreUnavailable,
        Code::IdempotencyConflict,
        Code::PayloadTooLarge,
        Code::PurchaseInFlight,
    ];
    all.into_iter().map(Code::word).collect()
}

fn described(one: &Operation, listener: Listener) -> Value {
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
    let security = match (one.scope, listener) {
        (None, _) => json!([]),
        (Some(_), Listener::Public) => json!([{ "key": [] }]),
        (Some(_), Listener::Ops) => json!([{ "session": [] }, { "key": [] }]),
    };
    let needs = one.scope.filter(|scope| !scope.is_empty());
    let mut description = needs
        .map(|scope| format!("Needs the scope `{scope}`."))
        .unwrap_or_default();
    if listener == Listener::Ops {
        description.insert_str(0, "On the ops listener. ");
        description.truncate(description.trim_end().len());
    }
    let tag = match listener {
        Listener::Public => "gateway",
        Listener::Ops => "console",
    };
    json!({
        "summary": one.summary,
        "description": description,
        "tags": [tag],
        "parameters": parameters,
        "security": security,
        "responses": responses,
    })
}

/// `GET /openapi.json`
pub(super) async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
