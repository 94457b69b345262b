//! Reads what stands in blocks: `[[number]]`, `[[merchant]]`, `[[api_key]]`, and how they point to each other. It refuses
//! two blocks of the same id and names that no block has.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::checks;
use super::keys::{Section, nearest};
use super::reader::Cursor;
use super::report::Report;
use super::secret::Secret;
use super::table;
use super::types::{ApiKey, ConnectorKind, KeyDigest, Merchant, Number, Outgoing, Scope, WebClients};
use super::urls;

/// Connectors that other versions of Sacola have or will have.
const OTHER_CONNECTORS: [&str; 5] = ["vendure", "medusa", "shopify", "woocommerce", "nuvemshop"];

/// The ids that the blocks of a section give, faulty blocks included: what points to one of those isn't a fault too.
pub(super) fn ids<'t>(root: &'t Table, section: &Section) -> Vec<&'t str> {
    let blocks = root
        .get(section.name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    blocks
        .filter_map(|block| block.get("id").and_then(Value::as_str))
        .collect()
}

/// What the blocks give for one key, with its path, right or wrong.
fn written<'t>(cursors: &[Cursor<'t>], name: &str) -> Vec<(String, Option<&'t str>)> {
    cursors
        .iter()
        .map(|cursor| (cursor.at(name), cursor.peek(name)))
        .collect()
}

/// Every `[[number]]`. Having none is a warning.
pub(super) fn numbers(root: &Table, report: &mut Report<'_>, merchants: &[&str]) -> Option<Vec<Number>> {
    let cursors = Cursor::many(report, root, &table::NUMBER);
    let found: Vec<Option<Number>> = cursors
        .iter()
        .map(|cursor| number(cursor, report, merchants))
        .collect();
    if root.get(table::NUMBER.name).is_none() {
        report.warn_as(
            "config.no_number",
            "number",
            "no business phone number: every webhook will be parked",
            "add a [[number]] block",
        );
    }
    let ids = written(&cursors, "phone_number_id");
    checks::refuse_twins(report, "number", &ids);
    refuse_swapped(report, &written(&cursors, "waba_id"), &ids);
    found.into_iter().collect()
}

/// Tells of an account's id that is really a number's.
fn refuse_swapped(
    report: &mut Report<'_>,
    accounts: &[(String, Option<&str>)],
    numbers: &[(String, Option<&str>)],
) {
    for (path, account) in accounts {
        let same = numbers
            .iter()
            .find(|(_, number)| account.is_some() && number == account);
        if let Some((number_path, _)) = same {
            report.fault_as(
                "config.same_id",
                path,
                format!("is the same as {number_path}"),
                "a number and its account have different ids: copy \"Phone number ID\" and \"WhatsApp Business \
                 Account ID\" from WhatsApp > API Setup in the app's dashboard",
            );
        }
    }
}

fn number(cursor: &Cursor<'_>, report: &mut Report<'_>, merchants: &[&str]) -> Option<Number> {
    let phone_number_id = provider_id(cursor, report, "phone_number_id");
    let waba_id = provider_id(cursor, report, "waba_id");
    let access_tokens = cursor.secret_or_secrets(report, "access_token");
    let catalog_id = provider_id(cursor, report, "catalog_id");
    let merchant = cursor.text(report, "merchant");
    if let Some(id) = &merchant {
        is_merchant(report, &cursor.at("merchant"), id, merchants);
    }
    let locale = cursor.choice(report, "locale");
    let web_clients = cursor.choice(report, "web_clients");
    let payments = cursor.choice(report, "payments");
    let messages_per_second = cursor.integer(report, "messages_per_second");
    Some(Number {
        phone_number_id: phone_number_id?,
        waba_id: waba_id?,
        access_tokens: access_tokens?,
        catalog_id,
        merchant: merchant?,
        locale: locale?,
        web_clients: if web_clients? == "phone_only" {
            WebClients::PhoneOnly
        } else {
            WebClients::OwnCart
        },
        order_details: payments? == "order_details",
        messages_per_second: messages_per_second?,
    })
}

/// An id that the provider gave: it stands in paths and keys, so it holds nothing that could break out of them.
fn provider_id(cursor: &Cursor<'_>, report: &mut Report<'_>, name: &str) -> Option<String> {
    let text = cursor.text(report, name)?;
    if checks::is_phone_number(&text) {
        report.fault_as(
            "config.phone_number",
            &cursor.at(name),
            "is written like a phone number; the provider's id is another number, of digits only",
            "copy the id from WhatsApp > API Setup in the app's dashboard",
        );
        return None;
    }
    let good = checks::is_id(report, &cursor.at(name), &text, 64, "A-Z a-z 0-9 _ -", |char| {
        char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
    });
    good.then_some(text)
}

fn is_merchant(report: &mut Report<'_>, path: &str, id: &str, merchants: &[&str]) {
    if merchants.contains(&id) {
        return;
    }
    let mend = match nearest(id, merchants) {
        Some(near) => format!("did you mean \"{near}\"? Else add a [[merchant]] block with this id"),
        None => "add a [[merchant]] block with this id".to_owned(),
    };
    report.fault_as("config.unknown_merchant", path, "names no [[merchant]]", mend);
}

/// Every `[[merchant]]`.
pub(super) fn merchants(
    root: &Table,
    report: &mut Report<'_>,
    allowed: Option<&Outgoing>,
) -> Option<Vec<Merchant>> {
    let cursors = Cursor::many(report, root, &table::MERCHANT);
    let found: Vec<Option<Merchant>> = cursors
        .iter()
        .map(|cursor| merchant(cursor, report, allowed))
        .collect();
    checks::refuse_twins(report, "id", &written(&cursors, "id"));
    found.into_iter().collect()
}

fn merchant(cursor: &Cursor<'_>, report: &mut Report<'_>, allowed: Option<&Outgoing>) -> Option<Merchant> {
    let id = cursor
        .text(report, "id")
        .filter(|id| checks::is_slug(report, &cursor.at("id"), id));
    let name = cursor.text(report, "name");
    let connector = connector(cursor, report);
    let base_url = cursor.text(report, "base_url");
    let base_url = base_url.and_then(|text| urls::called_url(report, &cursor.at("base_url"), &text, allowed));
    let currency = cursor.text(report, "currency");
    let currency = currency.filter(|text| checks::is_currency(report, &cursor.at("currency"), text));
    let secrets = cursor.secrets(report, "secrets");
    for (path, secret) in secrets.iter().flatten() {
        checks::is_signing_secret(report, path, secret);
    }
    let payment_hosts = payment_hosts(cursor, report);
    let timeout_ms = cursor.integer(report, "timeout_ms");
    let max_concurrency = cursor.integer(report, "max_concurrency");
    let mirror_interval_s = cursor.integer(report, "mirror_interval_s");
    Some(Merchant {
        id: id?,
        name: name?,
        connector: connector?,
        base_url: base_url?,
        currency: currency?,
        secrets: secrets?.into_iter().map(|(_, secret)| secret).collect(),
        payment_hosts: payment_hosts?,
        timeout_ms: timeout_ms?,
        max_concurrency: max_concurrency?,
        mirror_interval_s: mirror_interval_s?,
    })
}

fn connector(cursor: &Cursor<'_>, report: &mut Report<'_>) -> Option<ConnectorKind> {
    let name = cursor.text(report, "connector")?;
    let path = cursor.at("connector");
    if OTHER_CONNECTORS.contains(&name.as_str()) {
        let mend = "use \"standard\", and let the shop answer Sacola's merchant API (openapi/merchant.yaml)";
        report.fault_as(
            "config.unknown_value",
            &path,
            format!("the {name} connector is not in this version of Sacola"),
            mend,
        );
        return None;
    }
    cursor
        .choice(report, "connector")
        .map(|_| ConnectorKind::Standard)
}

fn payment_hosts(cursor: &Cursor<'_>, report: &mut Report<'_>) -> Option<Vec<String>> {
    let texts = cursor.texts(report, "payment_hosts")?;
    let path = cursor.at("payment_hosts");
    let mut hosts = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        hosts.extend(urls::host(report, &format!("{path}[{index}]"), text));
    }
    (hosts.len() == texts.len()).then_some(hosts)
}

/// Every `[[api_key]]`.
pub(super) fn api_keys(root: &Table, report: &mut Report<'_>, merchants: &[&str]) -> Option<Vec<ApiKey>> {
    let cursors = Cursor::many(report, root, &table::API_KEY);
    let found: Vec<Option<ApiKey>> = cursors
        .iter()
        .map(|cursor| api_key(cursor, report, merchants))
        .collect();
    checks::refuse_twins(report, "id", &written(&cursors, "id"));
    let digests: Vec<Option<String>> = found
        .iter()
        .map(|key| key.as_ref().map(|key| key.digest.to_hex()))
        .collect();
    let secrets: Vec<(String, Option<&str>)> = cursors
        .iter()
        .zip(&digests)
        .map(|(cursor, digest)| (cursor.at(secret_name(cursor)), digest.as_deref()))
        .collect();
    checks::refuse_twins(report, "secret", &secrets);
    found.into_iter().collect()
}

/// Which of the two keys holds the secret.
fn secret_name(cursor: &Cursor<'_>) -> &'static str {
    if cursor.has("secret_sha256") {
        "secret_sha256"
    } else {
        "secret"
    }
}

fn api_key(cursor: &Cursor<'_>, report: &mut Report<'_>, merchants: &[&str]) -> Option<ApiKey> {
    let id = cursor
        .text(report, "id")
        .filter(|id| checks::is_slug(report, &cursor.at("id"), id));
    let merchant = cursor.text(report, "merchant");
    if let Some(id) = merchant.as_deref().filter(|id| *id != "*") {
        is_merchant(report, &cursor.at("merchant"), id, merchants);
    }
    let secret = cursor.secret(report, "secret");
    if let Some(secret) = &secret {
        checks::advise_length(report, &cursor.at("secret"), secret);
    }
    let digest = key_digest(cursor, report, secret.as_ref());
    let requests_per_second = cursor.integer(report, "requests_per_second");
    let scopes = cursor.choices(report, "scopes");
    let scopes: Option<BTreeSet<Scope>> =
        scopes.map(|names| names.iter().filter_map(|name| Scope::parse(name)).collect());
    Some(ApiKey {
        id: id?,
        merchant: merchant?,
        secret,
        digest: digest?,
        scopes: scopes?,
        requests_per_second: requests_per_second?,
    })
}

/// What recognises a key's secret: the hash of the one that is written, or the hash that is written.
fn key_digest(cursor: &Cursor<'_>, report: &mut Report<'_>, secret: Option<&Secret>) -> Option<KeyDigest> {
    let written = cursor.text(report, "secret_sha256");
    let path = cursor.at("secret_sha256");
    match (cursor.has("secret"), cursor.has("secret_sha256")) {
        (true, false) => secret.map(|secret| KeyDigest::of(secret.expose())),
        (false, true) => {
            let digest = KeyDigest::parse(written?.trim());
            if digest.is_none() {
                let mend =
                    "run `sacola api-key` and paste its block, or hash a key: printf %s \"$KEY\" | sha256sum";
                report.fault(&path, "is not a SHA-256: 64 hexadecimal digits", mend);
            }
            digest
        }
        (true, true) => {
            let mend = "keep one of the two; with secret_sha256 alone the file holds no secret";
            report.fault_as("config.contradiction", &path, "stands beside secret", mend);
            None
        }
        (false, false) => {
            let mend = "run `sacola api-key` and paste its block, or add secret = { env = \"CAFE_API_KEY\" }";
            report.fault_as("config.missing", &cursor.at("secret"), "is missing", mend);
            None
        }
    }
}
