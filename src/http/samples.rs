//! What webhooks tell that we have no use for: counted by kind, with a few masked samples of each, in memory, for whoever
//! wants to know what Meta has begun to send. It keeps no customer's words and no ids.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::whatsapp::inbound::shape;

/// Samples that are kept of each kind; the newest push out the oldest.
const SAMPLES_MAX: usize = 20;
/// Kinds that are told apart; further ones count as `other`, so that no sender can grow our memory.
const KINDS_MAX: usize = 200;
const OTHER: &str = "other";

/// Counters and samples by kind.
#[derive(Debug, Default)]
pub struct Samples {
    kinds: Mutex<BTreeMap<String, Kind>>,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Kind {
    count: u64,
    samples: VecDeque<String>,
}

impl Samples {
    /// Counts one and keeps its shape.
    pub fn keep(&self, what: &str, raw: Option<&str>) {
        let sample = raw.map(shape::of);
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let what = if kinds.len() < KINDS_MAX || kinds.contains_key(what) {
            what
        } else {
            OTHER
        };
        metrics::counter!("sacola_unrecognised_total", "what" => family(what)).increment(1);
        let kind = kinds.entry(what.to_owned()).or_default();
        kind.count += 1;
        if let Some(sample) = sample {
            if kind.samples.len() == SAMPLES_MAX {
                kind.samples.pop_front();
            }
            kind.samples.push_back(sample);
        }
    }

    /// `{"<kind>": {"count": n, "samples": […]}}`.
    pub fn report(&self) -> serde_json::Value {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_value(&*kinds).unwrap_or_default()
    }
}

/// What the counter tells apart; the rest of the word is whatever the provider wrote.
fn family(what: &str) -> &'static str {
    match what.split_once(':').map_or(what, |(family, _)| family) {
        "field" => "field",
        "status" => "status",
        "group" => "group",
        "history" => "history",
        _ => "type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_samples_of_each_kind_are_kept_and_all_are_counted() {
        let samples = Samples::default();
        for index in 0..25 {
            samples.keep("field:x", Some(&format!("{{\"type\":\"k\",\"n\":{index}}}")));
        }
        let report = samples.report();
        assert_eq!(report["field:x"]["count"], 25);
        assert_eq!(report["field:x"]["samples"].as_array().map(Vec::len), Some(20));
        for index in 0..300 {
            samples.keep(&format!("kind{index}"), None);
        }
        let report = samples.report();
        assert_eq!(report.as_object().map(serde_json::Map::len), Some(KINDS_MAX + 1));
        assert_eq!(report[OTHER]["count"], 101);
    }
}
