//! Whether each merchant answers a signed question for its catalog, in products that can be read and in its currency, and
//! whether its clock agrees with ours. It owns what a failure means for the person who mends it; it refuses to quote or to buy.

use std::sync::Arc;

use jiff::fmt::rfc2822::DateTimeParser;

use super::probe;
use super::report::Finding;
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, Merchant};
use crate::domain::ids::MerchantId;
use crate::merchants::standard_webhooks::TOLERANCE_S;
use crate::merchants::{Connector, ConnectorError, ProductPage};
use crate::outgoing::{self, Guard};

/// Products that are asked for: enough to find what is wrong with many of them.
const PAGE: u32 = 50;
/// A difference of clocks that should be mended before signatures are refused, in milliseconds.
const SKEW_MS: i64 = 60_000;
/// Faulty products that are named.
const NAMED: usize = 3;
/// What the connector says of a price in another currency.
const OTHER_CURRENCY: &str = "its price is in ";

pub(super) async fn check(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<Finding>> {
    let connectors = app::connectors(config, clock)?;
    let rule = config.outgoing.clone();
    let guard = Guard::new(move |address| rule.allows(address));
    let clients = outgoing::Merchants::new(guard, super::http_guard(config))?;
    let mut asked = Vec::new();
    for merchant in &config.merchants {
        if let Some(connector) = connectors.get(&MerchantId::new(&merchant.id)) {
            asked.push(ask(
                merchant,
                connector.as_ref(),
                clients.client(&merchant.base_url),
                clock.as_ref(),
            ));
        }
    }
    Ok(futures::future::join_all(asked).await.concat())
}

async fn ask(
    merchant: &Merchant,
    connector: &dyn Connector,
    client: &reqwest::Client,
    clock: &dyn Clock,
) -> Vec<Finding> {
    let (page, ahead_ms) = tokio::join!(
        connector.list_products(None, PAGE),
        clock_ahead_ms(merchant, client, clock)
    );
    let of_clock = ahead_ms.and_then(|ahead_ms| clock_finding(merchant, ahead_ms));
    let clock_explains = matches!(of_clock, Some(Finding::Fault(_)));
    let mut findings: Vec<Finding> = of_clock.into_iter().collect();
    match page {
        Ok(page) => findings.extend(catalog(merchant, &page)),
        Err(ConnectorError::Refused { http: 401 | 403, .. }) if clock_explains => {}
        Err(error) => findings.push(failure(merchant, &error)),
    }
    findings
}

fn subject_of(merchant: &Merchant) -> String {
    format!("merchant {}", merchant.id)
}

/// How far the merchant's clock is ahead of ours, by the `Date` of any answer. A cache's answer is as old as its `Age`.
async fn clock_ahead_ms(merchant: &Merchant, client: &reqwest::Client, clock: &dyn Clock) -> Option<i64> {
    let asked_ms = clock.now_ms();
    let answer = probe::get(client, merchant.base_url.clone(), None).await.ok()?;
    let ours_ms = asked_ms.midpoint(clock.now_ms());
    let date = DateTimeParser::new().parse_timestamp(answer.date?).ok()?;
    let age_ms = answer.age_s.clamp(0, 31_536_000) * 1000;
    Some(
        date.as_millisecond()
            .saturating_add(age_ms)
            .saturating_sub(ours_ms),
    )
}

fn clock_finding(merchant: &Merchant, ahead_ms: i64) -> Option<Finding> {
    let off_ms = ahead_ms.saturating_abs();
    if off_ms <= SKEW_MS {
        return None;
    }
    let side = if ahead_ms > 0 { "ahead of" } else { "behind" };
    let problem = format!(
        "the merchant's clock is {} s {side} ours; signatures are refused from {TOLERANCE_S} s on",
        off_ms.div_euclid(1000)
    );
    let mend = "compare `date -u` on both machines and let both keep time by NTP";
    let subject = subject_of(merchant);
    Some(if off_ms > TOLERANCE_S * 1000 {
        Finding::fault("merchant.clock_skew", subject, problem, mend)
    } else {
        Finding::warning("merchant.clock_skew", subject, problem, mend)
    })
}

fn catalog(merchant: &Merchant, page: &ProductPage) -> Vec<Finding> {
    let subject = subject_of(merchant);
    let (priced_otherwise, unreadable): (Vec<&String>, Vec<&String>) = page
        .unreadable
        .iter()
        .partition(|problem| problem.contains(OTHER_CURRENCY));
    let mut findings = Vec::new();
    if !priced_otherwise.is_empty() {
        let mend = format!(
            "correct merchant.currency, which is {}, or let the shop give prices in it",
            merchant.currency
        );
        findings.push(Finding::fault(
            "merchant.currency",
            &subject,
            named(&priced_otherwise),
            mend,
        ));
    }
    if !unreadable.is_empty() {
        let mend = "correct them in the shop; openapi/merchant.yaml says what a product has";
        findings.push(Finding::fault(
            "merchant.catalog",
            &subject,
            named(&unreadable),
            mend,
        ));
    }
    if !findings.is_empty() {
        return findings;
    }
    if page.products.is_empty() {
        let mend = "publish a product, or see whether base_url leads to the right shop";
        return vec![Finding::warning(
            "merchant.catalog_empty",
            subject,
            "its catalog is empty",
            mend,
        )];
    }
    let more = if page.next_cursor.is_some() {
        ", there are more"
    } else {
        ""
    };
    let note = format!(
        "takes our signature; {} products were read{more}",
        page.products.len()
    );
    vec![Finding::passed(subject, note)]
}

fn named(problems: &[&String]) -> String {
    let texts: Vec<&str> = problems.iter().take(NAMED).map(|text| text.as_str()).collect();
    let more = problems.len().saturating_sub(NAMED);
    let rest = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("products can't be read: {}{rest}", texts.join("; "))
}

fn failure(merchant: &Merchant, error: &ConnectorError) -> Finding {
    let subject = subject_of(merchant);
    let address = merchant.base_url.as_str().trim_end_matches('/');
    match error {
        ConnectorError::Unreachable(text) => {
            let (code, mend) = unreachable(text);
            Finding::fault(code, subject, format!("{address} can't be reached: {text}"), mend)
        }
        ConnectorError::Full => {
            let mend = "run this again; nothing else calls the shop from here";
            Finding::warning("merchant.busy", subject, error.to_string(), mend)
        }
        ConnectorError::Busy { .. } => {
            let mend = "ask the shop to let Sacola call more often, or lower merchant.max_concurrency";
            Finding::warning(
                "merchant.busy",
                subject,
                "it asked to come back later (HTTP 429)",
                mend,
            )
        }
        ConnectorError::Lost(text) => {
            let mend = format!(
                "read the shop's log; if it is only slow, raise merchant.timeout_ms, which is {}",
                merchant.timeout_ms
            );
            Finding::fault(
                "merchant.no_answer",
                subject,
                format!("it gave no usable answer: {text}"),
                mend,
            )
        }
        ConnectorError::Refused { http, detail } => refused(merchant, *http, detail),
        ConnectorError::Unreadable(text) => {
            let problem = format!("its answer to GET {address}/products can't be read: {text}");
            let mend = "answer {\"products\": [...], \"next_cursor\": ...} as openapi/merchant.yaml says; or correct base_url";
            Finding::fault("merchant.catalog", subject, problem, mend)
        }
    }
}

fn refused(merchant: &Merchant, http: u16, detail: &str) -> Finding {
    let words = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    };
    let address = merchant.base_url.as_str().trim_end_matches('/');
    let (code, problem, mend) = match http {
        401 | 403 => (
            "merchant.credentials",
            format!("the merchant refuses our signature (HTTP {http}){said}"),
            "is the secret the same on both sides? The first of merchant.secrets signs: the shop must know that one",
        ),
        404 | 405 | 410 => (
            "merchant.base_url",
            format!("there is no GET {address}/products (HTTP {http}){said}"),
            "correct the path of base_url: everything before /products",
        ),
        300..=399 => (
            "merchant.base_url",
            format!("{address} leads elsewhere (HTTP {http}), and redirects are not followed"),
            "write the final address into base_url",
        ),
        _ => (
            "merchant.refused",
            format!("it answered HTTP {http}{said}"),
            "read the shop's log; openapi/merchant.yaml says what GET /products answers",
        ),
    };
    Finding::fault(code, subject_of(merchant), problem, mend)
}

/// What to mend when no connection was made. Systems and libraries word it differently, so this is only the advice.
fn unreachable(text: &str) -> (&'static str, &'static str) {
    let text = text.to_lowercase();
    let holds = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    if holds(&["may be called"]) {
        let mend =
            "if this address is meant, put its network into outgoing.allow_private, for example 10.0.0.0/8";
        return ("merchant.private_address", mend);
    }
    if holds(&["expires_at"]) {
        let mend = "add the present secret to merchant.secrets, or correct its expires_at";
        return ("merchant.credentials", mend);
    }
    let mend = if holds(&["lookup", "name or service", "resolve", "dns"]) {
        "correct the host in base_url, or the DNS of this machine"
    } else if holds(&["certificate", "tls", "handshake", "corrupt message"]) {
        "give the shop a certificate that public authorities signed for this host, or correct the port in base_url"
    } else if holds(&["refused"]) {
        "start the shop's backend, or correct the host or port in base_url"
    } else {
        "correct base_url, or open the firewall between this machine and the shop"
    };
    ("merchant.unreachable", mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_not_connecting_has_its_mend() {
        for (text, code, part) in [
            (
                "error sending request: shop has no address that may be called (see outgoing.allow_private)",
                "merchant.private_address",
                "allow_private",
            ),
            (
                "failed to lookup address information: Name or service not known",
                "merchant.unreachable",
                "DNS",
            ),
            (
                "invalid peer certificate: UnknownIssuer",
                "merchant.unreachable",
                "certificate",
            ),
            (
                "Connection refused (os error 111)",
                "merchant.unreachable",
                "backend",
            ),
            ("operation timed out", "merchant.unreachable", "firewall"),
            (
                "every secret of the merchant has expired by its expires_at",
                "merchant.credentials",
                "present secret",
            ),
        ] {
            let (found, mend) = unreachable(text);
            assert_eq!(found, code, "{text}");
            assert!(mend.contains(part), "{text}: {mend}");
        }
    }
}
