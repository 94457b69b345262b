//! Names of traces and spans, computed from what is durable: the conversation's home id, revisions, effect ids. Nothing is kept,
//! so a replica that performs what another one committed tells the same trace, and so does one that was started a second ago.

use std::fmt;

use sha2::{Digest, Sha256};

use super::Trace;

/// Names a trace: all that one event of the outside led to. Displayed as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceId([u8; 16]);

/// Names a span within its trace. Displayed as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpanId([u8; 8]);

impl TraceId {
    /// The trace of the event that made the conversation's revision `root`.
    pub fn of(conversation: &str, root: u64) -> Self {
        Self(digest(&format!("trace\n{conversation}\n{root}")))
    }

    /// Whether it is among the `percent` of a hundred traces that are collected: every replica says the same.
    pub fn is_sampled(self, percent: u8) -> bool {
        let low = self
            .0
            .iter()
            .skip(8)
            .fold(0_u64, |low, byte| (low << 8) | u64::from(*byte));
        low % 100 < u64::from(percent)
    }
}

impl SpanId {
    /// The webhook or callback that brought the event of a revision.
    pub fn entry(conversation: &str, revision: u64) -> Self {
        Self(digest(&format!("webhook\n{conversation}\n{revision}")))
    }

    /// The decision that made a revision.
    pub fn decision(conversation: &str, revision: u64) -> Self {
        Self(digest(&format!("decide\n{conversation}\n{revision}")))
    }

    /// The commit that made a revision durable.
    pub fn commit(conversation: &str, revision: u64) -> Self {
        Self(digest(&format!("commit\n{conversation}\n{revision}")))
    }

    /// An attempt to perform an effect: its id, its kind, which attempt.
    pub fn attempt((effect_id, effect, attempt): (&str, &str, u32)) -> Self {
        Self(digest(&format!("attempt\n{effect_id}\n{effect}\n{attempt}")))
    }

    /// A status of the message that an effect sent; told twice, it is one span.
    pub fn status(effect_id: &str, message: &str, status: &str) -> Self {
        Self(digest(&format!("status\n{effect_id}\n{message}\n{status}")))
    }
}

fn digest<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0_u8; N];
    for (byte, from) in bytes.iter_mut().zip(Sha256::digest(text.as_bytes())) {
        *byte = from;
    }
    bytes
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Trace {
    /// From now on traces have names, and calls to merchants carry them: somebody collects `percent` of a hundred. Once.
    pub fn collect(&self, percent: u8) {
        if let Some(inner) = &self.0 {
            inner.collected_percent.get_or_init(|| percent);
        }
    }

    /// True while somebody collects traces.
    pub fn is_collected(&self) -> bool {
        self.percent().is_some()
    }

    fn percent(&self) -> Option<u8> {
        self.0.as_ref()?.collected_percent.get().copied()
    }

    /// The name of a trace, while somebody collects it.
    pub fn trace_id(&self, conversation: &str, root: impl FnOnce() -> u64) -> Option<TraceId> {
        let percent = self.percent()?;
        let id = TraceId::of(conversation, root());
        id.is_sampled(percent).then_some(id)
    }

    /// `traceparent` of the calls that an attempt makes; `None` while nobody collects traces. What is not sampled says so.
    pub fn traceparent(
        &self,
        conversation: &str,
        root: impl FnOnce() -> u64,
        attempt: (&str, &str, u32),
    ) -> Option<String> {
        let percent = self.percent()?;
        let trace = TraceId::of(conversation, root());
        let flags = if trace.is_sampled(percent) { "01" } else { "00" };
        Some(format!("00-{trace}-{}-{flags}", SpanId::attempt(attempt)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "a30123456789abcdef0123";

    #[test]
    fn every_replica_computes_the_same_names() {
        let trace = TraceId::of(HOME, 7);

        assert_eq!(trace, TraceId::of(HOME, 7));
        assert_ne!(trace, TraceId::of(HOME, 8));
        assert_eq!(trace.to_string().len(), 32);
        assert_eq!(SpanId::commit(HOME, 7).to_string().len(), 16);
        assert_ne!(SpanId::commit(HOME, 7), SpanId::decision(HOME, 7));
    }

    #[test]
    fn a_traceparent_is_made_only_while_traces_are_collected() {
        let attempt = ("a30123456789abcdef0123.9.0", "submit", 1);
        let trace = Trace::on_demand();
        assert_eq!(trace.traceparent(HOME, || 7, attempt), None);

        trace.collect(100);
        let all = trace.traceparent(HOME, || 7, attempt).unwrap();
        let none = Trace::on_demand();
        none.collect(0);
        let unsampled = none.traceparent(HOME, || 7, attempt).unwrap();

        let expected = format!("00-{}-{}", TraceId::of(HOME, 7), SpanId::attempt(attempt));
        assert_eq!(all, format!("{expected}-01"));
        assert_eq!(unsampled, format!("{expected}-00"));
        assert_eq!(none.trace_id(HOME, || 7), None);
    }

    #[test]
    fn about_as_many_are_sampled_as_were_asked_for() {
        let sampled = (0..1000)
            .filter(|root| TraceId::of(HOME, *root).is_sampled(20))
            .count();

        assert!((120..280).contains(&sampled), "{sampled}");
    }
}
