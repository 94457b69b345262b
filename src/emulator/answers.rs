//! The three kinds of answer this program gives: JSON, an RFC 9457 problem, and a connection cut in the middle.

use std::io;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// `body` as JSON with any status.
pub fn json(status: u16, body: &impl Serialize) -> HttpResponse {
    HttpResponse::build(status_code(status)).json(body)
}

/// An `application/problem+json` with our `code`.
pub fn problem(status: u16, code: &str, detail: &str) -> HttpResponse {
    let body = json!({
        "type": format!("urn:sacola:emulator:{code}"), "title": code.replace('_', " "), "status": status,
        "code": code, "detail": detail,
    });
    HttpResponse::build(status_code(status))
        .content_type("application/problem+json")
        .body(body.to_string())
}

/// "No such thing here."
pub fn not_found(what: &str) -> HttpResponse {
    problem(404, "not_found", &format!("there is no {what}"))
}

/// A page for people.
pub fn html(status: u16, page: String) -> HttpResponse {
    HttpResponse::build(status_code(status))
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// Announces a body, then fails to give it, so that the server closes the connection.
pub fn cut() -> HttpResponse {
    let broken = futures::stream::once(async { Err::<Bytes, io::Error>(io::Error::other("cut on purpose")) });
    HttpResponse::Ok()
        .content_type("application/json")
        .streaming(broken)
}

/// Reads a JSON body; an empty one counts as `{}`.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<HttpResponse>> {
    let body = if body.trim_ascii().is_empty() {
        b"{}".as_slice()
    } else {
        body
    };
    serde_json::from_slice(body)
        .map_err(|error| Box::new(problem(400, "invalid_request", &error.to_string())))
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
