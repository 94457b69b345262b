//! The one table that the file holds, read and written through a [`View`]. It owns encoding, prefixes and expiry; it
//! refuses to know what a value means.

use std::ops::Bound;

use redb::{ReadOnlyTable, ReadableTable, Table, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::expiry::Reach;
use super::keys;
use crate::store::{Error, UnixMs};

/// The table: readable keys to JSON.
pub(super) const TABLE: TableDefinition<'static, &'static str, &'static [u8]> =
    TableDefinition::new("sacola");

/// The table as of one moment.
pub(super) type Snapshot = View<ReadOnlyTable<&'static str, &'static [u8]>>;

/// The table inside the writer's transaction.
pub(super) type Writing<'txn> = View<Table<'txn, &'static str, &'static [u8]>>;

/// Access to the table's entries as typed values.
pub(super) struct View<T> {
    table: T,
    writes: u64,
}

/// A value that is absent from `until` on; 0 keeps it for ever.
#[derive(Serialize, Deserialize)]
struct Expiring<V> {
    until: UnixMs,
    value: V,
}

/// The part of an [`Expiring`] that the sweep needs.
#[derive(Deserialize)]
pub(super) struct Until {
    until: UnixMs,
}

impl Until {
    pub(super) fn is_over(&self, now_ms: UnixMs) -> bool {
        self.until != 0 && self.until <= now_ms
    }
}

/// Any failure of the library, as ours.
pub(super) fn unavailable<E: Into<redb::Error>>(problem: E) -> Error {
    let problem = problem.into();
    if let redb::Error::Corrupted(text) = &problem {
        return Error::Corrupt {
            key: keys::FILE.to_owned(),
            problem: text.clone(),
        };
    }
    Error::Unavailable(problem.to_string())
}

/// Reads stored bytes.
pub(super) fn decode<V: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<V, Error> {
    serde_json::from_slice(bytes).map_err(|problem| Error::Corrupt {
        key: key.to_owned(),
        problem: problem.to_string(),
    })
}

impl<T> View<T> {
    /// A view of an opened table.
    pub(super) fn new(table: T) -> Self {
        Self { table, writes: 0 }
    }

    /// How many entries were written or removed through this view.
    pub(super) fn writes(&self) -> u64 {
        self.writes
    }
}

impl<T: ReadableTable<&'static str, &'static [u8]>> View<T> {
    /// Reads one value.
    pub(super) fn get<V: DeserializeOwned>(&self, key: &str) -> Result<Option<V>, Error> {
        let found = self.table.get(key).map_err(unavailable)?;
        found.map(|bytes| decode(key, bytes.value())).transpose()
    }

    /// Reads a value that was written with [`View::put_until`] and is not over.
    pub(super) fn get_alive<V: DeserializeOwned>(
        &self,
        key: &str,
        now_ms: UnixMs,
    ) -> Result<Option<V>, Error> {
        let found: Option<Expiring<V>> = self.get(key)?;
        Ok(found
            .filter(|entry| !Until { until: entry.until }.is_over(now_ms))
            .map(|entry| entry.value))
    }

    /// True when the key exists.
    pub(super) fn has(&self, key: &str) -> Result<bool, Error> {
        Ok(self.table.get(key).map_err(unavailable)?.is_some())
    }

    /// Shows the rows under `prefix` in order (what follows the prefix, and the bytes), from behind `after`, until
    /// `each` answers false.
    pub(super) fn each(
        &self,
        prefix: &str,
        after: Option<&str>,
        mut each: impl FnMut(&str, &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let start = format!("{prefix}{}", after.unwrap_or_default());
        let end = keys::end_of(prefix);
        let lower = if after.is_some() {
            Bound::Excluded(start.as_str())
        } else {
            Bound::Included(prefix)
        };
        let rows = self
            .table
            .range::<&str>((lower, Bound::Excluded(end.as_str())))
            .map_err(unavailable)?;
        for row in rows {
            let (key, value) = row.map_err(unavailable)?;
            let Some(rest) = key.value().strip_prefix(prefix) else {
                break;
            };
            if !each(rest, value.value())? {
                break;
            }
        }
        Ok(())
    }

    /// Shows all rows in order, from behind `after`, until `each` answers false.
    pub(super) fn all(
        &self,
        after: Option<&str>,
        mut each: impl FnMut(&str, &[u8]) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let lower = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self
            .table
            .range::<&str>((lower, Bound::Unbounded))
            .map_err(unavailable)?;
        for row in rows {
            let (key, value) = row.map_err(unavailable)?;
            if !each(key.value(), value.value())? {
                break;
            }
        }
        Ok(())
    }

    /// How many rows there are under `prefix`.
    pub(super) fn count(&self, prefix: &str) -> Result<u64, Error> {
        let mut rows = 0;
        self.each(prefix, None, |_, _| {
            rows += 1;
            Ok(true)
        })?;
        Ok(rows)
    }

    /// The values under `prefix` with what follows the prefix, from behind `after`, `limit` at most.
    pub(super) fn list<V: DeserializeOwned>(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, V)>, Error> {
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        self.each(prefix, after, |rest, bytes| {
            found.push((rest.to_owned(), decode(prefix, bytes)?));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// As [`View::list`], for values written with [`View::put_until`]: those that are over are left out.
    pub(super) fn list_alive<V: DeserializeOwned>(
        &self,
        prefix: &str,
        now_ms: UnixMs,
        limit: usize,
    ) -> Result<Vec<(String, V)>, Error> {
        let mut found = Vec::new();
        self.each(prefix, None, |rest, bytes| {
            let entry: Expiring<V> = decode(prefix, bytes)?;
            if !(Until { until: entry.until }).is_over(now_ms) && found.len() < limit {
                found.push((rest.to_owned(), entry.value));
            }
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// The first (or last) row under `prefix`: what follows the prefix, and whether it is over.
    pub(super) fn edge(
        &self,
        prefix: &str,
        last: bool,
        now_ms: UnixMs,
    ) -> Result<Option<(String, bool)>, Error> {
        let end = keys::end_of(prefix);
        let bounds = (Bound::Included(prefix), Bound::Excluded(end.as_str()));
        let mut rows = self.table.range::<&str>(bounds).map_err(unavailable)?;
        let row = if last { rows.next_back() } else { rows.next() };
        let Some(row) = row else { return Ok(None) };
        let (key, value) = row.map_err(unavailable)?;
        let over = decode::<Until>(key.value(), value.value())?.is_over(now_ms);
        Ok(key
            .value()
            .strip_prefix(prefix)
            .map(|rest| (rest.to_owned(), over)))
    }
}

impl Writing<'_> {
    /// Writes one value.
    pub(super) fn put<V: Serialize + ?Sized>(&mut self, key: &str, value: &V) -> Result<(), Error> {
        let bytes = serde_json::to_vec(value).map_err(|problem| Error::Corrupt {
            key: key.to_owned(),
            problem: problem.to_string(),
        })?;
        self.writes += 1;
        self.table.insert(key, bytes.as_slice()).map_err(unavailable)?;
        Ok(())
    }

    /// Removes one value; false when there was none.
    pub(super) fn remove(&mut self, key: &str) -> Result<bool, Error> {
        self.writes += 1;
        Ok(self.table.remove(key).map_err(unavailable)?.is_some())
    }

    /// Writes a value that is over from `until_ms` on; 0 keeps it for ever.
    pub(super) fn put_until<V: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        until_ms: UnixMs,
    ) -> Result<(), Error> {
        if until_ms != 0 {
            self.remind(key, until_ms, Reach::Key)?;
        }
        self.put(
            key,
            &Expiring {
                until: until_ms,
                value,
            },
        )
    }

    /// Writes a value that is over from `until_ms` on, leaving its removal to a reminder of the caller's.
    pub(super) fn put_unreminded<V: Serialize + ?Sized>(
        &mut self,
        key: &str,
        value: &V,
        until_ms: UnixMs,
    ) -> Result<(), Error> {
        self.put(
            key,
            &Expiring {
                until: until_ms,
                value,
            },
        )
    }

    /// Has the sweep look at `target` once `at_ms` has come.
    pub(super) fn remind(&mut self, target: &str, at_ms: UnixMs, reach: Reach) -> Result<(), Error> {
        self.put(&keys::expiry(at_ms, target), &reach)
    }

    /// Removes all rows under `prefix`.
    pub(super) fn clear(&mut self, prefix: &str) -> Result<(), Error> {
        let mut found = Vec::new();
        self.each(prefix, None, |rest, _| {
            found.push(format!("{prefix}{rest}"));
            Ok(true)
        })?;
        for key in found {
            self.remove(&key)?;
        }
        Ok(())
    }
}
