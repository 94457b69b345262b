//! The state in a file (`--data`): read once at the start, written as a whole when something changed, twice a second at most, and
//! at the end. It refuses a file that is damaged, newer than this program, or in use. Webhooks on their way are not kept.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::tasks::Tasks;

use super::whole_file;
use super::world::{State, World};

/// Grows when an older program could not read the file any more.
const FORMAT: u32 = 1;
/// The shortest pause between two writes.
const PAUSE_MS: u64 = 500;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    clock_offset_ms: i64,
    state: &'a State,
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// What a former run left.
#[derive(Deserialize)]
pub struct Kept {
    /// How far the clock was moved.
    pub clock_offset_ms: i64,
    pub state: State,
}

/// The file, ours as long as this lives.
pub struct Keeping {
    path: PathBuf,
    _lock: File,
    /// What the world looked like when it was last written.
    seen: Option<(u64, i64)>,
    /// SHA-256 of what the file holds.
    held: Option<[u8; 32]>,
    /// A failure is said once, not twice a second.
    failing: bool,
}

/// Takes the file and reads what is in it; nothing when there is none yet.
pub fn open(path: &Path) -> anyhow::Result<(Keeping, Option<Kept>)> {
    let lock = locked(path)?;
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| {
                format!(
                    "--data {}: cannot be read; let this user read and write it",
                    path.display()
                )
            });
        }
    };
    let kept = bytes.as_deref().map(|bytes| read(path, bytes)).transpose()?;
    let keeping = Keeping {
        path: path.to_owned(),
        _lock: lock,
        seen: None,
        held: bytes.as_deref().map(digest),
        failing: false,
    };
    Ok((keeping, kept))
}

/// Two emulators on one file would overwrite each other; the lock ends with the process, however it ends.
fn locked(path: &Path) -> anyhow::Result<File> {
    let beside = whole_file::with_suffix(path, ".lock");
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&beside);
    let lock = opened.with_context(|| {
        format!(
            "--data {}: {} cannot be made; the directory must exist and be writable",
            path.display(),
            beside.display()
        )
    })?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "--data {}: another emulator uses it; stop that one, or give this one a file of its own",
            path.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("--data {}: cannot be locked", path.display()))
        }
    }
}

fn read(path: &Path, bytes: &[u8]) -> anyhow::Result<Kept> {
    let mend = "move it away to begin with an empty world";
    let head: Head = serde_json::from_slice(bytes).with_context(|| {
        format!(
            "--data {}: is damaged, or no state of this emulator; {mend}",
            path.display()
        )
    })?;
    if head.format > FORMAT {
        bail!(
            "--data {}: was written by a newer sacola (format {}, this one reads up to {FORMAT}); use that one, or {mend}",
            path.display(),
            head.format
        );
    }
    serde_json::from_slice(bytes).with_context(|| format!("--data {}: is damaged; {mend}", path.display()))
}

/// Puts a world where a former run left it.
pub fn restore(world: &World, kept: Kept) {
    world.clock.advance_ms(kept.clock_offset_ms);
    let conversation = kept.state.faults.conversation;
    world.old_statuses.store(conversation, Ordering::SeqCst);
    *world.state() = kept.state;
}

/// Writes what changes from now on, until the tasks stop, and then once more.
pub fn start(world: &Arc<World>, mut keeping: Keeping, tasks: &Tasks) {
    let (world, stop) = (Arc::clone(world), tasks.stop_token());
    tasks.spawn("emulator-state", async move {
        loop {
            let stopping = tokio::select! {
                () = stop.cancelled() => true,
                () = world.clock.sleep_ms(PAUSE_MS) => false,
            };
            let world = Arc::clone(&world);
            let written = tokio::task::spawn_blocking(move || {
                keeping.keep(&world);
                keeping
            });
            match written.await {
                Ok(back) if !stopping => keeping = back,
                Ok(_) => return,
                Err(error) => {
                    tracing::error!(%error, "the state is no longer kept; restart the emulator");
                    return;
                }
            }
        }
    });
}

impl Keeping {
    fn keep(&mut self, world: &World) {
        match self.write_if_changed(world) {
            Ok(()) => self.failing = false,
            Err(error) => {
                if !self.failing {
                    let path = self.path.display();
                    tracing::error!(%path, error = format!("{error:#}"), "the state can't be written; it is tried again");
                }
                self.failing = true;
            }
        }
    }

    fn write_if_changed(&mut self, world: &World) -> anyhow::Result<()> {
        let clock_offset_ms = world.clock.offset_ms();
        if self.seen == Some((world.touched(), clock_offset_ms)) {
            return Ok(());
        }
        let (bytes, seen) = {
            let state = world.state();
            let written = Written {
                format: FORMAT,
                clock_offset_ms,
                state: &state,
            };
            (serde_json::to_vec(&written)?, (world.touched(), clock_offset_ms))
        };
        // Being looked at locks the state too: only other bytes are worth a write.
        let held = digest(&bytes);
        if self.held != Some(held) {
            whole_file::write(&self.path, &bytes, whole_file::OWNER_ONLY)?;
            self.held = Some(held);
        }
        self.seen = Some(seen);
        Ok(())
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::phones::Cart;
    use super::super::shop::Shop;
    use super::super::wamid::Device;
    use super::super::world::Phone;
    use super::*;

    fn refused(path: &Path) -> String {
        match open(path) {
            Ok(_) => panic!("the file was taken"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_world_comes_back_as_it_was_written() {
        let cart = r#"{"lines":[{"retailer_id":"cafe-coado","quantity":2.50,"title":"Coado","price":"6.00","currency":"BRL","forced":false}],"notices":[]}"#;
        let cart: Cart = serde_json::from_str(cart).unwrap();
        let phone = Phone {
            user_id: "BR.1".to_owned(),
            carts: BTreeMap::from([(Device::Web, cart)]),
            ..Phone::default()
        };
        let state = State {
            phones: BTreeMap::from([("ph1".to_owned(), phone)]),
            shop: Shop::stocked(5),
            ..State::default()
        };
        let written = Written {
            format: FORMAT,
            clock_offset_ms: -7,
            state: &state,
        };
        let text = serde_json::to_string(&written).unwrap();

        let kept = read(Path::new("state.json"), text.as_bytes()).unwrap();

        assert_eq!(kept.clock_offset_ms, -7);
        let again = Written {
            format: FORMAT,
            clock_offset_ms: -7,
            state: &kept.state,
        };
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
        assert!(text.contains(r#""carts":{"web":{"lines":[{"retailer_id":"cafe-coado","quantity":2.50,"#));
    }

    #[test]
    fn a_damaged_or_newer_file_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");
        let newer = format!(r#"{{"format":{},"state":[]}}"#, FORMAT + 1);

        for (bytes, said) in [
            (r#"{"format":1,"#, "is damaged"),
            (newer.as_str(), "newer sacola"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = refused(&path);
            assert!(error.contains(said) && error.contains("move it away"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn two_emulators_do_not_share_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.json");

        let first = open(&path).unwrap();
        let error = refused(&path);
        drop(first);

        assert!(error.contains("another emulator uses it"), "{error}");
        assert!(open(&path).unwrap().1.is_none());
    }
}
