//! Dead letters in the file: each under its id, and found by time and by reason.

use super::keys;
use super::table::{Snapshot, Writing};
use crate::domain::ids::MerchantId;
use crate::store::{DeadLetter, Error};

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
    merchant: Option<&MerchantId>,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let after: Option<DeadLetter> = match after {
        Some(id) => view.get(&keys::letter(id))?,
        None => None,
    };
    let from = after.map(|letter| keys::letter_place(letter.at_ms, &letter.id));
    let mut found = Vec::new();
    view.each(keys::LETTERS, from.as_deref(), |place, _| {
        if found.len() >= limit {
            return Ok(false);
        }
        let Some((_, id)) = place.split_once('/') else {
            return Ok(true);
        };
        let letter: Option<DeadLetter> = view.get(&keys::letter(id))?;
        found.extend(letter.filter(|letter| merchant.is_none() || letter.merchant.as_ref() == merchant));
        Ok(true)
    })?;
    Ok(found)
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
