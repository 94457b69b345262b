//! `sacola health`: asks one address of a running program and tells by the exit status how it is, for health checks where there is
//! neither a shell nor curl. It refuses to read a configuration: the address is all that it needs, and the emulator has none.

use anyhow::anyhow;
use serde_json::Value;
use url::Url;

use super::{Failure, out};
use crate::outgoing;

/// The whole question, from the connect to the last byte.
const TIMEOUT_MS: u64 = 3_000;
/// Largest answer that is read for its reasons.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Asks; anything but a 2xx in time is a failure.
pub(super) async fn run(url: &Url) -> Result<(), Failure> {
    let client = outgoing::provider(TIMEOUT_MS)?;
    let sent = client.get(url.clone()).send().await;
    let answer = sent.map_err(|error| anyhow::Error::new(error.without_url()).context(no_answer(url)))?;
    let status = answer.status();
    if status.is_success() {
        out(&format!("{url} answered {}", status.as_u16()));
        return Ok(());
    }
    let reasons = reasons_in(&body_of(answer).await);
    Err(anyhow!("{url} answered {}{reasons}", status.as_u16()).into())
}

fn no_answer(url: &Url) -> String {
    format!("{url} gave no answer")
}

/// As much of the body as came in time.
async fn body_of(mut answer: reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_BYTES_MAX {
            break;
        }
    }
    body
}

/// What `/readyz` tells in `reasons`, to be put behind the status; nothing when there is none.
fn reasons_in(body: &[u8]) -> String {
    let told: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let reasons = told.get("reasons").and_then(Value::as_array);
    let texts: Vec<&str> = reasons.into_iter().flatten().filter_map(Value::as_str).collect();
    if texts.is_empty() {
        return String::new();
    }
    format!(": {}", texts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_of_readyz_are_told_in_one_line_and_other_bodies_say_nothing() {
        let body = br#"{"ready":false,"reasons":["the gateway is draining","the store takes no writes"]}"#;
        assert_eq!(
            reasons_in(body),
            ": the gateway is draining; the store takes no writes"
        );
        for body in ["", "ok\n", "[]", r#"{"reasons":[]}"#, r#"{"reasons":7}"#] {
            assert_eq!(reasons_in(body.as_bytes()), "", "{body}");
        }
    }
}
