//! One call as it came in: path, query, body in any of the three forms that the Graph API takes, and whose token it
//! bears. It refuses what no edge could read, and knows no edge.

use std::collections::BTreeMap;

use actix_multipart::Multipart;
use actix_web::http::Method;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, http::header};
use futures::StreamExt;
use serde_json::{Map, Value};

use super::super::tls::META_HOSTS;
use super::super::wire;
use super::super::world::World;
use super::account::APP_ID;
use super::failure::Failure;
use super::route::Route;

const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Batches of products (Meta, items_batch, 2026-04-03).
const BATCH_BYTES_MAX: usize = 28 * 1024 * 1024;
/// One file, and also all files that are kept. Meta takes documents of 100 MB.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
const FIELDS_MAX: usize = 100;

/// A call that bears a valid token.
pub struct Call<'a> {
    pub world: &'a World,
    /// Where the caller found this program, for links in answers.
    pub origin: String,
    pub method: Method,
    pub route: Route,
    pub query: BTreeMap<String, String>,
    /// An object for forms; whatever was sent for JSON; `{}` for nothing.
    pub body: Value,
    pub file: Option<File>,
}

/// The file of a multipart form.
pub struct File {
    pub mime: Option<String>,
    pub bytes: Bytes,
}

impl<'a> Call<'a> {
    /// Reads a call and lets it in only when its token is ours. A token in the header or the query is looked at before the
    /// body is read.
    pub async fn read(
        world: &'a World,
        request: &HttpRequest,
        payload: Payload,
        route: Route,
    ) -> Result<Call<'a>, Failure> {
        let query: BTreeMap<String, String> = pairs(request.query_string().as_bytes()).collect();
        let outer = bearer(request)
            .or_else(|| query.get("access_token").cloned())
            .or_else(|| app_token(&route, &query));
        if let Some(token) = &outer {
            // Who shows a wrong app secret hears of that, and not of a token.
            let wrong = |failure: Failure| match route.object.as_str() {
                "oauth" => Failure::new(1, "Error validating client secret."),
                _ => failure,
            };
            admitted(world, token).map_err(wrong)?;
        }
        let (mut body, file) = match read_body(request, payload, &route).await {
            Ok(read) => read,
            Err(failure) if outer.is_some() => return Err(failure),
            Err(_) => return Err(no_token()),
        };
        let inner = body
            .as_object_mut()
            .and_then(|fields| fields.remove("access_token"));
        if outer.is_none() {
            let inner = inner.as_ref().and_then(Value::as_str).ok_or_else(no_token)?;
            admitted(world, inner)?;
        }
        let call = Call {
            world,
            origin: origin(request),
            method: request.method().clone(),
            route,
            query,
            body,
            file,
        };
        call.proven(outer.as_deref())?;
        Ok(call)
    }

    /// `GET`, `POST`, `DELETE` …
    pub fn verb(&self) -> &str {
        self.method.as_str()
    }

    /// A parameter as text: from the body, else from the query.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.body.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => self.query.get(name).cloned(),
            Some(other) => Some(other.to_string()),
        }
    }

    /// A parameter as text that must be there and not empty.
    pub fn required(&self, name: &str) -> Result<String, Failure> {
        let text = self.text(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::missing(name))
    }

    /// A parameter that is true or false.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Failure::parameter(format!("Param {name} must be a boolean"))),
        }
    }

    /// A parameter of any form; text that is JSON counts as that JSON, as in forms and queries.
    pub fn value(&self, name: &str) -> Option<Value> {
        match self.body.get(name) {
            Some(Value::String(text)) => Some(structured(text)),
            Some(Value::Null) | None => self.query.get(name).map(|text| structured(text)),
            Some(other) => Some(other.clone()),
        }
    }

    /// `messaging_product` must say whatsapp.
    pub fn for_whatsapp(&self) -> Result<(), Failure> {
        if self.text("messaging_product").as_deref() == Some("whatsapp") {
            return Ok(());
        }
        Err(Failure::parameter("messaging_product must be whatsapp"))
    }

    /// An `appsecret_proof`, if there is one, must be the token's HMAC under the app secret (Graph API, "Secure requests").
    fn proven(&self, token: Option<&str>) -> Result<(), Failure> {
        let settings = &self.world.settings;
        let token = token.unwrap_or(&settings.access_token);
        let expected = wire::meta_signature(&settings.app_secret, token.as_bytes());
        match self.text("appsecret_proof") {
            Some(proof) if expected != format!("sha256={proof}") => Err(Failure::parameter(
                "Invalid appsecret_proof provided in the API argument",
            )),
            Some(_) | None => Ok(()),
        }
    }
}

/// The bearer token of a request's header.
pub fn bearer(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
    known.then(|| token.trim().to_owned())
}

/// Who asks for the app's token bears the app's secret instead of one.
fn app_token(route: &Route, query: &BTreeMap<String, String>) -> Option<String> {
    let (id, secret) = (query.get("client_id")?, query.get("client_secret")?);
    (route.object == "oauth").then(|| format!("{id}|{secret}"))
}

/// Links lead back to where the caller came from: also a program in a container, and one that takes media from the Graph API's
/// own host only (the `WhatsApp` adapter of Chat SDK), can follow them. What asks for Meta's hosts is always led to HTTPS.
fn origin(request: &HttpRequest) -> String {
    let asked = request.connection_info();
    let host = asked.host();
    let name = host.strip_suffix(":443").unwrap_or(host);
    let is_metas = META_HOSTS.iter().any(|meta| name.eq_ignore_ascii_case(meta));
    let scheme = if is_metas { "https" } else { asked.scheme() };
    format!("{scheme}://{host}")
}

/// Ours are the system user's token and the app's own (`app id|app secret`).
pub fn is_ours(world: &World, token: &str) -> bool {
    let settings = &world.settings;
    token == settings.access_token || token == format!("{APP_ID}|{}", settings.app_secret)
}

fn admitted(world: &World, token: &str) -> Result<(), Failure> {
    if is_ours(world, token) {
        return Ok(());
    }
    Err(Failure::token(
        "Invalid OAuth access token - Cannot parse access token",
    ))
}

fn no_token() -> Failure {
    Failure::token("An access token is required to request this resource.")
}

async fn read_body(
    request: &HttpRequest,
    payload: Payload,
    route: &Route,
) -> Result<(Value, Option<File>), Failure> {
    let kind = content_type(request);
    if kind.starts_with("multipart/form-data") {
        return read_form(request, payload).await;
    }
    let limit = if route.edge == "items_batch" {
        BATCH_BYTES_MAX
    } else {
        BODY_BYTES_MAX
    };
    let bytes = match payload.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            return Err(Failure::parameter(format!("the body could not be read: {error}")));
        }
        Err(_) => return Err(Failure::too_large(limit)),
    };
    if bytes.trim_ascii().is_empty() {
        return Ok((Value::Object(Map::new()), None));
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        let fields = pairs(&bytes).map(|(name, text)| (name, field(text)));
        return Ok((Value::Object(fields.collect()), None));
    }
    let read = serde_json::from_slice(&bytes);
    read.map(|body| (body, None)).map_err(|error| {
        let details = format!("the body is not JSON: {error}");
        Failure::parameter("Invalid parameter").with_details(details)
    })
}

async fn read_form(request: &HttpRequest, payload: Payload) -> Result<(Value, Option<File>), Failure> {
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::parameter(format!("the form is broken: {error}"));
    let mut parts = Multipart::new(request.headers(), payload);
    let (mut fields, mut file) = (Map::new(), None);
    let mut left = BODY_BYTES_MAX;
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| unreadable(&error))?;
        let name = part.name().unwrap_or_default().to_owned();
        let mime = part.content_type().map(ToString::to_string);
        let (room, limit) = if name == "file" {
            (FILE_BYTES_MAX, FILE_BYTES_MAX)
        } else {
            (left, BODY_BYTES_MAX)
        };
        let bytes = match part.bytes(room).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => return Err(unreadable(&error)),
            Err(_) => return Err(Failure::too_large(limit)),
        };
        if name == "file" {
            file = Some(File { mime, bytes });
        } else if fields.len() < FIELDS_MAX {
            left = left.saturating_sub(bytes.len());
            let text = String::from_utf8_lossy(&bytes).into_owned();
            fields.insert(name, field(text));
        } else {
            return Err(Failure::parameter(format!(
                "a form holds {FIELDS_MAX} fields at most"
            )));
        }
    }
    Ok((Value::Object(fields), file))
}

fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.to_ascii_lowercase()
}

fn pairs(encoded: &[u8]) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(encoded).into_owned()
}

/// A form's field: objects and lists travel as their JSON text.
fn field(text: String) -> Value {
    if text.starts_with('{') || text.starts_with('[') {
        return structured(&text);
    }
    Value::String(text)
}

fn structured(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
