//! The one thread that writes. It owns group commit: whatever waits at the same moment goes into one transaction and
//! shares its flush. It refuses to know what the jobs do; a job checks everything before its first write, so that one
//! that fails has changed nothing and its neighbours go on.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use redb::{Database, Durability};
use tokio::sync::{mpsc, oneshot};

use super::rewrite::Rewriting;
use super::table::{TABLE, View, Writing};
use crate::store::Error;
use crate::tasks::Streak;

/// How many jobs share one transaction at most.
const BATCH: usize = 256;

/// How many jobs may wait; callers beyond wait for a place.
const WAITING: usize = 1024;

/// What the thread does, in a line of the log.
const WORK: &str = "writing to the embedded store";

/// Why a whole transaction came to nothing.
#[derive(Debug)]
enum Failure {
    /// Nothing was written.
    Nothing(String),
    /// The same, for a fault of the disk: the library does nothing more with this file.
    Disk(String),
    /// The flush failed: it may or may not be on disk.
    Unknown { problem: String, is_full: bool },
}

impl Failure {
    fn error(&self) -> Error {
        match self {
            Self::Nothing(problem) | Self::Disk(problem) => Error::Unavailable(problem.clone()),
            Self::Unknown { problem, .. } => Error::Unknown(problem.clone()),
        }
    }
}

/// A change that waits to be written.
trait Job: Send {
    /// Runs it inside the transaction; false when it failed.
    fn apply(&mut self, view: &mut Writing<'_>) -> bool;
    /// Tells the caller, once the transaction has ended.
    fn answer(self: Box<Self>, failure: Option<&Failure>);
}

struct Waiting<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, Error>>,
    caller: oneshot::Sender<Result<T, Error>>,
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send,
{
    fn apply(&mut self, view: &mut Writing<'_>) -> bool {
        if let Some(work) = self.work.take() {
            self.outcome = Some(work(view));
        }
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failure: Option<&Failure>) {
        let told = match (self.outcome, failure) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure.error()),
            (Some(Ok(value)), None) => Ok(value),
            (None, None) => Err(Error::Unavailable("the change was not tried".to_owned())),
        };
        // A caller that no longer waits has lost its answer, not its change.
        drop(self.caller.send(told));
    }
}

enum Message {
    Work(Box<dyn Job>),
    /// Write the file anew.
    Rewrite(Rewrite),
    Stop,
}

/// Who waits for the file to be written anew.
type Rewrite = oneshot::Sender<Result<(), Error>>;

/// The handle to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Message>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

fn closed() -> Error {
    Error::Unavailable("the embedded store is closed".to_owned())
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(
        database: Arc<Database>,
        rewriting: Rewriting,
        latest_ms: Arc<AtomicI64>,
    ) -> Result<Self, Error> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let (ending, ended) = oneshot::channel();
        let run = move || {
            serve(database, waiting, &rewriting, &latest_ms);
            if ending.send(()).is_err() {
                tracing::debug!("the store was closed twice");
            }
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(run)
            .map_err(|problem| Error::Unavailable(problem.to_string()))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            ended: Mutex::new(Some(ended)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands a change to the thread and waits until it is on disk.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let job = Waiting {
            work: Some(work),
            outcome: None,
            caller,
        };
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(closed)?;
        queue
            .send(Message::Work(Box::new(job)))
            .await
            .map_err(|_| closed())?;
        drop(queue);
        answer
            .await
            .map_err(|_| Error::Unknown("the store's writer has ended".to_owned()))?
    }

    /// Writes the file anew, with nothing in it but what is kept now; writes wait meanwhile.
    pub(super) async fn rewrite(&self) -> Result<(), Error> {
        let (caller, answer) = oneshot::channel();
        let queue = self
            .queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .ok_or_else(closed)?;
        queue.send(Message::Rewrite(caller)).await.map_err(|_| closed())?;
        drop(queue);
        answer
            .await
            .map_err(|_| Error::Unknown("the store's writer has ended".to_owned()))?
    }

    /// Lets the thread finish what waits, and joins it.
    pub(super) async fn close(&self) {
        if let Some(queue) = take(&self.queue) {
            drop(queue.send(Message::Stop).await);
        }
        if let Some(ended) = take(&self.ended) {
            drop(ended.await);
        }
        self.join();
    }

    fn join(&self) {
        if let Some(thread) = take(&self.thread)
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Nobody can be waiting for a place any more: with the last sender gone the thread drains its queue and ends.
        drop(take(&self.queue));
        self.join();
    }
}

/// The file that is written, or what is left of it after a fault of the disk.
enum Writable {
    Whole(Arc<Database>),
    Broken {
        database: Option<Arc<Database>>,
        /// A flush failed, and not for want of room: what the file reads as may never come to the disk any more, whatever later
        /// flushes say, because the system forgets pages that it could not write.
        is_doubtful: bool,
    },
}

impl Writable {
    /// The file, opened again if it must be, and written anew if it is not to be trusted.
    fn whole(&mut self, rewriting: &Rewriting) -> Result<&mut Arc<Database>, Error> {
        if let Self::Broken {
            database: broken,
            is_doubtful,
        } = self
        {
            let mut database = rewriting.open_again(broken)?;
            if *is_doubtful && let Err(error) = rewriting.rewrite(&mut database) {
                *broken = Some(database);
                return Err(error);
            }
            // While the disk is full it opens and fails with each transaction: that it works again is told when one was flushed.
            tracing::debug!("the file of the embedded store is open again after a fault of the disk");
            *self = Self::Whole(database);
        }
        match self {
            Self::Whole(database) => Ok(database),
            Self::Broken { .. } => Err(Error::Unavailable("the embedded store is broken".to_owned())),
        }
    }

    /// From now on it must be opened again.
    fn breaks(&mut self, is_doubtful: bool) {
        if let Self::Whole(database) = self {
            *self = Self::Broken {
                database: Some(Arc::clone(database)),
                is_doubtful,
            };
        }
    }
}

fn serve(
    database: Arc<Database>,
    mut queue: mpsc::Receiver<Message>,
    rewriting: &Rewriting,
    latest_ms: &AtomicI64,
) {
    let mut file = Writable::Whole(database);
    let transactions = Streak::default();
    while let Some(first) = queue.blocking_recv() {
        let (mut jobs, rewrite) = gather(first, &mut queue);
        let flushed = match file.whole(rewriting) {
            Ok(database) => transact(database, &mut jobs, latest_ms),
            Err(error) => Err(Failure::Nothing(error.to_string())),
        };
        match &flushed {
            Ok(true) => transactions.worked(WORK),
            // Nothing was to be written: it proves nothing of the disk.
            Ok(false) => {}
            Err(failure) => transactions.failed(WORK, &failure.error()),
        }
        let failure = flushed.err();
        match &failure {
            Some(Failure::Disk(_)) => file.breaks(false),
            // Of a flush that failed nobody knows what the library would do next with this file.
            Some(Failure::Unknown { is_full, .. }) => file.breaks(!is_full),
            Some(Failure::Nothing(_)) | None => {}
        }
        for job in jobs {
            job.answer(failure.as_ref());
        }
        if let Some(caller) = rewrite {
            let rewritten = file
                .whole(rewriting)
                .and_then(|database| rewriting.rewrite(database));
            if let Err(error) = &rewritten {
                tracing::error!(%error, "the file of the embedded store was not written anew");
                // The new file may be in place under a name that a power cut would take away.
                if matches!(error, Error::Unknown(_)) {
                    file.breaks(true);
                }
            }
            // A caller that no longer waits has lost its answer, not its file.
            drop(caller.send(rewritten));
        }
    }
}

/// What goes into the next transaction, and who wants the file written anew after it.
fn gather(first: Message, queue: &mut mpsc::Receiver<Message>) -> (Vec<Box<dyn Job>>, Option<Rewrite>) {
    let mut jobs = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Work(job) => jobs.push(job),
            Message::Rewrite(caller) => return (jobs, Some(caller)),
            Message::Stop => queue.close(),
        }
        next = if jobs.len() < BATCH {
            queue.try_recv().ok()
        } else {
            None
        };
    }
    (jobs, None)
}

/// Runs the jobs in one transaction; false when none of them wrote anything.
fn transact(database: &Database, jobs: &mut [Box<dyn Job>], latest_ms: &AtomicI64) -> Result<bool, Failure> {
    fn nothing<E: Into<redb::Error>>(problem: E) -> Failure {
        let problem: redb::Error = problem.into();
        if matches!(problem, redb::Error::Io(_) | redb::Error::PreviousIo) {
            Failure::Disk(problem.to_string())
        } else {
            Failure::Nothing(problem.to_string())
        }
    }
    let mut txn = database.begin_write().map_err(nothing)?;
    txn.set_durability(Durability::Immediate).map_err(nothing)?;
    // With one flush the library can't tell a commit that the power cut off from one that was damaged later, and opens the file
    // as of the commit before; with two it knows that what it once flushed must be there (`file`).
    txn.set_two_phase_commit(true);
    let writes = {
        let mut view = View::new(txn.open_table(TABLE).map_err(nothing)?);
        for job in jobs.iter_mut() {
            let before = view.writes();
            if !job.apply(&mut view) && view.writes() != before {
                return Err(Failure::Nothing(
                    "a change of the same moment broke off".to_owned(),
                ));
            }
        }
        if view.writes() > 0 {
            let now_ms = latest_ms.load(Ordering::Relaxed);
            view.sweep(now_ms)
                .map_err(|problem| Failure::Nothing(problem.to_string()))?;
        }
        view.writes()
    };
    if writes == 0 {
        return txn.abort().map(|()| false).map_err(nothing);
    }
    txn.commit().map(|()| true).map_err(unknown)
}

fn unknown(problem: redb::CommitError) -> Failure {
    let problem: redb::Error = problem.into();
    let is_full = matches!(
        &problem,
        redb::Error::Io(problem)
            if matches!(
                problem.kind(),
                ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded
            )
    );
    Failure::Unknown {
        problem: problem.to_string(),
        is_full,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use redb::ReadableDatabase;

    use super::*;
    use crate::store::embedded::{Opened, file, keys};

    #[test]
    fn a_file_that_is_not_to_be_trusted_is_written_anew_before_anything_rests_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let database = Arc::new(file::open_or_make(folder.path()).unwrap());
        let txn = database.begin_write().unwrap();
        drop(
            txn.open_table(TABLE)
                .unwrap()
                .insert("a row", b"kept".as_slice())
                .unwrap(),
        );
        txn.commit().unwrap();
        let rewriting = Rewriting::of(folder.path(), Opened::new(Arc::clone(&database)));
        let inode = || std::fs::metadata(folder.path().join(keys::FILE)).unwrap().ino();
        let mut writable = Writable::Whole(database);
        for (is_doubtful, is_another) in [(false, false), (true, true)] {
            let before = inode();
            writable.breaks(is_doubtful);
            let database = writable.whole(&rewriting).unwrap();
            let table = database.begin_read().unwrap().open_table(TABLE).unwrap();
            assert_eq!(table.get("a row").unwrap().unwrap().value(), b"kept");
            assert_eq!(inode() != before, is_another, "doubtful: {is_doubtful}");
        }
        assert!(rewriting.opened().get().is_ok(), "it is read again");
    }

    #[test]
    fn only_a_flush_that_failed_for_want_of_room_leaves_no_doubt() {
        let of = |kind: ErrorKind| {
            let problem = std::io::Error::from(kind);
            match unknown(redb::StorageError::Io(problem).into()) {
                Failure::Unknown { is_full, .. } => is_full,
                Failure::Nothing(_) | Failure::Disk(_) => panic!("{kind:?}"),
            }
        };
        assert!(of(ErrorKind::StorageFull) && of(ErrorKind::QuotaExceeded) && of(ErrorKind::FileTooLarge));
        assert!(!of(ErrorKind::Other) && !of(ErrorKind::TimedOut));
    }
}
