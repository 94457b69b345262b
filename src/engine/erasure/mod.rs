//! Erasing a customer: everything that is kept of one person at one business number goes, in steps that can be repeated. First
//! what only their ids lead to (letters, parked statuses), then each conversation in one piece, then what was theirs beside it; at
//! last all that is kept is searched for their ids. It owns that order and the proof; it refuses to erase while a merchant has not
//! answered a purchase: that would lose the evidence of money.

use serde::Serialize;

use super::{Engine, PurchaseRecord, encoded};
use crate::domain::ids::{EffectId, HomeId, MerchantId, NumberId, PurchaseId};
use crate::domain::money::Money;
use crate::domain::purchase::PurchaseState;
use crate::store::{self, History, Removed};

mod letters;
mod others;
mod past;
mod person;
mod proof;
mod sweep;
#[cfg(test)]
mod sweep_tests;
mod texts;

pub(super) use past::is_past;
pub use proof::Proof;

use sweep::{Stage, Work};

/// Names the right to erase, which one has at a time.
const HOLD: &str = "erasure";
/// How long that right lasts; it is renewed with each part that is searched.
const HOLD_MS: i64 = 60_000;
/// How often a conversation that changes meanwhile is tried.
const TRIES: usize = 5;
/// How often what was found in the end is removed once more: late statuses, a turn that was under way.
const PROOFS: usize = 3;
/// Most purchases that a refusal names.
const NAMED_MAX: usize = 5;

/// Who is to be erased.
#[derive(Clone, Debug)]
pub struct Asked {
    /// At which business number.
    pub number: NumberId,
    /// A user id or a wa_id.
    pub customer: String,
    /// On whose behalf: a merchant's letters and records only; `None`: an operator's, of all.
    pub whose: Option<MerchantId>,
    /// Only count.
    pub is_dry: bool,
}

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Conversations: carts, timeline, purchases in sight.
    pub conversations: u64,
    /// Entries of their journals.
    pub journal_entries: u64,
    /// Effects that waited in lanes: messages that were not sent, quotes that were not asked.
    pub lane_items: u64,
    /// Ids that led to a conversation.
    pub aliases: u64,
    /// Marks of events that were done.
    pub done_marks: u64,
    /// Entries in sets of products.
    pub interests: u64,
    /// Delivery statuses.
    pub statuses: u64,
    /// Keys of messages.
    pub message_keys: u64,
    /// Dead letters.
    pub dead_letters: u64,
    /// Dead letters of several people, of which this person's part went.
    pub dead_letters_trimmed: u64,
    /// Statuses that waited for their message.
    pub parked_statuses: u64,
    /// Answers to idempotent calls.
    pub idempotent_answers: u64,
    /// Limits and leases that were named after a conversation.
    pub limits: u64,
}

/// What stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Purchases that have lost whose they were, or would.
    pub purchases: u64,
    /// Tombstones: keyed digests, each with a revision and a time.
    pub tombstones: u64,
}

/// What an erasure did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// True when nothing was changed.
    pub dry_run: bool,
    /// What was removed.
    pub erased: Counts,
    /// What stays, without a name.
    pub kept: Kept,
    /// What a search through all that is kept found afterwards; of a dry run: what it finds now.
    pub proof: Proof,
    /// What became of the history on disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or counted.
    Done(Box<Report>),
    /// Nothing is kept of this customer.
    Unknown,
    /// These purchases have no answer of the merchant yet; nothing was changed.
    InFlight(Vec<PurchaseId>),
    /// Another erasure is under way, or the customer writes without a pause.
    Busy,
}

/// What [`Outcome::Busy`] means.
pub const BUSY: &str = "another erasure is under way (one that was cut off counts as such for a minute), or the customer writes \
                        without a pause; try again";

impl Engine {
    /// Erases a customer at a business number, or counts what would go. May be repeated after any failure.
    pub async fn erase(&self, asked: &Asked) -> Result<Outcome, store::Error> {
        let random = getrandom::u64().map_err(|problem| store::Error::Unavailable(problem.to_string()))?;
        let owner = format!("{random:016x}");
        let now_ms = || self.parts.clock.now_ms();
        if !self.parts.store.hold(HOLD, &owner, HOLD_MS, now_ms()).await? {
            return Ok(Outcome::Busy);
        }
        let outcome = self.erase_alone(asked, &owner).await;
        // Given back at once; when that fails, it ends by itself.
        if let Err(error) = self.parts.store.hold(HOLD, &owner, 0, now_ms()).await {
            tracing::warn!(%error, "the right to erase could not be given back");
        }
        outcome
    }

    async fn erase_alone(&self, asked: &Asked, owner: &str) -> Result<Outcome, store::Error> {
        let person = self.person(&asked.number, &asked.customer).await?;
        let mut work = Work::of(self, asked, person, owner);
        work.find_others().await?;
        let unanswered = work.person.unanswered();
        if !unanswered.is_empty() {
            return Ok(Outcome::InFlight(unanswered));
        }
        let is_known = work.person.is_known();
        if asked.is_dry {
            let proof = work.count().await?;
            if !is_known && work.has_nothing() {
                return Ok(Outcome::Unknown);
            }
            return Ok(Outcome::Done(Box::new(work.report(proof, None))));
        }
        work.sweep(Stage::Ids).await?;
        if !is_known && work.has_nothing() {
            return Ok(Outcome::Unknown);
        }
        if let Some(refused) = self.end_all(&mut work).await? {
            return Ok(refused);
        }
        self.warm.clear();
        let mut proof = Proof::default();
        for _ in 0..PROOFS {
            work.sweep(Stage::Homes).await?;
            work.end_aliases().await?;
            proof = work.prove().await?;
            if proof.found == 0 || proof.came_back {
                break;
            }
        }
        let history = self.parts.store.rewrite_history().await?;
        let report = work.report(proof, Some(history));
        tracing::info!(number = %asked.number, found = report.proof.found, "a customer was erased");
        Ok(Outcome::Done(Box::new(report)))
    }

    /// Ends every conversation of the person, as it is then; the outcome says why it was not done.
    async fn end_all(&self, work: &mut Work<'_>) -> Result<Option<Outcome>, store::Error> {
        for _ in 0..TRIES {
            if work.end_conversations().await? {
                return Ok(None);
            }
            let person = self.person(&work.asked.number, &work.asked.customer).await?;
            work.now_about(person);
            work.find_others().await?;
            let unanswered = work.person.unanswered();
            if !unanswered.is_empty() {
                return Ok(Some(Outcome::InFlight(unanswered)));
            }
        }
        Ok(Some(Outcome::Busy))
    }

    /// True when the conversation of an effect was erased after it: what becomes of the effect is nobody's any more.
    pub async fn was_erased(&self, effect: &EffectId) -> Result<bool, store::Error> {
        let Some(home) = effect.home() else {
            return Ok(false);
        };
        let loaded = self.load(vec![home.clone()], Vec::new(), &[]).await?;
        let state = loaded
            .conversations
            .into_iter()
            .next()
            .and_then(|stored| stored.state);
        let Some(state) = state else {
            return Ok(true);
        };
        // What can't be read was not erased.
        let present = encoded::decode(&state, home.as_str()).ok();
        let erased = present.and_then(|conversation| conversation.erased);
        Ok(erased.is_some_and(|erased| effect.revision() <= erased.revision))
    }

    /// News of a purchase whose customer was erased: its state moves on and nobody is told. False when there is no such purchase.
    pub async fn takes_news_of_nobodys(
        &self,
        id: &PurchaseId,
        next: PurchaseState,
        total: Option<&Money>,
    ) -> Result<bool, store::Error> {
        let record = self.purchase(id).await?;
        let Some(mut record) = record.filter(PurchaseRecord::is_nobodys) else {
            return Ok(false);
        };
        let is_other_amount =
            next == PurchaseState::Paid && total.is_some_and(|told| *told != record.purchase.quote.total);
        let next = if is_other_amount {
            PurchaseState::NeedsReview
        } else {
            next
        };
        if record.purchase.state.moves_to(next) {
            record.purchase.state = next;
            self.put_record_of(&record).await?;
        }
        Ok(true)
    }

    async fn put_record_of(&self, record: &PurchaseRecord) -> Result<(), store::Error> {
        let id = &record.purchase.purchase_id;
        let encoded = serde_json::to_string(record).map_err(|error| store::Error::Corrupt {
            key: id.to_string(),
            problem: error.to_string(),
        })?;
        self.parts.store.put_purchase(id, &encoded).await
    }
}

impl PurchaseRecord {
    /// True when its customer was erased.
    pub fn is_nobodys(&self) -> bool {
        self.home.as_str().is_empty()
    }

    /// What the books need, and nothing that leads to the customer.
    fn without_owner(mut self) -> Self {
        self.home = HomeId::new("");
        self.purchase.note = None;
        self.purchase.payment_url = None;
        self.purchase.pix = None;
        self.purchase.tracking_url = None;
        // The merchant's words may name somebody.
        self.purchase.review = None;
        self
    }
}

impl Counts {
    fn add(&mut self, removed: Removed) {
        self.conversations += removed.conversations;
        self.journal_entries += removed.journal_entries;
        self.lane_items += removed.lane_items;
        self.aliases += removed.aliases;
        self.done_marks += removed.marks;
        self.interests += removed.interest;
    }
}

/// Why an erasure must wait, and for what.
pub fn in_flight(purchases: &[PurchaseId]) -> String {
    let named: Vec<&str> = purchases.iter().take(NAMED_MAX).map(PurchaseId::as_str).collect();
    format!(
        "the merchant has not answered {} of this customer's purchases ({}): erasing now would lose the evidence of money. Nothing \
         was changed. Wait for the answer (at most 24 hours, then a person must look), and try again",
        purchases.len(),
        named.join(", ")
    )
}

fn in_words(history: History) -> String {
    match history {
        History::Rewritten => "rewritten".to_owned(),
        History::Started => "the servers are still writing their append-only files anew".to_owned(),
        History::None => {
            "no append-only file; a snapshot (dump.rdb), if there is one, is the next one's to replace"
                .to_owned()
        }
        History::Kept(why) => format!("not rewritten: {why}"),
    }
}
