//! Which kinds of answers came in this run, over all lives: what never came was never compared.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::asks::{Answer, Ask};

/// How an ask begins, and what an answer to it holds.
type Kind = (&'static str, &'static str);

/// Each must come when many lives are lived.
const KINDS: [Kind; 16] = [
    ("Commit(", "committed"),
    ("Commit(", "Ok(Conflict)"),
    ("Commit(", "Ok(Duplicate)"),
    ("Commit(", "Ok(StaleFacts("),
    ("Conversation(Erase ", "Ok(Erased("),
    ("Conversation(Erase ", "Ok(Conflict)"),
    ("Lane(Start ", "Ok(Refused "),
    ("Lane(Start ", "Ok(LeaseLost)"),
    ("Lane(Settle ", "Ok(LeaseLost)"),
    ("Lane(Release ", "Ok(true)"),
    ("Lane(Release ", "Ok(false)"),
    ("Lane(Status", "raised: true"),
    ("Lane(Status", "settled: true"),
    ("Name(Hold ", "Ok(false)"),
    ("Name(Begin ", "Ok(Conflict)"),
    ("Catalog(Put ", "Older"),
];

static SEEN: Mutex<BTreeSet<Kind>> = Mutex::new(BTreeSet::new());

/// Notes of which kinds an answer is, once all stores gave it.
pub fn note(ask: &Ask, answer: &Answer) {
    let asked = format!("{ask:?}");
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    for (begin, word) in KINDS {
        if asked.starts_with(begin) && answer.lines.iter().any(|line| line.contains(word)) {
            seen.insert((begin, word));
        }
    }
}

/// The kinds that never came.
pub fn missing() -> Vec<Kind> {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    KINDS.into_iter().filter(|kind| !seen.contains(kind)).collect()
}
