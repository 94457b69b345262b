//! One GET with a limit on time and size: the only request that `check` makes by itself. It refuses to name addresses in its
//! errors, because a query may hold a token.

use std::error::Error;
use std::time::Duration;

use serde_json::Value;
use url::Url;

/// How long one question may take.
pub(super) const TIMEOUT_MS: u64 = 5_000;
/// Largest answer that is read; what lies beyond is left out.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) http: u16,
    /// `Date`, as it was sent.
    pub(super) date: Option<String>,
    /// `Age`: so many seconds has a cache kept this answer.
    pub(super) age_s: i64,
    body: Vec<u8>,
}

impl Answer {
    /// The body as text, without white space around it.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).trim().to_owned()
    }

    /// The body as JSON; `null` when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Asks; the error says why there is no answer.
pub(super) async fn get(client: &reqwest::Client, url: Url, bearer: Option<&str>) -> Result<Answer, String> {
    let mut request = client.get(url).timeout(Duration::from_millis(TIMEOUT_MS));
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.map_err(in_words)?;
    let header = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let date = header("date");
    let age_s = header("age")
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let http = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(in_words)? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            break;
        }
    }
    Ok(Answer {
        http,
        date,
        age_s,
        body,
    })
}

/// The error and its deepest cause, without the address.
fn in_words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    match causes.last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
