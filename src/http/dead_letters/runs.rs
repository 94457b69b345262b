//! `POST /v1/dead-letters/replay`: many letters, oldest first, at a limited rate. One request is bounded in letters and in time and
//! answers where it stopped; the next one goes on there. When a letter is not taken, later letters of its conversation are
//! skipped, for the whole run: what is replayed is replayed in its order. What can't be replayed at all holds nothing up.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::places::{self, Place};
use super::replay::{self, Outcome, Report};
use super::{authorised, visible};
use crate::config::Scope;
use crate::http::auth::Key;
use crate::http::problem::{ApiError, Code};
use crate::http::products::with_next;
use crate::http::{State, body};
use crate::store::LetterFilter;

/// Letters of one request, unless it asks for another number.
const LETTERS: usize = 100;
/// Most letters of one request, and most ids in it.
const LETTERS_MAX: usize = 1_000;
/// Replays per second, unless another rate is asked for.
const PER_SECOND: u64 = 5;
/// Most replays per second.
const PER_SECOND_MAX: u64 = 50;
/// How long one request goes on.
const REQUEST_MS: i64 = 20_000;
/// Letters that are looked up at once.
const LISTED_AT_ONCE: usize = 20;
/// A run that failed for so many conversations ends: its cause is not mended, and its cursor would not fit into a request.
const BLOCKED_MAX: usize = 5_000;

/// Which letters, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Asked {
    reason: Option<String>,
    ids: Option<Vec<String>>,
    limit: Option<usize>,
    #[serde(alias = "rate_per_s")]
    per_second: Option<u64>,
    #[serde(default)]
    dry_run: bool,
    cursor: Option<String>,
}

/// How far a run has come: what its cursor holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    /// Letters that were parked later are not of this run: it would never end.
    until_ms: i64,
    /// The last letter that was looked at.
    behind: Option<Place>,
    /// Conversations of which a letter was not taken.
    blocked: BTreeSet<String>,
}

impl Run {
    fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// What became of a letter holds back the later ones of its conversations, when it may still be taken before them.
    fn learns(&mut self, report: &Report) {
        match report.outcome {
            Outcome::Taken | Outcome::NotReplayable => {}
            Outcome::ParkedAgain | Outcome::Skipped | Outcome::Failed => {
                self.blocked.extend(report.conversations.iter().cloned());
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

pub(super) fn foreign_cursor() -> ApiError {
    ApiError::new(
        Code::InvalidRequest,
        "the cursor is none of ours: repeat the request without it",
    )
}

/// The letters of a run, one by one.
enum Letters {
    Filtered {
        filter: LetterFilter,
        next: VecDeque<Place>,
    },
    Named(VecDeque<Place>),
}

impl Letters {
    async fn next(&mut self, state: &State, run: &Run) -> Result<Option<Place>, ApiError> {
        match self {
            Self::Named(next) => Ok(next.pop_front()),
            Self::Filtered { filter, next } => {
                if next.is_empty() {
                    let store = state.engine.store().as_ref();
                    let page = places::page(store, filter, run.behind.as_ref(), LISTED_AT_ONCE).await?;
                    let ours = page.iter().filter(|letter| letter.at_ms <= run.until_ms);
                    next.extend(ours.map(Place::of));
                }
                Ok(next.pop_front())
            }
        }
    }
}

/// Why a request stopped.
enum Stop {
    /// No letter is left.
    Done,
    /// The limit, the time or the gateway's own end: the next request goes on.
    Bound,
    /// It can't go on in order: the next request goes on without holding anybody back.
    Ended(&'static str),
}

/// `POST /v1/dead-letters/replay`
pub(in crate::http) async fn many(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let key = &authorised(&state, &request, Scope::DeadLettersWrite)?;
    let (asked, _): (Asked, _) = body::json(payload, state.api_body_bytes).await?;
    Ok(HttpResponse::Ok().json(run(&state, key, &asked).await?))
}

/// Replays as many letters as one request may.
pub(in crate::http) async fn run(state: &State, key: &Key, asked: &Asked) -> Result<Value, ApiError> {
    check(asked)?;
    let mut run = match &asked.cursor {
        Some(text) => Run::parse(text).ok_or_else(foreign_cursor)?,
        None => Run {
            until_ms: state.engine.clock().now_ms(),
            behind: None,
            blocked: BTreeSet::new(),
        },
    };
    let mut reports = Vec::new();
    let mut letters = match &asked.ids {
        Some(ids) => Letters::Named(named(state, key, ids, &run, &mut reports).await?),
        None => Letters::Filtered {
            filter: LetterFilter {
                merchant: key.merchant.clone(),
                reason: asked.reason.clone(),
            },
            next: VecDeque::new(),
        },
    };
    let stop = go_on(state, key, asked, (&mut run, &mut letters), &mut reports).await?;
    if matches!(stop, Stop::Ended(_)) {
        run.blocked.clear();
    }
    Ok(answer(asked, &run, &reports, &stop))
}

fn check(asked: &Asked) -> Result<(), ApiError> {
    let ids = asked.ids.as_ref().map_or(0, Vec::len);
    let problem = if !(1..=LETTERS_MAX).contains(&asked.limit.unwrap_or(LETTERS)) {
        "limit must be 1 to 1000"
    } else if !(1..=PER_SECOND_MAX).contains(&asked.per_second.unwrap_or(PER_SECOND)) {
        "per_second must be 1 to 50"
    } else if ids > LETTERS_MAX {
        "ids may name 1000 letters"
    } else if asked.ids.is_some() && asked.reason.is_some() {
        "give ids or a reason, not both"
    } else {
        return Ok(());
    };
    Err(ApiError::new(Code::InvalidRequest, problem))
}

/// The named letters, oldest first. What is not there is told once, with the first request of a run.
async fn named(
    state: &State,
    key: &Key,
    ids: &[String],
    run: &Run,
    reports: &mut Vec<Report>,
) -> Result<VecDeque<Place>, ApiError> {
    let mut places = BTreeSet::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        match visible(state, key, id).await? {
            Some(letter) => {
                places.insert(Place::of(&letter));
            }
            None if run.behind.is_none() => reports.push(Report::missing(id)),
            None => {}
        }
    }
    let is_ahead = |place: &Place| run.behind.as_ref().is_none_or(|behind| place > behind);
    Ok(places.into_iter().filter(is_ahead).collect())
}

/// Replays letter after letter until something bounds the request. What was done is always told.
async fn go_on(
    state: &State,
    key: &Key,
    asked: &Asked,
    (run, letters): (&mut Run, &mut Letters),
    reports: &mut Vec<Report>,
) -> Result<Stop, ApiError> {
    let clock = state.engine.clock();
    let began_ms = clock.now_ms();
    let pause_ms = 1_000 / asked.per_second.unwrap_or(PER_SECOND).max(1);
    let mut is_paced = false;
    for tried in 0..asked.limit.unwrap_or(LETTERS) {
        let place = match letters.next(state, run).await {
            Ok(Some(place)) => place,
            Ok(None) => return Ok(Stop::Done),
            Err(error) if reports.is_empty() => return Err(error),
            Err(_) => return Ok(Stop::Bound),
        };
        let is_over = clock.now_ms() - began_ms >= REQUEST_MS || state.draining.load(Ordering::Relaxed);
        if tried > 0 && is_over {
            return Ok(Stop::Bound);
        }
        if is_paced {
            clock.sleep_ms(pause_ms).await;
        }
        let report = match replay::once(state, key, &place.id, asked.dry_run, &run.blocked).await {
            Ok(report) => report,
            Err(error) if reports.is_empty() => return Err(error),
            Err(_) => return Ok(Stop::Bound),
        };
        run.behind = Some(place);
        // One that is gone was replayed by somebody else meanwhile.
        let Some(report) = report else { continue };
        is_paced = !asked.dry_run && report.outcome != Outcome::Skipped;
        run.learns(&report);
        reports.push(report);
        if run.blocked.len() > BLOCKED_MAX {
            return Ok(Stop::Ended(
                "too many conversations could not go on: mend the cause, then begin anew; next_cursor goes on from here \
                 and holds no later letter of theirs back",
            ));
        }
    }
    Ok(Stop::Bound)
}

fn answer(asked: &Asked, run: &Run, reports: &[Report], stop: &Stop) -> Value {
    let mut counts: BTreeMap<&str, usize> = Outcome::ALL.iter().map(|outcome| (outcome.word(), 0)).collect();
    for report in reports {
        *counts.entry(report.outcome.word()).or_default() += 1;
    }
    let mut answer = json!({
        "dry_run": asked.dry_run,
        "letters": reports.iter().map(Report::json).collect::<Vec<Value>>(),
        "counts": counts,
    });
    if let (Stop::Ended(why), Some(fields)) = (stop, answer.as_object_mut()) {
        fields.insert("ended".to_owned(), json!(why));
    }
    let next = (!matches!(stop, Stop::Done)).then(|| run.cursor());
    with_next(answer, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_carries_the_run() {
        let run = Run {
            until_ms: 1_790_000_000_000,
            behind: Some(Place {
                at_ms: 5,
                id: "0f.ab".to_owned(),
            }),
            blocked: BTreeSet::from(["0f12".to_owned()]),
        };
        assert_eq!(Run::parse(&run.cursor()), Some(run));
        for text in ["", "5.0f", "e30", "AAAA"] {
            assert_eq!(Run::parse(text), None, "{text}");
        }
    }

    fn empty_run() -> Run {
        Run {
            until_ms: 1_790_000_000_000,
            behind: None,
            blocked: BTreeSet::new(),
        }
    }

    #[test]
    fn only_what_may_still_be_taken_holds_its_customers_later_letters_back() {
        for outcome in Outcome::ALL {
            let mut run = empty_run();
            run.learns(&Report {
                outcome,
                conversations: BTreeSet::from(["0f12".to_owned()]),
                ..Report::missing("0f.ab")
            });
            let is_held = !matches!(outcome, Outcome::Taken | Outcome::NotReplayable);
            assert_eq!(run.blocked.len(), usize::from(is_held), "{outcome:?}");
        }
    }

    #[test]
    fn only_a_run_that_is_done_has_no_cursor_and_the_largest_one_fits_into_a_request() {
        let asked: Asked = serde_json::from_str("{}").unwrap();
        let mut run = empty_run();
        let told = |run: &Run, stop: &Stop| answer(&asked, run, &[], stop);
        assert_eq!(told(&run, &Stop::Done).get("next_cursor"), None);
        for stop in [Stop::Bound, Stop::Ended("why")] {
            assert_eq!(told(&run, &stop)["next_cursor"], json!(run.cursor()));
        }
        assert_eq!(told(&run, &Stop::Ended("why"))["ended"], "why");
        // The longest name is that of a purchase.
        run.blocked = (0..BLOCKED_MAX).map(|n| format!("purchase {n:034}")).collect();
        assert!(run.cursor().len() < 1_048_576 / 2, "{}", run.cursor().len());
    }

    #[test]
    fn what_is_out_of_range_or_contradicts_itself_is_refused() {
        let fits = |text: &str| check(&serde_json::from_str::<Asked>(text).unwrap()).is_ok();
        for text in [
            "{}",
            r#"{"limit":1000,"per_second":50}"#,
            r#"{"ids":["a"],"dry_run":true}"#,
            r#"{"reason":"panic","cursor":"x"}"#,
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            r#"{"limit":0}"#,
            r#"{"limit":1001}"#,
            r#"{"per_second":0}"#,
            r#"{"per_second":51}"#,
            r#"{"ids":["a"],"reason":"panic"}"#,
        ] {
            assert!(!fits(text), "{text}");
        }
        assert!(serde_json::from_str::<Asked>(r#"{"reasons":"panic"}"#).is_err());
    }
}
