//! Opening the file. An absent one is made beside its place and put there when it is whole, a whole one is opened as it was last
//! flushed, and anything else is refused with the mend. It refuses to guess: a damaged file is never emptied, never opened as of an
//! earlier moment and never read in part.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, StorageError, TableError};

use super::keys;
use super::table::TABLE;
use crate::store::Error;

/// How much of the file the library may keep in memory.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// The format that this version reads and writes; another one for each change that an older program would misread.
const FORMAT: &[u8] = b"1";

/// Opens the file of that directory, or makes it. Who dies while it is made leaves nothing in its place: half a file there could not
/// be told from a damaged one, and no later start would touch it.
pub(super) fn open_or_make(directory: &Path) -> Result<Database, Error> {
    let path = directory.join(keys::FILE);
    let fault = |problem: io::Error| not_opened(&path, &problem);
    if is_there(&path).map_err(fault)? {
        return open(&path);
    }
    // Two that start at once must not both make it: the first one's would lose its name.
    let place = File::open(directory).map_err(fault)?;
    if let Err(problem) = place.lock() {
        tracing::debug!(%problem, "this directory can't be locked while the store is made");
    }
    if is_there(&path).map_err(fault)? {
        return open(&path);
    }
    let beside = directory.join(keys::FRESH_FILE);
    if is_there(&beside).map_err(fault)? {
        std::fs::remove_file(&beside).map_err(fault)?;
    }
    let made = open(&beside)?;
    std::fs::rename(&beside, &path).map_err(fault)?;
    place.sync_all().map_err(fault)?;
    Ok(made)
}

/// Opens the file that was there before. One that is gone is not made anew: its disk may come back, and all that was kept with it.
pub(super) fn open_again(directory: &Path) -> Result<Database, Error> {
    let path = directory.join(keys::FILE);
    if is_there(&path).map_err(|problem| not_opened(&path, &problem))? {
        return open(&path);
    }
    Err(Error::Unavailable(format!(
        "the store {} is gone: bring its disk back; none is made in its place",
        path.display()
    )))
}

/// Whether anything has that name: also a link to nothing, which is followed when the file is opened.
fn is_there(path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(problem) if problem.kind() == ErrorKind::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Opens the file at `path` and checks all of it: a large one takes longer to start.
pub(super) fn open(path: &Path) -> Result<Database, Error> {
    // The library would make a new store of it. One that was ever opened is not empty.
    if std::fs::metadata(path).is_ok_and(|file| file.len() == 0) {
        return Err(damaged(path, "it is empty"));
    }
    // What is not as the library left it may make it panic (redb::Database::open, 2026-11-13).
    catch_unwind(AssertUnwindSafe(|| checked(path)))
        .unwrap_or_else(|_| Err(damaged(path, "the library gave up on it")))
}

fn checked(path: &Path) -> Result<Database, Error> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    // Without it a file that was closed in order is trusted, and damage shows when somebody reads there.
    builder.set_check_integrity_on_open(true);
    let database = builder
        .create(path)
        .map_err(|problem| cannot_open(path, &problem))?;
    let format = match format_of(&database) {
        Ok(None) => begin(&database).map(|()| None),
        read => read,
    };
    match format {
        Ok(Some(other)) if other != FORMAT => Err(another_format(path, &other)),
        Ok(_) => Ok(database),
        Err(problem) => Err(unusable(path, &problem)),
    }
}

/// The format that the file says it has. `None` when it is new, or does not say: those were written before 0.1.0.
fn format_of(database: &Database) -> Result<Option<Vec<u8>>, redb::Error> {
    let table = match database.begin_read()?.open_table(TABLE) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(problem) => return Err(problem.into()),
    };
    let row = table.get(keys::FORMAT)?;
    Ok(row.map(|format| format.value().to_vec()))
}

fn begin(database: &Database) -> Result<(), redb::Error> {
    let txn = database.begin_write()?;
    txn.open_table(TABLE)?.insert(keys::FORMAT, FORMAT)?;
    txn.commit()?;
    Ok(())
}

fn cannot_open(path: &Path, problem: &DatabaseError) -> Error {
    if matches!(problem, DatabaseError::DatabaseAlreadyOpen) {
        return Error::Unfit(format!(
            "the store {} is in use by another process: stop that one first, or, when it is a gateway and this is a command, \
             let the command go through it with --gateway URL",
            path.display()
        ));
    }
    if is_damage(problem) {
        return damaged(path, &problem.to_string());
    }
    not_opened(path, problem)
}

/// A file that opens and whose table does not. What is not its fault (a full disk, one that was taken away) is not called damage.
fn unusable(path: &Path, problem: &redb::Error) -> Error {
    if let redb::Error::Io(problem) = problem
        && is_cut_short(problem)
    {
        return damaged(path, &problem.to_string());
    }
    let is_damage = matches!(
        problem,
        redb::Error::Corrupted(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableIsNotMultimap(_)
    );
    if is_damage {
        damaged(path, &problem.to_string())
    } else {
        not_opened(path, problem)
    }
}

fn another_format(path: &Path, other: &[u8]) -> Error {
    Error::Unfit(format!(
        "the store {} was written in format {}, this version reads format {}: run the version that wrote it or a newer one, or \
         restore the backup of before",
        path.display(),
        other.escape_ascii(),
        FORMAT.escape_ascii()
    ))
}

fn not_opened(path: &Path, problem: &impl std::fmt::Display) -> Error {
    Error::Unfit(format!(
        "can't open the store {}: {problem}; this user must be able to read and write it",
        path.display()
    ))
}

fn is_damage(problem: &DatabaseError) -> bool {
    if let DatabaseError::Storage(StorageError::Io(problem)) = problem {
        return is_cut_short(problem);
    }
    matches!(
        problem,
        DatabaseError::UpgradeRequired(_) | DatabaseError::Storage(StorageError::Corrupted(_))
    )
}

fn is_cut_short(problem: &io::Error) -> bool {
    matches!(problem.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

fn damaged(path: &Path, problem: &str) -> Error {
    Error::Unfit(format!(
        "the store {} is damaged and was not opened ({problem}): put back a backup of the file; or, to begin with an empty \
         store, move it away",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_of_another_format_is_refused_and_one_that_does_not_say_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sacola.redb");
        let database = open(&path).unwrap();
        assert_eq!(format_of(&database).unwrap().as_deref(), Some(FORMAT));
        let says = |format: Option<&[u8]>, database: Database| {
            let txn = database.begin_write().unwrap();
            {
                let mut table = txn.open_table(TABLE).unwrap();
                drop(table.remove(keys::FORMAT).unwrap());
                if let Some(format) = format {
                    drop(table.insert(keys::FORMAT, format).unwrap());
                }
            }
            txn.commit().unwrap();
        };
        says(None, database);
        let database = open(&path).unwrap();
        assert_eq!(format_of(&database).unwrap().as_deref(), Some(FORMAT));
        says(Some(b"9"), database);
        let told = open(&path).map(drop).unwrap_err().to_string();
        assert!(told.contains("format 9, this version reads format 1"), "{told}");
        assert!(told.contains("restore the backup"), "{told}");
    }

    #[test]
    fn a_full_disk_is_no_damage_and_a_table_of_another_kind_is() {
        let path = Path::new("sacola.redb");
        let told = |problem: redb::Error| unusable(path, &problem).to_string();
        let full = io::Error::from(ErrorKind::StorageFull);
        for problem in [redb::Error::Io(full), redb::Error::PreviousIo] {
            let text = told(problem);
            assert!(text.starts_with("can't open the store sacola.redb"), "{text}");
            assert!(!text.contains("move it away"), "{text}");
        }
        for problem in [
            redb::Error::Corrupted("a page".to_owned()),
            redb::Error::TableIsMultimap("sacola".to_owned()),
        ] {
            let text = told(problem);
            assert!(
                text.contains("damaged") && text.contains("move it away"),
                "{text}"
            );
        }
    }
}
