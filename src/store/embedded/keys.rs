//! Every key of the file, on one screen. Parts that come from outside are written with their length before them, so
//! that no id can lead into another's rows; the last part is written as it is, so that rows lie in its order.

use crate::domain::ids::{EffectId, HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use crate::store::{DoneMark, Interest, LaneId, UnixMs};

/// Names the file itself in an error.
pub(super) const FILE: &str = "sacola.redb";
/// The file while it is made or written anew; what a crash left of one is removed at the next start.
pub(super) const FRESH_FILE: &str = "sacola.redb.new";
/// Index of what ends, by time.
pub(super) const EXPIRY: &str = "expiry/";
/// Index of lanes, by the time when they may be served.
pub(super) const DUE: &str = "due/";
/// Index of dead letters, by time and id.
pub(super) const LETTERS: &str = "letters/";
/// Says in which format the other rows are written.
pub(super) const FORMAT: &str = "format";
/// Written to see whether writing works.
pub(super) const PROBE: &str = "probe";

fn key(space: &str, parts: &[&str], last: &str) -> String {
    let mut key = format!("{space}/");
    for part in parts {
        key.push_str(&part.len().to_string());
        key.push(':');
        key.push_str(part);
        key.push('/');
    }
    key.push_str(last);
    key
}

/// Times as text that sorts like the numbers.
pub(super) fn time(at_ms: UnixMs) -> String {
    format!("{:020}", at_ms.max(0))
}

/// The first key behind all that begin with `prefix`, which ends with `/`: `0` is the next character.
pub(super) fn end_of(prefix: &str) -> String {
    format!("{}0", prefix.strip_suffix('/').unwrap_or(prefix))
}

pub(super) fn conversation(home: &HomeId) -> String {
    key("conversation", &[], home.as_str())
}

/// What is left of an erased conversation.
pub(super) fn tombstone(home: &HomeId) -> String {
    key("erased", &[], home.as_str())
}

pub(super) fn alias(alias: &HomeId) -> String {
    key("alias", &[], alias.as_str())
}

/// The marks of one conversation and day.
pub(super) fn seen(home: &HomeId, day: i64) -> String {
    key("seen", &[home.as_str(), &day.to_string()], "")
}

pub(super) fn mark(home: &HomeId, mark: DoneMark) -> String {
    format!("{}{:016x}", seen(home, mark.day), mark.hash)
}

pub(super) fn lane(lane: &LaneId) -> String {
    format!("{}{}", key("lane", &[], lane.home.as_str()), lane.kind.letter())
}

/// `<home><letter>` behind a time: the letter is one character, so that the home needs no end mark.
pub(super) fn due(at_ms: UnixMs, lane: &LaneId) -> String {
    format!("{DUE}{}/{}{}", time(at_ms), lane.home, lane.kind.letter())
}

pub(super) fn status(effect: &EffectId) -> String {
    key("status", &[], effect.as_str())
}

pub(super) fn message(home: &HomeId, message_key: &str) -> String {
    key("message", &[home.as_str()], message_key)
}

pub(super) fn purchase(id: &PurchaseId) -> String {
    key("purchase", &[], id.as_str())
}

pub(super) fn journal(home: &HomeId) -> String {
    key("journal", &[home.as_str()], "")
}

pub(super) fn facts(merchant: &MerchantId) -> String {
    key("fact", &[merchant.as_str()], "")
}

pub(super) fn fact(merchant: &MerchantId, retailer_id: &RetailerId) -> String {
    key("fact", &[merchant.as_str()], retailer_id.as_str())
}

pub(super) fn generation(merchant: &MerchantId) -> String {
    key("generation", &[], merchant.as_str())
}

/// One marker stands for all shards: they lie in one file.
pub(super) fn marker(merchant: &MerchantId, retailer_id: &RetailerId) -> String {
    key("marker", &[merchant.as_str()], retailer_id.as_str())
}

pub(super) fn interest(shard: Shard, interest: &Interest) -> String {
    let shard = format!("{:02x}", shard.0);
    key(
        "interest",
        &[&shard, interest.merchant.as_str(), interest.retailer_id.as_str()],
        "",
    )
}

pub(super) fn records(kind: &str) -> String {
    key("record", &[kind], "")
}

pub(super) fn record(kind: &str, id: &str) -> String {
    key("record", &[kind], id)
}

pub(super) fn secret(name: &str) -> String {
    key("secret", &[], name)
}

pub(super) fn hold(name: &str) -> String {
    key("hold", &[], name)
}

pub(super) fn idempotency(idempotency_key: &str) -> String {
    key("idempotency", &[], idempotency_key)
}

pub(super) fn letter(id: &str) -> String {
    key("letter", &[], id)
}

/// Where a letter lies in the order of time, under [`LETTERS`] or under a reason.
pub(super) fn letter_place(at_ms: UnixMs, id: &str) -> String {
    format!("{}/{id}", time(at_ms))
}

pub(super) fn letters_of_reason(reason: &str) -> String {
    key("letter-reason", &[reason], "")
}

pub(super) fn expiry(at_ms: UnixMs, target: &str) -> String {
    format!("{EXPIRY}{}/{target}", time(at_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_a_slash_leads_into_nobody_elses_rows() {
        let merchant = MerchantId::new("m");
        let home = HomeId::new("01");
        let plain = Interest {
            merchant: merchant.clone(),
            retailer_id: RetailerId::new("a"),
        };
        let sly = Interest {
            merchant,
            retailer_id: RetailerId::new("a/b"),
        };
        let row = format!("{}{home}", interest(home.shard(), &sly));
        assert!(!row.starts_with(&interest(home.shard(), &plain)));
    }

    #[test]
    fn the_end_of_a_prefix_lies_behind_all_its_rows_and_before_its_neighbours() {
        let prefix = records("kind");
        let end = end_of(&prefix);
        assert!(record("kind", "\u{10ffff}") < end);
        assert!(record("kind", "") < end && end > prefix);
        assert!(records("kine") > end);
    }

    #[test]
    fn times_sort_as_numbers_do() {
        assert!(time(9) < time(10));
        assert!(time(-5) == time(0));
    }
}
