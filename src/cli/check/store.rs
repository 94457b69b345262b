//! Whether the store opens, takes a write, what a 200 then means, and whether that is as much as is demanded. It owns the
//! case that a running gateway holds the embedded store; it refuses to look at what is stored.

use super::listener::Gateway;
use super::report::Finding;
use crate::app;
use crate::config::Config;
use crate::store::{self, Health, Loss};

/// What the embedded engine says of a file that another process holds.
pub(in crate::cli) const IN_USE: &str = "in use by another process";

pub(super) async fn check(config: &Config, gateway: Option<&Gateway>) -> Vec<Finding> {
    let subject = format!("store.url {}", config.store.shown_url());
    match app::open_store(config).await {
        Ok(store) => {
            let health = store.health().await;
            store.close().await;
            match health {
                Ok(health) => opened(&subject, &health, app::demanded(config)),
                Err(error) => vec![unreachable(config, &subject, error.to_string())],
            }
        }
        Err(error) => vec![not_opened(config, &subject, &error, gateway)],
    }
}

fn opened(subject: &str, health: &Health, demanded: Option<Loss>) -> Vec<Finding> {
    if !health.writable {
        let problem = format!("it takes no writes: {}", health.warnings.join("; "));
        let mend = "free disk or memory, or point store.url at the primary; the server's log says more";
        return vec![Finding::fault("store.not_writable", subject, problem, mend)];
    }
    let (level, durability) = (health.level.word(), &health.durability);
    let note = format!("took a write; level {level}; {durability}");
    let mut findings = vec![Finding::passed(subject, note)];
    if let Some(unmet) = health.unmet(demanded) {
        let fault = Finding::fault("store.require", subject, unmet.problem, unmet.mend);
        findings.push(fault);
    }
    findings.extend(health.warnings.iter().map(|warning| {
        let mend = "docs/OPERATIONS.md, \"What a 200 means\", has a line for each setting of the server";
        Finding::warning("store.durability", subject, warning, mend)
    }));
    findings
}

fn not_opened(config: &Config, subject: &str, error: &anyhow::Error, gateway: Option<&Gateway>) -> Finding {
    let text = format!("{error:#}");
    if text.contains(IN_USE) {
        return held(subject, gateway);
    }
    if !matches!(error.downcast_ref::<store::Error>(), Some(store::Error::Unfit(_))) {
        return unreachable(config, subject, text);
    }
    let mend = unfit(config, &text);
    Finding::fault("store.unfit", subject, text, mend)
}

fn unfit(config: &Config, problem: &str) -> &'static str {
    if problem.contains("the store URL") {
        "correct store.url: docs/CONFIGURATION.md, [store]"
    } else if problem.contains("written in format") {
        "go forward again, or restore: docs/DEPLOYMENT.md, \"Upgrade and rollback\""
    } else if !config.store.is_embedded() {
        "change what is named in the server's settings, or point store.url at another server"
    } else if problem.contains("is damaged") {
        "restore it: docs/DEPLOYMENT.md, \"Backup and restore\""
    } else {
        "name a directory where this user may write, or give this user the file"
    }
}

fn unreachable(config: &Config, subject: &str, problem: String) -> Finding {
    let mend = if config.store.url.expose().contains("+sentinel://") {
        "start the Sentinels and the server, or correct the address in store.url (or where it is kept: its file, \
         SACOLA__STORE__URL): user and password before the hosts are the servers', sentinel_user and sentinel_password the \
         Sentinels'"
    } else {
        "start the server, or correct the address or password in store.url (or where it is kept: its file, SACOLA__STORE__URL)"
    };
    Finding::fault("store.unreachable", subject, problem, mend)
}

/// The embedded file has one owner. When that is the gateway of this configuration, its word counts.
fn held(subject: &str, gateway: Option<&Gateway>) -> Finding {
    match gateway.filter(|gateway| gateway.engine() == Some("embedded")) {
        Some(gateway) if gateway.takes_writes() => {
            let (at, durability) = (gateway.address, gateway.durability());
            let note = format!(
                "held by the sacola that runs here; http://{at}/readyz: it takes writes; {durability}"
            );
            Finding::passed(subject, note)
        }
        Some(gateway) => {
            let at = gateway.address;
            let problem = format!(
                "the sacola that runs here holds it, and http://{at}/readyz says that it takes no writes"
            );
            Finding::fault(
                "store.not_writable",
                subject,
                problem,
                "read its log; free disk space",
            )
        }
        None => Finding::fault(
            "store.in_use",
            subject,
            "another process has it open, and no sacola answers at server.ops_listen",
            "stop the running gateway, or check it through its own /readyz",
        ),
    }
}
