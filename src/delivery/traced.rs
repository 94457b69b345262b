//! What attempts tell to those who watch (`trace`) and to the counters: toward whom, how they ended, how long they took. It performs
//! nothing.

use tokio::time::Instant;

use super::{Dispatcher, counts};
use crate::domain::event::PurchaseAnswer;
use crate::domain::ids::MerchantId;
use crate::domain::message::Kind;
use crate::domain::verdict::Verdict;
use crate::engine::items;
use crate::merchants::ConnectorError;
use crate::store::Head;
use crate::trace::{Step, took_us};
use crate::whatsapp::{SendError, Sent, message_id};

impl Dispatcher {
    /// What a call to the merchant about this head says of its trace; `None` while nobody collects traces.
    pub(super) fn traceparent(&self, head: &Head, effect: &'static str) -> Option<String> {
        let attempt = (head.item.effect_id.as_str(), effect, head.attempts + 1);
        let trace = self.parts.engine.trace();
        trace.traceparent(head.lane.home.as_str(), || items::root_of(&head.item), attempt)
    }

    /// The name of this head's trace, for a line of the log; `None` while nobody collects it.
    pub(super) fn trace_id(&self, head: &Head) -> Option<String> {
        let trace = self.parts.engine.trace();
        let id = trace.trace_id(head.lane.home.as_str(), || items::root_of(&head.item))?;
        Some(id.to_string())
    }

    /// Tells and counts how a message went to the provider.
    pub(super) fn tell_send(
        &self,
        head: &Head,
        kind: Kind,
        answer: &Result<Sent, SendError>,
        began: Instant,
    ) {
        let (outcome, code) = match answer {
            Ok(_) => ("done", None),
            Err(error) => (word(error.verdict()), error.code()),
        };
        counts::attempt("provider", outcome, code, began.elapsed());
        self.parts.engine.trace().tell(self.now_ms(), || {
            let message = answer
                .as_ref()
                .ok()
                .map(|sent| message_id::decode(&sent.message_id).inner);
            let ended = Ended {
                outcome,
                code,
                message,
            };
            attempt(head, (kind.word(), "provider"), ended, Some(began))
        });
    }

    /// Tells and counts that a message was not sent, and why.
    pub(super) fn tell_unsent(&self, head: &Head, kind: Kind, outcome: &'static str) {
        counts::unmade("provider", outcome);
        self.parts.engine.trace().tell(self.now_ms(), || {
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, (kind.word(), "provider"), ended, None)
        });
    }

    /// Tells and counts how a call to the merchant went: `done`, or the fault's verdict.
    pub(super) fn tell_call<T>(
        &self,
        head: &Head,
        (merchant, effect): (&MerchantId, &'static str),
        answer: &Result<T, ConnectorError>,
        began: Instant,
    ) {
        let outcome = verdict_of(answer);
        counts::call(merchant, outcome, began.elapsed());
        self.parts.engine.trace().tell(self.now_ms(), || {
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, (effect, "merchant"), ended, Some(began))
        });
    }

    /// Tells and counts how a purchase request went.
    pub(super) fn tell_forward(
        &self,
        head: &Head,
        merchant: &MerchantId,
        answer: &Result<PurchaseAnswer, ConnectorError>,
        began: Instant,
    ) {
        let verdict = verdict_of(answer);
        counts::call(merchant, verdict, began.elapsed());
        self.parts.engine.trace().tell(self.now_ms(), || {
            let outcome = answer.as_ref().map_or(verdict, super::forward::answer_word);
            let ended = Ended {
                outcome,
                code: None,
                message: None,
            };
            attempt(head, ("forward", "merchant"), ended, Some(began))
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

fn verdict_of<T>(answer: &Result<T, ConnectorError>) -> &'static str {
    answer
        .as_ref()
        .map_or_else(|error| word(error.verdict()), |_| "done")
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Retry { .. } => "retry",
        Verdict::Reject => "rejected",
        Verdict::Stop { .. } => "stopped",
        Verdict::Unknown => "unknown",
    }
}
