//! `sacola replay NUMBER/CUSTOMER`: decides a conversation's journal again and says whether the same comes out. It owns where the
//! journal is read; it refuses to write anything, and to print what customers wrote, their numbers or their names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use reqwest::Method;
use url::Url;

use super::check::listener;
use super::check::store::IN_USE;
use super::gateway::{Gateway, Wanted};
use super::{Failure, load_config, out, start_logs};
use crate::app;
use crate::clock::MovableClock;
use crate::config::{Config, Scope};
use crate::domain::decide;
use crate::domain::ids::NumberId;
use crate::engine::Recorded;
use crate::engine::replay::{Outcome, Parting, Replayed, replay};
use crate::outgoing;

/// How long a gateway may take to answer.
const TIMEOUT_MS: u64 = 30_000;

/// Whose conversation: number and customer.
type Whose<'a> = (&'a str, &'a str);

pub(super) async fn run(
    environment: &BTreeMap<String, String>,
    path: &Path,
    conversation: &str,
    gateway: Option<&Url>,
    as_json: bool,
) -> Result<(), Failure> {
    start_logs(environment, "warn");
    let parts = conversation.split_once('/');
    let whose = parts.filter(|(number, customer)| !number.is_empty() && !customer.is_empty());
    let whose = whose.ok_or_else(|| {
        fault("replay: name the conversation as NUMBER/CUSTOMER, a phone_number_id and a user id or wa_id")
    })?;
    let config = load_config(path, environment)?;
    let mut numbers = config.numbers.iter();
    if !numbers.any(|known| known.phone_number_id == whose.0) {
        return Err(fault(
            "replay: no [[number]] has this phone_number_id; it is the provider's id, not the number itself",
        ));
    }
    let recorded = match gateway {
        Some(gateway) => asked(&config, environment, Some(gateway.as_str()), whose).await?,
        None => opened(&config, environment, whose).await?,
    };
    let recorded = recorded.ok_or_else(|| anyhow!("this customer has no conversation with this number"))?;
    let replayed = replay(&recorded.entries, recorded.state.as_deref());
    if as_json {
        out(&serde_json::to_string(&replayed)?);
    } else {
        for line in in_words(&replayed) {
            out(&line);
        }
    }
    match &replayed.outcome {
        Outcome::Identical => Ok(()),
        Outcome::Nothing => Err(anyhow!("nothing to replay").into()),
        Outcome::Parted(parting) => {
            let revision = parting.revision;
            Err(anyhow!("the replay parts from the journal at revision {revision}").into())
        }
    }
}

fn fault(text: &str) -> Failure {
    Failure::Configuration(vec![text.to_owned()])
}

/// From the store itself. An embedded one that is open elsewhere belongs to the gateway that runs here, which is asked.
async fn opened(
    config: &Config,
    environment: &BTreeMap<String, String>,
    whose: Whose<'_>,
) -> Result<Option<Recorded>, Failure> {
    let engine = match app::engine_for_reading(config, Arc::new(MovableClock::fixed())).await {
        Ok(Some(engine)) => engine,
        Ok(None) => return Ok(None),
        Err(error) if format!("{error:#}").contains(IN_USE) => {
            return running(config, environment, whose).await;
        }
        Err(error) => return Err(error.into()),
    };
    let (number, customer) = whose;
    let recorded = engine.recorded(&NumberId::new(number), customer).await;
    engine.store().close().await;
    Ok(recorded?)
}

async fn running(
    config: &Config,
    environment: &BTreeMap<String, String>,
    whose: Whose<'_>,
) -> Result<Option<Recorded>, Failure> {
    let client = outgoing::provider(TIMEOUT_MS)?;
    let is_ours = listener::is_sacola(&client, config.server.listen).await;
    if !is_ours {
        return Err(anyhow!(
            "a running gateway holds the embedded store, and no sacola answers at server.listen: name it with --gateway \
             URL, or stop it and try again"
        )
        .into());
    }
    asked(config, environment, None, whose).await
}

/// From a running gateway: the one that was named, or the one of the configuration.
async fn asked(
    config: &Config,
    environment: &BTreeMap<String, String>,
    given: Option<&str>,
    (number, customer): Whose<'_>,
) -> Result<Option<Recorded>, Failure> {
    let wanted = Wanted {
        command: "replay",
        scopes: &[Scope::ConversationsRead],
        timeout_ms: TIMEOUT_MS,
    };
    let gateway = Gateway::of(config, environment, given, &wanted)?;
    let path = ["conversations", number, customer, "journal"];
    match gateway.ask(Method::GET, &path, &[], None).await? {
        Ok(answer) => {
            let recorded = serde_json::from_value(answer).context("the gateway's answer is no journal")?;
            Ok(Some(recorded))
        }
        Err(problem) if problem.code == "unknown_customer" => Ok(None),
        Err(problem) => Err(gateway.refused(&problem)),
    }
}

fn in_words(replayed: &Replayed) -> Vec<String> {
    let begun = replayed.entries - replayed.skipped_before_base;
    let (first, last) = (replayed.from_revision + 1, replayed.to_revision);
    let mut lines = match &replayed.outcome {
        Outcome::Nothing => {
            let why = "nothing to replay: the journal holds no state to begin with; it ends 30 days after its last event";
            vec![why.to_owned()]
        }
        Outcome::Identical => vec![format!(
            "bit-identical: {} of {begun} events, revisions {first}–{last}",
            replayed.replayed
        )],
        Outcome::Parted(parting) => {
            let same = replayed.replayed;
            let mut lines = vec![format!(
                "not the same: {same} of {begun} events, revisions {first}–{last}"
            )];
            lines.extend(place(parting));
            lines
        }
    };
    if replayed.skipped_before_base > 0 && replayed.outcome != Outcome::Nothing {
        let skipped = replayed.skipped_before_base;
        lines.push(format!(
            "{skipped} older events are left out: the journal was cut before their state"
        ));
    }
    if replayed.unjudged > 0 {
        lines.push(format!(
            "{} events could not be judged: too large to be kept, or after a difference and before the next kept state",
            replayed.unjudged
        ));
    }
    let others = |(version, _): &(&u32, &usize)| **version != decide::VERSION;
    for (version, count) in replayed.versions.iter().filter(others) {
        lines.push(format!(
            "{count} events were decided by version {version} of the rules; today's is {}",
            decide::VERSION
        ));
    }
    if let Some(changed) = &replayed.changed {
        lines.push("today's rules give something else, which is no fault:".to_owned());
        lines.extend(place(changed));
    }
    lines
}

fn place(parting: &Parting) -> Vec<String> {
    let at = jiff::Timestamp::from_millisecond(parting.at_ms).map(|at| at.to_string());
    let (revision, event, what) = (parting.revision, &parting.event, parting.what.in_words());
    let mut lines = vec![
        format!("revision {revision}, {event}, {}: {what}", at.unwrap_or_default()),
        format!("    recorded {}", parting.expected),
        format!("    replayed {}", parting.got),
    ];
    for one in &parting.differences {
        lines.push(format!(
            "    {}: recorded {}, replayed {}",
            one.path, one.recorded, one.replayed
        ));
    }
    lines
}
