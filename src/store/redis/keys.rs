//! Every key that the store uses, on one screen. The part in braces decides the cluster slot: all that one commit touches
//! carries its conversation's shard tag. Texts from outside (ids, names) stand after the braces, or alone inside them.

use serde::Serialize;

use crate::domain::ids::{HomeId, MerchantId, PurchaseId, RetailerId, Shard};
use crate::store::{Interest, LaneId};

use super::shards::tag;

/// Builds keys; owns the prefix that separates stores on one server.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    prefix: String,
}

/// The keys of one lane, as the scripts know them (see `scripts/lane.lua`); `st` is a prefix.
///
/// No lane ever ends, with one exception: the `l` of an EMPTIED lane ends after an hour, so that lanes that nobody uses any
/// more take no memory; the next commit to the lane makes it lasting again. It then holds no item and no lease, only the last
/// sent revision and the pace, and nobody misses them: a pace lasts seconds, and what is appended later has a later
/// revision, so that the last sent one can't make it old ([`crate::store::Head::newer_exists`]).
#[derive(Clone, Debug, Serialize)]
pub(super) struct LaneKeys {
    pub(super) l: String,
    st: String,
    pub(super) due: String,
    m: String,
    k: char,
}

/// The keys of the dead letters, as the scripts know them (see `scripts/letter.lua`); `mz`, `rz` and `bz` are prefixes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LetterKeys {
    pub(super) h: String,
    i: String,
    pub(super) z: String,
    mz: String,
    rz: String,
    bz: String,
    rs: String,
}

#[rustfmt::skip]
impl Keys {
    pub(super) fn new(prefix: &str) -> Self { Self { prefix: prefix.to_owned() } }

    /// What a key of ours is without the prefix.
    pub(super) fn own<'k>(&self, key: &'k str) -> Option<&'k str> { key.strip_prefix(self.prefix.as_str()) }

    /// What all our keys match, for SCAN.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for char in self.prefix.chars() {
            if matches!(char, '*' | '?' | '[' | ']' | '\\' | '^') { pattern.push('\\'); }
            pattern.push(char);
        }
        pattern.push('*');
        pattern
    }

    fn at(&self, family: &str, shard: Shard, rest: &str) -> String {
        format!("{}{family}:{{{}}}{rest}", self.prefix, tag(shard))
    }

    // one conversation
    pub(super) fn conversation(&self, home: &HomeId) -> String { self.at("conv", home.shard(), &format!(":{home}")) }
    pub(super) fn seen(&self, home: &HomeId, day: i64) -> String { self.at("seen", home.shard(), &format!(":{home}:{day}")) }
    pub(super) fn journal(&self, home: &HomeId) -> String { self.at("jr", home.shard(), &format!(":{home}")) }
    pub(super) fn alias(&self, alias: &HomeId) -> String { self.at("alias", alias.shard(), &format!(":{alias}")) }
    pub(super) fn message(&self, home: &HomeId, key: &str) -> String { self.at("msg", home.shard(), &format!(":{home}:{key}")) }
    fn status_prefix(&self, shard: Shard) -> String { self.at("st", shard, ":") }
    pub(super) fn lane(&self, lane: &LaneId) -> LaneKeys {
        let (shard, member) = (lane.home.shard(), lane_member(lane));
        LaneKeys {
            l: self.at("l", shard, &format!(":{member}")),
            st: self.status_prefix(shard),
            due: self.due(shard),
            k: lane.kind.letter(),
            m: member,
        }
    }

    // one shard
    pub(super) fn due(&self, shard: Shard) -> String { self.at("due", shard, "") }
    pub(super) fn lanes(&self, shard: Shard) -> String { self.at("l", shard, ":") }
    pub(super) fn markers(&self, shard: Shard) -> String { self.at("pv", shard, "") }
    pub(super) fn interest(&self, shard: Shard, of: &Interest) -> String { self.at("int", shard, &format!(":{}|{}", of.merchant, of.retailer_id)) }
    pub(super) fn purchase(&self, id: &PurchaseId) -> String { self.at("pur", id.shard(), &format!(":{id}")) }
    pub(super) fn beat(&self, shard: Shard) -> String { self.at("beat", shard, "") }

    /// The beat in the slot of any of these keys.
    pub(super) fn beat_beside(&self, key: &str) -> String {
        let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        format!("{}beat:{{{}}}", self.prefix, tag.map_or(key, |(tag, _)| tag))
    }

    // one merchant, one limit, one name
    pub(super) fn facts(&self, merchant: &MerchantId) -> String { format!("{}cat:{{m:{merchant}}}:p", self.prefix) }
    pub(super) fn generation(&self, merchant: &MerchantId) -> String { format!("{}cat:{{m:{merchant}}}:g", self.prefix) }
    pub(super) fn budget(&self, key: &str) -> String { format!("{}b:{{{key}}}", self.prefix) }
    pub(super) fn records(&self, kind: &str) -> [String; 2] { [format!("{}rec:{{r:{kind}}}:b", self.prefix), format!("{}rec:{{r:{kind}}}:i", self.prefix)] }
    pub(super) fn secret(&self, name: &str) -> String { format!("{}sec:{{{name}}}", self.prefix) }
    pub(super) fn hold(&self, name: &str) -> String { format!("{}hold:{{{name}}}", self.prefix) }
    pub(super) fn idempotency(&self, key: &str) -> String { format!("{}idem:{{{key}}}", self.prefix) }

    // the store
    pub(super) fn format(&self) -> String { format!("{}format", self.prefix) }
    pub(super) fn probe(&self) -> String { format!("{}probe:{{probe}}", self.prefix) }
    pub(super) fn letters(&self) -> LetterKeys {
        let at = |part: &str| format!("{}dl:{{dl}}:{part}", self.prefix);
        LetterKeys { h: at("h"), i: at("i"), z: at("z"), mz: at("m:"), rz: at("r:"), bz: at("b:"), rs: at("rs") }
    }
}

/// A lane's member in its shard's due-set: `<home>:<letter>`.
pub(super) fn lane_member(lane: &LaneId) -> String {
    format!("{}:{}", lane.home, lane.kind.letter())
}

/// A product's field in a shard's markers.
pub(super) fn marker_field(merchant: &MerchantId, retailer_id: &RetailerId) -> String {
    format!("{merchant}|{retailer_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_lies_in_the_slot_of_the_key_that_it_stands_beside() {
        let keys = Keys::new("shop:");
        let home = HomeId::new("a30123456789abcdef0123");
        let beat = keys.beat(home.shard());
        for key in [
            keys.conversation(&home),
            keys.seen(&home, 20_000),
            keys.lane(&LaneId {
                home: home.clone(),
                kind: crate::store::LaneKind::Merchant,
            })
            .due,
        ] {
            assert_eq!(keys.beat_beside(&key), beat, "{key}");
        }
        assert_eq!(keys.beat_beside(&keys.letters().z), "shop:beat:{dl}");
        assert_eq!(keys.beat_beside(&keys.secret("identity")), "shop:beat:{identity}");
        assert_eq!(keys.beat_beside(&keys.probe()), "shop:beat:{probe}");
    }
}
