//! Reading request bodies: raw, whole, within a size and a time. JSON is one object that means one thing: what two readers could
//! take for two things is refused.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, BytesMut, Payload};
use futures::StreamExt;
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::problem::{ApiError, Code};
use crate::domain::text::fit;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);
/// So much of a name is told back.
const NAME_CHARS: usize = 40;

/// Reads a body of at most `max` bytes.
pub(super) async fn read(payload: Payload, max: usize) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(BODY_TIME, collect(payload, max)).await;
    read.unwrap_or_else(|_| {
        let error = ApiError::new(Code::InvalidRequest, "the body took longer than 10 seconds");
        Err(error.with_status(StatusCode::REQUEST_TIMEOUT))
    })
}

async fn collect(mut payload: Payload, max: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::new(Code::InvalidRequest, "the body was cut off"))?;
        if body.len() + chunk.len() > max {
            return Err(ApiError::new(
                Code::PayloadTooLarge,
                format!("the body may have {max} bytes"),
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Reads a JSON object.
pub(super) async fn json<T: DeserializeOwned>(payload: Payload, max: usize) -> Result<(T, Bytes), ApiError> {
    let bytes = read(payload, max).await?;
    let value = object(&bytes).map_err(|problem| ApiError::new(Code::InvalidRequest, problem))?;
    Ok((value, bytes))
}

fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err("the body is compressed: send it plain, without Content-Encoding".to_owned());
    }
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err("the body begins with a byte order mark: send UTF-8 without one".to_owned());
    }
    let unreadable = |error: serde_json::Error| format!("the body can't be read: {error}");
    let distinct: Distinct = serde_json::from_slice(bytes).map_err(unreadable)?;
    if !distinct.is_object {
        return Err("the body must be a JSON object".to_owned());
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// A value in which no object has a name twice: of two prices one would be taken, and nobody could say which.
struct Distinct {
    is_object: bool,
}

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names)
    }
}

struct Names;

const NO_OBJECT: Distinct = Distinct { is_object: false };

impl<'de> Visitor<'de> for Names {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Distinct, E> {
        Ok(NO_OBJECT)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Distinct, A::Error> {
        while entries.next_element::<Distinct>()?.is_some() {}
        Ok(NO_OBJECT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Distinct, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if names.contains(&name) {
                let name = fit(&name, NAME_CHARS);
                return Err(A::Error::custom(format!("`{name}` stands twice in one object")));
            }
            names.insert(name);
            fields.next_value::<Distinct>()?;
        }
        Ok(Distinct { is_object: true })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn refused(bytes: &[u8]) -> String {
        object::<Value>(bytes).unwrap_err()
    }

    #[test]
    fn an_object_is_read_and_nothing_else() {
        let value: Value =
            object(b" {\"a\": [1, -2, 0.5, null, true, \"x\", {\"a\": {\"a\": []}}]} ").unwrap();
        assert_eq!(value["a"][6]["a"]["a"], serde_json::json!([]));
        // a list would be read as a struct, its fields by their order
        for text in ["[]", "null", "5", "\"x\"", "[\"number\", \"customer\", true]"] {
            assert_eq!(
                refused(text.as_bytes()),
                "the body must be a JSON object",
                "{text}"
            );
        }
        for text in ["", "{", "{} {}", "{\"a\": 1e999}"] {
            assert!(
                refused(text.as_bytes()).starts_with("the body can't be read: "),
                "{text}"
            );
        }
        assert!(refused("[".repeat(100_000).as_bytes()).contains("recursion limit"));
    }

    #[test]
    fn a_name_that_stands_twice_in_one_object_is_refused_at_any_depth() {
        for text in [
            r#"{"price": 1, "price": 2}"#,
            r#"{"price": {"amount": "1", "amount": "2"}}"#,
            r#"{"a": [{"b": 1, "\u0062": 2}]}"#,
        ] {
            assert!(
                refused(text.as_bytes()).contains("stands twice in one object"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_text_is_told_how_to_be() {
        assert!(refused(&[0x1f, 0x8b, 8, 0]).contains("Content-Encoding"));
        assert!(refused(b"\xef\xbb\xbf{}").contains("byte order mark"));
    }
}
