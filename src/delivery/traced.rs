//! What attempts tell to those who watch (`trace`): toward whom, how they ended, how long they took. It performs nothing.

use tokio::time::Instant;

use super::Dispatcher;
use crate::domain::event::PurchaseAnswer;
use crate::domain::message::Kind;
use crate::domain::verdict::Verdict;
use crate::engine::items;
use crate::merchants::ConnectorError;
use crate::store::Head;
use crate::trace::{Step, took_us};
use crate::whatsapp::{SendError, Sent, message_id};

impl Dispatcher {
    /// The start of an attempt, while somebody may watch.
    pub(super) fn watched(&self) -> Option<Instant> {
        self.parts.engine.trace().start()
    }

    /// What a call to the merchant about this head says of its trace; `None` while nobody collects traces.
    pub(super) fn traceparent(&self, head: &Head, effect: &'static str) -> Option<String> {
        let attempt = (head.item.effect_id.as_str(), effect, head.attempts + 1);
        let trace = self.parts.engine.trace();
        trace.traceparent(head.lane.home.as_str(), || items::root_of(&head.item), attempt)
    }

    /// Tells how a message went to the provider.
    pub(super) fn tell_send(
        &self,
        head: &Head,
        kind: Kind,
        answer: &Result<Sent, SendError>,
        watched: Option<Instant>,
    ) {
        self.parts.engine.trace().tell(self.now_ms(), || {
            let (outcome, code, message) = match answer {
                Ok(sent) => ("done", None, Some(message_id::decode(&sent.message_id).inner)),
                Err(error) => (word(error.verdict()), error.code(), None),
            };
            let ended = Ended {
                outcome,
                code,
                message,
            };
            attempt(head, (kind.word(), "provider"), ended, watched)
        });
    }

    /// Tells that a message was not sent, and why.
    pub(super) fn tell_unsent(&self, head: &Head, kind: Kind, outcome: &'static str) {
        self.parts.engine.trace().tell(self.now_ms(), || {
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, (kind.word(), "provider"), ended, None)
        });
    }

    /// Tells how a call to the merchant went: `done`, or the fault's verdict.
    pub(super) fn tell_call<T>(
        &self,
        head: &Head,
        effect: &'static str,
        answer: &Result<T, ConnectorError>,
        watched: Option<Instant>,
    ) {
        self.parts.engine.trace().tell(self.now_ms(), || {
            let outcome = answer
                .as_ref()
                .map_or_else(|error| word(error.verdict()), |_| "done");
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, (effect, "merchant"), ended, watched)
        });
    }

    /// Tells how a purchase request went.
    pub(super) fn tell_forward(
        &self,
        head: &Head,
        answer: &Result<PurchaseAnswer, ConnectorError>,
        watched: Option<Instant>,
    ) {
        self.parts.engine.trace().tell(self.now_ms(), || {
            let outcome = match answer {
                Ok(answer) => super::forward::answer_word(answer),
                Err(error) => word(error.verdict()),
            };
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, ("forward", "merchant"), ended, watched)
        });
    }
}

struct Ended {
    outcome: &'static str,
    code: Option<i64>,
    message: Option<String>,
}

fn attempt(
    head: &Head,
    (effect, toward): (&'static str, &'static str),
    ended: Ended,
    watched: Option<Instant>,
) -> Step {
    Step::Attempt {
        conversation: head.lane.home.to_string(),
        root: items::root_of(&head.item),
        effect_id: head.item.effect_id.to_string(),
        effect,
        toward,
        attempt: head.attempts + 1,
        outcome: ended.outcome,
        code: ended.code,
        message: ended.message,
        took_us: took_us(watched),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Retry { .. } => "retry",
        Verdict::Reject => "rejected",
        Verdict::Stop { .. } => "stopped",
        Verdict::Unknown => "unknown",
    }
}
