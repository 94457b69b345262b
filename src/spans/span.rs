//! One span, before it is encoded: names, times, and attributes that are ids, words and counts.

use crate::trace::{SpanId, TraceId};

/// What a span stands for, as OpenTelemetry counts it (OTLP 1.x, `Span.SpanKind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Work inside.
    Internal = 1,
    /// A request that came in.
    Server = 2,
    /// A request that went out.
    Client = 3,
    /// News of something that was sent before.
    Consumer = 5,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(i64::from(number))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// One span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub trace: TraceId,
    pub id: SpanId,
    pub parent: Option<SpanId>,
    pub name: String,
    pub kind: Kind,
    /// Unix time.
    pub start_us: i64,
    /// Unix time.
    pub end_us: i64,
    pub attributes: Vec<(&'static str, Value)>,
    /// A span of another trace that has to do with this one.
    pub link: Option<(TraceId, SpanId)>,
    pub failed: bool,
}

impl Span {
    /// A span that ended at `at_ms` and took so long.
    pub(super) fn ended(
        (trace, id, parent): (TraceId, SpanId, Option<SpanId>),
        name: impl Into<String>,
        kind: Kind,
        at_ms: i64,
        took_us: u64,
    ) -> Self {
        let end_us = at_ms.saturating_mul(1000);
        Self {
            trace,
            id,
            parent,
            name: name.into(),
            kind,
            start_us: end_us.saturating_sub(i64::try_from(took_us).unwrap_or(i64::MAX)),
            end_us,
            attributes: Vec::new(),
            link: None,
            failed: false,
        }
    }

    /// The same with an attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// The same with an attribute, if there is a value.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same, marked as failed when there is a word for how (OpenTelemetry semantic conventions 1.x, `error.type`).
    pub(super) fn failed(mut self, how: Option<&str>) -> Self {
        self.failed = how.is_some();
        self.with_some("error.type", how)
    }

    /// The same with a link.
    pub(super) fn linked(mut self, link: Option<(TraceId, SpanId)>) -> Self {
        self.link = link;
        self
    }
}
