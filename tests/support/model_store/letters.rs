//! Dead letters, found by id and in the order of (time, id).

use std::collections::BTreeMap;

use sacola::domain::ids::MerchantId;
use sacola::store::{DeadLetter, LetterFilter, LetterGroup};

use super::model::Model;

/// The one reason whose oldest letters give way to the newest.
const GIVES_WAY: &str = "unknown_number";

impl Model {
    fn letters_in_order(&self) -> Vec<&DeadLetter> {
        let mut letters: Vec<&DeadLetter> = self.letters.values().collect();
        // They come ordered by id, and the sort is stable.
        letters.sort_by_key(|letter| letter.at_ms);
        letters
    }

    pub(super) fn park(&mut self, letter: &DeadLetter, bound: usize) -> bool {
        self.letters.insert(letter.id.clone(), letter.clone());
        if letter.reason != GIVES_WAY {
            return true;
        }
        let mut giving_way = self.letters_in_order();
        giving_way.retain(|letter| letter.reason == GIVES_WAY);
        let surplus = giving_way.len().saturating_sub(bound);
        let oldest = giving_way.into_iter().take(surplus);
        let oldest: Vec<String> = oldest.map(|letter| letter.id.clone()).collect();
        for id in &oldest {
            self.letters.remove(id);
        }
        self.letters.contains_key(&letter.id)
    }

    /// When the letter `after` is gone, from the oldest.
    pub(super) fn dead_letters(
        &self,
        filter: &LetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<DeadLetter> {
        let after = after.and_then(|id| self.letters.get(id));
        let is_behind = |letter: &DeadLetter| {
            after.is_none_or(|after| (letter.at_ms, &letter.id) > (after.at_ms, &after.id))
        };
        let mut page = self.letters_in_order();
        page.retain(|letter| is_behind(letter) && is_wanted(letter, filter));
        page.into_iter().take(limit).cloned().collect()
    }

    pub(super) fn dead_letter_groups(&self, merchant: Option<&MerchantId>) -> Vec<LetterGroup> {
        let mut groups: BTreeMap<&str, LetterGroup> = BTreeMap::new();
        for letter in self.letters.values() {
            if merchant.is_some() && letter.merchant.as_ref() != merchant {
                continue;
            }
            let group = groups.entry(&letter.reason).or_insert_with(|| LetterGroup {
                reason: letter.reason.clone(),
                count: 0,
                oldest_ms: letter.at_ms,
                newest_ms: letter.at_ms,
            });
            group.count += 1;
            group.oldest_ms = group.oldest_ms.min(letter.at_ms);
            group.newest_ms = group.newest_ms.max(letter.at_ms);
        }
        groups.into_values().collect()
    }

    pub(super) fn dead_letter(&self, id: &str) -> Option<DeadLetter> {
        self.letters.get(id).cloned()
    }

    pub(super) fn remove_dead_letter(&mut self, id: &str) -> bool {
        self.letters.remove(id).is_some()
    }
}

fn is_wanted(letter: &DeadLetter, filter: &LetterFilter) -> bool {
    let is_theirs = filter.merchant.is_none() || letter.merchant == filter.merchant;
    let is_so = filter
        .reason
        .as_ref()
        .is_none_or(|reason| letter.reason == *reason);
    is_theirs && is_so
}
