//! The store without a server: one redb file, `<dir>/sacola.redb`, that one process opens. One thread writes: changes
//! that wait at the same moment share one transaction and one flush (`writer`); reads go straight to the file's
//! snapshot. It owns durability on this machine's disk, expiry and the meaning of lanes (`lane`, the reference for both
//! engines); it refuses to be shared between processes, to read a clock, and to know what states and bodies mean.

use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Database, ReadableDatabase};

use self::budgets::Budgets;
use self::lanes::Tokens;
use self::rewrite::Rewriting;
use self::table::{Snapshot, TABLE, View, Writing, unavailable};
use self::writer::Writer;
use super::{Error, Retention, UnixMs};

mod budgets;
mod catalog;
mod conversations;
mod erase;
mod expiry;
mod file;
mod keys;
mod lane;
mod lanes;
mod letters;
mod looks;
mod methods;
mod order;
mod places;
mod records;
mod rewrite;
mod table;
mod writer;

/// What is read now. Another file takes its place when it is written anew, or opened again after a fault of the disk.
#[derive(Clone)]
struct Opened(Arc<RwLock<Reading>>);

enum Reading {
    Open(Arc<Database>),
    /// After a fault of the disk, until the writer has opened the file again.
    Broken,
    /// For good.
    Closed,
}

impl Opened {
    fn new(database: Arc<Database>) -> Self {
        Self(Arc::new(RwLock::new(Reading::Open(database))))
    }

    fn get(&self) -> Result<Arc<Database>, Error> {
        let told = match &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            Reading::Open(database) => return Ok(Arc::clone(database)),
            Reading::Broken => "the disk failed the embedded store; its file is being opened again",
            Reading::Closed => "the embedded store is closed",
        };
        Err(Error::Unavailable(told.to_owned()))
    }

    fn close(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Reading::Closed;
    }

    /// Nobody begins to read until [`Opened::replace`].
    fn lets_go(&self) {
        self.becomes(Reading::Broken);
    }

    /// Puts another file in its place; who reads goes on in the one of before.
    fn replace(&self, database: Arc<Database>) {
        self.becomes(Reading::Open(database));
    }

    fn becomes(&self, reading: Reading) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*now, Reading::Closed) {
            *now = reading;
        }
    }
}

/// The embedded engine.
pub struct EmbeddedStore {
    database: Opened,
    writer: Writer,
    tokens: Arc<Tokens>,
    budgets: Arc<Mutex<Budgets>>,
    /// The latest time that any call told; what ends without a time in the call ends by it.
    latest_ms: Arc<AtomicI64>,
    retention: Retention,
    trips: AtomicU64,
}

impl std::fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedStore").finish_non_exhaustive()
    }
}

/// Opens the file in `dir`, or makes it. A file that is not whole is [`Error::Unfit`].
pub fn open(dir: &Path) -> Result<EmbeddedStore, Error> {
    open_with(dir, Retention::default())
}

/// The same, keeping what ends by itself for so long.
pub fn open_with(dir: &Path, retention: Retention) -> Result<EmbeddedStore, Error> {
    std::fs::create_dir_all(dir).map_err(|problem| {
        Error::Unfit(format!(
            "can't make the directory {}: {problem}; name a directory where this user may write",
            dir.display()
        ))
    })?;
    let database = Arc::new(file::open_or_make(dir)?);
    let rewriting = Rewriting::of(dir, Opened::new(Arc::clone(&database)));
    rewriting.clear_away();
    let latest_ms = Arc::new(AtomicI64::new(0));
    Ok(EmbeddedStore {
        database: rewriting.opened(),
        writer: Writer::start(database, rewriting, Arc::clone(&latest_ms))?,
        tokens: Arc::new(Tokens::new()?),
        budgets: Arc::default(),
        latest_ms,
        retention,
        trips: AtomicU64::new(0),
    })
}

/// Opens the file in `dir` when there is one; nothing is made.
pub fn open_existing(dir: &Path, retention: Retention) -> Result<Option<EmbeddedStore>, Error> {
    if dir.join(keys::FILE).exists() {
        open_with(dir, retention).map(Some)
    } else {
        Ok(None)
    }
}

impl EmbeddedStore {
    /// The secret of that name; none is made.
    pub fn kept_secret(&self, name: &str) -> Result<Option<String>, Error> {
        self.read(|view| view.get(&keys::secret(name)))
    }

    fn told(&self, now_ms: UnixMs) {
        self.latest_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    fn latest_ms(&self) -> UnixMs {
        self.latest_ms.load(Ordering::Relaxed)
    }

    async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
    {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.writer.write(work).await
    }

    fn read<T>(&self, look: impl FnOnce(&Snapshot) -> Result<T, Error>) -> Result<T, Error> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        look_into(&self.database, look)
    }

    /// The same on a thread of its own: who reads much at once must not keep webhooks waiting.
    async fn read_beside<T, F>(&self, look: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot) -> Result<T, Error> + Send + 'static,
    {
        self.trips.fetch_add(1, Ordering::Relaxed);
        let opened = self.database.clone();
        tokio::task::spawn_blocking(move || look_into(&opened, look))
            .await
            .unwrap_or_else(|problem| Err(Error::Unavailable(problem.to_string())))
    }
}

fn look_into<T>(opened: &Opened, look: impl FnOnce(&Snapshot) -> Result<T, Error>) -> Result<T, Error> {
    let database = opened.get()?;
    let txn = database.begin_read().map_err(unavailable)?;
    look(&View::new(txn.open_table(TABLE).map_err(unavailable)?))
}
