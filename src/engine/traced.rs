//! What a turn tells to those who watch (`trace`): decisions and commits, by ids and words. It decides nothing.

use tokio::time::Instant;

use super::{Engine, Happened, Taken, What, counts};
use crate::domain::conversation::Conversation;
use crate::domain::ids::EffectId;
use crate::store::{self, CommitOutcome};
use crate::trace::{Caused, Step, took_us};

impl Engine {
    /// Tells that one event was decided, or was done before; `after` is the conversation then.
    pub(super) fn tell_decision(
        &self,
        after: &Conversation,
        happened: &Happened,
        taken: &Taken,
        watched: Option<Instant>,
    ) {
        self.parts.trace.tell(self.parts.clock.now_ms(), || {
            let (outcome, effects) = match taken {
                Taken::Done { parked: true, .. } => ("parked", Vec::new()),
                Taken::Done { effects, .. } => ("done", effects.clone()),
                Taken::Duplicate => ("duplicate", Vec::new()),
                Taken::NoConversation => ("no_conversation", Vec::new()),
            };
            let caused = |(id, effect): &(EffectId, &'static str)| Caused {
                effect_id: id.to_string(),
                effect,
            };
            Step::Decision {
                conversation: after.home.to_string(),
                revision: after.revision,
                root: happened.root.unwrap_or(after.revision),
                event: word(&happened.what),
                cause: happened.id.clone(),
                outcome,
                effects: effects.iter().map(caused).collect(),
                took_us: took_us(watched),
            }
        });
    }

    /// Tells what became of a commit of so many `events`.
    pub(super) fn tell_commit(
        &self,
        after: &Conversation,
        events: usize,
        outcome: &Result<CommitOutcome, store::Error>,
        watched: Option<Instant>,
    ) {
        self.parts.trace.tell(self.parts.clock.now_ms(), || Step::Commit {
            conversation: after.home.to_string(),
            revision: after.revision,
            events,
            outcome: counts::word(outcome),
            took_us: took_us(watched),
        });
    }
}

/// The word of what happened.
pub(super) fn word(what: &What) -> &'static str {
    match what {
        What::Event(event) => event.word(),
        What::Tap { .. } => "tapped",
    }
}
