//! Calls that are refused for what is around the body: token, number, version, method, recipient, window.

use reqwest::RequestBuilder;
use serde_json::Value;

use super::bodies::{text, with};
use super::{BIA, Desk, TOKEN};
use crate::support::program::NUMBER;

/// What it is, the request, and the code and HTTP status that come back.
pub type Call = (&'static str, RequestBuilder, i64, u16);

#[rustfmt::skip]
pub fn rows(desk: &Desk) -> Vec<Call> {
    let at = |version: &str, number: &str| desk.outside.http.post(desk.url(version, number));
    let here = || at("v26.0", NUMBER);
    let hello = text("oi");
    let to = |address: &str| {
        here()
            .bearer_auth(TOKEN)
            .json(&with(&hello, "/to", address.into()))
    };
    let raw = |body: &'static str| {
        let request = here().bearer_auth(TOKEN).body(body);
        request.header("content-type", "application/json")
    };
    let get = desk.outside.http.get(desk.url("v26.0", NUMBER));
    let typing = serde_json::json!({ "messaging_product": "whatsapp", "status": "read" });
    vec![
        // §6.2: tokens, ids, versions, methods.
        ("no token", here().json(&hello), 190, 401),
        ("another token", here().bearer_auth("wrong").json(&hello), 190, 401),
        ("another number", at("v26.0", "999").bearer_auth(TOKEN).json(&hello), 33, 400),
        ("a version to come", at("v99.0", NUMBER).bearer_auth(TOKEN).json(&hello), 2500, 400),
        ("asking for messages", get.bearer_auth(TOKEN), 100, 400),
        ("no JSON", raw("{\"messaging_product\":"), 100, 400),
        ("no body", raw(""), 100, 400),
        ("a body that is a list", raw("[]"), 100, 400),
        ("a body that is text", raw("\"oi\""), 100, 400),
        // §4.1: read receipts.
        ("a read receipt of nothing", here().bearer_auth(TOKEN).json(&typing), 131_008, 400),
        // §5: the window; §6.2: nobody there.
        ("a closed window", to(BIA), 131_047, 400),
        ("nobody there", to("5511900000000"), 131_026, 400),
        ("nobody there by user id", here().bearer_auth(TOKEN).json(&by_user_id(&hello)), 131_026, 400),
    ]
}

fn by_user_id(hello: &Value) -> Value {
    let body = super::bodies::without(hello, "/to");
    with(&body, "/recipient", "BR.99999999999999999999".into())
}
