//! What lies where in the file, read from a row's key: for a search through all that is kept. It refuses to remove anything.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::table::{Snapshot, decode};
use crate::domain::ids::{EffectId, HomeId};
use crate::store::{Error, Family, Found, Needles, Place, SearchPage};

/// Rows of one part of a search.
const ROWS_AT_ONCE: u64 = 5_000;
/// Bytes of one part of a search.
const BYTES_AT_ONCE: usize = 16 * 1024 * 1024;

/// A value that ends, of which only the value matters here.
#[derive(Deserialize)]
struct Ending<V> {
    value: V,
}

/// Reads rows from behind `after` and tells in which of them a text stands.
pub(super) fn search(view: &Snapshot, needles: &Needles, after: Option<&str>) -> Result<SearchPage, Error> {
    let mut page = SearchPage::default();
    let (mut bytes, mut last) = (0_usize, None);
    view.all(after, |row, value| {
        page.keys += 1;
        bytes = bytes.saturating_add(row.len()).saturating_add(value.len());
        let mut standing = BTreeSet::new();
        needles.find(row.as_bytes(), &mut standing);
        needles.find(value, &mut standing);
        if !standing.is_empty() {
            page.found.push(Found {
                place: place(row, value),
                needles: standing,
            });
        }
        let goes_on = page.keys < ROWS_AT_ONCE && bytes < BYTES_AT_ONCE;
        if !goes_on {
            last = Some(row.to_owned());
        }
        Ok(goes_on)
    })?;
    page.next = last;
    Ok(page)
}

/// What a row holds. A row that can't be read is something else.
fn place(row: &str, value: &[u8]) -> Place {
    let told = row
        .split_once('/')
        .and_then(|(space, rest)| told(space, rest, row, value));
    told.unwrap_or_else(|| Place::at(Family::Other, row, row))
}

fn told(space: &str, rest: &str, row: &str, value: &[u8]) -> Option<Place> {
    let at = |family: Family, name: &str| Place::at(family, name, row);
    Some(match space {
        "conversation" => at(Family::Conversation, rest).of(rest),
        "erased" => at(Family::Tombstone, rest).of(rest),
        "alias" => {
            let leads_to: Option<HomeId> = decode(row, value).ok();
            Place {
                home: leads_to,
                ..at(Family::Alias, rest)
            }
        }
        "seen" => at(Family::Mark, rest).of(part(rest)?.0),
        "journal" => at(Family::Journal, rest).of(part(rest)?.0),
        "lane" => at(Family::Lane, rest).of(without_letter(rest)?),
        "due" => {
            let (_, lane) = rest.split_once('/')?;
            at(Family::Lane, lane).of(without_letter(lane)?)
        }
        "status" => effect(at(Family::Status, rest), rest),
        "message" => {
            let (home, _) = part(rest)?;
            let id: Option<Ending<EffectId>> = decode(row, value).ok();
            let id = id.map(|ending| ending.value.to_string()).unwrap_or_default();
            at(Family::Message, &id).of(home)
        }
        "interest" => {
            let (_, rest) = part(rest)?;
            let (_, rest) = part(rest)?;
            let (product, home) = part(rest)?;
            at(Family::Interest, product).of(home)
        }
        "purchase" => at(Family::Purchase, rest),
        "record" => {
            let (kind, id) = part(rest)?;
            Place {
                kind: kind.to_owned(),
                ..at(Family::Record, id)
            }
        }
        "letter" => at(Family::Letter, rest),
        "letters" => at(Family::Letter, rest.split_once('/')?.1),
        "letter-reason" => at(Family::Letter, part(rest)?.1.split_once('/')?.1),
        "idempotency" => at(Family::Idempotency, rest),
        "hold" => at(Family::Hold, rest),
        "secret" => at(Family::Secret, rest),
        "fact" | "generation" | "marker" => at(Family::Catalog, rest),
        // A reminder is what it reminds of, at a row of its own.
        "expiry" => {
            let (_, target) = rest.split_once('/')?;
            Place {
                row: row.to_owned(),
                ..place(target, b"")
            }
        }
        _ => return None,
    })
}

fn effect(place: Place, id: &str) -> Place {
    Place {
        home: EffectId::new(id).home(),
        ..place
    }
}

/// `<home><letter>`.
fn without_letter(lane: &str) -> Option<&str> {
    lane.strip_suffix(['p', 'm'])
}

/// The first part of a key, which stands behind its length, and what follows it.
fn part(rest: &str) -> Option<(&str, &str)> {
    let (length, rest) = rest.split_once(':')?;
    let length: usize = length.parse().ok()?;
    Some((rest.get(..length)?, rest.get(length..)?.strip_prefix('/')?))
}

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::*;
    use crate::domain::ids::{MerchantId, PurchaseId, RetailerId};
    use crate::store::{DoneMark, Interest, LaneId, LaneKind};

    #[test]
    fn every_row_of_a_conversation_is_known_as_its_own() {
        let home = HomeId::new("a30123456789abcdef0123");
        let effect = EffectId::of(&home, 7, 0);
        let lane = LaneId {
            home: home.clone(),
            kind: LaneKind::Merchant,
        };
        let interest = Interest {
            merchant: MerchantId::new("m/x"),
            retailer_id: RetailerId::new("r:1"),
        };
        let mark = DoneMark { hash: 1, day: 20_000 };
        let of_product = format!("{}{home}", keys::interest(home.shard(), &interest));
        for (row, family) in [
            (keys::conversation(&home), Family::Conversation),
            (keys::tombstone(&home), Family::Tombstone),
            (keys::mark(&home, mark), Family::Mark),
            (keys::lane(&lane), Family::Lane),
            (keys::due(5, &lane), Family::Lane),
            (keys::status(&effect), Family::Status),
            (keys::message(&home, "key"), Family::Message),
            (format!("{}{:020}", keys::journal(&home), 3), Family::Journal),
            (of_product, Family::Interest),
        ] {
            let found = place(&row, b"");
            assert_eq!(
                (found.family, found.home.as_ref()),
                (family, Some(&home)),
                "{row}"
            );
            let reminder = keys::expiry(9, &row);
            let found = place(&reminder, b"");
            assert_eq!((found.family, found.row.as_str()), (family, reminder.as_str()));
        }
        let alias = place(&keys::alias(&HomeId::new("01")), format!("{home:?}").as_bytes());
        assert_eq!((alias.family, alias.home), (Family::Alias, None), "unreadable");
        let quoted = format!("\"{home}\"");
        let alias = place(&keys::alias(&HomeId::new("01")), quoted.as_bytes());
        assert_eq!(alias.home, Some(home));
    }

    #[test]
    fn what_belongs_to_nobody_is_known_by_its_name() {
        let named = |row: &str| {
            let found = place(row, b"");
            (found.family, found.name, found.kind)
        };
        let record = keys::record("kind", "a/b");
        assert_eq!(
            named(&record),
            (Family::Record, "a/b".to_owned(), "kind".to_owned())
        );
        let purchase = keys::purchase(&PurchaseId::new("p-1"));
        assert_eq!(named(&purchase).1, "p-1");
        let letter = keys::letter_place(9, "dl-1");
        for row in [
            keys::letter("dl-1"),
            format!("{}{letter}", keys::LETTERS),
            format!("{}{letter}", keys::letters_of_reason("poison")),
        ] {
            let told = named(&row);
            assert_eq!((told.0, told.1.as_str()), (Family::Letter, "dl-1"), "{row}");
        }
        assert_eq!(named(keys::PROBE).0, Family::Other);
        assert_eq!(named("record/9:x").0, Family::Other, "cut short");
    }
}
