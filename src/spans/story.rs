//! What steps say of a trace: which span each becomes, and whose child it is. A chain may run through many turns of a conversation
//! (webhook → decision → commit → call of the merchant → answer → decision → commit → message → status); all of it is the trace of
//! the revision that began it. Its memory is bounded, and what it has forgotten, or what happened on another replica, is told by
//! names that can be computed. It refuses to keep anything that a step does not say.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use lru::LruCache;

use super::span::{Kind, Span};
use crate::trace::lines::nobodys;
use crate::trace::{SpanId, Step, TraceId, Traced};

/// Conversations whose commit is awaited, and events whose webhook is.
const AWAITED: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();
/// Effects whose trace is known here.
const EFFECTS: NonZeroUsize = NonZeroUsize::new(16_384).unwrap();
/// Decisions that may await one commit.
const DECISIONS_MAX: usize = 64;

/// Outcomes of attempts after which all is well, or somebody has said what becomes of it.
const WELL: [&str; 5] = ["done", "accepted", "declined", "in_doubt", "postponed"];

/// A decision that awaits its commit.
#[derive(Clone, Debug)]
struct Decided {
    root: u64,
    event: &'static str,
    cause: String,
    outcome: &'static str,
    effects: usize,
    at_ms: i64,
    took_us: u64,
}

/// An effect as this replica performed it.
#[derive(Clone, Copy, Debug)]
struct Performed {
    root: u64,
    span: SpanId,
}

/// What earlier steps said.
#[derive(Debug)]
pub(super) struct Story {
    percent: u8,
    /// By conversation and revision.
    decided: LruCache<String, BTreeMap<u64, Decided>>,
    /// By the id of an event: the conversation and the revision that it made.
    arrived: LruCache<String, (String, u64)>,
    performed: LruCache<String, Performed>,
}

impl Story {
    pub(super) fn new(percent: u8) -> Self {
        Self {
            percent,
            decided: LruCache::new(AWAITED),
            arrived: LruCache::new(AWAITED),
            performed: LruCache::new(EFFECTS),
        }
    }

    /// The spans that this step completes; those of traces that are not sampled are left out.
    pub(super) fn spans_of(&mut self, traced: &Traced) -> Vec<Span> {
        let mut spans = match &traced.step {
            Step::Webhook { .. } => self.webhook(traced),
            Step::Decision { .. } => {
                self.decision(traced);
                Vec::new()
            }
            Step::Commit { .. } => self.commit(traced),
            Step::Attempt { .. } => self.attempt(traced).into_iter().collect(),
            Step::Status { .. } => self.status(traced).into_iter().collect(),
        };
        spans.retain(|span| span.trace.is_sampled(self.percent));
        spans
    }

    fn webhook(&mut self, traced: &Traced) -> Vec<Span> {
        let Step::Webhook {
            from,
            bytes,
            items,
            causes,
            http,
            took_us,
            ..
        } = &traced.step
        else {
            return Vec::new();
        };
        let (name, route) = if *from == "merchant" {
            ("callback", "/webhooks/merchants/{merchant}")
        } else {
            ("webhook", "/webhooks/whatsapp")
        };
        let mut spans = Vec::new();
        for cause in causes {
            let Some((conversation, revision)) = self.arrived.pop(cause) else {
                continue;
            };
            let names = (
                TraceId::of(&conversation, revision),
                SpanId::entry(&conversation, revision),
                None,
            );
            let span = Span::ended(names, name, Kind::Server, traced.at_ms, *took_us)
                .with("sacola.conversation", conversation.as_str())
                .with("sacola.items", items.len())
                .with("http.request.method", "POST")
                .with("http.route", route)
                .with("http.request.body.size", *bytes)
                .with("http.response.status_code", u32::from(*http))
                .failed((*http >= 500).then_some("store_refused"));
            spans.push(span);
        }
        spans
    }

    fn decision(&mut self, traced: &Traced) {
        let Step::Decision {
            conversation,
            revision,
            root,
            event,
            cause,
            outcome,
            effects,
            took_us,
        } = &traced.step
        else {
            return;
        };
        if !matches!(*outcome, "done" | "parked") {
            return;
        }
        let decided = Decided {
            root: *root,
            event,
            cause: cause.clone(),
            outcome,
            effects: effects.len(),
            at_ms: traced.at_ms,
            took_us: *took_us,
        };
        let awaiting = self
            .decided
            .get_or_insert_mut(conversation.clone(), BTreeMap::new);
        awaiting.insert(*revision, decided);
        if awaiting.len() > DECISIONS_MAX {
            awaiting.pop_first();
        }
    }

    fn commit(&mut self, traced: &Traced) -> Vec<Span> {
        let Step::Commit {
            conversation,
            revision,
            events,
            outcome,
            took_us,
        } = &traced.step
        else {
            return Vec::new();
        };
        // After any other outcome the events are decided again.
        let decided = self.decided.pop(conversation).unwrap_or_default();
        if *outcome != "committed" {
            return Vec::new();
        }
        let mut spans = Vec::new();
        for (made, one) in decided.into_iter().filter(|(made, _)| made <= revision) {
            let trace = TraceId::of(conversation, one.root);
            let (parent, link) = self.before(conversation, made, &one);
            let decide = Span::ended(
                (trace, SpanId::decision(conversation, made), parent),
                "decide",
                Kind::Internal,
                one.at_ms,
                one.took_us,
            );
            let decide = decide
                .with("sacola.conversation", conversation.as_str())
                .with("sacola.revision", made)
                .with("sacola.event", one.event)
                .with("sacola.outcome", one.outcome)
                .with("sacola.effects", one.effects)
                .failed((one.outcome == "parked").then_some("parked"))
                .linked(link);
            // What no webhook brought (a call of the API, a changed price, a late failure) begins with its decision.
            let parent = parent.unwrap_or_else(|| SpanId::decision(conversation, made));
            let commit = Span::ended(
                (trace, SpanId::commit(conversation, made), Some(parent)),
                "commit",
                Kind::Internal,
                traced.at_ms,
                *took_us,
            );
            let commit = commit
                .with("sacola.conversation", conversation.as_str())
                .with("sacola.revision", *revision)
                .with("sacola.events", *events);
            spans.extend([decide, commit]);
        }
        spans
    }

    /// Whose child a decision is, and what it has to do with beside.
    fn before(
        &mut self,
        conversation: &str,
        made: u64,
        decided: &Decided,
    ) -> (Option<SpanId>, Option<(TraceId, SpanId)>) {
        let answered = effect_of(&decided.cause);
        if let Some((effect_id, effect_revision)) = answered {
            let known = self.performed.get(effect_id).copied();
            let commit = SpanId::commit(conversation, effect_revision);
            if decided.root != made {
                return (Some(known.map_or(commit, |known| known.span)), None);
            }
            // A failure that is told late begins a trace of its own.
            let root = known.map_or(effect_revision, |known| known.root);
            let link = (TraceId::of(conversation, root), commit);
            return (None, Some(link));
        }
        let is_entry = decided.cause.starts_with("in:") || decided.cause.starts_with("callback:");
        if !is_entry {
            return (None, None);
        }
        let arrived = (conversation.to_owned(), made);
        self.arrived.put(decided.cause.clone(), arrived);
        (Some(SpanId::entry(conversation, made)), None)
    }

    fn attempt(&mut self, traced: &Traced) -> Option<Span> {
        let Step::Attempt {
            conversation,
            root,
            effect_id,
            effect,
            toward,
            attempt,
            outcome,
            code,
            message,
            took_us,
        } = &traced.step
        else {
            return None;
        };
        let (_, revision) = effect_of(effect_id)?;
        let effect: &str = effect;
        let span = SpanId::attempt((effect_id.as_str(), effect, *attempt));
        let performed = Performed { root: *root, span };
        self.performed.put(effect_id.clone(), performed);
        let (name, peer) = if *toward == "provider" {
            (format!("send {effect}"), "whatsapp")
        } else {
            (effect.to_owned(), "merchant")
        };
        let names = (
            TraceId::of(conversation, *root),
            span,
            Some(SpanId::commit(conversation, revision)),
        );
        let span = Span::ended(names, name, Kind::Client, traced.at_ms, *took_us)
            .with("sacola.conversation", conversation.as_str())
            .with("sacola.effect", effect_id.as_str())
            .with("sacola.toward", *toward)
            .with("peer.service", peer)
            .with("sacola.attempt", *attempt)
            .with("sacola.outcome", *outcome)
            .with_some("sacola.code", *code)
            .with_some("sacola.message", message.as_deref().and_then(nobodys))
            .failed((!WELL.contains(outcome)).then_some(*outcome));
        Some(span)
    }

    fn status(&mut self, traced: &Traced) -> Option<Span> {
        let Step::Status {
            effect_id: Some(effect_id),
            root,
            message,
            status,
            code,
        } = &traced.step
        else {
            return None;
        };
        let (_, revision) = effect_of(effect_id)?;
        let (conversation, _) = effect_id.split_once('.')?;
        let known = self.performed.get(effect_id).copied();
        let root = root.or(known.map(|known| known.root)).unwrap_or(revision);
        if known.is_none() {
            // Another replica sent it. When this status says that it failed, what follows here is linked to the right trace.
            let span = SpanId::commit(conversation, revision);
            self.performed.put(effect_id.clone(), Performed { root, span });
        }
        let names = (
            TraceId::of(conversation, root),
            SpanId::status(effect_id, message, status),
            Some(known.map_or(SpanId::commit(conversation, revision), |known| known.span)),
        );
        let span = Span::ended(names, format!("status {status}"), Kind::Consumer, traced.at_ms, 0)
            .with("sacola.conversation", conversation)
            .with("sacola.effect", effect_id.as_str())
            .with("sacola.status", status.as_str())
            .with("messaging.system", "whatsapp")
            .with("messaging.operation.name", "status")
            .with_some("sacola.code", *code)
            .with_some("sacola.message", nobodys(message))
            .failed((status == "failed").then_some("failed"));
        Some(span)
    }
}

/// The effect that an event's id (`<effect id>:<word>`) is about, or the effect id itself, and the revision that caused it.
fn effect_of(id: &str) -> Option<(&str, u64)> {
    let effect_id = id.split_once(':').map_or(id, |(effect_id, _)| effect_id);
    let mut parts = effect_id.split('.');
    let (home, revision, index) = (parts.next()?, parts.next()?, parts.next()?);
    let is_home = home.len() >= 4 && home.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_effect = is_home && parts.next().is_none() && index.parse::<u32>().is_ok();
    is_effect.then_some((effect_id, revision.parse().ok()?))
}

#[cfg(test)]
mod tests;
