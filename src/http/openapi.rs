//! The public listener's OpenAPI document, made from one table of operations.

use actix_web::HttpResponse;
use serde_json::{Value, json};

use super::problem::Code;

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

use Code::{
    ForbiddenScope, IdempotencyConflict, InvalidMoney, InvalidRequest, NotAuthorised, NotFound,
    PayloadTooLarge, RateLimited, ServiceWindowClosed, StoreUnavailable, UnknownCustomer, UnknownNumber,
    UnknownProduct,
};

const OPERATIONS: [Operation; 17] = [
    operation(
        "get",
        "/webhooks/whatsapp",
        None,
        ("200", "the challenge"),
        "Meta's handshake",
        &[],
    ),
    operation(
        "post",
        "/webhooks/whatsapp",
        None,
        ("200", "everything in it is durable"),
        "A webhook of the provider, signed with X-Hub-Signature-256",
        &[NotAuthorised, PayloadTooLarge, StoreUnavailable],
    ),
    operation(
        "post",
        "/webhooks/merchants/{merchant}",
        None,
        ("200", "the news is durable"),
        "A merchant's callback, signed as its connector says",
        &[NotAuthorised, PayloadTooLarge, StoreUnavailable],
    ),
    operation(
        "post",
        "/v1/messages/products",
        Some("messages:write"),
        ("202", "{effects: [...], dropped: [retailer_id...]}"),
        "Show products to a customer who is in conversation; needs an Idempotency-Key",
        &[
            InvalidRequest,
            NotAuthorised,
            ForbiddenScope,
            UnknownNumber,
            UnknownCustomer,
            UnknownProduct,
            ServiceWindowClosed,
            IdempotencyConflict,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/products",
        Some("catalog:read"),
        ("200", "{products: [...], next_cursor?}"),
        "The catalog as it is known here",
        &[
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "put",
        "/v1/products/{retailer_id}",
        Some("catalog:write"),
        ("202", "{price_update_id}"),
        "A product changed: applied when it carries a version, looked up at the merchant otherwise",
        &[
            InvalidRequest,
            InvalidMoney,
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/price-updates/{id}",
        Some("catalog:read"),
        (
            "200",
            "{id, retailer_id, state, carts_found, notified, deferred, failed}",
        ),
        "How far the carts were told of a change",
        &[
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/conversations/{number}/{customer}",
        Some("conversations:read"),
        (
            "200",
            "{customer, mode, window_open_until, carts, purchases, timeline, next_cursor?}",
        ),
        "A customer's carts, purchases and last messages; customer is a user id or a wa_id",
        &[
            NotAuthorised,
            ForbiddenScope,
            UnknownNumber,
            UnknownCustomer,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/conversations/{number}/{customer}/journal",
        Some("conversations:read"),
        ("200", "{entries: [text...], state}"),
        "A conversation's journal as `sacola replay` reads it; needs an operator's key",
        &[
            NotAuthorised,
            ForbiddenScope,
            UnknownNumber,
            UnknownCustomer,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/purchases/{id}",
        Some("conversations:read"),
        (
            "200",
            "{purchase_id, state, total, lines, merchant_order_id?, payment_url?}",
        ),
        "A purchase",
        &[
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/dead-letters",
        Some("dead_letters:read"),
        ("200", "{dead_letters: [...], next_cursor?}"),
        "What could not be handled, oldest first, without bodies (?reason=, cursor=, limit=); letters without a merchant \
         need an operator's key",
        &[
            InvalidRequest,
            NotAuthorised,
            ForbiddenScope,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/v1/dead-letters/groups",
        Some("dead_letters:read"),
        (
            "200",
            "{groups: [{reason, count, oldest, newest, what_happened, what_to_do}]}",
        ),
        "Dead letters counted by reason, and what to do about each",
        &[NotAuthorised, ForbiddenScope, RateLimited, StoreUnavailable],
    ),
    operation(
        "get",
        "/v1/dead-letters/{id}",
        Some("dead_letters:read"),
        (
            "200",
            "{id, reason, detail, merchant, conversation, at, source, what_happened, what_to_do, body?}",
        ),
        "One letter; its body, which may hold what customers wrote, only for a key with dead_letters:write",
        &[
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "delete",
        "/v1/dead-letters/{id}",
        Some("dead_letters:write"),
        ("204", "it is gone"),
        "Discard a letter that will never be replayed",
        &[
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "post",
        "/v1/dead-letters/replay",
        Some("dead_letters:write"),
        (
            "200",
            "{dry_run, letters: [{id, outcome: taken | parked_again | skipped | not_replayable | failed, problem?, events?}], \
             counts, next_cursor?, ended?}",
        ),
        "Handle many again, oldest first: {reason?, ids?, limit? (100), per_second? (5, at most 50), dry_run?, cursor?}. One \
         request goes on for 20 s at most; repeat it with cursor = next_cursor until there is none",
        &[
            InvalidRequest,
            NotAuthorised,
            ForbiddenScope,
            PayloadTooLarge,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "post",
        "/v1/dead-letters/{id}/replay",
        Some("dead_letters:write"),
        (
            "202",
            "{id, outcome: taken | parked_again | skipped, problem?}; with ?dry_run=true 200 and {id, outcome, problem?, events}",
        ),
        "Handle it again, once its cause is mended; ?dry_run=true tells what would happen and changes nothing",
        &[
            InvalidRequest,
            NotAuthorised,
            ForbiddenScope,
            NotFound,
            RateLimited,
            StoreUnavailable,
        ],
    ),
    operation(
        "get",
        "/openapi.json",
        None,
        ("200", "this document"),
        "This document",
        &[],
    ),
];

/// The document.
pub fn document() -> Value {
    let mut paths = serde_json::Map::new();
    for one in &OPERATIONS {
        let entry = paths.entry(one.path).or_insert_with(|| json!({}));
        if let Some(map) = entry.as_object_mut() {
            map.insert(one.method.to_owned(), described(one));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Sacola gateway", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "MIT OR Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
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
        ServiceWindowClosed,
        UnknownNumber,
        UnknownCustomer,
        UnknownProduct,
        InvalidMoney,
        InvalidRequest,
        NotAuthorised,
        ForbiddenScope,
        NotFound,
        RateLimited,
        StoreUnavailable,
        IdempotencyConflict,
        PayloadTooLarge,
    ];
    all.into_iter().map(Code::word).collect()
}

fn described(one: &Operation) -> Value {
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
    let security = if one.scope.is_some() {
        json!([{ "key": [] }])
    } else {
        json!([])
    };
    json!({
        "summary": one.summary,
        "description": one.scope.map(|scope| format!("Needs the scope `{scope}`.")).unwrap_or_default(),
        "parameters": parameters,
        "security": security,
        "responses": responses,
    })
}

/// `GET /openapi.json`
pub(super) async fn serve() -> HttpResponse {
    HttpResponse::Ok().json(document())
}
