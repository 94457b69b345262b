//! Whether the provider knows each number and takes its token: one GET of the number's id, which changes nothing. It owns
//! what Meta's codes mean here; it refuses to call a failed question a fault when sending may still work, and to repeat
//! the provider's words, which may hold the token.

use serde_json::Value;
use url::Url;

use super::probe::{self, Answer};
use super::report::Finding;
use crate::config::{Config, Number, Secret};
use crate::outgoing;

/// Asks with every token that has not expired: those that have are not used.
pub(super) async fn check(config: &Config, now_ms: i64) -> anyhow::Result<Vec<Finding>> {
    let client = if config.whatsapp.graph_url.scheme() == "https" {
        outgoing::provider(probe::TIMEOUT_MS)?
    } else {
        outgoing::plain_provider(probe::TIMEOUT_MS, super::http_guard(config))?
    };
    let asked = config.numbers.iter().flat_map(|number| {
        let tokens = number.access_tokens.iter().enumerate();
        let is_live =
            move |(_, token): &(usize, &Secret)| token.expires_at_ms().is_none_or(|end_ms| end_ms > now_ms);
        tokens.filter(is_live).map(move |(index, _)| (number, index))
    });
    let asked = asked.map(|(number, index)| ask(&client, config, number, index));
    Ok(futures::future::join_all(asked).await)
}

/// Asks with one of the number's tokens.
async fn ask(client: &reqwest::Client, config: &Config, number: &Number, index: usize) -> Finding {
    let id = &number.phone_number_id;
    let subject = match number.access_tokens.len() {
        1 => format!("number {id}"),
        _ => format!("number {id}, access_token[{index}]"),
    };
    let token = number.access_tokens.get(index).map(Secret::expose);
    let base = config.whatsapp.graph_url.as_str().trim_end_matches('/');
    let url = format!("{base}/{}/{id}?fields=id", config.whatsapp.graph_version);
    let answer = match Url::parse(&url) {
        Ok(url) => probe::get(client, url, token).await,
        Err(error) => Err(error.to_string()),
    };
    match answer {
        Ok(answer) => judged(&subject, id, &answer),
        Err(error) => Finding::warning(
            "provider.unreachable",
            subject,
            format!("the provider did not answer: {error}"),
            "correct whatsapp.graph_url, the DNS or the firewall; until then messages wait and are tried again",
        ),
    }
}

fn judged(subject: &str, id: &str, answer: &Answer) -> Finding {
    let body = answer.json();
    let number_in = |pointer: &str| body.pointer(pointer).and_then(Value::as_i64);
    let (code, subcode) = (number_in("/error/code"), number_in("/error/error_subcode"));
    let http = answer.http;
    match (http, code, subcode) {
        (200..=299, None, _) if body.get("id").and_then(Value::as_str) == Some(id) => Finding::passed(
            subject,
            "the provider takes its access token and knows the number",
        ),
        (_, Some(190), _) | (401, _, _) => Finding::fault(
            "provider.token",
            subject,
            format!(
                "the access token of {subject} is refused (HTTP {http}, code {})",
                shown(code)
            ),
            "make a token of a system user that has whatsapp_business_messaging and does not expire, and put it where \
             number.access_token points",
        ),
        (_, Some(33), _) | (_, Some(100), Some(33)) => Finding::fault(
            "provider.number",
            subject,
            "no such number, or its access token may not see it",
            "copy \"Phone number ID\" from WhatsApp > API Setup in the app's dashboard, and assign the account to the \
             token's system user",
        ),
        (_, Some(3 | 10 | 200..=299), _) => Finding::warning(
            "provider.permission",
            subject,
            format!(
                "the token may not read the number (code {}); whether it may send is not known",
                shown(code)
            ),
            "give the system user whatsapp_business_messaging on this account, and whatsapp_business_management for \
             this check",
        ),
        _ => Finding::warning(
            "provider.not_checked",
            subject,
            format!(
                "the question for the number was answered with HTTP {http}, code {}",
                shown(code)
            ),
            "nothing, when whatsapp.graph_url is an emulator or a proxy that only takes messages: sending does not need \
             this; else try again later or correct graph_url and graph_version",
        ),
    }
}

fn shown(code: Option<i64>) -> String {
    code.map_or_else(|| "none".to_owned(), |code| code.to_string())
}
