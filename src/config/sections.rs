//! Reads the sections into the configuration. Each reader asks for all its keys before it gives up on any, so that every
//! fault is told; only then does it answer `None`. What stands in blocks (`[[number]]` …) is read in `lists`.

use toml::Table;

use super::checks;
use super::lists;
use super::reader::{self, Cursor};
use super::report::Report;
use super::secret::Secret;
use super::table;
use super::types::{
    ButtonKey, Buttons, Config, Delivery, Demand, Outgoing, Retention, Server, StoreSection, Tracing,
    WhatsApp,
};
use super::urls;

/// Where OpenTelemetry's own tools look for the collector (OpenTelemetry specification, "OTLP Exporter Configuration").
const OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// What a send may take when nothing is said, in milliseconds, if the lease is long enough.
const SEND_TIMEOUT_MS: u64 = 15_000;

/// The whole configuration, or nothing after a fault.
pub(super) fn config(root: &Table, report: &mut Report<'_>) -> Option<Config> {
    reader::refuse_unknown_sections(root, report);
    let outgoing = outgoing(root, report);
    let allowed = outgoing.as_ref();
    let server = server(root, report);
    let store = store(root, report);
    let retention = retention(root, report);
    let delivery = delivery(root, report);
    let buttons = buttons(root, report);
    let whatsapp = whatsapp(root, report, allowed);
    let merchants = lists::merchants(root, report, allowed);
    let known = lists::ids(root, &table::MERCHANT);
    let numbers = lists::numbers(root, report, &known);
    let api_keys = lists::api_keys(root, report, &known);
    let tracing = tracing(root, report);
    Some(Config {
        server: server?,
        store: store?,
        retention: retention?,
        delivery: delivery?,
        buttons: buttons?,
        whatsapp: whatsapp?,
        numbers: numbers?,
        merchants: merchants?,
        outgoing: outgoing?,
        api_keys: api_keys?,
        tracing: tracing?,
    })
}

fn server(root: &Table, report: &mut Report<'_>) -> Option<Server> {
    let cursor = Cursor::one(report, root, &table::SERVER);
    let listen = cursor.text(report, "listen");
    let listen = listen.and_then(|text| checks::address(report, &cursor.at("listen"), &text));
    let ops_listen = cursor.text(report, "ops_listen");
    let ops_listen = ops_listen.and_then(|text| checks::address(report, &cursor.at("ops_listen"), &text));
    let public_url = cursor.text(report, "public_url");
    let public_url = public_url.and_then(|text| urls::public_url(report, &cursor.at("public_url"), &text));
    let webhook_body_bytes = cursor.integer(report, "webhook_body_bytes");
    let api_body_bytes = cursor.integer(report, "api_body_bytes");
    let drain_s = cursor.integer(report, "drain_s");
    let reload_s = cursor.integer(report, "reload_s");
    if let (Some(public), Some(ops)) = (listen, ops_listen)
        && public == ops
        && public.port() != 0
    {
        report.fault_as(
            "config.contradiction",
            &cursor.at("ops_listen"),
            "is the same address as server.listen",
            "give it another port",
        );
    }
    Some(Server {
        listen: listen?,
        ops_listen: ops_listen?,
        public_url,
        webhook_body_bytes: webhook_body_bytes?,
        api_body_bytes: api_body_bytes?,
        drain_s: drain_s?,
        reload_s: reload_s?,
    })
}

fn store(root: &Table, report: &mut Report<'_>) -> Option<StoreSection> {
    let cursor = Cursor::one(report, root, &table::STORE);
    let is_kept = cursor.is_table("url");
    let url = if is_kept {
        kept_url(&cursor, report)
    } else {
        cursor.text(report, "url")
    };
    let url = url.map(|text| text.trim().to_owned());
    let key_prefix = cursor.text(report, "key_prefix");
    let wait_replicas: Option<u32> = cursor.integer(report, "wait_replicas");
    let require = cursor.choice(report, "require");
    let require = require.and_then(|name| Demand::parse(&name));
    let url = url.filter(|text| urls::is_store_url(report, &cursor.at("url"), text));
    if let Some(prefix) = key_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        checks::is_id(
            report,
            &cursor.at("key_prefix"),
            prefix,
            64,
            "A-Z a-z 0-9 _ . : -",
            |char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.' | ':' | '-'),
        );
    }
    if let Some(text) = &url {
        let path = cursor.at("url");
        let is_plain = !is_kept && !report.is_from_environment(&path);
        let holds_password = text.contains('@') || text.contains("sentinel_password=");
        if is_plain && holds_password && !text.starts_with("embedded:") {
            report.warn_as(
                "config.plain_secret",
                &path,
                "holds a password in plain text",
                "write url = { file = \"/run/secrets/store-url\" }, or give the whole address by SACOLA__STORE__URL",
            );
        }
        if text.starts_with("embedded:") && wait_replicas.is_some_and(|replicas| replicas > 0) {
            let mend = "set it to 0, or use a Redis store";
            report.fault_as(
                "config.contradiction",
                &cursor.at("wait_replicas"),
                "the embedded store has no replicas",
                mend,
            );
        }
        refuse_unmeetable(report, &cursor.at("require"), require, text, wait_replicas);
    }
    Some(StoreSection {
        url: Secret::new(url?),
        key_prefix: key_prefix?,
        wait_replicas: wait_replicas?,
        require,
    })
}

/// The store's address from where secrets are kept. It has no end: a store is used until the process ends.
fn kept_url(cursor: &Cursor<'_>, report: &mut Report<'_>) -> Option<String> {
    let secret = cursor.secret(report, "url")?;
    if secret.expires_at_ms().is_some() {
        let mend = "remove it, and change the address when the password ends";
        report.fault(&cursor.at("url.expires_at"), "an address has no end", mend);
    }
    Some(secret.expose().to_owned())
}

/// A demand that no setting of the server can meet.
fn refuse_unmeetable(
    report: &mut Report<'_>,
    path: &str,
    require: Option<Demand>,
    url: &str,
    wait_replicas: Option<u32>,
) {
    if require != Some(Demand::PrimaryLoss) {
        return;
    }
    if url.starts_with("embedded:") {
        let mend = "demand power_loss, or use a Redis store with replicas";
        report.fault_as(
            "config.contradiction",
            path,
            "the embedded store has no replicas",
            mend,
        );
    } else if wait_replicas == Some(0) {
        let problem = "is primary_loss, and store.wait_replicas is 0: no replica is waited for";
        report.fault_as(
            "config.contradiction",
            path,
            problem,
            "set store.wait_replicas to 1 or more",
        );
    }
}

fn retention(root: &Table, report: &mut Report<'_>) -> Option<Retention> {
    let cursor = Cursor::one(report, root, &table::RETENTION);
    let journal_days = cursor.integer(report, "journal_days");
    let statuses_days = cursor.integer(report, "statuses_days");
    let dead_letters_days = cursor.integer(report, "dead_letters_days");
    let idempotency_hours = cursor.integer(report, "idempotency_hours");
    Some(Retention {
        journal_days: journal_days?,
        statuses_days: statuses_days?,
        dead_letters_days,
        idempotency_hours: idempotency_hours?,
    })
}

fn delivery(root: &Table, report: &mut Report<'_>) -> Option<Delivery> {
    let cursor = Cursor::one(report, root, &table::DELIVERY);
    let lease_ms: Option<u64> = cursor.integer(report, "lease_ms");
    let send_timeout_ms: Option<u64> = cursor.integer(report, "send_timeout_ms");
    let unknown_hold_s = cursor.integer(report, "unknown_hold_s");
    let lease_ms = lease_ms?;
    if let Some(timeout_ms) = send_timeout_ms.filter(|timeout_ms| *timeout_ms >= lease_ms) {
        report.fault_as(
            "config.contradiction",
            &cursor.at("send_timeout_ms"),
            format!("is {timeout_ms}, not shorter than delivery.lease_ms, which is {lease_ms}"),
            "make delivery.send_timeout_ms shorter or delivery.lease_ms longer",
        );
    }
    Some(Delivery {
        lease_ms,
        send_timeout_ms: send_timeout_ms.unwrap_or(SEND_TIMEOUT_MS.min(lease_ms * 4 / 5)),
        unknown_hold_s: unknown_hold_s?,
    })
}

fn buttons(root: &Table, report: &mut Report<'_>) -> Option<Buttons> {
    let cursor = Cursor::one(report, root, &table::BUTTONS);
    let expiry_days = cursor.integer(report, "expiry_days");
    let named = cursor.named_secrets(report, "keys").unwrap_or_default();
    for (path, id, secret) in &named {
        checks::is_id(report, &format!("{path}.id"), id, 16, "A-Z a-z 0-9 _ -", |char| {
            char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
        });
        checks::advise_length(report, path, secret);
    }
    let ids: Vec<(String, Option<&str>)> = named
        .iter()
        .map(|(path, id, _)| (format!("{path}.id"), Some(id.as_str())))
        .collect();
    checks::refuse_twins(report, "id", &ids);
    let keys = named
        .into_iter()
        .map(|(_, id, secret)| ButtonKey { id, secret })
        .collect();
    Some(Buttons {
        keys,
        expiry_days: expiry_days?,
    })
}

fn whatsapp(root: &Table, report: &mut Report<'_>, allowed: Option<&Outgoing>) -> Option<WhatsApp> {
    let cursor = Cursor::one(report, root, &table::WHATSAPP);
    let graph_url = cursor.text(report, "graph_url");
    let graph_url =
        graph_url.and_then(|text| urls::called_url(report, &cursor.at("graph_url"), &text, allowed));
    let graph_version = cursor.text(report, "graph_version");
    let graph_version =
        graph_version.filter(|text| checks::is_graph_version(report, &cursor.at("graph_version"), text));
    let verify_token = cursor.secret(report, "verify_token");
    let app_secrets = cursor.secrets(report, "app_secrets");
    for (path, secret) in app_secrets.iter().flatten() {
        if verify_token
            .as_ref()
            .is_some_and(|token| token.expose() == secret.expose())
        {
            report.warn_as(
                "config.same_secret",
                &cursor.at("verify_token"),
                format!("is the same as {path}: the token travels in the query of the handshake"),
                "choose another verify_token and type it beside the webhook's address in the app's dashboard",
            );
        }
    }
    Some(WhatsApp {
        graph_url: graph_url?,
        graph_version: graph_version?,
        verify_token: verify_token?,
        app_secrets: app_secrets?.into_iter().map(|(_, secret)| secret).collect(),
    })
}

fn tracing(root: &Table, report: &mut Report<'_>) -> Option<Tracing> {
    let cursor = Cursor::one(report, root, &table::TRACING);
    let written = cursor.text(report, "endpoint");
    let named = report
        .env()
        .get(OTLP_ENDPOINT)
        .filter(|text| !text.trim().is_empty());
    let endpoint = match (&written, named) {
        (Some(text), _) => urls::collector_url(report, &cursor.at("endpoint"), text),
        (None, Some(text)) => urls::collector_url(report, OTLP_ENDPOINT, text),
        (None, None) => None,
    };
    let headers = cursor.named_secrets(report, "headers").unwrap_or_default();
    for (path, name, _) in &headers {
        checks::is_id(
            report,
            &format!("{path}.id"),
            name,
            64,
            "A-Z a-z 0-9 _ -",
            |char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-'),
        );
        if endpoint.as_ref().is_some_and(|url| url.scheme() == "http") {
            report.warn_as(
                "config.plain_header",
                path,
                "travels in the clear: tracing.endpoint is not https://",
                "use https://, unless the collector is on this machine",
            );
        }
    }
    let sample_ratio_percent = cursor.integer(report, "sample_ratio_percent");
    let service_name = cursor.text(report, "service_name");
    Some(Tracing {
        endpoint,
        headers: headers
            .into_iter()
            .map(|(_, name, secret)| (name, secret))
            .collect(),
        sample_ratio_percent: sample_ratio_percent?,
        service_name: service_name?,
    })
}

fn outgoing(root: &Table, report: &mut Report<'_>) -> Option<Outgoing> {
    let cursor = Cursor::one(report, root, &table::OUTGOING);
    let texts = cursor.texts(report, "allow_private")?;
    let path = cursor.at("allow_private");
    let mut allow_private = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        allow_private.extend(urls::network(report, &format!("{path}[{index}]"), text));
    }
    (allow_private.len() == texts.len()).then_some(Outgoing { allow_private })
}
