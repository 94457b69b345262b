//! How the Graph side says no: one error body for all calls (Graph API, "Handle errors"; reference of message errors,
//! 2025-12-12). It only words refusals; whether to refuse is decided where the call is.

use serde_json::{Value, json};

use super::super::limits::Refusal;
use super::super::titles::{http_of, title_of};

const METHOD: &str = "GraphMethodException";
const OAUTH: &str = "OAuthException";

/// A refusal, ready to be written.
#[derive(Clone, Debug)]
pub struct Failure {
    pub http: u16,
    pub code: i64,
    subcode: Option<i64>,
    kind: &'static str,
    message: String,
    details: Option<String>,
    beside: Option<Box<Value>>,
}

impl Failure {
    /// Any code with the HTTP status it is published with.
    pub fn new(code: i64, message: impl AsRef<str>) -> Failure {
        Failure {
            http: http_of(code),
            code,
            subcode: None,
            kind: OAUTH,
            message: format!("(#{code}) {}", message.as_ref()),
            details: None,
            beside: None,
        }
    }

    /// 100, invalid parameter.
    pub fn parameter(message: impl AsRef<str>) -> Failure {
        Failure::new(100, message)
    }

    /// 100, a parameter is missing.
    pub fn missing(name: &str) -> Failure {
        Failure::new(100, format!("The parameter {name} is required."))
    }

    /// 190, no token or another one.
    pub fn token(message: &str) -> Failure {
        Failure {
            message: message.to_owned(),
            details: Some("the access token is not valid".to_owned()),
            ..Failure::new(190, "")
        }
    }

    /// 33, an id that nobody has, or that this token may not see.
    pub fn unknown_object(method: &str, id: &str) -> Failure {
        Failure {
            kind: METHOD,
            message: format!(
                "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation",
                method.to_lowercase()
            ),
            details: Some(format!("object {id} does not exist or may not be used")),
            ..Failure::new(33, "")
        }
    }

    /// 100, the object is there, but not for this method.
    pub fn unsupported(method: &str) -> Failure {
        Failure {
            kind: METHOD,
            message: format!("Unsupported {} request", method.to_lowercase()),
            ..Failure::new(100, "")
        }
    }

    /// 2500, a path that leads nowhere.
    pub fn unknown_path(path: &str) -> Failure {
        Failure::new(2500, format!("Unknown path components: /{path}"))
    }

    /// 1, more bytes than this program takes in one call.
    pub fn too_large(limit: usize) -> Failure {
        Failure {
            http: 413,
            ..Failure::new(
                1,
                format!("The request is too large; {limit} bytes are taken at most"),
            )
        }
    }

    /// The same with a subcode.
    pub fn with_subcode(self, subcode: i64) -> Failure {
        Failure {
            subcode: Some(subcode),
            ..self
        }
    }

    /// The same with `error_data.details`.
    pub fn with_details(self, details: impl Into<String>) -> Failure {
        Failure {
            details: Some(details.into()),
            ..self
        }
    }

    /// The same with fields of an object told beside `error`.
    pub fn beside(self, fields: Value) -> Failure {
        Failure {
            beside: Some(Box::new(fields)),
            ..self
        }
    }

    /// The JSON of the answer.
    pub fn body(&self, trace_id: &str) -> Value {
        let mut error = json!({
            "message": self.message, "type": self.kind, "code": self.code, "fbtrace_id": trace_id,
        });
        if let Some(fields) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                fields.insert("error_subcode".to_owned(), json!(subcode));
            }
            if let Some(details) = &self.details {
                let data = json!({"messaging_product": "whatsapp", "details": details});
                fields.insert("error_data".to_owned(), data);
            }
        }
        let mut body = json!({"error": error});
        let fields = self.beside.as_deref().and_then(Value::as_object);
        if let (Some(body), Some(fields)) = (body.as_object_mut(), fields) {
            body.extend(fields.clone());
        }
        body
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure {
            http: refusal.http,
            subcode: refusal.subcode,
            details: Some(refusal.details),
            ..Failure::new(refusal.code, title_of(refusal.code))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_message_has_the_form_of_the_error_reference() {
        let body = Failure::from(Refusal::new(131_008, "text.body is required")).body("A1");

        assert_eq!(body["error"]["code"], 131_008);
        assert_eq!(body["error"]["type"], "OAuthException");
        assert_eq!(body["error"]["fbtrace_id"], "A1");
        assert_eq!(body["error"]["error_data"]["details"], "text.body is required");
        assert!(body["error"].get("error_subcode").is_none());
    }

    #[test]
    fn fields_beside_the_error_stay_beside_it() {
        let failure = Failure::new(139_100, "no").beside(json!({"messaging_product": "whatsapp"}));

        let body = failure.with_subcode(7).body("A1");

        assert_eq!(body["messaging_product"], "whatsapp");
        assert_eq!(body["error"]["error_subcode"], 7);
        assert_eq!(body["error"]["message"], "(#139100) no");
    }
}
