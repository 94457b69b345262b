//! Writing the file anew. The library never writes over a page before it needs it again, so that what was removed can still be
//! read in the file; compacting moves pages and leaves their old places as they were (redb 4.6). So all that is kept is copied
//! into a fresh file beside it, flushed, and put in its place by one rename. It owns that a crash at any moment leaves one whole file;
//! it refuses to change what is kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, Durability, ReadableDatabase};

use super::table::{TABLE, View, unavailable};
use super::{Opened, file, keys};
use crate::store::Error;

/// So much is copied in one transaction, so that memory stays bounded.
const COPIED_AT_ONCE: usize = 8 * 1024 * 1024;

/// The file, its place, and who reads it.
#[derive(Clone)]
pub(super) struct Rewriting {
    directory: PathBuf,
    opened: Opened,
}

impl Rewriting {
    /// Of the file in this directory.
    pub(super) fn of(directory: &Path, opened: Opened) -> Self {
        Self {
            directory: directory.to_owned(),
            opened,
        }
    }

    /// The open file.
    pub(super) fn opened(&self) -> Opened {
        self.opened.clone()
    }

    /// Opens the file again after a fault of the disk: the library refuses everything from the first one on, also when the disk is well
    /// again. `broken` is what failed; `None` afterwards until an attempt succeeds. Nothing that was flushed is lost: all of the file
    /// is checked.
    pub(super) fn open_again(&self, broken: &mut Option<Arc<Database>>) -> Result<Arc<Database>, Error> {
        self.opened.lets_go();
        if let Some(database) = broken.take() {
            // The library locks the file, and who still reads in it holds the lock.
            match Arc::try_unwrap(database) {
                Ok(database) => drop(database),
                Err(read) => {
                    *broken = Some(read);
                    return Err(Error::Unavailable(
                        "the disk failed the embedded store, and what failed is still being read".to_owned(),
                    ));
                }
            }
        }
        let database = Arc::new(file::open_again(&self.directory)?);
        self.opened.replace(Arc::clone(&database));
        Ok(database)
    }

    /// Removes what a crash left. Whoever holds the file is alone here.
    pub(super) fn clear_away(&self) {
        let left = self.directory.join(keys::FRESH_FILE);
        if left.exists()
            && let Err(problem) = std::fs::remove_file(&left)
        {
            tracing::warn!(%problem, path = %left.display(), "an unfinished file of the store can't be removed");
        }
    }

    /// Copies all that is kept into a fresh file, which takes the place of `database`. Only the thread that writes may do this:
    /// nothing is written meanwhile.
    pub(super) fn rewrite(&self, database: &mut Arc<Database>) -> Result<(), Error> {
        self.clear_away();
        let fresh = match self.copied(database) {
            Ok(fresh) => fresh,
            Err(error) => {
                self.clear_away();
                return Err(error);
            }
        };
        let fresh = Arc::new(fresh);
        // From the rename on the fresh file is the store, whatever becomes of the flush of its name.
        *database = Arc::clone(&fresh);
        self.opened.replace(fresh);
        File::open(&self.directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|problem| Error::Unknown(format!("the new name of the file was not flushed: {problem}")))
    }

    fn copied(&self, database: &Database) -> Result<Database, Error> {
        let beside = self.directory.join(keys::FRESH_FILE);
        let fresh = file::open(&beside)?;
        copy(database, &fresh)?;
        std::fs::rename(&beside, self.directory.join(keys::FILE))
            .map_err(|problem| Error::Unavailable(format!("the file was not put in its place: {problem}")))?;
        Ok(fresh)
    }
}

fn copy(from: &Database, to: &Database) -> Result<(), Error> {
    let reading = from.begin_read().map_err(unavailable)?;
    let rows = View::new(reading.open_table(TABLE).map_err(unavailable)?);
    let mut after: Option<String> = None;
    loop {
        let mut writing = to.begin_write().map_err(unavailable)?;
        writing
            .set_durability(Durability::Immediate)
            .map_err(unavailable)?;
        writing.set_two_phase_commit(true);
        let mut last: Option<String> = None;
        {
            let mut table = writing.open_table(TABLE).map_err(unavailable)?;
            let mut bytes = 0_usize;
            rows.all(after.as_deref(), |key, value| {
                table.insert(key, value).map_err(unavailable)?;
                last = Some(key.to_owned());
                bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
                Ok(bytes < COPIED_AT_ONCE)
            })?;
        }
        writing.commit().map_err(unavailable)?;
        if last.is_none() {
            return Ok(());
        }
        after = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_gone_is_not_made_anew_and_is_opened_when_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, away) = (folder.path().join(keys::FILE), folder.path().join("away"));
        let database = Arc::new(file::open_or_make(folder.path()).unwrap());
        let rewriting = Rewriting::of(folder.path(), Opened::new(Arc::clone(&database)));
        let mut broken = Some(database);
        std::fs::rename(&path, &away).unwrap();

        let gone = rewriting.open_again(&mut broken).map(drop);
        let is_made = path.exists();
        std::fs::rename(&away, &path).unwrap();
        let back = rewriting.open_again(&mut broken).map(drop);

        let told = gone.unwrap_err().to_string();
        assert!(told.contains("is gone: bring its disk back"), "{told}");
        assert!(!is_made, "an empty store takes the place of the one that is away");
        back.unwrap();
        assert!(rewriting.opened().get().is_ok());
    }
}
