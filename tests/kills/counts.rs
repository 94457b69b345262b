//! What a fault cost: counted from what customers were acknowledged, what the outside got and what the store holds, and
//! written down as one row of the table in docs/RELIABILITY.md. What a fault may cost is asserted by the test that made it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::crowd::{Crowd, Deed};
use super::outside::Accepted;
use super::stand::Stand;

/// Findings that are kept as sentences.
const FOUND_MAX: usize = 20;

/// What one scenario found, over all of its runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Which fault, on which store: the row's key in the table.
    pub fault: String,
    pub runs: u32,
    /// Things that were answered with 200, or by a write that the store confirmed.
    pub acknowledged: u64,
    /// Acknowledged, and not there afterwards.
    pub lost: u64,
    /// There more than once.
    pub doubled: u64,
    /// What the reader must know about the figures; empty when they speak for themselves. No `|` and no `"`, here and above.
    pub note: String,
}

impl Row {
    /// Appends the row as one line of JSON to the file that `scripts/faults` makes the table of: `SACOLA_FAULT_ROWS`, or
    /// `reliability` in cargo's folder for tests.
    pub fn report(&self) {
        let file = match std::env::var_os("SACOLA_FAULT_ROWS") {
            Some(file) => PathBuf::from(file),
            None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("reliability"),
        };
        let mut line = serde_json::to_string(self).unwrap();
        line.push('\n');
        let mut rows = OpenOptions::new().create(true).append(true).open(&file).unwrap();
        rows.write_all(line.as_bytes()).unwrap();
    }
}

/// True when `SACOLA_FAULT_RUNS` is set: what takes a minute is waited for then.
pub fn is_thorough() -> bool {
    std::env::var_os("SACOLA_FAULT_RUNS").is_some()
}

/// How often a scenario is run: once, or what `SACOLA_FAULT_RUNS` says.
pub fn runs() -> u32 {
    let asked = std::env::var_os("SACOLA_FAULT_RUNS");
    let runs: Option<u32> = asked.and_then(|runs| runs.to_str()?.parse().ok());
    runs.unwrap_or(1).max(1)
}

/// What one run of a crowd cost, or several.
#[derive(Clone, Debug, Default)]
pub struct Toll {
    pub runs: u32,
    /// Webhooks of customers that were answered with 200.
    pub acknowledged: u64,
    /// Confirmations without a purchase or without their answer; orders and taps that left no trace; customers whose last
    /// message never came, and lanes that never emptied.
    pub lost: u64,
    /// Second purchases of one confirmation; orders and taps that were decided twice.
    pub doubled: u64,
    /// Purchases at the merchant.
    pub purchases: u64,
    /// Messages that the provider took, the repeated ones counted once.
    pub messages: u64,
    /// Messages that the provider took more than once.
    pub messages_doubled: u64,
    /// How often it took the most frequent one.
    pub most: u64,
    /// Messages that came after a later one of their conversation.
    pub out_of_order: u64,
    /// Customers who did not come to their end.
    pub unfinished: u64,
    /// Tries that were refused as wrong, though nothing was wrong with them.
    pub refused: u64,
    /// The first findings, as sentences.
    pub found: Vec<String>,
}

impl Toll {
    /// Counts what became of everything that the crowd was acknowledged.
    pub async fn of(stand: &Stand, crowd: &Crowd) -> Self {
        let mut toll = Self {
            runs: 1,
            ..Self::default()
        };
        let orders = stand.outside.orders();
        for deed in crowd.deeds() {
            toll.acknowledged += deed.said;
            if !deed.is_done {
                toll.unfinished += 1;
                toll.finds(&deed, "did not come to the end");
            }
            let messages = stand.outside.messages_to(&deed.wa_id);
            toll.counts_purchases(&deed, orders.get(&deed.wa_id).copied().unwrap_or(0), &messages);
            toll.counts_messages(&deed, &messages);
            let conversation = stand.conversation(&deed.user_id).await;
            toll.counts_events(&deed, &conversation);
        }
        (toll.messages_doubled, toll.most) = stand.outside.repeated();
        let untaken = stand.post.untaken();
        toll.refused = untaken.wrong();
        if toll.refused > 0 {
            toll.found
                .insert(0, format!("what was posted was refused: {untaken:?}"));
        }
        let (posted, reused) = stand.outside.purchases_posted();
        assert!(posted >= toll.purchases, "the shop counts wrongly");
        assert_eq!(reused, 0, "a purchase was repeated with another body");
        toll
    }

    fn finds(&mut self, deed: &Deed, what: &str) {
        if self.found.len() < FOUND_MAX {
            self.found.push(format!("{} {what}: {deed:?}", deed.wa_id));
        }
    }

    fn counts_purchases(&mut self, deed: &Deed, bought: u64, messages: &[Accepted]) {
        self.purchases += bought;
        if bought > 1 {
            self.doubled += bought - 1;
            self.finds(deed, "bought more than once");
        }
        if deed.confirmed && bought == 0 {
            self.lost += 1;
            self.finds(deed, "confirmed and bought nothing");
        } else if deed.confirmed && !messages.iter().any(is_acceptance) {
            self.lost += 1;
            self.finds(deed, "bought and was not told");
        }
    }

    fn counts_messages(&mut self, deed: &Deed, messages: &[Accepted]) {
        let mut seen = BTreeSet::new();
        let mut latest = (0, 0);
        for message in messages {
            if !seen.insert(message.effect.as_str()) {
                continue;
            }
            self.messages += 1;
            if message.place() < latest {
                self.out_of_order += 1;
                self.finds(deed, &format!("got {} {} too late", message.kind, message.effect));
            }
            latest = latest.max(message.place());
        }
    }

    /// Each acknowledged webhook is one event of the conversation, and each tap one unit in the cart.
    fn counts_events(&mut self, deed: &Deed, conversation: &Value) {
        let timeline = conversation["timeline"].as_array();
        let inbound = timeline
            .into_iter()
            .flatten()
            .filter(|trace| trace["direction"] == "in");
        let decided = u64::try_from(inbound.count()).unwrap();
        let cart = cart_of(conversation);
        let is_missing = |product: &&&'static str| !cart.contains_key(**product);
        let missing = deed.tapped.iter().filter(is_missing).count();
        let missing = u64::try_from(missing).unwrap();
        let units: u64 = cart.values().sum();
        let tapped = u64::try_from(deed.tapped.len()).unwrap();
        let lost = deed.said.saturating_sub(decided).max(missing);
        if lost > 0 {
            self.lost += lost;
            self.finds(
                deed,
                &format!("was acknowledged more than was decided: {conversation}"),
            );
        }
        let twice = decided
            .saturating_sub(deed.said)
            .max((units + missing).saturating_sub(tapped));
        // What was decided and not acknowledged yet is neither lost nor doubled.
        if deed.is_done && twice > 0 {
            self.doubled += twice;
            self.finds(
                deed,
                &format!("was decided more often than acknowledged: {conversation}"),
            );
        }
    }

    /// Counts what is left in the store once everything came to rest.
    pub fn leaves(&mut self, left: Vec<String>) {
        self.lost += u64::try_from(left.len()).unwrap();
        self.found.extend(left);
        self.found.truncate(FOUND_MAX);
    }

    /// The same over several runs.
    pub fn joins(&mut self, other: Self) {
        self.runs += other.runs;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.purchases += other.purchases;
        self.messages += other.messages;
        self.messages_doubled += other.messages_doubled;
        self.most = self.most.max(other.most);
        self.out_of_order += other.out_of_order;
        self.unfinished += other.unfinished;
        self.refused += other.refused;
        self.found.extend(other.found);
        self.found.truncate(FOUND_MAX);
    }

    /// Writes the row down; `note` follows the counts of purchases and messages.
    pub fn report(&self, fault: &str, note: &str) {
        let counts = format!(
            "{} purchases; {} messages, {} of them sent twice",
            self.purchases, self.messages, self.messages_doubled
        );
        let note = if note.is_empty() {
            counts
        } else {
            format!("{counts}; {note}")
        };
        Row {
            fault: fault.to_owned(),
            runs: self.runs,
            acknowledged: self.acknowledged,
            lost: self.lost,
            doubled: self.doubled,
            note,
        }
        .report();
    }

    /// Nothing that was acknowledged is lost or doubled, nothing was refused as wrong, and everybody came to the end.
    pub fn holds(&self, fault: &str) {
        assert!(self.acknowledged > 0, "{fault}: nothing was acknowledged");
        let counts = (self.unfinished, self.refused, self.lost, self.doubled);
        assert_eq!(
            counts,
            (0, 0, 0, 0),
            "{fault}: (unfinished, refused, lost, doubled); {:#?}",
            self.found
        );
    }
}

fn is_acceptance(message: &Accepted) -> bool {
    message.kind == "purchase_accepted"
}

/// True when everything that was confirmed is bought, and its customer told.
pub fn is_answered(stand: &Stand, crowd: &Crowd) -> bool {
    let orders = stand.outside.orders();
    let mut confirmed = crowd.deeds().into_iter().filter(|deed| deed.confirmed);
    confirmed.all(|deed| {
        let messages = stand.outside.messages_to(&deed.wa_id);
        orders.contains_key(&deed.wa_id) && messages.iter().any(is_acceptance)
    })
}

/// Units by product.
fn cart_of(conversation: &Value) -> BTreeMap<String, u64> {
    let carts = conversation["carts"].as_array();
    let lines = carts
        .into_iter()
        .flatten()
        .filter_map(|cart| cart["lines"].as_array())
        .flatten();
    lines
        .map(|line| {
            let product = line["retailer_id"].as_str().unwrap_or_default().to_owned();
            (product, line["quantity"].as_u64().unwrap_or(0))
        })
        .collect()
}
