//! Dead letters in the file: each under its id, and found by time and by reason.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::keys;
use super::table::{Snapshot, Writing};
use crate::domain::ids::MerchantId;
use crate::store::{DeadLetter, Error, LetterFilter, LetterGroup, UnixMs};

/// The one reason whose oldest letters give way to the newest: anybody can cause it.
const GIVES_WAY: &str = "unknown_number";

/// Keeps a letter; one with the same id is replaced.
pub(super) fn put(view: &mut Writing<'_>, letter: &DeadLetter) -> Result<(), Error> {
    let before: Option<DeadLetter> = view.get(&keys::letter(&letter.id))?;
    if let Some(before) = before {
        remove_places(view, &before)?;
    }
    let place = keys::letter_place(letter.at_ms, &letter.id);
    view.put(&format!("{}{place}", keys::LETTERS), &())?;
    view.put(
        &format!("{}{place}", keys::letters_of_reason(&letter.reason)),
        &(),
    )?;
    view.put(&keys::letter(&letter.id), letter)
}

/// Keeps a letter; of those that give way, `bound` at most. False when it gave way itself.
pub(super) fn park(view: &mut Writing<'_>, letter: &DeadLetter, bound: usize) -> Result<bool, Error> {
    put(view, letter)?;
    if letter.reason != GIVES_WAY {
        return Ok(true);
    }
    let kept = view.list::<()>(&keys::letters_of_reason(GIVES_WAY), None, usize::MAX)?;
    let mut is_kept = true;
    for (place, ()) in kept.iter().take(kept.len().saturating_sub(bound)) {
        if let Some((_, id)) = place.split_once('/') {
            is_kept &= id != letter.id;
            remove(view, id)?;
        }
    }
    Ok(is_kept)
}

/// A page of letters by (time, id); when the letter `after` is gone, from the oldest.
pub(super) fn page(
    view: &Snapshot,
    filter: &LetterFilter,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let index = filter
        .reason
        .as_deref()
        .map_or_else(|| keys::LETTERS.to_owned(), keys::letters_of_reason);
    let after: Option<DeadLetter> = match after {
        Some(id) => view.get(&keys::letter(id))?,
        None => None,
    };
    let from = after.map(|letter| keys::letter_place(letter.at_ms, &letter.id));
    let mut found = Vec::new();
    view.each(&index, from.as_deref(), |place, _| {
        if found.len() >= limit {
            return Ok(false);
        }
        let Some((_, id)) = place.split_once('/') else {
            return Ok(true);
        };
        let letter: Option<DeadLetter> = view.get(&keys::letter(id))?;
        found.extend(letter.filter(|letter| filter.merchant.is_none() || letter.merchant == filter.merchant));
        Ok(true)
    })?;
    Ok(found)
}

/// Of a letter, what counting needs.
#[derive(Deserialize)]
struct Counted {
    reason: String,
    merchant: Option<MerchantId>,
    at_ms: UnixMs,
}

/// Letters by reason, in the order of reasons. Walks them all: a file has few.
pub(super) fn groups(view: &Snapshot, merchant: Option<&MerchantId>) -> Result<Vec<LetterGroup>, Error> {
    let mut groups: BTreeMap<String, LetterGroup> = BTreeMap::new();
    view.each(keys::LETTERS, None, |place, _| {
        let Some((_, id)) = place.split_once('/') else {
            return Ok(true);
        };
        let letter: Option<Counted> = view.get(&keys::letter(id))?;
        let Some(letter) = letter.filter(|one| merchant.is_none() || one.merchant.as_ref() == merchant)
        else {
            return Ok(true);
        };
        let group = groups
            .entry(letter.reason.clone())
            .or_insert_with(|| LetterGroup {
                reason: letter.reason,
                count: 0,
                oldest_ms: letter.at_ms,
                newest_ms: letter.at_ms,
            });
        group.count += 1;
        group.newest_ms = letter.at_ms;
        Ok(true)
    })?;
    Ok(groups.into_values().collect())
}

/// Removes a letter; false when there was none.
pub(super) fn remove(view: &mut Writing<'_>, id: &str) -> Result<bool, Error> {
    let letter: Option<DeadLetter> = view.get(&keys::letter(id))?;
    let Some(letter) = letter else { return Ok(false) };
    remove_places(view, &letter)?;
    view.remove(&keys::letter(id))
}

fn remove_places(view: &mut Writing<'_>, letter: &DeadLetter) -> Result<(), Error> {
    let place = keys::letter_place(letter.at_ms, &letter.id);
    view.remove(&format!("{}{place}", keys::LETTERS))?;
    view.remove(&format!("{}{place}", keys::letters_of_reason(&letter.reason)))?;
    Ok(())
}
