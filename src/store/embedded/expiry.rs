//! What ends by itself: an index by time, and the sweep that follows it, some at each transaction. Reads leave out what is
//! over before the sweep has come by.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};

use super::keys;
use super::table::{Until, View, Writing, decode};
use crate::store::{Error, UnixMs};

/// How many expired entries one transaction clears away, so that no commit waits for a long cleaning.
const SWEPT_AT_ONCE: usize = 64;

/// What an entry of the expiry index points at.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) enum Reach {
    /// One key.
    Key,
    /// Every key under a prefix, each judged alone.
    Each,
    /// All keys under a prefix at once, when the last of them is over.
    All,
}

/// An expired entry of the index.
struct Expired {
    row: String,
    target: String,
    reach: Reach,
}

impl<T: ReadableTable<&'static str, &'static [u8]>> View<T> {
    fn expired(&self, now_ms: UnixMs) -> Result<Vec<Expired>, Error> {
        let mut found = Vec::new();
        self.each(keys::EXPIRY, None, |rest, bytes| {
            let Some((time, target)) = rest.split_once('/') else {
                return Ok(false);
            };
            if time.parse::<UnixMs>().is_ok_and(|at| at > now_ms) {
                return Ok(false);
            }
            let row = format!("{}{rest}", keys::EXPIRY);
            let reach = decode(&row, bytes)?;
            found.push(Expired {
                row,
                target: target.to_owned(),
                reach,
            });
            Ok(found.len() < SWEPT_AT_ONCE)
        })?;
        Ok(found)
    }

    fn over_under(&self, prefix: &str, now_ms: UnixMs) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        self.each(prefix, None, |rest, bytes| {
            if decode::<Until>(prefix, bytes)?.is_over(now_ms) {
                found.push(format!("{prefix}{rest}"));
            }
            Ok(true)
        })?;
        Ok(found)
    }
}

impl Writing<'_> {
    /// Removes some of what is over.
    pub(super) fn sweep(&mut self, now_ms: UnixMs) -> Result<(), Error> {
        for Expired { row, target, reach } in self.expired(now_ms)? {
            self.remove(&row)?;
            match reach {
                Reach::Key => {
                    let over = self
                        .get::<Until>(&target)?
                        .is_some_and(|entry| entry.is_over(now_ms));
                    if over {
                        self.remove(&target)?;
                    }
                }
                Reach::Each => {
                    for key in self.over_under(&target, now_ms)? {
                        self.remove(&key)?;
                    }
                }
                Reach::All => {
                    if self.edge(&target, true, now_ms)?.is_some_and(|(_, over)| over) {
                        self.clear(&target)?;
                    }
                }
            }
        }
        Ok(())
    }
}
