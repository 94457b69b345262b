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
    let ready = match has_table(&database) {
        Ok(false) => make_table(&database),
        ready => ready.map(drop),
    };
    match ready {
        Ok(()) => Ok(database),
        Err(problem) => Err(unusable(path, &problem)),
    }
}

fn has_table(database: &Database) -> Result<bool, redb::Error> {
    match database.begin_read()?.open_table(TABLE) {
        Ok(_) => Ok(true),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(problem) => Err(problem.into()),
    }
}

fn make_table(database: &Database) -> Result<(), redb::Error> {
    let txn = database.begin_write()?;
    drop(txn.open_table(TABLE)?);
    txn.commit()?;
    Ok(())
}

fn cannot_open(path: &Path, problem: &DatabaseError) -> Error {
    if matches!(problem, DatabaseError::DatabaseAlreadyOpen) {
        return Error::Unfit(format!(
            "the store {} is in use by another process: if a gateway is running, let the command go through it (its \
             operations address), or stop it first",
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

fn not_opened(path: &Path, problem: &impl std::fmt::Display) -> Error {
    Error::Unfit(format!("can't open the store {}: {problem}", path.display()))
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

fn is_cut_short(problem: &std::io::Error) -> bool {
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
    fn a_full_disk_is_no_damage_and_a_table_of_another_kind_is() {
        let path = Path::new("sacola.redb");
        let told = |problem: redb::Error| unusable(path, &problem).to_string();
        let full = std::io::Error::from(ErrorKind::StorageFull);
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
