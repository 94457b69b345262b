//! Erasing, and a search through everything that the model keeps.

use std::collections::BTreeSet;

use sacola::domain::ids::HomeId;
use sacola::store::{
    EraseOutcome, Erasure, Family, Found, LaneId, LaneKind, Needles, Place, Removed, SearchPage,
};

use super::conversations::Tombstone;
use super::model::{Kept, Model};

impl Model {
    pub(super) fn erase(&mut self, erasure: &Erasure) -> EraseOutcome {
        self.told(erasure.at_ms);
        let home = &erasure.home;
        if self.revision_of(home, erasure.at_ms) != erasure.expected_revision {
            return EraseOutcome::Conflict;
        }
        let mut removed = Removed::default();
        for kind in [LaneKind::Provider, LaneKind::Merchant] {
            let id = LaneId {
                home: home.clone(),
                kind,
            };
            removed.lane_items += self.lanes.remove(&id).map_or(0, |lane| count(lane.items.len()));
        }
        let journal = self.journals.remove(home);
        removed.journal_entries = journal.map_or(0, |journal| count(journal.entries.len()));
        if let Some(marks) = self.marks.get_mut(home) {
            let before = marks.len();
            marks.retain(|mark, _| !erasure.days.contains(&mark.day));
            removed.marks = count(before - marks.len());
        }
        for interest in &erasure.interest {
            let homes = self.interest.get_mut(interest);
            removed.interest += u64::from(homes.is_some_and(|homes| homes.remove(home)));
        }
        removed.conversations = u64::from(self.conversations.remove(home).is_some());
        if erasure.alias_of.is_some() && self.aliases.get(home) == erasure.alias_of.as_ref() {
            removed.aliases = u64::from(self.aliases.remove(home).is_some());
        }
        let left = Kept {
            value: Tombstone {
                revision: erasure.revision,
                at_ms: erasure.at_ms,
            },
            until_ms: Some(erasure.until_ms),
        };
        self.tombstones.insert(home.clone(), left);
        EraseOutcome::Erased(removed)
    }

    pub(super) fn search(&self, needles: &Needles) -> SearchPage {
        let rows = self.rows();
        let mut page = SearchPage {
            keys: count(rows.len()),
            ..SearchPage::default()
        };
        for (place, text) in rows {
            let mut standing = BTreeSet::new();
            needles.find(text.as_bytes(), &mut standing);
            if !standing.is_empty() {
                page.found.push(Found {
                    place,
                    needles: standing,
                });
            }
        }
        page
    }

    /// Everything but limits, secrets and products: where it is, and all that it says.
    fn rows(&self) -> Vec<(Place, String)> {
        let mut rows = self.rows_of_conversations();
        let own = |family: Family, name: &str| Place::at(family, name, name);
        for (id, text) in &self.purchases {
            rows.push((own(Family::Purchase, id.as_str()), format!("{id}\n{text}")));
        }
        for (id, letter) in &self.letters {
            let text = serde_json::to_string(letter).expect("a letter can be written");
            rows.push((own(Family::Letter, id), text));
        }
        for ((kind, id), body) in &self.records {
            let place = Place {
                kind: kind.clone(),
                ..own(Family::Record, id)
            };
            rows.push((place, format!("{id}\n{}", body.value)));
        }
        for (key, call) in &self.calls {
            let answer = call.answer.as_deref().unwrap_or_default();
            rows.push((own(Family::Idempotency, key), format!("{key}\n{answer}")));
        }
        for name in self.holds.keys() {
            rows.push((own(Family::Hold, name), name.clone()));
        }
        rows
    }

    fn rows_of_conversations(&self) -> Vec<(Place, String)> {
        let mut rows = Vec::new();
        let own = |family: Family, home: &HomeId, name: &str| Place::at(family, name, name).of(home.as_str());
        for (home, found) in &self.conversations {
            let place = own(Family::Conversation, home, home.as_str());
            rows.push((place, format!("{home}\n{}", found.state)));
        }
        for home in self.tombstones.keys() {
            rows.push((own(Family::Tombstone, home, home.as_str()), home.to_string()));
        }
        for home in self
            .marks
            .iter()
            .filter(|(_, marks)| !marks.is_empty())
            .map(|(home, _)| home)
        {
            rows.push((own(Family::Mark, home, home.as_str()), home.to_string()));
        }
        for (home, journal) in &self.journals {
            let text = format!("{home}\n{}", journal.entries.join("\n"));
            rows.push((own(Family::Journal, home, home.as_str()), text));
        }
        for (alias, home) in &self.aliases {
            rows.push((
                own(Family::Alias, home, alias.as_str()),
                format!("{alias}\n{home}"),
            ));
        }
        for (interest, homes) in &self.interest {
            for home in homes {
                let name = format!("{}|{}", interest.merchant, interest.retailer_id);
                rows.push((own(Family::Interest, home, &name), home.to_string()));
            }
        }
        for (id, lane) in &self.lanes {
            let name = id.kind.letter().to_string();
            let bodies: Vec<&str> = lane.items.iter().map(|entry| entry.item.body.as_str()).collect();
            let text = format!("{}\n{}", id.home, bodies.join("\n"));
            rows.push((own(Family::Lane, &id.home, &name), text));
        }
        for effect in self.statuses.keys() {
            let home = effect.home().expect("statuses are kept of effects");
            rows.push((own(Family::Status, &home, effect.as_str()), effect.to_string()));
        }
        for ((home, key), effect) in &self.message_keys {
            let place = Place {
                row: key.clone(),
                ..own(Family::Message, home, effect.value.as_str())
            };
            rows.push((place, format!("{home}\n{key}")));
        }
        rows
    }

    pub(super) fn forget(&mut self, places: &[Place]) {
        for place in places.iter().filter(|place| place.is_forgettable()) {
            let home = place.home.clone().unwrap_or_else(|| HomeId::new(""));
            match place.family {
                Family::Journal => drop(self.journals.remove(&home)),
                Family::Lane => self
                    .lanes
                    .retain(|id, _| id.home != home || id.kind.letter().to_string() != place.name),
                Family::Mark => drop(self.marks.remove(&home)),
                Family::Status => self.statuses.retain(|effect, _| effect.as_str() != place.name),
                Family::Message => drop(self.message_keys.remove(&(home, place.row.clone()))),
                Family::Interest => {
                    for (interest, homes) in &mut self.interest {
                        if format!("{}|{}", interest.merchant, interest.retailer_id) == place.name {
                            homes.remove(&home);
                        }
                    }
                }
                Family::Idempotency => drop(self.calls.remove(&place.name)),
                Family::Hold => drop(self.holds.remove(&place.name)),
                Family::Budget
                | Family::Conversation
                | Family::Tombstone
                | Family::Alias
                | Family::Purchase
                | Family::Letter
                | Family::Record
                | Family::Secret
                | Family::Catalog
                | Family::Other => {}
            }
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).expect("few enough")
}
