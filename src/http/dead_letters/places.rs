//! Pages of dead letters, oldest first. A page begins behind a place and not behind a letter: letters leave while somebody
//! pages, above all when they are replayed.

use serde::{Deserialize, Serialize};

use crate::http::cursors;
use crate::http::problem::ApiError;
use crate::store::{self, DeadLetter, LetterFilter, Store};

/// Letters that are read at once.
const READ_AT_ONCE: usize = 50;
/// The mark of this list's cursors.
const CURSOR: &str = "d1";

/// Where a letter lies in the order of letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    /// When it was parked.
    pub(super) at_ms: i64,
    /// Its id.
    pub(super) id: String,
}

impl Place {
    pub(super) fn of(letter: &DeadLetter) -> Self {
        Self {
            at_ms: letter.at_ms,
            id: letter.id.clone(),
        }
    }

    /// The cursor that means it.
    pub(super) fn cursor(&self) -> String {
        cursors::cursor(CURSOR, &format!("{}.{}", self.at_ms, self.id))
    }

    /// Reads a cursor.
    pub(super) fn parse(cursor: &str) -> Result<Self, ApiError> {
        let place = cursors::place(CURSOR, cursor)?;
        Self::read(&place).ok_or_else(cursors::foreign)
    }

    fn read(place: &str) -> Option<Self> {
        let (at_ms, id) = place.split_once('.')?;
        Some(Self {
            at_ms: at_ms.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

/// Up to `limit` letters behind a place. Where that letter is gone the store begins with the oldest; what was passed is left
/// out here.
pub(super) async fn page(
    store: &dyn Store,
    filter: &LetterFilter,
    behind: Option<&Place>,
    limit: usize,
) -> Result<Vec<DeadLetter>, store::Error> {
    let mut last = behind.cloned();
    let mut after = last.as_ref().map(|place| place.id.clone());
    let mut found = Vec::new();
    while found.len() < limit {
        let read = store.dead_letters(filter, after.as_deref(), READ_AT_ONCE).await?;
        let is_last = read.len() < READ_AT_ONCE;
        after = read.last().map(|letter| letter.id.clone());
        for letter in read {
            let place = Place::of(&letter);
            if last.as_ref().is_none_or(|last| place > *last) && found.len() < limit {
                last = Some(place);
                found.push(letter);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is_one() {
        let place = Place {
            at_ms: 1_790_000_000_000,
            id: "0f.12.0.rejected".to_owned(),
        };
        assert_eq!(Place::parse(&place.cursor()).unwrap(), place);
        for text in ["", "dl-00ff", "1790000000000.dl-00ff", "cDE6YQ"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
        for place in ["dl-00ff", "0f.12.0.rejected"] {
            assert!(Place::parse(&cursors::cursor(CURSOR, place)).is_err(), "{place}");
        }
    }

    #[test]
    fn places_are_in_the_order_of_the_store() {
        let place = |at_ms: i64, id: &str| Place {
            at_ms,
            id: id.to_owned(),
        };
        assert!(place(9, "z") < place(10, "a"));
        assert!(place(10, "a") < place(10, "b"));
    }
}
