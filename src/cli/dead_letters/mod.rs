//! `sacola dead-letters`: the dead letters of a running gateway, through its `/v1` and with an operator's key from the same
//! configuration. It owns arguments and exit statuses; it refuses to open the store, which the gateway may hold alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::gateway::{Gateway, Wanted};
use super::{Failure, load_config, out};
use crate::config::Scope;

mod shown;

/// How long one call may take: a replay goes on for 20 seconds.
const TIMEOUT_MS: u64 = 60_000;
/// Where they are, below `/v1`.
const LETTERS: &str = "dead-letters";
/// Letters of one page of a list.
const LISTED_AT_ONCE: usize = 50;
/// Letters of one request of a replay: what fits its time at the highest rate.
const REPLAYED_AT_ONCE: u64 = 1_000;
/// Most ids that may be named.
const IDS_MAX: usize = 1_000;

/// Which gateway, and how to print.
#[derive(Debug, Args)]
pub(super) struct Access {
    /// The gateway's configuration file: its operator's key is used.
    #[arg(long)]
    config: PathBuf,
    /// The gateway's address; where server.listen leads when absent.
    #[arg(long)]
    gateway: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Which letters to replay, and how.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "reason", "all"])))]
pub(super) struct Replay {
    /// These letters.
    ids: Vec<String>,
    /// All letters of this reason.
    #[arg(long)]
    reason: Option<String>,
    /// All letters.
    #[arg(long)]
    all: bool,
    /// Replays per second.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=50))]
    per_second: u64,
    /// Most letters that are replayed.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Tells what would happen, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    access: Access,
}

/// What to do with dead letters.
#[derive(Debug, Subcommand)]
pub(super) enum DeadLetters {
    /// Lists them, oldest first.
    List {
        /// Only those of this reason.
        #[arg(long)]
        reason: Option<String>,
        /// Most letters that are listed.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        #[command(flatten)]
        access: Access,
    },
    /// Counts them by reason and says what to do about each.
    Groups {
        #[command(flatten)]
        access: Access,
    },
    /// Shows one with its body.
    Show {
        /// Its id.
        id: String,
        #[command(flatten)]
        access: Access,
    },
    /// Handles them again, oldest first, at a limited rate.
    Replay(Replay),
    /// Removes one that will never be replayed.
    Discard {
        /// Its id.
        id: String,
        #[command(flatten)]
        access: Access,
    },
}

pub(super) async fn run(environment: &BTreeMap<String, String>, what: DeadLetters) -> Result<(), Failure> {
    let read = [Scope::DeadLettersRead, Scope::DeadLettersWrite];
    let write = [Scope::DeadLettersWrite];
    match what {
        DeadLetters::List {
            reason,
            limit,
            access,
        } => {
            let gateway = open(environment, &access, &read)?;
            let letters = list(&gateway, reason.as_deref(), usize::try_from(limit)?).await?;
            print(&letters, access.json, shown::list)
        }
        DeadLetters::Groups { access } => {
            let gateway = open(environment, &access, &read)?;
            let answer = gateway.call(Method::GET, &[LETTERS, "groups"], &[], None).await?;
            print(&answer, access.json, shown::groups)
        }
        DeadLetters::Show { id, access } => {
            // The body is only told to who may replay.
            let gateway = open(
                environment,
                &access,
                &[Scope::DeadLettersWrite, Scope::DeadLettersRead],
            )?;
            let answer = gateway
                .call(Method::GET, &[LETTERS, id.as_str()], &[], None)
                .await?;
            print(&answer, access.json, shown::letter)
        }
        DeadLetters::Replay(replay) => {
            if replay.ids.len() > IDS_MAX {
                let fault =
                    format!("dead-letters replay: at most {IDS_MAX} ids at once; or use --reason or --all");
                return Err(Failure::Configuration(vec![fault]));
            }
            let gateway = open(environment, &replay.access, &write)?;
            replay_all(&gateway, &replay).await
        }
        DeadLetters::Discard { id, access } => {
            let gateway = open(environment, &access, &write)?;
            gateway
                .call(Method::DELETE, &[LETTERS, id.as_str()], &[], None)
                .await?;
            print(
                &json!({ "id": id, "outcome": "discarded" }),
                access.json,
                shown::outcome,
            )
        }
    }
}

fn open(
    environment: &BTreeMap<String, String>,
    access: &Access,
    scopes: &[Scope],
) -> Result<Gateway, Failure> {
    let config = load_config(&access.config, environment)?;
    let wanted = Wanted {
        command: "dead-letters",
        scopes,
        timeout_ms: TIMEOUT_MS,
    };
    Gateway::of(&config, environment, access.gateway.as_deref(), &wanted)
}

fn print(answer: &Value, as_json: bool, lines: fn(&Value) -> Vec<String>) -> Result<(), Failure> {
    if as_json {
        out(&serde_json::to_string(answer)?);
    } else {
        for line in lines(answer) {
            out(&line);
        }
    }
    Ok(())
}

async fn list(gateway: &Gateway, reason: Option<&str>, limit: usize) -> Result<Value, Failure> {
    let mut letters: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    while letters.len() < limit {
        let (page, behind) = (
            (limit - letters.len()).min(LISTED_AT_ONCE).to_string(),
            cursor.take(),
        );
        let mut query = vec![("limit", page.as_str())];
        query.extend(reason.map(|reason| ("reason", reason)));
        query.extend(behind.as_deref().map(|behind| ("cursor", behind)));
        let answer = gateway.call(Method::GET, &[LETTERS], &query, None).await?;
        letters.extend(shown::items(&answer, "dead_letters").iter().cloned());
        cursor = shown::text(&answer, "next_cursor").map(ToOwned::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let mut all = json!({ "dead_letters": letters });
    if let (Some(next), Some(fields)) = (cursor, all.as_object_mut()) {
        fields.insert("next_cursor".to_owned(), json!(next));
    }
    Ok(all)
}

/// Goes on from request to request, and prints what became of each letter as it is told.
async fn replay_all(gateway: &Gateway, replay: &Replay) -> Result<(), Failure> {
    let mut letters: Vec<Value> = Vec::new();
    let mut cursor: Option<String> = None;
    let mut ended: Option<String> = None;
    loop {
        let done = u64::try_from(letters.len()).unwrap_or(u64::MAX);
        let left = replay.limit.map_or(u64::MAX, |limit| limit.saturating_sub(done));
        if left == 0 {
            break;
        }
        let body = request(replay, left.min(REPLAYED_AT_ONCE), cursor.as_deref());
        let answer = gateway
            .call(Method::POST, &[LETTERS, "replay"], &[], Some(&body))
            .await?;
        let page = shown::items(&answer, "letters");
        if !replay.access.json {
            for line in page.iter().flat_map(|one| shown::replayed(one, replay.dry_run)) {
                out(&line);
            }
        }
        letters.extend(page.iter().cloned());
        ended = shown::text(&answer, "ended").map(ToOwned::to_owned);
        let next = shown::text(&answer, "next_cursor").map(ToOwned::to_owned);
        // After an end the order is no longer kept: that is for a person to ask for.
        if next.is_none() || next == cursor || ended.is_some() {
            break;
        }
        cursor = next;
    }
    conclude(replay, &letters, ended)
}

fn request(replay: &Replay, limit: u64, cursor: Option<&str>) -> Value {
    let mut body = json!({
        "limit": limit,
        "per_second": replay.per_second,
        "dry_run": replay.dry_run,
    });
    if let Some(fields) = body.as_object_mut() {
        if !replay.ids.is_empty() {
            fields.insert("ids".to_owned(), json!(replay.ids));
        }
        fields.extend(
            replay
                .reason
                .iter()
                .map(|reason| ("reason".to_owned(), json!(reason))),
        );
        fields.extend(cursor.map(|cursor| ("cursor".to_owned(), json!(cursor))));
    }
    body
}

/// The sum of a run; the exit status is 1 when any letter was not taken.
fn conclude(replay: &Replay, letters: &[Value], ended: Option<String>) -> Result<(), Failure> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in letters {
        *counts
            .entry(shown::text(one, "outcome").unwrap_or("unknown"))
            .or_default() += 1;
    }
    if replay.access.json {
        let sum = json!({
            "dry_run": replay.dry_run,
            "letters": letters,
            "counts": counts,
            "ended": ended,
        });
        out(&serde_json::to_string(&sum)?);
    } else {
        out(&shown::sum(&counts, replay.dry_run));
    }
    let not_taken = letters.len() - counts.get("taken").copied().unwrap_or(0);
    match ended {
        Some(why) => Err(Failure::Running(anyhow::anyhow!(why))),
        None if not_taken > 0 => {
            let would = if replay.dry_run {
                "would not be"
            } else {
                "were not"
            };
            let all = letters.len();
            let text = format!("{not_taken} of {all} dead letters {would} taken");
            Err(Failure::Running(anyhow::anyhow!(text)))
        }
        None => Ok(()),
    }
}
