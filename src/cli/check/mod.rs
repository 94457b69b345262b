//! `sacola check`: tries a configuration from its file to its merchants, and names every fault with its mend. It owns the
//! order of the checks and what counts as a secret in their texts; it refuses to send messages, to keep a listener, and to
//! write more than the store's own probe.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use self::report::{Finding, Problem, Report};
use super::Failure;
use crate::clock::{Clock, MovableClock};
use crate::config::{self, Config, Fault, Secret};
use crate::outgoing::{self, Guard};

mod ends;
pub(super) mod listener;
mod merchants;
mod probe;
mod provider;
mod report;
pub(super) mod store;

pub(super) async fn run(
    environment: &BTreeMap<String, String>,
    path: &Path,
    as_json: bool,
) -> Result<(), Failure> {
    let (config, mut findings) = configuration(environment, path);
    let mut secrets = Vec::new();
    if let Some(config) = config {
        secrets = secrets_of(&config);
        findings.extend(outside(&config).await?);
    }
    Report::of(findings, &secrets).tell(as_json)
}

fn configuration(environment: &BTreeMap<String, String>, path: &Path) -> (Option<Config>, Vec<Finding>) {
    let text = match config::read(path) {
        Ok(text) => text,
        Err(error) => {
            let problem = Problem {
                code: "config.file",
                subject: format!("--config {}", path.display()),
                problem: format!("cannot be read: {error}"),
                mend: super::unread(&error).to_owned(),
            };
            return (None, vec![Finding::Fault(problem)]);
        }
    };
    let examined = config::examine(&text, environment);
    let mut findings: Vec<Finding> = Vec::new();
    if examined.config.is_some() {
        let subject = format!("configuration {}", path.display());
        findings.push(Finding::passed(
            subject,
            "every key is known and every value fits",
        ));
    }
    findings.extend(
        examined
            .faults
            .into_iter()
            .map(|fault| Finding::Fault(problem_of(fault))),
    );
    findings.extend(
        examined
            .warnings
            .into_iter()
            .map(|fault| Finding::Warning(problem_of(fault))),
    );
    (examined.config, findings)
}

fn problem_of(fault: Fault) -> Problem {
    Problem {
        code: fault.code,
        subject: fault.key,
        problem: fault.problem,
        mend: fault.mend,
    }
}

/// Everything beyond the file. Signatures and the comparison of clocks need the machine's own time.
async fn outside(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let clock: Arc<dyn Clock> = Arc::new(MovableClock::fixed());
    let own = outgoing::provider(probe::TIMEOUT_MS)?;
    let gateway = listener::gateway(config, &own).await;
    let challenge = clock.now_ms().to_string();
    let (store, listeners, provider, merchants) = tokio::join!(
        store::check(config, gateway.as_ref()),
        listener::check(config, &own, gateway.as_ref(), &challenge),
        provider::check(config, clock.now_ms()),
        merchants::check(config, &clock),
    );
    let ends = ends::check(config, clock.now_ms());
    Ok([ends, store, listeners, provider?, merchants?].concat())
}

/// Plain `http://` leads only inside `outgoing.allow_private`.
fn http_guard(config: &Config) -> Guard {
    let rule = config.outgoing.clone();
    Guard::new(move |address| rule.allows_http(address))
}

/// What must not be seen in a finding, whoever wrote it: providers and merchants may repeat what they were sent.
fn secrets_of(config: &Config) -> Vec<String> {
    let mut secrets: Vec<&Secret> = vec![&config.whatsapp.verify_token];
    secrets.extend(&config.whatsapp.app_secrets);
    secrets.extend(config.numbers.iter().flat_map(|number| &number.access_tokens));
    secrets.extend(config.merchants.iter().flat_map(|merchant| &merchant.secrets));
    secrets.extend(config.api_keys.iter().filter_map(|key| key.secret.as_ref()));
    secrets.extend(config.buttons.keys.iter().map(|key| &key.secret));
    let mut texts: Vec<String> = secrets
        .into_iter()
        .map(|secret| secret.expose().to_owned())
        .collect();
    texts.extend(password_in(config.store.url.expose()));
    texts
}

fn password_in(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password.to_owned())
}
