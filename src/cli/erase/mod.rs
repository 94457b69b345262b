//! `sacola erase`: removes everything that is kept of a customer and says what a search found afterwards. It goes through the running
//! gateway, with an operator's key of the same configuration; where none runs, and on a Redis for which no operator's key may erase,
//! it opens the store itself. It owns arguments, the question before it, and exit statuses; what is erased and in which order is the
//! engine's.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{ArgGroup, Args};
use reqwest::Method;
use serde_json::{Value, json};

use super::check::listener;
use super::gateway::{Gateway, Wanted};
use super::{Failure, err, load_config, out, own_key, start_logs};
use crate::app;
use crate::clock::MovableClock;
use crate::config::{Config, Scope};
use crate::domain::ids::NumberId;
use crate::engine::Engine;
use crate::engine::erasure::{Asked, BUSY, Outcome, in_flight};
use crate::outgoing;

mod shown;

/// How long the gateway may take: all that is kept is read more than once.
const TIMEOUT_MS: u64 = 60 * 60 * 1_000;
/// How long it may take to say that it is there.
const LOOK_MS: u64 = 5_000;
/// What the key must be allowed to.
const SCOPES: [Scope; 1] = [Scope::CustomersErase];

/// Whom, where, and how.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("place").required(true).args(["number", "everywhere"])))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct Options {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// The business number's `phone_number_id`.
    #[arg(long)]
    number: Option<String>,
    /// At every configured number.
    #[arg(long)]
    everywhere: bool,
    /// The customer's user id or wa_id, as the provider writes it: a wa_id is digits alone.
    #[arg(long)]
    customer: String,
    /// Counts what would go, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Does not ask before.
    #[arg(long)]
    yes: bool,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// The gateway's address; where server.listen leads when absent.
    #[arg(long)]
    gateway: Option<String>,
}

/// What became of the customer at one number.
enum Told {
    Report(Value),
    Unknown,
}

/// The way to the store.
enum Way {
    Gateway(Box<Gateway>),
    Store(Arc<Engine>),
    /// Nobody has used the store yet.
    Nothing,
}

pub(super) async fn run(environment: &BTreeMap<String, String>, options: Options) -> Result<(), Failure> {
    start_logs(environment, "warn");
    let config = load_config(&options.config, environment)?;
    let numbers = numbers_of(&config, &options)?;
    if !options.dry_run && !options.yes {
        ask_first(&options, numbers.len())?;
    }
    let way = way(&config, environment, &options).await?;
    let told = ask_all(&way, &numbers, &options).await;
    if let Way::Store(engine) = &way {
        engine.store().close().await;
    }
    conclude(&told?, &options)
}

fn fault(problem: &str) -> Failure {
    Failure::Configuration(vec![format!("erase: {problem}")])
}

fn numbers_of(config: &Config, options: &Options) -> Result<Vec<String>, Failure> {
    let known = config.numbers.iter().map(|number| number.phone_number_id.clone());
    match &options.number {
        None => Ok(known.collect()),
        Some(number)
            if config
                .numbers
                .iter()
                .any(|known| known.phone_number_id == *number) =>
        {
            Ok(vec![number.clone()])
        }
        Some(_) => Err(fault(
            "no [[number]] has this phone_number_id; it is the provider's id, not the number itself",
        )),
    }
}

/// What is erased does not come back: somebody says yes first.
fn ask_first(options: &Options, numbers: usize) -> Result<(), Failure> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(fault(
            "this can't be undone. Mend: say --yes, or look first with --dry-run",
        ));
    }
    let place = match &options.number {
        Some(number) => format!("at {number}"),
        None => format!("at {numbers} numbers"),
    };
    err(&format!(
        "Everything that is kept of this customer {place} will be removed; it can't be undone. Type yes to go on:"
    ));
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    Err(anyhow!("nothing was erased").into())
}

/// The gateway that was named or runs here; else the store itself.
async fn way(
    config: &Config,
    environment: &BTreeMap<String, String>,
    options: &Options,
) -> Result<Way, Failure> {
    let is_through = options.gateway.is_some() || {
        let client = outgoing::provider(LOOK_MS)?;
        needs_gateway(config, environment) && listener::is_sacola(&client, config.server.listen).await
    };
    if is_through {
        let wanted = Wanted {
            command: "erase",
            scopes: &SCOPES,
            timeout_ms: TIMEOUT_MS,
        };
        let gateway = Gateway::of(config, environment, options.gateway.as_deref(), &wanted)?;
        return Ok(Way::Gateway(Box::new(gateway)));
    }
    if !options.dry_run && !config.store.is_embedded() {
        err(
            "The store is opened beside its gateways: what they have at hand of this customer goes with its next use there, or at a \
             restart. A key with merchant = \"*\" and the scope customers:erase lets the gateway that runs here do it.",
        );
    }
    let engine = app::engine_for_reading(config, Arc::new(MovableClock::fixed())).await?;
    Ok(engine.map_or(Way::Nothing, Way::Store))
}

/// True when a gateway that runs here must be asked: a file is open at one process alone, and where an operator's key may erase it
/// is used, so that the gateway drops what it has at hand. A Redis is opened beside gateways, as another replica would.
fn needs_gateway(config: &Config, environment: &BTreeMap<String, String>) -> bool {
    config.store.is_embedded() || !matches!(own_key::operators(config, environment, &SCOPES), Ok(None))
}

async fn ask_all(way: &Way, numbers: &[String], options: &Options) -> Result<Vec<(String, Told)>, Failure> {
    let mut all = Vec::new();
    for number in numbers {
        let told = match way {
            Way::Gateway(gateway) => through(gateway, number, options).await?,
            Way::Store(engine) => alone(engine, number, options).await?,
            Way::Nothing => Told::Unknown,
        };
        if let (Told::Report(report), false) = (&told, options.json) {
            for line in shown::report(number, report) {
                out(&line);
            }
        }
        all.push((number.clone(), told));
    }
    Ok(all)
}

async fn through(gateway: &Gateway, number: &str, options: &Options) -> Result<Told, Failure> {
    let body = json!({ "number": number, "customer": options.customer, "dry_run": options.dry_run });
    match gateway.ask(Method::POST, &["erasures"], &[], Some(&body)).await? {
        Ok(report) => Ok(Told::Report(report)),
        Err(problem) if problem.code == "unknown_customer" => Ok(Told::Unknown),
        Err(problem) => Err(gateway.refused(&problem)),
    }
}

async fn alone(engine: &Engine, number: &str, options: &Options) -> Result<Told, Failure> {
    let asked = Asked {
        number: NumberId::new(number),
        customer: options.customer.clone(),
        whose: None,
        is_dry: options.dry_run,
    };
    match engine.erase(&asked).await? {
        Outcome::Done(report) => Ok(Told::Report(serde_json::to_value(report)?)),
        Outcome::Unknown => Ok(Told::Unknown),
        Outcome::InFlight(purchases) => Err(anyhow!("purchase_in_flight: {}", in_flight(&purchases)).into()),
        Outcome::Busy => Err(anyhow!(BUSY).into()),
    }
}

/// A Brazilian mobile number with its ninth digit when it has none, or without it: WhatsApp keeps the form that the account began
/// with.
fn ninth_digit_otherwise(customer: &str) -> Option<String> {
    let (area, local) = customer.split_at_checked(4)?;
    if !area.starts_with("55") || !customer.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (local.len(), local.strip_prefix('9')) {
        (9, Some(without)) => Some(format!("{area}{without}")),
        (8, _) if local.starts_with(['6', '7', '8', '9']) => Some(format!("{area}9{local}")),
        _ => None,
    }
}

fn conclude(told: &[(String, Told)], options: &Options) -> Result<(), Failure> {
    let reports: Vec<Value> = told
        .iter()
        .filter_map(|(number, told)| match told {
            Told::Report(report) => Some(with_number(report, number)),
            Told::Unknown => None,
        })
        .collect();
    if reports.is_empty() {
        let text = "unknown_customer: nothing is kept of this customer there. Give the user id or wa_id exactly as the provider \
                    writes it: a wa_id is digits alone, without + and spaces";
        let other = ninth_digit_otherwise(&options.customer);
        let hint = other.map(|other| format!("; WhatsApp may know this number as {other}, so try that too"));
        return Err(anyhow!("{text}{}", hint.unwrap_or_default()).into());
    }
    if options.json {
        let answer = match (options.everywhere, reports.first()) {
            (false, Some(report)) => report.clone(),
            _ => json!({ "erasures": reports }),
        };
        out(&serde_json::to_string(&answer)?);
    }
    let left: u64 = reports
        .iter()
        .map(|report| shown::number(report, "/proof/found"))
        .sum();
    if left > 0 && !options.dry_run {
        return Err(anyhow!(
            "{left} places still hold something of this customer: they may have written meanwhile; run the same command again"
        )
        .into());
    }
    Ok(())
}

fn with_number(report: &Value, number: &str) -> Value {
    let mut report = report.clone();
    if let Some(fields) = report.as_object_mut() {
        fields.insert("number".to_owned(), json!(number));
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redis_is_opened_beside_a_gateway_when_no_operators_key_may_erase() {
        let needs = |store: &str, scopes: &str| {
            let text = format!(
                "[store]\nurl = \"{store}\"\n[whatsapp]\nverify_token = \"v\"\napp_secrets = [\"a\"]\n[[api_key]]\nid = \"a\"\n\
                 merchant = \"*\"\nsecret = \"a long enough secret\"\nscopes = [{scopes}]\n"
            );
            let loaded = crate::config::load(&text, &BTreeMap::new()).unwrap();
            needs_gateway(&loaded.config, &BTreeMap::new())
        };
        let (usual, erasing) = ("\"dead_letters:write\"", "\"customers:erase\"");
        assert!(needs("embedded:./data", usual) && needs("embedded:./data", erasing));
        assert!(needs("redis://127.0.0.1:6379", erasing));
        assert!(!needs("redis://127.0.0.1:6379", usual));
    }

    #[test]
    fn a_brazilian_number_may_be_kept_with_or_without_its_ninth_digit() {
        for (given, expected) in [
            ("5531987654321", Some("553187654321")),
            ("553187654321", Some("5531987654321")),
            ("553133334444", None),
            ("5531787654321", None),
            ("4915112345678", None),
            ("BR.1234567890", None),
            ("55", None),
            ("55é1987654321", None),
        ] {
            assert_eq!(ninth_digit_otherwise(given).as_deref(), expected, "{given}");
        }
    }
}
