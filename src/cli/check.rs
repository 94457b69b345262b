//! `sacola check`: configuration, store and merchants; each fault named with its mend. Secrets are never shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{Failure, out};
use crate::app::{self};
use crate::clock::{Clock, MovableClock};
use crate::config::Config;

struct Finding {
    subject: String,
    problem: Option<String>,
    mend: &'static str,
}

pub(super) async fn run(
    environment: &BTreeMap<String, String>,
    path: &Path,
    as_json: bool,
) -> Result<(), Failure> {
    let config = match super::load_config(path, environment) {
        Ok(config) => config,
        Err(Failure::Configuration(faults)) if as_json => {
            out(&json!({ "ok": false, "faults": faults }).to_string());
            return Err(Failure::Configuration(Vec::new()));
        }
        Err(failure) => return Err(failure),
    };
    let mut findings = vec![check_store(&config).await];
    findings.extend(check_merchants(&config).await?);
    let faults: Vec<String> = findings
        .iter()
        .filter_map(|one| {
            Some(format!(
                "{}: {} — mend: {}",
                one.subject,
                one.problem.as_ref()?,
                one.mend
            ))
        })
        .collect();
    if as_json {
        out(&json!({ "ok": faults.is_empty(), "faults": faults }).to_string());
    } else {
        for one in findings.iter().filter(|one| one.problem.is_none()) {
            out(&format!("ok  {}", one.subject));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::Configuration(if as_json { Vec::new() } else { faults }))
}

async fn check_store(config: &Config) -> Finding {
    let subject = format!("store.url {}", config.store.shown_url());
    let mend = "start the server, correct store.url, or stop the other process that uses the embedded store";
    let problem = match app::open_store(config).await {
        Ok(store) => {
            let health = store.health().await;
            store.close().await;
            match health {
                Ok(health) if health.writable => None,
                Ok(_) => Some("it takes no writes".to_owned()),
                Err(error) => Some(error.to_string()),
            }
        }
        Err(error) => Some(format!("{error:#}")),
    };
    Finding {
        subject,
        problem,
        mend,
    }
}

async fn check_merchants(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let clock: Arc<dyn Clock> = Arc::new(MovableClock::fixed());
    let mut findings = Vec::new();
    for (id, connector) in app::connectors(config, &clock)? {
        let problem = match connector.list_products(None, 1).await {
            Ok(page) => page
                .unreadable
                .first()
                .map(|problem| format!("its catalog can't be read: {problem}")),
            Err(error) => Some(error.to_string()),
        };
        let mend = "check base_url, secrets, both clocks, and outgoing.allow_private for addresses that are not public";
        findings.push(Finding {
            subject: format!("merchant {id}"),
            problem,
            mend,
        });
    }
    Ok(findings)
}
