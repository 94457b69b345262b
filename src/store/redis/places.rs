//! What lies where on the server, read from a key: for a search through all that is kept. It refuses to ask the server anything.

use super::keys::Keys;
use crate::domain::ids::EffectId;
use crate::store::{Family, Place};

/// A key of ours, cut in three: `family:{tag}:rest`.
struct Parts<'k> {
    family: &'k str,
    tag: &'k str,
    rest: &'k str,
}

fn parts<'k>(keys: &Keys, key: &'k str) -> Option<Parts<'k>> {
    let (family, rest) = keys.own(key)?.split_once(':')?;
    let (tag, rest) = rest.strip_prefix('{')?.split_once('}')?;
    Some(Parts {
        family,
        tag,
        rest: rest.strip_prefix(':').unwrap_or(rest),
    })
}

/// True when a key holds what belongs to many, so that each of its members is a place of its own.
pub(super) fn is_shared(keys: &Keys, key: &str) -> bool {
    let family = parts(keys, key).map_or("", |parts| parts.family);
    matches!(family, "due" | "int" | "pv" | "cat" | "rec" | "dl")
}

/// True when the key is a conversation's, or what is left of one.
pub(super) fn is_conversation(keys: &Keys, key: &str) -> bool {
    parts(keys, key).is_some_and(|parts| parts.family == "conv")
}

/// What a key, or a member of it, holds. What can't be read is something else.
pub(super) fn place(keys: &Keys, key: &str, member: &str, value: &[u8]) -> Place {
    let told = parts(keys, key).and_then(|parts| told(&parts, key, member, value));
    let place = told.unwrap_or_else(|| Place::at(Family::Other, key, key));
    Place {
        member: member.to_owned(),
        ..place
    }
}

fn told(parts: &Parts<'_>, key: &str, member: &str, value: &[u8]) -> Option<Place> {
    let (tag, rest) = (parts.tag, parts.rest);
    let at = |family: Family, name: &str| Place::at(family, name, key);
    let text = || String::from_utf8_lossy(value).into_owned();
    Some(match parts.family {
        "conv" => at(Family::Conversation, rest).of(rest),
        "jr" => at(Family::Journal, rest).of(rest),
        "seen" => at(Family::Mark, rest).of(rest.split_once(':')?.0),
        "l" => at(Family::Lane, rest).of(rest.split_once(':')?.0),
        "due" => at(Family::Lane, member).of(member.split_once(':')?.0),
        "alias" => at(Family::Alias, rest).of(&text()),
        "msg" => at(Family::Message, &text()).of(rest.split_once(':')?.0),
        "st" => Place {
            home: EffectId::new(rest).home(),
            ..at(Family::Status, rest)
        },
        "int" => at(Family::Interest, rest).of(member),
        "pur" => at(Family::Purchase, rest),
        "rec" => Place {
            kind: tag.strip_prefix("r:")?.to_owned(),
            ..at(Family::Record, member)
        },
        "dl" if rest != "rs" => at(Family::Letter, member),
        "idem" => at(Family::Idempotency, tag),
        "b" => at(Family::Budget, tag),
        "hold" => at(Family::Hold, tag),
        "sec" => at(Family::Secret, tag),
        "cat" | "pv" => at(Family::Catalog, member),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{HomeId, MerchantId, PurchaseId, RetailerId};
    use crate::store::{Interest, LaneId, LaneKind};

    #[test]
    fn every_key_of_a_conversation_is_known_as_its_own() {
        let keys = Keys::new("shop:");
        let home = HomeId::new("a30123456789abcdef0123");
        let effect = EffectId::of(&home, 7, 0);
        let lane = keys.lane(&LaneId {
            home: home.clone(),
            kind: LaneKind::Merchant,
        });
        let interest = Interest {
            merchant: MerchantId::new("m"),
            retailer_id: RetailerId::new("r:1}"),
        };
        let member = format!("{home}:m");
        for (key, member, family) in [
            (keys.conversation(&home), "", Family::Conversation),
            (keys.seen(&home, 20_000), "", Family::Mark),
            (keys.journal(&home), "", Family::Journal),
            (keys.message(&home, "key"), "", Family::Message),
            (lane.l.clone(), "", Family::Lane),
            (lane.due.clone(), member.as_str(), Family::Lane),
            (
                keys.interest(home.shard(), &interest),
                home.as_str(),
                Family::Interest,
            ),
        ] {
            let found = place(&keys, &key, member, effect.as_str().as_bytes());
            assert_eq!(
                (found.family, found.home.as_ref()),
                (family, Some(&home)),
                "{key}"
            );
            assert_eq!(
                (found.row.as_str(), found.member.as_str()),
                (key.as_str(), member)
            );
        }
        assert!(is_conversation(&keys, &keys.conversation(&home)));
        assert!(is_shared(&keys, &lane.due) && !is_shared(&keys, &lane.l));
        let alias = place(
            &keys,
            &keys.alias(&HomeId::new("01")),
            "",
            home.as_str().as_bytes(),
        );
        assert_eq!((alias.family, alias.home), (Family::Alias, Some(home)));
    }

    #[test]
    fn what_belongs_to_nobody_is_known_by_its_name() {
        let keys = Keys::new("");
        let named = |key: &str, member: &str| {
            let found = place(&keys, key, member, b"");
            (found.family, found.name, found.kind)
        };
        let [bodies, index] = keys.records("parked");
        for key in [bodies, index] {
            let expected = (Family::Record, "a/b".to_owned(), "parked".to_owned());
            assert_eq!(named(&key, "a/b"), expected, "{key}");
        }
        let purchase = keys.purchase(&PurchaseId::new("01ff"));
        assert_eq!(named(&purchase, "").1, "01ff");
        assert_eq!(named(&keys.idempotency("k"), "").1, "k");
        assert_eq!(named(&keys.budget("pair:01"), "").1, "pair:01");
        let letters = keys.letters();
        for key in [letters.h.as_str(), letters.z.as_str()] {
            assert_eq!(named(key, "dl-1").0, Family::Letter, "{key}");
            assert_eq!(named(key, "dl-1").1, "dl-1", "{key}");
        }
        for key in [keys.format(), keys.probe(), "somebody:else".to_owned()] {
            assert_eq!(named(&key, "").0, Family::Other, "{key}");
        }
        assert_eq!(Keys::new("a*b:").pattern(), "a\\*b:*");
    }
}
