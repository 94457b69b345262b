//! Events that could not be decided: each is parked alone, in the commit that marks it as handled, while its siblings go on
//! and its sender gets an answer. It also owns the ids of replays: each replay is an event of its own with a mark of its own,
//! and one that fails again is the same letter in its old place, so that the order of one customer's letters outlasts
//! replays. It refuses to decide when something is replayed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::drafts::Draft;
use super::{Engine, Taken, addresses};
use crate::domain::decide::{self, Outcome};
use crate::domain::event::{Event, Occurrence};
use crate::domain::facts::Facts;
use crate::store::{self, DeadLetter};

/// What stands in for an event that could not be decided, so that its sender gets an answer.
const STAND_IN: &str = "parked";

/// The id of an event's next replay: the same for everybody who replays the same letter, another one once a replay has been
/// parked again. `id` is the event's present id, `parked_at_ms` the letter's time.
pub fn replay_id(id: &str, parked_at_ms: i64) -> String {
    match Replay::parse(id) {
        Some(last) => format!("replay:{}:{}:{}", last.count + 1, last.parked_at_ms, last.of),
        None => format!("replay:1:{parked_at_ms}:{id}"),
    }
}

/// A replay's id, read.
#[derive(Debug, PartialEq, Eq)]
struct Replay<'a> {
    /// Which replay of the event it is, from 1 on.
    count: u32,
    /// When the event was parked first.
    parked_at_ms: i64,
    /// The event's own id.
    of: &'a str,
}

impl<'a> Replay<'a> {
    fn parse(id: &'a str) -> Option<Self> {
        let (count, rest) = id.strip_prefix("replay:")?.split_once(':')?;
        let (parked_at_ms, of) = rest.split_once(':')?;
        Some(Self {
            count: count.parse().ok()?,
            parked_at_ms: parked_at_ms.parse().ok()?,
            of,
        })
    }
}

impl Engine {
    /// Parks an event that can't be decided and answers its sender.
    pub(super) fn park(
        draft: &mut Draft,
        failed: &Occurrence,
        facts: &Facts,
        reason: &str,
    ) -> Result<Taken, store::Error> {
        add_letter(draft, failed, reason, facts.now_ms);
        match Self::answer_anyway(draft, failed, facts)? {
            Taken::Done { effects, owed, .. } => Ok(Taken::Done {
                effects,
                owed,
                parked: true,
            }),
            other @ (Taken::Duplicate | Taken::NoConversation) => Ok(other),
        }
    }

    /// Parks an event that would make the conversation too large; what stands in for one is left out.
    pub(super) fn too_large(
        draft: &mut Draft,
        occurrence: &Occurrence,
        facts: &Facts,
    ) -> Result<Taken, store::Error> {
        if is_stand_in(&occurrence.event) {
            return Ok(nothing());
        }
        Self::park(draft, occurrence, facts, "too_large")
    }

    /// The customer gets an answer even when their event could not be decided; once, not with each replay.
    fn answer_anyway(draft: &mut Draft, failed: &Occurrence, facts: &Facts) -> Result<Taken, store::Error> {
        let device = failed.event.customer_device();
        let Some(device) = device.filter(|_| Replay::parse(&failed.id).is_none()) else {
            return Ok(nothing());
        };
        let event = Event::Arrived {
            what: STAND_IN.to_owned(),
            device,
        };
        let help = Occurrence {
            event,
            ..failed.clone()
        };
        let mut before = draft.after.clone();
        let owed_news = std::mem::take(&mut before.owed_news);
        let answered = match catch_unwind(AssertUnwindSafe(|| decide::decide(&before, &help, facts))) {
            Ok(Outcome::Decided(decided)) => Self::add_decision(draft, &help, facts, *decided),
            Ok(Outcome::Needs(_)) | Err(_) => Ok(nothing()),
        };
        draft.after.owed_news.extend(owed_news);
        draft.commit.state = String::new();
        answered
    }
}

/// What is told of a letter once it is durable; the letter itself goes to the store.
pub(super) struct Parked {
    letter: String,
    reason: String,
    detail: String,
}

impl Parked {
    pub(super) fn of(letter: &DeadLetter) -> Self {
        Self {
            letter: letter.id.clone(),
            reason: letter.reason.clone(),
            detail: letter.detail.clone(),
        }
    }

    /// Counts and logs it.
    pub(super) fn tell(self) {
        let Self {
            letter,
            reason,
            detail,
        } = self;
        tracing::error!(letter, reason, detail, "an event is parked");
        metrics::counter!("sacola_dead_letters_total", "reason" => reason).increment(1);
    }
}

fn nothing() -> Taken {
    Taken::Done {
        effects: Vec::new(),
        owed: false,
        parked: false,
    }
}

fn is_stand_in(event: &Event) -> bool {
    matches!(event, Event::Arrived { what, .. } if what == STAND_IN)
}

/// An event whose decision failed is kept beside the commit that marks it as handled. A replay that fails is the letter that
/// it came from; of two letters of one commit the later event has the later time.
fn add_letter(draft: &mut Draft, occurrence: &Occurrence, reason: &str, now_ms: i64) {
    let replay = Replay::parse(&occurrence.id);
    let own_id = replay.as_ref().map_or(occurrence.id.as_str(), |replay| replay.of);
    let after_last_ms = draft.commit.dead_letters.last().map_or(0, |last| last.at_ms + 1);
    let at_ms = replay
        .as_ref()
        .map_or(now_ms.max(after_last_ms), |replay| replay.parked_at_ms);
    let letter = DeadLetter {
        id: format!("{}.{}", draft.after.home, addresses::digest(own_id)),
        reason: reason.to_owned(),
        detail: format!("deciding the event {} failed", occurrence.event.word()),
        merchant: Some(draft.merchant.clone()),
        home: Some(draft.after.home.clone()),
        at_ms,
        source: "event".to_owned(),
        body: serde_json::to_string(occurrence).unwrap_or_default(),
    };
    draft.journal.parked(&draft.after, occurrence, reason, now_ms);
    draft.after.revision += 1;
    draft.commit.state = String::new();
    draft.commit.dead_letters.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_replay_counts_up_and_keeps_the_event_and_its_place() {
        let first = replay_id("in:wamid:7:x", 1_790_000_000_000);
        assert_eq!(first, "replay:1:1790000000000:in:wamid:7:x");
        assert_eq!(first, replay_id("in:wamid:7:x", 1_790_000_000_000));
        let second = replay_id(&first, 5);
        assert_eq!(second, "replay:2:1790000000000:in:wamid:7:x");
        let read = Replay::parse(&second).unwrap();
        assert_eq!(
            (read.count, read.parked_at_ms, read.of),
            (2, 1_790_000_000_000, "in:wamid:7:x")
        );
    }

    #[test]
    fn an_event_that_only_sounds_like_a_replay_is_none() {
        for id in ["replay:x", "replay:in:x:5", "replay:1:soon:x", "in:replay:1:2:x"] {
            assert_eq!(Replay::parse(id), None, "{id}");
        }
    }
}
