//! The three stores side by side: asks each the same, compares what they say, and tells the whole story when they differ. It
//! refuses to know what is asked.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use sacola::store::DeliveryStatus::{Delivered, Failed, Read, Sent};
use sacola::store::{Head, LaneKind, Store};
use tokio::runtime::{Builder, Runtime};

use super::asks::{Answer, Ask, Span, answer};
use super::known::{HOMES, HeadPick, Known};
use super::lanes::{How, KEYS, LaneAsk};
use super::names::NameAsk;
use super::seen;
use crate::store::harness::{Embedded, NOW, redis};
use crate::support::model_store::ModelStore;

/// So much of each answer stands in the story.
const TOLD_CHARS: usize = 600;

/// One store and what it gave.
pub struct Side {
    name: &'static str,
    pub store: Arc<dyn Store>,
    heads: Vec<Head>,
    tokens: BTreeSet<String>,
}

impl Side {
    fn new(name: &'static str, store: Arc<dyn Store>) -> Self {
        Self {
            name,
            store,
            heads: Vec::new(),
            tokens: BTreeSet::new(),
        }
    }

    /// A head as this store gave it, and its place.
    pub fn head(&self, known: &Known, pick: HeadPick) -> Option<(usize, &Head)> {
        let place = known.head(pick)?;
        Some((place, self.heads.get(place)?))
    }

    fn keep(&mut self, given: &[Head]) {
        for head in given {
            let token = head.lease.token.clone();
            let is_new = self.tokens.insert(token);
            assert!(is_new, "{} gave the token of {head:?} before", self.name);
            self.heads.push(head.clone());
        }
    }
}

/// The system under test. What stands first in it ends first: the stores before the file, the file before the runtime.
pub struct Stores {
    known: Known,
    model: Arc<ModelStore>,
    sides: Vec<Side>,
    story: Vec<String>,
    _embedded: Option<Embedded>,
    runtime: Runtime,
}

impl Stores {
    /// The model, a file of its own, and a key prefix of its own on the Redis of all tests.
    pub fn open() -> Self {
        let runtime = runtime();
        let embedded = Embedded::open();
        let others = vec![
            Side::new("redb", embedded.store()),
            Side::new("Redis", runtime.block_on(redis())),
        ];
        Self {
            _embedded: Some(embedded),
            ..Self::beside(others, runtime)
        }
    }

    /// The model and others.
    fn beside(others: Vec<Side>, runtime: Runtime) -> Self {
        let model = Arc::new(ModelStore::default());
        let mut sides = vec![Side::new("the model", Arc::<ModelStore>::clone(&model))];
        sides.extend(others);
        Self {
            known: Known::new(),
            model,
            sides,
            story: Vec::new(),
            _embedded: None,
            runtime,
        }
    }

    /// Asks all; answers how many lanes were given.
    pub fn ask(&mut self, ask: &Ask) -> usize {
        if let Ask::Pass(span) = ask {
            self.known.now_ms += span.ms();
        }
        self.known.due_ms = self.model.look(|model| {
            let lanes = model.all_lanes().iter();
            let due = lanes.filter_map(|(id, lane)| Some((id.clone(), lane.due_ms?)));
            due.collect()
        });
        let mut answers: Vec<Answer> = Vec::new();
        for side in &self.sides {
            answers.push(self.runtime.block_on(answer(side, &self.known, ask)));
        }
        let expected = &answers[0];
        self.tell(ask, expected);
        for (side, found) in self.sides.iter().zip(&answers) {
            if found.lines != expected.lines {
                self.differ(side.name, ask, expected, found);
            }
        }
        for (side, found) in self.sides.iter_mut().zip(&answers) {
            side.keep(&found.given);
        }
        self.known.note(expected);
        seen::note(ask, expected);
        expected.given.len()
    }

    /// Compares what is left: everything that can be read, then each lane by serving it until it is empty, then the delivery
    /// statuses.
    pub fn end(mut self) {
        self.ask(&Ask::Everything);
        self.ask(&Ask::Pass(Span::Hour));
        for home in 0..HOMES {
            for kind in [LaneKind::Provider, LaneKind::Merchant] {
                let mut given = self.ask(&Ask::Lane(LaneAsk::Claim { home, kind }));
                while given > 0 {
                    given = self.ask(&Ask::Lane(LaneAsk::Settle {
                        head: HeadPick::Given(0),
                        how: How::Sent,
                    }));
                }
            }
        }
        self.ask(&Ask::Everything);
        let due = &self.known.due_ms;
        assert!(due.is_empty(), "not served to the end: {due:?}{}", self.told());
        for status in [Sent, Delivered, Read, Failed] {
            self.ask(&Ask::Lane(LaneAsk::StatusOfAll { status }));
        }
        for home in 0..HOMES {
            for key in 0..KEYS {
                self.ask(&Ask::Lane(LaneAsk::StatusByKey {
                    home,
                    key,
                    status: Sent,
                }));
            }
        }
        for side in &self.sides {
            self.runtime.block_on(side.store.close());
        }
    }

    fn tell(&mut self, ask: &Ask, answer: &Answer) {
        let lines = if matches!(ask, Ask::Everything) {
            "all that can be read".to_owned()
        } else {
            answer.lines.join(" / ")
        };
        let told: String = lines.chars().take(TOLD_CHARS).collect();
        let (place, after_ms) = (self.story.len() + 1, self.known.now_ms - NOW);
        self.story
            .push(format!("{place}. +{after_ms} ms {ask:?}\n   {told}"));
    }

    fn told(&self) -> String {
        format!("\n{}\n", self.story.join("\n"))
    }

    /// Ends the life without the words that a panic prints by itself: a life is shortened many times, and only the last of
    /// them is worth reading.
    fn differ(&self, name: &str, ask: &Ask, expected: &Answer, found: &Answer) -> ! {
        let mut text = format!("{name} does not answer as the model does:{}", self.told());
        writeln!(text, "to {ask:?}").unwrap();
        for place in 0..expected.lines.len().max(found.lines.len()) {
            let (ours, theirs) = (expected.lines.get(place), found.lines.get(place));
            if ours != theirs {
                writeln!(text, "the model: {ours:?}\n{name}: {theirs:?}").unwrap();
            }
        }
        resume_unwind(Box::new(text))
    }
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

#[test]
fn a_store_that_answers_otherwise_is_named_with_both_answers() {
    let runtime = runtime();
    let other = ModelStore::default();
    let kept = runtime.block_on(other.secret("secret 0", "candidate 0"));
    assert_eq!(kept.unwrap(), "candidate 0");
    let mut stores = Stores::beside(vec![Side::new("the other", Arc::new(other))], runtime);
    let secret = |candidate| Ask::Name(NameAsk::Secret { name: 0, candidate });
    stores.ask(&Ask::Everything);
    let ended = catch_unwind(AssertUnwindSafe(|| stores.ask(&secret(1))));
    let told = ended.expect_err("the secrets differ");
    let told = told.downcast_ref::<String>().expect("a text");
    assert!(
        told.starts_with("the other does not answer as the model does"),
        "{told}"
    );
    assert!(
        told.contains("candidate 0") && told.contains("candidate 1"),
        "{told}"
    );
}
